"""A sheet says the same as the CSV that a person would write of it, whatever type its cells have."""

from datetime import date, datetime, time, timedelta

import pytest
from openpyxl import Workbook

from adaptlearn.core.refusal import Refusal
from adaptlearn.interchange.peek import Torn
from adaptlearn.interchange.workbook import rows_of

CELLS = {
    "": None, "7": 7, "8": 8.0, "0.1": 0.1, "true": True, "false": False, "2026-03-01": datetime(2026, 3, 1),
    "2026-03-02": date(2026, 3, 2), "2026-03-01 09:30:00": datetime(2026, 3, 1, 9, 30), "09:05:00": time(9, 5),
    "26:03:05": timedelta(hours=26, minutes=3, seconds=5), "007": "007",
}  # fmt: skip


@pytest.fixture
def file(tmp_path):
    book = Workbook()
    book.active.title = "answers"
    for text, cell in CELLS.items():
        book.active.append([text, cell, "end"])
    book.create_sheet("People").append(["a", "b"])
    book.save(tmp_path / "log.xlsx")
    return tmp_path / "log.xlsx"


def test_every_cell_is_the_text_that_csv_would_have(file):
    rows = list(rows_of(file))
    assert [line for line, _ in rows] == list(range(1, len(CELLS) + 1))
    assert {row[2] for _, row in rows} == {"end"}
    told = {text: row[1] for text, (_, row) in zip(CELLS, rows, strict=True)}
    assert told == {text: text for text in CELLS}


def test_a_sheet_is_taken_by_its_name_and_another_name_is_refused_with_the_nearest(file):
    assert list(rows_of(file, "People")) == [(1, ("a", "b"))]
    with pytest.raises(Refusal) as refusal:
        list(rows_of(file, "people "))
    assert refusal.value.needed == "answers People" and refusal.value.example == "People"


def test_what_is_no_workbook_is_torn_and_names_why(tmp_path, file):
    cut = tmp_path / "cut.xlsx"
    cut.write_bytes(file.read_bytes()[:900])
    with pytest.raises(Torn, match="cannot be read"):
        list(rows_of(cut))
