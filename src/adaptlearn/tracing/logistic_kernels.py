"""Logistic regression on answers with each learner's ability integrated out; compiled.

    P(right) = sigmoid(x w + ability_n),   ability_n ~ Normal(0, spread)

Abilities live on a grid. Given the grid, what a learner's answers say about the ability is exact (Bock & Aitkin 1981),
and before each answer the ability is believed as the earlier answers leave it. With one grid point at 0 this is plain
logistic regression.

Rows are sorted by learner, then time; ``start`` [N + 1] says where each learner begins. ``place`` and ``value`` [M, B]
are the design, see ``features``.
"""

import math

import numpy as np

from adaptlearn.core.compiled import compiled

SURE = 1e-12  #: chances are kept this far from 0 and 1


@compiled
def decayed(key, right, memory):
    """Running success of rows sorted by key, before each row, -1 to 1.   -> [M]"""
    out, level = np.zeros(len(key)), 0.0
    for m in range(len(key)):
        if m == 0 or key[m] != key[m - 1]:
            level = 0.0
        out[m] = level
        level = memory * level + (1.0 - memory) * (2.0 * right[m] - 1.0)
    return out


@compiled
def faded(key, gap, value, days):
    """Sum over earlier rows of the same key of value exp(-time since / days); rows sorted by key.   -> [M]"""
    out, level = np.zeros(len(key)), 0.0
    for m in range(len(key)):
        level = (level + value[m - 1]) * math.exp(-gap[m] / days) if m > 0 and key[m] == key[m - 1] else 0.0
        out[m] = level
    return out


@compiled
def predictor(place, value, weight, eta):
    """x w for every row.   -> eta [M], filled"""
    for m in range(len(eta)):
        total = 0.0
        for b in range(place.shape[1]):
            total += weight[place[m, b]] * value[m, b]
        eta[m] = total


@compiled
def expect(eta, right, start, grid, share, slope, bend):
    """The E-step: log-likelihood, and its first and minus its expected second derivative by every eta.

    grid, share [Q] of the prior of ability; slope, bend [M] filled -> log-likelihood, sum over learners of E[ability^2]
    """
    total, squares, Q = 0.0, 0.0, len(grid)
    odds, said = np.exp(grid), np.empty(Q)
    for n in range(len(start) - 1):
        for q in range(Q):
            said[q] = math.log(share[q])
        for m in range(start[n], start[n + 1]):
            scale = math.exp(eta[m])
            for q in range(Q):
                reach = scale * odds[q]
                said[q] += math.log((reach if right[m] else 1.0) / (1.0 + reach))
        best, evidence = np.max(said), 0.0
        for q in range(Q):
            said[q] = math.exp(said[q] - best)
            evidence += said[q]
        total += best + math.log(evidence)
        for q in range(Q):
            said[q] /= evidence
            squares += said[q] * grid[q] * grid[q]
        for m in range(start[n], start[n + 1]):
            scale, p, pp = math.exp(eta[m]), 0.0, 0.0
            for q in range(Q):
                chance = scale * odds[q] / (1.0 + scale * odds[q])
                p += said[q] * chance
                pp += said[q] * chance * (1.0 - chance)
            slope[m], bend[m] = right[m] - p, pp
    return total, squares


@compiled
def gather(place, value, rows, out):
    """X' rows.   rows [M] -> out [D], filled"""
    out[:] = 0.0
    for m in range(len(rows)):
        for b in range(place.shape[1]):
            out[place[m, b]] += value[m, b] * rows[m]


@compiled
def solve(place, value, bend, ridge, target, tolerance, most):
    """(X' diag(bend) X + diag(ridge)) step = target, by conjugate gradients scaled by the diagonal.   -> step [D]"""
    D, M = len(target), len(bend)
    diagonal, rows, pushed = ridge.copy(), np.empty(M), np.empty(D)
    for m in range(M):
        for b in range(place.shape[1]):
            diagonal[place[m, b]] += bend[m] * value[m, b] * value[m, b]
    step, left = np.zeros(D), target.copy()
    scaled = left / diagonal
    along, size = scaled.copy(), np.dot(left, scaled)
    first = size
    for _ in range(most):
        if size <= tolerance * tolerance * first:
            break
        predictor(place, value, along, rows)
        gather(place, value, rows * bend, pushed)
        pushed += ridge * along
        far = size / np.dot(along, pushed)
        step += far * along
        left -= far * pushed
        scaled = left / diagonal
        size, before = np.dot(left, scaled), size
        along = scaled + size / before * along
    return step


@compiled
def foretell(eta, right, start, grid, share, chance):
    """P(right) before each answer, the ability believed as earlier answers leave it.   -> chance [M], filled"""
    Q = len(grid)
    odds, said, p = np.exp(grid), np.empty(Q), np.empty(Q)
    for n in range(len(start) - 1):
        said[:] = share
        for m in range(start[n], start[n + 1]):
            scale, total = math.exp(eta[m]), 0.0
            for q in range(Q):
                p[q] = scale * odds[q] / (1.0 + scale * odds[q])
                total += said[q] * p[q]
            total = min(max(total, SURE), 1.0 - SURE)  # sums of shares round past 1
            chance[m] = total
            for q in range(Q):
                said[q] *= p[q] / total if right[m] else (1.0 - p[q]) / (1.0 - total)
