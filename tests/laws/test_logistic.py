"""The logistic law is AFM, PFA or IRT by its constants, and forgets nothing."""

from types import SimpleNamespace

import numpy as np
import pytest

from adaptlearn.core.catalogue import FEATURES
from adaptlearn.core.learner import Exposure, Skill, Traits
from adaptlearn.laws import logistic
from adaptlearn.laws.logistic import Params

P = Params()
SKILL = Skill(layer=0.0, prior=0.3, learn=0.2, guess=0.15, slip=0.08, forget=0.1)
MEDIAN = Traits(*[0.0] * len(Traits._fields))._replace(rate=1.0, memory=1.0)
QUARTER_HOUR = SimpleNamespace(**dict.fromkeys(FEATURES, 0.0) | {"minutes": 15.0})
NEWCOMER = logistic.begin(SKILL, MEDIAN, 0.0, 0.5, P)


def visited(mind, right, tested=1.0, p=P):
    exposure = Exposure(1.0, 1.0, 1.0, 0.0, 0.0, 0.0, tested, right, 0.0)
    return logistic.learn(mind, exposure, QUARTER_HOUR, SKILL, MEDIAN, 0.0, 0.5, p)


def test_with_equal_gains_it_is_the_additive_factor_model():
    """logit P after n opportunities = start + slope n, whatever the answers."""
    afm = P._replace(success=0.1, failure=0.1)
    mind = NEWCOMER
    for n, right in enumerate((1.0, 0.0, 0.5, 1.0), 1):
        mind = visited(mind, right, p=afm)
        assert logistic.theta(mind) - logistic.theta(NEWCOMER) == pytest.approx(0.1 * 6 * n)


def test_with_two_gains_it_is_performance_factors_analysis():
    """logit P = start + success s + failure f, over s right and f wrong answers."""
    mind, s, f = NEWCOMER, 0.0, 0.0
    for right in (4 / 6, 1.0, 0.0):
        mind, s, f = visited(mind, right), s + 6 * right, f + 6 * (1 - right)
        assert logistic.theta(mind) - logistic.theta(NEWCOMER) == pytest.approx(0.15 * s + 0.03 * f)


def test_without_gains_it_is_item_response():
    irt = P._replace(success=0.0, failure=0.0, shown=0.0)
    mind = visited(visited(NEWCOMER, 1.0, p=irt), 0.0, tested=0.0, p=irt)
    np.testing.assert_allclose(
        logistic.p_answer(mind, np.array([-1.0, 0.0, 2.0]), SKILL, irt),
        1.0 / (1.0 + np.exp(-(np.log(0.3 / 0.7) - np.array([-1.0, 0.0, 2.0])))),
    )


def test_a_newcomer_is_as_good_as_the_skills_prior_and_their_ability():
    z = np.random.default_rng(0).normal(size=200_000)
    begun = logistic.begin(SKILL, MEDIAN._replace(ability=0.5), z, 0.5, P)
    assert begun.start.mean() == pytest.approx(np.log(0.3 / 0.7) + 0.5, abs=0.01)
    assert begun.start.std() == pytest.approx(P.sd_skill, abs=0.01)


def test_spacing_and_delay_are_worth_nothing():
    """The world in which their cause is switched off."""
    massed = visited(visited(NEWCOMER, 1.0), 1.0)
    spaced = visited(logistic.forget(visited(NEWCOMER, 1.0), 30.0, P), 1.0)
    assert massed == spaced == logistic.forget(spaced, 1_000.0, P)
