"""A report's tables as a workbook: numbers are numbers, nothing becomes a formula, same report, same bytes."""

import csv
import io

import pytest
from openpyxl import load_workbook

from adaptlearn.evaluation import sheets
from adaptlearn.evaluation.render import Report, Section, Table, tabled
from adaptlearn.evaluation.resample import Interval

ROWS = [{"title": "=cmd|' /C calc'!A0", "n": 30, "gain": Interval(-0.25, -0.5, 0.125)},
        {"title": "Plain", "n": 4, "gain": Interval(float("nan"), 0.0, 1.0)}]  # fmt: skip


@pytest.fixture
def report():
    words = Table("Words", ("what", "figure"), (("@sum", "1 to 2"),))
    return Report(
        "T", "Do it.", (("Gain", "+1", "clear"),), (Section("One: a/b", tables=(tabled("Numbers", ROWS), words)),)
    )


def test_numbers_are_numbers_and_titles_stay_titles(report):
    book = load_workbook(io.BytesIO(sheets.as_xlsx(report)))
    assert book.sheetnames == ["Decision", "One ab 1", "One ab 2"]
    lines = list(book["One ab 1"].iter_rows(values_only=True))
    assert lines[0][0] == "Numbers" and lines[1] == ("title", "n", "gain", "gain, low", "gain, high")
    assert lines[2] == ("=cmd|' /C calc'!A0", 30, -0.25, -0.5, 0.125)
    assert book["One ab 1"]["A3"].data_type == "s" and lines[3][2] is None
    assert [cell.value for cell in book["Decision"]["B"]] == [None, "figure", "Do it.", "+1"]


def test_the_same_report_is_the_same_bytes(report):
    assert sheets.as_xlsx(report) == sheets.as_xlsx(report)


def test_a_csv_holds_no_formula(report):
    (_, numbers), (_, words) = sheets.tables(report)
    rows = list(csv.DictReader(io.StringIO(sheets.as_csv(numbers))))
    assert rows[0]["title"] == "'=cmd|' /C calc'!A0" and float(rows[0]["gain"]) == -0.25
    assert next(csv.DictReader(io.StringIO(sheets.as_csv(words))))["what"] == "'@sum"


def test_long_tables_are_cut_on_paper_and_whole_in_a_spreadsheet():
    table = tabled("Many", [{"n": j} for j in range(50)], most=20)
    assert len(table.rows) == 20 and "first 20 of 50" in table.caption and len(sheets.flat(table)) == 50
