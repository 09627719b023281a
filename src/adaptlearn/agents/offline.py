"""Learning from a log alone: cloning what was done, and conservative Q-learning (Kumar et al. 2020).

Nobody is taught while it learns. The reward is what the platform's record comes to believe of the destination, the only
worth a log shows. Q-learning from a log overrates what was never tried: ``cql`` prices worth that the log has not seen,

    loss = (y - Q(s, a))^2 + price [ log sum_b exp Q(s, b) - Q(s, a) ],

and chooses only among what the log's policy might have offered there: at least ``support`` times as likely, by a cloned
network, as what it liked best (batch-constrained: Fujimoto et al. 2019).

Axes: D decisions in the order of learner and step, A activities, V view, B minibatch.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from adaptlearn.agents.best import require_sound
from adaptlearn.agents.dqn import Worth, approach, bootstrap, optimiser_of
from adaptlearn.agents.networks import Pointer
from adaptlearn.agents.ppo import ILLEGAL
from adaptlearn.agents.returns import ahead
from adaptlearn.core.policy import GREEDY, Head
from adaptlearn.core.world import World

FAR = 15.0  # score by which what the log does not support stands below the best that it does; worths end there


@dataclass(frozen=True)
class Lessons:
    """A log as a policy would have met it."""

    view: Tensor  # [D, V]
    history: Tensor  # [D, A, 3]
    mask: Tensor  # [D, A] what was legal
    action: Tensor  # [D] what was offered first
    reward: Tensor  # [D] gain of the believed worth of the destination
    follows: Tensor  # [D] 1 where the next row is the same learner's next decision
    ended: Tensor  # [D] 1 where the learner left or the programme ended: nothing follows

    def __post_init__(self) -> None:
        if not len(self.action):
            raise ValueError(
                "a log without decisions; needed some thousands, e.g. of adaptlearn simulate log=log.parquet"
            )


@dataclass(frozen=True)
class CloneSettings:
    """Of cloning."""

    epochs: int = 20  # passes over the log
    batch: int = 256
    rate: float = 2e-3  # first step size of Adam, falling to 0
    pair_rate: float = 5.0  # times the rate for the weights of the pair features
    hidden: int = 64
    width: int = 32

    def __post_init__(self) -> None:
        _require_positive("clone", self)


@dataclass(frozen=True)
class Settings:
    """Of conservative Q-learning."""

    epochs: int = 20  # passes over the log
    batch: int = 512
    rate: float = 3e-3  # step size of Adam
    pair_rate: float = 3.0  # times the rate for the weights of the pair features
    n: int = 5  # decisions of reward before the bootstrap; more believe more of what the log's policy went on to do
    follow: float = 0.02  # share by which the slow network follows the quick one at every update
    price: float = 0.1  # of worth that the log has not seen
    support: float = 0.2  # of the likeliest offer's chance, below which nothing is chosen
    unit: float = 0.1  # worth of one unit of score, in scaled reward
    gamma: float = 1.0
    scale: float = 20.0  # of rewards, so that a life is worth about 1
    hidden: int = 64
    width: int = 32

    def __post_init__(self) -> None:
        _require_positive("cql", self)
        if self.support > 1.0:
            raise ValueError(f"cql: support = {self.support}; needed at most 1, e.g. 0.2")


class Supported(nn.Module):
    """A Policy: the best by worth among what the log's policy might have offered; if none is legal, what it liked best.

    The threshold is that of batch-constrained Q-learning (Fujimoto, Meger & Precup 2019).
    """

    name = "cql"
    version = "1"
    head: Head = GREEDY
    memory_size = 0
    luck_size = 0

    def __init__(self, worth: Pointer, clone: Pointer, support: float):
        nn.Module.__init__(self)
        self.worth, self.clone = worth, clone
        self.register_buffer("least", torch.tensor(float(np.log(support))))

    @classmethod
    def for_world(cls, world: World, support: float = 0.2, **settings: Any) -> "Supported":
        """For a declared world's skills; settings: hidden, width."""
        return cls(Pointer(world, **settings), Pointer(world, **settings), support)

    def forward(
        self, view: Tensor, catalogue: Tensor, history: Tensor, memory: Tensor, luck: Tensor
    ) -> tuple[Tensor, Tensor]:
        """See ``core.policy``."""
        pairs = self.worth.pairs(view, catalogue, history)
        worth, liked = self.worth.scores(view, catalogue, pairs), self.clone.scores(view, catalogue, pairs)
        short = liked - liked.amax(1, keepdim=True) - self.least
        best = torch.where(short >= 0.0, worth, worth.amin(1, keepdim=True)).amax(1, keepdim=True)
        return torch.where(short >= 0.0, (worth - best).clamp(min=-FAR), short - FAR), memory


