"""What a log of activities says about completing, time and leaving: figures with intervals, nothing about learning."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.interchange.facts import BINS, SILENCE, Facts, Tally

CALENDAR = 3_650.0  #: days since 1970 from which on a day is a date; below, it counts from the start of a course, and
#: the course's end is taken for the log's, as one late row must not stretch it
FEWEST = 20  #: learners, or rows, below which no figure is given


class Figure(NamedTuple):
    """One number of a log, in words for people."""

    what: str
    value: float
    low: float  # 95 % interval
    high: float
    unit: str  # share | minutes | days | shape | people
    note: str = ""


def figures(facts: Facts, t: Tally) -> list[Figure]:
    """Every figure that the log supports."""
    n = facts.learners
    found = [*_completion(t), *_minutes(t, facts)]
    if facts.varied and facts.span >= 28.0:
        found += _weekly(t, n)
    if facts.left >= FEWEST or (facts.silent >= FEWEST and facts.span >= 2 * SILENCE):
        found += _leaving(t, n, explicit=facts.left >= FEWEST)
    return found


def _completion(t: Tally) -> list[Figure]:
    """Share of activities begun or assigned that were completed; interval with answers of one learner kept together."""
    done, tries = (t.pairs == 2).sum(1), (t.pairs > 0).sum(1)
    if min(done.sum(), (tries - done).sum()) < FEWEST:
        return []
    share = done.sum() / tries.sum()
    half = 1.96 * np.sqrt(((done - share * tries) ** 2).sum()) / tries.sum()
    return [Figure("completed, of what a person began or was assigned", share, share - half, share + half, "share")]


def _minutes(t: Tally, facts: Facts) -> list[Figure]:
    """Median minutes of an activity, and where half of the times lie, from a histogram on the log scale."""
    if not facts.varied or t.histogram.sum() < FEWEST:
        return []
    reached = np.cumsum(t.histogram) / t.histogram.sum()
    low, mid, high = (np.exp(BINS[min(int(np.searchsorted(reached, q)), len(BINS) - 1)]) for q in (0.25, 0.5, 0.75))
    return [Figure("minutes spent on an activity, median (and the middle half)", mid, low, high, "minutes")]


def _weekly(t: Tally, n: int) -> list[Figure]:
    """Median of learners' minutes a week while they were active; interval of the median by its order statistics.

    The spread between people holds chance, too: of few rows a person it is too wide.
    """
    minutes = t.of("minutes", n)
    weeks = np.maximum((t.of("last", n, -np.inf) - t.of("first", n, np.inf)) / 7.0, 1.0)
    some = np.isfinite(weeks) & (minutes > 0)
    if some.sum() < FEWEST:
        return []
    each = np.sort(minutes[some] / weeks[some])
    reach = 0.98 * np.sqrt(len(each))
    low, high = (each[int(np.clip(len(each) / 2 + side * reach, 0, len(each) - 1))] for side in (-1, 1))
    spread = (
        f"population.toml: [traits.weekly_minutes] mean = {np.log(np.median(each)):.2f}, sd = {np.log(each).std():.2f}"
    )
    return [Figure("minutes a week that a person gives, median", float(np.median(each)), low, high, "minutes", spread)]


def _leaving(t: Tally, n: int, *, explicit: bool) -> list[Figure]:
    """Weibull fit of the days until a learner leaves; who was still there at the end counts as not yet left."""
    first, last, left = t.of("first", n, np.inf), t.of("last", n, -np.inf), t.of("left", n, -np.inf)
    dated = np.isfinite(first)
    ends = np.maximum(last, left)[dated]
    end = ends.max() if first[dated].min() > CALENDAR else np.quantile(ends[ends > first[dated]], 0.99)
    gone = np.isfinite(left) if explicit else last < end - SILENCE
    until = np.where(gone, left if explicit else last, end) - first
    shape, scale, half = weibull(np.maximum(until[dated], 0.5), gone[dated])
    share = float(gone[dated].mean())
    reach = 1.96 * np.sqrt(share * (1 - share) / dated.sum())
    how = "as the log says" if explicit else f"taken from {SILENCE:.0f} days of silence before the log ends"
    return [
        Figure("left, of all people", share, share - reach, share + reach, "share", how),
        Figure("leaving over time, Weibull shape: below 1 early, above 1 late", shape, shape * np.exp(-half),
               shape * np.exp(half), "shape", f"scale {scale:,.0f} days"),
    ]  # fmt: skip


def weibull(days: NDArray[np.float64], gone: NDArray[np.bool_]) -> tuple[float, float, float]:
    """Maximum likelihood of a Weibull law with censoring.   days [N] > 0, gone [N] -> shape, scale, log half-width

    The shape solves  sum t^k log t / sum t^k - 1/k - mean of log t over those gone = 0  (Cohen 1965).
    """
    log_t = np.log(days)
    seen = log_t[gone].mean()

    def score(k: float) -> float:
        weight = np.exp(k * (log_t - log_t.max()))
        return float((weight * log_t).sum() / weight.sum() - 1.0 / k - seen)

    low, high = 0.02, 50.0
    for _ in range(100):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if score(middle) < 0 else (low, middle)
    k = float(np.sqrt(low * high))
    scale = float(np.exp(log_t.max()) * (np.exp(k * (log_t - log_t.max())).sum() / gone.sum()) ** (1.0 / k))
    weight = np.exp(k * (log_t - log_t.max()))
    spread = (weight * log_t**2).sum() / weight.sum() - ((weight * log_t).sum() / weight.sum()) ** 2
    return k, scale, float(1.96 / np.sqrt(gone.sum() * (1.0 + k * k * spread)))
