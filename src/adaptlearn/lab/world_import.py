"""``adaptlearn world import``: a filled workbook becomes a world; an LMS's catalogue becomes a workbook to fill in."""

from dataclasses import dataclass
from pathlib import Path

from adaptlearn.lab.tables import show


@dataclass
class Config:
    """Keys of this verb. ``from`` is a word of Python, so the field is ``source``; the command takes both."""

    source: str = ""  # from=...: a workbook of `world new`, or an LMS's catalogue (CSV, TSV, XLSX)
    to: str = ""  # the world's folder
    encoding: str | None = None  # null: as the file shows
    format: str = "table"  # table | json
    debug: bool = False  # true: show where an error came from


CARD = """# {name} \u00b7 {title}

**Grade {grade}**: every number is a designer's word until it is fitted to a log (`adaptlearn calibrate`).
**Version {version}.** Made from {source}.

For: {job}. {skills} skills, {activities} activities, {roles}.
"""


def run(config: Config) -> None:
    """Import and say what is missing.

    Raises:
        ValueError: nothing was named; a workbook that is not whole, with every fault by sheet and cell.
    """
    from adaptlearn.interchange.book import is_book

    if not config.source or not config.to:
        raise ValueError("from and to are needed, e.g. from=my-world/my-world.xlsx to=my-world")
    source, folder = Path(config.source).expanduser(), Path(config.to).expanduser()
    (_workbook if is_book(source) else _catalogue)(config, source, folder)


def _workbook(config: Config, source: Path, folder: Path) -> None:
    from adaptlearn.core.keep import keep
    from adaptlearn.core.world import load, save
    from adaptlearn.interchange.book import open_book, world_of
    from adaptlearn.lab.worlds import row

    world = world_of(open_book(source))
    save(world, folder)
    if not (folder / "card.md").exists():
        roles = ", ".join(role.title for role in world.roles)
        text = CARD.format(name=world.name, title=world.title, grade=world.grade, version=world.version, job=world.job,
                           source=source.name, skills=len(world.skills), activities=len(world.activities) - 1,
                           roles=f"for {roles}")  # fmt: skip
        keep(folder / "card.md", text)
    notes = [f"written: {folder}", f"play it: adaptlearn evaluate env={folder}"]
    show([row(str(folder), load(folder))], format=config.format, notes=notes)


def _catalogue(config: Config, source: Path, folder: Path) -> None:
    from adaptlearn.interchange.catalogue import read
    from adaptlearn.interchange.template import write

    found = read(source, config.encoding)
    place = folder / f"{folder.name}.xlsx"
    if place.exists():
        raise ValueError(f"{place} is there already; needed a folder without it, e.g. to={config.to}-2")
    found.rows["World"] = [
        [key, folder.name if key == "name" else value, said] for key, value, said in found.rows["World"]
    ]
    missing = found.missing()
    write(place, found.rows, {fault.file for fault in missing} | set(found.guessed))
    rows = [
        {"cell": f.file, "column": f.field, "found": f.found, "needed": f.needed, "e.g.": f.example} for f in missing
    ]
    notes = [f"written: {place} ({len(found.rows['Activities']):,} activities, {len(found.rows['Skills']):,} skills)",
             f"{len(rows):,} cells are missing, {len(found.guessed):,} were guessed: both are yellow",
             *(f"line {line} was left out: {why}" for line, why in found.left_out[:10]),
             *([f"and {len(found.left_out) - 10:,} more lines"] if len(found.left_out) > 10 else []),
             f"fill it in, then: adaptlearn world import from={place} to={folder}"]  # fmt: skip
    show(rows, format=config.format, notes=notes, title=f"{source.name}: what is missing")
