"""Has a stream changed? Two spans compared, so strictly that false alarms are rare however many things are watched.

Learners are the units: each is counted once in a span, by one decision drawn by luck with an address, so that what one
learner does many times is not taken for many learners. Learners at different points of a programme differ, and a cohort
grows older while it is watched: spans are compared within strata (bands of steps) and the strata added up.

A comparison is Pearson's chi-square, its size the population stability index. Both spans end at midnight, so a day has
one answer however often it is asked, and the level of a day's comparison is the wanted number of false alarms a year,
divided by 365 and by the number of comparisons. Expectations add up whatever depends on what, so this holds although
one day's span overlaps the next one's.

Axes: N reference learners, M recent learners, S strata, B bins.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

A_YEAR = 1.0  #: false alarms a year, all comparisons of a service together
BINS = 10  #: of a number: deciles of the reference
EXPECTED = 5.0  #: learners expected in a cell at least; smaller bins are pooled (Cochran 1954)
SIZE = 0.1  #: stability index below which a change is too small to act on; .25 is large (Siddiqi 2006)
FEWEST = 50  #: learners in each span at least


class Drift(NamedTuple):
    """One thing watched."""

    what: str
    size: float  # population stability index, >= 0; nan where it is too early
    p: float  # chance of a difference at least this large, were there no change
    reference: int  # learners
    recent: int
    verdict: str  # steady | moved | too early


def level(comparisons: int, a_year: float = A_YEAR) -> float:
    """The level of one comparison of one day, so that ``a_year`` false alarms a year are expected in all."""
    return a_year / 365.0 / max(comparisons, 1)


def compare(
    what: str, reference: ArrayLike, recent: ArrayLike, at: float, strata: tuple[ArrayLike, ArrayLike] | None = None
) -> Drift:
    """One thing, words or numbers, in two spans.   reference [N], recent [M], strata: the same lengths

    Args:
        at: level of this comparison, see :func:`level`.
    """
    old, new = np.asarray(reference), np.asarray(recent)
    if min(len(old), len(new)) < FEWEST:
        return Drift(what, np.nan, np.nan, len(old), len(new), "too early")
    rows, columns = binned(old, new)
    bands = (np.zeros(len(old), int), np.zeros(len(new), int)) if strata is None else strata
    tables = counted(rows, columns, np.asarray(bands[0]), np.asarray(bands[1]))
    p = chance(tables)
    size = stability(tables)
    return Drift(what, size, p, len(old), len(new), "moved" if p < at and size >= SIZE else "steady")


def binned(reference: NDArray[Any], recent: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each value's bin: a word's own, a number's decile of the reference (ties stay together).   -> [N], [M]"""
    if reference.dtype.kind in "USOb":
        _, place = np.unique(np.concatenate([reference, recent]).astype(str), return_inverse=True)
    else:
        edges = np.unique(np.quantile(reference, np.linspace(0.0, 1.0, BINS + 1)[1:-1]))
        place = np.searchsorted(edges, np.concatenate([reference, recent]), "left")
    return place[: len(reference)], place[len(reference) :]


def counted(rows: NDArray[np.int64], columns: NDArray[np.int64], old: NDArray[Any], new: NDArray[Any]) -> list[Floats]:
    """Learners by span and bin, one table per stratum in which both spans have learners.   -> S x [2, B]"""
    bins = int(max(rows.max(), columns.max())) + 1
    tables = []
    for band in np.intersect1d(old, new):
        pair = [np.bincount(part[where == band], minlength=bins) for part, where in ((rows, old), (columns, new))]
        tables.append(np.array(pair, np.float64))
    return tables


def pooled(table: Floats) -> Floats:
    """The rarest bins thrown together until enough learners are expected in them, in both spans."""
    order = table.sum(0).argsort(kind="stable")
    share = table.sum(1).min() / table.sum()  # of the smaller span
    enough = np.cumsum(table.sum(0)[order]) * share >= EXPECTED
    rare = order[: int(enough.argmax()) + 1 if enough.any() else len(order)]
    return np.concatenate([table[:, rare].sum(1, keepdims=True), table[:, order[len(rare) :]]], 1)


def chance(tables: list[Floats]) -> float:
    """Pearson's chi-square of span against bin, strata added up.   -> p"""
    from scipy import stats

    total, freedom = 0.0, 0
    for table in map(pooled, tables):
        if table.shape[1] < 2:
            continue
        expected = table.sum(1, keepdims=True) * table.sum(0) / table.sum()
        total += float(((table - expected) ** 2 / expected).sum())
        freedom += table.shape[1] - 1
    return float(stats.chi2.sf(total, freedom)) if freedom else 1.0


def stability(tables: list[Floats]) -> float:
    """Population stability index sum (q - p) log(q / p), strata weighted by their recent learners.

    Half a learner is added to each bin, so that an empty one counts.
    """
    sizes, weights = [], []
    for table in map(pooled, tables):
        old, new = (table + 0.5) / (table + 0.5).sum(1, keepdims=True)
        sizes.append(float(((new - old) * np.log(new / old)).sum()))
        weights.append(table[1].sum())
    return float(np.average(sizes, weights=weights)) if sum(weights) > 0 else 0.0


__all__ = ["A_YEAR", "Drift", "compare", "level"]
