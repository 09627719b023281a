"""A report as one HTML file that needs nothing else, as Markdown, and as JSON: one content, three readings.

The tables go into a spreadsheet, too (``sheets``).
"""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import numpy as np

from adaptlearn.evaluation.resample import Interval

MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Table:
    """Cells are words already; columns named in ``numbers`` are aligned right."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[str, ...] = ()
    data: tuple[Mapping[str, Any], ...] = ()  # the same rows as numbers, for spreadsheets; none: the words


def span(one: Interval, digits: int = 3) -> str:
    """An interval in words, with true minus signs."""
    return f"{one.value:+.{digits}f} ({one.low:+.{digits}f} to {one.high:+.{digits}f})".replace("-", MINUS)


def tabled(caption: str, rows: Sequence[Mapping[str, Any]], most: int | None = None, signed: int = 0) -> Table:
    """Rows of values as a table: numbers aligned right, nothing known as a dash.

    Args:
        most: rows of the words; a spreadsheet has all of them.
        signed: digits of intervals that are differences, written with their sign; 0: shares with two, without.
    """
    names = tuple(rows[0]) if rows else ()
    numbers = tuple(n for n in names if all(isinstance(r[n], (int, float, Interval)) or r[n] is None for r in rows))
    if most is not None and len(rows) > most:
        caption = f"{caption} (the first {most} of {len(rows)})"
    told = tuple(tuple(_cell(row[name], signed) for name in names) for row in rows[:most])
    return Table(caption, names, told, numbers, tuple(rows))


def _cell(value: Any, signed: int) -> str:
    middle = value.value if isinstance(value, Interval) else value
    if middle is None or (isinstance(middle, float) and not np.isfinite(middle)):
        return "–"
    digits = 0 if isinstance(middle, (float, np.floating)) and abs(middle) >= 100 else signed or 2
    if isinstance(value, Interval):
        plain = f"{value.value:.{digits}f} ({value.low:.{digits}f} to {value.high:.{digits}f})".replace("-", MINUS)
        return span(value, digits) if signed else plain
    if isinstance(middle, (float, np.floating)):
        return f"{middle:,.{digits}f}".replace("-", MINUS)
    return f"{value:,}" if isinstance(value, (int, np.integer)) and not isinstance(value, bool) else str(value)


@dataclass(frozen=True)
class Figure:
    """A drawing and what it shows, in words."""

    caption: str
    svg: str


@dataclass(frozen=True)
class Section:
    """One heading's worth."""

    title: str
    words: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    figures: tuple[Figure, ...] = ()
    folded: bool = True  # opens on a click; the first page does not fold


@dataclass(frozen=True)
class Report:
    """All that is said, and the numbers behind it."""

    title: str
    decision: str  # one sentence
    facts: tuple[tuple[str, str, str], ...]  # what, the figure, what it means
    sections: tuple[Section, ...]
    numbers: dict[str, Any] = field(default_factory=dict)


def html(report: Report) -> str:
    """One self-contained page: no script, no font, no picture from elsewhere."""
    from jinja2 import Environment

    template = files("adaptlearn.evaluation").joinpath("report.html.jinja").read_text("utf-8")
    env = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return env.from_string(template).render(report=report)


def markdown(report: Report) -> str:
    """The same without the drawings, whose numbers stand in tables."""
    parts = [f"# {report.title}", f"**{report.decision}**"]
    parts.append("\n".join(f"- {what}: **{figure}**. {meaning}" for what, figure, meaning in report.facts))
    for section in report.sections:
        parts.append(f"## {section.title}")
        parts += list(section.words)
        if section.points:
            parts.append("\n".join(f"- {point}" for point in section.points))
        parts += [_table(table) for table in section.tables]
    return "\n\n".join(parts) + "\n"


def _table(table: Table) -> str:
    def line(cells: tuple[str, ...]) -> str:
        return "| " + " | ".join(cell.replace("|", "/") or " " for cell in cells) + " |"

    marks = tuple("---:" if name in table.numbers else "---" for name in table.columns)
    return "\n".join([f"*{table.caption}*", "", line(table.columns), line(marks), *map(line, table.rows)])


def as_json(report: Report) -> str:
    """The numbers, and the decision in words."""
    told = {"title": report.title, "decision": report.decision, "facts": report.facts, **report.numbers}
    return json.dumps(_plain(told), indent=1, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    """Numbers, words, lists and dicts only; what is not a number is null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if hasattr(value, "_asdict"):
        return _plain(value._asdict())
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value
