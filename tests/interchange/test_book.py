"""A world as a workbook: what is written is read again, what is missing is named by its cell, a catalogue a start."""

import tempfile
from functools import cache
from pathlib import Path

import openpyxl
import pytest

from adaptlearn.core import shelf
from adaptlearn.core.refusal import Refusal
from adaptlearn.core.world import load, save
from adaptlearn.interchange import book, catalogue, template


@cache
def bytes_of(world):
    """The workbook of a world."""
    with tempfile.TemporaryDirectory() as place:
        return template.write(Path(place) / "world.xlsx", book.rows_for(load(world))).read_bytes()


def written(tmp_path, world="tiny-v1", **changes):
    """The workbook of a world with some cells changed: Sheet__C7=value."""
    path = tmp_path / "world.xlsx"
    path.write_bytes(bytes_of(world))
    edited = openpyxl.load_workbook(path)
    for cell, value in changes.items():
        sheet, _, place = cell.partition("__")
        edited[sheet][place] = value
    edited.save(path)
    return book.open_book(path)


@pytest.mark.parametrize("world", shelf.names("envs"))
def test_every_world_survives_the_journey_through_a_workbook(tmp_path, world):
    assert book.world_of(written(tmp_path, world)) == load(world)


FAULTS = [
    ({"Activities__F4": "quizz"}, "Activities!F4", "learningResourceType"),
    ({"Activities__C3": "greetin:1"}, "Activities!C3", "teaches"),
    ({"Activities__L7": None}, "Activities!L7", "timeRequired"),
    ({"Skills__D2": 1.5}, "Skills!D2", "prior"),
    ({"Skills__A3": None}, "Skills!A3", "id"),
    ({"World__B3": None}, "World!B3", "title"),
    ({"World__B7": "soon"}, "World!B7", "horizon_days"),
    ({"World__B10": "asign"}, "World!B10", "decides"),
    ({"Roles__C3": "listning"}, "Roles!C3", "roles.counter.targets.listning"),
    ({"Roles__D2": "much"}, "Roles!C2", "roles.counter.targets.listening"),
    ({"Rules__A2": "nothing-such", "Rules__B2": "pinned"}, "Rules!A2", "rules.pinned"),
    ({"Rules__A2": "greeting-quiz", "Rules__B2": "due", "Rules__C2": "soon"}, "Rules!A2", "rules.due.greeting-quiz"),
]


@pytest.mark.parametrize(("changes", "cell", "field"), FAULTS, ids=[f"{cell}-{field}" for _, cell, field in FAULTS])
def test_a_fault_is_named_by_sheet_and_cell(tmp_path, changes, cell, field):
    with pytest.raises(Refusal) as refusal:
        book.world_of(written(tmp_path, **changes))
    assert (cell, field) in {(fault.file, fault.field) for fault in refusal.value.faults}


def test_rows_keep_their_numbers_over_blank_ones(tmp_path):
    path = template.write(tmp_path / "world.xlsx", book.rows_for(load("tiny-v1")))
    edited = openpyxl.load_workbook(path)
    edited["Activities"].insert_rows(4, 3)
    edited["Activities"]["F9"] = "vidio"
    edited.save(path)
    with pytest.raises(Refusal) as refusal:
        book.world_of(book.open_book(path))
    assert [fault.file for fault in refusal.value.faults] == ["Activities!F9"]


def test_a_comma_for_a_decimal_point_and_a_skill_without_its_weight_are_understood(tmp_path):
    world = book.world_of(written(tmp_path, Skills__D2="0,25", Activities__C3="greeting"))
    assert world.skills[0].prior == 0.25 and dict(world.activities[2].teaches) == {"greeting": 1.0}


def test_the_template_has_a_list_wherever_a_word_must_be_one_of_some(tmp_path):
    path = template.write(tmp_path / "world.xlsx", book.rows_for(load("tiny-v1")))
    sheets = openpyxl.load_workbook(path)
    for sheet, columns in book.SHEETS.items():
        lists = {str(choice.sqref).split(":")[0].rstrip("0123456789"): choice
                 for choice in sheets[sheet].data_validations.dataValidation}  # fmt: skip
        for at, column in enumerate(columns):
            if column in book.CHOICES:
                choice = lists[chr(ord("A") + at)]
                assert choice.formula1.strip('"').split(",") == list(book.CHOICES[column]) and choice.showErrorMessage
                assert len(choice.formula1) <= 255  # more is refused by spreadsheets
    said = book.meanings()
    for sheet in ("Skills", "Activities"):
        assert all(said.get((sheet, column)) for column in book.SHEETS[sheet] if column not in ("id", "title", "iri"))


