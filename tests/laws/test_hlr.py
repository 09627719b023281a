"""Half-life regression: what is left halves every h days, and h grows with the square roots of what was answered."""

from types import SimpleNamespace

import numpy as np
import pytest

from adaptlearn.core.catalogue import FEATURES
from adaptlearn.core.learner import Exposure, Skill, Traits
from adaptlearn.laws import hlr
from adaptlearn.laws.hlr import Mind, Params

P = Params()
SKILL = Skill(layer=0.0, prior=0.0, learn=0.2, guess=0.15, slip=0.08, forget=0.0)
MEDIAN = Traits(*[0.0] * len(Traits._fields))._replace(rate=1.0, memory=1.0)
QUARTER_HOUR = SimpleNamespace(**dict.fromkeys(FEATURES, 0.0) | {"minutes": 15.0})
NEWCOMER = hlr.begin(SKILL, MEDIAN, 0.0, 0.5, P)


def asked(mind, right):
    return hlr.learn(mind, Exposure(1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, right, 0.0), QUARTER_HOUR, SKILL, MEDIAN, 0.0,
                     0.5, P)  # fmt: skip


def test_the_half_life_is_the_papers_line():
    mind = Mind(1.0, 5.0, 3.0, 0.0, 1.0)
    h = 2.0 ** (P.bias + P.right * np.sqrt(1.0 + 5.0) + P.wrong * np.sqrt(1.0 + 3.0))
    assert hlr.half_life(mind, P) == pytest.approx(h)
    for halves in (1.0, 2.0, 3.5):
        assert hlr.recall(hlr.forget(mind, halves * h, P), P) == pytest.approx(0.5**halves)


def test_a_visit_asks_counts_and_restores():
    mind = asked(asked(hlr.forget(asked(NEWCOMER, 1.0), 5.0, P), 0.0), 1.0)
    assert (mind.right, mind.wrong) == (2.0, 1.0)
    assert hlr.recall(mind, P) == pytest.approx(1.0) and hlr.recall(NEWCOMER, P) == 0.0


def test_half_lives_stay_within_their_bounds():
    for right in (0.0, 1e6):
        assert P.shortest <= hlr.half_life(Mind(1.0, right, 0.0, 0.0, 1.0), P) <= P.longest


def test_a_good_memory_keeps_in_proportion():
    good = hlr.begin(SKILL._replace(prior=1.0), MEDIAN._replace(memory=2.0), 0.0, 0.5, P)
    usual = hlr.begin(SKILL._replace(prior=1.0), MEDIAN, 0.0, 0.5, P)
    assert hlr.half_life(good, P) == pytest.approx(2.0 * hlr.half_life(usual, P))
