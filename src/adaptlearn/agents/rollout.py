"""What a policy has just lived through, in place, and how it is cut up to be learned from.

Axes: T steps, N rows, A activities, V view, P pair features, M memory, C what the critic sees, B minibatch.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

Shelves = list[tuple[slice, Tensor]]  #: which rows are offered which catalogue [A, F]
Parts = tuple[tuple[Tensor, Tensor | None], ...]  #: of a minibatch, per shelf: flat rows [B], memory [B, M]


def shelves_of(room: Any, features: np.ndarray, here: torch.device) -> Shelves:
    """What a room offers to whom: the same to all, unless it says otherwise (``classroom.mixed``)."""
    found = getattr(room, "shelves", [(slice(0, room.n), features)])
    return [(rows, torch.from_numpy(one.copy()).to(here)) for rows, one in found]


@dataclass
class Rollout:
    """What T steps of N rows left behind, in place. The last four are of the room's kind: arrays of NumPy, or tensors
    where the room is one on a graphics card. Each pair feature lies in memory in one piece (``pairs``)."""

    view: Tensor  # [T, N, V]
    insight: Tensor  # [T, N, C] what the critic saw
    pairs: Tensor  # [T, N, A, P]
    mask: Tensor  # [T, N, A]
    action: Tensor  # [T, N]
    log_chance: Tensor  # [T, N]
    memory: Tensor  # [N, M] before the first view, carried on from rollout to rollout
    reward: Any  # [T, N]
    ended: Any  # [T, N] left
    cut: Any  # [T, N] the clock
    beyond: Any  # [T, N] value of the last view where the clock cut

    @staticmethod
    def room_for(
        steps: int, rows: int, actions: int, view: int, insight: int, pairs: tuple[int, int], memory: int = 0,
        like: Any = None,
    ) -> "Rollout":  # fmt: skip
        """Empty buffers; pairs: for how many activities, how many features; like: an array of the room."""
        card, shape = isinstance(like, Tensor), (steps, rows)
        zeros = partial(torch.zeros, device=like.device if card else None)
        told = zeros(shape), zeros(shape, dtype=torch.bool), zeros(shape, dtype=torch.bool), zeros(shape)
        held = zeros(pairs[1], *shape, pairs[0]).movedim(0, 3)
        return Rollout(
            zeros(*shape, view), zeros(*shape, insight), held, zeros(*shape, actions, dtype=torch.bool),
            zeros(shape, dtype=torch.long), zeros(shape), zeros(rows, memory),
            *(told if card else (x.numpy() for x in told)),
        )  # fmt: skip

    def like(self, values: Tensor) -> Any:
        """Values of a network in the room's kind; nothing is copied."""
        return values if isinstance(self.reward, Tensor) else values.numpy()


def taken(x: Tensor, rows: Tensor) -> Tensor:
    """Some decisions of a flat rollout; what lies feature by feature stays so.   [T N, ...], [B] -> [B, ...]"""
    return x.index_select(0, rows) if x.dim() < 3 else x.movedim(2, 0).index_select(1, rows).movedim(0, 2)


def blocks(x: Tensor, most: int) -> tuple[Tensor, ...]:
    """Parts of at most so many decisions, which fit a processor's cache; a card has the whole at once."""
    return (x,) if x.is_cuda else x.split(most)


def minibatches(net: Any, out: Rollout, shelves: Shelves, batch: int, dice: torch.Generator) -> Iterator[Parts]:
    """Decisions at random, of every shelf its share in each minibatch; with a memory, whole rows at random, remembered
    anew."""
    t, n = out.action.shape
    each, of = (max(1, batch // t), n) if net.memory_size else (batch, t * n)
    drawn = remembered if net.memory_size else single
    yield from zip(*(drawn(net, out, rows, -(-of // each), dice) for rows, _ in shelves), strict=True)


def single(
    net: Any, out: Rollout, rows: slice, count: int, dice: torch.Generator
) -> Iterator[tuple[Tensor, Tensor | None]]:
    """Single decisions of some rows, each once, in so many parts."""
    t, n = out.action.shape
    wide = rows.stop - rows.start
    for part in shuffled(t * wide, dice).tensor_split(count):
        yield part // wide * n + rows.start + part % wide, None


def remembered(
    net: Any, out: Rollout, rows: slice, count: int, dice: torch.Generator
) -> Iterator[tuple[Tensor, Tensor | None]]:
    """All decisions of some rows, each row whole, in so many parts, with what was remembered before each decision."""
    t, n = out.action.shape
    going = torch.as_tensor(~(out.ended | out.cut))
    for part in shuffled(rows.stop - rows.start, dice).tensor_split(count):
        columns = part + rows.start
        memory, told = out.memory[columns], []
        for j in range(t):
            memory = net.remember(out.view[j, columns], memory)
            told.append(memory)
            memory = memory * going[j, columns, None]
        yield (torch.arange(t, device=columns.device)[:, None] * n + columns).ravel(), torch.cat(told)


def shuffled(n: int, dice: torch.Generator) -> Tensor:
    """0 to n - 1 in random order, where the dice are."""
    return torch.randperm(n, generator=dice, device=dice.device)


def hold_memory() -> None:
    """Ask for much and give it back, once: glibc then gives back no memory that the next block asks for again, which
    took a third of a training's time in page faults.
    """
    torch.empty(31 << 20, dtype=torch.uint8)
