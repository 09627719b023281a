"""What a pilot sees: a test of n items, not what people know.

A learner who would answer a share p of all such items correctly gets Binomial(n, p) / n. The test's reliability is the
share of the spread of scores that is spread between people (Lord & Novick 1968, with items of equal difficulty).

Axes: N learners.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Instrument:
    """A test."""

    items: int = 20

    def __post_init__(self) -> None:
        if self.items < 1:
            raise ValueError(f"a test of {self.items} items; needed 1 or more, e.g. items=20")

    def scores(self, level: ArrayLike, dice: np.random.Generator) -> Floats:
        """Observed shares correct.   level [N] in [0, 1] -> [N]"""
        return dice.binomial(self.items, np.clip(level, 0.0, 1.0)) / self.items

    def noise(self, level: ArrayLike) -> float:
        """Variance of a score about what somebody would get of all such items, mean over people."""
        p = np.asarray(level, np.float64)
        return float((p * (1.0 - p)).mean()) / self.items

    def reliability(self, level: ArrayLike) -> float:
        """var(p) / (var(p) + E[p (1 - p)] / n), in [0, 1]; 0 where everybody is alike."""
        true = float(np.asarray(level, np.float64).var())
        return true / (true + self.noise(level)) if true > 0 else 0.0

    def observed(self, score: ArrayLike) -> float:
        """The same from scores alone, for items of equal difficulty (Kuder & Richardson 1937, formula 21).

        score [N] in [0, 1] -> at most 1; below 0 where scores spread less than guessing alone would make them;
        NaN where all are alike, or for a test of one item.
        """
        n, total = self.items, self.items * np.asarray(score, np.float64)
        variance, mean = float(total.var()), float(total.mean())
        if n < 2 or variance <= 0:
            return float("nan")
        return n / (n - 1.0) * (1.0 - mean * (n - mean) / (n * variance))


def lengthened(reliability: float, times: float) -> float:
    """Reliability of a test that many times as long.   Spearman (1910), Brown (1910)"""
    return times * reliability / (1.0 + (times - 1.0) * reliability)
