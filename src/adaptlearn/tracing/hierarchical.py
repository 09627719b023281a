"""Who learns, what is hard, what fades: a hierarchical model in Pyro, with a compiled likelihood.

    posterior = fit(learner, skill, correct)                               # variational
    posterior = fit(learner, skill, correct, day=days, method="nuts")      # Monte Carlo, for small sets
    posterior.mean("ability.sd"), posterior.interval("slope.mean")
    population = posterior.into(Population())

Effects of skills, activities and formats (see ``design``) come from populations whose means and spreads are learned
too. Activities and formats have mean 0, and every spread may go to 0: without evidence an effect is none. Learners'
abilities are integrated out in ``growth_kernels``, so that the guide has only populations and effects left to learn.
"""

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from adaptlearn.core.posterior import Posterior
from adaptlearn.tracing.design import Design, arrange
from adaptlearn.tracing.growth import ABILITY, PRIORS, Likelihood, model, score_of, spread_of
from adaptlearn.tracing.health import Health, again, health_of_chains, health_of_guide

RATE = 0.02  #: step of the optimiser in standard errors, falling tenfold over the run
ROUNDS = 3  #: of finding effects and then the spreads of their populations
LEAST_SPREAD = 0.05  #: of a population, at which the guide starts
CANDIDATES = 3, 8  #: least and most draws of the guide for each draw that is kept ...
PATIENCE = 1_000_000  #: ... more of them as long as the answers they read stay below this
HOPELESS = 1.0  #: Pareto k above which weights have no mean (Vehtari et al. 2024): the guide's draws stay as they are
SMALL = 2_000  #: answers up to which method "auto" takes Monte Carlo


class Settled(NamedTuple):
    """Where the answers point to."""

    values: dict[str, Any]  # of every site of the model
    told: dict[str, Any]  # per group, how much of what is known of each effect the answers say, 0..1


def settle(design: Design, likelihood: Likelihood) -> Settled:
    """Most likely effects given spreads, then spreads given effects and their uncertainty; a few rounds of both.

    (Effects and spreads at once have no bound: their joint density grows without end as a spread goes to 0.)
    """
    import torch

    from adaptlearn.tracing.guide import Whitened, axes_of, climb

    values, told = _start(design), {}
    for _ in range(ROUNDS):
        guide = Whitened(partial(model, design.sizes, likelihood.of), values)
        free = ~guide.places(lambda site: site.endswith(".sd.score") and site != "ability.sd.score")
        bent = guide.curvature(guide.centre, _flat(design.sizes, likelihood, values))
        point = climb(guide.energy, guide.centre, axes_of(bent[free][:, free], guide.units(guide.centre)[free]), free)
        values = guide.values(point)
        bent = guide.curvature(point, _flat(design.sizes, likelihood, values))
        unsure = torch.zeros(len(free), dtype=torch.float64)
        unsure[free] = axes_of(bent[free][:, free], guide.units(point)[free]).square().sum(1)
        for name in design.sizes:
            mean, own = values.get(f"{name}.mean", 0.0), unsure[guide.places(name.__eq__)]
            spread = ((values[name] - mean).square() + own).mean().sqrt().clamp_min(LEAST_SPREAD)
            told[name] = (1.0 - own / spread.square()).clamp(0.0, 0.999)
            values[f"{name}.sd.score"] = score_of(spread, PRIORS[name].sd)
    return Settled(values, told)


def _flat(sizes: dict[str, int], likelihood: Likelihood, values: dict[str, Any]) -> Callable[[], None]:
    """The model with a paraboloid in place of the likelihood."""
    import torch

    effects = torch.cat([values[name] for name in sizes])
    return partial(model, sizes, likelihood.around(effects, spread_of(values["ability.sd.score"], ABILITY)))


def _start(design: Design) -> dict[str, Any]:
    """Each skill's share of right answers, and nothing else."""
    import torch

    answers, sizes = design.answers, design.sizes
    asked = np.bincount(answers.index[:, 0], minlength=sizes["easiness"])
    share = (np.bincount(answers.index[:, 0], answers.right, sizes["easiness"]) + 0.5) / (asked + 1.0)
    values = {"ability.sd.score": score_of(0.8, ABILITY)}
    for name, size in sizes.items():
        values[name] = torch.from_numpy(np.log(share / (1.0 - share)) if name == "easiness" else np.zeros(size))
        values[f"{name}.sd.score"] = score_of(PRIORS[name].start, PRIORS[name].sd)
        if PRIORS[name].mean:
            values[f"{name}.mean"] = values[name].mean()
    return values


