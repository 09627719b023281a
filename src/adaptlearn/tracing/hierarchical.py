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


def model(likelihood: Likelihood, n_skills: int) -> None:
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


@dataclass(frozen=True)
class Run:
    """How a fit went."""

    loss: NDArray[np.float64]  # [steps] minus the evidence bound, nats
    seconds_per_step: float


def fit(
    learner: ArrayLike, skill: ArrayLike, correct: ArrayLike, *,
    steps: int = 300, draws: int = 256, seed: int = 0, source: str = "a log of answers",
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
    from pyro.infer import SVI, Predictive, Trace_ELBO
    from pyro.infer.autoguide import AutoMultivariateNormal, init_to_value
    from pyro.optim import ClippedAdam

    data, names = arrange(learner, skill, correct)
    likelihood, K = Likelihood(data), len(names)
    with torch.random.fork_rng(devices=[]), pyro.get_param_store().scope():
        torch.manual_seed(seed)
        guide = AutoMultivariateNormal(model, init_loc_fn=init_to_value(values=_begin(data, K)), init_scale=0.05)
        shrink = 0.05 ** (1.0 / steps)
        svi = SVI(model, guide, ClippedAdam({"lr": 0.03, "lrd": shrink}), Trace_ELBO())
        begin = time.perf_counter()
        loss = np.array([svi.step(likelihood, K) for _ in range(steps)])
        took = (time.perf_counter() - begin) / max(steps, 1)
        with torch.no_grad():
            drawn = Predictive(guide, num_samples=draws, parallel=True)(likelihood, K)
    stacked = {name: drawn[name].numpy().reshape(draws, *((K,) if name in PER_SKILL else ())) for name in NAMES}
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


def _begin(data: Answers, n_skills: int) -> dict[str, Any]:
    """Where the guide starts: each skill at the logit of its share right, half an answer of either kind added."""
    import torch

    asked = np.bincount(data.skill, minlength=n_skills)
    share = (np.bincount(data.skill, data.right, n_skills) + 0.5) / (asked + 1.0)
    easiness = np.log(share / (1.0 - share))
    values = {"easiness.mean": easiness.mean(), "easiness.sd": max(float(easiness.std()), 0.3), "slope.mean": 0.0,
              "slope.sd": 0.2, "ability.sd": 0.8, "easiness": easiness, "slope": np.zeros(n_skills)}  # fmt: skip
    return {name: torch.as_tensor(value, dtype=torch.float64) for name, value in values.items()}
