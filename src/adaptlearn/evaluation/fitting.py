"""Fitting a law's constants so that simulated trials show what published trials found.

Penalised least squares by Gauss and Newton: each contrast pulls its effect to the published value, in quarters of its
range; each constant is drawn back to what one would believe without the trials. Learners and luck are common to all
evaluations, so effects are smooth in the constants and finite differences serve.

A contrast that is *held out* pulls nothing. A constant that only held-out contrasts would decide has nothing to be
fitted to; it is then converted from its published effect at the rate that the fitted ingredients show:

    k = c d (1 + what is already at work),     c = geometric mean of the same ratio over the fitted ingredients,

so that a held-out ingredient tests whether one conversion serves all, and nothing of its own trial was used but the
published number it must reproduce.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.classroom.room import Rules
from adaptlearn.evaluation.bench import Bench, measure
from adaptlearn.evaluation.contrasts import Contrast, contrasts, file_of
from adaptlearn.evaluation.evidence import HALF

FIT_SEED = 97  #: learners of the fit are others than those of the suite
FIT_LEARNERS = 4000  #: per arm
SLOPE_SHARE = 4  # slopes are taken on one in so many of them: with common luck, differences need fewer learners
FIT_STEP = 0.15  # of a finite difference, on the transformed scale
DIGITS = 3  # significant digits of a fitted constant
INGREDIENT = "k_"  # constants that add to the gain factor; those of assistance and others convert to nothing
NO_INGREDIENT = ("k_assist",)

Floats = NDArray[np.float64]
Progress = Callable[[int, int, float], None]

SCALES: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "plain": (float, float),
    "log": (lambda v: float(np.log(v)), lambda x: float(np.exp(x))),
    "logit": (lambda v: float(np.log(v / (1.0 - v))), lambda x: float(1.0 / (1.0 + np.exp(-x)))),
}


@dataclass(frozen=True)
class Free:
    """A constant that the fit may move, with what one would believe of it without the trials."""

    name: str
    centre: float
    spread: float  # on the transformed scale
    scale: str  # log | logit | plain
    why: str
    of: str = "law"  # law | behaviour

    def value(self, x: float) -> float:
        """From the transformed scale."""
        return float(SCALES[self.scale][1](x))

    @property
    def middle(self) -> float:
        """The centre on the transformed scale."""
        return float(SCALES[self.scale][0](self.centre))


@dataclass(frozen=True)
class Fit:
    """Fitted constants and how they came about."""

    values: dict[str, float]  # every constant that was free or converted
    free: tuple[Free, ...]
    converted: dict[str, str]  # constant -> the held-out contrast whose published effect it was converted from
    held_out: tuple[str, ...]
    fitted: tuple[str, ...]
    effects: dict[str, float]  # of the fitted contrasts, at the end
    misfit: float  # sum of squares over the contrasts, quarters of a range
    drawn_back: float  # sum of squares over the constants, spreads
    evaluations: int
    n: int
    seed: int
    world: str
    half: bool = False  # fitted to half of every effect that compares two treatments

    def applied(self, rules: Rules) -> Rules:
        """The same rules with these constants."""
        return constants_in(rules, self.values, self.free)


def free_constants(path: Path) -> tuple[Free, ...]:
    """The table ``[free]`` of a file of contrasts.

    Raises:
        ValueError: an unknown scale, or no table.
    """
    table = tomllib.loads(path.read_text("utf-8")).get("free", {})
    if not table:
        raise ValueError(
            f"{path.name}: no table [free]; needed one line per constant, e.g. eta = {{ centre = 0.25, ... }}"
        )
    found = tuple(Free(name, **spec) for name, spec in table.items())
    for one in found:
        if one.scale not in SCALES:
            raise ValueError(
                f"{path.name}: free.{one.name}.scale = {one.scale!r}; needed {', '.join(SCALES)}, e.g. 'log'"
            )
    return found


def constants_in(rules: Rules, values: Mapping[str, float], free: Sequence[Free] = ()) -> Rules:
    """Rules with other constants; a name that ``free`` does not place belongs to the law."""
    of = {one.name: one.of for one in free}
    law = rules.law_params if rules.law_params is not None else rules.law.Params()  # type: ignore[attr-defined]
    behaviour = rules.behaviour_params if rules.behaviour_params is not None else rules.behaviour.Params()  # type: ignore
    mine = {k: v for k, v in values.items() if of.get(k, "law") == "law"}
    others = {k: v for k, v in values.items() if of.get(k, "law") == "behaviour"}
    return replace(rules, law_params=law._replace(**mine), behaviour_params=behaviour._replace(**others))


def fit(
    rules: Rules,
    policies: Mapping[str, Any] | None = None,
    hold_out: Sequence[str] = (),
    *,
    half: bool = False,
    targets: Sequence[Contrast] | None = None,
    free: Sequence[Free] | None = None,
    n: int = FIT_LEARNERS,
    seed: int = FIT_SEED,
    rounds: int = 6,
    progress: Progress | None = None,
) -> Fit:
    """Constants under which the contrasts that are not held out come out as published.

    Args:
        policies: as for ``evidence``; contrasts that take a missing one are refused unless held out.
        hold_out: ids of contrasts the fit must not see.
        half: take half of every effect that compares two treatments, and half of what is believed of ingredients.
        targets, free: contrasts and constants; None takes those beside the law.
        n, seed: learners per arm and their luck, other than the suite's.
        rounds: most Gauss-Newton steps.
        progress: called with (evaluations done, most there can be, sum of squares).

    Raises:
        ValueError: an unknown contrast is held out, nothing is left, or a policy is missing.
    """
    known = tuple(c.times(HALF if half else 1.0) for c in (contrasts(rules.law) if targets is None else targets))
    unknown = sorted(set(hold_out) - {c.id for c in known})
    if unknown:
        raise ValueError(f"hold_out {unknown}; needed some of {', '.join(c.id for c in known)}, e.g. 'peer'")
    seen = tuple(c for c in known if c.counted and c.id not in hold_out and c.high > c.low)
    if not seen:
        raise ValueError(
            f"{len(known)} contrasts, none left to fit; needed at least one that is counted and not held out"
        )
    whole = tuple(_believed(one, half) for one in (free_constants(file_of(rules.law)) if free is None else free))
    heard = {c.sets for c in seen}
    converted = {c.sets: c for c in known if c.id in hold_out and _ingredient(c.sets) and c.sets not in heard}
    moving = tuple(one for one in whole if one.name not in converted)
    problem = Problem(rules, policies or {}, seen, moving, converted, n, seed, rounds, progress)
    x = problem.solve()
    values = {name: _rounded(value) for name, value in problem.values(x).items()}
    effects = problem.effects(values)
    return Fit(
        values, moving, {k: c.id for k, c in converted.items()}, tuple(hold_out), tuple(c.id for c in seen),
        {c.id: round(float(e), 4) for c, e in zip(seen, effects, strict=True)},
        float(np.sum(problem.misses(effects) ** 2)), float(np.sum(problem.pulls(x) ** 2)), problem.done, n, seed,
        f"{rules.world.name} {rules.world.version}", half,
    )  # fmt: skip


def _ingredient(name: str) -> bool:
    return name.startswith(INGREDIENT) and name not in NO_INGREDIENT


def _believed(one: Free, half: bool) -> Free:
    """What is believed of an ingredient is a multiple of its published effect, so half of that is half of this."""
    return replace(one, centre=HALF * one.centre) if half and _ingredient(one.name) else one


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


@dataclass
class Problem:
    """Residuals of the fit, counted and reported."""

    rules: Rules
    policies: Mapping[str, Any]
    seen: tuple[Contrast, ...]
    moving: tuple[Free, ...]
    converted: dict[str, Contrast]
    n: int
    seed: int
    rounds: int
    progress: Progress | None
    done: int = 0

    def values(self, x: Floats) -> dict[str, float]:
        """Constants from the transformed scale, converted ones included."""
        values = {one.name: one.value(v) for one, v in zip(self.moving, x, strict=True)}
        rates = [np.log(values[c.sets] / self._base(c, values) / c.value) for c in self.seen
                 if c.sets in values and _ingredient(c.sets) and c.statistic == "g"]  # fmt: skip
        for name, contrast in self.converted.items():
            rate = float(np.exp(np.mean(rates))) if rates else 2.0
            values[name] = rate * contrast.value * self._base(contrast, values)
        return values

    @staticmethod
    def _base(contrast: Contrast, values: Mapping[str, float]) -> float:
        return 1.0 + sum(values.get(name, 0.0) for name in contrast.over)

    def effects(self, values: Mapping[str, float], share: int = 1) -> Floats:
        """The seen contrasts under these constants, on one in ``share`` of the learners."""
        self.done += 1
        bench = Bench(constants_in(self.rules, values, self.moving), self.policies, self.n // share, self.seed)
        found = [measure(contrast, bench) for contrast in self.seen]
        missing = [c.id for c, effect in zip(self.seen, found, strict=True) if effect is None]
        if missing:
            raise ValueError(
                f"contrasts {missing} take policies that were not handed in; needed them, or to be held out"
            )
        return np.array([effect.value for effect in found if effect is not None])

    def misses(self, effects: Floats) -> Floats:
        """Distance of each effect from the published value, in quarters of the range."""
        return np.array([(e - c.value) / ((c.high - c.low) / 4.0) for c, e in zip(self.seen, effects, strict=True)])

    def pulls(self, x: Floats) -> Floats:
        """Distance of each constant from its centre, in spreads."""
        return np.array([(v - one.middle) / one.spread for one, v in zip(self.moving, x, strict=True)])

    def residuals(self, x: Floats, share: int = 1) -> Floats:
        """What is squared and summed."""
        return np.concatenate([self.misses(self.effects(self.values(x), share)), self.pulls(x)])

    def told(self, cost: float) -> None:
        """Progress, if anyone listens."""
        if self.progress is not None:
            self.progress(self.done, self.rounds * (len(self.moving) + 3) + 1, cost)

    def solve(self) -> Floats:
        """Gauss-Newton with Levenberg's damping (Levenberg 1944, Marquardt 1963)."""
        x = np.array([one.middle for one in self.moving])
        now, damping = self.residuals(x), 0.1
        for _ in range(self.rounds):
            here, slopes = self.residuals(x, SLOPE_SHARE), np.empty((len(now), len(x)))
            for j in range(len(x)):
                step = np.zeros(len(x))
                step[j] = FIT_STEP
                slopes[:, j] = (self.residuals(x + step, SLOPE_SHARE) - here) / FIT_STEP
                self.told(float(now @ now))
            x, after, damping = self.better(x, now, slopes, damping)
            gained, now = float(now @ now - after @ after), after
            self.told(float(now @ now))
            if gained < 0.005 * float(now @ now):
                break
        return x

    def better(self, x: Floats, now: Floats, slopes: Floats, damping: float) -> tuple[Floats, Floats, float]:
        """The damped step that lowers the sum of squares, or none."""
        square, downhill = slopes.T @ slopes, slopes.T @ now
        for _ in range(6):
            tried = x - np.linalg.solve(square + damping * np.diag(np.diag(square)), downhill)
            after = self.residuals(tried)
            if after @ after < now @ now:
                return tried, after, damping / 4.0
            damping *= 4.0
        return x, now, damping
