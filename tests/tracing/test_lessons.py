"""What activities teach: a planted wrong tag is found, without it none is, and effects are those that were planted."""

from dataclasses import replace

import numpy as np
import pytest

from adaptlearn.agents.shelf import build
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.visits import Answers, Visits, of_log
from adaptlearn.envs.registry import rules
from adaptlearn.tracing.finishing import finishing
from adaptlearn.tracing.lessons import Lesson, _doubted, by_chance, lessons, usual_noise

SMALL = {"draws": 32, "most": 6000}


@pytest.fixture(scope="module")
def world():
    return rules("tiny-v1").world


@pytest.fixture(scope="module")
def log(world):
    return simulate(build("random", world), rules("tiny-v1"), np.arange(900), 3, log=True).log


def doubts(found, word):
    return {(one.activity, one.skill) for one in found.found if one.doubt == word}


def test_without_a_wrong_tag_no_tag_is_missing(log, world):
    found = lessons(of_log(log, world), world.teaches, **SMALL)
    assert not doubts(found, "teaches it too")
    told = {(world.activity_ids[one.activity], world.skill_ids[one.skill]): one for one in found.found if one.shrunk}
    assert len(told) == 10
    best, least = told["resolving-counter", "resolving"], told["listening-reading", "greeting"]
    assert best.shrunk[1] > 0.0 and best.shrunk[0] > least.shrunk[0] and best.effect > least.effect


def test_a_wrong_tag_is_found_and_the_right_one_named(log, world):
    """The log is of learners whom the video taught greeting; the catalogue says listening."""
    video, skill = world.activity_index["greeting-video"], world.skill_index
    wrong = tuple(
        replace(a, teaches=(("listening", 1.0),)) if j == video else a for j, a in enumerate(world.activities)
    )
    declared = replace(world, activities=wrong)
    found = lessons(of_log(log, declared), declared.teaches, **SMALL)
    assert doubts(found, "teaches it too") == {(video, skill["greeting"])}
    assert (video, skill["listening"]) in doubts(found, "teaches too little")


def made(effects, n=400, steps=8, seed=0, items=3):
    """Learners who take activities by chance and answer after each; activity a adds effects[a] to skill a % 2."""
    dice = np.random.default_rng(seed)
    activity = dice.integers(0, len(effects), (n, steps))
    level, skill = dice.normal(0, 0.8, (n, 2)), dice.integers(0, 2, (n, steps))
    right = np.zeros((n, steps), np.int64)
    for t in range(steps):
        logit = level[np.arange(n), skill[:, t]] - 0.5
        for a, effect in enumerate(effects):
            logit += effect * np.log2(1 + (activity[:, :t] == a).sum(1)) * (skill[:, t] == a % 2)
        right[:, t] = dice.binomial(items, 1 / (1 + np.exp(-logit)))
    flat = np.arange(n * steps)
    answers = Answers(flat, skill.ravel(), skill.ravel(), np.full(n * steps, items), right.ravel())
    names = tuple(f"a{a}" for a in range(len(effects)))
    return Visits("made", np.repeat(np.arange(n), steps), activity.ravel(), names, ("s0", "s1"), ("i0", "i1"), answers,
                  done=np.ones(n * steps, bool))  # fmt: skip


def test_planted_effects_are_recovered():
    effects = [0.6, 0.3, 0.0, 0.5, 0.4, 0.2]
    teaches = np.eye(2, dtype=np.float32)[np.arange(6) % 2]
    found = {one.activity: one for one in lessons(made(effects), teaches, draws=64).found if one.declared}
    z = [(found[a].effect - effect) / found[a].error for a, effect in enumerate(effects)]
    assert np.abs(z).max() < 4
    inside = [found[a].shrunk[1] - 0.05 < effect < found[a].shrunk[2] + 0.05 for a, effect in enumerate(effects)]
    assert sum(inside) >= 5
    spread = np.std([found[a].effect for a in range(6)])
    assert np.std([found[a].shrunk[0] for a in range(6)]) < spread  # pulled to each other


def test_where_offers_are_no_matter_of_chance_no_tag_is_doubted(world):
    log = simulate(build("mastery", world), rules("tiny-v1"), np.arange(200), 3, log=True).log
    assert not by_chance(log["propensity"])
    found = lessons(of_log(log, world), world.teaches, chance=False, **SMALL)
    assert not [one for one in found.found if one.doubt] and "associations" in found.notes[0]


def test_a_log_that_cannot_tell_is_refused(world, log):
    visits = of_log(log, world)
    with pytest.raises(ValueError, match="without answers"):
        lessons(replace(visits, done=None), world.teaches)
    with pytest.raises(ValueError, match="no activity was finished"):
        lessons(visits, np.zeros_like(world.teaches))


def test_what_is_usual_is_not_taken_for_surer_than_it_is():
    """Held against half of what others teach: the less is known of that half, the less is doubted."""
    one = Lesson(0, 0, 1.0, 100, 0.0, 0.05, (0.0, -0.1, 0.1), 20.0)
    assert _doubted([one], 0.3, 0.0)[0].doubt == _doubted([one], 0.3, 0.1)[0].doubt == "teaches too little"
    assert _doubted([one], 0.3, 0.2)[0].doubt == ""
    assert _doubted([one._replace(declared=0.5)], 0.3, 0.0)[0].doubt == ""  # half a tag promises half as much


def test_the_usual_noise_is_that_of_most():
    dice = np.random.default_rng(0)
    z = np.r_[dice.normal(0.5, 2.0, 4000), np.full(40, 30.0)]
    assert usual_noise(z) == (pytest.approx(0.5, abs=0.15), pytest.approx(2.0, abs=0.15))
    assert usual_noise(np.zeros(0)) == (0.0, 1.0) and usual_noise(-np.ones(9))[0] == 0.0


def test_shares_of_finishing_are_pulled_to_the_mean_where_visits_are_few():
    dice = np.random.default_rng(1)
    activity = np.r_[np.repeat(np.arange(8), 400), np.full(24, 8)]
    learner = np.sort(dice.integers(0, 300, len(activity)))
    done = dice.random(len(activity)) < np.where(activity == 8, 0.4, 0.8 + 0.01 * activity)
    visits = replace(made([0.0]), learner=np.unique(learner, return_inverse=True)[1], activity=activity,
                     activities=tuple("abcdefghi"), done=done)  # fmt: skip
    found = {one.activity: one for one in finishing(visits, draws=64)}
    assert len(found) == 9 and found[8].visits == 24
    assert found[8].share < found[8].shrunk[0] < 0.85  # pulled up
    for a in range(8):
        assert found[a].shrunk[1] - 0.03 < 0.8 + 0.01 * a < found[a].shrunk[2] + 0.03
    assert finishing(replace(visits, done=np.ones_like(done))) == []
