"""From a folder a person wrote to a World, or to one refusal that lists everything wrong with it.

A folder holds ``world.toml``, ``skills.csv``, ``activities.csv`` and, if learners differ from the defaults,
``population.toml``. Reading goes in two passes: cells become values here; whether the values make sense together is
asked by ``core.validity``. A blank cell takes the default of the dataclass; a column whose name begins with ``#`` is
the author's own and is ignored.
"""

import csv
import io
import math
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from adaptlearn.core.catalogue import REST, Activity, Programme, Role, Rules, Skill
from adaptlearn.core.cells import ACTIVITY_CELLS, SKILL_CELLS, STAND_IN, Cell, Unreadable, column_of
from adaptlearn.core.cohorts import Calendar, Cohorts
from adaptlearn.core.learner import load_population
from adaptlearn.core.refusal import Fault, Refusal, nearest, some_of
from adaptlearn.core.validity import faults_of
from adaptlearn.core.world import World

ABOUT = ("name", "title", "job", "version", "grade")


@dataclass
class Folder:
    """A folder being read, with the faults found so far and the cells they concern."""

    path: Path
    faults: list[Fault] = field(default_factory=list)
    rows: dict[str, list[int]] = field(default_factory=dict)
    torn: bool = False  # a row was lost, so names that seem unknown may not be

    def fault(self, file: str, row: int | None, place: str, found: str, needed: str, example: str) -> None:
        self.faults.append(Fault(file, row, place, found, needed, example))

    def text(self, file: str) -> str | None:
        """A file's text (a byte-order mark is forgiven), or None and a fault."""
        try:
            return (self.path / file).read_text("utf-8-sig")
        except OSError:
            self.fault(
                file, None, "", "no such file", f"a file {file} in {self.path.name}/", "copy one from envs/tiny-v1"
            )
        except UnicodeDecodeError as error:
            self.fault(file, None, "", f"byte {error.object[error.start]:#x} at position {error.start}, not UTF-8 text",
                       "UTF-8", "in a spreadsheet: Save as, CSV UTF-8")  # fmt: skip
        return None


def read(path: Path) -> World:
    """Read and validate one folder.

    Raises:
        Refusal: with every fault found in the folder.
    """
    folder = Folder(path)
    about, programme, roles, rules, together = _world_toml(folder)
    skills = _records(folder, "skills.csv", Skill, SKILL_CELLS)
    activities = _records(folder, "activities.csv", Activity, ACTIVITY_CELLS)
    _population(folder, tuple(role.id for role in roles))
    whole = not folder.torn and all(file in folder.rows for file in ("skills.csv", "activities.csv", "world.toml"))
    world = World(**about, skills=skills, activities=(REST, *activities), programme=programme, roles=roles, rules=rules,
                  **together, folder=path)  # fmt: skip
    if whole:
        known = {(fault.file, fault.row, fault.field) for fault in folder.faults}
        deeper = faults_of(world, folder.rows, hurt=frozenset(place for _, _, place in known))
        folder.faults += [fault for fault in deeper if (fault.file, fault.row, fault.field) not in known]
    if folder.faults:
        files = ("world.toml", "skills.csv", "activities.csv", "population.toml")
        order = {file: at for at, file in enumerate(files)}
        raise Refusal(sorted(folder.faults, key=lambda f: (order[f.file], f.row or 0)), str(path))
    return world


# --- tables ----------------------------------------------------------------------------------------------------------


def _records(folder: Folder, file: str, kind: type, cells: Mapping[str, Cell]) -> tuple:  # type: ignore[type-arg]
    """Every row of a table as a ``kind``; empty where the file or a column is missing."""
    text = folder.text(file)
    if text is None:
        return ()
    try:
        table = list(enumerate(csv.reader(io.StringIO(text, newline="")), start=1))
    except csv.Error as error:
        folder.fault(file, None, "", str(error), "comma-separated values", ",".join(map(column_of, cells)))
        return ()
    header = [name.strip() for name in table[0][1]] if table else []
    if not _header_is_right(folder, file, header, [column_of(name) for name in cells]):
        return ()
    records, places = [], []
    parts = {part.name: part for part in fields(kind)}
    for row, line in table[1:]:
        if not any(cell.strip() for cell in line):
            continue
        if len(line) != len(header):
            folder.fault(file, row, "", f"{len(line)} cells", f"{len(header)}, as in the header",
                         'quotes round a cell with a comma in it: "Greet, then listen"')  # fmt: skip
            folder.torn = True
            continue
        given = dict(zip(header, (cell.strip() for cell in line), strict=True))
        values = {
            n: _value(folder, file, row, parts[n], cell, given.get(column_of(n), "")) for n, cell in cells.items()
        }
        records.append(kind(**values))
        places.append(row)
    folder.rows[file] = places
    return tuple(records)


