"""Orchestrating agents: who of a cohort gets the coach's minutes, the seat in the lab, the place in the session.

They follow ``core.policy.Orchestrator``: at the start of a week they see the records of one cohort and say who comes
first at what is scarce. What each learner is offered stays the matter of the policy that teaches.

Axes: M members, A activities, S scarce activities, R resources, K skills.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from adaptlearn.agents.rules import promise
from adaptlearn.agents.sight import Sight, all_of
from adaptlearn.core.policy import Desk
from adaptlearn.core.refusal import nearest
from adaptlearn.core.world import World

Reals = NDArray[np.float64]


class FirstCome:
    """Whoever asks first: all alike, nothing held back. The straw that any orchestrating agent must beat."""

    name = "first-come"

    def share(self, desk: Desk) -> Reals:
        """See ``core.policy.Orchestrator``.   -> [M, S]"""
        return np.zeros((len(desk.view), len(desk.scarce)))


@dataclass(frozen=True)
class Settings:
    """Of the rule. Defaults are a designer's guess, tuned on other learners than any table shows."""

    rests: float = 0.3  # weight of what rests on a skill, beside its own weight as a target
    novice: float = 0.4  # P(known) below which assistance helps, and above which it hinders (Kalyuga 2007)
    dose: float = 0.7  # exponent of minutes in what an activity gives
    others: int = 5  # free activities that a scarce one is weighed against: the best so many
    spare: float = 1.5  # how many times the week's seats are kept for those first in line, > 0


class MostGained:
    """Each scarce minute and seat to whom it helps most, as far as the record knows: the greedy rule of the knapsack.

    What an activity would add for a member over the best that is free for everybody, per share of the week's supply
    that it uses up (Dantzig 1957); where it would add nothing, the member had better do something else. The first in
    line, until the supply is gone, may ask from Monday on; the others when what is left is freed.
    """

    name = "most-gained"

    def __init__(self, sight: Sight, settings: Settings | None = None):
        self.sight, self.settings = sight, settings or Settings()

    @classmethod
    def for_world(cls, world: World, settings: Settings | None = None) -> "MostGained":
        """For the skills of a declared world; activities may change later."""
        return cls(Sight.for_world(world), settings)

    def share(self, desk: Desk) -> Reals:
        """See ``core.policy.Orchestrator``.   -> [M, S]"""
        price = (desk.use / np.maximum(desk.limit, 1e-9)).sum(1)  # [S] share of a week's supply
        worth = self.added(desk) / np.maximum(price, 1e-9)  # [M, S]
        left, line = desk.limit * self.settings.spare, np.argsort(-worth, axis=None, kind="stable")
        kept = np.zeros(worth.size, bool)
        for at in line:
            need = desk.use[at % worth.shape[1]]
            kept[at] = worth.flat[at] > 0.0 and bool((need <= left).all())
            left = left - need * kept[at]
        return np.where(kept.reshape(worth.shape), 1e-6 + worth, worth - worth.max() - 1e-6)

    def added(self, desk: Desk) -> Reals:
        """What each scarce activity would add over the best that is not scarce.   -> [M, S]"""
        with torch.inference_mode():
            rate, minutes = self.rates(torch.tensor(desk.view), torch.tensor(desk.catalogue))
        rate = torch.where(torch.tensor(desk.history[:, :, 0]) < 1.0, rate, torch.zeros(()))  # twice is enough
        free = np.delete(rate.numpy(), desk.scarce, 1)
        usual = np.sort(free, 1)[:, -self.settings.others :].mean(1, keepdims=True)
        return ((rate.numpy()[:, desk.scarce] - usual) * minutes.numpy()[desk.scarce]).astype(np.float64)

    def rates(self, view: Tensor, catalogue: Tensor) -> tuple[Tensor, Tensor]:
        """What every activity promises each member a minute, and the minutes.   -> [M, A], [A]"""
        s, learner, shelf = self.settings, self.sight.learner(view), self.sight.shelf(catalogue)
        wanted = (learner.target + s.rests * learner.rests) * learner.needed * (1.0 - learner.belief)
        taught = wanted @ shelf.teaches.T
        novice = (wanted * (s.novice - learner.belief)) @ shelf.teaches.T
        helped = taught + 2.0 * (2.0 * shelf.column["assistance"] - 1.0) * novice
        below = ((shelf.teaches > 0).float() @ self.sight.prerequisites + shelf.requires).clamp(max=1.0)
        minutes = shelf.column["minutes"].clamp(min=1.0)
        gain = helped.clamp(min=0.0) * all_of(learner.belief, below) * promise(shelf) * (minutes / 15.0) ** s.dose
        return gain / minutes, minutes


NAMES = {"first-come": FirstCome, "most-gained": MostGained}


def orchestrator(name: str, world: World) -> FirstCome | MostGained:
    """An orchestrating agent by name, for a declared world.

    Raises:
        ValueError: no such name.
    """
    if name not in NAMES:
        known = ", ".join(NAMES)
        raise ValueError(f"orchestrator {name!r} is not known; needed one of {known}, e.g. {nearest(name, [*NAMES])!r}")
    return MostGained.for_world(world) if name == MostGained.name else FirstCome()
