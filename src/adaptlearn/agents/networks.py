"""A pointer network over activities: learner and activity are encoded apart, and meet in a score.

    score(n, a) = query(learner) . key(activity) + bias(activity) + sum_p x(n, a, p) (w0 + w(learner) + u(activity))(p)

with x features of the pair (``pairs``): a plain query and key must learn that belief and prerequisite multiply; the
pair head is told. All features have a weight w0, so that the network may begin as a fitted linear scorer; only the
first few are weighed by learner and activity, w and u. Activities enter by features, so any catalogue over the same
skills will do. With a memory the learner's encoding also remembers earlier views, by gated units (Cho et al. 2014).

Axes: N learners, A activities, F features, V view, P pair features, M memory, T steps, C what a critic sees.
"""

from abc import ABC, abstractmethod
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
MEMORY = 32  # units of a recurrent agent, unless it is told otherwise
SHARPNESS = 4.0  # a linear scorer's scores are for taking the largest; drawing from them needs them apart
#: First weights of the pair features: a designer's guess, weak enough to leave room to explore.
START = {
    "goal_gain": 2.0, "path_gain": 1.0, "fit": 1.5, "required": 1.5, "crowded": -1.5, "visits": -0.8, "promise": 2.0,
    "minutes": -1.0,
}  # fmt: skip


class Actor(nn.Module, ABC):
    """A Policy of pair features, learner and activity, with or without a memory of earlier views."""

    name = "ppo"
    version = "1"
    head: Head = GREEDY
    luck_size = 0
    pairs_size: int  # P
    block = 256  # decisions of which what is made on the way fits a processor's cache
    scale: Tensor  # [F] brings an activity's features to about 1

    def __init__(self, world: World, made_with: dict[str, Any], memory: int):
        """made_with: what it takes to make it again, beside its weights; memory: units, 0 for none."""
        nn.Module.__init__(self)
        self.memory_size, self.made_with = memory, made_with
        scale = np.concatenate([np.ones(3 * len(world.skills), np.float32), FEATURE_SCALE])
        self.register_buffer("scale", torch.from_numpy(1.0 / scale))

    def forward(
        self, view: Tensor, catalogue: Tensor, history: Tensor, memory: Tensor, luck: Tensor
    ) -> tuple[Tensor, Tensor]:
        """See ``core.policy``."""
        memory = self.remember(view, memory)
        return self.scores(view, catalogue, self.pairs(view, catalogue, history), memory), memory

    def remember(self, view: Tensor, memory: Tensor) -> Tensor:
        """Memory with this view in it.   [N, V], [N, M] -> [N, M]"""
        return self.gates(self.seen(view), memory) if self.memory_size else memory  # type: ignore[no-any-return, operator]

    @abstractmethod
    def seen(self, view: Tensor) -> Tensor:
        """What is made of a view at first, by itself.   [N, V] -> [N, H]"""

    @abstractmethod
    def scores(self, view: Tensor, catalogue: Tensor, x: Tensor, memory: Tensor | None = None) -> Tensor:
        """view [N, V], catalogue [A, F], pair features x [N, A, P], memory with this view in it [N, M] -> [N, A]"""


