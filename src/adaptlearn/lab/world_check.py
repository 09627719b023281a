"""``adaptlearn world check``: whether a world holds, a folder by file and row, a workbook by sheet and cell."""

from dataclasses import dataclass
from pathlib import Path

from adaptlearn.lab.tables import show


@dataclass
class Config:
    """Keys of this verb."""

    env: str = ""  # a world's folder or name, or a workbook of `world new`
    format: str = "table"  # table | json
    debug: bool = False  # true: show where an error came from


def run(config: Config) -> None:
    """Say everything that is wrong, or that the world holds.

    Raises:
        ValueError: nothing was named; a Refusal with every fault.
    """
    from adaptlearn.core.world import load
    from adaptlearn.interchange.book import is_book, open_book, world_of
    from adaptlearn.lab.worlds import row

    if not config.env:
        raise ValueError("env is not given; needed a folder or a workbook, e.g. env=my-world/my-world.xlsx")
    place = Path(config.env).expanduser()
    if place.is_file() and not is_book(place):
        raise ValueError(f"{place.name} is no workbook of a world; needed one of `adaptlearn world new`, "
                         f"e.g. adaptlearn world import from={place} to=my-world")  # fmt: skip
    world = world_of(open_book(place)) if place.is_file() else load(config.env)
    show([row(config.env, world)], format=config.format, notes=["everything that a world needs is there"])
