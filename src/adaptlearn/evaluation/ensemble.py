"""Many parameter sets of one law that pass the same trials: how far a conclusion rests on the one that ships.

A law with some twenty-five free constants is not pinned down by fifteen contrasts. Around the shipped constants, sets
are drawn along what contrasts and prior beliefs together leave open (the normal approximation at the fit, WIDTH of its
spread), and a set is *accepted* if every contrast of the fit falls into its published range, its Monte-Carlo interval
included. The contrasts held out pull nothing here either, so how many of them an accepted set keeps is a result.

One member is of another kind: the fit to *half effects*. Published effects are larger than true ones where small and
null results stay in the drawer; replications found about half (Open Science Collaboration 2015). So the law is also
fitted to half of every effect that compares two treatments, and conclusions must hold there, too.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from adaptlearn.classroom.room import Rules
from adaptlearn.evaluation.bench import LEARNERS, SEED, Bench, measure
from adaptlearn.evaluation.contrasts import contrasts, file_of
from adaptlearn.evaluation.evidence import Row, counted, evidence, fit_record
from adaptlearn.evaluation.fitting import (
    DIGITS,
    FIT_LEARNERS,
    FIT_SEED,
    FIT_STEP,
    SCALES,
    SLOPE_SHARE,
    Problem,
    constants_in,
    free_constants,
)

WANTED = 20  #: accepted sets, the shipped one apart
WIDTH = 0.6  #: of that spread that draws have; at 1 most draws leave some range
MOST = 40  #: draws per accepted set before giving up

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Ensemble:
    """Accepted sets of constants."""

    sets: tuple[dict[str, float], ...]  # name -> value, of law and behaviour
    tried: int
    n: int
    seed: int


def draw(
    rules: Rules, policies: Mapping[str, Any], *, wanted: int = WANTED, n: int = FIT_LEARNERS, seed: int = FIT_SEED,
    progress: Progress = lambda found, tried: None,
) -> Ensemble:  # fmt: skip
    """Draw sets around the shipped constants until enough are accepted.

    Args:
        progress: called with (sets accepted, sets tried).

    Raises:
        ValueError: the law has no record of a fit, or too few sets are accepted.
    """
    problem, x = _at_the_fit(rules, policies, n, seed)
    spread = WIDTH * np.linalg.cholesky(_covariance(problem, x))
    dice = np.random.default_rng(seed)
    sets: list[dict[str, float]] = []
    for tried in range(1, MOST * wanted + 1):
        values = problem.values(x + spread @ dice.normal(size=len(x)))
        values = {name: float(f"{value:.{DIGITS}g}") for name, value in values.items()}
        if passes(problem, values):
            sets.append(values)
        progress(len(sets), tried)
        if len(sets) == wanted:
            return Ensemble(tuple(sets), tried, n, seed)
    raise ValueError(
        f"{len(sets)} of {MOST * wanted} sets accepted; needed {wanted}, "
        "e.g. a new fit first: adaptlearn evidence fit=true"
    )


def passes(problem: Problem, values: Mapping[str, float]) -> bool:
    """Whether every contrast of the fit, its Monte-Carlo interval included, lies within its range."""
    bench = Bench(constants_in(problem.rules, values, problem.moving), problem.policies, problem.n, problem.seed)
    for contrast in sorted(problem.seen, key=lambda c: c.programme):  # whole programmes last: they cost most
        effect = measure(contrast, bench)
        if effect is None or not (contrast.inside(effect.low) and contrast.inside(effect.high)):
            return False
    return True


def _at_the_fit(rules: Rules, policies: Mapping[str, Any], n: int, seed: int) -> tuple[Problem, Any]:
    """The problem whose answer the shipped constants are, and where they lie."""
    record = fit_record(rules.law)  # type: ignore[arg-type]
    if not record:
        raise ValueError(f"{rules.law.__name__} has no record of a fit; needed one, e.g. adaptlearn evidence fit=true")  # type: ignore[attr-defined]
    known = {c.id: c for c in contrasts(rules.law)}  # type: ignore[arg-type]
    converted = {constant: known[id_] for constant, id_ in record["converted"].items()}
    shipped = record["constants"]["law"] | record["constants"]["behaviour"]
    moving = tuple(one for one in free_constants(file_of(rules.law)) if one.name not in converted)  # type: ignore[arg-type]
    seen = tuple(known[id_] for id_ in record["fit"]["fitted"])
    problem = Problem(rules, policies, seen, moving, converted, n, seed, 0, None)
    return problem, np.array([SCALES[one.scale][0](shipped[one.name]) for one in moving])


def _covariance(problem: Problem, x: Any) -> Any:
    """Of the constants given contrasts and beliefs, each residual being worth one standard deviation."""
    here = problem.residuals(x, SLOPE_SHARE)
    slopes = np.stack([
        (problem.residuals(x + FIT_STEP * step, SLOPE_SHARE) - here) / FIT_STEP for step in np.eye(len(x))
    ], 1)  # fmt: skip
    return np.linalg.inv(slopes.T @ slopes)


def ensemble_file(law: ModuleType) -> Path:
    """Where a law's accepted sets lie: beside its contrasts."""
    return file_of(law).with_suffix(".ensemble.toml")


