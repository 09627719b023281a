"""Tables of a report as a workbook and as CSV: numbers as numbers, words as words, the same bytes from the same report.

A title that begins with ``=`` stays a title: no cell becomes a formula.
"""

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import numpy as np

from adaptlearn.evaluation.render import Report, Table
from adaptlearn.evaluation.resample import Interval

MOST_NAME = 31  #: characters of a sheet's name, as spreadsheets have it
DAY = datetime(2000, 1, 1)  #: written as the day of making: a workbook's bytes follow from its content
FORMULA = ("=", "+", "-", "@", "\t", "\r")  #: what a spreadsheet may take for a formula where it opens a CSV


def flat(table: Table) -> list[dict[str, Any]]:
    """A table's rows as numbers and words; an interval is three columns."""
    if not table.data:
        return [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    return [dict(_parts(row)) for row in table.data]


def _parts(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, Interval):
            yield from ((name, _plain(value.value)), (f"{name}, low", _plain(value.low)),
                        (f"{name}, high", _plain(value.high)))  # fmt: skip
        else:
            yield name, _plain(value)


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not np.isfinite(value) else value


def tables(report: Report) -> list[tuple[str, Table]]:
    """Every table of a report with a short name that is its own."""
    found: list[tuple[str, Table]] = []
    for section in report.sections:
        for number, table in enumerate(section.tables, 1):
            stem = "".join(c for c in section.title if c not in r"[]:*?/\'")
            tail = f" {number}" if len(section.tables) > 1 else ""
            found.append((stem[: MOST_NAME - len(tail)].strip() + tail, table))
    return found


def as_xlsx(report: Report) -> bytes:
    """One sheet with the decision, then one per table."""
    from openpyxl import Workbook

    book = Workbook()
    first = book.active
    first.title = "Decision"
    _fill(first, report.title, [{"what": "decision", "figure": report.decision, "meaning": ""},
                                *({"what": w, "figure": f, "meaning": m} for w, f, m in report.facts)])  # fmt: skip
    for name, table in tables(report):
        if table.rows:
            _fill(book.create_sheet(name), table.caption, flat(table))
    book.properties.created = book.properties.modified = DAY
    out = io.BytesIO()
    book.save(out)
    return _still(out.getvalue())


def _fill(sheet: Any, caption: str, rows: list[dict[str, Any]]) -> None:
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    names = list(dict.fromkeys(name for row in rows for name in row))
    sheet.append([caption])
    sheet.append(names)
    for row in rows:
        sheet.append([row.get(name) for name in names])
    for line in sheet.iter_rows():
        for cell in line:
            cell.data_type = "s" if cell.data_type == "f" else cell.data_type
            cell.alignment = Alignment(vertical="top", wrap_text=isinstance(cell.value, str) and cell.row > 2)
            cell.number_format = "0.000" if isinstance(cell.value, float) else cell.number_format
    sheet["A1"].font = Font(bold=True, size=12)
    for cell in sheet[2]:
        cell.font = Font(bold=True)
    for at, name in enumerate(names, 1):
        longest = max([len(name), *(len(str(row.get(name, ""))) for row in rows if isinstance(row.get(name), str))])
        sheet.column_dimensions[get_column_letter(at)].width = min(max(longest + 2, 9), 52)
    sheet.freeze_panes = "A3"


def _still(blob: bytes) -> bytes:
    """The same archive without the clock."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(blob)) as made, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as kept:
        for entry in made.infolist():
            text = made.read(entry)
            if entry.filename == "docProps/core.xml":  # the writer puts the time of writing there
                begin, end = text.index(b"<dcterms:modified"), text.index(b"</dcterms:modified>")
                head = text[begin : text.index(b">", begin) + 1]
                text = text[:begin] + head + f"{DAY.isoformat()}Z".encode() + text[end:]
            kept.writestr(zipfile.ZipInfo(entry.filename, (1980, 1, 1, 0, 0, 0)), text, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def as_csv(table: Table) -> str:
    """One table; words that a spreadsheet would take for a formula begin with an apostrophe."""
    rows, text = flat(table), io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(n for row in rows for n in row)), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _safe(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _safe(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.6g}"
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