def clone(
    rules: Any, classroom: Callable[..., Any], seed: int, settings: CloneSettings | None = None, *,
    lessons: Lessons | None = None,
    progress: Callable[[dict[str, float]], None] | None = None,
) -> Pointer:  # fmt: skip
    """Offer what the log's policy offered (behavioural cloning, Pomerleau 1989), drawn as it drew.

    Args:
        rules: whose world the log is of; nothing of it is played.
        classroom: not used.
        seed: of weights and minibatches.
        lessons: the log.
        progress: told after each pass: epoch, loss (nats per decision).

    Raises:
        ArithmeticError: the loss is no longer a number.
    """
    lessons = _require_log("clone", lessons)
    s, dice = settings or CloneSettings(), torch.Generator().manual_seed(seed)
    net = Pointer.for_world(rules.world, hidden=s.hidden, width=s.width, seed=seed)
    net.name, net.head = "clone", Head(1.0)
    imitate(net, torch.from_numpy(rules.world.features.copy()), lessons, s, dice, lessons.mask, progress)
    return net


def imitate(
    net: Pointer, catalogue: Tensor, lessons: Lessons, s: CloneSettings, dice: torch.Generator, mask: Tensor | None,
    progress: Callable[[dict[str, float]], None] | None = None,
) -> None:  # fmt: skip
    """Maximum likelihood of what was offered; without a mask, of not offering what was not legal, too."""
    far, near = [net.weights], [p for name, p in net.named_parameters() if name != "weights"]
    groups = [{"params": near, "lr": s.rate}, {"params": far, "lr": s.rate * s.pair_rate}]
    optimiser = torch.optim.Adam(groups, eps=1e-5)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, s.epochs)
    for epoch in range(s.epochs):
        total = 0.0
        for rows in torch.randperm(len(lessons.action), generator=dice).split(s.batch):
            scores = net.scores(lessons.view[rows], catalogue, pairs_of(net, catalogue, lessons, rows))
            if mask is not None:
                scores = scores.masked_fill(~mask[rows], ILLEGAL)
            loss = nn.functional.cross_entropy(scores, lessons.action[rows])
            step(optimiser, loss, net)
            total += float(loss.detach()) * len(rows)
        falling.step()
        figures = {"epoch": epoch + 1, "loss": total / len(lessons.action)}
        require_sound("clone", figures, (epoch + 1) * len(lessons.action))
        if progress is not None:
            progress(figures)


