"""The doctor at the command line: three faces of the same verdicts, errors in words, nothing half-written."""

import json
import re

import pytest

from adaptlearn.lab import doctoring, main


def run(capsys, *words):
    with pytest.raises(SystemExit) as end:
        main.main(["doctor", *words])
    said = capsys.readouterr()
    return end.value.code, said.out, said.err


@pytest.fixture
def transcript(tmp_path):
    rows = "".join(f"p{n % 50};Kurs {n % 7};{'Abgeschlossen' if n % 3 else 'Offen'};{n % 28 + 1:02d}.01.2024\n"
                   for n in range(400))  # fmt: skip
    (tmp_path / "log.csv").write_text("Personalnummer;Kurs;Status;Zugewiesen am\n" + rows, "cp1252")
    return tmp_path / "log.csv"


def test_a_completion_log_prints_no_auc_anywhere(transcript, tmp_path, capsys):
    code, table, _ = run(capsys, f"log={transcript}", f"page={tmp_path / 'page.html'}")
    assert code == 0 and "Whether people finish what they begin" in table
    code, text, _ = run(capsys, f"log={transcript}", "format=json")
    for face in (table, text, (tmp_path / "page.html").read_text("utf-8")):
        assert not re.search(r"\bauc\b", face, re.I)
    found = json.loads(text)
    assert found["traced"] is None and found["facts"]["presets"] == ["transcript"]
    assert {v["verdict"] for v in found["verdicts"]} == {"identified", "assumed"}


def test_answers_are_traced_and_scored_on_learners_not_met(tmp_path, capsys):
    rows = "".join(f"p{n},s{n % 2},{int(k + n % 3 > 2)}\n" for n in range(60) for k in range(5))
    (tmp_path / "log.csv").write_text("learner,skill,correct\n" + rows)
    columns = ("columns.learner=learner", "columns.skill=skill", "columns.correct=correct")
    code, text, _ = run(capsys, f"log={tmp_path / 'log.csv'}", *columns, "format=json")
    assert code == 0 and 0.5 < json.loads(text)["traced"]["auc"] <= 1.0
    assert (
        json.loads(run(capsys, f"log={tmp_path / 'log.csv'}", *columns, "format=json", "score=false")[1])["traced"]
        is None
    )


def test_the_page_stands_alone_and_escapes_what_the_log_says(transcript, tmp_path, capsys):
    evil = transcript.rename(tmp_path / "<img src=x onerror=alert(1)>.csv")
    code, _, err = run(capsys, f"log='{evil}'", f"page={tmp_path / 'page.html'}")
    assert code == 0, err
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "<img" not in page and "&lt;img" in page
    assert not re.search(r"<[^>]*(src|href)\s*=|@import|url\(|<script", page)
    assert "@page" in page and "p17" not in page  # nobody's number


@pytest.mark.parametrize(("content", "says"), [
    (b"", "an empty file"), (b"Personalnummer;Kurs;Status\n", "a header and no rows"),
    (b"wer;was\n1;2\n", "columns.learner"), (b"\x1f\x8b\x08\x00broken", "needed"),
])  # fmt: skip
def test_what_cannot_be_read_is_status_two_and_leaves_nothing(tmp_path, capsys, content, says):
    name = "log.csv.gz" if content[:2] == b"\x1f\x8b" else "log.csv"
    (tmp_path / name).write_bytes(content)
    code, _, err = run(capsys, f"log={tmp_path / name}", f"page={tmp_path / 'p.html'}", f"rejects={tmp_path / 'r.csv'}")
    assert code == 2 and says in err and "Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_file_may_be_called_as_people_call_files(transcript, tmp_path, capsys):
    for name in ("Export (1).csv", "Schulungen, März=2024 'neu'.csv"):
        file = transcript.rename(tmp_path / name)
        code, _, err = run(capsys, f"log={file}", "format=json")
        assert code == 0, err
        transcript = file


HEAD = b"who,skill,right,day\n"
ROWS = b"".join(b"p%d,s%d,%d,%d\n" % (n % 30, n % 2, n % 3 > 0, n // 30) for n in range(240))
LOGS = {
    "one class only": (HEAD + ROWS.replace(b",0,", b",1,"), 0, "all 240 answers are right"),
    "time that runs backwards": (HEAD + b"".join(reversed(ROWS.splitlines(keepends=True))), 0, "put in order of time"),
    "learners with one row": (HEAD + b"".join(b"p%d,s,1,1\n" % n for n in range(90)), 0, "have one row only"),
    "NaN": (HEAD + ROWS + b"p1,NaN,1,2\np1,s0,nan,2\np1,s0,1,nan\n", 0, "no skill: 1"),
    "a cell of a million characters": (HEAD + ROWS + b"p1," + b"x" * 1_000_000 + b",1,2\n", 0, "10,000 characters: 1"),
    "broken UTF-8": (HEAD + ROWS + "p1,Größe,1,2\n".encode() + b"p1,\xff\xfe,1,2\n", 0, "not text in the encoding"),
    "a mistyped column": (HEAD.replace(b"right", b"rihgt") + ROWS, 2, "right: found no such column"),
    "nothing usable": (HEAD + b"p1,,1,2\n", 2, "no skill: 1"),
    "a quote that never closes": (HEAD + b'p1,"s' + ROWS * 2_000, 2, "opened on line 2 and never closed"),
}


@pytest.mark.parametrize("case", LOGS)
def test_odd_logs_are_read_rightly_or_refused_in_words_and_leave_nothing_half_done(tmp_path, capsys, case):
    content, status, says = LOGS[case]
    (tmp_path / "log.csv").write_bytes(content)
    columns = ("columns.learner=who", "columns.skill=skill", "columns.correct=right", "columns.day=day")
    code, out, err = run(capsys, f"log={tmp_path / 'log.csv'}", *columns, "score=false", f"page={tmp_path / 'p.html'}",
                         f"rejects={tmp_path / 'r.csv'}")  # fmt: skip
    assert code == status and says in " ".join((out + err).split()), out + err
    there = {path.name for path in tmp_path.iterdir()}
    assert there <= {"log.csv", "p.html", "r.csv"} and ("p.html" in there) == (code == 0)
    assert code == 0 or there == {"log.csv"}


def test_no_log_is_asked_for(capsys):
    code, _, err = run(capsys)
    assert code == 2 and "log=export.xlsx" in err


def test_a_figure_is_shown_in_its_unit():
    from adaptlearn.interchange.conduct import Figure

    assert doctoring.figure_words(Figure("", 0.5, 0.4, 0.6, "share")) == "50.0% (40.0% to 60.0%)"
    assert doctoring.figure_words(Figure("", 12.4, 8.0, 20.0, "minutes")) == "12 min (8 to 20)"
