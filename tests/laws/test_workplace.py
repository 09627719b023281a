"""What the workplace law says beyond the theorems of every law: power-law fading, refreshing, spacing, reversal."""

from types import SimpleNamespace

import numpy as np
import pytest

from adaptlearn.core.catalogue import FEATURES
from adaptlearn.core.learner import Exposure, Skill, Traits
from adaptlearn.laws import workplace
from adaptlearn.laws.workplace import Mind, Params

P = Params()
SKILL = Skill(0.0, 0.2, 0.1, 0.2, 0.1, 0.0)
MEDIAN = Traits(*[0.0] * len(Traits._fields))._replace(rate=1.0, memory=1.0)
PLAIN = SimpleNamespace(**dict.fromkeys(FEATURES, 0.0) | {"minutes": 15.0, "assistance": 0.5})
FULL = Exposure(weight=1.0, fraction=1.0, readiness=1.0, match=0.0, repeats=0.0, motivation=0.0, tested=0.0,
                success=0.0, peers=0.0)  # fmt: skip
NEWCOMER = workplace.begin(SKILL, MEDIAN, 0.0, 0.5, P)


def gain(mind=NEWCOMER, exposure=FULL, activity=PLAIN, z=0.0):
    """Logit added by one visit, before forgetting."""
    return workplace.learn(mind, exposure, activity, SKILL, MEDIAN, z, 0.5, P).gain - mind.gain


def like(**features):
    return SimpleNamespace(**vars(PLAIN) | features)


def test_a_median_newcomer_at_even_odds_gains_eta_from_fifteen_plain_minutes():
    at_half = NEWCOMER._replace(start=0.0)  # level 1/2: the room left is 1
    assert gain(at_half) == pytest.approx(P.eta, rel=1e-9)


@pytest.mark.parametrize("match", [-0.4, -0.1325, 0.1, 0.3975])
def test_meshing_multiplies_the_gain_by_exactly_one_plus_match(match):
    for mind in (NEWCOMER, NEWCOMER._replace(gain=0.8, elapsed=3.0, massed=1.5)):
        assert gain(mind, FULL._replace(match=match)) == pytest.approx((1.0 + match) * gain(mind), rel=1e-9)


def test_a_gain_is_a_product_of_its_causes():
    """Weight, readiness and rate are factors; minutes a power; luck and motivation act on the logarithm."""
    base = gain()
    assert gain(exposure=FULL._replace(weight=0.4)) == pytest.approx(0.4 * base, rel=1e-9)
    assert gain(exposure=FULL._replace(readiness=0.3)) == pytest.approx(0.3 * base, rel=1e-9)
    assert gain(exposure=FULL._replace(fraction=0.4)) == pytest.approx(P.partial * base, rel=1e-9)
    assert gain(activity=like(minutes=60.0)) == pytest.approx(4.0**P.dose * base, rel=1e-9)
    assert gain(activity=like(quality=0.3)) == pytest.approx(np.exp(0.3) * base, rel=1e-9)
    assert gain(z=1.0) == pytest.approx(np.exp(P.noise) * base, rel=1e-9)
    assert gain(exposure=FULL._replace(motivation=2.0)) == pytest.approx(np.exp(2.0 * P.zeal) * base, rel=1e-9)


def test_massed_practice_teaches_less_and_days_restore_it():
    after = workplace.learn(NEWCOMER, FULL, PLAIN, SKILL, MEDIAN, 0.0, 0.5, P)
    massed, spaced = after, after._replace(massed=0.0)
    assert gain(massed) == pytest.approx(2.0**-P.mass * gain(spaced), rel=1e-9)
    rested = workplace.forget(after, P.massed_days, P)
    assert rested.massed == pytest.approx(np.exp(-1.0))


def test_assistance_helps_novices_and_hinders_experts():
    """Expertise reversal (Kalyuga et al. 2003): the sign turns at level m_assist."""
    turn = np.log(P.m_assist / (1.0 - P.m_assist))
    for start, sign in ((turn - 1.0, 1.0), (turn, 0.0), (turn + 1.0, -1.0)):
        mind = NEWCOMER._replace(start=start)
        more = gain(mind, activity=like(assistance=0.7)) - gain(mind, activity=like(assistance=0.3))
        assert np.sign(round(more, 9)) == sign


