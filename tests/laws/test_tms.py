"""The transition-matrix law: levels after n visits are spread as the n-th power of the matrix says, never downwards."""

from types import SimpleNamespace

import numpy as np
import pytest

from adaptlearn.core.catalogue import FEATURES
from adaptlearn.core.learner import Exposure, Skill, Traits
from adaptlearn.laws import tms

P = tms.Params()
N = 200_000
SKILL = Skill(layer=0.0, prior=0.2, learn=0.2, guess=0.15, slip=0.08, forget=0.1)
MEDIAN = Traits(*[0.0] * len(Traits._fields))._replace(rate=1.0, memory=1.0)
QUARTER_HOUR = SimpleNamespace(**dict.fromkeys(FEATURES, 0.0) | {"minutes": 15.0})
SHOWN = Exposure(1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
ASKED = SHOWN._replace(tested=1.0, success=0.5)


def matrix(part, whole):
    return np.array([[1.0 - part, part, 0.0], [0.0, 1.0 - whole, whole], [0.0, 0.0, 1.0]])


def shares(mind):
    return np.array([np.mean(mind.level == level) for level in (0.0, 1.0, 2.0)])


def visited(mind, exposure, u):
    return tms.learn(mind, exposure, QUARTER_HOUR, SKILL, MEDIAN, 0.0, u, P)


@pytest.mark.parametrize(
    ("exposure", "moves"),
    [(SHOWN, matrix(P.shown_part, P.shown_whole)), (ASKED, matrix(P.asked_part, P.asked_whole))],
    ids=["shown", "asked"],
)
def test_levels_are_spread_as_the_power_of_the_matrix_says(exposure, moves):
    rng = np.random.default_rng(1)
    mind = tms.begin(SKILL, MEDIAN, 0.0, rng.random(N), P)
    rest = 1.0 - SKILL.prior
    expected = np.array([rest * (1.0 - P.halfway), rest * P.halfway, SKILL.prior])
    for _ in range(4):
        np.testing.assert_allclose(shares(mind), expected, atol=5.0 * 0.5 / np.sqrt(N))
        before, mind, expected = mind, visited(mind, exposure, rng.random(N)), expected @ moves
        assert set(np.unique(mind.level - before.level)) <= {0.0, 1.0}


def test_nothing_passes_while_a_prerequisite_is_at_none():
    none, part, whole = (tms.supports(tms.Mind(level), SKILL, P) for level in (0.0, 1.0, 2.0))
    assert (none, part, whole) == (0.0, P.part, 1.0)
    stuck = visited(tms.Mind(np.zeros(N)), SHOWN._replace(readiness=none), np.random.default_rng(0).random(N))
    assert (stuck.level == 0.0).all()


def test_a_dose_of_two_visits_moves_with_the_chance_of_two_tries():
    thirty = SimpleNamespace(**vars(QUARTER_HOUR) | {"minutes": 15.0 * 2.0 ** (1.0 / P.dose)})
    u = (np.arange(N) + 0.5) / N
    lifted = tms.learn(tms.Mind(np.zeros(N)), SHOWN, thirty, SKILL, MEDIAN, 0.0, u, P).level
    assert lifted.mean() == pytest.approx(1.0 - (1.0 - P.shown_part) ** 2, abs=1e-4)


def test_answers_run_from_guessing_to_all_but_slips_and_whole_stays_whole():
    chances = [tms.p_answer(tms.Mind(level), 1.7, SKILL, P) for level in (0.0, 1.0, 2.0)]
    np.testing.assert_allclose(chances, [0.15, 0.15 + 0.77 * P.part, 0.92])
    assert visited(tms.Mind(2.0), SHOWN, 0.0) == tms.forget(tms.Mind(2.0), 1e4, P) == tms.Mind(2.0)
