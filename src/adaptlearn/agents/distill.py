"""Distilling a planner that sees minds into a network that sees the record.

Learners are taught by the network as it stands, so that it is corrected where it goes (DAgger: Ross, Gordon & Bagnell
2011); at a sample of their decisions the planner says what each activity would be worth, beginning with it and going on
by its plan (cost-to-go labels: Ross & Bagnell 2014, AggreVaTe). The network learns the differences by least squares.
Minds differ behind one view, so what it converges to is the mean over minds given the record, which it may know.
The value of asking in order to know is not in these labels; PPO from here adds it.

Axes: N learners, A activities, V view, P pair features, S labelled decisions.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from adaptlearn.agents.networks import Pointer
from adaptlearn.agents.planner import Planner
from adaptlearn.agents.planner import Settings as Search
from adaptlearn.agents.plans import Orders
from adaptlearn.core import luck


@dataclass(frozen=True)
class Settings:
    """Of the distillation."""

    rounds: int = 8  # of teaching, labelling, learning
    learners: int = 512  # taught in a round
    share: float = 0.15  # of their decisions that are labelled
    search: int = 3  # rounds of the planner's search before it labels a decision
    futures: int = 2  # imagined lives per label
    epochs: int = 6  # passes over all labels so far, in each round
    batch: int = 64
    rate: float = 2e-3  # step size of Adam, falling to a tenth within a round
    unit: float = 100.0  # score per unit of worth: a hundredth of the goal is one nat
    explore: float = 0.5  # temperature of teaching in rounds, 0 at evaluation
    hidden: int = 64
    width: int = 32

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not value > 0 and field.name not in ("explore", "search"):
                raise ValueError(f"distill: {field.name} = {value}; needed more than 0, e.g. {field.default}")


@dataclass
class Labels:
    """Decisions with what each activity would be worth there; chunks, in the order they came."""

    view: list[Tensor]  # [S, V]
    pairs: list[Tensor]  # [S, A, P]
    worth: list[Tensor]  # [S, A], not a number where not judged

    def whole(self) -> tuple[Tensor, Tensor, Tensor]:
        """All chunks as one."""
        return torch.cat(self.view), torch.cat(self.pairs), torch.cat(self.worth)


def fit(
    rules: Any, classroom: Callable[..., Any], seed: int, settings: Settings | None = None, *,
    start: Orders | None = None, net: Pointer | None = None, progress: Callable[[dict[str, float]], None] | None = None,
) -> Pointer:  # fmt: skip
    """Teach, label, learn.   Same seed, same weights on like machines.

    Args:
        rules: what happens; labels are the worth of the destination at the end of a life.
        classroom: makes a room from (rules, rows, seed), as ``classroom.room.Classroom`` does.
        seed: of weights, minibatches, learners and luck.
        start: orders [R, E] the planner begins with, e.g. a fixed programme's; the author's without.
        net: a network to go on with.
        progress: told after each round: round, labels, error (share of the spread of labels left unexplained).
    """
    s = settings or Settings()
    net = net or Pointer.for_world(rules.world, hidden=s.hidden, width=s.width, seed=seed)
    net.name = "distilled"
    catalogue, dice = torch.from_numpy(rules.world.features.copy()), torch.Generator().manual_seed(seed)
    labels = Labels([], [], [])
    for turn in range(s.rounds):
        room = classroom(rules, s.learners, seed).begin(luck.rebirth(seed, np.arange(s.learners), turn))
        planner = Planner(Search(futures=s.futures), start)
        taught(room, net, planner, catalogue, labels, seed, s)
        left = learned(net, catalogue, labels, dice, s)
        if progress is not None:
            progress({"round": turn + 1, "labels": sum(map(len, labels.view)), "error": left})
    return net


def taught(
    room: Any, net: Pointer, planner: Planner, catalogue: Tensor, labels: Labels, seed: int, s: Settings
) -> None:
    """A cohort's lives under the network, with some of its decisions labelled."""
    history = room.history()
    with torch.inference_mode():
        while room.alive.any():
            view = torch.from_numpy(room.view.copy())
            pairs = net.pairs(view, catalogue, torch.from_numpy(room.history(history)))
            rows = sampled(room, seed, s.share)
            if len(rows):
                labels.view.append(view[rows])
                labels.pairs.append(pairs[rows])
                labels.worth.append(torch.from_numpy(planner.values(room, rows, s.search)))
            room.choose(net.scores(view, catalogue, pairs).numpy(), s.explore)
            room.step()


def sampled(room: Any, seed: int, share: float) -> NDArray[np.int64]:
    """Whose decision is labelled now: each learner's own luck."""
    u = luck.uniform(seed, luck.RESTART, room.ids, room.now("step").astype(np.int64), 0)
    return np.flatnonzero(room.alive & (u < share))


def learned(net: Pointer, catalogue: Tensor, labels: Labels, dice: torch.Generator, s: Settings) -> float:
    """Some passes over all labels.   -> share of the labels' spread left unexplained in the last pass"""
    view, pairs, worth = labels.whole()
    optimiser = torch.optim.Adam(net.parameters(), lr=s.rate)
    steps = s.epochs * (1 + (len(view) - 1) // s.batch)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps, s.rate / 10.0)
    lost = spread = 0.0
    for epoch in range(s.epochs):
        for rows in torch.randperm(len(view), generator=dice).split(s.batch):
            judged = torch.isfinite(worth[rows])
            wanted = centred(s.unit * worth[rows].nan_to_num(), judged)
            error = (centred(net.scores(view[rows], catalogue, pairs[rows]), judged) - wanted) ** 2
            loss = error.sum() / judged.sum()
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
            falling.step()
            if epoch == s.epochs - 1:
                lost, spread = lost + float(error.detach().sum()), spread + float((wanted**2).sum())
    return lost / max(spread, 1e-12)


def centred(values: Tensor, judged: Tensor) -> Tensor:
    """Less their mean over what is judged; 0 elsewhere.   [S, A] -> [S, A]"""
    weight = judged.to(values.dtype)
    mean = (values * weight).sum(1, keepdim=True) / weight.sum(1, keepdim=True).clamp(min=1.0)
    return (values - mean) * weight