def test_what_looks_like_a_formula_stays_text(tmp_path):
    (tmp_path / "c.csv").write_text('Title,Type\n"=HYPERLINK(""http://x"")",Video\n')
    path = template.write(tmp_path / "w.xlsx", catalogue.read(tmp_path / "c.csv").rows)
    cell = openpyxl.load_workbook(path)["Activities"]["B2"]
    assert cell.data_type == "s" and cell.value.startswith("=")


CATALOGUE = (
    "Kurs-ID;Kurstitel;Kurstyp;Dauer (Std.);Kompetenzen;Kosten\nK1;Größen lesen;E-Learning;1,5;Messen;0\n"
    "K2;Messen am Band;Video;0,25;Messen, Prüfen;12,50\nK2;Prüfen in der Praxis;Praxis;3;Prüfen;\n"
    "K4;Jahresplan;Curriculum;;;\nK5;Sicherheit;Rätsel;;;\n;Abschlusstest;Test;0,5;Prüfen;\n"
)


def test_a_catalogue_is_taken_over_guessed_and_asked_for(tmp_path):
    (tmp_path / "lms.csv").write_bytes(CATALOGUE.encode("cp1252"))
    found = catalogue.read(tmp_path / "lms.csv")
    rows = [dict(zip(book.ACTIVITIES, row, strict=True)) for row in found.rows["Activities"]]
    assert [row["id"] for row in rows] == ["k1", "k2", "k2-2", "k5", "abschlusstest"]
    assert [row["timeRequired"] for row in rows] == ["90", "15", "180", "", "30"]
    assert [row["learningResourceType"] for row in rows] == ["reading", "video", "on_the_job_task", "", "quiz"]
    assert rows[1]["teaches"] == "messen:1;pruefen:1" and rows[1]["cost"] == "12.50"
    assert [row[:2] for row in found.rows["Skills"]] == [["messen", "Messen"], ["pruefen", "Prüfen"]]
    assert found.left_out == [(5, "Curriculum: a bundle of other entries")]
    assert (
        "Activities!F2" in found.guessed and "Activities!A4" in found.guessed and "Activities!F5" not in found.guessed
    )
    missing = {fault.file for fault in found.missing()}
    assert {"Activities!F5", "Activities!L5", "Activities!C5", "World!B3", "Roles!A2"} <= missing
    assert not {cell for cell in missing if cell.startswith("Activities") and not cell.endswith("5")}


def test_a_catalogue_whose_gaps_are_filled_is_a_world(tmp_path):
    (tmp_path / "lms.csv").write_bytes(CATALOGUE.encode("cp1252"))
    found = catalogue.read(tmp_path / "lms.csv")
    path = template.write(tmp_path / "w.xlsx", found.rows, yellow=found.guessed)
    edited = openpyxl.load_workbook(path)
    assert edited["Activities"]["F2"].fill.fgColor.rgb.endswith("FFF2B3")
    gaps = {"World!B3": "Werk", "World!B4": "Montage", "Activities!F5": "video", "Activities!G5": "visual:1",
            "Activities!L5": 20, "Activities!C5": "pruefen", "Roles!A2": "montage", "Roles!C2": "messen",
            "Roles!D2": 1, "Roles!A3": "montage", "Roles!C3": "pruefen", "Roles!D3": 0.5}  # fmt: skip
    for cell, value in gaps.items():
        sheet, _, place = cell.partition("!")
        edited[sheet][place] = value
    edited.save(path)
    world = book.world_of(book.open_book(path))
    assert len(world.activities) == 6 and world.roles[0].targets == (("messen", 1.0), ("pruefen", 0.5))
    save(world, tmp_path / "werk")
    assert load(tmp_path / "werk") == world


@pytest.mark.parametrize(("content", "says"), [
    (b"a,b\n1,2\n", "a column of titles"), (b"Title\n\n", "no course with a title"), (b"", "an empty file"),
])  # fmt: skip
def test_what_is_no_catalogue_is_refused(tmp_path, content, says):
    (tmp_path / "lms.csv").write_bytes(content)
    with pytest.raises(Refusal, match=says):
        catalogue.read(tmp_path / "lms.csv")