def fit(
    learner: ArrayLike, skill: ArrayLike, correct: ArrayLike, *,
    day: ArrayLike | None = None, activity: ArrayLike | None = None, format: ArrayLike | None = None,
    method: str = "svi", steps: int = 150, draws: int = 256, chains: int = 2, seed: int = 0,
    source: str = "a log of answers",
) -> Posterior:  # fmt: skip
    """Fit the model.   each column [M], rows in the order of time; ``day`` in days

    Names of the draws, all logit: ``ability.sd``, and for each group of effects (``easiness``, ``slope``, with days
    ``forgetting``, with their columns ``activity`` and ``format``) ``<group>.mean`` ``<group>.sd`` [J] and
    ``<group>`` [J, K].

    Args:
        method: "svi", "nuts", or "auto": Monte Carlo for few answers.
        steps: of the optimiser; for "nuts" steps of warming up.
        chains: of "nuts"; the draws are shared among them.

    Raises:
        ValueError: an empty log, missing values, columns of unequal length, an unknown method.
    """
    posterior, _ = run(learner, skill, correct, day=day, activity=activity, format=format, method=method, steps=steps,
                       draws=draws, chains=chains, seed=seed, source=source)  # fmt: skip
    return posterior


def run(
    learner: ArrayLike, skill: ArrayLike, correct: ArrayLike, *,
    day: ArrayLike | None = None, activity: ArrayLike | None = None, format: ArrayLike | None = None,
    method: str, steps: int, draws: int, chains: int = 2, seed: int, source: str,
) -> tuple[Posterior, Health]:  # fmt: skip
    """:func:`fit`, and how it went."""
    design = arrange(learner, skill, correct, day=day, activity=activity, format=format)
    return of_design(design, method=method, steps=steps, draws=draws, chains=chains, seed=seed, source=source)


def of_design(
    design: Design, *, method: str = "svi", steps: int = 150, draws: int = 256, chains: int = 2, seed: int = 0,
    source: str = "a log of answers",
) -> tuple[Posterior, Health]:  # fmt: skip
    """The same for answers whose effects were arranged elsewhere; the first of each answer is its easiness."""
    import pyro
    import torch

    methods = {"svi": _variational, "nuts": _monte_carlo}
    if method == "auto":
        method = "nuts" if len(design.answers.right) <= SMALL else "svi"
    if method not in methods:
        raise ValueError(f"method = {method!r}; needed one of svi, nuts, auto, e.g. 'svi'")
    with torch.random.fork_rng(devices=[]), pyro.get_param_store().scope():
        torch.manual_seed(seed)
        hill = _hill(design, Likelihood(design.answers))
        points, health = methods[method](hill, steps, draws, chains)
        with torch.no_grad():
            found = [hill.told(point)[1:] for point in points]
    stacked = {name: np.stack([one[j].numpy() for one in found]) for j, name in enumerate(_names(design.sizes))}
    about = {
        "source": source,
        "model": f"logistic with integrated abilities, effects of {', '.join(design.labels)}; {health.method}",
        "answers": str(len(design.answers.right)),
        "learners": str(len(design.learners)),
        "skills": str(design.sizes["easiness"]),
        **health.facts(),
    }
    return Posterior(stacked, about, design.labels), health._replace(notes=(*design.notes, *health.notes))


def _names(sizes: dict[str, int]) -> list[str]:
    """The model's sites: the spread of ability, the effects in their order, what populations they come from."""
    populations = [f"{name}.{part}" for name in sizes for part in ("mean", "sd") if part == "sd" or PRIORS[name].mean]
    return ["ability.sd", *sizes, *populations]


