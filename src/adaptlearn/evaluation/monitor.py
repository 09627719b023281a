"""A pilot under way: what its scores say so far, and whether to stop. Any look is as good as the last.

Scores are adjusted for the pretest by the slope common to both arms (Cochran 1957), averaged within teams, and the
arms' team means are compared with the always-valid interval of ``sequential``. Looking more often, or stopping when it
is clear, leaves the chance of a false alarm below alpha.

Axes: N learners, U units (teams, or learners where they come alone) in the order in which their last score came.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.evaluation.pilot import FIRST, Design
from adaptlearn.evaluation.sequential import Always, Floats, always, bound

HARM, BENEFIT, SMALL, FULL, GO_ON, EARLY = "stop: harm", "stop: benefit", "stop: too small", "end", "go on", "too early"


@dataclass(frozen=True)
class Scores:
    """Learners who have a final score, in the order in which they got it."""

    treated: NDArray[np.bool_]  # [N] in the arm with the new policy
    score: Floats  # [N] share correct
    pretest: Floats | None = None  # [N] share correct; None: there was none
    team: NDArray[Any] | None = None  # [N] who was assigned together; None: each alone


class Path(NamedTuple):
    """What every look would have shown, after each unit.   [U]"""

    effect: Floats  # treated less control, adjusted, share correct
    se: Floats
    df: Floats
    treated: Floats  # units so far
    control: Floats


class Look(NamedTuple):
    """What to do, and why."""

    decision: str
    words: str
    effect: Always | None  # treated less control, share correct; None before the first look
    units: tuple[int, int]  # treated, control, so far


def path(scores: Scores) -> Path:
    """Every look at once, by running sums.

    Raises:
        ValueError: a team has learners in both arms.
    """
    unit, arm = _units(scores)
    x = np.zeros_like(scores.score) if scores.pretest is None else scores.pretest
    sums = [np.bincount(unit, column) for column in (np.ones_like(x), x, scores.score, x * x, x * scores.score)]
    n, sx, sy, sxx, sxy = sums
    mx, my = sx / n, sy / n
    side = np.stack([arm, ~arm]).astype(float)  # [2, U]

    def so_far(column: Floats) -> Floats:
        return np.cumsum(side * column, 1)

    learners, units = np.maximum(so_far(n), 1.0), np.maximum(so_far(np.ones_like(n)), 1.0)
    within_xx = (so_far(sxx) - so_far(sx) ** 2 / learners).sum(0)
    within_xy = (so_far(sxy) - so_far(sx) * so_far(sy) / learners).sum(0)
    slope = np.divide(within_xy, within_xx, out=np.zeros_like(within_xx), where=within_xx > 1e-12)
    means_x, means_y = so_far(mx) / units, so_far(my) / units
    yy, xy, xx = (so_far(p) - units * q for p, q in (
        (my * my, means_y**2), (mx * my, means_x * means_y), (mx * mx, means_x**2)))  # fmt: skip
    rest = np.maximum((yy - 2.0 * slope * xy + slope**2 * xx).sum(0), 1e-12)
    df = np.maximum(np.arange(1.0, len(n) + 1) - 2.0 - (scores.pretest is not None), 1.0)
    level = means_y - slope * means_x
    se = np.sqrt(rest / df * (1.0 / units).sum(0))
    return Path(level[0] - level[1], se, df, *np.cumsum(side, 1))


def _units(scores: Scores) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Each learner's unit, numbered by when its last score came, and each unit's arm.   -> [N], [U]"""
    if scores.team is None:
        return np.arange(len(scores.score)), scores.treated
    names, place = np.unique(scores.team, return_inverse=True)
    last = np.zeros(len(names), np.int64)
    last[place] = np.arange(len(place))  # later ones write over earlier ones
    unit = np.argsort(np.argsort(last))[place]
    share = np.bincount(unit, scores.treated) / np.bincount(unit)
    mixed = np.flatnonzero((share > 0) & (share < 1))
    if len(mixed):
        name = scores.team[np.flatnonzero(unit == mixed[0])[0]]
        raise ValueError(f"team {name} has learners in both arms; needed teams assigned together, or no team column")
    return unit, share > 0.5


def look(scores: Scores, design: Design, planned_units: int) -> Look:
    """What the scores say now.

    Args:
        planned_units: per arm; at that size the pilot ends whatever it shows.
    """
    if len(scores.score) == 0:
        return Look(EARLY, f"nobody has a score; needed {FIRST} units in each arm to look", None, (0, 0))
    seen = path(scores)
    return _look(seen, len(seen.se) - 1, design, planned_units)


def watch(scores: Scores, design: Design, planned_units: int) -> Look:
    """The pilot as it would have gone, looked at after every unit and ended by the first rule that says so."""
    seen = path(scores)
    half = bound(seen.se, design.effect, design.alpha, seen.df) * seen.se
    low, high, fewest = seen.effect - half, seen.effect + half, np.minimum(seen.treated, seen.control)
    ends = (fewest >= FIRST) & ((low > 0) | (high < design.effect) | (fewest >= planned_units))
    return _look(seen, int(ends.argmax()) if ends.any() else len(half) - 1, design, planned_units)


def _look(seen: Path, at: int, design: Design, planned_units: int) -> Look:
    units = (int(seen.treated[at]), int(seen.control[at]))
    if min(units) < FIRST:
        return Look(EARLY, f"{units[0]} and {units[1]} units have scores; needed {FIRST} in each arm", None, units)
    effect = always(float(seen.effect[at]), float(seen.se[at]), design.effect, design.alpha, float(seen.df[at]))
    return Look(*decide(effect, design, min(units) >= planned_units), effect, units)


def decide(effect: Always, design: Design, full: bool) -> tuple[str, str]:
    """The rules, in this order: harm, benefit, too small to matter, planned size.   -> decision, why"""
    said = f"{effect.value:+.3f}, between {effect.low:+.3f} and {effect.high:+.3f} whenever one looks"
    if effect.high < 0:
        return HARM, f"the new policy does worse ({said})"
    if effect.low > 0:
        return BENEFIT, f"the new policy does better ({said})"
    if effect.high < design.effect:
        return SMALL, f"an effect of {design.effect:g} or more is ruled out ({said})"
    if full:
        return FULL, f"the planned size is reached and neither benefit nor harm is shown ({said})"
    return GO_ON, f"not clear yet ({said})"
