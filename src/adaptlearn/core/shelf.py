"""Where named things stand: worlds in ``envs``, agents in ``agents``, choices in ``configs``."""

from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from adaptlearn.core.refusal import Fault, Refusal, nearest, some_of

PACKAGE = Path(__file__).resolve().parents[1]
GROUP = "adaptlearn.worlds"  #: entry-point group: name -> folder of a world in another package
SHELVES = (PACKAGE.parents[1], PACKAGE / "_shipped")  #: the checkout, then what a wheel carries


def where(name: str | Path, shelf: str = "envs") -> Path:
    """The folder or file called ``name``: an explicit path, else in the checkout, the package, or another package."""
    for place in (Path(name).expanduser(), *(home / shelf / name for home in SHELVES)):
        if str(name) and place.exists():  # no name is not this folder
            return place.resolve()
    for point in offered(shelf):
        if point.name == name:
            return Path(point.load()).resolve()
    known = names(shelf)
    like = nearest(str(name), known) or "path/to/folder"
    needed = f"an existing path, or a name in {shelf}/: {some_of(known)}"
    raise Refusal([Fault(shelf, None, "", repr(str(name)), needed, like)], f"{shelf}/{name}")


def names(shelf: str = "envs") -> list[str]:
    """What stands on a shelf, sorted."""
    found = [p.name for home in SHELVES if (home / shelf).is_dir() for p in (home / shelf).iterdir() if p.is_dir()]
    found += [point.name for point in offered(shelf)]
    return sorted({name for name in found if not name.startswith((".", "_"))})


def offered(shelf: str) -> list[EntryPoint]:
    """What other packages put on a shelf: worlds."""
    return list(entry_points(group=GROUP)) if shelf == "envs" else []
