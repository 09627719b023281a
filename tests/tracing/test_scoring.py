"""Scores against their definitions."""

import numpy as np
import pytest

from adaptlearn.tracing.scoring import auc, calibration_error, folds_of, score


def test_auc_is_the_share_of_pairs_in_the_right_order():
    rng = np.random.default_rng(0)
    right, chance = rng.integers(0, 2, 60), rng.integers(0, 12, 60) / 12.0
    above = chance[right == 1][:, None] - chance[right == 0]
    assert auc(right, chance) == pytest.approx(np.mean((above > 0) + 0.5 * (above == 0)), abs=1e-12)


def test_one_class_has_no_auc():
    assert np.isnan(score([1, 1, 1], [0.2, 0.5, 0.9]).auc)


def test_chances_that_come_true_are_calibrated():
    rng = np.random.default_rng(1)
    chance = rng.uniform(0, 1, 200_000)
    assert calibration_error((rng.uniform(0, 1, 200_000) < chance).astype(int), chance) < 0.005
    assert calibration_error(np.ones(100, int), np.full(100, 0.6)) == pytest.approx(0.4)


def test_a_certain_mistake_costs_much_but_not_infinitely():
    scores = score([0, 1], [1.0, 1.0])
    assert -25.0 < scores.log_likelihood < -15.0 and scores.rmse == pytest.approx(np.sqrt(0.5))


def test_chances_outside_their_range_are_refused():
    with pytest.raises(ValueError, match=r"needed one chance in \[0, 1\] for each of the 2"):
        score([0, 1], [0.5, 1.5])


def test_the_deal_depends_on_names_not_on_the_order_of_rows():
    learner = np.repeat([f"learner {n}" for n in range(40)], 3)
    back = np.arange(len(learner))[::-1]
    np.testing.assert_array_equal(folds_of(learner, 5)[back], folds_of(learner[back], 5))
    assert set(np.bincount(folds_of(learner, 5)).tolist()) == {24}
    with pytest.raises(ValueError, match="folds = 50; needed 2 up to the number of learners, 40"):
        folds_of(learner, 50)
