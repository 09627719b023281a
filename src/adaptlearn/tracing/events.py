"""What an event log shows, learner by learner and over all: the statistics that simulated and real logs are held by."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.core.learner import FORMATS, format_of
from adaptlearn.core.log import EventLog
from adaptlearn.core.world import World
from adaptlearn.tracing.predictive import ACCURACY, GAPS, LEAVING, LENGTHS

Floats = NDArray[np.float64]
REST, TAKEN, SUBSTITUTED, SKIPPED = 0, 1, 2, 3  #: outcomes of a log's rows
BASIC = ("log decisions", "accepted", "completed", "log days per minute", "early accuracy", "late accuracy", "rating",
         "spread of ratings", "left", "last day", "log minutes", "skips in a row")  # fmt: skip
SEEN = (*BASIC, *(f"reaction to {name}" for name in FORMATS), *(f"rating of {name}" for name in FORMATS))
FIGURES = (GAPS, LENGTHS)  #: kinds whose figures are logarithms
OPPORTUNITIES = (1, 2, 3, 5, 8, 12)  #: assessed visits so far, where a new bin begins
FEW = 30  #: rows below which a mean is not compared
DAYS = (7.0, 14.0, 30.0)  #: by which we ask who has left


def formats(world: World) -> Floats:
    """Each activity's place on the axes of format preference.   -> [A, 8]"""
    from types import SimpleNamespace

    from adaptlearn.core.catalogue import FEATURES

    columns = SimpleNamespace(**dict(zip(FEATURES, world.scalars.astype(np.float64).T, strict=True)))
    return np.stack(format_of(columns), 1)


def _rows(log: EventLog, learners: NDArray[Any]) -> tuple[dict[str, NDArray[Any]], NDArray[np.int64]]:
    """The rows of these learners, and whose they are.   -> columns, [M] index into learners"""
    order = np.argsort(learners, kind="stable")
    place = np.searchsorted(learners[order], log["learner"])
    there = place < len(learners)
    there[there] &= learners[order][place[there]] == log["learner"][there]
    names = ("day", "offered", "taken", "outcome", "completed", "minutes", "items", "correct", "rating", "gap_days",
             "left", "step")  # fmt: skip
    return {name: log[name][there] for name in names}, order[place[there]]


def _mean(values: Any, who: NDArray[np.int64], n: int, where: Any = True) -> Floats:
    """A mean per learner over the rows where; nan without any."""
    kept = np.broadcast_to(where, who.shape)
    total = np.bincount(who[kept], np.asarray(values, np.float64)[kept], n)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(total / np.bincount(who[kept], minlength=n))


def per_learner(log: EventLog, world: World, learners: NDArray[Any]) -> Floats:
    """One row of SEEN per learner; nan where a learner shows nothing of it.   -> [N, len(SEEN)]"""
    row, who = _rows(log, learners)
    n = len(learners)
    offered = row["offered"][:, 0]
    asked, took = offered > 0, row["taken"] > 0
    accepted = (row["outcome"] == TAKEN) | (row["outcome"] == SUBSTITUTED)
    visits = np.bincount(who, minlength=n)
    tested = row["items"] > 0
    so_far = _running(tested, who)
    share = np.where(tested, row["correct"] / np.maximum(row["items"], 1), 0.0)
    rated = row["rating"] > 0
    stars = np.where(rated, row["rating"], 0.0)
    mean_stars = _mean(stars, who, n, rated)
    timed = took & (row["minutes"] > 0.5)
    last, left = np.zeros((2, n))
    np.maximum.at(last, who, row["day"] + row["gap_days"])
    np.maximum.at(left, who, row["left"].astype(float))
    again = np.r_[False, (row["outcome"][1:] == SKIPPED) & (row["outcome"][:-1] == SKIPPED) & (who[1:] == who[:-1])]
    with np.errstate(divide="ignore", invalid="ignore"):
        pace = np.log(np.maximum(row["gap_days"], 1e-3) / np.maximum(row["minutes"], 0.5))
        basic = [
            np.log(visits), _mean(accepted, who, n, asked), _mean(row["completed"], who, n, took),
            _mean(pace, who, n, timed), _mean(share, who, n, tested & (so_far < 3)),
            _mean(share, who, n, tested & (so_far >= 5)), mean_stars,
            np.sqrt(np.maximum(_mean(stars**2, who, n, rated) - mean_stars**2, 0.0)), left, last,
            np.log(np.bincount(who, row["minutes"], n) + 1.0), _mean(again, who, n),
        ]  # fmt: skip
    place = formats(world)[np.where(took, row["taken"], offered)]
    reaction = accepted.astype(float) + row["completed"]
    liked = [_slope(reaction, place[:, f], who, n, asked) for f in range(len(FORMATS))]
    starred = [_slope(stars, place[:, f], who, n, rated) for f in range(len(FORMATS))]
    return np.stack([*basic, *liked, *starred], 1)


def _slope(values: Floats, x: Floats, who: NDArray[np.int64], n: int, where: Any) -> Floats:
    """Covariance of a reaction with a format, within each learner."""
    return np.asarray(_mean(values * x, who, n, where) - _mean(values, who, n, where) * _mean(x, who, n, where))


def _running(flag: NDArray[np.bool_], who: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many flagged rows of the same learner came before.   rows sorted by learner, then time"""
    count = np.cumsum(flag) - flag
    begin = np.r_[True, who[1:] != who[:-1]]
    return np.asarray(count - np.maximum.accumulate(np.where(begin, count, 0)))


def figures(log: EventLog, world: World, learners: NDArray[Any]) -> dict[str, dict[str, float]]:
    """What predictive checks compare, by kind of check."""
    row, who = _rows(log, learners)
    tested = row["items"] > 0
    so_far, share = _running(tested, who) + 1, row["correct"] / np.maximum(row["items"], 1)
    ends = (*OPPORTUNITIES[1:], np.inf)
    bins = {f"right at assessed visits {low} and on": _average(share, tested & (so_far >= low) & (so_far < high))
            for low, high in zip(OPPORTUNITIES, ends, strict=True)}  # fmt: skip
    gaps, minutes = np.log(np.maximum(row["gap_days"], 1e-3)), np.log(np.maximum(row["minutes"], 0.5))
    paused, worked = row["outcome"] != REST, row["minutes"] > 0.5
    last, left = np.zeros((2, len(learners)))
    np.maximum.at(last, who, row["day"] + row["gap_days"])
    np.maximum.at(left, who, row["left"].astype(float))
    return {
        ACCURACY: bins,
        GAPS: {"mean log days between decisions": _average(gaps, paused),
               "spread of log days": float(np.std(gaps[paused])) if paused.any() else float("nan")},
        LENGTHS: {"mean log minutes of a visit": _average(minutes, worked),
                  "spread of log minutes": float(np.std(minutes[worked])) if worked.any() else float("nan"),
                  "log visits per learner": float(np.log(max(worked.sum(), 1) / len(learners)))},
        LEAVING: {f"left by day {day:g}": float(np.mean((left > 0) & (last <= day))) for day in DAYS}
        | {"left before the end": float(left.mean())},
    }  # fmt: skip


def _average(values: Any, where: NDArray[np.bool_]) -> float:
    """A mean over rows; nan where there are too few to tell."""
    return float(np.mean(np.asarray(values)[where])) if where.sum() >= FEW else float("nan")
