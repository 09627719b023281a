"""The hierarchical model as Pyro reads it: priors, populations, effects, and the compiled likelihood as one factor."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.tracing.design import Answers

NODES = 9  #: of the quadrature over one learner's ability
ABILITY = 1.5  #: scale of the half-normal prior of the spread of abilities, logit


class Prior(NamedTuple):
    """Of a group of effects, on the logit scale."""

    mean: float  # sd of the normal prior of their mean; 0: their mean is 0
    sd: float  # scale of the half-normal prior of their spread
    start: float  # spread at which fitting starts


PRIORS = {
    "easiness": Prior(2.0, 1.5, 0.8),  # from impossible to trivial
    "slope": Prior(1.0, 0.5, 0.2),  # of either sign
    "forgetting": Prior(0.3, 0.2, 0.1),
    "activity": Prior(0.0, 0.5, 0.3),
    "format": Prior(0.0, 0.2, 0.1),
    "taught": Prior(1.0, 0.5, 0.2),  # of an activity on a skill that it says it teaches, see ``lessons``
}


class Likelihood:
    """log P(all answers | effects, spread of ability) as a torch function with its exact gradient."""

    def __init__(self, answers: Answers):
        import torch

        from adaptlearn.tracing.growth_kernels import marginal

        nodes, weights = np.polynomial.hermite.hermgauss(NODES)
        self.answers, self.longest = answers, int(np.diff(answers.start).max())

        class Marginal(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, effects: Any, spread: Any) -> Any:
                gradient, given = np.empty(len(effects)), (effects.detach().numpy(), float(spread))
                value, by_spread = marginal(*given, *answers, nodes, weights, gradient, self.longest)
                ctx.gradient = torch.from_numpy(gradient), torch.tensor(by_spread).double()
                return torch.tensor(value, dtype=torch.float64)

            @staticmethod
            def backward(ctx: Any, up: Any) -> Any:
                return tuple(up * part for part in ctx.gradient)

        self.of = Marginal.apply

    def around(self, effects: Any, spread: Any) -> Callable[[Any, Any], Any]:
        """A paraboloid with the likelihood's slope and (by Laplace's method) its bend at a point."""
        import torch

        from adaptlearn.tracing.growth_kernels import information

        here, at = effects.detach(), float(spread)
        bend = np.empty((len(here), len(here)))
        by_spread = information(here.numpy(), at, *self.answers, bend, self.longest)
        given = here.clone().requires_grad_(), torch.tensor(at).double().requires_grad_()
        self.of(*given).backward()
        slope, bent = given[0].grad, torch.from_numpy(bend)

        def paraboloid(effects: Any, spread: Any) -> Any:
            moved, grown = effects - here, torch.log(spread / at)
            steep = slope @ moved + given[1].grad * at * grown
            return steep - 0.5 * (moved @ bent @ moved + by_spread * grown * grown)

        return paraboloid


def model(sizes: dict[str, int], likelihood: Callable[[Any, Any], Any]) -> None:
    """Populations, effects, answers. ``sizes`` names the groups of effects in their order."""
    import pyro
    import torch
    from pyro.distributions import Normal

    def normal(mean: float, sd: float) -> Any:
        return Normal(torch.tensor(mean, dtype=torch.float64), torch.tensor(sd, dtype=torch.float64))

    def half_normal(name: str, scale: float) -> Any:
        score = pyro.sample(f"{name}.score", normal(0.0, 1.0))
        return pyro.deterministic(name, spread_of(score, scale))

    ability_sd, effects = half_normal("ability.sd", ABILITY), []
    for name, size in sizes.items():
        prior = PRIORS[name]
        mean = pyro.sample(f"{name}.mean", normal(0.0, prior.mean)) if prior.mean else torch.zeros(1).double()
        sd = half_normal(f"{name}.sd", prior.sd)
        with pyro.plate(f"{name} plate", size):
            effects.append(pyro.sample(name, Normal(mean, sd)))
    pyro.factor("answers", likelihood(torch.cat(effects), ability_sd))


def spread_of(score: Any, scale: float) -> Any:
    """A half-normal spread by its normal score: where answers say little, the posterior of the score stays normal."""
    import torch

    below = 0.5 * torch.erfc(-score / 2.0**0.5)
    return scale * 2.0**0.5 * torch.erfinv(below.clamp(1e-4, 1.0 - 1e-12))


def score_of(spread: Any, scale: float) -> Any:
    """The other way round."""
    import torch

    below = torch.erf(torch.as_tensor(spread, dtype=torch.float64) / (scale * 2.0**0.5)).clamp(1e-3, 1.0 - 1e-9)
    return 2.0**0.5 * torch.erfinv(2.0 * below - 1.0)
