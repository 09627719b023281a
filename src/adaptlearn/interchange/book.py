"""A world as a workbook: sheets with drop-downs that people fill in, faults told by sheet and cell.

A filled workbook is a world's folder in another dress: each sheet is one of its files, a row of the sheet is the same
row of the file, and what is wrong is said by the very reader of the folder.
"""

import csv
import io
import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from adaptlearn.core import reading, shelf
from adaptlearn.core.catalogue import WORDS, Programme
from adaptlearn.core.cells import ACTIVITY_CELLS, SKILL_CELLS, column_of, number, whole_number
from adaptlearn.core.cohorts import stated
from adaptlearn.core.reading import ABOUT, TOGETHER
from adaptlearn.core.refusal import Fault, Refusal, some_of
from adaptlearn.core.world import World
from adaptlearn.interchange.peek import Torn
from adaptlearn.interchange.workbook import rows_of

SKILLS = tuple(map(column_of, SKILL_CELLS))
ACTIVITIES = tuple(map(column_of, ACTIVITY_CELLS))
ROLES = ("role", "title", "skill", "weight", "deadline_day", "goal")
OPTIONAL = ("meaning", "goal")  #: columns that a sheet may lack
RULES = ("activity", "rule", "day")
RULE_WORDS = ("pinned", "excluded", "due", "not_before", "after", "pass_mark", "live_per_week")
TERMS = {part.name: part.default for part in fields(Programme)}
SHEETS = {"World": ("key", "value", "meaning"), "Skills": SKILLS, "Activities": ACTIVITIES, "Roles": ROLES,
          "Rules": RULES}  # fmt: skip
FILES = {"skills.csv": "Skills", "activities.csv": "Activities"}
NUMBERS = {column_of(name) for cells in (SKILL_CELLS, ACTIVITY_CELLS) for name, cell in cells.items()
           if cell in (number, whole_number)} | {"weight", "deadline_day", "day"}  # fmt: skip

Rows = list[list[str]]  #: cells below the header, the first being the sheet's row 2


@dataclass(frozen=True)
class Book:
    """The sheets of a workbook."""

    name: str
    rows: Mapping[str, Rows]

    def cell(self, sheet: str, row: int, column: str) -> str:
        """How a spreadsheet calls a cell: ``Activities!C7``."""
        letter = chr(ord("A") + SHEETS[sheet].index(column)) if column in SHEETS[sheet] else "A"
        return f"{sheet}!{letter}{row}"


def is_book(file: Path) -> bool:
    """Whether a file is a workbook of a world, not some other export."""
    from openpyxl import load_workbook

    if file.suffix.lower() != ".xlsx" or not file.is_file():
        return False
    try:
        book = load_workbook(file, read_only=True)
    except Exception:  # whatever is wrong with it, it is none of ours; reading it as an export will say what is
        return False
    names = set(book.sheetnames)
    book.close()
    return {"World", "Skills", "Activities"} <= names


def open_book(file: Path) -> Book:
    """Read the sheets of a filled template.

    Raises:
        Refusal: a sheet or a column is missing, the workbook is damaged.
    """
    found: dict[str, Rows] = {}
    faults: list[Fault] = []
    for sheet, columns in SHEETS.items():
        try:
            lines = [list(row) for _, row in rows_of(file, sheet)]
        except Torn as torn:
            raise Refusal([Fault(file.name, None, sheet, str(torn), "a whole workbook", "save it again")]) from torn
        header = [name.strip() for name in lines[0]] if lines else []
        lacking = [name for name in columns if name not in header and name not in OPTIONAL]
        faults += [Fault(f"{sheet}!1", None, name, "no such column", some_of(columns, 30), name) for name in lacking]
        if not lacking:
            places = [header.index(name) if name in header else None for name in columns]
            found[sheet] = [
                [_cell(row, at, name) for at, name in zip(places, columns, strict=True)] for row in lines[1:]
            ]
    if faults:
        raise Refusal(faults, file.name)
    return Book(file.name, found)


def _cell(row: Sequence[str], at: int | None, column: str) -> str:
    text = row[at].strip() if at is not None and at < len(row) else ""
    if column in NUMBERS and re.fullmatch(r"-?\d*,\d+", text):
        return text.replace(",", ".")
    if column == "teaches" and text:
        return ";".join(part if ":" in part else f"{part.strip()}:1" for part in text.split(";") if part.strip())
    return text


# --- from a workbook to a world --------------------------------------------------------------------------------------


def world_of(book: Book) -> World:
    """The world that a workbook describes.

    Raises:
        Refusal: everything that is missing or wrong, by sheet and cell.
    """
    with tempfile.TemporaryDirectory(prefix="adaptlearn-") as place:
        folder = Path(place)
        for file, sheet in FILES.items():
            (folder / file).write_text(_csv(SHEETS[sheet], book.rows[sheet]), "utf-8")
        (folder / "world.toml").write_text(_toml(book), "utf-8")
        try:
            return replace(reading.read(folder), folder=None)
        except Refusal as refusal:
            raise Refusal([_by_cell(book, fault) for fault in refusal.faults], book.name) from None


