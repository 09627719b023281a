"""Are the platform's predictions true? Predicted P(correct) beside the answers that followed.

The prediction before an answer is P(known) (1 - slip) + (1 - P(known)) guess (Corbett & Anderson 1995), with the
tracer that is in the bundle's graph. It is asked of the graph itself (:func:`tracer_of`), so there is no second copy.
Answers of one learner hang together: intervals are over learners.

Axes: E answered events on one skill each, L learners, B bins.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .bundled import Runtime

Floats = NDArray[np.float64]

BINS = 10  #: of equal width, as tracing.scoring
TOLERANCE = 0.05  #: how far the mean prediction may be from the share correct before it matters
FEWEST = 50  #: learners with answers at least


class Interval(NamedTuple):
    """An estimate with its 95 % interval."""

    value: float
    low: float
    high: float


class Bin(NamedTuple):
    """Answers for which about the same was predicted."""

    low: float
    high: float
    items: int
    predicted: float  # mean P(correct)
    observed: Interval  # share correct


class Calibration(NamedTuple):
    """Predictions and what came of them."""

    bins: tuple[Bin, ...]
    items: int
    learners: int
    error: Interval  # expected calibration error (Naeini, Cooper & Hauskrecht 2015)
    by_chance: float  # the same error if the predictions were true, by as few answers
    shift: Interval  # share correct less mean prediction
    verdict: str  # true | too high | too low | too early


def tracer_of(runtime: Runtime) -> tuple[Floats, Floats]:
    """Guess and slip of each skill, as the bundle's graph uses them.   -> [K], [K]

    A right answer multiplies the odds of "known" by (1 - slip) / guess, a wrong one by slip / (1 - guess): two updates
    of a record that was last seen today and is taught nothing give both.
    """
    n, before = len(runtime.contract.skills), 0.5
    row = runtime.contract.newcomer.copy()
    row[:n], row[n : 2 * n] = before, 0.0  # each known with chance 1/2 as of day 0
    record = runtime.start({"learner": "tracer", "role": next(iter(runtime.contract.roles)), "weekly_minutes": 60})
    feeds = runtime.feeds([record, record], [0.0, 0.0]) | {"record": np.array([row, row])}
    happened = dict.fromkeys(runtime.contract["happened_names"], 0.0) | {"has_event": 1.0}
    right = np.array([[1.0] * n, [0.0] * n], np.float32)
    feeds |= {"happened": np.array([list(happened.values())] * 2, np.float32), "correct": right}
    after = runtime.graph(feeds | {"items": np.ones((2, n), np.float32)})["record_after"][:, :n].astype(np.float64)
    odds = after / (1.0 - after) * (1.0 - before) / before
    guess = (1.0 - odds[1]) / (odds[0] - odds[1])
    return guess, 1.0 - odds[0] * guess


def calibration(
    learner: ArrayLike, predicted: ArrayLike, items: ArrayLike, correct: ArrayLike, at: float, draws: int = 400
) -> Calibration:
    """Predictions of one span.   each [E]

    Args:
        learner: whose answers, any labels.
        predicted: P(correct) of one item, in [0, 1].
        at: level of the verdict, see ``drift.level``.
    """
    p, n, right = (np.asarray(column, np.float64) for column in (predicted, items, correct))
    names, who = np.unique(np.asarray(learner), return_inverse=True)
    if len(names) < FEWEST:
        none = Interval(np.nan, np.nan, np.nan)
        return Calibration((), int(n.sum()), len(names), none, np.nan, none, "too early")
    place = np.minimum((p * BINS).astype(int), BINS - 1)
    sums = np.stack([_by(who, place, len(names), column) for column in (n, n * p, right)])  # [3, L, B]
    again = np.random.default_rng(0).multinomial(len(names), np.full(len(names), 1.0 / len(names)), draws).astype(float)
    asked, told, got = (again @ one for one in sums)  # each [draws, B]
    whole = sums.sum(1)
    error = spread(float(_error(whole[1:2], whole[2:3], whole[0:1])[0]), _error(told, got, asked))
    bins = tuple(_bin(int(b), whole[:, b], got[:, b] / np.maximum(asked[:, b], 1.0)) for b in np.flatnonzero(whole[0]))
    items_, expected, got_right = sums.sum(2)
    shift, sure = (_shift(items_, expected, got_right, one) for one in (0.05, at))
    verdict = "too low" if sure.low > TOLERANCE else "too high" if sure.high < -TOLERANCE else "true"
    return Calibration(bins, int(n.sum()), len(names), error, _by_chance(p, n, place), shift, verdict)


def spread(value: float, drawn: Floats) -> Interval:
    """An estimate and the middle 95 % of its draws."""
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Interval(value, float(low), float(high))


def _by(who: NDArray[np.int64], place: NDArray[np.int64], learners: int, column: Floats) -> Floats:
    """A column summed by learner and bin.   -> [L, B]"""
    return np.asarray(np.bincount(who * BINS + place, column, learners * BINS).reshape(learners, BINS), np.float64)


def _error(told: Floats, got: Floats, asked: Floats) -> Floats:
    """Mean |share correct - mean prediction| over bins, weighted by items.   [R, B] -> [R]"""
    return np.asarray(np.abs(got - told).sum(1) / asked.sum(1))


def _bin(b: int, sums: Floats, drawn: Floats) -> Bin:
    n, told, got = sums
    return Bin(b / BINS, (b + 1) / BINS, int(n), float(told / n), spread(float(got / n), drawn))


def _shift(n: Floats, told: Floats, got: Floats, at: float) -> Interval:
    """Share correct less mean prediction, learners as clusters, with its interval at level ``at``.   each [L]"""
    from scipy import stats

    value, learners = float((got - told).sum() / n.sum()), len(n)
    spare = got - told - value * n
    se = float(np.sqrt((spare**2).sum() * learners / (learners - 1.0)) / n.sum())
    half = float(stats.t.isf(at / 2.0, learners - 1)) * se
    return Interval(value, value - half, value + half)


def _by_chance(p: Floats, n: Floats, place: NDArray[np.int64], draws: int = 100) -> float:
    """The error that true predictions would show by chance, answers taken as independent."""
    got = np.random.default_rng(0).binomial(n.astype(int), p, (draws, len(p)))
    gaps = np.stack([np.bincount(place, one - n * p, BINS) for one in got])
    return float(np.abs(gaps).sum(1).mean() / n.sum())


__all__ = ["TOLERANCE", "Bin", "Calibration", "calibration", "tracer_of"]
