"""The hierarchical model: its likelihood against brute force, spreads against the truth, ranks against chance."""

import numpy as np
import pytest

from adaptlearn.core.learner import Population
from adaptlearn.tracing.design import MOST_ACTIVITIES, arrange
from adaptlearn.tracing.growth import Likelihood
from adaptlearn.tracing.hierarchical import _hill, abilities, fit, run
from adaptlearn.tracing.ranks import coverage, from_prior, rank, uniformity

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


def with_everything(n: int, length: int, skills: int, seed: int):
    """Columns of a log with days, activities and formats, learner by learner."""
    rng = np.random.default_rng(seed)
    m = n * length
    day = rng.exponential(2.0, (n, length)).cumsum(1).ravel()
    activity = rng.integers(0, 5, m).astype(str).astype(object)
    format = np.where(rng.random(m) < 0.5, "video", "quiz").astype(object)
    return np.repeat(np.arange(n), length), rng.integers(0, skills, m), dict(day=day, activity=activity, format=format)


def by_brute_force(answers, effects, spread) -> float:
    """The same integral on a grid of 3,001 abilities."""
    grid = np.linspace(-9, 9, 3_001)
    density = np.exp(-0.5 * (grid / spread) ** 2) / (spread * np.sqrt(2 * np.pi))
    logit = (answers.value * effects[answers.index]).sum(1)
    total = 0.0
    for n in range(len(answers.start) - 1):
        own = slice(answers.start[n], answers.start[n + 1])
        level = logit[own, None] + grid
        logs = np.where(answers.right[own, None] == 1, -np.logaddexp(0, -level), -np.logaddexp(0, level)).sum(0)
        total += np.log((np.exp(logs - logs.max()) * density).sum() * (grid[1] - grid[0])) + logs.max()
    return total


@pytest.mark.kernels
@pytest.mark.parametrize(("length", "spread"), [(3, 0.7), (30, 1.5), (300, 0.5)])
def test_the_likelihood_is_the_integral_over_ability(length, spread):
    learner, skill, correct, easiness, slope = log_of(12, length, 4, 0.7, seed=1)
    correct[learner == 0], correct[learner == 1] = 1, 0  # all right, all wrong
    answers = arrange(learner, skill, correct).answers
    effects = np.r_[easiness, slope]
    given = torch.tensor(effects), torch.tensor(spread).double()
    assert float(Likelihood(answers).of(*given)) == pytest.approx(by_brute_force(answers, effects, spread), rel=1e-6)


@pytest.mark.kernels
def test_the_gradient_is_exact():
    learner, skill, more = with_everything(20, 12, 3, seed=2)
    correct = np.random.default_rng(0).integers(0, 2, len(skill))
    answers = arrange(learner, skill, correct, **more).answers
    effects = np.random.default_rng(1).normal(0, 0.5, 3 * 3 + 5 + 2)
    given = torch.tensor(effects).requires_grad_(), torch.tensor(0.9).double().requires_grad_()
    Likelihood(answers).of(*given).backward()
    flat, gradient = np.r_[effects, 0.9], np.r_[given[0].grad.numpy(), float(given[1].grad)]
    for d in range(len(flat)):
        away = [flat + step * np.eye(len(flat))[d] for step in (1e-5, -1e-5)]
        up, down = (by_brute_force(answers, one[:-1], one[-1]) for one in away)
        assert gradient[d] == pytest.approx((up - down) / 2e-5, rel=1e-4, abs=1e-4)


@pytest.mark.kernels
def test_the_information_is_the_bend_of_the_likelihood():
    learner, skill, correct, easiness, slope = log_of(60, 60, 3, 0.7, seed=2)
    likelihood = Likelihood(arrange(learner, skill, correct).answers)
    effects, spread = torch.tensor(np.r_[easiness, slope]), torch.tensor(0.7).double()
    flat = likelihood.around(effects, spread)
    for d in range(6):  # Laplace's method has an error, so the paraboloid is only near the truth
        step = 0.05 * torch.eye(6).double()[d]
        moved = [likelihood.of(effects + sign * step, spread) - likelihood.of(effects, spread) for sign in (1, -1)]
        near = [flat(effects + sign * step, spread) for sign in (1, -1)]
        assert float(sum(near)) == pytest.approx(float(sum(moved)), rel=0.1)
        assert float(near[0] - near[1]) == pytest.approx(float(moved[0] - moved[1]), rel=0.05, abs=0.05)


