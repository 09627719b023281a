"""``adaptlearn world new``: a folder to begin a world in, with a workbook to fill in."""

from dataclasses import dataclass
from pathlib import Path


@dataclass
class Config:
    """Keys of this verb."""

    to: str = ""  # a new folder
    example: bool = True  # false: empty sheets; true: a tiny world to write over
    format: str = "table"  # table | json
    debug: bool = False  # true: show where an error came from


def run(config: Config) -> None:
    """Write the workbook.

    Raises:
        ValueError: no place was named, or it is taken.
    """
    from adaptlearn.core.world import load
    from adaptlearn.interchange.book import about_rows, rows_for
    from adaptlearn.interchange.template import write

    folder = new_folder(config.to)
    rows = rows_for(load("tiny-v1")) if config.example else {}
    about = {key: value for key, value, _ in about_rows()}
    ours = {"name": folder.name, "version": about["version"], "grade": about["grade"]}
    ours |= {"title": "An example to write over", "job": "Shop assistant"} if config.example else dict(title="", job="")
    rows["World"] = [[key, ours.get(key, value), meaning] for key, value, meaning in rows.get("World") or about_rows()]
    book = write(folder / f"{folder.name}.xlsx", rows, yellow=("World!B3", "World!B4"))
    print(f"written: {book}")
    print(f"fill it in, then: adaptlearn world check env={book}")
    print(f"and at the end:   adaptlearn world import from={book} to={folder}")


def new_folder(to: str) -> Path:
    """A folder that is not there yet, or is empty.

    Raises:
        ValueError: no place was named, or it is taken.
    """
    if not to:
        raise ValueError("to is not given; needed a new folder, e.g. to=my-world")
    folder = Path(to).expanduser()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"to={to} is there already; needed a new folder, e.g. to={to}-2")
    return folder
