"""Effect sizes of simulated trials, each with a Monte-Carlo interval over learners.

The learners of both arms are the same, so every interval is paired. It says how far the number would move with other
simulated learners; a real trial of a hundred people is far less certain than that.

Intervals are by the delta method: an estimate is a smooth function of means, so its error is the mean of one influence
value per learner (Hampel 1974), and the interval is 1.96 standard errors of that mean.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from adaptlearn.evaluation.resample import Z95, Floats


class Effect(NamedTuple):
    """An estimate with its 95 % Monte-Carlo interval."""

    value: float
    low: float
    high: float


def _effect(value: float, influence: Floats) -> Effect:
    half = Z95 * float(influence.std(ddof=1)) / np.sqrt(len(influence))
    return Effect(float(value), float(value - half), float(value + half))


def _columns(*columns: ArrayLike) -> list[Floats]:
    return [np.asarray(column, np.float64) for column in columns]


def hedges_g(treated: ArrayLike, control: ArrayLike) -> Effect:
    """Standardised difference of two tests of the same learners, pooled SD of the tests.   [N], [N]   Hedges (1981)"""
    x, y = _columns(treated, control)
    small = 1.0 - 3.0 / (8.0 * len(x) - 9.0)  # correction for small samples at 2 N - 2 degrees of freedom
    pooled = np.sqrt((x.var(ddof=1) + y.var(ddof=1)) / 2.0)
    if not pooled > 0:
        return Effect(0.0, 0.0, 0.0)
    gap = x.mean() - y.mean()
    spread = ((x - x.mean()) ** 2 + (y - y.mean()) ** 2) / 2.0 - pooled**2
    influence = (x - y - gap) / pooled - gap / (2.0 * pooled**3) * spread
    return _effect(small * gap / pooled, small * influence)


def correlation(a: ArrayLike, b: ArrayLike) -> Effect:
    """Pearson's r over learners for whom both are known.   [N], [N]"""
    x, y = _columns(a, b)
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    if len(x) < 3 or x.std() == 0 or y.std() == 0:
        return Effect(0.0, 0.0, 0.0)
    u, v = (x - x.mean()) / x.std(), (y - y.mean()) / y.std()
    r = float(np.mean(u * v))
    return _effect(r, u * v - r * (u**2 + v**2) / 2.0)


def normalised_gain(before: ArrayLike, after: ArrayLike) -> Floats:
    """Gain as a share of what was left to gain (Hake 1998); unknown where nothing was left.   [N], [N] -> [N]"""
    pre, post = _columns(before, after)
    left = np.where(pre < 1.0, 1.0 - pre, np.nan)
    return (post - pre) / left


def average(values: ArrayLike) -> Effect:
    """A mean over learners.   [N]"""
    (x,) = _columns(values)
    return _effect(float(x.mean()), x)


def half_life(gain_at, longest: float, step: float = 1.0) -> Effect:  # type: ignore[no-untyped-def]
    """Days after which the mean gain is half of what it was.   gain_at(days) -> [N]

    Not reached within ``longest`` days, it is that; a mean gain that is not positive has no half-life and gives 0.
    """
    start = np.asarray(gain_at(0.0), np.float64)
    if start.mean() <= 0:
        return Effect(0.0, 0.0, 0.0)
    low, high = 0.0, longest
    if np.mean(gain_at(longest)) > start.mean() / 2.0:
        return Effect(longest, longest, longest)
    while high - low > step / 16.0:
        middle = (low + high) / 2.0
        low, high = (middle, high) if np.mean(gain_at(middle)) > start.mean() / 2.0 else (low, middle)
    days = (low + high) / 2.0
    slope = float(np.mean(gain_at(days + step)) - np.mean(gain_at(days - step))) / (2.0 * step)
    rest = np.asarray(gain_at(days), np.float64) - start / 2.0
    return _effect(days, -rest / slope)
