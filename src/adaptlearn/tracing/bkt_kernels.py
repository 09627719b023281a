"""Bayesian knowledge tracing, compiled: exact expectation-maximisation, filtering, smoothing, the most likely path.

A BKT model of one skill is a handful of coins. Each coin's chance of *yes* is one entry of ``theta`` [D]:

    prior  [n_prior]  known before the first answer     one per group of learners
    learn  [n_learn]  unknown -> known after an answer  one per kind of lesson
    forget [n_learn]  known -> unknown after an answer
    guess  [n_item]   right although unknown            one per item
    slip   [n_item]   wrong although known

Plain BKT has one of each. The E-step counts how often each coin is expected to have said no and yes, given all
answers; the M-step divides. The gradient of the log-likelihood by the logit of a coin is ``yes - (yes + no) theta``.

A sequence is one learner's answers on one skill, first to last; ``start`` [S + 1] says where each begins in the flat
arrays ``answer`` (2 item + right) and ``lesson`` [M]; each has a ``group`` [S]. Joint chances run unscaled and are
brought back to 1 every BLOCK answers. Equations: Corbett & Anderson (1995); Baum et al. (1970); Rabiner (1989).
"""

import math

import numpy as np

from adaptlearn.core.compiled import compiled

EDGE = 1e-6  #: chances stay within [EDGE, 1 - EDGE], so that BLOCK answers never underflow
BLOCK = 16  #: answers between two rescalings
FADED = 1e-90  #: a running likelihood below this is turned into its logarithm
FARTHEST = 64.0  #: longest leap, in EM steps
NUDGE = 1e-4  #: step on the logit scale by which curvature is measured


@compiled
def speak(theta, sizes, says):
    """P(answer | unknown, known) for every answer code 2 item + right.   says [2 n_item, 2]"""
    n_prior, n_learn, n_item = sizes
    for i in range(n_item):
        guess, slip = theta[n_prior + 2 * n_learn + i], theta[n_prior + 2 * n_learn + n_item + i]
        says[2 * i, 0], says[2 * i, 1] = 1.0 - guess, slip
        says[2 * i + 1, 0], says[2 * i + 1, 1] = guess, 1.0 - slip


@compiled
def forward(theta, sizes, says, first, last, answer, lesson, prior, path):
    """Along one sequence up to its last answer: P(state, answers before), scaled; ``path`` keeps it for each answer.

    -> unknown, known, and what was scaled out of them: a logarithm and a factor still to be logged
    """
    n_prior, n_learn, _ = sizes
    unknown, known, logged, factor = 1.0 - prior, prior, 0.0, 1.0
    for t in range(last - first):
        a, q = answer[first + t], n_prior + lesson[first + t]
        if_unknown, if_known = says[a, 0], says[a, 1]
        learns, forgets = if_unknown * theta[q], if_known * theta[q + n_learn]
        path[t, 0], path[t, 1] = unknown, known
        unknown, known = (
            unknown * (if_unknown - learns) + known * forgets,
            unknown * learns + known * (if_known - forgets),
        )
        if t % BLOCK == BLOCK - 1:
            scale = 1.0 / (unknown + known)
            unknown, known, path[t, 2] = unknown * scale, known * scale, scale
            factor /= scale
            if factor < FADED:
                logged, factor = logged + math.log(factor), 1.0
    return unknown, known, logged, factor


