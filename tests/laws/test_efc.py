"""The exponential forgetting curve: what is left fades at a rate that every attempt divides, whatever was answered."""

from types import SimpleNamespace

import numpy as np
import pytest

from adaptlearn.core.catalogue import FEATURES
from adaptlearn.core.learner import Exposure, Skill, Traits
from adaptlearn.laws import efc

P = efc.Params()
SKILL = Skill(layer=0.0, prior=0.0, learn=0.2, guess=0.15, slip=0.08, forget=0.0)
MEDIAN = Traits(*[0.0] * len(Traits._fields))._replace(rate=1.0, memory=1.0)
QUARTER_HOUR = SimpleNamespace(**dict.fromkeys(FEATURES, 0.0) | {"minutes": 15.0})
SHOWN = Exposure(1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def visited(mind, exposure=SHOWN):
    return efc.learn(mind, exposure, QUARTER_HOUR, SKILL, MEDIAN, 0.0, 0.5, P)


def test_recall_is_the_papers_line_after_any_number_of_attempts():
    mind = efc.begin(SKILL, MEDIAN, 0.7, 0.5, P)
    rate = P.rate * np.exp(P.rate_sd * 0.7)
    for attempts in range(1, 6):
        mind = visited(efc.forget(mind, 3.0, P))
        for days in (0.0, 2.0, 30.0):
            assert efc.forecast(mind, days, SKILL, P) == pytest.approx(np.exp(-rate * days / attempts))


def test_what_was_answered_changes_nothing():
    begun = efc.forget(visited(efc.begin(SKILL, MEDIAN, 0.0, 0.5, P)), 9.0, P)
    shown, right, wrong = (visited(begun, SHOWN._replace(tested=t, success=s)) for t, s in ((0, 0), (1, 1), (1, 0)))
    assert shown == right == wrong


def test_half_a_visit_is_half_an_attempt_and_half_the_way_back():
    begun = efc.forget(visited(visited(efc.begin(SKILL, MEDIAN, 0.0, 0.5, P))), 20.0, P)
    kept = efc.recall(begun, P)
    half = visited(begun, SHOWN._replace(weight=0.5))
    assert half.attempts == pytest.approx(begun.attempts + 0.5)
    assert efc.recall(half, P) == pytest.approx(kept + (1.0 - kept) / 2.0)


def test_rates_over_learners_are_lognormal_around_the_median():
    z = np.random.default_rng(0).normal(size=100_000)
    rate = np.log(efc.begin(SKILL, MEDIAN, z, 0.5, P).rate)
    assert rate.mean() == pytest.approx(np.log(P.rate), abs=0.02) and rate.std() == pytest.approx(P.rate_sd, rel=0.02)


def test_a_newcomer_guesses_and_one_who_knew_remembers():
    assert efc.p_answer(efc.begin(SKILL, MEDIAN, 0.0, 0.5, P), 0.0, SKILL, P) == pytest.approx(SKILL.guess)
    knew = efc.begin(SKILL._replace(prior=1.0), MEDIAN, 0.0, 0.5, P)
    assert efc.p_answer(knew, 0.0, SKILL, P) == pytest.approx(1.0 - SKILL.slip)
