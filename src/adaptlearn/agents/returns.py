"""Sums of what follows a decision: generalised advantages (Schulman et al. 2016), n-step returns."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from adaptlearn.core.compiled import compiled


def advantages(
    reward: Any, value: Any, last: Any, ended: Any, cut: Any, beyond: Any, gamma: float, trace: float
) -> Tensor:
    """Advantages, backwards.   A_t = d_t + gamma lambda A_t+1,  d_t = r_t + gamma V_t+1 - V_t

    What follows an end is worth nothing; what follows a cut is worth ``beyond``, the value of the view it was cut at;
    neither lets the sum run on into the next life. ``last`` is the value of the view after the last step.

    reward, value, ended, cut, beyond [T, N], last [N], arrays or tensors -> [T, N]
    """
    reward, value, following, beyond = (torch.as_tensor(x).double() for x in (reward, value, last, beyond))
    ended, cut = torch.as_tensor(ended), torch.as_tensor(cut)
    going, found, running = ~(ended | cut), torch.empty_like(reward), torch.zeros_like(following)
    for t in range(len(reward) - 1, -1, -1):
        following = torch.where(going[t], following, beyond[t] * ~ended[t])
        step = reward[t] + gamma * following - value[t]
        running = step + gamma * trace * running * going[t]
        found[t], following = running, value[t]
    return found.float()


@compiled
def ahead(reward, over, step, row, n, gamma):
    """Rewards of the next n steps, cut short where a life ends, and what a bootstrap after them counts for: gamma^n, or
    0 after an end (Sutton 1988).   reward, over [L, N] in a ring of L steps; step, row [B] -> [B], [B]
    """
    kept = reward.shape[0]
    total, going = np.zeros(len(step), np.float32), np.zeros(len(step), np.float32)
    for b in range(len(step)):
        discount, alive = 1.0, True
        for j in range(n):
            at = (step[b] + j) % kept
            if alive:
                total[b] += discount * reward[at, row[b]]
            alive = alive and not over[at, row[b]]
            discount *= gamma
        going[b] = discount if alive else 0.0
    return total, going
