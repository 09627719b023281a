"""The runtime of a bundle. This folder alone is the wheel ``adaptlearn-runtime``, imported as ``adaptlearn_runtime``.

    import adaptlearn_runtime as adaptlearn

    runtime = adaptlearn.load("agents/mine/bundle")
    record = runtime.start({"learner": "u-1041", "role": "frontline", "weekly_minutes": 90})
    advice = runtime.recommend(record, day=0.0, k=3)

It needs the standard library, numpy and onnxruntime; its files import one another relatively and nothing else of the
package, so both wheels are built from the same text.
"""

from .advice import Choice, Recommendation
from .keeping import Record
from .seal import Refused
from .verbs import Runtime, Shelf

load = Runtime.load

__all__ = ["Choice", "Recommendation", "Record", "Refused", "Runtime", "Shelf", "load"]
