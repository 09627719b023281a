"""Logistic tracers: they only look back, their likelihood is what predict says, abilities and gains are recovered."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptlearn.tracing import logistic
from adaptlearn.tracing.estimator import UnknownSkill
from adaptlearn.tracing.features import FEATURES, SCALES, Coded, earlier
from adaptlearn.tracing.logistic import Logistic

RECIPES = (logistic.irt, logistic.afm, logistic.pfa, logistic.best_lr, logistic.growth)


def simulated(n=300, length=20, spread=1.0, seed=0):
    """Answers of the additive factor model itself: ability, two skills of known easiness and gain, four items."""
    rng = np.random.default_rng(seed)
    learner, item = np.repeat(np.arange(n), length), rng.integers(0, 4, n * length)
    skill = item % 2
    tries = earlier(learner * 2 + skill, np.ones(len(learner)))
    ability = spread * rng.normal(size=n)
    eta = np.array([-1.0, 0.5])[skill] + np.array([0.6, 0.2])[skill] * np.log1p(tries) + ability[learner]
    right = (rng.random(len(eta)) < 1 / (1 + np.exp(-eta))).astype(int)
    return {"learner": learner, "skill": np.array(["add", "cut"])[skill], "correct": right, "item": item}, ability


@pytest.mark.kernels
@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.booleans()), min_size=1, max_size=40))
def test_features_are_what_counting_by_hand_gives(rows):
    who, what, right = (np.array(column) for column in zip(*rows, strict=True))
    log = Coded(who, what, what, what, what, right.astype(np.uint8))
    for m in range(len(rows)):
        mine = [t for t in range(m) if who[t] == who[m]]
        same = [t for t in mine if what[t] == what[m]]
        counted = {"skill_tries": same, "skill_right": [t for t in same if right[t]],
                   "wrong": [t for t in mine if not right[t]], "right": [t for t in mine if right[t]]}  # fmt: skip
        for name, found in counted.items():
            assert FEATURES[name].of(log)[m] == pytest.approx(np.log1p(len(found)))
        level = 0.0
        for t in same:
            level = 0.8 * level + 0.2 * (2 * right[t] - 1)
        assert FEATURES["recent_skill"].of(log)[m] == pytest.approx(level)


@pytest.mark.kernels
@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1), st.booleans(), st.integers(0, 400)),
                min_size=1, max_size=30))  # fmt: skip
def test_counts_fade_with_the_days_as_counting_by_hand_gives(rows):
    """Lindsey et al. (2014): each earlier answer on the skill counts exp(-days since / scale)."""
    rows = sorted(rows, key=lambda row: row[3])
    who, what, right, day = (np.array(column) for column in zip(*rows, strict=True))
    log = Coded(who, what, what, what, what, right.astype(np.uint8), day.astype(float))
    for name, scale in SCALES.items():
        for kind in ("right", "tries"):
            wanted = [sum(np.exp(-(day[m] - day[t]) / scale) * (right[t] if kind == "right" else 1.0)
                          for t in range(m) if who[t] == who[m] and what[t] == what[m])
                      for m in range(len(rows))]  # fmt: skip
            np.testing.assert_allclose(FEATURES[f"{kind}_{name}"].of(log), np.log1p(wanted), atol=1e-9)


@pytest.mark.kernels
@pytest.mark.parametrize("recipe", RECIPES)
def test_the_chances_before_each_answer_multiply_to_the_likelihood_of_the_fit(recipe):
    log, _ = simulated(n=25)
    tracer = recipe().fit(**log)
    p = tracer.predict(**log)
    said = np.where(log["correct"], np.log(p), np.log1p(-p)).sum()
    assert said == pytest.approx(tracer.log_likelihood_, rel=1e-9)
    assert (np.diff(tracer.history_) >= 0.0).all()


def test_what_drew_the_answers_is_found_again():
    log, ability = simulated(n=3_000, length=30)
    tracer = logistic.afm().set_params(tolerance=1e-3).fit(**log)
    assert tracer.spread_ == pytest.approx(ability.std(), abs=0.06)
    easy, gain = tracer.weights("skill"), tracer.weights("skill_tries")
    assert easy["cut"] - easy["add"] == pytest.approx(1.5, abs=0.12)
    assert gain["add"] == pytest.approx(0.6, abs=0.05) and gain["cut"] == pytest.approx(0.2, abs=0.05)


def test_learners_all_alike_have_no_spread_of_ability():
    log, _ = simulated(n=1_000, spread=0.0)
    assert logistic.afm().fit(**log).spread_ < 0.25


def test_without_ability_the_fit_is_ordinary_penalised_regression():
    """The gradient of the log-posterior vanishes: sums of residuals over a weight are its pull to 0."""
    log, _ = simulated(n=200)
    tracer = Logistic(("skill", "item"), tolerance=1e-9).fit(**log)
    left = log["correct"] - tracer.predict(**log)
    for name, values in (("skill", log["skill"]), ("item", log["item"])):
        for key, weight in tracer.weights(name).items():
            assert left[values == key].sum() == pytest.approx(weight, abs=1e-2)
    assert left.sum() == pytest.approx(1e-4 * tracer.weights_[0], abs=1e-2)


def test_order_of_learners_and_names_change_nothing():
    log, _ = simulated(n=50)
    chance = logistic.growth().fit(**log).predict(**log)
    mixed = np.argsort(np.tile(np.arange(20), 50), kind="stable")
    other = {name: values[mixed] for name, values in log.items()} | {"learner": -log["learner"][mixed]}
    np.testing.assert_allclose(logistic.growth().fit(**other).predict(**other), chance[mixed], atol=2e-4)


def test_what_cannot_be_fitted_is_refused_in_words():
    log, _ = simulated(n=10)
    with pytest.raises(ValueError, match=r"item: found none; needed a column of items.*e\.g\."):
        logistic.irt().fit(log["learner"], log["skill"], log["correct"])
    with pytest.raises(ValueError, match=r"features = \('charm',\); needed some of"):
        Logistic(("charm",)).fit(**log)
    with pytest.raises(ValueError, match=r"prior = 0.0; needed"):
        Logistic(prior=0.0).fit(**log)
    with pytest.raises(ValueError, match="all right; needed both"):
        Logistic().fit([1, 1], ["a", "a"], [1, 1])
    fitted = Logistic().fit(**log)
    with pytest.raises(UnknownSkill, match="'divide'"):
        fitted.predict([0], ["divide"], [1])
    assert 0.0 < fitted.predict([0], ["divide"], [1], unknown="typical")[0] < 1.0
