"""Scores of many runs on many tasks as one figure with an interval, after Agarwal et al. (2021).

The interquartile mean drops the lowest and the highest quarter of all runs of all tasks together; intervals come from a
stratified bootstrap, which draws runs anew within each task. Definitions are those of their library, rliable.

Axes: R runs, T tasks, B draws.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from adaptlearn.evaluation.resample import Floats, Interval

DRAWS = 2000


def interquartile_mean(scores: ArrayLike) -> float:
    """Mean of the middle half of all scores.   [R, T]"""
    from scipy.stats import trim_mean

    return float(trim_mean(np.asarray(scores, np.float64), 0.25, axis=None))


def optimality_gap(scores: ArrayLike) -> float:
    """How far scores fall short of 1, on average; what is above 1 counts as 1.   [R, T]"""
    return float(1.0 - np.minimum(np.asarray(scores, np.float64), 1.0).mean())


STATISTICS: dict[str, Callable[[ArrayLike], float]] = {
    "IQM": interquartile_mean,
    "mean": lambda scores: float(np.mean(scores)),
    "median": lambda scores: float(np.median(np.mean(scores, 0))),  # over tasks, of each task's mean over runs
    "optimality gap": optimality_gap,
}


def aggregate(scores: ArrayLike, draws: int = DRAWS, seed: int = 0) -> dict[str, Interval]:
    """Every statistic with its 95 % interval.   scores [R, T]

    Raises:
        ValueError: fewer than two runs, or scores that are not finite.
    """
    table = np.asarray(scores, np.float64)
    if table.ndim != 2 or len(table) < 2 or not np.isfinite(table).all():
        raise ValueError(
            f"scores of shape {table.shape}; needed finite ones, [runs, tasks], at least 2 runs, e.g. (5, 6)"
        )
    drawn = resampled(table, draws, seed)
    said = {}
    for name, statistic in STATISTICS.items():
        low, high = np.percentile([statistic(one) for one in drawn], [2.5, 97.5])
        said[name] = Interval(statistic(table), float(low), float(high))
    return said


def resampled(scores: Floats, draws: int, seed: int) -> Floats:
    """Runs drawn anew within each task.   [R, T] -> [B, R, T]"""
    runs, tasks = scores.shape
    at = np.random.default_rng(seed).integers(0, runs, (draws, runs, tasks))
    return scores[at, np.arange(tasks)]
