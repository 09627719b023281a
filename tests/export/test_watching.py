"""What is watched says nothing while nothing changes, and says so when something does."""

import numpy as np
import pytest
from scipy import stats

from adaptlearn.core import shelf, world
from adaptlearn.export.runtime import Runtime
from adaptlearn.export.serve import drift, reliability


def binomial_most(n, p):
    """More than this many of n happen with chance 1e-4."""
    return stats.binom.isf(1e-4, n, p)


# --- drift ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["numbers", "words", "ties", "strata"])
def test_without_a_change_a_level_is_the_chance_of_an_alarm(kind):
    """Two spans of the same stream, many times: alarms are as rare as the level says, at .01 and in the tail."""
    dice, looks = np.random.default_rng(1), 1500
    ps = np.empty(looks)
    for look in range(looks):
        n, m = dice.integers(60, 400, 2)
        draw = {
            "numbers": lambda size: dice.normal(size=size),
            "words": lambda size: dice.choice(["a", "b", "c", "d"], size, p=[0.7, 0.2, 0.07, 0.03]),
            "ties": lambda size: dice.poisson(1.0, size).astype(float),
            "strata": lambda size: dice.normal(size=size),
        }[kind]
        bands = (dice.integers(0, 3, n), dice.integers(0, 3, m)) if kind == "strata" else None
        ps[look] = drift.compare("x", draw(n), draw(m), 1.0, bands).p
    for at in (0.01, 0.001):
        assert (ps < at).sum() <= binomial_most(looks, 1.5 * at), f"{(ps < at).mean()} at {at}"
    assert (ps < 0.5).mean() > 0.35  # and no more careful than that: it still has power


def test_an_older_cohort_is_no_drift():
    """The value depends on the step, and the recent span has later steps: strata take that out, nothing else would."""
    dice = np.random.default_rng(2)
    old, new = dice.integers(0, 3, 800), dice.choice(3, 800, p=[0.1, 0.2, 0.7])
    values = [band + dice.normal(size=800) for band in (old, new)]
    assert drift.compare("x", *values, 1e-4).verdict == "moved"
    assert drift.compare("x", *values, 1e-4, (old, new)).verdict == "steady"


@pytest.mark.parametrize("by", [0.6, 1.0])
def test_a_change_is_seen(by):
    dice = np.random.default_rng(3)
    found = drift.compare("x", dice.normal(size=600), dice.normal(by, size=300), drift.level(12))
    assert found.verdict == "moved" and found.size > drift.SIZE


def test_a_change_too_small_to_act_on_is_no_alarm_however_sure():
    dice = np.random.default_rng(4)
    found = drift.compare("x", dice.normal(size=60_000), dice.normal(0.1, size=60_000), 1e-4)
    assert found.p < 1e-12 and found.verdict == "steady"


def test_few_learners_are_too_early():
    found = drift.compare("x", np.arange(49.0), np.arange(100.0), 1e-4)
    assert found.verdict == "too early" and np.isnan(found.p)


def test_the_stability_index_is_symmetric_and_zero_for_equal_shares():
    table = np.array([[30.0, 50, 20], [10, 40, 50]])
    assert drift.stability([table]) == pytest.approx(drift.stability([table[::-1]]))
    assert drift.stability([np.array([[30.0, 50, 20]] * 2)]) == 0.0


# --- calibration ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("agent", ["mastery-onboarding", "linear-onboarding"])
def test_the_graph_says_with_what_guess_and_slip_it_reckons(agent):
    guess, slip = reliability.tracer_of(Runtime.load(shelf.where(agent, "agents") / "bundle", check=False))
    tracer = world.load("onboarding-v1").tracer
    np.testing.assert_allclose(guess, tracer[:, 2], atol=1e-5)
    np.testing.assert_allclose(slip, tracer[:, 3], atol=1e-5)


def answered(dice, learners=200, shift=0.0, spread=0.0):
    """Answers of learners whose share correct is the prediction, moved by ``shift`` and by each one's own amount."""
    who = np.repeat(np.arange(learners), 8)
    p = dice.uniform(0.15, 0.85, len(who))
    items = dice.integers(1, 7, len(who))
    true = np.clip(p + shift + spread * dice.normal(size=learners)[who], 0.0, 1.0)
    return who, p, items, dice.binomial(items, true)


@pytest.mark.parametrize("spread", [0.0, 0.15])
def test_true_predictions_raise_no_alarm(spread):
    """At the edge of what is tolerated, with learners who differ: alarms stay below the level."""
    dice, looks, at = np.random.default_rng(5), 400, 0.02
    said = [reliability.calibration(*answered(dice, 80, -0.05, spread), at, draws=2).verdict for _ in range(looks)]
    assert sum(word == "too high" for word in said) <= binomial_most(looks, 1.5 * at)
    assert "too low" not in said


def test_predictions_that_are_off_are_told_with_their_sign():
    dice = np.random.default_rng(6)
    assert reliability.calibration(*answered(dice, shift=0.12), 1e-4).verdict == "too low"
    assert reliability.calibration(*answered(dice, shift=-0.12), 1e-4).verdict == "too high"


def test_the_table_holds_every_answer_and_its_error_is_that_of_the_definition():
    dice = np.random.default_rng(7)
    who, p, items, right = answered(dice)
    found = reliability.calibration(who, p, items, right, 0.01)
    assert sum(one.items for one in found.bins) == items.sum() == found.items
    assert all(one.low <= one.predicted <= one.high and one.observed.low <= one.observed.value <= one.observed.high
               for one in found.bins)  # fmt: skip
    gaps = [one.items * abs(one.observed.value - one.predicted) for one in found.bins]
    assert found.error.value == pytest.approx(sum(gaps) / items.sum())
    assert found.by_chance < 0.03  # of true predictions, so many answers
    assert abs(found.shift.value - (right - items * p).sum() / items.sum()) < 1e-12


def test_the_interval_holds_the_truth_as_often_as_it_says():
    """Learners differ by chance; the interval of the shift is over learners and holds 0 in 95 % of samples."""
    dice, looks = np.random.default_rng(8), 300
    held = 0
    for _ in range(looks):
        shift = reliability.calibration(*answered(dice, 80, spread=0.1), 0.01, draws=2).shift
        held += shift.low <= 0.0 <= shift.high
    assert stats.binom.cdf(held, looks, 0.95) > 1e-3
