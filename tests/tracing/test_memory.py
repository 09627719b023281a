"""A law as a tracer: its filter is the sum over who knew and who did not, and its weights are found again."""

import numpy as np
import pytest

from adaptlearn.core.catalogue import FEATURES
from adaptlearn.core.learner import Exposure, Skill, Traits
from adaptlearn.laws import memory as text
from adaptlearn.tracing import logistic
from adaptlearn.tracing.features import FEATURES as READ
from adaptlearn.tracing.features import SCALES, Coded
from adaptlearn.tracing.memory import Memory

MEDIAN = Traits(*[0.0] * len(Traits._fields))._replace(rate=1.0, memory=1.0)


class Activity:
    """A quarter of an hour."""

    minutes, quality = 15.0, 0.0


assert {"minutes", "quality"} <= set(FEATURES)


def asked(right):
    return Exposure(1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, right, 0.0)


def simulated(n=400, length=8, seed=0, **weights):
    """Answers of learners whose minds follow the memory law, as a filter has it.   -> columns"""
    rng, p = np.random.default_rng(seed), text.Params(lapse=1.0, **weights)
    skill = Skill(0.0, 0.4, 0.0, 0.2, 0.1, 0.0)
    mind = text.begin(skill, MEDIAN, 0.0, rng.random(n), p)
    rows, day = [], np.zeros(n)
    for t in range(length):
        gap = rng.exponential(8.0, n) if t else np.zeros(n)
        day, mind = day + gap, text.forget(mind, gap, p)
        right = (rng.random(n) < text.p_answer(mind, 0.0, skill, p)).astype(float)
        mind = text.learn(mind, asked(right), Activity, skill, MEDIAN, 0.0, 0.5, p)
        rows += [(t, who, day[who], int(right[who])) for who in range(n)]
    _, learner, days, correct = (np.array(column) for column in zip(*rows, strict=True))
    return {"learner": learner, "skill": np.full(len(learner), "word"), "correct": correct, "day": days}


def test_the_filter_is_the_sum_over_those_who_knew_and_those_who_did_not():
    log = simulated(n=30)
    tracer = Memory(steps=3).fit(**log)
    chance = tracer.predict(**log)
    p = text.Params(lapse=1.0, **tracer.weights_)
    prior, guess, slip = tracer.table_[1]
    skill = Skill(0.0, 0.5, 0.0, guess, slip * (1.0 - guess), 0.0)
    for who in range(5):
        mine = np.flatnonzero(log["learner"] == who)
        minds = [text.begin(skill, MEDIAN, 0.0, u, p) for u in (0.0, 0.999999)]
        joint = np.array([prior, 1.0 - prior])
        for before, m in zip([mine[0], *mine[:-1]], mine, strict=True):
            minds = [text.forget(mind, log["day"][m] - log["day"][before], p) for mind in minds]
            says = np.array([text.p_answer(mind, 0.0, skill, p) for mind in minds])
            assert chance[m] == pytest.approx(joint @ says / joint.sum(), abs=1e-6)
            joint = joint * (says if log["correct"][m] else 1.0 - says)
            right = asked(float(log["correct"][m]))
            minds = [text.learn(mind, right, Activity, skill, MEDIAN, 0.0, 0.5, p) for mind in minds]


def test_fast_and_slow_forgetting_are_told_apart():
    fast, slow = (Memory(steps=40).fit(**simulated(n=300, w20=decay)) for decay in (0.8, 0.05))
    assert fast.weights_["w20"] > 2.0 * slow.weights_["w20"]
    for tracer in (fast, slow):
        assert tracer.history_[-1] > tracer.history_[0]


def test_days_are_needed_and_never_go_back():
    log = simulated(n=10)
    for make in (Memory, logistic.dash):
        with pytest.raises(ValueError, match=r"day: found none; needed a column of days.*e\.g\."):
            make().fit(log["learner"], log["skill"], log["correct"])
        with pytest.raises(ValueError, match=r"day: found \d+ answers earlier than the same learner's answer before"):
            make().fit(**log | {"day": -log["day"]})
        with pytest.raises(ValueError, match=r"day: found 1 missing values, the first in row 3"):
            make().fit(**log | {"day": np.where(np.arange(80) == 3, np.nan, log["day"])})
    with pytest.raises(ValueError, match="law = 'osmosis'; needed one of memory, hlr"):
        Memory("osmosis").fit(**log)


def test_counts_that_fade_are_what_adding_up_by_hand_gives():
    log = simulated(n=20)
    who, right, day = log["learner"], log["correct"], log["day"]
    coded = Coded(who, who * 0, who * 0, who * 0, who * 0, right.astype(np.uint8), day)
    for scale, days in SCALES.items():
        found = READ[f"right_{scale}"].of(coded)
        for m in (0, 50, 159):
            earlier = [t for t in range(m) if who[t] == who[m]]
            assert found[m] == pytest.approx(
                np.log1p(sum(right[t] * np.exp(-(day[m] - day[t]) / days) for t in earlier))
            )