def test_practice_counts_earlier_answers_of_the_same_learner_on_the_same_skill():
    learner, skill, correct = [1, 0, 1, 1, 0, 1], ["b", "a", "a", "b", "a", "b"], [1, 0, 1, 0, 1, 1]
    design = arrange(learner, skill, correct)
    assert design.labels == {"easiness": ("a", "b"), "slope": ("a", "b")}
    assert design.answers.start.tolist() == [0, 2, 6] and design.answers.right.tolist() == [0, 1, 1, 1, 0, 1]
    assert design.answers.index.tolist() == [[0, 2], [0, 2], [1, 3], [0, 2], [1, 3], [1, 3]]
    assert np.expm1(design.answers.value[:, 1]).round().tolist() == [0, 1, 0, 0, 1, 2]


def test_days_count_since_the_last_answer_and_formats_by_their_share_of_earlier_practice():
    design = arrange([0] * 4, ["a", "b", "a", "a"], [0, 1, 0, 1], day=[0.0, 1.0, 3.0, 10.0],
                     format=["quiz", "video", "video", "quiz"])  # fmt: skip
    assert design.labels["format"] == ("quiz", "video")
    assert np.expm1(-design.answers.value[:, 2]).round(9).tolist() == [0, 0, 3, 7]
    practice = np.log1p([0, 0, 1, 2])
    np.testing.assert_allclose(design.answers.value[:, 3], practice * [0, 0, 1, 0.5])
    np.testing.assert_allclose(design.answers.value[:, 4], practice * [0, 0, 0, 0.5])


def test_rare_activities_share_no_effect_and_the_reader_is_told():
    names = np.r_[np.arange(MOST_ACTIVITIES + 50), np.arange(MOST_ACTIVITIES)]
    design = arrange(np.zeros(len(names)), np.zeros(len(names)), np.arange(len(names)) % 2, activity=names)
    assert design.sizes["activity"] == MOST_ACTIVITIES and "effects" in design.notes[0]
    assert (design.answers.value[:, 2] == 0).sum() == 50


@pytest.mark.parametrize(("wrong", "says"), [
    ({"day": [1.0, 0.5]}, "runs backwards"), ({"day": [1.0]}, "one per answer"), ({"format": ["a"]}, "one per answer"),
])  # fmt: skip
def test_columns_that_make_no_sense_are_refused(wrong, says):
    with pytest.raises(ValueError, match=says):
        fit([0, 0], ["a", "a"], [0, 1], **wrong)


@pytest.fixture(scope="module")
def fitted():
    learner, skill, correct, easiness, slope = log_of(700, 40, 12, 0.7, seed=3)
    correct_rare = np.r_[correct, [1, 1, 1]]
    learner, skill = np.r_[learner, [0, 1, 2]], np.r_[skill, [12, 12, 12]]  # a thirteenth skill, three right answers
    return fit(learner, skill, correct_rare, steps=60, source="a simulation"), easiness, slope


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


def test_effects_without_evidence_are_none_and_true_ones_are_found():
    learner, skill, more = with_everything(400, 30, 5, seed=5)
    rng, names = np.random.default_rng(6), np.array([0.9, -0.9, 0.0, 0.0, 0.0])
    answers = arrange(learner, skill, np.arange(len(skill)) % 2, **more).answers
    effects = np.r_[np.full(5, 0.2), np.full(5, 0.3), np.full(5, 0.15), names, 0.0, 0.0]  # formats: nothing
    logit = np.repeat(rng.normal(0, 0.7, 400), 30) + (answers.value * effects[answers.index]).sum(1)
    correct = (rng.random(len(logit)) < 1 / (1 + np.exp(-logit))).astype(int)
    posterior = fit(learner, skill, correct, **more, steps=60, seed=1)
    np.testing.assert_allclose(posterior.mean("activity"), names, atol=0.2)
    low, high = posterior.interval("forgetting.mean", 0.99)
    assert low <= 0.15 <= high and low > 0
    assert np.abs(posterior.mean("format")).max() < 0.08 and posterior.mean("format.sd") < 0.12
    low, high = posterior.interval("format", 0.99)
    assert (low < 0).all() and (high > 0).all()


def test_the_traced_density_is_that_of_the_model():
    learner, skill, more = with_everything(15, 8, 3, seed=2)
    design = arrange(learner, skill, np.random.default_rng(0).integers(0, 2, len(skill)), **more)
    hill = _hill(design, Likelihood(design.answers))
    for scale in (0.1, 1.0):
        point = hill.guide.at(scale * torch.randn(hill.guide.latent_dim, dtype=torch.float64))
        assert float(hill.height(point)) == pytest.approx(float(hill.guide.visit(point)[0]), rel=1e-9)


