"""A network that follows a fixed programme, and learns where to leave it.

    score(n, a) = w . x(n, a) + u . y(a) + v . tanh(X x(n, a) + L see(n) + R read(a))

with x and y the features of a guided scorer: x of ``pairs`` and how soon the programme has the activity, y what only
varies with the activity. At first the third term is next to nothing and it follows the programme; in it, features,
learner and activity may change what each of the others means. With a memory the learner's part also remembers earlier
views, by gated units (Cho et al. 2014).

Axes: N learners, A activities, F features, V view, P pair features, M memory, W width.
"""

from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from adaptlearn.agents.guided import AHEAD, Guided
from adaptlearn.agents.linear import Linear
from adaptlearn.agents.networks import Actor, Pointer, gated, layer
from adaptlearn.agents.pairs import HELD, PLAIN, design, side_by_side
from adaptlearn.agents.plans import Orders
from adaptlearn.agents.programme import Programme
from adaptlearn.agents.rules import LAST
from adaptlearn.core.world import World

NEAR = (*HELD, *AHEAD)  #: features that vary with the learner, too


class Follower(Actor):
    """A guided scorer, and what is made of features, learner and activity together."""

    pairs_size = len(NEAR)

    def __init__(self, guide: Guided, world: World, hidden: int = 32, width: int = 32, memory: int = 0, seed: int = 0):
        Actor.__init__(self, world, {"hidden": hidden, "width": width, "memory": memory, "follows": True}, memory)
        dice = torch.Generator().manual_seed(seed)
        self.guide = guide
        first = dict(zip(Guided.names, guide.weights.tolist(), strict=True))
        self.weights = nn.Parameter(torch.tensor([first[name] for name in NEAR]))
        self.plain_weights = nn.Parameter(torch.tensor([first[name] for name in PLAIN]))
        self.see = layer(guide.pairs.sight.spec.size, hidden, dice)
        self.of_pair, self.of_activity = layer(len(NEAR), width, dice), layer(len(self.scale) + len(PLAIN), width, dice)
        self.of_learner, self.judge = layer(hidden, width, dice), layer(width, 1, dice, 0.01)
        if memory:
            self.gates, self.recall = gated(hidden, memory, dice), layer(memory, width, dice, 0.5)

    @classmethod
    def for_world(cls, world: World, orders: Orders | None = None, **settings: Any) -> "Follower":
        """Following ``orders`` [R, E], without them the author's; settings: hidden (units that see the learner), width
        (units in which learner and activity meet), memory (0: none), seed (of the first weights)."""
        return cls(Guided.for_world(world, orders), world, **settings)

    @classmethod
    def begin_as(cls, start: "Programme | Guided", world: World, sharpness: float, **settings: Any) -> "Follower":
        """Choosing as a programme or a guided scorer does, its scores so many times as far apart."""
        net = cls(start if isinstance(start, Guided) else Guided(start), world, **settings)
        with torch.no_grad():
            net.weights.mul_(sharpness)
            net.plain_weights.mul_(sharpness)
        return net

    def pairs(self, view: Tensor, catalogue: Tensor, history: Tensor) -> Tensor:
        """-> [N, A, P]"""
        return side_by_side(self.guide.columns(view, catalogue, history), NEAR, history.shape[:2])

    def seen(self, view: Tensor) -> Tensor:
        """See ``Actor``."""
        return torch.tanh(self.see(view))

    def scores(self, view: Tensor, catalogue: Tensor, x: Tensor, memory: Tensor | None = None) -> Tensor:
        """See ``Actor``.

        In place, and by tanh h = 2 sigmoid(2 h) - 1: of all that a training does this is most, a sigmoid takes a tenth
        of a tanh's time, and fresh memory takes more than either.
        """
        learner = self.of_learner(self.seen(view)) + self.of_pair.bias
        if self.memory_size:
            learner = learner + self.recall(memory)
        shelf = self.guide.pairs.sight.shelf(catalogue)
        columns = design(shelf)
        plain = torch.cat([columns[name] for name in PLAIN]).T  # y, [A, 8]
        activity = self.of_activity(torch.cat([catalogue * self.scale, plain], 1))
        met = x @ (2.0 * self.of_pair.weight).T.contiguous()
        met += 2.0 * activity
        met += 2.0 * learner[:, None, :]
        judged = met.sigmoid_() @ (2.0 * self.judge.weight[0]) - self.judge.weight.sum() + self.judge.bias
        apart = (plain * self.plain_weights).sum(1) - LAST * shelf.column["rest"]  # [A]
        return x @ self.weights + judged + apart


def begun(world: World, start: Any, sharpness: float, **shape: Any) -> Any:
    """The network that a training begins with: choosing as ``start`` does, or by a designer's guess.

    Args:
        start: a fixed programme, a guided or a linear scorer; a network, which goes on learning; None.
        sharpness: times as far apart as a guided scorer's are the scores of who begins as a programme.
        shape: hidden, width, memory, seed.

    Raises:
        ValueError: to begin as a network that remembers more or less than the shape says, or as none of these.
    """
    if isinstance(start, Actor):
        if start.memory_size != shape["memory"]:
            raise ValueError(f"start: a network with a memory of {start.memory_size}; needed {shape['memory']} as the "
                             f"settings say, e.g. agent.settings.memory={start.memory_size}")  # fmt: skip
        return deepcopy(start)
    if isinstance(start, Programme | Guided):
        return Follower.begin_as(start, world, sharpness, **shape)
    if start is not None and not isinstance(start, Linear):
        raise ValueError(f"start is a {start.name}; needed a fixed programme, a guided or a linear scorer, or a "
                         "network, e.g. one of agent=fixed")  # fmt: skip
    net = Pointer.for_world(world, **shape)
    return net if start is None else net.begin_as(start)
