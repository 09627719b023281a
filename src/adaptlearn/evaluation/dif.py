"""Items that work differently for groups who know the same: differential item functioning of an activity's test.

Learners are matched on their share of correct answers everywhere else; within each stratum of matched learners the
groups' shares on this activity are compared, and the differences averaged with the focal group's weights: the
standardised P-difference (Dorans & Kulick 1986). A visit counts once, however many items it has, so that answers of one
sitting need not be independent. Holm's (1979) correction over everything looked at. Matching on a short test is
imperfect: where groups differ in what they know, or another activity works differently, small differences follow,
which is why only large ones are named.

Axes: D sets of answers, N learners.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.core.corrected import holm
from adaptlearn.core.log import EventLog
from adaptlearn.core.visits import Visits, of_log
from adaptlearn.core.world import World
from adaptlearn.evaluation.items import first_of
from adaptlearn.evaluation.resample import Z95, Floats, Interval

STRATA = 5
SMALLEST = 30  # learners of each side who answered
MATTERS = 0.1  #: difference of shares from which an activity is named, to be examined (Dorans & Kulick 1986)


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
    """Every activity with items against every group large enough, the smallest p first; empty where none is."""
    return examine(of_log(log, world), attributes)


def examine(visits: Visits, attributes: Sequence[str] | None = None) -> list[Dif]:
    """The same of any log whose learners have groups, by default all of them.

    First visits only: later ones are of people who have seen the items.
    """
    sets = _first_visits(visits)
    share, elsewhere = sets.right / sets.asked, _matched(sets)
    found = []
    for name in np.unique(sets.name):
        here = (sets.name == name) & np.isfinite(elsewhere)
        for attribute in visits.groups if attributes is None else attributes:
            label = visits.groups[attribute][sets.row][here] if attribute in visits.groups else np.zeros(0)
            for group in np.unique(label[label >= 0]):
                some = label >= 0
                one = _compared(share[here][some], elsewhere[here][some], label[some] == group)
                if one is not None:
                    names = visits.called.get(attribute)
                    found.append((sets.names[name], attribute, names[group] if names else str(group), *one))
    chances = holm([one[4] for one in found])
    said = [Dif(*one[:4], p, one[5]) for one, p in zip(found, chances, strict=True)]
    return sorted(said, key=lambda one: one.p)


class _Sets(NamedTuple):
    """Each learner's first answers to what is asked in one go.   each [D]"""

    row: NDArray[np.int64]
    learner: NDArray[np.int64]
    name: NDArray[np.int64]  # of the activity, or of the item where no activity is known
    asked: Floats
    right: Floats
    names: tuple[str, ...]


def _first_visits(visits: Visits) -> _Sets:
    row, _, item, asked, right = visits.answers
    alone = visits.activity[row] < 0
    name = np.where(alone, len(visits.activities) + item, visits.activity[row])
    rows, place = np.unique(row, return_inverse=True)
    sums = [np.bincount(place, column) for column in (asked, right)]
    called = np.zeros(len(rows), np.int64)
    called[place] = name
    learner = visits.learner[rows]
    new = first_of(learner, called)
    return _Sets(rows[new], learner[new], called[new], *(s[new] for s in sums), (*visits.activities, *visits.items))


def _matched(sets: _Sets) -> Floats:
    """Share of correct answers on first visits to everything else, NaN where there are none.   -> [D]"""
    right, asked = (np.bincount(sets.learner, column)[sets.learner] - column for column in (sets.right, sets.asked))
    return np.divide(right, asked, out=np.full(len(sets.row), np.nan), where=asked > 0)


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
