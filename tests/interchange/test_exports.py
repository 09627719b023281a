"""Exports as systems write them: German Excel, cp1252, decimal commas, title lines, seconds, six lines a learner."""

import datetime as dt
import gzip
import json

import numpy as np
import pytest
from openpyxl import Workbook

from adaptlearn.core.refusal import Refusal
from adaptlearn.interchange.moments import Unclear, minutes, moment
from adaptlearn.interchange.tables import read

GERMAN = ["Personalnummer", "Kurstitel", "Schulungsart", "Status", "Zugewiesen am", "Abgeschlossen am",
          "Dauer (Std.)", "Punktzahl", "Abteilung"]  # fmt: skip


def days(year, month, day, hour=0, minute=0):
    return (dt.datetime(year, month, day, hour, minute) - dt.datetime(1970, 1, 1)).total_seconds() / 86_400


def german_row(n):
    """One row of a German transcript, as Excel keeps it: dates, some as text; numbers, some with a comma."""
    done, when = n % 3 != 0, dt.datetime(2024, 1, 1) + dt.timedelta(days=n % 300)
    return [
        f"P{n % 977:05d}", f"Kurs {n % 40}: Größen & Maße", "E-Learning" if n % 2 else "Präsenz",
        "Abgeschlossen" if done else "In Bearbeitung", when if n % 2 else when.strftime("%d.%m.%Y"),
        (when + dt.timedelta(days=9)).strftime("%d.%m.%Y %H:%M") if done else None,
        f"{1 + n % 4},{5 * (n % 2)}" if n % 5 else 1.5, 70 + n % 30 if done else None, "Vertrieb",
    ]  # fmt: skip


def german_book(path, rows, before=()):
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Export")
    for row in (*before, GERMAN, *rows):
        sheet.append(row)
    book.save(path)
    return path


def test_a_german_excel_transcript_of_twenty_thousand_rows_is_read_whole(tmp_path):
    rows = [german_row(n) for n in range(20_000)]
    rows[500][3] = "Vielleicht"
    rows[501][0] = None
    table = read(german_book(tmp_path / "Export.xlsx", rows), rejects=tmp_path / "rejects.csv")
    assert table.preset == "transcript" and table.read == 20_000 and len(table) == 19_998
    assert [line for line, _ in table.rejects.first] == [502, 503]  # as the spreadsheet counts
    assert "unknown word: 'Vielleicht'" in table.rejects.words() and "no learner: 1" in table.rejects.words()
    assert table["activity"][1] == "Kurs 1: Größen & Maße" and table["completed"][:4].tolist() == [0, 1, 1, 0]
    assert table["assigned"][:2].tolist() == [days(2024, 1, 1), days(2024, 1, 2)]  # text and date cells agree
    assert np.isnan(table["finished"][0]) and table["finished"][1] == days(2024, 1, 11)
    assert table["minutes"][:3].tolist() == [90.0, 150.0, 180.0]  # hours with a decimal comma, and a number
    assert np.isnan(table["score"][0]) and table["score"][1] == 71.0


def test_csv_of_the_same_rows_says_the_same(tmp_path):
    rows = [german_row(n) for n in range(200)]

    def cell(value):
        if isinstance(value, dt.datetime):
            return value.strftime("%d.%m.%Y")
        return "" if value is None else str(value).replace(".", ",") if isinstance(value, float) else str(value)

    text = "\r\n".join(";".join(map(cell, row)) for row in (GERMAN, *rows)) + "\r\n"
    (tmp_path / "a.csv").write_bytes(text.encode("cp1252"))
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(text.encode("utf-8-sig")))
    (tmp_path / "c.csv").write_bytes(text.encode("utf-16"))
    book = read(german_book(tmp_path / "d.xlsx", rows))
    for name in ("a.csv", "b.csv.gz", "c.csv"):
        table = read(tmp_path / name)
        assert len(table) == 200 and set(table.columns) == set(book.columns)
        for column in book.columns:
            np.testing.assert_array_equal(table[column], book[column])


def test_title_lines_above_the_names_are_passed_over_and_lines_stay_those_of_the_sheet(tmp_path):
    rows = [german_row(1), [*german_row(2)[:3], "??", *german_row(2)[4:]]]
    table = read(german_book(tmp_path / "a.xlsx", rows, before=[["Bericht: Schulungen"], [], ["Stand", "01.02.2024"]]))
    assert len(table) == 1 and table.rejects.first[0][0] == 6
    (tmp_path / "b.csv").write_text("Report: all\n\nUser ID,Training Title,Transcript Status\n7,A,Completed\n8,A,Foo\n")
    table = read(tmp_path / "b.csv")
    assert table.preset == "cornerstone" and len(table) == 1 and table.rejects.first[0][0] == 5


