"""A fixed programme followed as far as the learner's record agrees: order from offline search, departures from answers.

Scores are a weighted sum of the features of ``pairs`` and of how soon the best fixed programme has the activity.
With all the weight on the programme it is the programme; the cross-entropy method finds from there what reading
learners is worth. Everything enters by features, so activities that the programme does not know compete by design.

Axes: N learners, A activities, P features.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from adaptlearn.agents import linear, programme
from adaptlearn.agents.linear import Linear, Settings
from adaptlearn.agents.pairs import PAIRS
from adaptlearn.agents.plans import Orders
from adaptlearn.agents.programme import Programme
from adaptlearn.core.policy import Orchestrator
from adaptlearn.core.world import World

AHEAD = ("ahead", "next")  # how soon the programme has it, and whether it is what the programme has next
FOLLOW = {"ahead": 3.0, "next": 1.0}  # weights that follow the programme


class Guided(Linear):
    """The weighted sum of a linear scorer, with the programme's order among its features."""

    name = "guided"
    names = (*PAIRS, *AHEAD)

    def __init__(self, order: Programme):
        Linear.__init__(self, order.sight, FOLLOW)
        self.programme = order

    @classmethod
    def for_world(cls, world: World, orders: Orders | None = None) -> "Guided":
        """Following ``orders`` [R, E]; without, the author's order."""
        return cls(Programme.for_world(world, orders))

    def columns(self, view: Tensor, catalogue: Tensor, history: Tensor) -> dict[str, Tensor]:
        """Every feature by name.   [N, A], or [1, A] where the learner does not matter"""
        order, _ = self.programme(view, catalogue, history, view[:, :0], view[:, :0])
        before = self.pairs.sight.place(order)  # [N, A] activities that come first
        return Linear.columns(self, view, catalogue, history) | {
            "ahead": -torch.log(1.0 + before), "next": (before < 0.5).to(view.dtype)
        }  # fmt: skip


def fit(
    rules: Any, classroom: Callable[..., Any], seed: int, settings: Settings | None = None, *,
    start: Programme | None = None, progress: Callable[[dict[str, float]], None] | None = None,
    orchestrator: Orchestrator | None = None, others: Sequence[Any] = (),
) -> Guided:  # fmt: skip
    """Search for weights by the cross-entropy method.   Same seed, same weights.

    Args:
        rules: what happens; its reward is the goal of the search.
        classroom: makes a room from (rules, rows, seed), as ``classroom.room.Classroom`` does.
        seed: of candidates, learners and luck.
        start: the programme to follow; without, one is searched for first.
        progress: told after each round.
        orchestrator: in cohorts, who gets what is scarce; None: first come, first served.
        others: more rules that it has to do for, each as important as the first; the programme is the first's.
    """
    order = start
    if order is None:
        order = programme.fit(rules, classroom, seed, progress=progress, orchestrator=orchestrator)
    policy = Guided.for_world(rules.world, programme.required(order, "guided").orders(rules.world))
    return linear.search(policy, (rules, *others), classroom, seed, settings or Settings(), progress, orchestrator)