class Pointer(Actor):
    """A query of the learner, a key of the activity, and what the pair has to say."""

    pairs_size = len(WEIGHED)

    def __init__(self, world: World, hidden: int = 64, width: int = 32, memory: int = 0, seed: int = 0):
        Actor.__init__(self, world, {"hidden": hidden, "width": width, "memory": memory}, memory)
        dice = torch.Generator().manual_seed(seed)
        skills = len(world.skills)
        view, features, pairs = ViewSpec(skills).size, world.features.shape[1], len(PAIRED)
        self.rest = 3 * skills + FEATURES.index("rest")
        self.pairs = Pairs(Sight.for_world(world), WEIGHED)
        self.see = nn.ModuleList([layer(view, hidden, dice), layer(hidden, hidden, dice)])
        self.read = layer(features, hidden, dice)
        self.query, self.key = layer(hidden, width, dice, 0.1), layer(hidden, width, dice)
        self.bias = layer(hidden, 1, dice, 0.1)
        self.weigh, self.weigh_activity = layer(hidden, pairs, dice, 0.1), layer(hidden, pairs, dice, 0.1)
        self.weights = nn.Parameter(torch.tensor([START.get(name, 0.0) for name in WEIGHED]))
        if memory:
            self.gates = gated(hidden, memory, dice)
            self.recall = layer(memory, hidden, dice, 0.5)

    @classmethod
    def for_world(cls, world: World, **settings: Any) -> "Pointer":
        """For a declared world's skills; settings: hidden, width, memory (0: none), seed (of the first weights)."""
        return cls(world, **settings)

    def begin_as(self, linear: Any, sharpness: float = SHARPNESS) -> "Pointer":
        """Begin with a linear scorer's choices, in scores so many times as far apart."""
        with torch.no_grad():
            of = dict(zip(linear.pairs.names, linear.weights.tolist(), strict=True))
            self.weights.copy_(torch.tensor([sharpness * of.get(name, 0.0) for name in WEIGHED]))
            for small in (self.query, self.bias, self.weigh, self.weigh_activity):
                small.weight.mul_(0.1)
        return self

    def seen(self, view: Tensor) -> Tensor:
        """See ``Actor``."""
        return torch.tanh(self.see[0](view))

    def scores(self, view: Tensor, catalogue: Tensor, x: Tensor, memory: Tensor | None = None) -> Tensor:
        """See ``Actor``."""
        seen = self.see[1](self.seen(view))
        learner = torch.tanh(seen + self.recall(memory) if self.memory_size else seen)
        activity = torch.tanh(self.read(catalogue * self.scale))
        apart = self.query(learner) @ self.key(activity).T + self.bias(activity)[:, 0]
        near = x[:, :, : len(PAIRED)]
        by_learner = x @ self.weights + torch.bmm(near, self.weigh(learner)[:, :, None])[:, :, 0]
        by_activity = (near * self.weigh_activity(activity)).sum(2)
        return apart + by_learner + by_activity - LAST * catalogue[:, self.rest]


class Critic(nn.Module):
    """Expected reward to come, in the trainer's units. No part of a policy, so it may see what no policy sees.

    What it sees is brought to mean 0 and deviation 1 by running figures, which are kept with the weights.
    """

    block = 1024  # decisions of which what is made on the way fits a processor's cache
    mean: Tensor
    variance: Tensor
    count: Tensor

    def __init__(self, size: int, hidden: int, dice: torch.Generator):
        nn.Module.__init__(self)
        self.layers = nn.ModuleList([layer(size, hidden, dice), layer(hidden, hidden, dice), layer(hidden, 1, dice)])
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("variance", torch.ones(size))
        self.register_buffer("count", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """[N, C] -> [N]"""
        usual = ((x - self.mean) / self.variance.sqrt().clamp(min=1e-4)).clamp(-5.0, 5.0)
        return through(self.layers, usual)[:, 0]

    def follow(self, x: Tensor) -> None:
        """Take rows into mean and variance (Chan, Golub & LeVeque 1983).   [N, C]"""
        share = len(x) / (float(self.count) + len(x))
        mean = x.mean(0)
        shift = mean - self.mean
        self.variance.lerp_(((x - mean) ** 2).mean(0), share).add_(shift**2 * share * (1.0 - share))
        self.mean.add_(shift * share)
        self.count.add_(len(x))


def through(layers: nn.ModuleList, x: Tensor) -> Tensor:
    """tanh between layers."""
    for one in list(layers)[:-1]:
        x = torch.tanh(one(x))
    return layers[-1](x)  # type: ignore[no-any-return]


def layer(inputs: int, outputs: int, dice: torch.Generator, gain: float = 1.0) -> nn.Linear:
    """A linear layer whose weights come from one generator, so that a seed says everything."""
    made = nn.Linear(inputs, outputs)
    with torch.no_grad():
        made.weight.copy_(torch.randn(outputs, inputs, generator=dice) * gain / np.sqrt(inputs))
        made.bias.zero_()
    return made


def gated(inputs: int, memory: int, dice: torch.Generator) -> nn.GRUCell:
    """Gated recurrent units whose weights come from one generator."""
    made = nn.GRUCell(inputs, memory)
    with torch.no_grad():
        for weight in (made.weight_ih, made.weight_hh):
            weight.copy_(torch.randn(weight.shape, generator=dice) / np.sqrt(weight.shape[1]))
        made.bias_ih.zero_()
        made.bias_hh.zero_()
    return made
