"""How likely each activity is to be finished once begun; learners' own diligence is integrated out."""

from typing import NamedTuple

import numpy as np

from adaptlearn.core.visits import Visits
from adaptlearn.tracing import hierarchical
from adaptlearn.tracing.design import Answers, Design
from adaptlearn.tracing.sequences import by_lot

FEW = 20  #: visits of an activity of which anything is said
MOST = 20_000  #: visits that are read; learners are taken by lot
VARIANCE = 0.346  #: of a probit by which a logistic curve is averaged over a normal (Zeger, Liang & Albert 1988)


class Finished(NamedTuple):
    """One activity."""

    activity: int
    visits: int
    share: float  # finished, as counted
    shrunk: tuple[float, float, float]  # of a learner like the others, with shrinkage and 95 % interval
    minutes: float  # median where known, else NaN


def finishing(visits: Visits, *, seed: int = 0, draws: int = 128) -> list[Finished]:
    """Every activity with enough visits, the least finished first; empty where nothing, or everything, is finished."""
    if visits.done is None:
        return []
    took = visits.activity >= 0
    count = np.bincount(visits.activity[took], minlength=len(visits.activities))
    told = np.flatnonzero(count >= FEW)
    rows = np.flatnonzero(took & np.isin(visits.activity, told))
    if len(told) < 2 or not 0 < visits.done[rows].mean() < 1:
        return []
    read = rows[by_lot(visits.learner[rows], MOST, seed)]
    draws_of = _logits(visits, read, told, seed, draws)
    found = []
    for j, a in enumerate(told):
        mine = rows[visits.activity[rows] == a]
        p = 1.0 / (1.0 + np.exp(-draws_of[:, j]))
        low, high = np.quantile(p, [0.025, 0.975])
        spent = visits.minutes[mine][visits.minutes[mine] > 0] if visits.minutes is not None else np.empty(0)
        median = float(np.median(spent)) if len(spent) else float("nan")
        shrunk = (float(p.mean()), float(low), float(high))
        found.append(Finished(int(a), len(mine), float(visits.done[mine].mean()), shrunk, median))
    return sorted(found, key=lambda one: one.shrunk[0])


def _logits(visits: Visits, rows: np.ndarray, told: np.ndarray, seed: int, draws: int) -> np.ndarray:
    """Draws of each activity's logit, averaged over learners.   -> [J, A']"""
    who, learner = np.unique(visits.learner[rows], return_inverse=True)
    index = np.searchsorted(told, visits.activity[rows])[:, None].astype(np.int32)
    start = np.searchsorted(learner, np.arange(len(who) + 1)).astype(np.int64)
    answers = Answers(start, index, np.ones((len(rows), 1)), visits.done[rows].astype(np.uint8))  # type: ignore[index]
    design = Design(answers, {"easiness": tuple(visits.activities[a] for a in told)}, tuple(map(str, who)))
    posterior, _ = hierarchical.of_design(design, draws=draws, seed=seed, source=visits.source)
    flat = np.sqrt(1.0 + VARIANCE * posterior.draws["ability.sd"][:, None] ** 2)
    return np.asarray(posterior.draws["easiness"] / flat)
