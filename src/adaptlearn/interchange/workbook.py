"""Sheets of a spreadsheet as rows of text, read one by one: the memory of a sheet, not of a workbook.

Dates become ISO text and numbers the shortest text that is the same number, so that one set of readers serves
spreadsheets and CSV alike. Formulas give the value that was last computed; nothing in a workbook is executed.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from adaptlearn.core.refusal import Fault, Refusal, nearest, some_of
from adaptlearn.interchange.peek import Torn


def rows_of(file: Path, sheet: str | None = None) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The rows of a sheet (None: the first), numbered as the spreadsheet does.

    Raises:
        Refusal: no such sheet.
        Torn: not a workbook, or a damaged one.
    """
    from openpyxl import load_workbook

    try:
        book = load_workbook(file, read_only=True, data_only=True)
        try:
            if sheet is not None and sheet not in book.sheetnames:
                like = nearest(sheet, book.sheetnames)
                raise Refusal([Fault(file.name, None, sheet, "no such sheet", some_of(book.sheetnames), like)])
            chosen = book[sheet] if sheet is not None else book.worksheets[0]
            for line, row in enumerate(chosen.iter_rows(values_only=True), start=1):
                yield line, tuple(_text(value) for value in row)
        finally:
            book.close()
    except Refusal:
        raise
    except Exception as error:  # a damaged archive goes wrong in as many ways as it has parts
        raise Torn(f"a workbook that cannot be read ({str(error)[:200]})") from error


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(" ") if value.time() != time() else value.date().isoformat()
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
