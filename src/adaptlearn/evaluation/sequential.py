"""A test that may be looked at after every learner: the normal mixture sequence.

The effect is given a normal prior of standard deviation tau; the likelihood ratio of that mixture over "no effect" is a
martingale under "no effect", and so exceeds 1 / alpha at any time with chance alpha at most (Ville 1939; Robbins 1970).
In large samples this holds for estimates with their standard errors (Johari et al. 2022; Howard et al. 2021;
Waudby-Smith et al. 2024); in small ones the bound is moved to the t distribution of the same tail.

    |estimate| / se  >  sqrt((1 + 1 / x) (2 log(1 / alpha) + log(1 + x))),   x = tau^2 / se^2
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


class Always(NamedTuple):
    """An estimate and an interval that holds at every look at once."""

    value: float
    low: float
    high: float


def bound(se: ArrayLike, tau: float, alpha: float, df: ArrayLike | None = None) -> Floats:
    """How many standard errors an estimate must be from a value to rule it out, at whatever time one looks.

    se [...] > 0, tau > 0 in the units of the estimate, df [...] degrees of freedom behind se; None: many.
    """
    from scipy import stats

    x = (tau / np.asarray(se, np.float64)) ** 2
    z = np.sqrt((1.0 + 1.0 / x) * (2.0 * np.log(1.0 / alpha) + np.log1p(x)))
    return z if df is None else np.asarray(stats.t.isf(stats.norm.sf(z), np.maximum(df, 1.0)))


def always(estimate: float, se: float, tau: float, alpha: float, df: float) -> Always:
    """The interval at this look."""
    half = float(bound(se, tau, alpha, df)) * se
    return Always(estimate, estimate - half, estimate + half)


def first_crossing(treated: Floats, control: Floats, tau: float, alpha: float, first: int) -> tuple[Floats, Floats]:
    """Many trials at once, one more unit in each arm at every look, pooled variance.   [R, k], [R, k]

    Returns:
        look [R] at which the bound was first crossed, k + 1 if never · sign [R] of the estimate then.
    """
    runs, k = treated.shape
    n = np.arange(1, k + 1, dtype=np.float64)
    means = [np.cumsum(x, 1) / n for x in (treated, control)]
    squares = sum(np.cumsum(x * x, 1) - n * m * m for x, m in zip((treated, control), means, strict=True))
    df = np.maximum(2.0 * n - 2.0, 1.0)
    se = np.sqrt(np.maximum(squares / df, 1e-12) * 2.0 / n)
    gap = means[0] - means[1]
    over = np.abs(gap) > bound(se, tau, alpha, df) * se
    over[:, : first - 1] = False
    crossed = over.any(1)
    at = np.where(crossed, over.argmax(1), k - 1)
    return np.where(crossed, at + 1.0, k + 1.0), np.sign(gap[np.arange(runs), at])
