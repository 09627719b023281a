"""The likelihood of answers under a logistic model with each learner's ability integrated out; compiled, with gradient.

    P(right) = sigmoid(ability_n + sum_j value_ij effect[index_ij]),   ability_n ~ Normal(0, spread)

A logistic regression on a sparse design of J terms an answer, with a random intercept per learner: additive factors
(Cen, Koedinger & Junker 2006) and whatever else the columns say. The integral over abilities is adaptive Gauss-Hermite
quadrature (Naylor & Smith 1982; Pinheiro & Bates 1995): nodes sit around each learner's own most likely ability, so a
handful is exact to many digits and nothing is left for a guide to get wrong.

Arrays: effect [P]; start [N + 1] says where each learner's answers begin; index, value [M, J]; right [M].
"""

import math

import numpy as np

from adaptlearn.core.compiled import compiled

CLIMB = 20  #: most Newton steps to a learner's most likely ability
STRIDE = 2.0  #: longest of them, logit
FARTHEST = 40.0  #: logit of an answer
TOGETHER = 8  #: factors multiplied before a logarithm is taken


@compiled
def level(effect, index, value, i):
    """Logit of answer i at ability 0; a search that strays too far is kept within what can be computed."""
    total = 0.0
    for j in range(index.shape[1]):
        total += value[i, j] * effect[index[i, j]]
    return min(max(total, -FARTHEST), FARTHEST)


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
def marginal(effect, spread, start, index, value, right, nodes, weights, gradient, longest):
    """Log-likelihood of all answers and its gradient.

    nodes, weights [Q] of Gauss-Hermite -> log-likelihood, its derivative by spread; gradient [P] filled
    """
    gradient[:] = 0.0
    total, d_spread, Q = 0.0, 0.0, len(nodes)
    odds, chance, place, share = np.empty(longest), np.empty(Q), np.empty(Q), np.empty(Q)
    for n in range(len(start) - 1):
        first, count = start[n], start[n + 1] - start[n]
        here = odds[:count]
        n_right, as_right = 0.0, 0.0
        for i in range(count):
            logit = level(effect, index, value, first + i)
            here[i] = math.exp(logit)
            n_right += right[first + i]
            as_right += right[first + i] * logit
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
            for j in range(index.shape[1]):
                gradient[index[first + i, j]] += left * value[first + i, j]
    return total, d_spread


@compiled
def information(effect, spread, start, index, value, right, out, longest):
    """How sharply the answers bend the likelihood at this point, abilities integrated out by Laplace's method.

    Per learner, with w = p (1 - p) at the most likely ability:

        sum w x x' - (sum w x)(sum w x)' / (sum w + 1 / spread^2)

    -> the same for log spread; out [P, P] filled
    """
    out[:] = 0.0
    by_spread, J = 0.0, index.shape[1]
    odds, shared, met, is_met = np.empty(longest), np.zeros(len(effect)), np.empty(len(effect), np.int64), 0
    for n in range(len(start) - 1):
        first, count = start[n], start[n + 1] - start[n]
        n_right = 0.0
        for i in range(count):
            odds[i] = math.exp(level(effect, index, value, first + i))
            n_right += right[first + i]
        ability, bend = most_likely(odds[:count], n_right, spread)
        is_met, scale = 0, math.exp(ability)
        for i in range(count):
            p = scale * odds[i] / (1.0 + scale * odds[i])
            for j in range(J):
                a, w = index[first + i, j], p * (1.0 - p) * value[first + i, j]
                if shared[a] == 0.0 and w != 0.0:
                    met[is_met] = a
                    is_met += 1
                shared[a] += w
                for h in range(J):
                    out[a, index[first + i, h]] += w * value[first + i, h]
        for i in range(is_met):
            for j in range(is_met):
                out[met[i], met[j]] -= shared[met[i]] * shared[met[j]] / bend
        for i in range(is_met):
            shared[met[i]] = 0.0
        reliability = 1.0 - 1.0 / (bend * spread * spread)
        by_spread += 2.0 * reliability * reliability
    return by_spread


@compiled
def abilities(effect, spread, start, index, value, right, most, error, longest):
    """Each learner's most likely ability and its standard error, logit.   -> [N] each, filled"""
    odds = np.empty(longest)
    for n in range(len(start) - 1):
        first, count = start[n], start[n + 1] - start[n]
        n_right = 0.0
        for i in range(count):
            odds[i] = math.exp(level(effect, index, value, first + i))
            n_right += right[first + i]
        most[n], bend = most_likely(odds[:count], n_right, spread)
        error[n] = 1.0 / math.sqrt(bend)
