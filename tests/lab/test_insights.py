"""``adaptlearn insights``: one command on any log; it says what it found, what it cannot tell, and writes all of it."""

import csv
import json

import numpy as np
import pytest
from openpyxl import load_workbook

from adaptlearn.agents.shelf import build
from adaptlearn.classroom.simulate import simulate
from adaptlearn.envs.registry import rules
from adaptlearn.lab.main import main


def told(*words):
    with pytest.raises(SystemExit) as done:
        main(["insights", *words])
    return done.value.code


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    room = rules("tiny-v1")
    lives = simulate(build("random", room.world), room, np.arange(250), 3, log=True)
    return lives.log.save(tmp_path_factory.mktemp("log") / "log.parquet")


def test_one_folder_holds_page_spreadsheet_and_tables(log, tmp_path, capsys):
    assert told(f"log={log}", f"to={tmp_path}", "draws=16") == 0
    said = capsys.readouterr().out
    assert "What activities teach" in said and "written:" in said
    names = {file.name for file in tmp_path.iterdir()}
    assert {"insights.html", "insights.md", "insights.json", "insights.xlsx", "what-is-finished.csv"} <= names
    numbers = json.loads((tmp_path / "insights.json").read_text("utf-8"))["parts"]["items"]["Item by item"]
    sheet = load_workbook(tmp_path / "insights.xlsx")["Weak items 1"]
    with (tmp_path / "weak-items-1.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(numbers) == sheet.max_row - 2
    for row, number in zip(rows, numbers, strict=True):
        assert row["item"] == number["item"] and float(row["right"]) == pytest.approx(
            number["right"]["value"], rel=1e-5
        )
    page = (tmp_path / "insights.html").read_text("utf-8")
    assert "<script" not in page and page.count("<h1") == 1 and "Where people leave" in page


def test_parts_are_what_was_asked_for(log, capsys):
    assert told(f"log={log}", "parts=[skills,leaving]", "format=json") == 0
    assert set(json.loads(capsys.readouterr().out)["parts"]) == {"skills", "leaving"}


def test_answers_from_elsewhere_say_where_practice_shows(tmp_path, capsys):
    """Two skills, of which one grows with practice; without a catalogue nothing is said of teaching."""
    dice, lines = np.random.default_rng(1), ["who,kc,ok,what"]
    for person in range(120):
        level = dice.normal()
        for turn in range(10):
            for skill, growth in (("grows", 0.8), ("flat", 0.0)):
                p = 1 / (1 + np.exp(-(level - 0.5 + growth * np.log1p(turn))))
                lines.append(f"p{person},{skill},{int(dice.random() < p)},{skill}{turn}")
    file = tmp_path / "answers.csv"
    file.write_text("\n".join(lines))
    names = ["columns.learner=who", "columns.skill=kc", "columns.correct=ok", "columns.item=what"]
    assert told(f"log={file}", *names, "format=json", "draws=32") == 0
    made = json.loads(capsys.readouterr().out)
    growth = {row["skill"]: row["growth"] for row in made["parts"]["practice"]["Skill by skill"]}
    assert growth["grows"]["low"] > 0.2 and growth["flat"]["low"] < 0.0 < growth["flat"]["high"]
    assert "teaching" not in made["parts"] and len(made["parts"]["items"]["Item by item"]) == 20
    answers = {row["skill"]: row["answers"] for row in made["parts"]["practice"]["Skill by skill"]}
    assert answers == {"grows": 1200, "flat": 1200}  # a log that is small enough is read whole


@pytest.mark.reallog
@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("oulad/studentRegistration.csv", "Where people leave"),
        ("oulad/studentInfo.csv", "What is finished"),
        ("moodle_la/Events.csv", "What is finished"),
    ],
)
def test_real_logs_say_what_they_can_and_no_more(real_logs, file, says, capsys):
    assert told(f"log={real_logs / file}", "draws=16") == 0
    said = capsys.readouterr().out
    assert says in said and "needed the catalogue" in said and "Weak items: needed" in said


def test_an_unknown_part_is_told_the_right_ones(log, capsys):
    assert told(f"log={log}", "parts=[teach]") == 2
    assert "needed some of teaching" in capsys.readouterr().err
