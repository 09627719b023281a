"""Who wrote this log of answers? A law's people from answers alone, by simulation.

The numbers of skills are fitted exactly elsewhere (``calibrate``). What a law says of the people beside that, their
level, their spread, how fast they learn, is learned by replaying the log's own practices (``replay``) under many
populations: those whose replay looks like the log are the posterior.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.core.learner import Population
from adaptlearn.core.posterior import Posterior
from adaptlearn.tracing.abc import Free, Learned, learn_in_rounds
from adaptlearn.tracing.predictive import Check
from adaptlearn.tracing.replay import Practices, checks, figures, replay, stopping

POPULATIONS = 150  #: replayed in each round
ROUNDS = 3
MOST = 8_000  #: practices that are replayed
REPLAYS = 24  #: in a predictive check
FREE = {
    "workplace": (Free("workplace.mu0", 0.0, 1.0), Free("workplace.sd_skill", 1.0, 0.4, log=True),
                  Free("workplace.eta", 0.3, 0.7, log=True), Free("ability.sd", 1.0, 0.5, log=True),
                  Free("rate.sd", 0.5, 0.4, log=True), Free("workplace.guess", 0.18, 0.4, log=True),
                  Free("workplace.slip", 0.10, 0.5, log=True)),
    "bkt": (Free("ability.sd", 1.5, 0.6, log=True), Free("rate.mean", 0.0, 0.3), Free("rate.sd", 0.5, 0.5, log=True)),
    "logistic": (Free("ability.mean", 0.0, 1.0), Free("ability.sd", 1.0, 0.5, log=True),
                 Free("logistic.sd_skill", 0.6, 0.5, log=True), Free("logistic.success", 0.12, 0.7, log=True),
                 Free("logistic.failure", 0.06, 0.7, log=True)),
}  # fmt: skip
"""What is learned under which law; ``mu0`` and ``eta`` are its level of a newcomer and its gain of a plain visit.

Laws of forgetting are not among them: answers in order, without days, do not tell how fast something fades.
"""


class People(NamedTuple):
    """What a log of answers says about its people under a law."""

    posterior: Posterior
    told: tuple[str, ...]
    silent: tuple[str, ...]
    strange: tuple[str, ...]  # figures that no population of this law shows
    covers: float  # share of simulated populations within their 90 % intervals


def people(
    seen: Practices, law: Any, skills: NDArray[np.float64], population: Population, *,
    source: str = "a log of answers", populations: int = POPULATIONS, draws: int = 256, seed: int = 0,
    progress: Callable[[str], None] = lambda text: None,
) -> People:  # fmt: skip
    """Learn a law's people.   skills [K, 6] in the order of ``core.learner.Skill``, as fitted

    Raises:
        ValueError: a law for which nothing is known to learn.
    """
    name, unknowns, habit = law_name(law), free_numbers(law), stopping(seen)
    some = _some(seen, seed)

    def simulated(z: NDArray[np.float64], turn: int) -> NDArray[np.float64]:
        progress(f"round {turn + 1} of {ROUNDS}: {len(z)} populations practise")
        first = seed + 1 + turn * populations
        return np.stack([_figures(_replayed(some, law, skills, habit, population, unknowns, one, first + j))
                         for j, one in enumerate(z)])  # fmt: skip

    names = [figure for named in figures(some).values() for figure in named]
    found = learn_in_rounds(simulated, _figures(some), names, len(unknowns), populations=populations, rounds=ROUNDS,
                            draws=draws, seed=seed)  # fmt: skip
    told = found.told()
    return People(
        _posterior(found, unknowns, source, name, len(np.unique(seen.learner))),
        tuple(f.name for f, moved in zip(unknowns, told, strict=True) if moved),
        tuple(f.name for f, moved in zip(unknowns, told, strict=True) if not moved),
        (*found.strange, *(f"{f.name} (at the edge of its prior)"
                           for f, edge in zip(unknowns, found.at_the_edge(), strict=True) if edge)), found.covers,
    )  # fmt: skip


def law_name(law: Any) -> str:
    """A law as FREE calls it."""
    return str(law.__name__.rpartition(".")[2])


def free_numbers(law: Any) -> tuple[Free, ...]:
    """What is learned of the people under a law.

    Raises:
        ValueError: a law for which nothing is known to learn.
    """
    if law_name(law) not in FREE:
        raise ValueError(
            f"law {law_name(law)!r} has no numbers to learn from answers in order, without days; needed one of "
            f"{', '.join(FREE)}, e.g. law=workplace"
        )
    return FREE[law_name(law)]


def _some(seen: Practices, seed: int) -> Practices:
    """The practices of as many learners as MOST allows."""
    if len(seen.skill) <= MOST:
        return seen
    lot = np.random.default_rng(seed).permutation(int(seen.learner.max()) + 1)[seen.learner]
    kept = lot <= np.sort(lot)[MOST]
    return Practices(seen.learner[kept], seen.skill[kept], seen.right[kept])


def of_draw(population: Population, law: Any, values: dict[str, float]) -> tuple[Population, Any]:
    """The population, and the law's constants, with these numbers.   names as in FREE"""
    name, traits = law_name(law), {}
    own = {key.partition(".")[2]: value for key, value in values.items() if key.startswith(f"{name}.")}
    for key, value in values.items():
        trait, _, part = key.partition(".")
        if trait != name:
            mean, sd = traits.get(trait, population.trait(trait))
            traits[trait] = (value, sd) if part == "mean" else (mean, value)
    return population.with_traits(**traits), law.Params()._replace(**own)


def held_out_checks(
    held_out: Practices, seen: Practices, law: Any, skills: NDArray[np.float64], population: Population,
    posterior: Posterior, seed: int,
) -> list[Check]:  # fmt: skip
    """Predictive checks on learners the fit has not met, draw by draw."""
    habit, drawn = stopping(seen), []
    for j in np.linspace(0, len(posterior) - 1, REPLAYS).astype(int):
        values = {name: float(rows[j]) for name, rows in posterior.draws.items() if rows.ndim == 1}
        someone, constants = of_draw(population, law, values)
        drawn.append(replay(held_out, law, skills, habit, someone, seed + 10_000 + int(j), constants))
    return checks(held_out, drawn)


def _figures(seen: Practices) -> NDArray[np.float64]:
    return np.array([value for named in figures(seen).values() for value in named.values()])


def _replayed(
    seen: Practices, law: Any, skills: NDArray[np.float64], habit: NDArray[np.float64], population: Population,
    unknowns: tuple[Free, ...], z: NDArray[np.float64], seed: int,
) -> Practices:  # fmt: skip
    values = {one.name: float(one.value(at)) for one, at in zip(unknowns, z, strict=True)}
    someone, constants = of_draw(population, law, values)
    return replay(seen, law, skills, habit, someone, seed, constants)


def _posterior(found: Learned, unknowns: tuple[Free, ...], source: str, law: str, learners: int) -> Posterior:
    draws = {one.name: one.value(found.draws[:, d]) for d, one in enumerate(unknowns)}
    told = ", ".join(one.name for one, moved in zip(unknowns, found.told(), strict=True) if moved)
    about = {"source": source, "law": law, "model": "simulation-based: replay of the log's practices",
             "learners": str(learners), "moved off the prior": told or "nothing"}  # fmt: skip
    return Posterior(draws, about)
