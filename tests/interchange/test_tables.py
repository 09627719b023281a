"""Reading logs people have: what is right is read, what is not is named with its line, nothing goes missing."""

import csv
import gzip

import numpy as np
import pytest

from adaptlearn.core.refusal import Refusal
from adaptlearn.interchange import peek, tables
from adaptlearn.interchange.presets import PRESETS, TAKEN, TRACED

MAP = {"learner": "Student", "skill": "Topic", "correct": "Right"}
HEADER = "Student,Topic,Right\n"


def write(tmp_path, text, name="log.csv", encoding="utf-8"):
    file = tmp_path / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return file


def read(file, **more):
    return tables.read(file, columns=MAP, **more)


def refused(file, **more) -> str:
    with pytest.raises(Refusal) as refusal:
        tables.read(file, **{"columns": MAP, **more})
    assert "needed" in str(refusal.value) and "e.g." in str(refusal.value)
    return str(refusal.value)


def test_a_log_comes_back_as_flat_columns(tmp_path):
    table = read(write(tmp_path, HEADER + '7,"Add, then check",1\n8, Rounding ,0\n7,.*+(),true\n'))
    assert table["learner"].tolist() == ["7", "8", "7"]
    assert table["skill"].tolist() == ["Add, then check", "Rounding", ".*+()"]
    assert table["correct"].tolist() == [1, 0, 1] and len(table) == table.read == 3 and not table.rejects.count


@pytest.mark.parametrize("delimiter", ["\t", ";", ",", "|"])
def test_the_delimiter_is_read_from_the_header(tmp_path, delimiter):
    text = (HEADER + "7,Add,1\n").replace(",", delimiter)
    assert read(write(tmp_path, text, "log.txt"))["skill"].tolist() == ["Add"]


def test_a_byte_order_mark_and_windows_line_ends_and_another_encoding_do_not_matter(tmp_path):
    text = (HEADER + "7,Größen,1\n").replace("\n", "\r\n")
    assert read(write(tmp_path, text, encoding="utf-8-sig"))["skill"].tolist() == ["Größen"]
    assert read(write(tmp_path, text, encoding="cp1252"), encoding="cp1252")["skill"].tolist() == ["Größen"]


BAD = [
    (b"7,Add,1,extra", "4 cells instead of 3"),
    (b"7,Add", "2 cells instead of 3"),
    (b"7,\xff,1,extra", "4 cells instead of 3"),
    (b",Add,1", "no learner"),
    (b"7,,1", "no skill"),
    (b"7,Add,", "no correct"),
    (b"7,NaN,1", "no skill"),
    (b"7,Add,0.5", "correct is neither right nor wrong"),
    (b"7,Add,maybe", "correct is neither right nor wrong"),
    (b"7,Gr\xf6\xdfe,1", "skill is not text in the encoding of the file"),
    (b"7," + b"x" * 1_000_000 + b",1", "skill has more than 10,000 characters"),
]


@pytest.mark.parametrize(("row", "reason"), BAD)
def test_a_bad_row_is_counted_and_written_with_line_and_reason(tmp_path, row, reason):
    file = write(tmp_path, HEADER.encode() + b"7,Add,1\n" + row + b"\n8,Add,0\n")
    table = read(file, rejects=tmp_path / "out" / "rejects.csv", encoding="utf8")
    assert table["learner"].tolist() == ["7", "8"] and table.rejects.count == 1 and table.read == 3
    assert reason in table.rejects.words() and "line 3" in table.rejects.words()
    with (tmp_path / "out" / "rejects.csv").open(encoding="utf-8", newline="") as stream:
        line, why, *cells = list(csv.reader(stream))[1]
    assert (line, why) == ("3", reason) and cells


@pytest.mark.parametrize("block", [64, 1 << 20])
def test_lines_are_right_whatever_stands_between_and_however_the_file_is_cut(tmp_path, monkeypatch, block):
    monkeypatch.setattr(peek, "BLOCK", block)
    good = "".join(f"{n},Add,1\n" for n in range(40))
    table = read(write(tmp_path, f"{HEADER}{good}\n\nx,Add,2\n{good}y,Add\nz,Add,\n{good}"), rejects=tmp_path / "r.csv")
    assert [line for line, _ in table.rejects.first] == [44, 85, 86]
    assert len(table) == 120 and table.read == 123
    rows = (tmp_path / "r.csv").read_text("utf-8").splitlines()
    assert rows[0] == "line,reason,Student,Topic,Right" and rows[1].startswith("44,correct is neither")


