"""Who wrote this event log? The traits of a population by simulation, for laws that have no likelihood.

    fitted = calibrate_events(log, rules, policy)       # policy: the one that taught the people of the log
    fitted.posterior, fitted.told, fitted.checks, fitted.grade

Populations are drawn from a prior around the world's own and taught by the same policy in one classroom; what the log
shows of acceptance, completion, gaps, answers, ratings and leaving says which of them look like its people. A fifth of
the learners is kept out for the predictive checks.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.classroom.room import Rules
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core import luck
from adaptlearn.core.learner import DRAWN, FORMATS, Population
from adaptlearn.core.log import EventLog
from adaptlearn.core.posterior import Posterior
from adaptlearn.tracing.abc import Free, Learned, learn_in_rounds
from adaptlearn.tracing.events import FIGURES, SEEN, figures, per_learner
from adaptlearn.tracing.predictive import KINDS, RATIO, SHARE, Check, check, grade
from adaptlearn.tracing.scoring import folds_of

Floats = NDArray[np.float64]
MOST = 400  #: learners of a log that are read, and of each simulated population
PORTION = 8192  #: learners simulated at a time
HELD_OUT = 5  #: every fifth learner is kept for the checks
REPLAYS = 24  #: simulated logs in a predictive check


def free_traits(population: Population) -> tuple[Free, ...]:
    """What is learned, with a prior around the population as it stands. Units as in ``Traits``."""
    mean, sd = (dict(zip(DRAWN, row, strict=True)) for row in (population.mean, population.sd))
    wide = {"ability": 0.7, "rate": 0.4, "memory": 0.5, "weekly_minutes": 0.4}
    means = ["ability", "rate", "memory", "weekly_minutes", "conscientiousness", "efficacy", "autonomy", "halo"]
    means += [f"like_{name}" for name in FORMATS]
    spreads = ["ability", "rate", "weekly_minutes", "halo"]
    return (*(Free(f"{name}.mean", mean[name], wide.get(name, 0.5)) for name in means),
            *(Free(f"{name}.sd", max(sd[name], 0.05), 0.35, log=True) for name in spreads))  # fmt: skip


@dataclass(frozen=True)
class Fitted:
    """What a log says about its people."""

    posterior: Posterior
    told: tuple[str, ...]  # names that the log moved off the prior
    silent: tuple[str, ...]  # names on which it says nothing: they stay assumed
    checks: tuple[Check, ...]
    grade: str
    why: str
    warnings: tuple[str, ...]


def calibrate_events(
    log: EventLog, rules: Rules, policy: Any, *, source: str = "an event log", populations: int = 300, rounds: int = 2,
    draws: int = 256, free: tuple[Free, ...] | None = None, seed: int = 0, threads: int = 1,
    progress: Callable[[str], None] = lambda text: None,
) -> Fitted:  # fmt: skip
    """Learn the population's traits.

    Args:
        rules: the log's world, law and terms; its population is the centre of the prior.
        policy: the one that taught; its offers are simulated anew.
        populations: simulated in each round; more make the posterior sharper.

    Raises:
        ValueError: fewer than 30 learners.
    """
    learners = np.unique(log["learner"])
    if len(learners) < 30:
        raise ValueError(f"log: found {len(learners)} learners; needed at least 30, e.g. a longer export")
    out = folds_of(learners, HELD_OUT, seed) == 0
    inside, outside = learners[~out][:MOST], learners[out]
    seen = per_learner(log, rules.world, inside)
    unknowns = free_traits(rules.population) if free is None else free

    def simulated(z: Floats, turn: int) -> Floats:
        rows = [_population(rules.population, unknowns, one) for one in z]
        return _summaries(rows, len(inside), rules, policy, seed + turn, threads, progress)

    names = [f"{part} of {name}" for part in ("mean", "spread") for name in SEEN]
    found = learn_in_rounds(simulated, _summary(seen), names, len(unknowns), populations=populations, rounds=rounds,
                            draws=draws, seed=seed)  # fmt: skip
    posterior = _posterior(found, unknowns, source, rules, len(inside))
    told = found.told()
    progress("predictive checks")
    checks = _checks(log, outside, rules, policy, posterior, seed, threads)
    mark, why = grade(checks, log.provenance.get("simulated") == "yes")
    return Fitted(
        posterior, tuple(f.name for f, moved in zip(unknowns, told, strict=True) if moved),
        tuple(f.name for f, moved in zip(unknowns, told, strict=True) if not moved), tuple(checks), mark, why,
        _warnings(found, len(inside)),
    )  # fmt: skip


def _population(base: Population, unknowns: tuple[Free, ...], z: Floats) -> Population:
    """The population with these numbers."""
    traits: dict[str, tuple[float, float]] = {}
    for one, at in zip(unknowns, z, strict=True):
        trait, _, part = one.name.partition(".")
        mean, sd = traits.get(trait, base.trait(trait))
        traits[trait] = (float(one.value(at)), sd) if part == "mean" else (mean, float(one.value(at)))
    return base.with_traits(**traits)


def _summary(each: Floats) -> Floats:
    """Means and spreads over learners.   [N, F] -> [2 F]"""
    with np.errstate(invalid="ignore"):
        enough = np.isfinite(each).sum(0) >= 5
        here = each if len(each) else np.full((1, each.shape[1]), np.nan)
        mean = np.where(enough, np.nanmean(np.where(enough, here, 0.0), 0), np.nan)
        spread = np.where(enough, np.nanstd(np.where(enough, here, 0.0), 0), np.nan)
    return np.r_[mean, spread]


def _summaries(
    rows: list[Population], n: int, rules: Rules, policy: Any, seed: int, threads: int, progress: Callable[[str], None]
) -> Floats:
    """Every population in one classroom: a learner belongs to one row of a posterior, and so to one population."""
    many = replace(rules, population=replace(rules.population, posterior=tuple((*p.mean, *p.sd) for p in rows)))
    total = n * len(rows)
    parts, whose = [], []
    for start in range(0, total, PORTION):
        ids = np.arange(start, min(start + PORTION, total), dtype=np.uint64)
        lives = simulate(policy, many, ids, seed + 1, log=True, threads=threads)
        assert lives.log is not None
        parts.append(per_learner(lives.log, rules.world, ids))
        u = luck.uniform(seed + 1, luck.POPULATION, ids, 1, 7)
        whose.append(np.floor(u * np.float32(len(rows))).astype(int))
        progress(f"{min(start + PORTION, total):,} of {total:,} simulated learners")
    each, row = np.concatenate(parts), np.concatenate(whose)
    return np.stack([_summary(each[row == j]) for j in range(len(rows))])


def _posterior(found: Learned, unknowns: tuple[Free, ...], source: str, rules: Rules, n: int) -> Posterior:
    draws = {one.name: one.value(found.draws[:, d]) for d, one in enumerate(unknowns)}
    told = ", ".join(one.name for one, moved in zip(unknowns, found.told(), strict=True) if moved)
    about = {"source": source, "law": rules.law.__name__.rpartition(".")[2], "world": rules.world.name,
             "model": "simulation-based: regression on summaries of the event log", "learners": str(n),
             "moved off the prior": told or "nothing"}  # fmt: skip
    return Posterior(draws, about)


def _checks(
    log: EventLog, held_out: NDArray[Any], rules: Rules, policy: Any, posterior: Posterior, seed: int, threads: int
) -> list[Check]:
    """Held-out learners against simulated ones, one population per draw."""
    observed = figures(log, rules.world, held_out)
    drawn: dict[str, list[list[float]]] = {kind: [] for kind in KINDS}
    for j, population in enumerate(posterior.populations(rules.population, REPLAYS)):
        ids = np.arange(len(held_out), dtype=np.uint64) + np.uint64(10_000_000 + j * 100_000)
        lives = simulate(policy, replace(rules, population=population), ids, seed + 2, log=True, threads=threads)
        assert lives.log is not None
        for kind, named in figures(lives.log, rules.world, ids).items():
            drawn[kind].append(list(named.values()))
    tolerance = {kind: RATIO if kind in FIGURES else SHARE for kind in KINDS}
    return [check(kind, list(observed[kind]), list(observed[kind].values()), drawn[kind], tolerance[kind])
            for kind in KINDS]  # fmt: skip


def _warnings(found: Learned, n: int) -> tuple[str, ...]:
    said = ["aptitude stays as assumed: without randomised exposure to formats no log can tell it "
            "(adaptlearn insights offers a design that would)"]  # fmt: skip
    if found.strange:
        said.append(f"the law cannot show what the log shows: {', '.join(found.strange)} lie outside all simulations")
    if found.covers < 0.8:
        said.append(f"90 % intervals cover {found.covers:.0%} of simulated populations: simulate more of them")
    if n < 100:
        said.append(f"{n} learners: most traits will stay near the prior")
    return tuple(said)
