"""The runtime under whichever name it is installed: inside adaptlearn, or as the wheel ``adaptlearn-runtime``.

The one file of the service that knows there are two names; everything else imports from here.
"""

try:
    from adaptlearn.export.runtime import (
        Recommendation,
        Record,
        Refused,
        Runtime,
        Shelf,
        advice,
        contract,
        golden,
        intake,
        lines,
        luck,
        seal,
    )  # fmt: skip
    from adaptlearn.interchange import statement
except ModuleNotFoundError as missing:  # the small wheel, in which this folder is adaptlearn_serve
    if not (missing.name or "").startswith("adaptlearn"):
        raise
    from adaptlearn_runtime import (  # type: ignore
        Recommendation,
        Record,
        Refused,
        Runtime,
        Shelf,
        advice,
        contract,
        golden,
        intake,
        lines,
        luck,
        seal,
    )  # fmt: skip
    from adaptlearn_serve import statement  # type: ignore

__all__ = ["Recommendation", "Record", "Refused", "Runtime", "Shelf", "advice", "contract", "golden", "intake"]
__all__ += ["lines", "luck", "seal", "statement"]
