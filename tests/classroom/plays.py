"""Policies that know next to nothing, and lives played step by step, for the tests of this folder."""

from typing import Any

import numpy as np
import torch

from adaptlearn.classroom.layout import EVENT
from adaptlearn.classroom.room import STATE, Classroom
from adaptlearn.core import luck
from adaptlearn.core.policy import Head
from adaptlearn.core.record import ViewSpec
from adaptlearn.envs.registry import rules

LAWS = ("workplace", "bkt")
AT = {name: j for j, name in enumerate(EVENT)}
LOGGED = ("learner", "step", "day", "offered", "taken", "outcome", "completed", "minutes", "items", "correct",
          "answers", "score", "rating", "gap_days", "left", "propensity", "role")  # fmt: skip


def tiny(law="workplace", **terms):
    """Rules of the smallest world."""
    return rules("tiny-v1", law, **terms)


class Leaning(torch.nn.Module):
    """A small network with fixed weights on everything a policy is given; it has a memory and draws of its own."""

    name, version, head, memory_size, luck_size = "leaning", "1", Head(0.7), 3, 2

    def __init__(self, world):
        super().__init__()
        weights = torch.Generator().manual_seed(4)

        def some(*shape):
            return torch.randn(*shape, generator=weights) / shape[0] ** 0.5

        self.inner, self.outer = some(ViewSpec(len(world.skills)).size, 16), some(world.features.shape[1], 16)
        self.past, self.kept = some(3), some(3, 16)

    def forward(self, view, catalogue, history, memory, luck):
        query = torch.tanh(view @ self.inner + memory @ self.kept)
        scores = query @ torch.tanh(catalogue / 10.0 @ self.outer).T + history @ self.past + luck[:, :1] - luck[:, 1:]
        return scores, 0.9 * memory + query[:, :3]


class Turncoat(torch.nn.Module):
    """Even scores, but at one step it wants one activity above all."""

    name, version, head, memory_size, luck_size = "turncoat", "1", Head(1.0), 1, 0

    def __init__(self, step, wanted):
        super().__init__()
        self.step, self.wanted = step, wanted

    def forward(self, view, catalogue, history, memory, luck):
        scores = torch.zeros(len(view), len(catalogue))
        scores[:, self.wanted] = torch.where(memory[:, 0] == self.step, 50.0, 0.0)
        return scores, memory + 1.0


def offers_by_index(room, step, seed=99):
    """Uniform over the whole catalogue, legal or not; the same for a learner and step in whatever world.   -> [N, k]"""
    u = luck.uniform(seed, luck.IMAGINED, room.ids[:, None], step, np.arange(room.offers.shape[1]))
    return np.floor(u * room.mask.shape[1]).astype(np.int32)


def snap(room: Classroom) -> dict[str, Any]:
    """A copy of everything a step writes."""
    parts = {name: getattr(room, name).copy() for name in (*STATE, "pay", "flags", "event", "answers")}
    return parts | {"alive": room.alive}


def play(terms, ids, seed=7, steps=25, offers=offers_by_index, room=None):
    """Lives under offers by index.   -> the room, and its state before the first step and after each"""
    room = room or Classroom(terms, len(ids), seed).begin(ids)
    states = [snap(room)]
    for step in range(steps):
        room.step(offers(room, step))
        states.append(snap(room))
    return room, states


def same(one, other, names):
    """Bit for bit."""
    for name in names:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)