@pytest.mark.parametrize(("header", "row", "preset"), [
    ("Anon Student Id\tTime\tOutcome\tKC (Default)\tStep Name", "S1\t2020-01-02 03:04:05.0\tHINT\tadd\tx",
     "datashop"),
    ("Row\tAnon Student Id\tStep Name\tFirst Transaction Time\tCorrect First Attempt\tKC(Default)",
     "1\ts1\tx\t2005-09-09 12:25:07.0\t1\tA~~B", "datashop"),
    ("user_id,problem_id,skill,correct,start_time", "7,1,Add,0,2012-09-28 15:11:29", "assistments"),
    ("Zeit,Vollständiger Name,Betroffene/r Nutzer/in,Ereigniskontext,Komponente,Ereignisname,Beschreibung",
     '"3.11.24, 09:15",A B,-,Kurs: X,System,Kurs angezeigt,"Die Person, die"', "moodle"),
    ("Time,User full name,Affected user,Event context,Component,Event name",
     '"3/11/24, 09:15",A B,-,X,Quiz,Quiz viewed',
     "moodle"),
    ("User - User ID,Training - Training Title,Transcript - Transcript Status,Transcript - Transcript Completed Date",
     "7,Fire safety,Completed,2024-03-01 10:00", "cornerstone"),
    ("User ID,Item Type,Item ID,Completion Date,Completion Status ID,Total Hours",
     "7,COURSE,C1,Jan-15-2024,FOR_CREDIT,1.5", "successfactors"),
])  # fmt: skip
def test_known_exports_are_recognised_by_their_columns(tmp_path, header, row, preset):
    (tmp_path / "log.csv").write_text(f"{header}\n{row}\n", "utf-8")
    table = read(tmp_path / "log.csv")
    assert table.preset == preset and len(table) == 1, table.rejects.words()
    if "finished" in table:
        assert not np.isnan(table["finished"]).any()
    if preset == "successfactors":
        assert table["minutes"].tolist() == [90.0] and table["completed"].tolist() == [1]
    if preset == "moodle":
        assert table["day"].tolist() == [days(2024, 11, 3, 9, 15)]


def test_pykt_writes_six_lines_a_learner(tmp_path):
    text = "50121,3\n1,2,3\n7014,7012,7014\n0,1,1\n86400000,86400001,172800000\nNA\n8,1\nNA\n5\n1\nNA\n30000\n"
    (tmp_path / "data.txt").write_text(text)
    table = read(tmp_path / "data.txt")
    assert table.preset == "pykt" and table["learner"].tolist() == ["50121", "50121", "50121"]
    assert table["skill"].tolist() == ["7014", "7012", "7014"] and table["correct"].tolist() == [0, 1, 1]
    assert table.rejects.reasons == {"no day": 1}  # the other learner has answers without a time
    (tmp_path / "torn.txt").write_text(text[:-10])
    with pytest.raises(Refusal, match="lists that are not"):
        read(tmp_path / "torn.txt")


def test_pykt_sequences_are_rows_of_lists_filled_up(tmp_path):
    head = "fold,uid,questions,concepts,responses,timestamps,selectmasks\n"
    row = '0,7,"11,12,-1","1,2,-1","0,1,-1","86400000,172800000,-1","1,1,-1"\n'
    (tmp_path / "train_valid_sequences.csv").write_text(head + row + row.replace("0,1,-1", "0,1").replace(",7,", ",8,"))
    table = read(tmp_path / "train_valid_sequences.csv")
    assert table["skill"].tolist() == ["1", "2"] and table["day"].tolist() == [1.0, 2.0]
    assert table.rejects.first == [(3, "lists that are not 2 long")]


def test_the_log_is_never_written_over(tmp_path):
    file = tmp_path / "log.csv"
    file.write_text("User,Course\n7,A\n,B\n")
    with pytest.raises(Refusal, match="the log itself"):
        read(file, rejects=tmp_path / "x" / ".." / "log.csv")
    assert file.read_text().startswith("User")


def test_excels_own_first_line_is_passed_over(tmp_path):
    (tmp_path / "log.csv").write_text("sep=;\r\nUser;Course;Minutes\r\n7;A, B;1,5\r\n", "utf-8-sig")
    table = read(tmp_path / "log.csv")
    assert table["activity"].tolist() == ["A, B"] and table["minutes"].tolist() == [1.5]