def test_nothing_is_written_where_nothing_was_rejected(tmp_path):
    read(write(tmp_path, HEADER + "7,Add,1\n"), rejects=tmp_path / "r.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.csv"]


def test_a_torn_file_is_refused_and_leaves_nothing(tmp_path):
    whole = gzip.compress((HEADER + "".join(f"{n},,1\n" for n in range(200_000))).encode())
    said = refused(write(tmp_path, whole[: len(whole) // 2], "log.csv.gz"), rejects=tmp_path / "r.csv")
    assert "runcated" in said
    said = refused(
        write(tmp_path, HEADER + '7,"Add,1\n' + "8,Add,1\n" * 2_000_000, "quote.csv"), rejects=tmp_path / "r.csv"
    )
    assert "quote that is opened on line 2 and never closed" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.csv.gz", "quote.csv"]


def test_a_whole_gzip_is_read(tmp_path):
    assert len(read(write(tmp_path, gzip.compress((HEADER + "7,Add,1\n").encode()), "log.csv.gz"))) == 1


def test_what_cannot_be_read_is_refused_in_words(tmp_path):
    assert "an empty file" in refused(write(tmp_path, ""))
    assert "a header and no rows" in refused(write(tmp_path, HEADER))
    assert "no skill: 2" in refused(write(tmp_path, HEADER + "7,,1\n8,,0\n"), rejects=tmp_path / "r.csv")
    assert not (tmp_path / "r.csv").exists()
    said = refused(write(tmp_path, "Student,Topics,Right\n7,Add,1\n"))
    assert "Topic: found no such column" in said and "e.g. Topics" in said
    assert "no such file" in refused(tmp_path / "none.csv")
    assert ".docx" in refused(write(tmp_path, "x", "log.docx"))
    assert "assistments2009" in refused(write(tmp_path, HEADER), preset="asistments2009")
    assert "a name that is not ours" in refused(write(tmp_path, HEADER), columns={**MAP, "skil": "Topic"})
    assert "skill: found no name" in refused(write(tmp_path, HEADER), columns={"learner": "a", "correct": "b"})


def test_rows_are_put_in_the_order_of_time(tmp_path):
    file = write(tmp_path, "Student,Topic,Right,When\n7,a,1,2.5\n7,b,0,1\n7,c,1,2.5\n7,d,1,-3\n7,e,1,soon\n")
    table = tables.read(file, columns={**MAP, "day": "When"})
    assert "".join(table["skill"]) == "dbac" and table.sorted_by == "day"
    assert table.rejects.first == [(6, "day is not a number or a date")]


def test_parquet_is_read_like_text(tmp_path):
    import polars as pl

    frame = pl.DataFrame({"Student": [7, 8, None], "Topic": ["Add", None, "Add"], "Right": [1, 0, 1]})
    frame.write_parquet(tmp_path / "log.parquet")
    table = read(tmp_path / "log.parquet")
    assert table["learner"].tolist() == ["7"] and [line for line, _ in table.rejects.first] == [3, 4]


@pytest.mark.reallog
def test_the_presets_read_the_real_logs(real_logs):
    table = tables.read(real_logs / "assist2009" / "assist2009_updated.csv", preset="assistments2009")
    assert len(table) == 325_637 and len(set(table["skill"])) == 110 and len(set(table["learner"])) == 4_151
    assert not table.rejects.count and set(table["split"]) == {"train", "test"}
    items = tables.read(real_logs / "assist2009_pid" / "assist2009_pid.csv", preset="assistments2009_items")
    assert len(items) == 325_589 and len(set(items["item"])) == 16_891
    assert np.isin(items["correct"], (0, 1)).all()


def test_every_preset_names_what_it_needs():
    for name, preset in PRESETS.items():
        assert set(preset.needs) <= set(preset.columns) <= set(tables.KINDS), name
        assert set(TRACED) <= set(preset.needs) or set(TAKEN) <= set(preset.needs), name
