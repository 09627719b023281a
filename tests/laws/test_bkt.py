"""The bkt law simulated is the hidden Markov model of Corbett & Anderson (1995), with a lifetime for what is known."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from adaptlearn.core import luck
from adaptlearn.core.catalogue import FEATURES
from adaptlearn.core.learner import Exposure, Skill, Traits
from adaptlearn.laws import bkt

P = bkt.Params()
N = 200_000
MEDIAN = Traits(*[0.0] * len(Traits._fields))._replace(rate=1.0, memory=1.0)
QUARTER_HOUR = SimpleNamespace(**dict.fromkeys(FEATURES, 0.0) | {"minutes": 15.0})
FULL = Exposure(1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
SKILL = Skill(layer=0.0, prior=0.3, learn=0.2, guess=0.15, slip=0.08, forget=0.02)
U = luck.uniform(1, luck.BEGIN, np.arange(N)).astype(np.float64)
V = luck.uniform(1, luck.LEARN, np.arange(N)).astype(np.float64)


def agrees(share, p, n=N):
    return abs(share - p) < 5.0 * np.sqrt(p * (1.0 - p) / n)


def begun(skill=SKILL):
    return bkt.begin(skill, MEDIAN, 0.0, U, P)


def test_a_skill_is_known_at_the_start_with_its_prior():
    assert agrees(bkt.knows(begun()).mean(), SKILL.prior)


def test_ability_shifts_the_prior_on_the_logit_scale():
    able = bkt.begin(SKILL, MEDIAN._replace(ability=2.0), 0.0, U, P)
    odds = SKILL.prior / (1.0 - SKILL.prior) * np.exp(2.0 * P.ability_logit)
    assert agrees(able.known.mean(), odds / (1.0 + odds))


def test_one_full_exposure_teaches_with_the_skills_rate():
    unknown = bkt.Mind(np.zeros(N), np.zeros(N))
    after = bkt.learn(unknown, FULL, QUARTER_HOUR, SKILL, MEDIAN, 0.0, V, P)
    assert agrees(bkt.knows(after).mean(), SKILL.learn)


@pytest.mark.parametrize("match", [-0.3, 0.25])
def test_meshing_is_worth_exactly_as_many_exposures(match):
    """Staying unknown through a visit: (1 - learn) ** (1 + match)."""
    unknown = bkt.Mind(np.zeros(N), np.zeros(N))
    after = bkt.learn(unknown, FULL._replace(match=match), QUARTER_HOUR, SKILL, MEDIAN, 0.0, V, P)
    assert agrees(1.0 - bkt.knows(after).mean(), (1.0 - SKILL.learn) ** (1.0 + match))
    exact = 1.0 - (1.0 - SKILL.learn) ** (1.0 + match)
    np.testing.assert_array_equal(after.known, exact > V)


def test_lifetimes_are_exponential_however_a_skill_became_known():
    """Known at the start, or learned: one uniform decided that, and what is left of it is uniform again."""
    at_start = begun()
    taught = bkt.learn(bkt.Mind(np.zeros(N), np.zeros(N)), FULL, QUARTER_HOUR, SKILL, MEDIAN, 0.0, V, P)
    for mind in (at_start, taught):
        left = mind.left[mind.known > 0.5] * SKILL.forget
        assert stats.kstest(left[left < 12.0], "expon").pvalue > 1e-4


def test_forgetting_has_no_memory():
    """Of those who know, exp(-rate x days) still do, however long ago they learned."""
    mind = begun()
    for _ in range(3):
        before = bkt.knows(mind)
        mind = bkt.forget(mind, 20.0, P)
        n = int(before.sum())
        assert agrees(bkt.knows(mind).sum() / n, np.exp(-SKILL.forget * 20.0), n)


def test_what_is_forgotten_can_be_learned_again():
    mind = bkt.forget(begun(), 400.0, P)
    assert bkt.knows(mind).mean() < 0.001
    again = bkt.learn(mind, FULL, QUARTER_HOUR, SKILL, MEDIAN, 0.0, V, P)
    assert agrees(bkt.knows(again).mean(), SKILL.learn + (1.0 - SKILL.learn) * bkt.knows(mind).mean())


def test_without_forgetting_what_is_known_stays():
    mind = bkt.forget(bkt.begin(SKILL._replace(forget=0.0), MEDIAN, 0.0, U, P), 100_000.0, P)
    assert agrees(bkt.knows(mind).mean(), SKILL.prior)


def test_answers_are_guesses_or_slips():
    mind = bkt.Mind(np.array([0.0, 1.0, 1.0]), np.array([5.0, 5.0, -1.0]))
    np.testing.assert_array_equal(bkt.p_answer(mind, 3.0, SKILL, P), [SKILL.guess, 1.0 - SKILL.slip, SKILL.guess])
    np.testing.assert_array_equal(bkt.level(mind, SKILL, P), [0.0, 1.0, 0.0])


def test_a_good_memory_keeps_in_proportion():
    long = bkt.begin(SKILL, MEDIAN._replace(memory=3.0), 0.0, U, P)
    np.testing.assert_allclose(long.left, 3.0 * begun().left, rtol=1e-12)
