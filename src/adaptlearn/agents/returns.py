"""Sums of what follows a decision, compiled: generalised advantages (Schulman et al. 2016), n-step returns."""

import numpy as np

from adaptlearn.core.compiled import compiled


@compiled
def advantages(reward, value, last, ended, cut, beyond, gamma, trace):
    """Advantages, backwards.   A_t = d_t + gamma lambda A_t+1,  d_t = r_t + gamma V_t+1 - V_t

    What follows an end is worth nothing; what follows a cut is worth ``beyond``, the value of the view it was cut at;
    neither lets the sum run on into the next life. ``last`` is the value of the view after the last step.

    reward, value, ended, cut, beyond [T, N], last [N] -> [T, N]
    """
    found = np.empty(reward.shape, np.float32)
    for n in range(reward.shape[1]):
        running, following = 0.0, last[n]
        for t in range(reward.shape[0] - 1, -1, -1):
            over = ended[t, n] or cut[t, n]
            if over:
                following = 0.0 if ended[t, n] else beyond[t, n]
            step = reward[t, n] + gamma * following - value[t, n]
            running = step + (0.0 if over else gamma * trace * running)
            found[t, n], following = running, value[t, n]
    return found


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
