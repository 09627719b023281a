"""``adaptlearn judge``: a log of one agent says what another would reach, or says why it cannot."""

import json

import numpy as np
import pytest

from adaptlearn.agents.shelf import build
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.policy import Head
from adaptlearn.envs.registry import rules
from adaptlearn.evaluation.judge import judge
from adaptlearn.lab.judging import OUTCOMES, chosen, episodes
from adaptlearn.lab.main import main

DECISIONS = 4


def soft(world, temperature):
    policy = build("mastery", world)
    policy.head = Head(temperature)
    return policy


@pytest.fixture(scope="module")
def room():
    return rules("tiny-v1")


@pytest.fixture(scope="module")
def log(room):
    return simulate(soft(room.world, 1.5), room, np.arange(3000), 3, log=True).log


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_log_says_what_another_agent_truly_reaches(room, log, outcome):
    """Truth: the other agent's own learners, many and fresh. The estimate misses it by less than four of its errors."""
    target = soft(room.world, 0.9)
    own = simulate(target, room, np.arange(50_000, 58_000), 4, log=True).log
    truth = episodes(own, room.world, target, outcome, DECISIONS).returns
    said = judge(episodes(log, room.world, target, outcome, DECISIONS), draws=100)
    assert said.refusals == ()
    error = (said.value.high - said.value.low) / 3.92
    assert abs(said.value.value - truth.mean()) < 4 * np.hypot(error, truth.std() / np.sqrt(len(truth)))
    assert error < 4 * truth.std() / np.sqrt(3000)  # and the interval says something


def test_stayed_is_the_share_who_did_not_leave(room, log):
    policy = soft(room.world, 1.5)
    kept = episodes(log, room.world, policy, "stayed", 10_000).returns
    left = np.unique(log["learner"][log["left"]])
    assert kept.mean() == pytest.approx(1 - len(left) / 3000)


def test_the_command_prints_numbers_or_reasons(room, log, tmp_path, capsys):
    file = str(log.save(tmp_path / "log.parquet"))
    ask = ["judge", "env=tiny-v1", f"log={file}", "format=json", "draws=30", "decisions=4"]
    with pytest.raises(SystemExit) as done:
        main([*ask, "agent=mastery", "temperature=1.2", "estimators=[WDR,PDIS]"])
    rows = json.loads(capsys.readouterr().out)
    assert done.value.code == 0 and [row["estimator"] for row in rows] == ["WDR", "PDIS"]
    assert all(row["low"] < row["value"] < row["high"] for row in rows)
    with pytest.raises(SystemExit):
        main([*ask, "agent=syllabus"])
    (row,) = json.loads(capsys.readouterr().out)
    assert row["value"] is None and row["refused"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["log=nowhere.parquet"], "nowhere.parquet"),
        ([], "log= is empty"),
        (["outcome=joy"], "needed one of assessed"),
        (["decisions=0"], "needed 1 or more"),
        (["estimators=[MAGICK]"], "needed one of DM"),
        (["env=practice-v1"], "env=tiny-v1"),
    ],
)
def test_what_the_caller_can_mend_is_one_message(log, tmp_path, capsys, words, says):
    file = [] if not words or words[0].startswith("log=") else [f"log={log.save(tmp_path / 'log.parquet')}"]
    with pytest.raises(SystemExit) as done:
        main(["judge", "env=tiny-v1", *file, *words])
    assert done.value.code == 2 and says in capsys.readouterr().err


def test_slates_are_judged_without_a_model_of_single_choices():
    assert chosen([], 3) == ["WPDIS"] and "DR" not in chosen(["all"], 3)
    with pytest.raises(ValueError, match="offers 3 at a time"):
        chosen(["WDR"], 3)
