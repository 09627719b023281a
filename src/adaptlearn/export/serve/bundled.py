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
        intake,
        lines,
        luck,
        seal,
    )  # fmt: skip
except ModuleNotFoundError as missing:  # the small wheel, in which this folder is adaptlearn_serve
    if not (missing.name or "").startswith("adaptlearn"):
        raise
    from adaptlearn_runtime import (  # type: ignore[import-not-found,no-redef]
        Recommendation,
        Record,
        Refused,
        Runtime,
        Shelf,
        advice,
        contract,
        intake,
        lines,
        luck,
        seal,
    )  # fmt: skip

__all__ = ["Recommendation", "Record", "Refused", "Runtime", "Shelf", "advice", "contract", "intake", "lines", "luck",
           "seal"]  # fmt: skip
