"""Is a belief about learners true, and does it know how sure it is? Only simulation can tell: there minds are known.

A belief says a level for every skill and, if it can, how sure it is: logit(level) ~ N(mean, sd^2). It is *calibrated*
if what it says with 80 % holds 80 times in a hundred (Dawid 1982; Gneiting, Balabdaoui & Raftery 2007), and worth
having if it is narrow as well: the log score rewards both.

Axes: D decisions, K skills.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.evaluation.figures import INK, PALE, SERIES, Drawing
from adaptlearn.evaluation.resample import Z95, Interval

Floats = NDArray[np.float64]
LEAST = 0.01  #: levels nearer to 0 or 1 count as this far from it, on the logit scale
SHARES = (0.5, 0.8, 0.95)  #: of the intervals that are checked
BANDS = (0.0, 7.0, 14.0, 28.0, np.inf)  #: days between which figures are told apart


@dataclass(frozen=True)
class Believed:
    """What was believed at some decisions, and what was true."""

    learner: NDArray[np.int64]  # [D] whose decision
    day: Floats  # [D]
    met: NDArray[np.bool_]  # [D, K] whether the skill had been taught or asked about by then
    truth: Floats  # [D, K] level, [0, 1]
    level: Floats  # [D, K] believed mean of it
    mean: Floats | None = None  # [D, K] of its logit; None: it does not say how sure it is
    sd: Floats | None = None  # [D, K] of its logit

    def those(self, rows: NDArray[np.bool_]) -> "Believed":
        """At some of the decisions."""
        parts = (self.learner, self.day, self.met, self.truth, self.level, self.mean, self.sd)
        return Believed(*(None if part is None else part[rows] for part in parts))  # type: ignore[arg-type]

    def off(self) -> Floats:
        """How many of its own standard deviations the truth lies from what was believed, of skills met.   -> [J]"""
        assert self.mean is not None and self.sd is not None
        return np.asarray((logit(self.truth) - self.mean)[self.met] / self.sd[self.met])

    def whose(self) -> NDArray[np.int64]:
        """The learner of each skill met.   -> [J]"""
        return np.broadcast_to(self.learner[:, None], self.met.shape)[self.met]


def logit(level: Any) -> Floats:
    """As far as levels are told apart."""
    held = np.clip(level, LEAST, 1.0 - LEAST)
    return np.asarray(np.log(held / (1.0 - held)))


def figures(believed: Believed) -> dict[str, Any]:
    """Of skills met: their number; correlation, R^2 and root mean square error of levels; if it says how sure it is,
    the log score (nats a level, of its logit) and the share of truths within each of SHARES, with its own interval.
    """
    truth, level = believed.truth[believed.met], believed.level[believed.met]
    if len(truth) < 2:
        return {"levels": len(truth)}
    missed = ((truth - level) ** 2).mean()
    found: dict[str, Any] = {"levels": len(truth), "r": _correlation(truth, level), "error": float(np.sqrt(missed)),
                             "r2": float(1.0 - missed / max(truth.var(), 1e-12))}  # fmt: skip
    if believed.sd is None:
        return found
    off, whose = believed.off(), believed.whose()
    found["log_score"] = float((-0.5 * off**2 - np.log(believed.sd[believed.met]) - 0.5 * np.log(2.0 * np.pi)).mean())
    return found | {f"within_{100 * p:.0f}": within(off, whose, p) for p in SHARES}


def within(off: Floats, whose: NDArray[np.int64], share: float) -> Interval:
    """Share of truths in the central interval; a learner's levels are alike, so learners are what is counted."""
    inside = np.abs(off) <= centre(share)
    return by_learner(inside.astype(np.float64), whose)


def centre(share: float) -> float:
    """Standard deviations on either side of a normal's central interval."""
    return NormalDist().inv_cdf(0.5 + share / 2.0)


def by_learner(value: Floats, whose: NDArray[np.int64]) -> Interval:
    """Mean with its 95 % interval, where what belongs to one learner is not independent (ratio estimator)."""
    _, at = np.unique(whose, return_inverse=True)
    count, mean = np.bincount(at), float(value.mean())
    apart = np.bincount(at, value) - mean * count
    half = Z95 * float(np.sqrt((apart**2).sum() * len(count) / max(len(count) - 1, 1)) / count.sum())
    return Interval(mean, mean - half, mean + half)


def by_day(believed: Believed) -> list[tuple[str, Believed]]:
    """Apart by the day of the programme, and all together first."""
    parts = [("all", believed)]
    for low, high in pairwise(BANDS):
        rows = (believed.day >= low) & (believed.day < high)
        name = f"{low:.0f} to {high:.0f}" if np.isfinite(high) else f"{low:.0f} on"
        parts += [(name, believed.those(rows))] if (believed.met[rows]).sum() > 1 else []
    return parts


def _correlation(a: Floats, b: Floats) -> float:
    return float(np.corrcoef(a, b)[0, 1]) if a.std() > 0 and b.std() > 0 else float("nan")


def reliability(believed: Believed, bins: int = 10) -> tuple[Floats, list[Interval]]:
    """Levels in equal shares by what was believed: mean belief of each, mean truth with interval.   [bins], [bins]"""
    level, truth, whose = believed.level[believed.met], believed.truth[believed.met], believed.whose()
    parts = np.array_split(np.argsort(level, kind="stable"), bins)
    return (np.array([level[part].mean() for part in parts]), [by_learner(truth[part], whose[part]) for part in parts])


def picture(named: Mapping[str, Believed], title: str) -> Drawing:
    """Left: does what is said to hold with some chance hold so often? Right: is what is believed what is true?"""
    said = np.linspace(0.05, 0.95, 19)

    def draw(panels: Sequence[Any]) -> None:
        left, right = panels
        for axes in panels:
            axes.plot([0, 100], [0, 100], color=PALE, linewidth=0.8)
            axes.set_xlim(0, 100)
            axes.set_ylim(0, 100)
            axes.set_aspect("equal")
        for ink, (name, one) in zip(SERIES, named.items(), strict=False):
            style = {"color": ink, "linewidth": 1.4, "label": name}
            believed, true = reliability(one)
            middle, low, high = 100 * np.array(true).T
            right.errorbar(
                100 * believed, middle, yerr=[middle - low, high - middle], fmt="o-", markersize=3.5, **style
            )
            if one.sd is not None:
                off, whose = np.abs(one.off()), one.whose()
                held = [by_learner((off <= centre(p)).astype(float), whose) for p in said]
                middle, low, high = 100 * np.array(held).T
                left.plot(100 * said, middle, **style)
                left.fill_between(100 * said, low, high, color=ink, alpha=0.15, linewidth=0)
        left.set_xlabel("interval of the belief, %")
        left.set_title("truths within it, % (band: 95 %)", loc="left", fontsize=9)
        right.set_xlabel("believed level, P(correct), %")
        right.set_title("true level, % (tenths of the levels; bars: 95 %)", loc="left", fontsize=9)
        right.legend(frameon=False, fontsize=8, loc="lower right")
        left.figure.suptitle(title, x=0.01, ha="left", fontsize=10, color=INK)

    alt = f"{title}: coverage of intervals and reliability of levels of {', '.join(named)}"
    return Drawing(draw, 4.4, alt, width=8.4, panels=(1, 2))
