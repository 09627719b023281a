"""Who learns, and what is hard: a small hierarchical model in Pyro, with a compiled likelihood.

    posterior = fit(learner, skill, correct)
    posterior.mean("ability.sd"), posterior.interval("slope.mean")
    population = posterior.into(Population())

Easiness and learning slope of each skill come from populations of skills whose means and spreads are learned too, so
skills with few answers borrow from the others. Abilities are integrated out in ``growth_kernels``; what is left for
the guide is a full multivariate normal over 2 K + 5 numbers, which neither inflates nor shrinks the spreads.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.core.posterior import Posterior
from adaptlearn.tracing.sequences import columns

NODES = 9  #: of the quadrature over one learner's ability
RATE = 0.03  #: step of the optimiser in standard errors, falling tenfold over the run
USUAL_SLOPE = 0.2  #: spread of slopes at which the guide starts
LEAST_SPREAD = 0.05  #: of skills, at which the guide starts
INFORMATION = 0.2  #: of one answer about a logit, p (1 - p) at p = .7
PER_SKILL = ("easiness", "slope")
NAMES = ("ability.sd", "easiness.mean", "easiness.sd", "slope.mean", "slope.sd", *PER_SKILL)


class Answers(NamedTuple):
    """A log as the likelihood reads it: learner by learner, in the order of time."""

    start: NDArray[np.int64]  # [N + 1]
    skill: NDArray[np.int32]  # [M]
    practice: NDArray[np.float64]  # [M] log(1 + earlier answers of this learner on this skill)
    right: NDArray[np.uint8]  # [M]


def arrange(learner: ArrayLike, skill: ArrayLike, correct: ArrayLike) -> tuple[Answers, tuple[object, ...]]:
    """Sort a log by learner and count practice.   each [M], rows in the order of time -> answers, names of skills"""
    who, what, right, learners, names = columns(learner, skill, correct)
    order = np.lexsort((what, who))  # stable: within learner and skill the order of time is kept
    begin = np.flatnonzero(np.r_[True, (np.diff(who[order]) != 0) | (np.diff(what[order]) != 0)])
    earlier = np.arange(len(right)) - np.repeat(begin, np.diff(np.r_[begin, len(right)]))
    start = np.searchsorted(who[order], np.arange(len(learners) + 1))
    return Answers(start, what[order].astype(np.int32), np.log1p(earlier), right[order]), names


class Likelihood:
    """log P(all answers | easiness, slope, spread of ability) as a torch function with its exact gradient."""

    def __init__(self, data: Answers):
        import torch

        from adaptlearn.tracing.growth_kernels import marginal

        nodes, weights = np.polynomial.hermite.hermgauss(NODES)
        longest = int(np.diff(data.start).max())

        class Marginal(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, easiness: Any, slope: Any, spread: Any) -> Any:
                by_easiness, by_slope = np.empty(len(easiness)), np.empty(len(slope))
                given = (easiness.detach().numpy(), slope.detach().numpy(), float(spread))
                value, by_spread = marginal(*given, *data, nodes, weights, by_easiness, by_slope, longest)
                ctx.gradient = [
                    torch.from_numpy(by_easiness),
                    torch.from_numpy(by_slope),
                    torch.tensor(by_spread).double(),
                ]
                return torch.tensor(value, dtype=torch.float64)

            @staticmethod
            def backward(ctx: Any, up: Any) -> Any:
                return tuple(up * part for part in ctx.gradient)

        self.of = Marginal.apply


def model(likelihood: Likelihood, n_skills: int, start: Any = None, unit: Any = None) -> None:
    """Priors wide on the logit scale: skills from impossible to trivial, slopes of either sign, any mix of learners."""
    import pyro
    import torch
    from pyro.distributions import HalfNormal, Normal

    def wide(centre: float, scale: float) -> Any:
        return Normal(torch.tensor(centre).double(), torch.tensor(scale).double())

    def half(scale: float) -> Any:
        return HalfNormal(torch.tensor(scale).double())

    easiness_mean, easiness_sd = pyro.sample("easiness.mean", wide(0.0, 2.0)), pyro.sample("easiness.sd", half(1.5))
    slope_mean, slope_sd = pyro.sample("slope.mean", wide(0.0, 1.0)), pyro.sample("slope.sd", half(0.5))
    ability_sd = pyro.sample("ability.sd", half(1.5))
    with pyro.plate("skills", n_skills):
        easiness = pyro.sample("easiness", Normal(easiness_mean, easiness_sd))
        slope = pyro.sample("slope", Normal(slope_mean, slope_sd))
    pyro.factor("answers", likelihood.of(easiness, slope, ability_sd))


def unpack(z: Any, n_skills: int) -> dict[str, Any]:
    """A point of the guide, as values by name: NAMES in order, spreads on the log scale.   z [..., 2 K + 5]"""
    values = {name: z[..., at] for at, name in enumerate(NAMES[:5])}
    values |= {name: z[..., 5 + at * n_skills : 5 + (at + 1) * n_skills] for at, name in enumerate(PER_SKILL)}
    return {name: value.exp() if name.endswith(".sd") else value for name, value in values.items()}


def guide(likelihood: Likelihood, n_skills: int, start: Any, unit: Any) -> None:
    """A full multivariate normal over all unknowns, learned in units of their likely standard errors.

    start, unit [2 K + 5] from :func:`begin`
    """
    import pyro
    from pyro.distributions import Delta, MultivariateNormal

    shift, reach = pyro.param("shift"), pyro.param("reach")
    around = MultivariateNormal(start + unit * shift, scale_tril=unit[:, None] * reach)
    z = pyro.sample("z", around, infer={"is_auxiliary": True})
    values = unpack(z, n_skills)
    for name in NAMES[:5]:
        per_sd = -values[name].log() if name.endswith(".sd") else 0.0  # density per unit of the spread, not of its log
        pyro.sample(name, Delta(values[name], log_density=per_sd))
    with pyro.plate("skills", n_skills):
        for name in PER_SKILL:
            pyro.sample(name, Delta(values[name]))


def settle(likelihood: Likelihood, n_skills: int, start: Any, unit: Any) -> Any:
    """The most likely point with the two spreads of skills held where they are: a smooth hill with one top.   -> [D]

    (Left free, they would run to 0, where a joint density of effects and their spread has no bound.)
    """
    import pyro
    import torch

    held = torch.tensor([name in ("easiness.sd", "slope.sd") for name in NAMES[:5]] + [False] * (2 * n_skills))
    moves = torch.zeros_like(start, requires_grad=True)
    climb = torch.optim.LBFGS([moves], max_iter=40, tolerance_change=1e-3, line_search_fn="strong_wolfe")

    def closure() -> Any:
        climb.zero_grad()
        values = unpack(start + unit * moves.masked_fill(held, 0.0), n_skills)
        loss = -pyro.poutine.trace(pyro.condition(model, values)).get_trace(likelihood, n_skills).log_prob_sum()
        loss.backward()
        return loss

    climb.step(closure)
    settled = start + unit * moves.detach().masked_fill(held, 0.0)
    for name, effects in zip(("easiness.sd", "slope.sd"), settled[5:].reshape(2, n_skills), strict=True):
        settled[NAMES.index(name)] = (
            effects.std(correction=0).clamp_min(LEAST_SPREAD).log()
        )  # the guide goes on from here
    return settled


@dataclass(frozen=True)
class Run:
    """How a fit went."""

    loss: NDArray[np.float64]  # [steps] minus the evidence bound, nats
    seconds_per_step: float


def fit(
    learner: ArrayLike, skill: ArrayLike, correct: ArrayLike, *,
    steps: int = 150, draws: int = 256, seed: int = 0, source: str = "a log of answers",
) -> Posterior:  # fmt: skip
    """Fit the model by stochastic variational inference.   each column [M], rows in the order of time

    Names of the draws: ``ability.sd`` ``easiness.mean`` ``easiness.sd`` ``slope.mean`` ``slope.sd`` [J], and per skill
    ``easiness`` ``slope`` [J, K], all logit.

    Raises:
        ValueError: an empty log, missing values, columns of unequal length.
    """
    posterior, _ = run(learner, skill, correct, steps=steps, draws=draws, seed=seed, source=source)
    return posterior


def run(
    learner: ArrayLike, skill: ArrayLike, correct: ArrayLike, *, steps: int, draws: int, seed: int, source: str
) -> tuple[Posterior, Run]:
    """:func:`fit`, and how it went."""
    import time

    import pyro
    import torch
    from pyro.infer import SVI, Trace_ELBO
    from pyro.optim import ClippedAdam

    data, names = arrange(learner, skill, correct)
    likelihood, K = Likelihood(data), len(names)
    with torch.random.fork_rng(devices=[]), pyro.get_param_store().scope():
        torch.manual_seed(seed)
        start, unit = begin(data, K)
        given = (likelihood, K, settle(likelihood, K, start, unit), unit)
        pyro.param("shift", torch.zeros(len(given[2]), dtype=torch.float64))
        unity = torch.eye(len(given[2]), dtype=torch.float64)
        pyro.param("reach", unity, constraint=torch.distributions.constraints.lower_cholesky)
        rate = {"lr": RATE, "lrd": 0.1 ** (1.0 / max(steps, 1))}
        svi = SVI(model, guide, ClippedAdam(rate), Trace_ELBO())
        started = time.perf_counter()
        loss = np.array([svi.step(*given) for _ in range(steps)])
        took = (time.perf_counter() - started) / max(steps, 1)
        with torch.no_grad():
            noise = torch.randn(draws, len(unity), dtype=torch.float64) @ pyro.param("reach").T
            z = given[2] + given[3] * (pyro.param("shift") + noise)
            stacked = {name: value.numpy().copy() for name, value in unpack(z, K).items()}
    about = {
        "source": source,
        "model": "logistic growth with integrated abilities, full-rank normal guide",
        "answers": str(len(data.right)),
        "learners": str(len(data.start) - 1),
        "skills": str(K),
        "steps": str(steps),
    }
    labels = {name: tuple(str(n) for n in names) for name in PER_SKILL}
    return Posterior(stacked, about, labels), Run(loss, took)


def begin(data: Answers, n_skills: int) -> tuple[Any, Any]:
    """Where the guide starts, and its units: roughly the standard errors the data allow.   -> [2 K + 5] twice"""
    import torch

    asked = np.bincount(data.skill, minlength=n_skills)
    practised = np.bincount(data.skill, data.practice**2, n_skills)
    share = (np.bincount(data.skill, data.right, n_skills) + 0.5) / (asked + 1.0)  # half an answer of either kind added
    easiness = np.log(share / (1.0 - share))
    spread, learners = max(float(easiness.std()), 0.3), len(data.start) - 1
    start = {"ability.sd": -0.2, "easiness.mean": easiness.mean(), "easiness.sd": np.log(spread), "slope.mean": 0.0,
             "slope.sd": np.log(USUAL_SLOPE)}  # fmt: skip
    bend = {"ability.sd": learners, "easiness.mean": n_skills / spread**2, "easiness.sd": 2 * n_skills,
            "slope.mean": n_skills / USUAL_SLOPE**2, "slope.sd": 2 * n_skills}  # fmt: skip
    own = (INFORMATION * asked + 1.0 / spread**2, INFORMATION * practised + 1.0 / USUAL_SLOPE**2)
    values = np.r_[[start[name] for name in NAMES[:5]], easiness, np.zeros(n_skills)]
    units = np.r_[[bend[name] for name in NAMES[:5]], *own] ** -0.5
    return torch.from_numpy(values), torch.from_numpy(units)
