"""Distilling the planner on records into a network that needs no law.

Learners are taught by the network as it stands, so that it is corrected where it goes (DAgger: Ross, Gordon & Bagnell
2011). At a sample of their decisions the planner on records says what beginning with each activity would be worth,
averaged over the minds that the record allows (``cloud``): one answer for what the network can know, instead of one for
each mind. The network learns to prefer what is worth more, by cross-entropy to a soft maximum of those worths.

It begins as the best fixed programme (``follower``): what it has to learn is where to leave it.

Axes: N learners, A activities, V view, P pair features, H hidden, S labelled decisions.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from adaptlearn.agents import programme
from adaptlearn.agents.follower import Follower
from adaptlearn.agents.guided import Guided
from adaptlearn.agents.planner import RecordPlanner, ToldPlanner
from adaptlearn.agents.planner import Settings as Search
from adaptlearn.core import luck

ILLEGAL = -1e9  # score of what may not be offered


@dataclass(frozen=True)
class Settings:
    """Of the distillation."""

    rounds: int = 6  # of teaching, labelling, learning
    learners: int = 64  # taught in a round
    share: float = 0.3  # of their decisions that are labelled
    first: int = 300  # neighbours the planner tries before a learner's first label
    then: int = 100  # and before each later one
    copies: int = 32  # minds a label is averaged over
    particles: int = 256  # they are drawn from
    sharpness: float = 500.0  # nats per unit of worth: a thousandth of the goal is half a nat
    epochs: int = 15  # passes over all labels so far, in each round
    batch: int = 64
    rate: float = 3e-3  # step size of Adam, falling to a tenth within a round
    hidden: int = 32

    def __post_init__(self) -> None:
        for field in fields(self):
            if not getattr(self, field.name) > 0:
                raise ValueError(
                    f"distill: {field.name} = {getattr(self, field.name)}; needed more than 0, e.g. {field.default}"
                )


@dataclass
class Labels:
    """Decisions with what each activity would be worth there; chunks, in the order they came."""

    view: list[Tensor]  # [S, V]
    pairs: list[Tensor]  # [S, A, P]
    legal: list[Tensor]  # [S, A]
    worth: list[Tensor]  # [S, A], not a number where not judged

    def whole(self) -> tuple[Tensor, ...]:
        """All chunks as one."""
        return tuple(torch.cat(chunks) for chunks in (self.view, self.pairs, self.legal, self.worth))


def fit(
    rules: Any, classroom: Callable[..., Any], seed: int, settings: Settings | None = None, *,
    start: Any = None, progress: Callable[[dict[str, float]], None] | None = None,
) -> Follower:  # fmt: skip
    """Teach, label, learn.   Same seed, same weights on like machines.

    Args:
        rules: what happens, the catalogue's errors included; labels are the worth of the destination at a life's end.
        classroom: makes a room from (rules, rows, seed), as ``classroom.room.Classroom`` does.
        seed: of weights, minibatches, learners and luck.
        start: a programme or a guided scorer to begin as; without, a programme is searched for first.
        progress: told after each round: round, labels, loss, agreed (share of labels whose best it prefers).
    """
    s, found = settings or Settings(), start or programme.fit(rules, classroom, seed, progress=progress)
    guide = found
    if not isinstance(found, Guided):
        guide = Guided.for_world(rules.world, programme.required(found, "distilled").orders(rules.world))
    net = Follower(guide, rules.world, s.hidden, s.hidden, seed=seed)
    net.name = "distilled"
    catalogue, dice = torch.from_numpy(rules.world.features.copy()), torch.Generator().manual_seed(seed)
    labels, orders = Labels([], [], [], []), guide.programme.orders(rules.world)
    for turn in range(s.rounds):
        room = classroom(rules, s.learners, seed).begin(luck.rebirth(seed, np.arange(s.learners), turn))
        planner = ToldPlanner(Search(s.first, s.then, s.copies, 1.0), orders, s.particles)
        taught(room, net, planner, catalogue, labels, seed, s.share)
        loss, agreed = learned(net, catalogue, labels, dice, s)
        if progress is not None:
            progress({"round": turn + 1, "labels": sum(map(len, labels.view)), "loss": loss, "agreed": agreed})
    return net


def taught(
    room: Any, net: Follower, planner: RecordPlanner, catalogue: Tensor, labels: Labels, seed: int, share: float
) -> None:
    """A cohort's lives under the network, with some of its decisions labelled."""
    history = room.history()
    with torch.inference_mode():
        while room.alive.any():
            planner.look(room)
            view = torch.from_numpy(room.view.copy())
            pairs = net.pairs(view, catalogue, torch.from_numpy(room.history(history)))
            rows = sampled(room, seed, share)
            if len(rows):
                labels.view.append(view[rows])
                labels.pairs.append(pairs[rows])
                labels.legal.append(torch.from_numpy(room.mask[rows] > 0))
                labels.worth.append(torch.from_numpy(planner.values(room, rows)))
            room.choose(net.scores(view, catalogue, pairs).numpy(), 0.0)
            room.step()


def sampled(room: Any, seed: int, share: float) -> NDArray[np.int64]:
    """Whose decision is labelled now: each learner's own luck."""
    u = luck.uniform(seed, luck.RESTART, room.ids, room.now("step").astype(np.int64), 0)
    return np.flatnonzero(room.alive & (u < share))


def learned(
    net: Follower, catalogue: Tensor, labels: Labels, dice: torch.Generator, s: Settings
) -> tuple[float, float]:
    """Some passes over all labels.   -> in the last pass: mean loss, share of labels whose best it prefers"""
    view, pairs, legal, worth = labels.whole()
    told = torch.isfinite(worth)
    wanted = torch.where(told, s.sharpness * worth.nan_to_num(), torch.tensor(ILLEGAL)).softmax(1)
    kept = told.any(1)
    view, pairs, legal, wanted = view[kept], pairs[kept], legal[kept], wanted[kept]
    optimiser = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=s.rate)
    steps = s.epochs * (1 + (len(view) - 1) // s.batch)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps, s.rate / 10.0)
    loss_sum = agreed = 0.0
    for epoch in range(s.epochs):
        for rows in torch.randperm(len(view), generator=dice).split(s.batch):
            scores = net.scores(view[rows], catalogue, pairs[rows]).masked_fill(~legal[rows], ILLEGAL)
            loss = -(wanted[rows] * scores.log_softmax(1)).sum(1).mean()
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
            falling.step()
            if epoch == s.epochs - 1:
                loss_sum += float(loss.detach()) * len(rows)
                agreed += float((scores.argmax(1) == wanted[rows].argmax(1)).sum())
    return loss_sum / len(view), agreed / len(view)
