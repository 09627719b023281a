"""BKT as a person meets it: fitting, foretelling, held-out scores, refusals."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptlearn.core.record import Tracer
from adaptlearn.tracing.bkt import BKT
from adaptlearn.tracing.bkt_fit import COINS, Priors
from adaptlearn.tracing.estimator import UnknownSkill

ADD = Tracer(prior=0.3, learn=0.15, guess=0.2, slip=0.1, forget=0.0)


def test_simulated_parameters_lie_within_their_intervals(log_of):
    """Forty skills with the same true coins: their 95 % intervals cover about as often as they say."""
    learner, skill, correct, _ = log_of({f"skill {k}": ADD for k in range(40)}, n=400, length=8)
    fitted = BKT().fit(learner, skill, correct)
    covered = {coin: 0 for coin in ("prior", "learn", "guess", "slip")}
    for fit in fitted.skills_.values():
        for coin in covered:
            low, high = fit.interval(coin)
            covered[coin] += low <= getattr(ADD, coin) <= high
            assert high - low < 0.45
    assert all(34 <= n <= 40 for n in covered.values()), covered


def test_many_answers_pin_the_parameters_down(log_of):
    fitted = BKT().fit(*log_of({"add": ADD}, n=20_000, length=10)[:3])
    tracer = fitted.skills_["add"].tracer
    for coin in ("prior", "learn", "guess", "slip"):
        assert getattr(tracer, coin) == pytest.approx(getattr(ADD, coin), abs=0.015), coin
    assert tracer.forget == 0.0


def test_forgetting_starts_above_zero_and_is_found(log_of):
    true = Tracer(prior=0.5, learn=0.2, guess=0.15, slip=0.08, forget=0.1)
    learner, skill, correct, _ = log_of({"add": true}, n=4_000, length=15)
    fit = BKT(forgets=True).fit(learner, skill, correct).skills_["add"]
    low, high = fit.interval("forget")
    assert low <= 0.1 <= high and high - low < 0.05
    without = BKT().fit(learner, skill, correct).skills_["add"]
    assert without.tracer.forget == 0.0 and without.log_likelihood < fit.log_likelihood - 50.0


def test_the_posterior_never_falls_along_em(log_of):
    learner, skill, correct, _ = log_of({f"s{k}": ADD for k in range(6)}, n=60, length=5)
    rng = np.random.default_rng(0)
    item, lesson = rng.integers(0, 3, len(learner)), rng.integers(0, 2, len(learner))
    for forgets in (False, True):
        for columns in ({}, {"item": item, "lesson": lesson, "group": learner % 3}):
            fitted = BKT(forgets=forgets, tolerance=1e-9).fit(learner, skill, correct, **columns)
            for fit in fitted.skills_.values():
                assert min(np.diff(fit.history)) >= -1e-9, (fit.skill, forgets, list(columns))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from("ab"), st.booleans()), min_size=2, max_size=60))
def test_any_log_of_both_kinds_fits_with_states_that_keep_their_names(rows):
    learner, skill, correct = zip(*rows, strict=True)
    if len(set(correct)) == 1:
        return
    fitted = BKT(restarts=2, forgets=True).fit(learner, skill, correct)
    for fit in fitted.skills_.values():
        assert fit.tracer.guess + fit.tracer.slip <= 1.0 + 1e-9
        assert all(0.0 <= getattr(fit.tracer, coin) <= 1.0 for coin in COINS)
    assert np.isfinite(fitted.predict(learner, skill, correct)).all()


def test_sequences_of_one_answer_count():
    learner, skill, correct = np.arange(100), ["once"] * 100, np.arange(100) % 4 > 0
    fitted = BKT().fit(learner, skill, correct)
    assert fitted.skills_["once"].answers == fitted.skills_["once"].learners == 100
    assert fitted.predict(learner, skill, correct) == pytest.approx(0.75, abs=0.01)
    assert fitted.log_likelihood_ == pytest.approx(100 * (0.75 * np.log(0.75) + 0.25 * np.log(0.25)), abs=0.01)


def test_the_scores_of_the_log_are_the_likelihood_of_the_fit(log_of):
    learner, skill, correct, _ = log_of({"a": ADD, "b": ADD}, n=50, length=7)
    fitted = BKT().fit(learner, skill, correct)
    assert fitted.evaluate(learner, skill, correct).log_likelihood == pytest.approx(fitted.log_likelihood_, rel=1e-10)


def test_a_skill_named_like_a_pattern_is_only_a_name(log_of):
    names = [".*+()", "a", "aa", "[a-z]", "α β", "^$"]
    learner, skill, correct, _ = log_of({name: ADD for name in names}, n=30, length=4)
    fitted = BKT().fit(learner, skill, correct)
    assert set(fitted.skills_) == set(names) and {fit.answers for fit in fitted.skills_.values()} == {120}
    alone = BKT().fit(learner[skill == ".*+()"], skill[skill == ".*+()"], correct[skill == ".*+()"])
    assert alone.skills_[".*+()"].tracer == fitted.skills_[".*+()"].tracer


def test_another_skill_another_thread_another_interleaving_change_nothing(log_of):
    learner, skill, correct, _ = log_of({"a": ADD, "b": ADD, 7: ADD}, n=40, length=6)
    fitted = BKT(threads=1).fit(learner, skill, correct)
    by_learner = np.argsort(learner, kind="stable")
    other = BKT(threads=3).fit(learner[by_learner], skill[by_learner], correct[by_learner])
    for name in ("a", "b", 7):
        np.testing.assert_array_equal(fitted.skills_[name].theta, other.skills_[name].theta)
    chance = fitted.predict(learner, skill, correct)
    np.testing.assert_array_equal(
        chance[by_learner], other.predict(learner[by_learner], skill[by_learner], correct[by_learner])
    )


def test_smoothing_and_the_likeliest_path_come_back_in_the_order_of_the_log(log_of):
    tracers = {"a": Tracer(0.2, 0.2, 0.1, 0.05, 0.0), "b": Tracer(0.2, 0.2, 0.1, 0.05, 0.0)}
    learner, skill, correct, known = log_of(tracers, n=500, length=12)
    fitted = BKT.of(tracers)
    smoothed, path = fitted.smooth(learner, skill, correct), fitted.viterbi(learner, skill, correct)
    filtered = fitted.trace(learner, skill, correct).known
    brier = [np.mean((belief - known) ** 2) for belief in (smoothed, filtered)]
    assert brier[0] < brier[1] < 0.15
    assert np.mean(path == known) > 0.9


def test_items_that_differ_are_told_apart_and_a_new_item_is_like_its_skill(log_of):
    easy, hard = ADD._replace(guess=0.5), ADD._replace(guess=0.02)
    a = log_of({"s": easy}, n=600, length=8, seed=1)
    b = log_of({"s": hard}, n=600, length=8, seed=2, first=600)
    learner, skill, correct = (np.concatenate([x, y]) for x, y in zip(a[:3], b[:3], strict=True))
    item = np.repeat(["easy", "hard"], len(a[0]))
    fitted = BKT().fit(learner, skill, correct, item=item)
    fit = fitted.skills_["s"]
    assert fit.coins(item="easy").guess > 0.4 and fit.coins(item="hard").guess < 0.1
    assert fit.coins(item="never seen") == fit.tracer
    with_items = fitted.evaluate(learner, skill, correct, item=item).log_likelihood
    assert with_items == pytest.approx(fitted.log_likelihood_, rel=1e-10)
    assert with_items > BKT().fit(learner, skill, correct).log_likelihood_ + 100.0


def test_lessons_that_teach_and_groups_that_know_are_told_apart(log_of):
    learner, skill, correct, _ = log_of({"s": ADD._replace(prior=0.1, learn=0.02)}, n=500, length=8, seed=3)
    more = log_of({"s": ADD._replace(prior=0.8, learn=0.5)}, n=500, length=8, seed=4, first=500)
    learner, skill, correct = (np.concatenate([x, y]) for x, y in zip((learner, skill, correct), more[:3], strict=True))
    where = np.repeat(["dull", "good"], len(learner) // 2)
    fit = BKT().fit(learner, skill, correct, lesson=where, group=where).skills_["s"]
    assert fit.coins(lesson="good").learn > 0.3 and fit.coins(lesson="dull").learn < 0.06
    assert fit.coins(group="good").prior > 0.6 and fit.coins(group="dull").prior < 0.25


def test_a_prior_holds_a_skill_with_little_data_near_what_is_usual(log_of):
    learner, skill, correct, _ = log_of({"s": ADD}, n=8, length=3)
    strong = BKT(priors=Priors(guess=(800.0, 200.0), slip=(900.0, 100.0))).fit(learner, skill, correct)
    assert strong.skills_["s"].tracer.guess == pytest.approx(0.2, abs=0.01)
    assert strong.skills_["s"].tracer.slip == pytest.approx(0.1, abs=0.01)


def test_an_unknown_skill_is_an_error_and_says_what_is_needed(log_of):
    learner, skill, correct, _ = log_of({"add": ADD}, n=20, length=4)
    fitted = BKT().fit(learner, skill, correct)
    with pytest.raises(UnknownSkill, match=r"found 'divide'.*needed one of the 1 fitted.*e\.g\. 'add'"):
        fitted.predict([0, 0], ["add", "divide"], [1, 0])
    with pytest.raises(UnknownSkill, match="divide"):
        fitted.update(0.5, "divide", 1)
    scores = fitted.evaluate([0, 0], ["add", "divide"], [1, 0], unknown="typical")
    assert scores.n_fallback == 1


@pytest.mark.parametrize(
    ("learner", "skill", "correct", "says"),
    [
        ([], [], [], "found 0 answers.*needed at least one"),
        ([1, 2], ["a", "a"], [1, 1], "all right; needed both kinds"),
        ([1, 2], ["a", "a"], [0, 0], "all wrong; needed both kinds"),
        ([1, 2], ["a", "a"], [1, np.nan], "found 1 missing values, the first in row 1"),
        ([1, np.nan], ["a", "a"], [1, 0], "learner: found 1 missing"),
        ([1, 2], ["a", None], [1, 0], "skill: found 1 missing"),
        ([1, 2], ["a", ""], [1, 0], "skill: found 1 missing"),
        ([1, 2], ["a", "a"], [1, 2], r"found (np\.int64\()?2.* in row 1"),
        ([1, 2], ["a", "a"], ["yes", "no"], "found 'yes'; needed 1"),
        ([1, 2], ["a", "a"], [0.5, 1.0], "found .*0.5.* in row 0"),
        ([1, 2, 3], ["a", "a"], [1, 0], "columns: found 3 learners, 2 skills, 2 answers"),
        ([[1, 2]], ["a", "a"], [1, 0], r"learner: found an array of shape \(1, 2\)"),
    ],
)
def test_a_log_that_cannot_be_fitted_is_refused_in_words(learner, skill, correct, says):
    with pytest.raises(ValueError, match=says) as refusal:
        BKT().fit(learner, skill, correct)
    assert "needed" in str(refusal.value) and "e.g." in str(refusal.value)


def test_settings_are_stored_checked_and_copied():
    settings_ = BKT(restarts=3, forgets=True, seed=4)
    assert settings_.clone() == settings_ and settings_.get_params()["restarts"] == 3
    with pytest.raises(ValueError, match=r"restarts = 0; needed at least 1"):
        BKT(restarts=0).fit([1, 1], ["a", "a"], [0, 1])
    with pytest.raises(ValueError, match="needed fit"):
        BKT().predict([1], ["a"], [1])


def test_cross_validation_never_meets_the_learner_it_foretells(log_of):
    learner, skill, correct, _ = log_of({"a": ADD, "b": ADD}, n=100, length=6)
    result = BKT().cross_validate(learner, skill, correct, folds=4)
    folds_per_learner = [len(set(result.fold[learner == who])) for who in range(100)]
    assert set(folds_per_learner) == {1} and sum(part.n for part in result.folds) == len(learner)
    out = result.fold == 2
    alone = BKT().fit(learner[~out], skill[~out], correct[~out]).predict(learner[out], skill[out], correct[out])
    np.testing.assert_array_equal(result.chance[out], alone)
    in_sample = BKT().fit(learner, skill, correct).evaluate(learner, skill, correct)
    assert result.pooled.log_likelihood < in_sample.log_likelihood


def test_importing_the_tracer_compiles_nothing():
    code = "import sys, adaptlearn.tracing.bkt; sys.exit('numba' in sys.modules or 'torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
