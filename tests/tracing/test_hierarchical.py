"""The hierarchical model: its likelihood against brute force, its spreads against the truth."""

import numpy as np
import pytest

from adaptlearn.core.learner import Population
from adaptlearn.tracing.hierarchical import Likelihood, arrange, fit

torch = pytest.importorskip("torch")

TRUTH = {"ability.sd": 0.7, "easiness.mean": 0.3, "easiness.sd": 0.8, "slope.mean": 0.3, "slope.sd": 0.15}


def log_of(n: int, length: int, skills: int, ability_sd: float, seed: int):
    """Everyone answers random skills.   -> learner, skill, correct [n length], easiness, slope [skills]"""
    rng = np.random.default_rng(seed)
    ability, easiness = rng.normal(0, ability_sd, n), rng.normal(0.3, 0.8, skills)
    slope = rng.normal(0.3, 0.15, skills)
    skill, seen = rng.integers(0, skills, (n, length)), np.zeros((n, skills))
    correct = np.empty((n, length), int)
    for t in range(length):
        who, what = np.arange(n), skill[:, t]
        level = ability + easiness[what] + slope[what] * np.log1p(seen[who, what])
        correct[:, t] = rng.random(n) < 1 / (1 + np.exp(-level))
        seen[who, what] += 1
    return np.repeat(np.arange(n), length), skill.ravel(), correct.ravel(), easiness, slope


def by_brute_force(data, easiness, slope, spread) -> float:
    """The same integral on a grid of 3,001 abilities."""
    grid = np.linspace(-9, 9, 3_001)
    density = np.exp(-0.5 * (grid / spread) ** 2) / (spread * np.sqrt(2 * np.pi))
    total = 0.0
    for n in range(len(data.start) - 1):
        own = slice(data.start[n], data.start[n + 1])
        level = (easiness[data.skill[own]] + slope[data.skill[own]] * data.practice[own])[:, None] + grid
        logs = np.where(data.right[own, None] == 1, -np.logaddexp(0, -level), -np.logaddexp(0, level)).sum(0)
        total += np.log((np.exp(logs - logs.max()) * density).sum() * (grid[1] - grid[0])) + logs.max()
    return total


@pytest.mark.parametrize(("length", "spread"), [(3, 0.7), (30, 1.5), (300, 0.5)])
def test_the_likelihood_is_the_integral_over_ability(length, spread):
    learner, skill, correct, easiness, slope = log_of(12, length, 4, 0.7, seed=1)
    correct[learner == 0], correct[learner == 1] = 1, 0  # all right, all wrong
    data, _ = arrange(learner, skill, correct)
    given = [torch.tensor(v).double() for v in (easiness, slope, spread)]
    assert float(Likelihood(data).of(*given)) == pytest.approx(by_brute_force(data, easiness, slope, spread), rel=1e-6)


def test_the_gradient_is_exact():
    learner, skill, correct, easiness, slope = log_of(20, 12, 3, 0.7, seed=2)
    data, _ = arrange(learner, skill, correct)
    given = [torch.tensor(v).double().requires_grad_() for v in (easiness, slope, 0.9)]
    Likelihood(data).of(*given).backward()
    flat = np.r_[easiness, slope, 0.9]
    gradient = np.r_[given[0].grad.numpy(), given[1].grad.numpy(), float(given[2].grad)]
    for d in range(len(flat)):
        there = [by_brute_force(data, *np.split(flat + step * np.eye(7)[d], [3, 6])) for step in (1e-5, -1e-5)]
        assert gradient[d] == pytest.approx(float(there[0] - there[1]) / 2e-5, rel=1e-4, abs=1e-4)


def test_practice_counts_earlier_answers_of_the_same_learner_on_the_same_skill():
    data, names = arrange([1, 0, 1, 1, 0, 1], ["b", "a", "a", "b", "a", "b"], [1, 0, 1, 0, 1, 1])
    assert names == ("a", "b") and data.start.tolist() == [0, 2, 6]
    assert np.expm1(data.practice).round().tolist() == [0, 1, 0, 0, 1, 2] and data.right.tolist() == [0, 1, 1, 1, 0, 1]


@pytest.fixture(scope="module")
def fitted():
    learner, skill, correct, easiness, slope = log_of(700, 40, 12, 0.7, seed=3)
    correct_rare = np.r_[correct, [1, 1, 1]]
    learner, skill = np.r_[learner, [0, 1, 2]], np.r_[skill, [12, 12, 12]]  # a thirteenth skill, three right answers
    return fit(learner, skill, correct_rare, source="a simulation"), easiness, slope


def test_means_and_spreads_are_recovered(fitted):
    posterior, easiness, slope = fitted
    assert posterior.mean("ability.sd") == pytest.approx(0.7, abs=0.08)  # not 1.4
    for name, true in TRUTH.items():
        low, high = posterior.interval(name, 0.99)
        assert low <= true <= high, (name, low, true, high)
    assert posterior.draws["ability.sd"].std() < 0.06
    assert np.abs(posterior.mean("easiness")[:12] - easiness).max() < 0.3
    assert np.corrcoef(posterior.mean("slope")[:12], slope)[0, 1] > 0.8


def test_a_skill_with_three_answers_borrows_from_the_others(fitted):
    posterior, _, _ = fitted
    rare = posterior.draws["easiness"][:, 12]
    assert rare.mean() < posterior.mean("easiness.mean") + 1.2  # three of three right, and yet no certainty
    assert rare.std() > 3 * posterior.draws["easiness"][:, :12].std(0).mean()


def test_the_posterior_becomes_a_population(fitted):
    population = fitted[0].into(Population(), rows=8)
    assert population.sd[0] == pytest.approx(0.7, abs=0.08) and len(population.posterior) == 8
    assert "a simulation" in population.provenance


def test_fitting_leaves_the_worlds_luck_alone_and_has_its_own():
    log = log_of(40, 10, 3, 0.7, seed=4)[:3]
    torch.manual_seed(7)
    before = torch.get_rng_state()
    one, other = (fit(*log, steps=10, draws=5, seed=2) for _ in range(2))
    assert torch.equal(before, torch.get_rng_state())
    np.testing.assert_array_equal(one.draws["easiness"], other.draws["easiness"])


def test_an_empty_log_is_refused():
    with pytest.raises(ValueError, match="needed at least one"):
        fit([], [], [])