@compiled
def backward(theta, sizes, says, first, last, answer, lesson, to_unknown, to_known, path, counts, said):
    """Back along one sequence from P(last answer | state) / P(all answers), counting on the way.

    -> the same for all answers of the sequence, given the state before the first
    """
    n_prior, n_learn, _ = sizes
    for t in range(last - first - 1, -1, -1):
        a, q = answer[first + t], n_prior + lesson[first + t]
        if_unknown, if_known = says[a, 0], says[a, 1]
        learns, forgets = if_unknown * theta[q], if_known * theta[q + n_learn]
        if t % BLOCK == BLOCK - 1:
            to_unknown, to_known = to_unknown * path[t, 2], to_known * path[t, 2]
        unknown, known = path[t, 0], path[t, 1]
        learned, forgot = unknown * learns * to_known, known * forgets * to_unknown
        to_unknown, to_known = (
            (if_unknown - learns) * to_unknown + learns * to_known,
            forgets * to_unknown + (if_known - forgets) * to_known,
        )
        was_unknown, was_known = unknown * to_unknown, known * to_known
        counts[q, 1] += learned
        counts[q, 0] += was_unknown - learned
        counts[q + n_learn, 1] += forgot
        counts[q + n_learn, 0] += was_known - forgot
        said[a, 0] += was_unknown
        said[a, 1] += was_known
    return to_unknown, to_known


@compiled
def count(theta, sizes, start, answer, lesson, group, counts, path):
    """The E-step.   path [longest, 3] is scratch -> log-likelihood; counts [D, (no, yes)]"""
    n_prior, n_learn, n_item = sizes
    says, said = np.empty((2 * n_item, 2)), np.zeros((2 * n_item, 2))
    speak(theta, sizes, says)
    counts[:] = 0.0
    total, like = 0.0, 1.0
    for s in range(len(start) - 1):
        first, last, prior = start[s], start[s + 1] - 1, theta[group[s]]
        unknown, known, logged, factor = forward(theta, sizes, says, first, last, answer, lesson, prior, path)
        a = answer[last]
        evidence = unknown * says[a, 0] + known * says[a, 1]
        total, like = total + logged, like * evidence * factor
        if like < FADED:
            total, like = total + math.log(like), 1.0
        to_unknown, to_known = says[a, 0] / evidence, says[a, 1] / evidence
        said[a, 0] += unknown * to_unknown
        said[a, 1] += known * to_known
        to_unknown, to_known = backward(
            theta, sizes, says, first, last, answer, lesson, to_unknown, to_known, path, counts, said
        )
        counts[group[s], 0] += (1.0 - prior) * to_unknown
        counts[group[s], 1] += prior * to_known
    for i in range(n_item):
        guess = n_prior + 2 * n_learn + i
        counts[guess, 0], counts[guess, 1] = said[2 * i, 0], said[2 * i + 1, 0]
        counts[guess + n_item, 0], counts[guess + n_item, 1] = said[2 * i + 1, 1], said[2 * i, 1]
    return total + math.log(like)


@compiled
def divide(theta, sizes, counts, imagined, free, better):
    """The M-step: each free coin's share of yes, what was imagined before the data included.

    What is known is never answered worse than what is not, guess + slip <= 1, else the two states would trade names;
    where the counts ask for more, the constrained optimum is one chance of being right for both states.
    """
    n_prior, n_learn, n_item = sizes
    for d in range(len(theta)):
        no, yes = counts[d, 0] + imagined[d, 0], counts[d, 1] + imagined[d, 1]
        better[d] = theta[d]
        if free[d] and yes + no > 0.0:
            better[d] = min(max(yes / (yes + no), EDGE), 1.0 - EDGE)
    for guess in range(n_prior + 2 * n_learn, n_prior + 2 * n_learn + n_item):
        slip = guess + n_item
        if better[guess] + better[slip] > 1.0 and free[guess] and free[slip]:
            yes = counts[guess, 1] + imagined[guess, 1] + counts[slip, 0] + imagined[slip, 0]
            no = counts[guess, 0] + imagined[guess, 0] + counts[slip, 1] + imagined[slip, 1]
            better[guess] = min(max(yes / (yes + no), EDGE), 1.0 - EDGE)
            better[slip] = 1.0 - better[guess]