def cql(
    rules: Any, classroom: Callable[..., Any], seed: int, settings: Settings | None = None, *,
    lessons: Lessons | None = None,
    progress: Callable[[dict[str, float]], None] | None = None,
) -> Supported:  # fmt: skip
    """Conservative Q-learning from the log, within what it supports.   Arguments as :func:`clone`

    ``progress`` is told after each pass: epoch, loss (of worth), gap (by how much the largest worth stands above
    that of what was done, softly), worth.
    """
    lessons = _require_log("cql", lessons)
    s, dice = settings or Settings(), torch.Generator().manual_seed(seed)
    net = Pointer.for_world(rules.world, hidden=s.hidden, width=s.width, seed=seed)
    other = Pointer.for_world(rules.world, hidden=s.hidden, width=s.width, seed=seed + 1)
    catalogue = torch.from_numpy(rules.world.features.copy())
    imitate(other, catalogue, lessons, CloneSettings(s.epochs, s.batch), dice, None)
    quick = Worth(net, s.hidden, s.unit, dice)
    quick.value.follow(lessons.view)
    slow, optimiser = deepcopy(quick), optimiser_of(quick, s.rate, s.pair_rate)
    total, going = onward(lessons, s)
    told = torch.nonzero(going >= 0)[:, 0]
    for epoch in range(s.epochs):
        seen: list[tuple[float, ...]] = []
        for part in torch.randperm(len(told), generator=dice).split(s.batch):
            rows = told[part]
            later = (rows + s.n).clamp(max=len(lessons.action) - 1)
            parts = lessons.view[later], lessons.history[later], lessons.mask[later]
            wanted = total[rows] + going[rows] * bootstrap(quick, slow, catalogue, *parts)
            pairs = pairs_of(net, catalogue, lessons, rows)
            worth = quick(lessons.view[rows], catalogue, pairs, lessons.mask[rows])
            done = worth.gather(1, lessons.action[rows, None])[:, 0]
            gap = (worth.logsumexp(1) - done).mean()
            missed = nn.functional.smooth_l1_loss(done, wanted)
            step(optimiser, missed + s.price * gap, quick)
            approach(slow, quick, s.follow)
            seen.append(tuple(float(v.detach()) for v in (missed, gap, done.mean())))
        figures = {"epoch": epoch + 1.0, **dict(zip(("loss", "gap", "worth"), np.mean(seen, 0).tolist(), strict=True))}
        require_sound("cql", figures, (epoch + 1) * len(told))
        if progress is not None:
            progress(figures)
    return Supported(net, other, s.support)


def onward(lessons: Lessons, s: Settings) -> tuple[Tensor, Tensor]:
    """Reward of the next n decisions of the same learner, and what worth after them counts for: gamma^n, 0 after an
    end, -1 where the log stops looking before.   -> [D], [D]
    """
    every, none = np.arange(len(lessons.action)), np.zeros(len(lessons.action), np.int64)
    last = lessons.follows.numpy()[:, None] < 0.5
    lost = (last & (lessons.ended.numpy()[:, None] < 0.5)).astype(np.float32)
    total, going = ahead(s.scale * lessons.reward.numpy()[:, None], last, every, none, s.n, s.gamma)
    unknown = ahead(lost, last, every, none, s.n, 1.0)[0] > 0
    return torch.from_numpy(total), torch.from_numpy(np.where(unknown, np.float32(-1.0), going))


def pairs_of(net: Pointer, catalogue: Tensor, lessons: Lessons, rows: Tensor) -> Tensor:
    """Features of learner and activity.   -> [B, A, P]"""
    with torch.no_grad():
        return net.pairs(lessons.view[rows], catalogue, lessons.history[rows])  # type: ignore[no-any-return]


def step(optimiser: Any, loss: Tensor, net: nn.Module) -> None:
    """One step down, of bounded length."""
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 10.0)
    optimiser.step()


def _require_log(agent: str, lessons: Lessons | None) -> Lessons:
    if lessons is None:
        raise ValueError(f"agent {agent} learns from a log alone; needed one it was trained on, e.g. "
                         f"adaptlearn train agent={agent} log=log.parquet to={agent}.npz")  # fmt: skip
    return lessons


def _require_positive(agent: str, settings: Any) -> None:
    for field in fields(settings):
        if not getattr(settings, field.name) > 0:
            value = getattr(settings, field.name)
            raise ValueError(f"{agent}: {field.name} = {value}; needed more than 0, e.g. {field.default}")
