"""Beliefs held against the truth: figures of beliefs whose faults are known."""

import numpy as np
import pytest

from adaptlearn.evaluation.beliefs import Believed, by_day, by_learner, figures, logit, picture, reliability

DICE = np.random.default_rng(5)
N, T, K = 150, 8, 4


def made(widen=1.0, shift=0.0):
    """Decisions of a belief whose spread is true times ``widen`` and whose mean is off by ``shift`` of a spread."""
    dice = np.random.default_rng(3)
    mean, sd = dice.normal(0.0, 1.0, (N * T, K)), np.full((N * T, K), 0.7)
    truth = 1.0 / (1.0 + np.exp(-(mean + sd * dice.normal(size=mean.shape))))
    level = 1.0 / (1.0 + np.exp(-mean))
    learner, day = np.repeat(np.arange(N), T), np.tile(np.linspace(0.0, 40.0, T), N)
    met = dice.random((N * T, K)) < 0.7
    return Believed(learner, day, met, truth, level, mean + shift * sd, widen * sd)


def test_a_true_belief_is_calibrated_and_one_too_sure_or_too_wide_is_not():
    for p, found in ((name, figures(made())[f"within_{name}"]) for name in (50, 80, 95)):
        assert found.low <= p / 100 <= found.high
    sure, wide = (figures(made(widen)) for widen in (0.5, 2.0))
    assert sure["within_80"].high < 0.8 < wide["within_80"].low
    assert figures(made())["log_score"] > max(
        sure["log_score"], wide["log_score"], figures(made(1.0, 0.5))["log_score"]
    )


def test_only_skills_met_are_counted_and_parts_add_up():
    believed = made()
    parts = by_day(believed)
    assert figures(believed)["levels"] == believed.met.sum() == sum(part.met.sum() for _, part in parts[1:])
    unmet = believed.truth.copy()
    unmet[~believed.met] = 0.5
    changed = Believed(**{**vars(believed), "truth": unmet})
    assert figures(changed) == figures(believed)


def test_figures_of_a_belief_that_says_no_interval_are_of_its_levels_alone():
    believed = Believed(**{**vars(made()), "mean": None, "sd": None})
    assert set(figures(believed)) == {"levels", "r", "r2", "error"}
    exact = Believed(**{**vars(believed), "level": believed.truth})
    assert figures(exact)["r"] == pytest.approx(1.0) and figures(exact)["r2"] == pytest.approx(1.0)


def test_alike_decisions_of_one_learner_do_not_count_as_many():
    """Twenty copies of each learner's one number say no more than the number."""
    value, whose = DICE.normal(size=200), np.arange(200)
    once, often = by_learner(value, whose), by_learner(np.repeat(value, 20), np.repeat(whose, 20))
    np.testing.assert_allclose(once, often, rtol=1e-9)
    assert once.high - once.value == pytest.approx(1.96 * value.std(ddof=1) / np.sqrt(200), rel=1e-3)


def test_reliability_has_equal_tenths_in_order():
    believed, true = reliability(made())
    assert (np.diff(believed) > 0).all() and len(true) == 10


def test_levels_at_the_ends_are_told_apart_from_none():
    assert np.isfinite(logit(np.array([0.0, 1.0]))).all()


def test_a_picture_draws_every_source():
    from adaptlearn.evaluation.figures import svg

    drawn = svg(picture({"one": made(), "other": made(0.5)}, "Beliefs"))
    assert drawn.count("one") >= 1 and "other" in drawn and "truths within it" in drawn