@cache
def accepted(law: ModuleType) -> tuple[dict[str, float], ...]:
    """The accepted sets that ship with a law.

    Raises:
        ValueError: none do.
    """
    file = ensemble_file(law)
    if not file.exists():
        raise ValueError(f"{file.name} is not there; needed accepted sets, e.g. adaptlearn evidence draw=20")
    return tuple(tomllib.loads(file.read_text("utf-8"))["set"])


HALVED = "half effects"  #: the member fitted to half of the published effects


def members(rules: Rules) -> dict[str, Rules]:
    """The same rules under other constants of the law: fitted to half effects, where that ships, then accepted sets."""
    free = free_constants(file_of(rules.law))  # type: ignore[arg-type]
    record = fit_record(rules.law, half=True)  # type: ignore[arg-type]
    half = {HALVED: record["constants"]["law"] | record["constants"]["behaviour"]} if record else {}
    sets = {f"constants {j}": values for j, values in enumerate(accepted(rules.law), 1)}  # type: ignore[arg-type]
    return {name: constants_in(rules, values, free) for name, values in (half | sets).items()}


def check(
    rules: Rules, policies: Mapping[str, Any], *, n: int = LEARNERS, seed: int = SEED, threads: int = 1,
    progress: Callable[[str], None] = lambda text: None,
) -> dict[str, list[Row]]:  # fmt: skip
    """Put every member through the whole suite, on learners that did not select it; half effects beside halves."""
    found = {}
    for name, one in members(rules).items():
        progress(name)
        found[name] = evidence(one, policies, n=n, seed=seed, threads=threads, half=name == HALVED)
    return found


def outside(rows: list[Row], law: ModuleType) -> tuple[list[str], list[str]]:
    """Contrasts outside their ranges: of those fitted, of those held out."""
    record = fit_record(law)
    fitted, converted = set(record["fit"]["fitted"]), set(record["converted"].values())
    bad = [row["contrast"] for row in counted(rows) if not row["inside"] and row["contrast"] not in converted]
    return [name for name in bad if name in fitted], [name for name in bad if name not in fitted]


def as_toml(found: Ensemble, command: str) -> str:
    """Accepted sets as a file."""
    lines = [
        "# Written by the search, never by hand: constants under which every fitted contrast falls into its range.",
        "", "[ensemble]", f'command = "{command}"', f"learners = {found.n}", f"seed = {found.seed}",
        f"tried = {found.tried}", f"width = {WIDTH}  # of the spread that contrasts and beliefs leave",
    ]  # fmt: skip
    for values in found.sets:
        lines += ["", "[[set]]", *(f"{name} = {value!r}" for name, value in values.items())]
    return "\n".join(lines) + "\n"
