"""Weak items: questions that do not tell who knows, that nobody fails, or that even those fail who know most.

Classical item analysis (Lord & Novick 1968; Crocker & Algina 1986) with intervals. An item's discrimination is the
correlation of one answer to it with how well its learners answer everything else, each other item counted from its own
mean, so that hard ones count no less than easy ones. The weakest and the strongest fifth by that same rest show what
guessing lets through and what slips: shares an item should have low and high. First visits only.

Axes: Q first answers of a learner to an item, I items.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adaptlearn.core.corrected import holm
from adaptlearn.core.visits import Visits
from adaptlearn.evaluation.resample import Z95, Floats, Interval

SMALLEST = 50  #: learners who answered an item of which anything is said
FEW = 10  #: right and wrong answers below which nothing is said of discrimination
REST = 5  #: least answers to other items that tell how much somebody knows
MATTERS = 0.5  #: of the usual discrimination; an item surely below it is weak
EASY, HARD = 0.95, 0.4  #: share right of the weakest fifth above the one, of the strongest below the other
SURE = 0.05  #: corrected chance of a false alarm


@dataclass(frozen=True)
class Item:
    """One item, or the set of items on one skill that an activity asks."""

    name: str
    skill: str
    learners: int
    right: Interval  # share, first answers
    tells: Interval  # discrimination, -1 to 1
    weakest: Interval  # share right of the fifth who know least by everything else
    strongest: Interval
    p: float  # corrected chance of a discrimination as low, if it were half the usual
    verdict: str  # "" where nothing is to be said

    @property
    def found(self) -> bool:
        return bool(self.verdict)


def analyse(visits: Visits) -> list[Item]:
    """Every item that enough learners answered, the least telling first; empty where answers are too few."""
    row, skill, item, asked, right = visits.answers
    learner = visits.learner[row]
    new = first_of(learner, item)
    learner, skill, item = learner[new], skill[new], item[new]
    asked, share = asked[new].astype(np.float64), right[new] / asked[new]
    count = np.bincount(item, asked)
    mean = np.divide(np.bincount(item, asked * share), count, out=np.zeros(len(count)), where=count > 0)
    rest = _rest(learner, asked, share - mean[item])
    known = np.isfinite(rest)
    found = [(int(j), _told(share[here], rest[here])) for j in np.unique(item)
             if (here := known & (item == j)).sum() >= SMALLEST]  # fmt: skip
    usual = float(np.median([one[1].value for _, one in found])) if found else 0.0
    thin = [min(right[new][item == j].sum(), (asked - right[new])[item == j].sum()) < FEW for j, _ in found]
    blind = [1.0 if few else _lower(one[1], MATTERS * usual) for few, (_, one) in zip(thin, found, strict=True)]
    easy, hard = [1.0 - _lower(one[2], EASY) for _, one in found], [_lower(one[3], HARD) for _, one in found]
    chances = np.reshape(holm([*blind, *easy, *hard]), (3, -1)).T.tolist()  # one correction over all that is asked
    at = {int(j): int(k) for j, k in zip(item, skill, strict=True)}
    said = [
        Item(visits.items[j], visits.skills[at[j]], int((known & (item == j)).sum()), *one, p[0], _verdict(one[1], *p))
        for (j, one), p in zip(found, chances, strict=True)
    ]
    return sorted(said, key=lambda one: (not one.found, one.tells.value))


def first_of(learner: NDArray[np.int64], item: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Each learner's first answers to each item.   [Q] in the order of time -> [Q]"""
    new = np.zeros(len(item), bool)
    new[np.unique(np.stack([learner, item]), axis=1, return_index=True)[1]] = True
    return new


def _rest(learner: NDArray[np.int64], asked: Floats, above: Floats) -> Floats:
    """How far above the mean a learner answers all other items, NaN where they are too few.   -> [Q]"""
    total, sum_ = np.bincount(learner, asked)[learner] - asked, np.bincount(learner, asked * above)[learner]
    return np.divide(sum_ - asked * above, total, out=np.full(len(asked), np.nan), where=total >= REST)


def _told(share: Floats, rest: Floats) -> tuple[Interval, Interval, Interval, Interval]:
    """Share right, discrimination of one answer, the weakest and the strongest fifth."""
    p, n = share.mean(), len(share)
    x, y = rest - rest.mean(), share - p
    scale = np.sqrt(max(p * (1.0 - p), 1e-9)) * max(x.std(), 1e-9)  # of a single answer, however many are asked
    product = x * y / scale
    edges = np.quantile(rest, [0.2, 0.8])
    return (_mean(share), Interval(float(product.mean()), *_around(float(product.mean()), product.std() / np.sqrt(n))),
            _mean(share[rest <= edges[0]]), _mean(share[rest >= edges[1]]))  # fmt: skip


def _mean(share: Floats) -> Interval:
    """A mean share with Agresti & Coull's (1998) interval, for a person's answers that hang together."""
    n, p = len(share), float(share.mean())
    centre = (p * n + 2.0) / (n + 4.0)
    low, high = _around(centre, np.sqrt(centre * (1.0 - centre) / (n + 4.0)))
    return Interval(p, max(low, 0.0), min(high, 1.0))


def _around(value: float, error: float) -> tuple[float, float]:
    return float(value - Z95 * error), float(value + Z95 * error)


def _lower(one: Interval, at_least: float) -> float:
    """Chance of an estimate as low as this, if the truth were ``at_least``."""
    from scipy.stats import norm

    error, centre = (one.high - one.low) / (2.0 * Z95), 0.5 * (one.low + one.high)
    return float(norm.cdf((centre - at_least) / error)) if error > 0 else float(centre >= at_least)


def _verdict(tells: Interval, blind: float, easy: float, hard: float) -> str:
    """In words, by the corrected chances that it tells enough, is not too easy, and not too hard."""
    if easy < SURE:
        return "too easy: the weakest fifth have it right"
    if blind < SURE and tells.high < 0.0:
        return "key or wording: those who know more are more often wrong"
    if hard < SURE:
        return "too hard, or slips: the strongest fifth have it wrong"
    return "does not tell who knows" if blind < SURE else ""