class Hill(NamedTuple):
    """The posterior's landscape: a guide around its top, and its height."""

    guide: Any
    told: Callable[[Any], tuple[Any, ...]]  # point -> log density of all but the answers, then the values of _names
    likelihood: Likelihood
    groups: int  # of effects

    def height(self, point: Any) -> Any:
        """Log density at a point, in the guide's units; without Pyro's bookkeeping, for those who ask often."""
        import torch

        prior, spread, *values = self.told(point)
        return prior + self.likelihood.of(torch.cat(values[: self.groups]), spread)


def _hill(design: Design, likelihood: Likelihood) -> Hill:
    import torch
    from pyro import poutine
    from pyro.infer.reparam import LocScaleReparam

    from adaptlearn.tracing.guide import Whitened, axes_of, traced

    settled = settle(design, likelihood)
    recentred = partial(poutine.reparam, config={n: LocScaleReparam(told) for n, told in settled.told.items()})
    exact = recentred(partial(model, design.sizes, likelihood.of))
    nodes = traced(exact, settled.values).nodes
    own = [*settled.values, *(f"{name}_decentered" for name in design.sizes)]
    guide = Whitened(exact, {name: nodes[name]["value"].detach() for name in own})
    bent = guide.curvature(guide.centre, recentred(_flat(design.sizes, likelihood, settled.values)))
    guide.begin(axes_of(bent, guide.units(guide.centre)))
    quiet = recentred(partial(model, design.sizes, lambda effects, spread: torch.zeros(()).double()))

    def told(point: Any) -> tuple[Any, ...]:
        density, trace = guide.visit(point, quiet)
        return density, *(trace.nodes[name]["value"] for name in _names(design.sizes))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "constants in the trace": they are
        return Hill(guide, torch.jit.trace(told, guide.centre, check_trace=False), likelihood, len(design.sizes))


def _variational(hill: Hill, steps: int, draws: int, chains: int) -> tuple[Any, Health]:
    """Draws of the fitted guide, taken again by how much more likely the posterior finds them than the guide did."""
    import time

    import torch
    from pyro.infer import SVI, Trace_ELBO
    from pyro.optim import ClippedAdam

    guide = hill.guide
    svi = SVI(guide.exact, guide, ClippedAdam({"lr": RATE, "lrd": 0.1 ** (1.0 / max(steps, 1))}), Trace_ELBO())
    began = time.process_time()
    loss = np.array([svi.step() for _ in range(steps)])
    took = (time.process_time() - began) / max(steps, 1)
    with torch.no_grad():
        several = int(np.clip(PATIENCE // len(hill.likelihood.answers.right), *CANDIDATES))
        guesses = [guide.draw() for _ in range(several * draws)]
        weight = np.array([float(hill.height(point) - log_density) for point, log_density in guesses])
    health = health_of_guide(weight, loss, took)
    useless = health.k_hat is not None and health.k_hat > HOPELESS
    return [guesses[j][0] for j in (range(draws) if useless else again(weight, draws))], health


def _monte_carlo(hill: Hill, steps: int, draws: int, chains: int) -> tuple[Any, Health]:
    """No-U-turn sampling in the guide's units, in which the posterior is nearly round."""
    import torch
    from pyro.infer import MCMC, NUTS

    places, divergent, each = [], 0, -(-draws // chains)
    for _ in range(chains):  # one after the other: this is for small sets
        kernel = NUTS(potential_fn=lambda now: -hill.height(hill.guide.at(now["place"])), max_tree_depth=7)
        begin = {"place": torch.randn_like(hill.guide.centre)}
        chain = MCMC(kernel, num_samples=each, warmup_steps=steps, initial_params=begin, disable_progbar=True)
        chain.run()
        divergent += len(chain.diagnostics()["divergences"]["chain 0"])
        places.append(chain.get_samples()["place"])
    health = health_of_chains(torch.stack(places), divergent)
    return [hill.guide.at(place) for place in torch.cat(places)], health


def abilities(design: Design, posterior: Posterior) -> tuple[Any, Any]:
    """Each learner's most likely ability and its standard error at the posterior's mean, logit.   -> [N], [N]"""
    from adaptlearn.tracing.growth_kernels import abilities as compute

    effect = np.concatenate([posterior.mean(name) for name in design.labels])
    most, error = np.empty((2, len(design.learners)))
    longest = int(np.diff(design.answers.start).max())
    compute(effect, float(posterior.mean("ability.sd")), *design.answers, most, error, longest)
    return most, error