def _header_is_right(folder: Folder, file: str, header: list[str], needed: list[str]) -> bool:
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        folder.fault(file, 1, "", "columns not parted by commas", "commas", ",".join(needed[:4]))
        return False
    before = len(folder.faults)
    odd = [name for name in header if name and name not in needed and not name.startswith("#")]
    for name in needed:
        if name not in header:
            like = [other for other in odd if nearest(other, needed) == name]
            odd = [other for other in odd if other not in like[:1]]
            found = f"the unknown column {like[0]!r} instead" if like else "no such column"
            folder.fault(file, 1, name, found, f"the columns {some_of(needed, 30)}", name)
    for name in odd:
        folder.fault(
            file, 1, name, "an unknown column", "a column of the format, or a name that begins with #", f"#{name}"
        )
    for at, name in enumerate(header):
        if name and name in header[:at]:
            folder.fault(file, 1, name, "the column twice", "each column once", ",".join(needed[:4]))
    return len(folder.faults) == before


def _value(folder: Folder, file: str, row: int, part: "Field[object]", cell: Cell, text: str) -> object:
    if not text:
        if part.default is not MISSING:
            return part.default
        folder.fault(file, row, column_of(part.name), "a blank cell", "a value", _EXAMPLE.get(part.name, "a few words"))
        return STAND_IN.get(part.name, "")
    try:
        return cell(text)
    except Unreadable as error:
        folder.fault(file, row, column_of(part.name), repr(text), *error.args)
        return STAND_IN.get(part.name, part.default)


_EXAMPLE = {"id": "greet-video", "title": "Greeting a customer, in three minutes", "time_required": "15",
            "access_mode": "visual:.5;auditory:.5", "learning_resource_type": "video"}  # fmt: skip


# --- world.toml ------------------------------------------------------------------------------------------------------

TOML = "world.toml"


def _world_toml(folder: Folder) -> tuple[dict[str, Any], Programme, tuple[Role, ...], Rules, dict[str, Any]]:
    text, data = folder.text(TOML), {}
    if text is not None:
        try:
            data = tomllib.loads(text)
            folder.rows[TOML] = []
        except tomllib.TOMLDecodeError as error:
            folder.fault(TOML, None, "", f"text that is not TOML: {error}", "TOML", '[world]  name = "tiny-v1"')
    _known_keys(folder, "", data, ("world", "programme", "roles", "rules", *TOGETHER))
    about = _section(folder, data, "world", dict.fromkeys(ABOUT, ""))
    if TOML in folder.rows:
        for name in ABOUT:
            if not about[name]:
                folder.fault(TOML, None, f"world.{name}", "nothing", "a few words", f'{name} = "{_ABOUT[name]}"')
    terms = _section(folder, data, "programme", {part.name: part.default for part in fields(Programme)})
    roles = tuple(_role(folder, name, given) for name, given in _table(folder, "roles", data.get("roles", {})).items())
    together = {name: _part(folder, name, kind, data[name]) for name, kind in TOGETHER.items() if name in data}
    return ({k: str(v) for k, v in about.items()}, Programme(**terms), roles, _rules(folder, data), together)  # type: ignore[arg-type]


TOGETHER: dict[str, Any] = {"cohorts": Cohorts, "calendar": Calendar}


def _part(folder: Folder, name: str, kind: Any, given: object) -> Any:
    """A section that may be absent: numbers and lists of numbers, each with its default; a limit may be left out."""
    usual, table = {part.name: part.default for part in fields(kind)}, _table(folder, name, given)
    _known_keys(folder, name, table, tuple(usual))
    values: dict[str, Any] = {}
    for key in usual.keys() & table.keys():
        value, like, place = table[key], usual[key], f"{name}.{key}"
        if isinstance(like, tuple):
            listed = value if isinstance(value, list) else [value]
            values[key] = tuple(_typed(folder, place, one, like[0]) for one in listed)
        else:
            whole = "int" in str(kind.__annotations__[key])
            values[key] = _typed(folder, place, value, like if like is not None else 1 if whole else 1.0)
    return kind(**values)


_ABOUT = {"name": "tiny-v1", "title": "A tiny world", "job": "Shop assistant", "version": "1.0", "grade": "C"}


