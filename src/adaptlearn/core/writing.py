"""From a World back to the folder it can be read from; what is read equals what was written."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path

from adaptlearn.core.catalogue import Activity, Skill
from adaptlearn.core.cells import ACTIVITY_CELLS, SKILL_CELLS, column_of
from adaptlearn.core.cohorts import stated
from adaptlearn.core.keep import keep
from adaptlearn.core.learner import MODES
from adaptlearn.core.world import World


def write(world: World, folder: Path) -> Path:
    """Write world.toml, skills.csv and activities.csv; hidden draws are not written.   -> the folder"""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "world.toml": _toml(world),
        "skills.csv": _table(world.skills, tuple(SKILL_CELLS)),
        "activities.csv": _table(world.activities[1:], tuple(ACTIVITY_CELLS)),
    }
    for name, text in texts.items():
        keep(folder / name, text)
    return folder


def _number(value: float) -> str:
    short = f"{value:g}"
    return short if float(short) == value else repr(float(value))


def _cell(name: str, value: object) -> str:
    if value is None:
        return ""
    if name == "access_mode":
        return ";".join(f"{m}:{_number(w)}" for m, w in zip(MODES, value, strict=True) if w)  # type: ignore[call-overload]
    if name == "window":
        return "-".join(_plain_day(day) for day in value)  # type: ignore[attr-defined]
    if name in ("teaches", "assesses"):
        return ";".join(f"{skill}:{_number(amount)}" for skill, amount in value)  # type: ignore[attr-defined]
    if isinstance(value, tuple):
        return ";".join(value)
    return _number(value) if isinstance(value, (int, float)) else str(value)


def _plain_day(day: float) -> str:
    return str(int(day)) if day == int(day) else f"{day:.12f}".rstrip("0")


def _table(records: Sequence[Skill] | Sequence[Activity], names: tuple[str, ...]) -> str:
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow([column_of(name) for name in names])
    lines.writerows([_cell(name, getattr(record, name)) for name in names] for record in records)
    return out.getvalue()


def _text(value: object) -> str:
    """A TOML value; JSON's strings are TOML's, but for one character."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return _number(value)
    if isinstance(value, tuple) and value and isinstance(value[0], (int, float)):
        return "[" + ", ".join(_text(number) for number in value) + "]"
    if isinstance(value, tuple) and value and isinstance(value[0], tuple):
        return "{" + ", ".join(f"{_text(name)} = {_text(number)}" for name, number in value) + "}"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _section(name: str, pairs: Mapping[str, object]) -> str:
    return "\n".join(
        [f"[{name}]", *(f"{key} = {_text(value)}" for key, value in pairs.items() if value not in (None, ()))]
    )


def _toml(world: World) -> str:
    parts = [_section("world", {k: getattr(world, k) for k in ("name", "title", "job", "version", "grade")})]
    for name, record in (("programme", world.programme), ("rules", world.rules)):
        parts.append(_section(name, {part.name: getattr(record, part.name) for part in fields(record)}))
    for name, part in (("cohorts", world.cohorts), ("calendar", world.calendar)):
        if part is not None:
            parts.append(_section(name, stated(part)))
    for role in world.roles:
        keys = {"title": role.title, "targets": role.targets, "deadline_day": role.deadline_day}
        keys |= {"goal": role.goal} if role.goal != type(role).goal else {}
        parts.append(_section(f"roles.{_text(role.id)}", keys))
    return "\n\n".join(parts) + "\n"
