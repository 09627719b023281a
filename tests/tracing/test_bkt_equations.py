"""The kernels against the slow obvious way: the sum over every hidden path."""

import itertools

import numpy as np
import pytest

from adaptlearn.core.record import Tracer
from adaptlearn.tracing import bkt_kernels as kernels
from adaptlearn.tracing.bkt import BKT

pytestmark = pytest.mark.kernels
SIZES = (2, 3, 2)  # groups of learners, kinds of lesson, items
T = 6


def coins(seed: int, forgets: bool = True) -> np.ndarray:
    """Random chances: prior [2], learn [3], forget [3], guess [2], slip [2]."""
    draw = np.random.default_rng(seed).uniform(0.05, 0.45, 12)
    draw[5:8] *= forgets
    return draw


def joint(theta, right, item, lesson, group) -> dict[tuple[int, ...], float]:
    """P(answers and hidden path) for each of the 2^T paths; 1 = known."""
    prior, learn, forget, guess, slip = np.split(theta, [2, 5, 8, 10])
    table = {}
    for path in itertools.product((0, 1), repeat=len(right)):
        p = prior[group] if path[0] else 1 - prior[group]
        for t, known in enumerate(path):
            says_right = 1 - slip[item[t]] if known else guess[item[t]]
            p *= says_right if right[t] else 1 - says_right
            if t + 1 < len(path):
                becomes_known = 1 - forget[lesson[t]] if known else learn[lesson[t]]
                p *= becomes_known if path[t + 1] else 1 - becomes_known
        table[path] = p
    return table


def one_sequence(seed: int, right: tuple[int, ...]):
    rng = np.random.default_rng(seed)
    n = len(right)
    item, lesson, group = rng.integers(0, 2, n), rng.integers(0, 3, n), int(rng.integers(0, 2))
    data = (np.array([0, n]), (2 * item + right).astype(np.int32), lesson.astype(np.int32), np.array([group], np.int32))
    return data, item, lesson, group


@pytest.mark.parametrize("forgets", [True, False])
@pytest.mark.parametrize("right", list(itertools.product((0, 1), repeat=T)))
def test_every_answer_pattern_equals_the_sum_over_all_paths(right, forgets):
    theta = coins(hash(right) % 1000, forgets)
    data, item, lesson, group = one_sequence(sum(right), right)
    table = joint(theta, right, item, lesson, group)
    evidence = sum(table.values())

    counts = np.empty((12, 2))
    log_likelihood = kernels.count(theta, SIZES, *data, counts, np.empty((T, 3)))
    np.testing.assert_allclose(log_likelihood, np.log(evidence), rtol=1e-12)
    np.testing.assert_allclose(counts, expected_counts(table, evidence, right, item, lesson, group), atol=1e-12)

    smoothed = np.empty(T)
    kernels.smooth(theta, SIZES, *data, smoothed)
    truth = [sum(p for path, p in table.items() if path[t]) / evidence for t in range(T)]
    np.testing.assert_allclose(smoothed, truth, atol=1e-12)

    path = np.empty(T, np.uint8)
    kernels.viterbi(theta, SIZES, *data, path)
    np.testing.assert_allclose(table[tuple(path.tolist())], max(table.values()), rtol=1e-9)


def expected_counts(table, evidence, right, item, lesson, group) -> np.ndarray:
    """How often each coin is expected to have said no and yes, given the answers.   -> [12, 2]"""
    counts = np.zeros((12, 2))
    for path, p in table.items():
        counts[group, path[0]] += p / evidence
        for t, known in enumerate(path):
            if t + 1 < len(path):
                moved = int(path[t + 1] != known)
                counts[(5 if known else 2) + lesson[t], moved] += p / evidence
            slipped_or_guessed = int(right[t] != known)
            counts[(10 if known else 8) + item[t], slipped_or_guessed] += p / evidence
    return counts


@pytest.mark.parametrize("seed", range(20))
def test_what_is_believed_before_an_answer_comes_from_the_earlier_ones_alone(seed):
    right = tuple(np.random.default_rng(seed).integers(0, 2, T).tolist())
    theta = coins(seed)
    data, item, lesson, group = one_sequence(seed, right)
    known, correct = np.empty(T), np.empty(T)
    kernels.trace(theta, SIZES, *data, known, correct)
    for t in range(T):
        after = {}
        for answer in (0, 1):
            table = joint(theta, (*right[:t], answer), item, lesson, group)
            after[answer] = sum(table.values()), sum(p for path, p in table.items() if path[t])
        evidence = after[0][0] + after[1][0]
        np.testing.assert_allclose(correct[t], after[1][0] / evidence, rtol=1e-12)
        np.testing.assert_allclose(known[t], (after[0][1] + after[1][1]) / evidence, rtol=1e-12)


def test_long_sequences_neither_underflow_nor_lose_digits():
    rng = np.random.default_rng(3)
    n = 5_000
    theta = np.array([0.3, 0.02, 0.01, 0.2, 0.1])
    right = rng.integers(0, 2, n)
    data = (np.array([0, n]), right.astype(np.int32), np.zeros(n, np.int32), np.zeros(1, np.int32))
    counts = np.empty((5, 2))
    log_likelihood = kernels.count(theta, (1, 1, 1), *data, counts, np.empty((n, 3)))
    known, correct = np.empty(n), np.empty(n)
    kernels.trace(theta, (1, 1, 1), *data, known, correct)
    np.testing.assert_allclose(log_likelihood, np.log(np.where(right, correct, 1 - correct)).sum(), rtol=1e-11)
    np.testing.assert_allclose(counts[1:].sum(), 2 * n - 1, rtol=1e-11)  # n - 1 steps, n answers


@pytest.mark.parametrize("forget", [0.0, 0.07])
def test_one_update_after_another_is_the_trace(forget):
    tracer = BKT.of({"a": Tracer(0.3, 0.15, 0.2, 0.1, forget)})
    right = np.array([1, 0, 1, 1, 0, 1])
    trace = tracer.trace(np.zeros(6), ["a"] * 6, right)
    known = tracer.begin("a")
    for t, answer in enumerate(right):
        np.testing.assert_allclose(known, trace.known[t], rtol=1e-12)
        known = tracer.update(known, "a", answer)


def test_the_gradient_is_yes_minus_its_expectation():
    rng = np.random.default_rng(5)
    theta, n = coins(2), 40
    data = (np.arange(0, n + 1, 8), rng.integers(0, 4, n).astype(np.int32), rng.integers(0, 3, n).astype(np.int32),
            rng.integers(0, 2, 5).astype(np.int32))  # fmt: skip
    counts, path = np.empty((12, 2)), np.empty((8, 3))
    kernels.count(theta, SIZES, *data, counts, path)
    slope = counts[:, 1] - counts.sum(1) * theta
    for d in range(12):
        there = []
        for step in (1e-5, -1e-5):
            moved = theta.copy()
            moved[d] = 1 / (1 + (1 / theta[d] - 1) * np.exp(-step))
            there.append(kernels.count(moved, SIZES, *data, np.empty((12, 2)), path))
        np.testing.assert_allclose(slope[d], (there[0] - there[1]) / 2e-5, atol=1e-6)
