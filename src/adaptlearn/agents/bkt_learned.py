"""Bayesian knowledge tracing whose rule is learned: thresholds, the order of skills, and what activities yield.

Mastery teaches what is open until it is believed known, in an order and with thresholds that somebody chose. Here they
are found in simulation, by the cross-entropy search of ``linear``, so that beliefs are put to use as well as can be
without reading anything but beliefs, days and visits.

    open(n, k)  = needed(n, k) s(threshold(k) - belief(n, k)) s(ready(n, k) - readiness)
    score(n, a) = log [ sum_k teaches(a, k) exp(order(k)) open(n, k) + .01 ] + yields . design(a)
                  - crowding crowded(n, a) - boredom visits(n, a) - haste log minutes(a)

with s(x) = 1 / (1 + exp(-10 x)).   Axes: N learners, A activities, K skills, P weights.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from adaptlearn.agents import linear
from adaptlearn.agents.linear import Settings, Weighted
from adaptlearn.agents.rules import LAST
from adaptlearn.agents.sight import Sight
from adaptlearn.core.policy import Orchestrator
from adaptlearn.core.world import World

STEEP = 10.0  # how sharp a threshold is: at a tenth above it a skill is a quarter open
LEAST = 0.01  # added under the logarithm, as in ``pairs``
DESIGN = ("retrieval", "elaborated", "correct_answer", "verification", "multimedia", "coach", "peer", "assistance")
OTHERS = {"readiness": 0.4, "crowding": 0.5, "boredom": 0.3, "haste": 0.3}  #: weights of no skill and no design
THRESHOLD, YIELDS = 0.9, 0.2  # first guesses, of every skill and every design


class Learned(Weighted):
    """A Policy; ``weights`` [P]: thresholds [K], order [K], yields [len(DESIGN)], then OTHERS."""

    name = "bkt_learned"

    def __init__(self, sight: Sight):
        k = sight.spec.n_skills
        Weighted.__init__(self, [THRESHOLD] * k + [0.0] * k + [YIELDS] * len(DESIGN) + list(OTHERS.values()))
        self.sight = sight

    @classmethod
    def for_world(cls, world: World) -> "Learned":
        """With a designer's thresholds, before any fit."""
        return cls(Sight.for_world(world))

    def named(self) -> dict[str, float]:
        """Every weight by what it is."""
        k = self.sight.spec.n_skills
        skills = [f"{word}[{j}]" for word in ("threshold", "order") for j in range(k)]
        return dict(zip([*skills, *DESIGN, *OTHERS], self.weights.tolist(), strict=True))

    def scores(self, view: Tensor, catalogue: Tensor, history: Tensor, weights: Tensor) -> Tensor:
        """weights [N, P] or [1, P] -> scores [N, A]"""
        learner, shelf = self.sight.learner(view), self.sight.shelf(catalogue)
        k = self.sight.spec.n_skills
        threshold, order, yields, rest = weights.split([k, k, len(DESIGN), len(OTHERS)], 1)
        readiness, crowding, boredom, haste = rest.split(1, 1)
        known = torch.sigmoid(STEEP * (threshold - learner.belief))
        opened = learner.needed * known * torch.sigmoid(STEEP * (learner.ready - readiness))
        teaches, column = shelf.teaches.T, shelf.column
        design = torch.stack([column[name] for name in DESIGN])
        crowded = ((learner.needed * learner.crowded) @ teaches) / (learner.needed @ teaches + 0.05)
        minutes = torch.log(column["minutes"].clamp(min=1.0) / 15.0)
        score = torch.log((opened * order.exp()) @ teaches + LEAST) + yields @ design
        score = score - crowding * crowded - boredom * 2.0 * history[:, :, 0] - haste * minutes
        return score - LAST * column["rest"]


def fit(
    rules: Any, classroom: Callable[..., Any], seed: int, settings: Settings | None = None, *,
    progress: Callable[[dict[str, float]], None] | None = None, orchestrator: Orchestrator | None = None,
    others: Sequence[Any] = (),
) -> Learned:  # fmt: skip
    """Search for weights as :func:`linear.fit` does, and with its arguments.   Same seed, same weights"""
    first = Learned.for_world(rules.world)
    return linear.search(first, (rules, *others), classroom, seed, settings or Settings(), progress, orchestrator)
