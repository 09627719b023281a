"""``adaptlearn statements``: a log for a learning record store, dated and pseudonymous as its writer says."""

import json

import numpy as np
import pytest

from adaptlearn.agents.shelf import build
from adaptlearn.classroom.simulate import simulate
from adaptlearn.envs.registry import rules
from adaptlearn.lab.main import main


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    room = rules("tiny-v1")
    made = simulate(build("random", room.world), room, np.arange(6), 1, log=True).log
    file = tmp_path_factory.mktemp("log") / "log.parquet"
    made.save(file)
    return file, len(made)


def run(*words):
    with pytest.raises(SystemExit) as done:
        main(["statements", *words])
    return done.value.code


def test_one_statement_per_decision_in_the_world_that_the_log_names(log, tmp_path):
    file, rows = log
    assert run(f"log={file}", f"to={tmp_path}/a.jsonl", "salt=x y") == 0
    assert len([json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]) == rows


def test_a_start_without_a_zone_is_in_utc_and_dates_move_with_it(log, tmp_path):
    file, _ = log
    starts = {"a": "2026-03-01T08:00:00", "b": "2026-03-01T08:00:00+00:00", "c": "2026-03-02T08:00:00+00:00"}
    for name, start in starts.items():
        assert run(f"log={file}", f"to={tmp_path}/{name}.jsonl", "salt=x", f"start='{start}'") == 0
    text = {name: (tmp_path / f"{name}.jsonl").read_text() for name in starts}
    assert text["a"] == text["b"] != text["c"]
    first = [json.loads(text[name].splitlines()[0])["timestamp"] for name in ("b", "c")]
    assert first[0][:10] == "2026-03-01" and first[1][:10] == "2026-03-02" and first[0][10:] == first[1][10:]


@pytest.mark.parametrize(
    ("word", "said"), [("salt=''", "salt"), ("log=''", "log is not given"), ("start=spring", "start=spring")]
)
def test_what_is_missing_is_refused_before_anything_is_written(log, tmp_path, capsys, word, said):
    file, _ = log
    assert run(f"log={file}", f"to={tmp_path}/a.jsonl", "salt=x", word) != 0
    assert said in capsys.readouterr().err and not list(tmp_path.iterdir())