def test_both_methods_tell_the_same_story_and_say_how_they_fared():
    log = log_of(40, 12, 6, 0.7, seed=8)[:3]
    settings = dict(draws=150, seed=1, source="x")
    guided, health = run(*log, method="svi", steps=60, **settings)
    walked, chains = run(*log, method="nuts", steps=80, **settings)
    for name in TRUTH:
        scale = walked.draws[name].std()
        assert float(guided.mean(name)) == pytest.approx(float(walked.mean(name)), abs=0.5 * scale), name
        assert guided.draws[name].std() == pytest.approx(scale, rel=0.45), name
    assert {"largest R-hat", "least effective sample size", "divergent transitions"} <= set(walked.provenance)
    assert "Pareto k of the guide" in guided.provenance and health.k_hat < 1.0 and chains.r_hat < 1.2
    spoiled = chains._replace(r_hat=1.5, effective=20.0, divergences=3)
    assert [word for said in spoiled.words() for word in ("disagree", "20 effective", "3 divergent") if word in said]


def test_abilities_are_found_with_their_errors(fitted):
    learner, skill, correct, _, _ = log_of(700, 40, 12, 0.7, seed=3)
    true = np.random.default_rng(3).normal(0, 0.7, 700)  # the first draw of log_of
    design = arrange(np.r_[learner, [0, 1, 2]], np.r_[skill, [12, 12, 12]], np.r_[correct, [1, 1, 1]])
    most, error = abilities(design, fitted[0])
    assert np.corrcoef(most, true)[0, 1] > 0.8
    assert np.mean(np.abs(most - true) < 1.96 * error) == pytest.approx(0.95, abs=0.03)


@pytest.fixture(scope="module")
def ranked():
    """Truths from the priors, a posterior each: ranks of the truths, and how often the mean alone would cover."""
    learner, skill = np.repeat(np.arange(40), 12), np.tile(np.repeat(np.arange(6), 2), 40)
    ranks, pairs = [], []
    for seed in range(16):
        truth = from_prior(learner, skill, seed)
        posterior = fit(learner, skill, truth.correct, steps=15, draws=60, seed=seed)
        ranks.append(rank(truth, posterior))
        pairs.append((truth, posterior))
    return ranks, pairs


def test_ranks_of_the_truth_are_uniform(ranked):
    """A small version of experiments/simulation-based-calibration; effects of one world are not independent."""
    ranks, _ = ranked
    populations = np.concatenate([one[name] for one in ranks for name in TRUTH])
    effects = np.concatenate([one[name] for one in ranks for name in ("easiness", "slope")])
    assert uniformity(populations)[0] > 1e-3 and coverage(populations, 0.8) == pytest.approx(0.8, abs=0.12)
    assert coverage(effects, 0.8) == pytest.approx(0.8, abs=0.08) and effects.mean() == pytest.approx(0.5, abs=0.06)


def test_the_posteriors_mean_instead_of_the_posterior_breaks_coverage(ranked):
    """Predicted shares right of new learners: with all draws the intervals cover, with their mean they do not."""
    _, pairs = ranked
    rng, covered = np.random.default_rng(0), {"draws": [], "mean": []}
    for truth, posterior in pairs:
        new = _share_right(truth.values, rng)
        rows = [{name: values[j] for name, values in posterior.draws.items()} for j in range(len(posterior))]
        middle = {name: posterior.mean(name) for name in posterior.draws}
        for kind, given in (("draws", rows), ("mean", [middle] * len(rows))):
            told = np.array([_share_right(one, rng, exact=True) for one in given])
            low, high = np.quantile(told, [0.05, 0.95], axis=0)
            covered[kind].append((low <= new) & (new <= high))
    with_draws, with_mean = (float(np.mean(covered[kind])) for kind in ("draws", "mean"))
    assert with_draws > 0.8 and with_mean < with_draws - 0.2


def _share_right(values, rng, exact=True):
    """Share right at the first answer on each skill, over all abilities.   -> [K]"""
    nodes, weights = np.polynomial.hermite_e.hermegauss(15)
    level = values["easiness"][:, None] + float(values["ability.sd"]) * nodes
    return (1 / (1 + np.exp(-level)) * weights).sum(1) / weights.sum()


def test_fitting_leaves_the_worlds_luck_alone_and_has_its_own():
    log = log_of(40, 10, 3, 0.7, seed=4)[:3]
    torch.manual_seed(7)
    before = torch.get_rng_state()
    one, other = (fit(*log, steps=10, draws=5, seed=2) for _ in range(2))
    assert torch.equal(before, torch.get_rng_state())
    np.testing.assert_array_equal(one.draws["easiness"], other.draws["easiness"])


def test_an_empty_log_and_an_unknown_method_are_refused():
    with pytest.raises(ValueError, match="needed at least one"):
        fit([], [], [])
    with pytest.raises(ValueError, match="svi, nuts, auto"):
        fit([0, 0], ["a", "a"], [0, 1], method="guess")
