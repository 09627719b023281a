"""The workbook that people fill in: drop-downs, what each column means in a note, what is missing in yellow."""

import io
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from adaptlearn.core.keep import keep
from adaptlearn.interchange.book import CHOICES, MODE_CHOICES, NUMBERS, SHEETS, TERM_CHOICES, Rows, meanings

LAST = 500  #: row down to which drop-downs reach
READ_ME = (
    ("How to fill in this workbook", "title"),
    ("One sheet after the other: World, Skills, Activities, Roles; Rules may stay empty.", ""),
    ("A cell with an arrow has a list to choose from. A note at a column's head says what it means.", ""),
    ("Yellow cells are missing or were guessed: please look at each of them.", ""),
    ("teaches: one skill, or several with their weights: greeting:1;listening:0.5", ""),
    ("assesses: how many questions on which skill: greeting:4;listening:2", ""),
    ("Activities stand in the order in which their author would have them taken.", ""),
    ("Then:  adaptlearn world check env=this-workbook.xlsx      says what is missing, by sheet and cell", "code"),
    ("       adaptlearn world import from=this-workbook.xlsx to=my-world      makes a world of it", "code"),
    ("       adaptlearn evaluate env=my-world      plays it", "code"),
)
WIDTHS = {
    "id": 22, "title": 38, "teaches": 28, "assesses": 24, "accessMode": 26, "learningResourceType": 20, "meaning": 70,
    "requires": 22, "competencyRequired": 22, "key": 18, "value": 30, "iri": 24, "skill": 22, "activity": 22,
}  # fmt: skip


def write(path: str | Path, rows: Mapping[str, Rows], yellow: Collection[str] = ()) -> Path:
    """Write a workbook with these rows.

    Args:
        yellow: cells to look at, such as ``Activities!C7``.
    """
    from openpyxl import Workbook

    book = Workbook()
    _read_me(book.active)
    about = meanings()
    for name, columns in SHEETS.items():
        sheet = book.create_sheet(name)
        sheet.append(list(columns))
        for row in rows.get(name, ()):
            sheet.append([_typed(value, column) for value, column in zip(row, columns, strict=True)])
            for cell in sheet[sheet.max_row]:
                if cell.data_type == "f":  # a title that begins with = is a title
                    cell.data_type = "s"
        _dress(sheet, columns, {column: about.get((name, column), "") for column in columns})
        _choices(sheet, name, columns)
    for cell in yellow:
        _mark(book, cell)
    out = io.BytesIO()
    book.save(out)
    return keep(path, out.getvalue())


def _typed(value: str, column: str) -> Any:
    """Numbers as numbers, so that a spreadsheet shows them in its own language."""
    if column in NUMBERS and value:
        try:
            return float(value)
        except ValueError:
            return value
    return value or None


def _read_me(sheet: Any) -> None:
    from openpyxl.styles import Font

    sheet.title = "Read me"
    styles = {
        "title": Font(name="Calibri", bold=True, size=16),
        "code": Font(name="Courier New", size=10),
        "": Font(name="Calibri", size=11),
    }
    for line, (text, style) in enumerate(READ_ME, start=1):
        sheet.cell(line, 1, text).font = styles[style]
    sheet.column_dimensions["A"].width = 110
    sheet.sheet_view.showGridLines = False


def _dress(sheet: Any, columns: tuple[str, ...], about: Mapping[str, str]) -> None:
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    for at, column in enumerate(columns, start=1):
        head = sheet.cell(1, at)
        head.font, head.fill = Font(name="Calibri", bold=True, color="FFFFFF"), PatternFill("solid", fgColor="26465A")
        head.alignment = Alignment(vertical="center")
        if about[column]:
            head.comment = Comment(about[column], "adaptlearn", width=360, height=90)
        sheet.column_dimensions[get_column_letter(at)].width = WIDTHS.get(column, max(len(column) + 3, 11))
        if column not in NUMBERS:  # text, so that a spreadsheet makes no date of 0-14
            for line in range(2, LAST + 1):
                sheet.cell(line, at).number_format = "@"
    sheet.row_dimensions[1].height = 22
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.freeze_panes = "B2" if columns[0] in ("id", "key") else "A2"
    if columns[-1] == "meaning":
        for line in range(2, sheet.max_row + 1):
            sheet.cell(line, len(columns)).font = Font(name="Calibri", color="6B7680", italic=True)


def _choices(sheet: Any, name: str, columns: tuple[str, ...]) -> None:
    """Lists to choose from: words that must be one of them, ids of other sheets, suggestions to write over."""
    from openpyxl.utils import get_column_letter

    skills, activities = f"=Skills!$A$2:$A${LAST}", f"=Activities!$A$2:$A${LAST}"
    lists = {column: ",".join(words) for column, words in CHOICES.items()}
    strict = set(lists) | {"skill", "activity"}
    lists |= {"accessMode": ",".join(MODE_CHOICES), "skill": skills, "activity": activities, "requires": skills,
              "teaches": skills, "competencyRequired": skills}  # fmt: skip
    for at, column in enumerate(columns, start=1):
        if column in lists:
            letter = get_column_letter(at)
            _list(sheet, f"{letter}2:{letter}{LAST}", lists[column], strict=column in strict)
    if name == "World":
        for line in range(2, sheet.max_row + 1):
            if words := TERM_CHOICES.get(sheet.cell(line, 1).value):
                _list(sheet, f"B{line}", ",".join(words), strict=True)


def _list(sheet: Any, cells: str, source: str, *, strict: bool) -> None:
    from openpyxl.worksheet.datavalidation import DataValidation

    formula = source if source.startswith("=") else f'"{source}"'
    choice = DataValidation("list", formula1=formula, allow_blank=True, showErrorMessage=strict)
    choice.errorTitle, choice.error = "Not one of the list", "Please choose from the list."
    choice.add(cells)
    sheet.add_data_validation(choice)


def _mark(book: Any, cell: str) -> None:
    from openpyxl.styles import PatternFill

    sheet, _, place = cell.partition("!")
    if sheet in book.sheetnames and place[:1].isalpha():
        book[sheet][place].fill = PatternFill("solid", fgColor="FFF2B3")
