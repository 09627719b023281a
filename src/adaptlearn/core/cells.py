"""What the cells of a world's tables may say, and how each is read."""

import math
import re
from collections.abc import Callable

from adaptlearn.core.learner import MODES
from adaptlearn.core.refusal import nearest

Cell = Callable[[str], object]


class Unreadable(ValueError):
    """A cell that cannot be read; its arguments are what is needed and an example."""


def column_of(name: str) -> str:
    """The column of a field: ``time_required`` -> ``timeRequired``."""
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)


def plain(text: str) -> str:
    return text


def number(text: str) -> float:
    """A finite number with a decimal point."""
    try:
        value = float(text)
    except ValueError:
        hint = ", with a point, not a comma" if re.fullmatch(r"[-+]?\d*,\d+", text) else ""
        raise Unreadable(f"a number{hint}", text.replace(",", ".") if hint else "0.5") from None
    if not math.isfinite(value):
        raise Unreadable("a finite number", "0.5")
    return value


def whole_number(text: str) -> int:
    value = number(text)
    if value != int(value):
        raise Unreadable("a whole number", str(math.ceil(value)))
    return int(value)


def id_list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip())


def _pairs(text: str, value: Callable[[str], float], example: str) -> list[tuple[str, float]]:
    parts = [part.strip() for part in text.split(";") if part.strip()]
    pairs = [part.rsplit(":", 1) for part in parts]
    for part, pair in zip(parts, pairs, strict=True):
        if len(pair) != 2 or not pair[0].strip():
            raise Unreadable(f"name:value pairs joined by ';' (about {part!r})", example)
    return [(name.strip(), value(given.strip())) for name, given in pairs]


def weights(text: str) -> tuple[tuple[str, float], ...]:
    return tuple(_pairs(text, number, "greeting:1;tone:.5"))


def items(text: str) -> tuple[tuple[str, float], ...]:
    return tuple(_pairs(text, whole_number, "greeting:4;tone:2"))


def modes(text: str) -> tuple[float, ...]:
    """Weights over the four modes; what is not named is 0."""
    given = _pairs(text, number, "visual:.5;auditory:.5")
    for mode, _ in given:
        if mode not in MODES:
            raise Unreadable(f"modes among {' '.join(MODES)} (about {mode!r})", f"{nearest(mode, MODES)}:1")
    if len({mode for mode, _ in given}) < len(given):
        raise Unreadable("each mode once", "visual:.5;auditory:.5")
    return tuple(dict(given).get(mode, 0.0) for mode in MODES)


def days(text: str) -> tuple[float, float]:
    """First and last day, ``0-14``; ``0..14`` where a spreadsheet would make a date of it."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(?:-|\u2013|\.\.)\s*(\d+(?:\.\d+)?)", text)
    if not match:
        raise Unreadable("first day - last day, counted from the start", "0-14")
    return float(match[1]), float(match[2])


#: The columns of the tables, in the order they are written.
SKILL_CELLS: dict[str, Cell] = {
    "id": plain, "title": plain, "requires": id_list, "prior": number, "learn": number, "guess": number, "slip": number,
    "forget": number, "iri": plain,
}  # fmt: skip
ACTIVITY_CELLS: dict[str, Cell] = {
    "id": plain, "title": plain, "teaches": weights, "competency_required": id_list, "assesses": items,
    "learning_resource_type": plain, "access_mode": modes, "interactivity_type": plain, "assistance": number,
    "feedback": plain, "difficulty": number, "time_required": number, "timing": plain, "window": days,
    "assessment_role": plain, "place": plain, "delivery": plain, "authenticity": number, "social": plain,
    "staff_minutes": number, "cost": number, "capacity": whole_number,
}  # fmt: skip
#: What stands in for a cell that could not be read, so that the rest of its row is still looked at.
STAND_IN: dict[str, object] = {"access_mode": (0.25, 0.25, 0.25, 0.25), "time_required": 15.0}
