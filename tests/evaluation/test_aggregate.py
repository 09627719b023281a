"""Aggregate scores: rliable's definitions, by hand; intervals that cover."""

import numpy as np
import pytest

from adaptlearn.evaluation.aggregate import STATISTICS, aggregate, interquartile_mean, optimality_gap, resampled


def test_the_interquartile_mean_is_that_of_the_middle_half_by_hand():
    scores = np.array([[0.0, 10.0], [1.0, 2.0], [3.0, 4.0], [-9.0, 5.0]])
    assert interquartile_mean(scores) == pytest.approx(np.mean([1.0, 2.0, 3.0, 4.0]))
    assert interquartile_mean(scores) == interquartile_mean(scores.ravel()[::-1].reshape(8, 1))


def test_the_gap_counts_what_is_above_one_as_one():
    assert optimality_gap([[0.5, 1.5], [1.0, 0.0]]) == pytest.approx((0.5 + 0 + 0 + 1) / 4)
    assert STATISTICS["median"]([[0.0, 1.0, 5.0], [2.0, 1.0, 5.0]]) == 1.0


def test_runs_are_drawn_within_their_task():
    scores = np.arange(5.0)[:, None] + 100.0 * np.arange(3)
    drawn = resampled(scores, 200, 0)
    assert drawn.shape == (200, 5, 3) and ((drawn // 100) == np.arange(3)).all()
    assert set(np.unique(drawn % 100)) == set(range(5))


def test_intervals_cover_the_truth():
    """Normal runs around task means of 0 to 1: the truth is their mean; ten runs a task, 95 % less a little."""
    dice, hit = np.random.default_rng(6), 0
    centre = np.linspace(0.0, 1.0, 6)
    for turn in range(150):
        one = aggregate(centre + 0.3 * dice.normal(size=(10, 6)), draws=200, seed=turn)["mean"]
        hit += one.low <= 0.5 <= one.high
    assert hit / 150 > 0.9 - 3 * np.sqrt(0.9 * 0.1 / 150)


def test_one_run_is_refused():
    with pytest.raises(ValueError, match="at least 2 runs"):
        aggregate([[0.1, 0.2]])