def _csv(header: Sequence[str], rows: Rows) -> str:
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(header)
    lines.writerows(row if any(row) else [] for row in rows)  # a blank row stays one, so that rows keep their numbers
    return out.getvalue()


def _toml(book: Book) -> str:
    given = {row[0]: row[1] for row in book.rows["World"] if row[0]}
    parts = ["[world]", *(f"{name} = {json.dumps(given.get(name, ''))}" for name in ABOUT), "[programme]"]
    parts += [f"{name} = {_value(given[name], usual)}" for name, usual in TERMS.items() if given.get(name)]
    parts += _together(given)
    for role in dict.fromkeys(row[0] for row in book.rows["Roles"] if row[0]):
        mine = [row for row in book.rows["Roles"] if row[0] == role]
        title, day, goal = (next((row[at] for row in mine if row[at]), "") for at in (1, 4, 5))
        parts += [f"[roles.{json.dumps(role)}]", f"title = {json.dumps(title or role)}"]
        parts += [f"deadline_day = {_value(day, 0.0)}"] if day else []
        parts += [f"goal = {json.dumps(goal)}"] if goal else []
        weights = {row[2]: _value(row[3] or "1", 1.0) for row in mine if row[2]}
        parts.append(f"targets = {{ {', '.join(f'{json.dumps(skill)} = {w}' for skill, w in weights.items())} }}")
    return "\n".join([*parts, *_rules(book.rows["Rules"])]) + "\n"


def _together(given: Mapping[str, str]) -> list[str]:
    """Cohorts and calendar, whose keys stand in the sheet of the world as ``cohorts.size``; lists parted by ``;``."""
    parts: list[str] = []
    for section in TOGETHER:
        keys = {name.partition(".")[2]: text for name, text in given.items() if name.startswith(f"{section}.")}
        listed = {key: [_value(part.strip(), 0.0) for part in text.split(";")] for key, text in keys.items() if text}
        values = {key: f"[{', '.join(each)}]" if len(each) > 1 else each[0] for key, each in listed.items()}
        parts += [f"[{section}]", *(f"{key} = {value}" for key, value in values.items())] if keys else []
    return parts


def _rules(rows: Rows) -> list[str]:
    parts = ["[rules]"]
    for rule in RULE_WORDS[:-1]:
        mine = {row[0]: row[2] for row in rows if row[0] and row[1] == rule}
        if mine and rule in ("pinned", "excluded"):
            parts.append(f"{rule} = {json.dumps(list(mine))}")
        elif mine:
            usual = "" if rule == "after" else 0.0  # a gate stands where else a day does
            days = (f"{json.dumps(name)} = {_value(day, usual)}" for name, day in mine.items())
            parts.append(f"{rule} = {{ {', '.join(days)} }}")
    live = next((row[2] for row in rows if row[1] == "live_per_week" and row[2]), "")  # of no activity: a number
    parts += [f"live_per_week = {_value(live, 0)}"] if live else []
    odd = {row[1] for row in rows if row[0] and row[1] not in RULE_WORDS}
    return [*parts, *(f"{json.dumps(word)} = []" for word in sorted(odd))]


def _value(text: str, usual: object) -> str:
    """A TOML value of the type of ``usual``; as text where it is none, so that the reader says what is needed."""
    if isinstance(usual, bool):
        truth = {"true": "true", "yes": "true", "false": "false", "no": "false"}.get(text.casefold())
        return truth or json.dumps(text)
    if isinstance(usual, (int, float)):
        bare = text.replace(",", ".")
        return bare if re.fullmatch(r"-?\d+(\.\d+)?", bare) else json.dumps(text)
    return json.dumps(text)


def _by_cell(book: Book, fault: Fault) -> Fault:
    """The same fault, with the cell of the workbook for its place."""
    if fault.file in FILES:
        sheet = FILES[fault.file]
        return replace(fault, file=book.cell(sheet, fault.row or 2, fault.field), row=None)
    section, *names = fault.field.split(".")
    plain = re.sub(r'^\w+ = "?(.*?)"?$', r"\1", fault.example)  # the cell, not the line of TOML
    if section in ("world", "programme", *TOGETHER) and names:
        key = fault.field if section in TOGETHER else names[0]
        row = next((n for n, row in enumerate(book.rows["World"], start=2) if row[0] == key), 2)
        return replace(fault, file=book.cell("World", row, "value"), field=names[0], example=plain)
    if section == "roles":
        return replace(fault, file=_role_cell(book, names), example=re.sub(r"^.*?\{ ?(.*?) ?\}$", r"\1", fault.example))
    if section == "rules":
        row = next((n for n, row in enumerate(book.rows["Rules"], start=2) if row[1] == names[0]), 2) if names else 2
        return replace(fault, file=book.cell("Rules", row, "activity"), example=plain)
    return fault