@pytest.mark.parametrize(("written", "when"), [
    ("2024-03-04", days(2024, 3, 4)), ("2024-03-04T12:30:00Z", days(2024, 3, 4, 12, 30)),
    ("2024-03-04T12:30:00+02:00", days(2024, 3, 4, 10, 30)), ("04.03.2024", days(2024, 3, 4)),
    ("4.3.24 12:30 Uhr", days(2024, 3, 4, 12, 30)), ("13/04/2024", days(2024, 4, 13)),
    ("04/13/2024", days(2024, 4, 13)),
    ("4. März 2024, 12:30", days(2024, 3, 4, 12, 30)), ("Mar 4, 2024 1:05 PM", days(2024, 3, 4, 13, 5)),
    ("04-Mar-2024", days(2024, 3, 4)), ("Montag, 4. März 2024", days(2024, 3, 4)),
])  # fmt: skip
def test_dates_as_people_write_them(written, when):
    assert moment(written) == pytest.approx(when, abs=1e-9)


def test_a_date_that_may_be_read_in_two_ways_is_asked_about_and_never_guessed(tmp_path):
    with pytest.raises(Unclear):
        moment("03/04/2024")
    assert moment("03/04/2024", "dmy") == days(2024, 4, 3) and moment("03/04/2024", "mdy") == days(2024, 3, 4)
    head = "User ID,Training Title,Transcript Status,Transcript Completed Date\n"
    (tmp_path / "log.csv").write_text(f"{head}7,A,Completed,03/04/2024\n")
    with pytest.raises(Refusal, match=r"day or the month comes first.*dates=dmy"):
        read(tmp_path / "log.csv")
    assert read(tmp_path / "log.csv", dates="mdy")["finished"].tolist() == [days(2024, 3, 4)]
    (tmp_path / "log.csv").write_text(f"{head}7,A,Completed,03/04/2024\n8,A,Completed,25/04/2024\n")
    assert read(tmp_path / "log.csv")["finished"].tolist() == [days(2024, 4, 3), days(2024, 4, 25)]


@pytest.mark.parametrize(("written", "expected"), [
    ("1:20", 80), ("0:00:30", 0.5), ("PT14M32S", 14 + 32 / 60), ("PT1H", 60), ("1 h 20 min", 80),
    ("1 Std. 20 Min.", 80),
    ("1,5 h", 90), ("90 min", 90), ("45", None), ("soon", None),
])  # fmt: skip
def test_durations_as_people_write_them(written, expected):
    assert minutes(written) == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize("others", ["7", ""], ids=["beside numbers alone", "beside a blank"])
@pytest.mark.parametrize(("column", "cell", "reason"), [
    ("minutes", "-5", "minutes is below 0"), ("minutes", "1.2.3 min", "minutes is not a number"),
    ("propensity", "1.5", "propensity is not from 0 to 1"), ("propensity", "-0.5", "propensity is not from 0 to 1"),
])  # fmt: skip
def test_an_impossible_amount_is_left_out_whatever_stands_beside_it(tmp_path, column, cell, reason, others):
    """Whole portions of numbers are read at once, mixed ones cell by cell: the same rows are refused."""
    others = "0.5" if others and column == "propensity" else others
    (tmp_path / "log.csv").write_text(f"user,course,status,x\nann,a,done,{cell}\nben,a,done,{others}\n")
    table = read(tmp_path / "log.csv", {"learner": "user", "activity": "course", "completed": "status", column: "x"})
    assert table["learner"].tolist() == ["ben"]
    assert table.rejects.count == 1 and reason in table.rejects.first[0][1]


def test_numbers_follow_the_decimal_sign_that_the_file_shows(tmp_path):
    def minutes_of(*cells, sep=";"):
        rows = "".join(f'7{sep}A{sep}"{cell}"\n' for cell in cells)
        (tmp_path / "log.csv").write_text(f"User{sep}Course{sep}Minutes\n{rows}")
        return read(tmp_path / "log.csv")["minutes"].tolist()

    assert minutes_of("12,5", "1.234,5", "1.234", "0.5") == [12.5, 1234.5, 1234.0, 0.5]
    assert minutes_of("12.5", "1,234.5", "1,234", sep=",") == [12.5, 1234.5, 1234.0]


def test_time_that_runs_backwards_is_put_in_order_and_counted(tmp_path):
    text = "user_id,item_id,timestamp,correct,skill_id\n" + "".join(f"7,1,{t},1,a\n" for t in (86400, 0, 172800, 3600))
    (tmp_path / "log.csv").write_text(text)
    table = read(tmp_path / "log.csv")
    assert table.backwards == 2 and (np.diff(table["day"]) >= 0).all()


