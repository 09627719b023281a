"""``adaptlearn pilot plan`` and ``monitor``: a plan is kept, faults in scores are named, a decision is said."""

import contextlib
import io
import json

import numpy as np
import pytest

from adaptlearn.evaluation.monitor import BENEFIT, EARLY
from adaptlearn.lab.main import main


def ask(capsys, *words):
    with pytest.raises(SystemExit) as done:
        main(list(words))
    said = capsys.readouterr()
    return done.value.code, said.out, said.err


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A plan, written once: its file, and the row that was shown."""
    file, said = tmp_path_factory.mktemp("plan") / "pilot.json", io.StringIO()
    with pytest.raises(SystemExit) as done, contextlib.redirect_stdout(said):
        main(["pilot", "plan", "effect=0.1", "sd=0.2", f"to={file}", "format=json", "learners=40"])
    assert done.value.code == 0
    return file, json.loads(said.getvalue())[0]


def table(path, rows, header="arm,score,pretest"):
    path.write_text("\n".join([header, *rows]) + "\n", "utf-8")
    return path


def test_a_plan_says_sizes_and_what_a_fixed_size_can_show(kept):
    _, row = kept
    assert row["learners_per_arm"] > row["units_per_arm"] > row["looked_at_once"] * 0.85
    assert 0.75 < row["power"] < 0.9 and row["false_alarm"] < 0.05 and row["detectable"] > 0.1


def test_scores_that_are_clear_stop_a_pilot_and_few_are_too_early(kept, tmp_path, capsys):
    dice = np.random.default_rng(0)
    rows = [f"{('new', 'old')[i % 2]},{0.7 - 0.3 * (i % 2) + 0.05 * dice.random():.3f},0.5" for i in range(60)]
    file, _ = kept
    code, out, _ = ask(
        capsys, "pilot", "monitor", f"plan={file}", f"log={table(tmp_path / 's.csv', rows)}", "format=json"
    )
    (said,) = json.loads(out)
    assert code == 0 and said["decision"] == BENEFIT and said["low"] > 0.2
    _, out, _ = ask(capsys, "pilot", "monitor", f"plan={file}", f"log={table(tmp_path / 's.csv', rows[:8])}")
    assert EARLY in out


@pytest.mark.parametrize(
    ("rows", "header", "says"),
    [
        (["new,0.5"], "arm,result", "score: found no such column"),
        (["new,0.5,0.4", "newer,0.5,0.4"], "arm,score,pretest", "row 3, arm: found 'newer'"),
        (["new,55,0.4"], "arm,score,pretest", "row 2, score: found '55'"),
        (["new,0.5,"], "arm,score,pretest", "row 2, pretest: found ''"),
    ],
)
def test_faults_in_scores_are_named_with_row_and_column(kept, tmp_path, capsys, rows, header, says):
    file = table(tmp_path / "s.csv", rows, header)
    code, _, err = ask(capsys, "pilot", "monitor", f"plan={kept[0]}", f"log={file}")
    assert code == 2 and says in err


def test_what_is_no_plan_is_refused(tmp_path, capsys):
    (tmp_path / "p.json").write_text('{"adaptlearn_pilot": 99}', "utf-8")
    code, _, err = ask(capsys, "pilot", "monitor", f"plan={tmp_path / 'p.json'}", "log=x.csv")
    assert code == 2 and "version 99" in err
    code, _, err = ask(capsys, "pilot", "monitor")
    assert code == 2 and "needed both" in err
