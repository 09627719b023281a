"""What learners do with an offer: chances are chances, preference enters where it says it does, hazards add up."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import logit

from adaptlearn.core.catalogue import FEATURES
from adaptlearn.core.learner import Life, Population, Traits, liking
from adaptlearn.laws import behaviour

P = behaviour.Params()
N = 20_000
RNG = np.random.default_rng(5)
TRAIT = Traits(*Population().draw(np.arange(N), 4).T.astype(np.float64))
LIFE = Life(*[np.zeros(N)] * len(Life._fields))._replace(
    day=RNG.uniform(0, 60, N), motivation=RNG.uniform(-3, 3, N), strain=RNG.random(N)
)
ACTIVITY = SimpleNamespace(**{name: RNG.random(N) for name in FEATURES} | {"minutes": RNG.uniform(1.0, 240.0, N)})
READY, SUCCESS, TESTED, TARGET = RNG.random(N), RNG.random(N), np.round(RNG.random(N)), RNG.random(N)


@pytest.mark.parametrize("mandatory", [0.0, 1.0])
def test_chances_lie_between_0_and_1(mandatory):
    for chance in (
        behaviour.p_accept(ACTIVITY, TRAIT, LIFE, mandatory, 0.0, P),
        behaviour.p_finish(ACTIVITY, TRAIT, LIFE, mandatory, READY, P),
        behaviour.p_leave(TRAIT, LIFE, RNG.exponential(3.0, N), mandatory, P),
    ):
        assert ((chance >= 0.0) & (chance <= 1.0)).all()


def test_liking_shifts_each_logit_by_its_coefficient_and_nothing_else():
    liked = TRAIT._replace(like_bite=TRAIT.like_bite + 2.0)
    more = liking(ACTIVITY, liked) - liking(ACTIVITY, TRAIT)
    for chance, coefficient in (
        (lambda t: behaviour.p_accept(ACTIVITY, t, LIFE, 0.0, 0.0, P), P.accept_liking),
        (lambda t: behaviour.p_finish(ACTIVITY, t, LIFE, 0.0, READY, P), P.finish_liking),
    ):
        np.testing.assert_allclose(
            logit(chance(liked)) - logit(chance(TRAIT)), coefficient * more, rtol=1e-6, atol=1e-9
        )
    np.testing.assert_allclose(
        behaviour.appeal(ACTIVITY, liked, TARGET, READY, P) - behaviour.appeal(ACTIVITY, TRAIT, TARGET, READY, P),
        P.choose_liking * more, atol=1e-12,
    )  # fmt: skip


def test_having_no_choice_costs_those_who_need_it():
    assigned, chosen = (behaviour.p_accept(ACTIVITY, TRAIT, LIFE, 0.0, choice, P) for choice in (0.0, 1.0))
    np.testing.assert_allclose(
        logit(chosen) - logit(assigned), P.accept_autonomy * TRAIT.autonomy, rtol=1e-6, atol=1e-9
    )


def test_a_mandatory_programme_is_taken_up_finished_and_not_left():
    for better in (
        lambda m: behaviour.p_accept(ACTIVITY, TRAIT, LIFE, m, 0.0, P),
        lambda m: behaviour.p_finish(ACTIVITY, TRAIT, LIFE, m, READY, P),
        lambda m: -behaviour.p_leave(TRAIT, LIFE, 3.0, m, P),
    ):
        assert (better(1.0) > better(0.0)).all()


def test_minutes_keep_their_mean_whatever_their_spread():
    z = RNG.normal(size=1_000_000)
    thirty = SimpleNamespace(minutes=30.0)
    minutes = behaviour.minutes_taken(thirty, TRAIT, 1.0, z, P)
    assert abs(minutes.mean() - 30.0) < 5.0 * minutes.std() / 1000.0
    np.testing.assert_allclose(behaviour.minutes_taken(thirty, TRAIT, 0.0, z, P), P.effort_unfinished * minutes)
    assert np.log(minutes).std() == pytest.approx(P.minutes_sd, rel=0.01)


def test_staying_through_a_month_is_staying_through_each_of_its_parts():
    """Hazards add: P(stay a + b) = P(stay a) P(stay b | a), so the pace of decisions changes nobody's stamina."""
    a, b = RNG.exponential(3.0, N), RNG.exponential(9.0, N)
    whole = 1.0 - behaviour.p_leave(TRAIT, LIFE, a + b, 0.0, P)
    first = 1.0 - behaviour.p_leave(TRAIT, LIFE, a, 0.0, P)
    second = 1.0 - behaviour.p_leave(TRAIT, LIFE._replace(day=LIFE.day + a), b, 0.0, P)
    np.testing.assert_allclose(whole, first * second, rtol=1e-9)


def test_half_the_voluntary_learners_are_gone_when_weibull_says():
    """Shape .6 and scale 65.5 days: the median is scale x log(2) ** (1 / shape), front-loaded."""
    plain = Traits(*[0.0] * len(Traits._fields))
    calm = Life(*[0.0] * len(Life._fields))
    median = P.leave_scale * np.log(2.0) ** (1.0 / P.leave_shape)
    assert behaviour.p_leave(plain, calm, median, 0.0, P) == pytest.approx(0.5)
    assert behaviour.p_leave(plain, calm, 1.0, 0.0, P) > behaviour.p_leave(plain, calm._replace(day=30.0), 1.0, 0.0, P)


def test_stars_are_one_to_five_and_whole():
    stars = behaviour.rating(ACTIVITY, TRAIT, SUCCESS, TESTED, RNG.normal(size=N) * 3.0, P)
    assert set(np.unique(stars)) == {1.0, 2.0, 3.0, 4.0, 5.0}


def test_mood_stays_within_three_sd_and_goes_home_when_nothing_happens():
    after = behaviour.mood(LIFE, TRAIT, ACTIVITY, SUCCESS, TESTED, RNG.random(N), READY, TARGET, P)
    assert (np.abs(after) <= 3.0).all()
    nothing = SimpleNamespace(**dict.fromkeys(FEATURES, 0.0) | dict.fromkeys(
        ("visual", "auditory", "textual", "kinesthetic"), 0.25))  # fmt: skip
    mind = LIFE
    for _ in range(100):
        mind = mind._replace(motivation=behaviour.mood(mind, TRAIT, nothing, 0.0, 0.0, 0.5, 1.0, 0.0, P))
    np.testing.assert_allclose(mind.motivation, np.clip(behaviour.home_mood(TRAIT, P), -3.0, 3.0), atol=1e-5)
