"""Ratings beside outcomes: whether what people like is what they finish, pass, and learn from.

Ratings are reactions (Kirkpatrick level 1); across trainings they hardly go with learning (Alliger et al. 1997: r near
.02 for liking). Whether they do here is asked across activities, rank against rank (Spearman 1904), with a bootstrap
over activities.

Axes: A activities.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from adaptlearn.core.visits import Visits
from adaptlearn.evaluation.resample import Z95, Floats, Interval

SMALLEST = 20  #: ratings of an activity of which anything is said
FEWEST = 8  #: activities across which anything is said
DRAWS = 1000


@dataclass(frozen=True)
class Rated:
    """One activity's ratings."""

    activity: int
    ratings: int
    stars: Interval


@dataclass(frozen=True)
class Beside:
    """Ratings against one outcome, over activities."""

    outcome: str
    activities: int
    r: Interval  # rank correlation

    @property
    def words(self) -> str:
        """In one sentence."""
        if self.r.clear() == 0:
            return f"Whether better rated activities are better in {self.outcome} cannot be told from this log."
        more = "more" if self.r.value > 0 else "less"
        return f"Better rated activities have {more} {self.outcome}."


def rated(visits: Visits) -> list[Rated]:
    """Mean rating by activity, the best first; empty where nobody rated."""
    if visits.rating is None:
        return []
    found = []
    for a in np.unique(visits.activity[visits.activity >= 0]):
        stars = visits.rating[(visits.activity == a) & (visits.rating > 0)]
        if len(stars) >= SMALLEST:
            half = Z95 * stars.std(ddof=1) / np.sqrt(len(stars))
            found.append(Rated(int(a), len(stars), Interval(stars.mean(), stars.mean() - half, stars.mean() + half)))
    return sorted(found, key=lambda one: -one.stars.value)


def beside(found: list[Rated], outcomes: Mapping[str, Mapping[int, float]], seed: int = 0) -> list[Beside]:
    """Ratings against each outcome, where enough activities have both.   outcomes: name -> activity -> value"""
    said = []
    for name, values in outcomes.items():
        both = [one for one in found if np.isfinite(values.get(one.activity, np.nan))]
        if len(both) < FEWEST:
            continue
        x, y = np.array([one.stars.value for one in both]), np.array([values[one.activity] for one in both])
        if np.ptp(x) > 0 and np.ptp(y) > 0:
            said.append(Beside(name, len(both), _ranked(x, y, seed)))
    return said


def _ranked(x: Floats, y: Floats, seed: int) -> Interval:
    """Spearman's correlation with a bootstrap interval."""
    from scipy.stats import spearmanr

    dice, drawn = np.random.default_rng(seed), []
    for _ in range(DRAWS):
        at = dice.integers(0, len(x), len(x))
        if np.ptp(x[at]) > 0 and np.ptp(y[at]) > 0:
            drawn.append(spearmanr(x[at], y[at]).statistic)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Interval(float(spearmanr(x, y).statistic), float(low), float(high))
