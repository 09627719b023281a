"""A pointer network over activities: learner and activity are encoded apart, and meet in a score.

    score(n, a) = query(learner) . key(activity) + bias(activity) + sum_p x(n, a, p) (w0 + w(learner) + u(activity))(p)

with x features of the pair (``pairs``): a plain query and key must learn that belief and prerequisite multiply; the
pair head is told. All features have a weight w0, so that the network may begin as a fitted linear scorer; only the
first few are weighed by learner and activity, w and u. Activities enter by features, so any catalogue over the same
skills will do.

Axes: N learners, A activities, F features, V view, P pair features.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from adaptlearn.agents.pairs import PAIRS, Pairs
from adaptlearn.agents.sight import Sight
from adaptlearn.core.policy import GREEDY, Head
from adaptlearn.core.record import ViewSpec
from adaptlearn.core.world import FEATURE_SCALE, FEATURES, World

PAIRED = ("goal_gain", "path_gain", "fit", "required", "crowded", "visits", "promise", "minutes")  #: at most eight
WEIGHED = (*PAIRED, *(name for name in PAIRS if name not in PAIRED))  #: all features, those first
LAST = 30.0  # "nothing now" starts this far below everything else, and may climb
SHARPNESS = 4.0  # a linear scorer's scores are for taking the largest; drawing from them needs them apart
#: First weights of the pair features: a designer's guess, weak enough to leave room to explore.
START = {
    "goal_gain": 1.0, "path_gain": 0.5, "fit": 0.75, "required": 0.75, "crowded": -0.75, "visits": -0.4, "promise": 1.0,
    "minutes": -0.5,
}  # fmt: skip


class Pointer(nn.Module):
    """The actor, a Policy; with :meth:`value`, also the critic that trains it."""

    name = "ppo"
    version = "1"
    head: Head = GREEDY
    memory_size = 0
    luck_size = 0

    def __init__(self, world: World, hidden: int = 64, width: int = 32, seed: int = 0):
        nn.Module.__init__(self)
        dice = torch.Generator().manual_seed(seed)
        skills = len(world.skills)
        view, features, pairs = ViewSpec(skills).size, world.features.shape[1], len(PAIRED)
        scale = np.concatenate([np.ones(3 * skills, np.float32), FEATURE_SCALE])
        self.register_buffer("scale", torch.from_numpy(1.0 / scale))
        self.rest = 3 * skills + FEATURES.index("rest")
        self.pairs = Pairs(Sight.for_world(world), WEIGHED)
        self.see = nn.ModuleList([layer(view, hidden, dice), layer(hidden, hidden, dice)])
        self.read = layer(features, hidden, dice)
        self.query, self.key = layer(hidden, width, dice, 0.1), layer(hidden, width, dice)
        self.bias = layer(hidden, 1, dice, 0.1)
        self.weigh, self.weigh_activity = layer(hidden, pairs, dice, 0.1), layer(hidden, pairs, dice, 0.1)
        self.weights = nn.Parameter(torch.tensor([START.get(name, 0.0) for name in WEIGHED]))
        self.judge = nn.ModuleList([layer(view, hidden, dice), layer(hidden, hidden, dice), layer(hidden, 1, dice)])

    @classmethod
    def for_world(cls, world: World, **settings: Any) -> "Pointer":
        """For a declared world's skills; settings: hidden, width, seed (of the first weights)."""
        return cls(world, **settings)

    def begin_as(self, linear: Any, sharpness: float = SHARPNESS) -> "Pointer":
        """Begin with a linear scorer's choices, in scores so many times as far apart."""
        with torch.no_grad():
            of = dict(zip(linear.pairs.names, linear.weights.tolist(), strict=True))
            self.weights.copy_(torch.tensor([sharpness * of.get(name, 0.0) for name in WEIGHED]))
            for small in (self.query, self.bias, self.weigh, self.weigh_activity):
                small.weight.mul_(0.1)
        return self

    def forward(
        self, view: Tensor, catalogue: Tensor, history: Tensor, memory: Tensor, luck: Tensor
    ) -> tuple[Tensor, Tensor]:
        """See ``core.policy``."""
        return self.scores(view, catalogue, self.pairs(view, catalogue, history)), memory

    def scores(self, view: Tensor, catalogue: Tensor, x: Tensor) -> Tensor:
        """view [N, V], catalogue [A, F], pair features x [N, A, P] -> [N, A]"""
        learner = torch.tanh(self.see[1](torch.tanh(self.see[0](view))))
        activity = torch.tanh(self.read(catalogue * self.scale))
        apart = self.query(learner) @ self.key(activity).T + self.bias(activity)[:, 0]
        near = x[:, :, : len(PAIRED)]
        by_learner = x @ self.weights + torch.bmm(near, self.weigh(learner)[:, :, None])[:, :, 0]
        by_activity = (near * self.weigh_activity(activity)).sum(2)
        return apart + by_learner + by_activity - LAST * catalogue[:, self.rest]

    def value(self, view: Tensor) -> Tensor:
        """Expected reward to come, in the trainer's units.   [N, V] -> [N]"""
        hidden = torch.tanh(self.judge[1](torch.tanh(self.judge[0](view))))
        return self.judge[2](hidden)[:, 0]  # type: ignore[no-any-return]


def layer(inputs: int, outputs: int, dice: torch.Generator, gain: float = 1.0) -> nn.Linear:
    """A linear layer whose weights come from one generator, so that a seed says everything."""
    made = nn.Linear(inputs, outputs)
    with torch.no_grad():
        made.weight.copy_(torch.randn(outputs, inputs, generator=dice) * gain / np.sqrt(inputs))
        made.bias.zero_()
    return made
