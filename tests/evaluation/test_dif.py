"""Items that work differently: a planted one is found and named, without it nothing is, and ability is not."""

from dataclasses import replace

import numpy as np
import pytest

from adaptlearn.agents.shelf import build
from adaptlearn.classroom.simulate import simulate
from adaptlearn.envs.registry import rules
from adaptlearn.evaluation import dif


@pytest.fixture(scope="module")
def world():
    return rules("tiny-v1").world


@pytest.fixture(scope="module")
def log(world):
    return simulate(build("syllabus", world), rules("tiny-v1"), np.arange(2000), 3, log=True).log


def quiz(log, world):
    """The activity whose items most learners answered."""
    asked = np.bincount(log["taken"][log["items"] > 0], minlength=len(world.activities))
    return int(asked.argmax())


def harder(log, rows, share, seed=0):
    """The log with some of the right answers in these rows turned wrong."""
    wrong = np.random.default_rng(seed).binomial(log["answers"], share) * rows[:, None]
    answers = (log["answers"] - wrong).astype(np.uint8)
    correct = (log["correct"] - wrong.sum(1)).astype(np.int16)
    return replace(log, columns={**log.columns, "answers": answers, "correct": correct})


def test_without_a_planted_item_nothing_is_found(log, world):
    said = dif.look(log, world)
    assert len(said) > 5 and not [one for one in said if one.found]


def test_a_planted_item_is_found_and_named(log, world):
    at = quiz(log, world)
    planted = harder(log, (log["taken"] == at) & (log["site"] == 1), 0.35)
    found = [one for one in dif.look(planted, world) if one.found and one.attribute == "site"]
    assert {(one.activity, one.group) for one in found} == {
        (world.activities[at].title, "0"),
        (world.activities[at].title, "1"),
    }
    assert next(one for one in found if one.group == "1").difference.high < -dif.MATTERS


def test_a_group_that_knows_less_everywhere_is_not_called_unfair(log, world):
    """Turned wrong on every activity alike, answers say that the group knows less, which matching allows for."""
    weaker = harder(log, log["site"] == 1, 0.15)
    assert not [one for one in dif.look(weaker, world) if one.found]


def test_chances_are_even_where_nothing_is_different():
    dice = np.random.default_rng(1)
    p = []
    for _ in range(400):
        ability = dice.normal(size=300)
        share = dice.binomial(6, 1 / (1 + np.exp(-ability))) / 6
        p.append(dif._compared(share, ability + 0.3 * dice.normal(size=300), dice.random(300) < 0.4)[1])
    assert abs(np.mean(np.array(p) < 0.05) - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 400)
