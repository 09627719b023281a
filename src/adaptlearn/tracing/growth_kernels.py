"""The likelihood of answers under logistic growth, with each learner's ability integrated out; compiled, with gradient.

    P(right) = sigmoid(ability_n + easiness_k + slope_k x),   x = log(1 + earlier answers of n on k)
    ability_n ~ Normal(0, spread)

An additive factor model (Cen, Koedinger & Junker 2006) on the logarithm of practice. The integral over abilities is
adaptive Gauss-Hermite quadrature (Naylor & Smith 1982; Pinheiro & Bates 1995): nodes sit around each learner's own
most likely ability, so a handful is exact to many digits and nothing is left for a guide to get wrong.
"""

import math

import numpy as np

from adaptlearn.tracing.bkt_kernels import compiled

CLIMB = 20  #: most Newton steps to a learner's most likely ability
STRIDE = 2.0  #: longest of them, logit
TOGETHER = 8  #: factors multiplied before a logarithm is taken


@compiled
def most_likely(odds, right, spread):
    """A learner's most likely ability, and the curvature there.   odds [n] of being right at ability 0"""
    ability, bend = 0.0, 1.0
    for _ in range(CLIMB):
        scale = math.exp(ability)
        slope, bend = right - ability / (spread * spread), 1.0 / (spread * spread)
        for i in range(len(odds)):
            p = scale * odds[i] / (1.0 + scale * odds[i])
            slope -= p
            bend += p * (1.0 - p)
        step = min(max(slope / bend, -STRIDE), STRIDE)
        ability += step
        if abs(step) < 1e-4:
            break
    return ability, bend


@compiled
def log_missed(odds, scale):
    """Sum of log(1 + scale odds): minus the log-chance that all answers are wrong."""
    total, product = 0.0, 1.0
    for i in range(len(odds)):
        product *= 1.0 + scale * odds[i]
        if i % TOGETHER == TOGETHER - 1:
            total, product = total + math.log(product), 1.0
    return total + math.log(product)


@compiled
def expected(odds, ability, share):
    """P(correct) averaged over nodes of ability.   odds of the answer at ability 0; exp(ability) [Q], share [Q]"""
    total = 0.0
    for q in range(len(share)):
        reach = ability[q] * odds
        total += share[q] * reach / (1.0 + reach)
    return total


@compiled
def marginal(easiness, slope, spread, start, skill, practice, right, nodes, weights, d_easiness, d_slope, longest):
    """Log-likelihood of all answers and its gradient.

    easiness, slope [K]; start [N + 1], skill, practice, right [M] learner by learner; nodes, weights [Q] of
    Gauss-Hermite -> log-likelihood, its derivative by spread; d_easiness, d_slope [K] filled
    """
    d_easiness[:] = 0.0
    d_slope[:] = 0.0
    total, d_spread, Q = 0.0, 0.0, len(nodes)
    odds, chance, place, share = np.empty(longest), np.empty(Q), np.empty(Q), np.empty(Q)
    for n in range(len(start) - 1):
        first, count = start[n], start[n + 1] - start[n]
        here = odds[:count]
        n_right, as_right = 0.0, 0.0
        for i in range(count):
            k = skill[first + i]
            level = easiness[k] + slope[k] * practice[first + i]
            here[i] = math.exp(level)
            n_right += right[first + i]
            as_right += right[first + i] * level
        centre, bend = most_likely(here, n_right, spread)
        width = math.sqrt(2.0 / bend)
        best = -np.inf
        for q in range(Q):
            place[q] = centre + width * nodes[q]
            scaled = place[q] / spread
            chance[q] = (
                n_right * place[q] - log_missed(here, math.exp(place[q])) - 0.5 * scaled * scaled
                + nodes[q] * nodes[q] + math.log(weights[q])
            )  # fmt: skip
            best = max(best, chance[q])
        evidence = 0.0
        for q in range(Q):
            share[q] = math.exp(chance[q] - best)
            evidence += share[q]
        total += as_right + best + math.log(evidence * width / spread) - 0.5 * math.log(2.0 * math.pi)
        for q in range(Q):
            share[q] /= evidence
            d_spread += share[q] * (place[q] * place[q] / (spread * spread) - 1.0) / spread
            place[q] = math.exp(place[q])
        for i in range(count):
            left = float(right[first + i]) - expected(here[i], place, share)
            d_easiness[skill[first + i]] += left
            d_slope[skill[first + i]] += left * practice[first + i]
    return total, d_spread


@compiled
def abilities(easiness, slope, spread, start, skill, practice, right, most, error, longest):
    """Each learner's most likely ability and its standard error, logit.   -> [N] each, filled"""
    odds = np.empty(longest)
    for n in range(len(start) - 1):
        first, count = start[n], start[n + 1] - start[n]
        n_right = 0.0
        for i in range(count):
            k = skill[first + i]
            odds[i] = math.exp(easiness[k] + slope[k] * practice[first + i])
            n_right += right[first + i]
        most[n], bend = most_likely(odds[:count], n_right, spread)
        error[n] = 1.0 / math.sqrt(bend)
