"""What a policy has just lived through, in place, and how it is cut up to be learned from.

Axes: T steps, N rows, A activities, V view, P pair features, M memory, C what the critic sees, B minibatch.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor


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


def minibatches(net: Any, out: Rollout, batch: int, dice: torch.Generator) -> Iterator[tuple[Tensor, Tensor | None]]:
    """Decisions at random; with a memory, whole rows at random, remembered anew.   -> flat rows [B], memory [B, M]"""
    t, n = out.action.shape
    if not net.memory_size:
        yield from ((rows, None) for rows in shuffled(t * n, dice).split(batch))
        return
    going = torch.as_tensor(~(out.ended | out.cut))
    for columns in shuffled(n, dice).split(max(1, batch // t)):
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
