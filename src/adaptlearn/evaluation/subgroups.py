"""Who gains and who does not: gains by group, the worst group, and whether groups differ by more than chance.

Groups always differ a little. Whether they differ by more than that is a permutation test per attribute: learners keep
their gains and are dealt other groups (Fisher 1935), with Holm's (1979) correction over attributes. What passes for
chance is called noise. Small groups are counted, and never shown.

Axes: N learners, G groups.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.core.corrected import holm
from adaptlearn.evaluation.resample import Floats, Interval, draws_of, spread

SMALLEST = 30  # learners of a group whose numbers are shown: fewer say little, and say it about persons
SHUFFLES = 999
SURE = 0.05  # corrected chance of differences as large, below which they are no noise


@dataclass(frozen=True)
class Group:
    """One group of one attribute."""

    attribute: str
    name: str
    learners: int
    gain: Interval | None  # None: too few to be shown
    gap: Interval | None  # its mean gain less that of everybody else


@dataclass(frozen=True)
class Attribute:
    """All groups of one attribute, and what to think of their differences."""

    name: str
    groups: tuple[Group, ...]
    p: float  # chance of differences as large if groups did not matter, corrected for the number of attributes
    worst: Group | None  # of least gain among those shown

    @property
    def noise(self) -> bool:
        """Whether chance explains the differences."""
        return self.p > SURE


def by_group(
    gain: ArrayLike, labels: Mapping[str, ArrayLike], *, draws: int = 1000, seed: int = 0, smallest: int = SMALLEST
) -> list[Attribute]:
    """Gains by the groups of every attribute.   gain [N], labels: attribute -> [N] group of each learner

    Raises:
        ValueError: labels of another length than the gains.
    """
    g = np.asarray(gain, np.float64)
    named = {attribute: np.asarray(label).astype(str) for attribute, label in labels.items()}
    for attribute, label in named.items():
        if label.shape != g.shape:
            raise ValueError(
                f"{attribute}: {label.shape} labels for {g.shape} gains; needed one per learner, e.g. {g.shape}"
            )
    chances = holm([_chance(g, label, seed, smallest) for label in named.values()])
    count = draws_of(np.zeros(len(g)), draws, seed)
    return [
        _attribute(name, g, label, p, count, smallest) for (name, label), p in zip(named.items(), chances, strict=True)
    ]


def _attribute(name: str, g: Floats, label: NDArray[np.str_], p: float, count: Floats, smallest: int) -> Attribute:
    groups = tuple(_group(name, g, label, group, count, smallest) for group in np.unique(label))
    shown = [group for group in groups if group.gain is not None]
    return Attribute(name, groups, p, min(shown, key=lambda one: one.gain.value) if shown else None)  # type: ignore[union-attr]


def _group(name: str, g: Floats, label: NDArray[np.str_], group: str, count: Floats, smallest: int) -> Group:
    mine = label == group
    n = int(mine.sum())
    if n < smallest or len(g) - n < smallest:
        return Group(name, str(group), n, None, None)
    own = (count[:, mine] @ g[mine]) / count[:, mine].sum(1)
    rest = (count[:, ~mine] @ g[~mine]) / count[:, ~mine].sum(1)
    return Group(name, str(group), n, spread(float(g[mine].mean()), own),
                 spread(float(g[mine].mean() - g[~mine].mean()), own - rest))  # fmt: skip


def _chance(g: Floats, label: NDArray[np.str_], seed: int, smallest: int) -> float:
    """Permutation p-value of the spread between group means; 1 where fewer than two groups are large enough."""
    names, place, size = np.unique(label, return_inverse=True, return_counts=True)
    large = size >= smallest
    if large.sum() < 2:
        return 1.0
    kept = large[place]
    values, at = g[kept] - g[kept].mean(), (np.cumsum(large) - 1)[place[kept]]
    weight = np.bincount(at)

    def between(x: Floats) -> float:
        return float((np.bincount(at, x) ** 2 / weight).sum())

    dice, seen = np.random.default_rng(seed), between(values)
    as_large = sum(between(dice.permutation(values)) >= seen * (1.0 - 1e-12) for _ in range(SHUFFLES))
    return (1 + as_large) / (1 + SHUFFLES)