def _role_cell(book: Book, names: Sequence[str]) -> str:
    """The row of a role, of its skill where the fault names one."""
    rows = list(enumerate(book.rows["Roles"], start=2))
    mine = [(n, row) for n, row in rows if names and row[0] == names[0]]
    if not mine:
        return book.cell("Roles", 2, "role")
    wanted = ".".join(names[2:])
    at = next((n for n, row in mine if wanted and row[2] == wanted), mine[0][0])
    return book.cell("Roles", at, names[-1] if names[-1] in ("deadline_day", "goal") else "skill")


# --- from a world to a workbook --------------------------------------------------------------------------------------


def rows_for(world: World) -> dict[str, Rows]:
    """A world's sheets, as :func:`open_book` would read them."""
    with tempfile.TemporaryDirectory(prefix="adaptlearn-") as place:
        from adaptlearn.core.world import save

        save(world, place)
        tables = {sheet: [*csv.reader((Path(place) / file).open(encoding="utf-8", newline=""))][1:]
                  for file, sheet in FILES.items()}  # fmt: skip
    rules = [[name, rule, ""] for rule in ("pinned", "excluded") for name in getattr(world.rules, rule)]
    rules += [
        [name, rule, f"{day:g}"]
        for rule in ("due", "not_before", "pass_mark")
        for name, day in getattr(world.rules, rule)
    ]
    rules += [[name, "after", gate] for name, gate in world.rules.after]
    live = world.rules.live_per_week
    rules += [["", "live_per_week", f"{live}"]] if live is not None else []
    roles = [[role.id, role.title, skill, weight, f"{role.deadline_day:g}" if role.deadline_day else "", role.goal]
             for role in world.roles
             for skill, weight in [(s, f"{w:g}") for s, w in role.targets] or [("", "")]]  # fmt: skip
    return {"World": about_rows(world), **tables, "Roles": roles, "Rules": rules}


def about_rows(world: World | None = None) -> Rows:
    """Name, title and the terms of the programme, with what they mean."""
    about = {name: getattr(world, name) if world else ABOUT_EXAMPLE[name] for name in ABOUT}
    terms = {name: getattr(world.programme, name) if world else usual for name, usual in TERMS.items()}
    parts = {section: getattr(world, section) for section in TOGETHER} if world else {}
    together = {
        f"{section}.{key}": value
        for section, part in parts.items()
        if part is not None
        for key, value in ({TOLD[section]: getattr(part, TOLD[section])} | stated(part)).items()
    }
    said = meanings()
    rows = {**about, **terms, **together}
    return [[name, _shown(value), said.get(("World", name), "")] for name, value in rows.items()]


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ";".join(_shown(one) for one in value)
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


TOLD = {"cohorts": "size", "calendar": "lead_days"}  #: the key that is always told of a part that is there
ABOUT_EXAMPLE = {"name": "my-world", "title": "", "job": "", "version": "1.0", "grade": "C"}
CHOICES = {**{column: words for column, words in WORDS.items() if column in ACTIVITIES},
           "rule": RULE_WORDS, "goal": WORDS["goal"]}  # fmt: skip
TERM_CHOICES = {"decides": WORDS["decides"], "grade": WORDS["grade"], "mandatory": ("true", "false")}
MODE_CHOICES = ("textual:1", "visual:0.6;auditory:0.4", "auditory:0.6;visual:0.4", "visual:0.25;textual:0.75",
                "auditory:0.5;kinesthetic:0.5", "kinesthetic:1")  # fmt: skip


def meanings() -> dict[tuple[str, str], str]:
    """What each column and key means, as the page of the shelf of worlds says.   (sheet, column or key) -> words"""
    page = next(home / "envs" / "README.md" for home in shelf.SHELVES if (home / "envs" / "README.md").exists())
    found, sheet = {}, ""
    for line in page.read_text("utf-8").splitlines():
        sheet = {**FILES, "world.toml": "World"}.get(line[3:], "") if line.startswith("## ") else sheet
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if sheet and len(cells) == 3 and cells[0].startswith("`"):
            words = f"{cells[1]} (blank: {cells[2]})" if cells[2] else cells[1]
            words = words.replace("`", "").replace("\\", "")
            found |= {(sheet, name): words for name in re.findall(r"`(\w+)`", cells[0])}
        elif sheet == "World" and (key := re.match(r"(\w+) = [^#]*# (.+)", line)):
            found.setdefault((sheet, key[1]), key[2])
    return found
