"""What a policy has just lived through, in place, and how it is cut up to be learned from.

Axes: T steps, N rows, A activities, V view, P pair features, M memory, C what the critic sees, B minibatch.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float32]


@dataclass
class Rollout:
    """What T steps of N rows left behind, in place."""

    view: Tensor  # [T, N, V]
    insight: Tensor  # [T, N, C] what the critic saw
    pairs: Tensor  # [T, N, A, P]
    mask: Tensor  # [T, N, A]
    action: Tensor  # [T, N]
    log_chance: Tensor  # [T, N]
    memory: Tensor  # [N, M] before the first view, carried on from rollout to rollout
    reward: Floats  # [T, N]
    ended: NDArray[np.bool_]  # [T, N] left
    cut: NDArray[np.bool_]  # [T, N] the clock
    beyond: Floats  # [T, N] value of the last view where the clock cut

    @staticmethod
    def room_for(
        steps: int, rows: int, actions: int, view: int, insight: int, pairs: tuple[int, int], memory: int = 0
    ) -> "Rollout":
        """Empty buffers; pairs: for how many activities, how many features."""
        shape = (steps, rows)
        return Rollout(
            torch.zeros(*shape, view), torch.zeros(*shape, insight), torch.zeros(*shape, *pairs),
            torch.zeros(*shape, actions, dtype=torch.bool), torch.zeros(shape, dtype=torch.long), torch.zeros(shape),
            torch.zeros(rows, memory), np.zeros(shape, np.float32), np.zeros(shape, bool), np.zeros(shape, bool),
            np.zeros(shape, np.float32),
        )  # fmt: skip


def minibatches(net: Any, out: Rollout, batch: int, dice: torch.Generator) -> Iterator[tuple[Tensor, Tensor | None]]:
    """Decisions at random; with a memory, whole rows at random, remembered anew.   -> flat rows [B], memory [B, M]"""
    t, n = out.action.shape
    if not net.memory_size:
        yield from ((rows, None) for rows in torch.randperm(t * n, generator=dice).split(batch))
        return
    going = torch.from_numpy(~(out.ended | out.cut))
    for columns in torch.randperm(n, generator=dice).split(max(1, batch // t)):
        memory, told = out.memory[columns], []
        for j in range(t):
            memory = net.remember(out.view[j, columns], memory)
            told.append(memory)
            memory = memory * going[j, columns, None]
        yield (torch.arange(t)[:, None] * n + columns).ravel(), torch.cat(told)
