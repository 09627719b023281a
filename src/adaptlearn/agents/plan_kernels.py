"""Orders of visits, compiled: who is due for what.

An order names every activity as often as it may be visited. What is due is the first place whose visit has not been
made and is legal. ``classroom.rehearsal`` reads orders the same way, in imagined lives.
"""

import numpy as np

from adaptlearn.core.compiled import compiled


@compiled
def due(orders, visits, mask):
    """The activity that each order has next; 0 where nothing is.   orders [N, E], visits, mask [N, A] -> int32 [N]"""
    found, count = np.zeros(orders.shape[0], np.int32), np.zeros(mask.shape[1], np.int64)
    for i in range(orders.shape[0]):
        count[:] = 0
        for p in range(orders.shape[1]):
            a = orders[i, p]
            if mask[i, a] > 0 and visits[i, a] == count[a]:
                found[i] = a
                break
            count[a] += 1
    return found


@compiled
def numbered(orders):
    """Which visit to its activity each place is, from 0.   orders [N, E] -> int64 [N, E]"""
    nth = np.zeros(orders.shape, np.int64)
    count = np.zeros(orders.max() + 1, np.int64)
    for i in range(orders.shape[0]):
        count[:] = 0
        for p in range(orders.shape[1]):
            nth[i, p] = count[orders[i, p]]
            count[orders[i, p]] += 1
    return nth
