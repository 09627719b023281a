"""A guide that knows the shape of the hill before it climbs: where the effects are, how sharply the answers fix them.

Pyro's own full-rank guides start from a ball and spend their steps on finding scales and correlations. Here a mode is
found first, the curvature around it gives the axes, and the guide learns what is left in units of that curvature.
Effects on which the answers say much keep their own coordinate, the others are measured in units of their population's
spread, each in proportion (Papaspiliopoulos, Roberts & Sköld 2007; Gorinova, Moore & Hoffman 2020): a posterior close
to a normal, so that spreads of populations are neither inflated nor shrunk.
"""

from collections.abc import Callable
from typing import Any

import pyro
import torch
from pyro import poutine
from pyro.distributions import Delta, MultivariateNormal
from pyro.infer.autoguide import AutoContinuous
from pyro.infer.autoguide.initialization import init_to_value
from pyro.nn import PyroParam

Values = dict[str, Any]  #: name of a site -> tensor
WIDEST = 2.0  #: standard deviation of a posterior in units of the prior's


def traced(model: Callable[[], None], values: Values) -> Any:
    """The model's trace with these values."""
    return poutine.trace(pyro.condition(model, values)).get_trace()


class Whitened(AutoContinuous):  # type: ignore[misc]
    """A full multivariate normal in units of ``axes``; its gradient follows the path only (Roeder, Wu & Duvenaud 2017).

    That estimator's noise vanishes as the guide approaches the posterior, so few steps are enough.
    """

    def __init__(self, model: Callable[[], None], values: Values):
        super().__init__(model, init_to_value(values=values))
        self._setup_prototype()
        self.exact = model
        self.centre = self._init_loc().detach()
        self.axes = torch.eye(self.latent_dim, dtype=self.centre.dtype)

    def begin(self, axes: Any) -> None:
        """Learn from here on, in these units.   axes [D, D]"""
        self.axes = axes
        self.shift = PyroParam(torch.zeros_like(self.centre))
        self.reach = PyroParam(torch.eye(self.latent_dim, dtype=self.centre.dtype),
                               torch.distributions.constraints.lower_cholesky)  # fmt: skip

    def draw(self) -> tuple[Any, Any]:
        """A point, and its log density under the guide as it stands."""
        shift, reach = self.shift, self.reach
        place = shift + reach @ torch.randn_like(shift)
        density = MultivariateNormal(shift.detach(), scale_tril=reach.detach()).log_prob(place)
        return self.at(place), density - torch.linalg.slogdet(self.axes)[1]

    def at(self, place: Any) -> Any:
        """From units of the axes to a point.   [D] -> [D]"""
        return self.centre + self.axes @ place

    def sample_latent(self) -> Any:
        """What Pyro asks a guide for."""
        point, log_density = self.draw()
        return pyro.sample("point", Delta(point, log_density, event_dim=1), infer={"is_auxiliary": True})

    def visit(self, point: Any, model: Callable[[], None] | None = None) -> tuple[Any, Any]:
        """The model's log density at a point, and its trace there.

        model: another one with the same sites, such as one that is cheaper
        """
        trace = traced(self.exact if model is None else model, self.values(point))
        return trace.log_prob_sum(), trace

    def energy(self, point: Any, model: Callable[[], None] | None = None) -> Any:
        """Minus the log density."""
        return -self.visit(point, model)[0]

    def values(self, point: Any) -> Values:
        """A point as values by site; every site is a real number."""
        return {site["name"]: value for site, value in self._unpack_latent(point)}

    def curvature(self, point: Any, model: Callable[[], None]) -> Any:
        """Second derivatives of a model's energy.   [D] -> [D, D]"""
        return torch.autograd.functional.hessian(lambda there: self.energy(there, model), point)

    def units(self, point: Any) -> Any:
        """Prior standard deviations there, each site given the others.   [D] -> [D]"""
        nodes = self.visit(point)[1].nodes
        return torch.cat([nodes[name]["fn"].scale.detach().expand(shape).reshape(-1)
                          for name, shape in self._unconstrained_shapes.items()])  # fmt: skip

    def places(self, keep: Callable[[str], bool]) -> Any:
        """Which entries of a point belong to sites that are kept.   -> bool [D]"""
        sizes = [(name, shape.numel()) for name, shape in self._unconstrained_shapes.items()]
        return torch.cat([torch.full((size,), bool(keep(name))) for name, size in sizes])


def axes_of(curvature: Any, unit: Any) -> Any:
    """Standard deviations and correlations of a normal with this precision, as the lower triangle of its Cholesky.

    curvature [D, D]; unit [D], prior standard deviations: a direction that bends less than WIDEST of them allow, or
    bends the wrong way, is taken to be that wide.
    """
    size, turn = torch.linalg.eigh(unit[:, None] * 0.5 * (curvature + curvature.T) * unit)
    size = size.clamp_min(WIDEST**-2)
    return unit[:, None] * torch.linalg.cholesky((turn / size) @ turn.T)


def climb(energy: Callable[[Any], Any], point: Any, axes: Any, free: Any, most: int = 25) -> Any:
    """The point of least energy, by L-BFGS along axes; entries that are not free stay.   -> [D]"""
    moves = torch.zeros(int(free.sum()), dtype=point.dtype, requires_grad=True)
    search = torch.optim.LBFGS([moves], max_iter=most, tolerance_change=1e-4, line_search_fn="strong_wolfe")

    def there() -> Any:
        return point.masked_scatter(free, point[free] + axes @ moves)

    def closure() -> Any:
        search.zero_grad()
        loss = energy(there())
        loss.backward()
        return loss

    search.step(closure)
    return there().detach()