@compiled
def belief(theta, imagined, free):
    """Log density of the Beta priors, up to a constant; added to the log-likelihood it gives what EM climbs."""
    total = 0.0
    for d in range(len(theta)):
        if free[d]:
            total += imagined[d, 1] * math.log(theta[d]) + imagined[d, 0] * math.log(1.0 - theta[d])
    return total


@compiled
def leap(a, b, c, sizes, free, ahead):
    """From three successive EM points, a point farther along, on the logit scale.   Varadhan & Roland (2008), S3"""
    speed, bend = 0.0, 0.0
    for d in range(len(a)):
        if free[d]:
            one = math.log(b[d] / (1.0 - b[d])) - math.log(a[d] / (1.0 - a[d]))
            two = math.log(c[d] / (1.0 - c[d])) - math.log(b[d] / (1.0 - b[d]))
            speed += one * one
            bend += (two - one) * (two - one)
    ahead[:] = c
    if bend <= 0.0 or speed <= bend:
        return
    far = min(math.sqrt(speed / bend), FARTHEST)
    for d in range(len(a)):
        if free[d]:
            x = math.log(a[d] / (1.0 - a[d]))
            one = math.log(b[d] / (1.0 - b[d])) - x
            two = math.log(c[d] / (1.0 - c[d])) - x - one
            x += 2.0 * far * one + far * far * (two - one)
            ahead[d] = min(max(1.0 / (1.0 + math.exp(-x)), EDGE), 1.0 - EDGE)
    n_prior, n_learn, n_item = sizes
    for guess in range(n_prior + 2 * n_learn, n_prior + 2 * n_learn + n_item):
        if ahead[guess] + ahead[guess + n_item] > 1.0:
            ahead[:] = c
            return


@compiled
def climb(theta, sizes, start, answer, lesson, group, imagined, free, tolerance, sweeps, longest, history):
    """EM from one starting point, until a step gains less than ``tolerance`` nats; theta is moved in place.

    After each pair of steps comes a leap; one that loses is undone, so the accepted log-posteriors never fall.
    history [sweeps] takes them -> how many were written
    """
    counts, path = np.zeros((len(theta), 2)), np.empty((longest, 3))
    one, two, ahead = np.empty_like(theta), np.empty_like(theta), np.empty_like(theta)
    data = (start, answer, lesson, group, counts, path)
    value = count(theta, sizes, *data) + belief(theta, imagined, free)
    history[0], written, spent = value, 1, 1
    while spent + 3 <= sweeps:
        divide(theta, sizes, counts, imagined, free, one)
        stepped = count(one, sizes, *data) + belief(one, imagined, free)
        divide(one, sizes, counts, imagined, free, two)
        leap(theta, one, two, sizes, free, ahead)
        gained = stepped - value
        value = count(ahead, sizes, *data) + belief(ahead, imagined, free)
        spent += 2
        if not value >= stepped:
            ahead[:] = two
            value = count(ahead, sizes, *data) + belief(ahead, imagined, free)
            spent += 1
        theta[:] = ahead
        history[written], history[written + 1] = stepped, value
        written += 2
        if gained < tolerance:
            break
    return written


@compiled
def slope(theta, sizes, start, answer, lesson, group, imagined, counts, path, out):
    """Gradient of the log-posterior by the logit of each coin: yes - (yes + no) theta.   -> [D], filled"""
    count(theta, sizes, start, answer, lesson, group, counts, path)
    for d in range(len(theta)):
        yes, no = counts[d, 1] + imagined[d, 1], counts[d, 0] + imagined[d, 0]
        out[d] = yes - (yes + no) * theta[d]


