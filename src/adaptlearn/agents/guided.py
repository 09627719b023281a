"""A fixed programme followed as far as the learner's record agrees: order from offline search, departures from answers.

Scores are a weighted sum of the features of ``pairs`` and of how soon the best fixed programme has the activity.
With all the weight on the programme it is the programme; the cross-entropy method finds from there what reading
learners is worth. Everything enters by features, so activities that the programme does not know compete by design.

Axes: N learners, A activities, P features.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from adaptlearn.agents import linear, programme
from adaptlearn.agents.linear import Settings
from adaptlearn.agents.pairs import PAIRS, Pairs
from adaptlearn.agents.plans import Orders
from adaptlearn.agents.programme import Programme
from adaptlearn.agents.rules import LAST
from adaptlearn.core.policy import GREEDY, Head
from adaptlearn.core.world import World

AHEAD = ("ahead", "next")  # how soon the programme has it, and whether it is what the programme has next
NAMES = (*PAIRS, *AHEAD)
FOLLOW = {"ahead": 3.0, "next": 1.0}  # weights that follow the programme


class Guided(nn.Module):
    """Scores as a weighted sum; ``weights`` [P] belong to ``NAMES`` in order."""

    name = "guided"
    version = "1"
    head: Head = GREEDY
    memory_size = 0
    luck_size = 0

    def __init__(self, order: Programme):
        nn.Module.__init__(self)
        self.programme, self.pairs = order, Pairs(order.sight)
        self.weights = nn.Parameter(torch.tensor([FOLLOW.get(name, 0.0) for name in NAMES]), requires_grad=False)

    @classmethod
    def for_world(cls, world: World, orders: Orders | None = None) -> "Guided":
        """Following ``orders`` [R, E]; without, the author's order."""
        return cls(Programme.for_world(world, orders))

    def forward(
        self, view: Tensor, catalogue: Tensor, history: Tensor, memory: Tensor, luck: Tensor
    ) -> tuple[Tensor, Tensor]:
        """See ``core.policy``."""
        return self.scores(view, catalogue, history, self.weights[None, :]), memory

    def scores(self, view: Tensor, catalogue: Tensor, history: Tensor, weights: Tensor) -> Tensor:
        """weights [N, P] or [1, P] -> scores [N, A]"""
        columns = self.columns(view, catalogue, history)
        total = -LAST * self.pairs.sight.shelf(catalogue).column["rest"].expand(history.shape[:2])
        for j, name in enumerate(NAMES):
            total = total + weights[:, j, None] * columns[name]
        return total

    def columns(self, view: Tensor, catalogue: Tensor, history: Tensor) -> dict[str, Tensor]:
        """Every feature by name.   [N, A], or [1, A] where the learner does not matter"""
        order, _ = self.programme(view, catalogue, history, view[:, :0], view[:, :0])
        before = self.pairs.sight.place(order)  # [N, A] activities that come first
        return self.pairs.columns(view, catalogue, history) | {
            "ahead": -torch.log(1.0 + before), "next": (before < 0.5).to(view.dtype)
        }  # fmt: skip


def fit(
    rules: Any, classroom: Callable[..., Any], seed: int, settings: Settings | None = None, *,
    start: Programme | None = None, progress: Callable[[dict[str, float]], None] | None = None,
) -> Guided:  # fmt: skip
    """Search for weights by the cross-entropy method.   Same seed, same weights.

    Args:
        rules: what happens; its reward is the goal of the search.
        classroom: makes a room from (rules, rows, seed), as ``classroom.room.Classroom`` does.
        seed: of candidates, learners and luck.
        start: the programme to follow; without, one is searched for first.
        progress: told after each round.
    """
    order = start if start is not None else programme.fit(rules, classroom, seed, progress=progress)
    policy = Guided.for_world(rules.world, order.orders(rules.world))
    return linear.search(policy, rules, classroom, seed, settings or Settings(), progress)
