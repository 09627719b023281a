"""Where people leave: how many are still there after each visit, and activities after which more leave than elsewhere.

Staying is Kaplan & Meier's (1958) estimate with Greenwood's interval on the log-log scale (Kalbfleisch & Prentice
1980). An activity's leavers are held against those expected if it were like all others at the same step (indirect
standardisation) with Byar's interval (Breslow & Day 1987). One is named where they are surely half as many again: an
activity that takes long, or that comes when much is done, always has a few more, and that is no fault of anybody's.
Holm's correction over all activities.

Axes: N learners, S steps, M rows.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from adaptlearn.core.corrected import holm
from adaptlearn.core.visits import Visits
from adaptlearn.evaluation.resample import Z95, Floats, Interval

SMALLEST = 50  #: visits to an activity of which anything is said
MATTERS = 1.5  #: times as many leavers as expected: an activity is named where there are surely more


class Staying(NamedTuple):
    """Staying after each time at which somebody left."""

    time: Floats  # [S] steps or days, ascending
    at_risk: Floats  # [S] learners who were still there
    left: Floats  # [S] of them, then
    stay: Floats  # [S] share who stayed longer
    low: Floats  # [S] 95 %
    high: Floats


def staying(time: ArrayLike, left: ArrayLike) -> Staying:
    """How many stay.   time [N] until leaving or until nobody looked on, left [N] bool

    Raises:
        ValueError: lengths differ, or a time that is not finite.
    """
    t, gone = np.asarray(time, np.float64), np.asarray(left, bool)
    if t.shape != gone.shape or not np.isfinite(t).all():
        raise ValueError(f"times of shape {t.shape}, leavers of shape {gone.shape}; needed one finite time per learner")
    when, leavers = np.unique(t[gone], return_counts=True)
    at_risk = len(t) - np.searchsorted(np.sort(t), when, side="left")
    stay = np.cumprod(1.0 - leavers / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(np.cumsum(leavers / (at_risk * (at_risk - leavers).astype(float)))) / np.abs(np.log(stay))
        low, high = stay ** np.exp(Z95 * spread), stay ** np.exp(-Z95 * spread)
    edge = ~np.isfinite(spread)  # nobody is left
    return Staying(when, at_risk.astype(float), leavers.astype(float), stay, np.where(edge, 0.0, low),
                   np.where(edge, 1.0, high))  # fmt: skip


@dataclass(frozen=True)
class Point:
    """One activity as a place where people leave."""

    activity: str
    visits: int
    left: int  # right after it
    expected: float  # if it were like the others at the same steps
    ratio: Interval
    p: float  # corrected chance of as many leavers, did MATTERS times the expected leave

    @property
    def found(self) -> bool:
        """Whether so many more leave that it matters, and chance does not explain it."""
        return self.p < 0.05


def points(visits: Visits) -> list[Point]:
    """Activities by how many more leave after them than after others at the same step; empty without leavers."""
    from scipy.stats import poisson

    if visits.left is None or not visits.left.any():
        return []
    shown, step = visits.shown, visits.step
    bins = np.minimum(step, int(np.quantile(step, 0.98)))  # the last few steps together
    some = shown >= 0
    many = int(bins.max()) + 1
    hazard = np.bincount(bins[some], visits.left[some], many) / np.maximum(np.bincount(bins[some], minlength=many), 1)
    count, left, expected = (np.bincount(shown[some], weight[some], len(visits.activities)) for weight in
                             (np.ones(len(bins)), visits.left * 1.0, hazard[bins]))  # fmt: skip
    told = [int(a) for a in np.flatnonzero(count >= SMALLEST)]
    chances = holm([float(poisson.sf(left[a] - 1, MATTERS * expected[a])) for a in told])
    found = [
        Point(visits.activities[a], int(count[a]), int(left[a]), float(expected[a]), _byar(left[a], expected[a]), p)
        for a, p in zip(told, chances, strict=True)
    ]
    return sorted(found, key=lambda one: (not one.found, -one.ratio.low))


def _byar(seen: float, expected: float) -> Interval:
    """Ratio of counts with Byar's approximation to its exact Poisson interval."""
    if expected <= 0:
        return Interval(1.0, 0.0, np.inf)
    low = seen * (1.0 - 1.0 / (9.0 * seen) - Z95 / (3.0 * np.sqrt(seen))) ** 3 if seen > 0 else 0.0
    more = seen + 1.0
    high = more * (1.0 - 1.0 / (9.0 * more) + Z95 / (3.0 * np.sqrt(more))) ** 3
    return Interval(seen / expected, low / expected, high / expected)


def ends(visits: Visits) -> tuple[Floats, Floats, str]:
    """How long each stayed, and whether they left then: rows by days where a log dates leaving, else learners by steps.

    -> [N], [N], the unit. Who has no day of leaving stayed until the last anybody left.
    """
    if visits.lasted is not None and visits.left is not None:
        told = ~(visits.left & np.isnan(visits.lasted))
        longest = float(np.nanmax(visits.lasted, initial=0.0))
        return np.nan_to_num(visits.lasted[told], nan=longest), visits.left[told] * 1.0, "days"
    last = np.r_[np.flatnonzero(visits.first)[1:] - 1, len(visits.learner) - 1]
    gone = np.zeros(len(last)) if visits.left is None else visits.left[last] * 1.0
    return visits.step[last] + 1.0, gone, "steps"


def steps_that_cost(found: Staying, most: int = 3) -> list[int]:
    """Places of the curve where most leave at once, by share of those at risk; only where many were at risk."""
    enough = found.at_risk >= SMALLEST
    share = np.where(enough, found.left / found.at_risk, 0.0)
    return [int(s) for s in np.argsort(-share, kind="stable")[:most] if share[s] > 0]


__all__ = ["Point", "Staying", "ends", "points", "staying", "steps_that_cost"]