def test_a_damaged_workbook_is_refused_and_leaves_nothing(tmp_path):
    whole = german_book(tmp_path / "a.xlsx", [german_row(n) for n in range(50)]).read_bytes()
    for name, content in (("half.xlsx", whole[: len(whole) // 2]), ("text.xlsx", b"a,b\n"), ("old.xls", b"\xd0\xcf")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(Refusal, match="needed"):
            read(tmp_path / name, rejects=tmp_path / "rejects.csv")
    assert not (tmp_path / "rejects.csv").exists()


def test_an_unknown_table_is_refused_with_its_columns_and_a_missing_one_by_name(tmp_path):
    (tmp_path / "log.csv").write_text("wer,was,wann\n7,A,1\n")
    with pytest.raises(Refusal, match=r"the columns wer was wann; needed .*columns\.learner"):
        read(tmp_path / "log.csv")
    table = read(tmp_path / "log.csv", columns={"learner": "wer", "activity": "was"})
    with pytest.raises(Refusal, match="skill: found no such column"):
        table["skill"]


def harmed(content, luck):
    """A file with some bytes changed, lost, repeated or slipped in."""
    wild = (b'"', b";", b"\n", b"\x00", b"\xff", b"[", b"}", b"NaN", b"1e999", b"31.02.2024", b"99:99", b"9" * 400)
    for _ in range(luck.integers(1, 6)):
        at, kind = int(luck.integers(len(content) + 1)), luck.integers(4)
        if kind == 0:
            content = content[:at] + wild[luck.integers(len(wild))] + content[at:]
        elif kind == 1:
            content = content[:at] + content[at + int(luck.choice([1, 5, 300])) :]
        elif kind == 2:
            content = content[:at] + content[at // 2 : at // 2 + 200] + content[at:]
        else:
            content = (
                content[:at] if luck.random() < 0.3 else content[:at] + bytes([luck.integers(256)]) + content[at + 1 :]
            )
    return content


@pytest.mark.parametrize("name", ["a.csv", "b.csv.gz", "c.json", "d.jsonl", "e.txt", "f.xlsx"])
def test_a_harmed_file_is_read_or_refused_and_nothing_else(tmp_path, name):
    rows = [german_row(n) for n in range(40)]
    said = [{"actor": {"mbox": f"mailto:{n}@x"}, "verb": {"id": "x/completed"}, "object": {"id": f"x/{n % 3}"},
             "timestamp": "2024-01-01T00:00:00Z", "result": {"duration": "PT1M"}} for n in range(30)]  # fmt: skip
    table = "\n".join(";".join("" if v is None else str(v) for v in row) for row in (GERMAN, *rows)).encode("cp1252")
    whole = {
        "a.csv": table, "b.csv.gz": gzip.compress(table), "c.json": json.dumps(said).encode(),
        "d.jsonl": "\n".join(map(json.dumps, said)).encode(), "e.txt": b"7,2\n1,2\n3,4\n0,1\n5,6\nNA\n" * 20,
        "f.xlsx": german_book(tmp_path / "whole.xlsx", rows).read_bytes(),
    }[name]  # fmt: skip
    luck = np.random.default_rng(17)
    for _ in range(15 if name == "f.xlsx" else 40):
        (tmp_path / name).write_bytes(harmed(whole, luck))
        try:
            table = read(tmp_path / name, rejects=tmp_path / "rejects.csv")
        except Refusal:
            assert not (tmp_path / "rejects.csv").exists()
        else:
            assert len(table) + table.rejects.count == table.read
            assert len({len(table[column]) for column in table.columns}) == 1
        (tmp_path / "rejects.csv").unlink(missing_ok=True)
    assert {path.name for path in tmp_path.iterdir()} == {name, "whole.xlsx"}


@pytest.mark.reallog
def test_every_real_table_is_recognised_and_read(real_logs):
    expected = {
        "assist2009/assist2009_updated.csv": ("assistments2009", 325_637, 0),
        "assist2009_pid/assist2009_pid.csv": ("assistments2009_items", 325_589, 0),
        "assist2017_part/interactions.tsv": ("lpp", 90_586, 0),
        "algebra05_part/interactions.tsv": ("lpp", 129_998, 0),
        "moodle_la/Events.csv": ("moodle", 95_626, 0),
        "oulad/studentInfo.csv": ("oulad_results", 32_593, 0),
        "oulad/studentRegistration.csv": ("oulad_registrations", 32_593, 45),
        "oulad/studentAssessment_processed.csv": ("oulad_scores", 173_739, 0),
        "oulad/studentVle_part.csv": ("oulad_clicks", 13_905, 0),
    }
    for name, (preset, rows, left_out) in expected.items():
        table = read(real_logs / name)
        assert (table.preset, table.read, table.rejects.count) == (preset, rows, left_out), name
