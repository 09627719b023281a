"""Paired contrasts with bootstrap intervals: learners are drawn, within strata (seed and world), never outcomes.

The same draws serve every contrast, so that what is compared is compared on the same samples.

Axes: N learners, B draws.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Z95 = 1.959963984540054  #: standard errors on either side of a 95 % interval, where a normal one will do
Floats = NDArray[np.float64]


class Interval(NamedTuple):
    """An estimate with its 95 % interval."""

    value: float
    low: float
    high: float

    def clear(self) -> int:
        """+1 or -1 where the interval leaves out zero, else 0."""
        return int(self.low > 0) - int(self.high < 0)


class Contrast(NamedTuple):
    """One arm less another, the same learners in both."""

    mean: Interval  # mean difference
    middle: Interval  # difference of interquartile means (Agarwal et al. 2021)
    better: Interval  # P(improvement): share of learners who have more, ties counted half
    learners: int  # for whom both are known


def draws_of(strata: ArrayLike, draws: int, seed: int) -> Floats:
    """How often each learner is in each draw; every stratum keeps its size.   strata [N] -> float32 [B, N]"""
    names, dice = np.asarray(strata), np.random.default_rng(seed)
    count = np.zeros((draws, len(names)), np.float32)
    for name in np.unique(names):
        mine = np.flatnonzero(names == name)
        count[:, mine] = dice.multinomial(len(mine), np.full(len(mine), 1.0 / len(mine)), size=draws)
    return count  # type: ignore[return-value]


def contrast(a: ArrayLike, b: ArrayLike, count: Floats) -> Contrast:
    """How much more the same learners have under ``a`` than under ``b``; pairs with an unknown are left out.

    a, b [N], count [B, N].

    Raises:
        ValueError: lengths differ, or fewer than two learners for whom both are known.
    """
    x, y = np.asarray(a, np.float64), np.asarray(b, np.float64)
    known = np.isfinite(x) & np.isfinite(y)
    if x.shape != y.shape or known.sum() < 2:
        raise ValueError(f"outcomes of shapes {x.shape} and {y.shape}, {int(known.sum())} pairs known; needed the same "
                         "learners twice, at least 2, e.g. (4096,)")  # fmt: skip
    x, y, count = x[known], y[known], count[:, known]
    one = np.ones((1, len(x)), np.float32)
    more = (x > y) + 0.5 * (x == y)
    drawn = [_means(x - y, count), interquartile(x, count) - interquartile(y, count), _means(more, count)]
    said = [_means(x - y, one), interquartile(x, one) - interquartile(y, one), _means(more, one)]
    return Contrast(*(spread(float(s[0]), d) for s, d in zip(said, drawn, strict=True)), len(x))


def spread(value: float, drawn: Floats) -> Interval:
    """An estimate and the middle 95 % of its draws."""
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Interval(value, float(low), float(high))


def average(x: ArrayLike, count: Floats) -> Interval:
    """A mean over learners for whom it is known, NaN if nobody.   [N], [B, N]"""
    values = np.asarray(x, np.float64)
    known = np.isfinite(values)
    if not known.any():
        return Interval(np.nan, np.nan, np.nan)
    return spread(float(values[known].mean()), _means(values[known], count[:, known]))


def _means(x: Floats, count: Floats) -> Floats:
    total = np.maximum(count.sum(1), 1e-9)  # a draw without a single known pair says 0
    return np.asarray((count @ x.astype(np.float32)) / total, np.float64)


def interquartile(x: Floats, count: Floats) -> Floats:
    """Mean of the middle half, each learner as often as counted.   [N], [B, N] -> [B]"""
    order = np.argsort(x, kind="stable")
    running = np.cumsum(count[:, order], 1, dtype=np.float32)
    total = running[:, -1:]
    inside = np.clip(running, 0.25 * total, 0.75 * total)
    share = np.diff(inside, axis=1, prepend=np.float32(0.25) * total)
    return np.asarray((share @ x[order].astype(np.float32)) / np.maximum(0.5 * total[:, 0], 1e-9), np.float64)
