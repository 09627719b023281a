"""The laws by name. A law is a module of scalar text in this folder, or one another package registers."""

from importlib import import_module
from importlib.metadata import entry_points
from types import ModuleType

from adaptlearn.core.refusal import nearest

OWN = ("workplace", "bkt", "logistic", "memory", "hlr", "dash", "efc", "kss", "tms", "dkt")
GROUP = "adaptlearn.laws"  #: entry-point group under which other packages offer theirs


def names() -> list[str]:
    """Laws that can be asked for."""
    return [*OWN, *sorted(point.name for point in entry_points(group=GROUP))]


def law(name: str) -> ModuleType:
    """A law by name.

    Raises:
        ValueError: no such law.
    """
    if name in OWN:
        return import_module(f"adaptlearn.laws.{name}")
    for point in entry_points(group=GROUP):
        if point.name == name:
            return point.load()  # type: ignore[no-any-return]
    raise ValueError(f"law {name!r} is not known; needed one of {', '.join(names())}, e.g. {nearest(name, names())!r}")
