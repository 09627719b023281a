"""The knowledge-structure law beside its published learner: discount by prerequisites, half of the way, answers."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from adaptlearn.core.catalogue import FEATURES
from adaptlearn.core.learner import Exposure, Skill, Traits
from adaptlearn.laws import kss

P = kss.Params()
SKILL = Skill(layer=0.0, prior=0.0, learn=0.2, guess=0.15, slip=0.08, forget=0.1)
MEDIAN = Traits(*[0.0] * len(Traits._fields))._replace(rate=1.0, memory=1.0)
QUARTER_HOUR = SimpleNamespace(**dict.fromkeys(FEATURES, 0.0) | {"minutes": 15.0})
LESSON = Exposure(1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
GRAPH = {0: (), 1: (0,), 2: (0,), 3: (1, 2), 4: (3,)}  # a diamond with a tail


def lesson(mind, exposure=LESSON, activity=QUARTER_HOUR):
    return kss.learn(mind, exposure, activity, SKILL, MEDIAN, 0.0, 0.5, P)


def test_a_course_over_a_graph_is_the_published_learners_course():
    """EduSim's step in plain Python, without what it passes on to successors, on a random course."""
    rng = np.random.default_rng(2)
    minds = [kss.begin(SKILL, MEDIAN, 0.0, u, P) for u in rng.random(5)]
    states = [mind.state for mind in minds]
    for k in rng.integers(0, 5, 400):
        readiness = math.prod(kss.supports(minds[j], SKILL, P) for j in GRAPH[k])
        minds[k] = lesson(minds[k], LESSON._replace(readiness=readiness))
        states[k] += (5.0 - states[k]) * 0.5 * math.exp(-sum(5.0 - states[j] for j in GRAPH[k]))
        assert minds[k].state == pytest.approx(states[k])
    assert states[4] > 4.0  # the tail was reached


def test_answers_follow_three_parameter_item_response():
    skill = SKILL._replace(layer=2.0)  # items of difficulty 3
    for state in (-3.0, 2.9, 3.0, 3.4, 5.0):
        expected = 0.25 + 0.75 / (1.0 + math.exp(-1.7 * 5.0 * (state - 3.0)))
        assert kss.p_answer(kss.Mind(state), 0.0, skill, P) == pytest.approx(expected)
        assert kss.p_answer(kss.Mind(state), 0.0, skill, P) == pytest.approx(
            P.guess + (1.0 - P.guess) * kss.level(kss.Mind(state), skill, P)
        )


def test_newcomers_are_spread_evenly_from_the_lowest_to_the_highest():
    begun = kss.begin(SKILL, MEDIAN, 0.0, np.linspace(0.0, 1.0, 301), P).state
    np.testing.assert_allclose(begun, np.linspace(P.lowest, P.highest, 301), atol=1e-9)
    assert np.mean(kss.begin(SKILL._replace(prior=0.3), MEDIAN, 0.0, np.linspace(0, 1, 1000), P).state == P.known) == (
        pytest.approx(0.3, abs=0.002)
    )


def test_two_doses_are_two_visits():
    thirty = SimpleNamespace(**vars(QUARTER_HOUR) | {"minutes": 15.0 * 2.0 ** (1.0 / P.dose)})
    ready = LESSON._replace(readiness=0.6)
    once = lesson(kss.Mind(-1.0), ready, thirty)
    assert once.state == pytest.approx(lesson(lesson(kss.Mind(-1.0), ready), ready).state)


def test_nothing_is_forgotten_and_answers_do_not_matter():
    assert kss.forget(kss.Mind(2.0), 1e4, P) == kss.Mind(2.0)
    wrong, right = (lesson(kss.Mind(0.0), LESSON._replace(tested=1.0, success=s)) for s in (0.0, 1.0))
    assert wrong == right == lesson(kss.Mind(0.0))
