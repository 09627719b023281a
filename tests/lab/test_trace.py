"""The command that says what a log can tell: one row per tracer, refusals with status 2, nothing left half-written."""

import csv
import json

import numpy as np
import pytest

from adaptlearn.lab.main import main

COLUMNS = ["columns.learner=who", "columns.skill=what", "columns.correct=ok"]


@pytest.fixture
def answers(tmp_path):
    """A log of 40 learners, of whom some are able; every third answer is logged under two skills."""
    rng = np.random.default_rng(0)
    able = rng.normal(size=40)
    lines = ["who,what,ok,problem"]
    for n in range(40):
        for t in range(9):
            right = int(rng.random() < 1 / (1 + np.exp(-2.0 * able[n])))
            lines += [f"{n},{skill},{right},{t}" for skill in ("add", "cut")[: 2 if t % 3 == 0 else 1]]
    file = tmp_path / "answers.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def traced(capsys, *words):
    with pytest.raises(SystemExit) as ended:
        main(["trace", *words])
    said = capsys.readouterr()
    return ended.value.code, said.out, said.err


def test_tracers_come_as_rows_with_the_best_first_and_the_null_among_them(answers, tmp_path, capsys):
    code, out, _ = traced(capsys, f"log={answers}", *COLUMNS, "columns.item=problem", "model=[shares,pfa,irt]",
                          "folds=3", "format=json", f"csv={tmp_path / 'rows.csv'}")  # fmt: skip
    rows = json.loads(out)
    assert code == 0 and {row["model"] for row in rows} == {"bkt", "shares", "pfa", "irt"}
    assert [row["AUC"] for row in rows] == sorted((row["AUC"] for row in rows), reverse=True)
    gains = {row["model"]: row["gain"] for row in rows}
    assert gains["bkt"] is None and gains["shares"]["mean"] < 0.0 < gains["irt"]["mean"]
    with (tmp_path / "rows.csv").open() as file:
        assert [row["model"] for row in csv.DictReader(file)] == [row["model"] for row in rows]


def test_people_are_told_what_was_done_to_their_log(answers, capsys):
    code, out, _ = traced(capsys, f"log={answers}", *COLUMNS, "columns.item=problem", "model=[shares]", "folds=3")
    text = " ".join(out.split())
    assert code == 0 and "120 rows repeat an answer under another skill" in text
    assert "360 answers" in text and "order of time" in text and "Held out by learner, 3 folds" in text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("model=[osmosis]",), "found osmosis; needed some of"),
        (("model=[irt]",), "columns.item="),
        (("folds=41",), "needed 2 up to the number of learners, 40"),
        (("baseline=nobody",), "found nobody"),
    ],
)
def test_what_the_caller_can_mend_is_said_with_status_two(answers, words, says, capsys):
    code, out, error = traced(capsys, f"log={answers}", *COLUMNS, *words)
    assert code == 2 and says in error and out == ""


def test_a_log_of_completions_gives_no_auc(answers, tmp_path, capsys):
    done = tmp_path / "done.csv"
    done.write_text("who,what,ok\n" + "".join(f"{n},add,1\n" for n in range(20)))
    code, out, error = traced(capsys, f"log={done}", *COLUMNS, f"csv={tmp_path / 'rows.csv'}")
    assert code == 2 and "all right; needed both kinds" in error and "AUC" not in out
    assert not (tmp_path / "rows.csv").exists()