@compiled
def curvature(theta, sizes, start, answer, lesson, group, imagined, free, longest):
    """Second derivatives of the log-posterior by the logits, from exact gradients a nudge apart.   -> [D, D]"""
    D = len(theta)
    counts, path = np.empty((D, 2)), np.empty((longest, 3))
    here, there, bend = np.empty(D), np.empty(D), np.zeros((D, D))
    slope(theta, sizes, start, answer, lesson, group, imagined, counts, path, here)
    for d in range(D):
        if free[d]:
            moved = theta.copy()
            moved[d] = 1.0 / (1.0 + (1.0 / theta[d] - 1.0) * math.exp(-NUDGE))
            slope(moved, sizes, start, answer, lesson, group, imagined, counts, path, there)
            bend[d] = (there - here) / NUDGE
    return bend


@compiled
def trace(theta, sizes, start, answer, lesson, group, known_before, correct_before):
    """Before each answer, from the answers that came earlier: P(known) and P(correct).   -> two arrays [M], filled"""
    n_prior, n_learn, n_item = sizes
    says = np.empty((2 * n_item, 2))
    speak(theta, sizes, says)
    for s in range(len(start) - 1):
        known = theta[group[s]]
        for t in range(start[s], start[s + 1]):
            a, q = answer[t], n_prior + lesson[t]
            if_right = a | 1
            known_before[t] = known
            correct_before[t] = known * says[if_right, 1] + (1.0 - known) * says[if_right, 0]
            evidence = known * says[a, 1] + (1.0 - known) * says[a, 0]
            known = known * says[a, 1] / evidence
            known = known * (1.0 - theta[q + n_learn]) + (1.0 - known) * theta[q]


@compiled
def smooth(theta, sizes, start, answer, lesson, group, known_given_all):
    """P(known when answering | all answers of the sequence, later ones too).   -> [M], filled"""
    n_prior, n_learn, n_item = sizes
    says, before = np.empty((2 * n_item, 2)), np.empty(len(answer))
    speak(theta, sizes, says)
    trace(theta, sizes, start, answer, lesson, group, known_given_all, before)
    for s in range(len(start) - 1):
        to_unknown, to_known = 1.0, 1.0
        for t in range(start[s + 1] - 1, start[s] - 1, -1):
            a, q, known = answer[t], n_prior + lesson[t], known_given_all[t]
            if t + 1 < start[s + 1]:
                to_unknown, to_known = (
                    to_unknown + theta[q] * (to_known - to_unknown),
                    to_known + theta[q + n_learn] * (to_unknown - to_known),
                )
            to_unknown, to_known = says[a, 0] * to_unknown, says[a, 1] * to_known
            evidence = (1.0 - known) * to_unknown + known * to_known
            to_unknown, to_known = to_unknown / evidence, to_known / evidence
            known_given_all[t] = known * to_known


@compiled
def _log(chance):
    return math.log(chance) if chance > 0.0 else -np.inf


@compiled
def viterbi(theta, sizes, start, answer, lesson, group, path):
    """The most likely hidden path, 1 = known; ties stay unknown (Viterbi 1967).   -> uint8 [M], filled"""
    n_prior, n_learn, n_item = sizes
    says, came = np.empty((2 * n_item, 2)), np.empty((len(answer), 2), np.uint8)
    speak(theta, sizes, says)
    with_log = np.log(np.maximum(says, EDGE))
    for s in range(len(start) - 1):
        unknown, known = _log(1.0 - theta[group[s]]), _log(theta[group[s]])
        for t in range(start[s], start[s + 1]):
            if t > start[s]:
                q = n_prior + lesson[t - 1]
                stay, forget = unknown + _log(1.0 - theta[q]), known + _log(theta[q + n_learn])
                learn, keep = unknown + _log(theta[q]), known + _log(1.0 - theta[q + n_learn])
                came[t, 0], came[t, 1] = forget > stay, keep >= learn
                unknown, known = max(stay, forget), max(learn, keep)
            unknown, known = unknown + with_log[answer[t], 0], known + with_log[answer[t], 1]
        state = 1 if known > unknown else 0
        for t in range(start[s + 1] - 1, start[s] - 1, -1):
            path[t] = state
            state = came[t, state] if t > start[s] else 0
