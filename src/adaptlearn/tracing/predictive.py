"""Predictive checks: do simulated people look like people the fit has not met? And the grade that follows from it.

Each check compares figures of held-out learners with the same figures of simulated ones, drawn again and again from
the posterior. A figure passes if it lies within WIDE standard deviations of the simulated ones (so that one true figure
in 200 fails by bad luck), widened on both sides by a tolerance that is set before looking: every model is wrong, and
with enough learners any difference is "significant".
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

ACCURACY, GAPS, LENGTHS, LEAVING = "accuracy over opportunities", "gaps", "session lengths", "leaving"
KINDS = (ACCURACY, GAPS, LENGTHS, LEAVING)  #: what grade A asks for
WIDE = 2.8  #: standard deviations
SHARE = 0.03  #: tolerance of a share
RATIO = 0.10  #: tolerance of a mean of logarithms: a tenth more or less


class Check(NamedTuple):
    """One kind of check, with every figure that was compared."""

    kind: str
    figures: tuple[str, ...]  # names
    observed: tuple[float, ...]  # of held-out learners
    low: tuple[float, ...]  # of simulated ones
    high: tuple[float, ...]
    tolerance: float
    absent: str = ""  # why it could not be made

    @property
    def passed(self) -> bool:
        return not self.absent and not self.failures()

    def failures(self) -> list[str]:
        """Names of the figures outside."""
        rows = zip(self.figures, self.observed, self.low, self.high, strict=True)
        return [n for n, seen, low, high in rows if not low - self.tolerance <= seen <= high + self.tolerance]

    def words(self) -> str:
        """The outcome in one line."""
        if self.absent:
            return f"{self.kind}: not checked, {self.absent}"
        rows = list(zip(self.figures, self.observed, self.low, self.high, strict=True))
        shown = [row for row in rows if row[0] in self.failures()] or list(dict.fromkeys((rows[0], rows[-1])))
        told = "; ".join(f"{name} {seen:.3f}, simulated {low:.3f} to {high:.3f}" for name, seen, low, high in shown[:3])
        verdict = "passes" if self.passed else f"FAILS at {len(self.failures())} of {len(rows)} figures"
        return f"{self.kind}: {verdict} (tolerance {self.tolerance:g}): {told}"


def check(kind: str, figures: Sequence[str], observed: ArrayLike, simulated: ArrayLike, tolerance: float) -> Check:
    """Compare.   observed [S], simulated [J, S]; figures that the held-out learners do not show (nan) are left out"""
    seen, drawn = np.asarray(observed, np.float64), np.asarray(simulated, np.float64)
    here = np.isfinite(seen) & np.isfinite(drawn).any(0)
    centre, reach = np.nanmean(drawn[:, here], 0), WIDE * np.nanstd(drawn[:, here], 0)
    low, high = centre - reach, centre + reach
    names = tuple(name for name, there in zip(figures, here, strict=True) if there)
    absent = "" if names else "the log has too few learners for it"
    return Check(kind, names, tuple(seen[here].tolist()), tuple(low.tolist()), tuple(high.tolist()), tolerance, absent)


def not_made(kind: str, reason: str) -> Check:
    """A check that the log cannot carry."""
    return Check(kind, (), (), (), (), 0.0, reason)


def grade(checks: Sequence[Check], simulated: bool = False) -> tuple[str, str]:
    """A world's grade and why: A if every kind of check was made and passed on held-out learners, else B (fitted).

    simulated: the log is; however well it fits, nothing was learned of people: C
    """
    failed = sorted({one.kind for one in checks if not one.passed and not one.absent})
    unmade = [kind for kind in KINDS if not any(one.kind == kind and not one.absent for one in checks)]
    why = [f"fails: {', '.join(failed)}"] if failed else []
    why += [f"not checked: {', '.join(unmade)}"] if unmade else []
    if simulated:
        return "C", "; ".join(["the log is simulated: nothing is learned of people", *why])
    return ("B", "; ".join(why)) if why else ("A", "all checks on held-out learners pass")
