"""An agent that learns: one weight for each feature of an activity, the best of a few drawn at random."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from adaptlearn.core.policy import GREEDY


class Nudge(nn.Module):
    """Scores are a weighted sum of an activity's features; it sees nothing of the learner."""

    name = "nudge"
    version = "1"
    head = GREEDY
    memory_size = 0
    luck_size = 0

    def __init__(self, features: int):
        nn.Module.__init__(self)
        self.weights = nn.Parameter(torch.zeros(features), requires_grad=False)

    def forward(self, view, catalogue, history, memory, luck):
        """See ``adaptlearn.core.policy``."""
        return (catalogue @ self.weights)[None, :] - history[:, :, 0], memory


def make(world):
    """Untrained."""
    return Nudge(world.features.shape[1])


@dataclass(frozen=True)
class Settings:
    """Of the search."""

    tries: int = 3


def train(rules, classroom, seed, settings, *, progress=None):
    """Keep the best of some weights drawn at random."""
    best, policy, dice = -np.inf, make(rules.world), np.random.default_rng(seed)
    catalogue = torch.from_numpy(rules.world.features.copy())
    for turn in range(settings.tries):
        weights = torch.from_numpy(dice.normal(size=len(policy.weights)).astype(np.float32))
        room, total = classroom(rules, 16, seed).begin(np.arange(16)), 0.0
        while room.alive.any():
            history = torch.from_numpy(room.history())
            room.choose(((catalogue @ weights)[None, :] - history[:, :, 0]).numpy(), 0.0)
            room.step()
            total += float(room.pay.mean())
        if total > best:
            best = total
            policy.weights.copy_(weights)
        if progress is not None:
            progress({"try": turn + 1, "worth": total})
    return policy
