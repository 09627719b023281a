"""Items that work differently for groups who know the same: differential item functioning of an activity's test.

Learners are matched on their share of correct answers everywhere else; within each stratum of matched learners the
groups' shares on this activity are compared, and the differences averaged with the focal group's weights: the
standardised P-difference (Dorans & Kulick 1986). A visit counts once, however many items it has, so that answers of one
sitting need not be independent. Holm's (1979) correction over everything looked at. Matching on a short test is
imperfect: where groups differ in what they know, or another activity works differently, small differences follow,
which is why only large ones are named.

Axes: D rows of the log, N learners.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adaptlearn.core.log import EventLog
from adaptlearn.core.world import World
from adaptlearn.evaluation.resample import Floats, Interval
from adaptlearn.evaluation.subgroups import holm

STRATA = 5
SMALLEST = 30  # learners of each side who answered
MATTERS = 0.1  #: difference of shares from which an activity is named, to be examined (Dorans & Kulick 1986)
Z95 = 1.959963984540054


@dataclass(frozen=True)
class Dif:
    """One activity's items for one group and everybody else."""

    activity: str
    attribute: str
    group: str
    difference: Interval  # share correct of the group less that of matched others
    p: float  # corrected
    learners: int  # of the group

    @property
    def found(self) -> bool:
        """Whether the activity is to be looked at: more than chance, and enough to matter."""
        return self.p < 0.05 and abs(self.difference.value) >= MATTERS


def look(log: EventLog, world: World, attributes: Sequence[str] = ("site", "tenure")) -> list[Dif]:
    """Every activity with items against every group large enough, the smallest p first; empty where none is.

    First visits only: later ones are of people who have seen the items.
    """
    rows = _first_visits(log)
    share = log["correct"][rows] / log["items"][rows]
    elsewhere = _matched(log, rows)
    found = []
    for activity in np.unique(log["taken"][rows]):
        here = (log["taken"][rows] == activity) & np.isfinite(elsewhere)
        for attribute in attributes:
            label = log[attribute][rows][here]
            for group in np.unique(label):
                one = _compared(share[here], elsewhere[here], label == group)
                if one is not None:
                    found.append((world.activities[activity].title, attribute, str(group), *one))
    chances = holm([one[4] for one in found])
    said = [Dif(*one[:4], p, one[5]) for one, p in zip(found, chances, strict=True)]
    return sorted(said, key=lambda one: one.p)


def _first_visits(log: EventLog) -> NDArray[np.int64]:
    """Rows of each learner's first answered visit to each activity."""
    rows = np.flatnonzero(log["items"] > 0)
    rows = rows[np.lexsort((log["step"][rows], log["taken"][rows], log["learner"][rows]))]
    pairs = np.stack([log["learner"][rows], log["taken"][rows].astype(np.uint64)], 1)
    new = np.r_[True, (pairs[1:] != pairs[:-1]).any(1)] if len(rows) else np.zeros(0, bool)
    return rows[new]


def _matched(log: EventLog, rows: NDArray[np.int64]) -> Floats:
    """Share of correct answers on first visits to all other activities, NaN where there are none.   -> [D]"""
    _, place = np.unique(log["learner"][rows], return_inverse=True)
    right, asked = (np.bincount(place, log[name][rows])[place] - log[name][rows] for name in ("correct", "items"))
    return np.divide(right, asked, out=np.full(len(rows), np.nan), where=asked > 0)


def _compared(share: Floats, elsewhere: Floats, focal: NDArray[np.bool_]) -> tuple[Interval, float, int] | None:
    """Standardised P-difference.   -> with its interval, its p-value, learners of the group; None: too few"""
    from scipy import stats

    if min(focal.sum(), (~focal).sum()) < SMALLEST:
        return None
    edges = np.quantile(elsewhere, np.linspace(0, 1, STRATA + 1)[1:-1])
    stratum = np.searchsorted(edges, elsewhere, side="right")
    total, variance, weight = 0.0, 0.0, 0.0
    for s in range(STRATA):
        a, b = share[(stratum == s) & focal], share[(stratum == s) & ~focal]
        if min(len(a), len(b)) < 2:
            continue
        total += len(a) * (a.mean() - b.mean())
        variance += len(a) ** 2 * (a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
        weight += len(a)
    if weight < SMALLEST or variance <= 0:
        return None
    gap, error = total / weight, np.sqrt(variance) / weight
    half = Z95 * error
    return Interval(gap, gap - half, gap + half), float(2.0 * stats.norm.sf(abs(gap) / error)), int(focal.sum())
