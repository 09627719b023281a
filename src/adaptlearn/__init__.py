"""adaptlearn: simulated learners, the policies that teach them, and the evidence to judge both before a pilot.

Importing this is cheap: what a name needs is imported when the name is first used, so a script that only reads a
world never waits for PyTorch. Gymnasium's ids (``adaptlearn/Onboarding-v1``, ...) are registered if it is installed.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_ROOM_OF = {
    "World": "core.world",
    "load": "core.world",
    "Refusal": "core.refusal",
    "Population": "core.learner",
    "EventLog": "core.log",
    "ViewSpec": "core.record",
    "Policy": "core.policy",
    "Ceiling": "core.policy",
    "Head": "core.policy",
    "Rules": "classroom.room",
    "Classroom": "classroom.room",
    "simulate": "classroom.simulate",
    "rules": "envs.registry",
    "read": "interchange.tables",
    "BKT": "tracing.bkt",
}  #: public name -> the module that it lives in

__all__ = ["__version__", *_ROOM_OF]


def __getattr__(name: str) -> Any:
    """A public name, fetched from its room at first use."""
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'adaptlearn' has no attribute {name!r}; needed one of {', '.join(__all__)}")
    value = getattr(import_module(f"{__name__}.{_ROOM_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _register() -> None:
    from adaptlearn.envs.registry import register

    register()


_register()