def test_ingredients_add_up_to_a_cap():
    assert gain(activity=like(multimedia=1.0)) == pytest.approx((1.0 + P.k_multimedia) * gain(), rel=1e-9)
    everything = like(multimedia=1.0, coach=1.0, peer=1.0, flipped=1.0, blended=1.0, elaborated=1.0)
    tested = FULL._replace(tested=1.0, success=0.5)
    assert gain(exposure=tested, activity=everything) == pytest.approx((1.0 + P.cap) * gain(), rel=1e-9)


def test_feedback_needs_an_attempt():
    assert gain(activity=like(elaborated=1.0)) == pytest.approx(gain(), rel=1e-9)
    assert gain(exposure=FULL._replace(tested=1.0), activity=like(elaborated=1.0)) > gain(
        exposure=FULL._replace(tested=1.0)
    )


@pytest.mark.parametrize("days", [0.0, 1.0, 10.0, 100.0, 1000.0])
def test_retention_is_a_power_law(days):
    """R = (1 + t / S) ** -d; at t = S it is 2 ** -d.   Wixted & Ebbesen (1991)"""
    mind = workplace.forget(Mind(-1.0, 1.0, 20.0, 0.0, 0.0), days, P)
    assert workplace.retention(mind, P) == pytest.approx((1.0 + days / 20.0) ** -P.decay)
    assert workplace.theta(mind, P) == pytest.approx(-1.0 + (1.0 + days / 20.0) ** -P.decay)


def test_what_was_brought_along_is_never_forgotten():
    mind = workplace.forget(NEWCOMER, 10_000.0, P)
    assert workplace.level(mind, SKILL, P) == workplace.level(NEWCOMER, SKILL, P)


def test_a_visit_adds_its_gain_and_undoes_part_of_the_forgetting():
    """theta' = start + gain x (R + (1 - R) x recover x share) + new."""
    mind = Mind(-0.5, 1.2, 10.0, 25.0, 0.3)
    kept = workplace.retention(mind, P)
    for share in (0.4, 1.0):
        exposure = FULL._replace(fraction=share)
        after = workplace.learn(mind, exposure, PLAIN, SKILL, MEDIAN, 0.0, 0.5, P)
        expected = mind.start + mind.gain * (kept + (1.0 - kept) * P.recover * share) + gain(mind, exposure)
        assert workplace.theta(after, P) == pytest.approx(expected, rel=1e-9)


def test_stability_grows_more_when_success_comes_late_and_never_beyond_its_cap():
    fresh, faded = Mind(-0.5, 1.0, 10.0, 1.0, 0.0), Mind(-0.5, 1.0, 10.0, 40.0, 0.0)
    failed, succeeded = FULL._replace(tested=1.0, success=0.0), FULL._replace(tested=1.0, success=1.0)

    def growth(mind, exposure):
        return workplace.stabler(mind, exposure, MEDIAN, P) / mind.stability

    assert 1.0 < growth(fresh, succeeded) < growth(faded, succeeded)
    assert growth(faded, failed) < growth(faded, FULL) < growth(faded, succeeded)
    for _ in range(50):
        faded = workplace.learn(workplace.forget(faded, 30.0, P), succeeded, PLAIN, SKILL, MEDIAN, 0.0, 0.5, P)
    assert faded.stability == pytest.approx(P.s_cap)


def test_answers_run_from_guessing_to_all_but_slips():
    hopeless, master = NEWCOMER._replace(start=-40.0), NEWCOMER._replace(start=40.0)
    assert workplace.p_answer(hopeless, 0.0, SKILL, P) == pytest.approx(P.guess)
    assert workplace.p_answer(master, 0.0, SKILL, P) == pytest.approx(1.0 - P.slip)
    at_difficulty = NEWCOMER._replace(start=0.7)
    assert workplace.p_answer(at_difficulty, 0.7, SKILL, P) == pytest.approx((P.guess + 1.0 - P.slip) / 2.0)
