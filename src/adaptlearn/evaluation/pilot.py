"""How large a pilot must be, and how long it takes, if it is watched all along and stopped as soon as it is clear.

Two arms, learners alone or in teams that are assigned together. The score is what a test shows, not what people know.
Scores are compared after adjustment for a pretest, team by team; the size is found by simulating the sequential test
itself, so that planned power is the power of what will be done.

    spread of a unit's mean   sd^2 (1 - r^2) ((1 - icc) / m + icc)      Raudenbush (1997); Donner & Klar (2000)
    m                         team size less those who drop out
"""

from dataclasses import dataclass

import numpy as np

from adaptlearn.evaluation.sequential import Floats, first_crossing

RUNS = 4000  # simulated trials per size tried
LOOKS = 300  # most looks of a simulated trial
FIRST = 6  #: units per arm before the first look
MOST = 20_000  # units per arm beyond which no pilot is planned


@dataclass(frozen=True)
class Design:
    """What is known or assumed before a pilot."""

    effect: float  # difference of mean scores that the pilot must be able to show, share correct, > 0
    sd: float  # standard deviation of scores within an arm, share correct, > 0
    pretest: float = 0.5  # correlation of pretest and score, [0, 1)
    team: int = 1  # learners who are assigned together; 1: each alone
    icc: float = 0.0  # share that lies between teams of the spread that the pretest leaves, [0, 1)
    attrition: float = 0.15  # share of learners without a final score, [0, 1)
    power: float = 0.8  # chance to show the effect if it is there
    alpha: float = 0.05  # chance, over all looks, to show an effect that is not there

    def __post_init__(self) -> None:
        shares = {"pretest": self.pretest, "icc": self.icc, "attrition": self.attrition}
        for name, value in shares.items():
            if not 0.0 <= value < 1.0:
                raise ValueError(f"{name}={value}; needed a share from 0 to below 1, e.g. {getattr(Design, name)}")
        if not (self.effect > 0 and self.sd > 0):
            raise ValueError(f"effect={self.effect}, sd={self.sd}; needed both above 0, e.g. effect=0.05 sd=0.2")
        if not (self.team >= 1 and 0 < self.alpha < 0.5 and self.alpha < self.power < 1):
            raise ValueError(f"team={self.team}, alpha={self.alpha}, power={self.power}; needed team >= 1, alpha below "
                             "0.5 and below power, e.g. team=8 alpha=0.05 power=0.8")  # fmt: skip

    @property
    def unit_sd(self) -> float:
        """Standard deviation of a unit's adjusted mean, share correct."""
        staying = max(self.team * (1.0 - self.attrition), 1.0)
        return float(self.sd * np.sqrt((1.0 - self.pretest**2) * ((1.0 - self.icc) / staying + self.icc)))


@dataclass(frozen=True)
class Plan:
    """A pilot's size. Counts are per arm, drop-outs included."""

    design: Design
    units: int  # teams, or learners where they come alone
    learners: int
    once: int  # learners per arm if one looked at the end only
    shown: float  # simulated chance to show the effect by the end; the same for as large a harm
    false_alarm: float  # simulated chance to show anything where there is nothing
    typical: float  # share of the units that have been seen when the effect is shown, median
    weeks: float  # from the first learner to the last score, at most


def plan(design: Design, *, weeks: float = 12.0, intake: float = 20.0, seed: int = 0) -> Plan:
    """The smallest pilot of the wanted power.

    Args:
        weeks: from a learner's start to the final score.
        intake: learners who can start per week, both arms together.

    Raises:
        ValueError: no pilot of a size worth planning could show such an effect, or nobody can start.
    """
    if not (intake > 0 and weeks > 0):
        raise ValueError(f"weeks={weeks}, intake={intake}; needed both above 0, e.g. weeks=12 intake=20")
    d = design.effect / design.unit_sd
    units = _smallest(design, d, seed)
    look, sign = _watched(d, d, units, design.alpha, seed)
    shown = (look <= units) & (sign > 0)
    nothing, _ = _watched(0.0, d, units, design.alpha, seed + 1)
    learners = enrolled(design, units)
    return Plan(
        design, units, learners, enrolled(design, _looked_at_once(design, d)), float(shown.mean()),
        float((nothing <= units).mean()), float(np.median(look[shown]) / units), weeks + 2.0 * learners / intake,
    )  # fmt: skip


def enrolled(design: Design, units: int) -> int:
    """Learners per arm who must start so that so many units finish."""
    return units * design.team if design.team > 1 else int(np.ceil(units / (1.0 - design.attrition)))


def detectable(design: Design, learners: int, seed: int = 0) -> float:
    """The effect that a pilot of this size per arm shows with the wanted power, share correct.

    Raises:
        ValueError: too few learners for a first look.
    """
    units = learners // design.team if design.team > 1 else int(learners * (1.0 - design.attrition))
    if units < FIRST:
        raise ValueError(f"{learners} learners are {units} units per arm; needed {FIRST} or more to look at all, "
                         f"e.g. learners={enrolled(design, 2 * FIRST)}")  # fmt: skip
    low, high = 0.0, 8.0
    while high - low > 1e-3:
        middle = (low + high) / 2.0
        low, high = (middle, high) if power(middle, units, design.alpha, seed) < design.power else (low, middle)
    return high * design.unit_sd


def power(d: float, units: int, alpha: float = 0.05, seed: int = 0) -> float:
    """Chance to show an effect of d unit deviations within so many units per arm, watched all along."""
    look, sign = _watched(d, d, units, alpha, seed)
    return float(((look <= units) & (sign > 0)).mean())


def _watched(truth: float, planned: float, units: int, alpha: float, seed: int) -> tuple[Floats, Floats]:
    """Many trials in units of the unit deviation; the test is tuned to the planned effect."""
    dice = np.random.default_rng(seed)
    looks = min(units, LOOKS)  # many units are seen in blocks, whose means differ by so much less
    block = np.sqrt(units / looks)
    treated, control = dice.normal(size=(2, RUNS, looks))
    look, sign = first_crossing(treated + truth * block, control, planned * block, alpha, min(FIRST, looks))
    return look * units / looks, sign


def _smallest(design: Design, d: float, seed: int) -> int:
    """Fewest units per arm of the wanted power: doubled until enough, then halved in between."""
    high = FIRST
    while power(d, high, design.alpha, seed) < design.power:
        high *= 2
        if high > MOST:
            raise ValueError(
                f"an effect of {design.effect:g} is {d:.3f} of what units differ by; needed over {MOST:,} "
                "units per arm, which nobody runs, e.g. a larger effect, a longer test or a better pretest"
            )  # fmt: skip
    low = high // 2
    while high - low > max(1, high // 100):
        middle = (low + high) // 2
        low, high = (low, middle) if power(d, middle, design.alpha, seed) >= design.power else (middle, high)
    return high


def _looked_at_once(design: Design, d: float) -> int:
    """Units per arm for one t test at the end, two-sided, by the noncentral t."""
    from scipy import stats

    n = 2
    while n < MOST:
        df = 2 * n - 2
        if stats.nct.sf(stats.t.isf(design.alpha / 2, df), df, d * np.sqrt(n / 2)) >= design.power:
            return n
        n += max(1, n // 200)
    return n