def _known_keys(folder: Folder, place: str, given: Mapping[str, object], known: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            at = f"{place}.{name}" if place else name
            folder.fault(TOML, None, at, "an unknown key", f"one of {' '.join(known)}", nearest(name, known))


def _table(folder: Folder, place: str, given: object) -> dict[str, object]:
    if isinstance(given, dict):
        return given
    folder.fault(TOML, None, place, repr(given), "a table", f"[{place}]")
    return {}


def _section(folder: Folder, data: Mapping[str, object], name: str, defaults: dict[str, object]) -> dict[str, object]:
    given = _table(folder, name, data.get(name, {}))
    _known_keys(folder, name, given, tuple(defaults))
    return {key: _typed(folder, f"{name}.{key}", given.get(key, usual), usual) for key, usual in defaults.items()}


def _typed(folder: Folder, place: str, value: object, usual: object) -> object:
    """A value of the type of ``usual``, which stands in for it after a fault."""
    if isinstance(usual, bool):
        fits, needed, example = isinstance(value, bool), "true or false", "true"
    elif isinstance(usual, (int, float)):
        fits = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        fits = fits and (isinstance(usual, float) or isinstance(value, int))
        needed, example = ("a finite number" if isinstance(usual, float) else "a whole number", repr(usual))
    else:
        fits, needed, example = isinstance(value, str), "text in quotes", '"..."'
    if not fits:
        folder.fault(TOML, None, place, repr(value), needed, example)
        return usual
    return type(usual)(value)  # type: ignore[call-arg]


def _numbers(folder: Folder, place: str, given: object) -> tuple[tuple[str, float], ...]:
    pairs = _table(folder, place, given).items()
    return tuple((name, float(_typed(folder, f"{place}.{name}", value, 1.0))) for name, value in pairs)  # type: ignore[arg-type]


def _role(folder: Folder, name: str, given: object) -> Role:
    place = f"roles.{name}"
    table = _table(folder, place, given)
    _known_keys(folder, place, table, ("title", "targets", "deadline_day", "goal"))
    title = str(_typed(folder, f"{place}.title", table.get("title", name), ""))
    last = table.get("deadline_day")
    deadline = None if last is None else float(_typed(folder, f"{place}.deadline_day", last, 1.0))  # type: ignore[arg-type]
    goal = str(_typed(folder, f"{place}.goal", table.get("goal", Role.goal), Role.goal))
    return Role(name, title, _numbers(folder, f"{place}.targets", table.get("targets", {})), deadline, goal)


def _rules(folder: Folder, data: Mapping[str, object]) -> Rules:
    given = _table(folder, "rules", data.get("rules", {}))
    _known_keys(folder, "rules", given, tuple(part.name for part in fields(Rules)))
    lists: dict[str, tuple[str, ...]] = {}
    for name in ("pinned", "excluded"):
        value = given.get(name, [])
        fits = isinstance(value, list) and all(isinstance(word, str) for word in value)
        if not fits:
            folder.fault(TOML, None, f"rules.{name}", repr(value), "a list of activity ids", f'{name} = ["welcome"]')
        lists[name] = tuple(value) if fits else ()  # type: ignore[arg-type]
    due, not_before, marks = (
        _numbers(folder, f"rules.{name}", given.get(name, {})) for name in ("due", "not_before", "pass_mark")
    )
    live = given.get("live_per_week")
    most = None if live is None else int(_typed(folder, "rules.live_per_week", live, 2))  # type: ignore[call-overload]
    gates = _table(folder, "rules.after", given.get("after", {}))
    after = tuple(
        (name, str(_typed(folder, f"rules.after.{name}", gate, "start-check"))) for name, gate in gates.items()
    )
    return Rules(lists["pinned"], lists["excluded"], due, not_before, most, after, marks)


def read_rules(file: Path, world: World) -> World:
    """The same world under the rules of a ``rules.toml``, as it lies in a bundle: ``[rules]``, with or without repeats.

    Raises:
        Refusal: with every fault found in the file.
    """
    folder = Folder(file.parent)
    text = folder.text(file.name)
    try:
        data = tomllib.loads(text or "")
    except tomllib.TOMLDecodeError as error:
        raise Refusal([Fault(file.name, None, "", f"text that is not TOML: {error}", "TOML", "[rules]")]) from error
    _known_keys(folder, "", data, ("rules",))
    given = dict(_table(folder, "rules", data.get("rules", {})))
    repeats = _typed(folder, "rules.repeats", given.pop("repeats", world.programme.repeats), 1)
    programme = replace(world.programme, repeats=repeats)  # type: ignore[arg-type]
    ruled = replace(world, programme=programme, rules=_rules(folder, {"rules": given}))
    faults = [replace(fault, file=file.name) for fault in (*folder.faults, *faults_of(ruled))]
    if faults:
        raise Refusal(faults, str(file))
    return ruled


def _population(folder: Folder, roles: tuple[str, ...]) -> None:
    """``population.toml`` is optional; where it stands it must be readable and name roles that exist."""
    file = folder.path / "population.toml"
    if not file.exists() or not roles:
        return
    needed = "traits, shares and change as in envs/README.md"
    try:
        given = tomllib.loads(file.read_text("utf-8")).get("shares", {}).get("role", {})
        load_population(file, roles)
    except (ValueError, TypeError, AttributeError) as error:
        folder.fault(file.name, None, "", str(error).removeprefix(f"{file}: "), needed, "[traits.ability] sd = 0.95")
        return
    for name in given if isinstance(given, dict) else ():
        if name not in roles:
            folder.fault(file.name, None, f"shares.role.{name}", "an unknown role", f"one of {some_of(roles)}",
                         nearest(name, roles))  # fmt: skip
