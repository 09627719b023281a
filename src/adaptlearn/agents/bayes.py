"""Posterior sampling over cohorts: draw worlds, plan for each, teach, learn from the log, draw again.

Thompson's (1933) rule where one decision is a whole programme, known in reinforcement learning as posterior sampling
(Strens 2000; Osband, Russo & Van Roy 2013). A draw is a world that the logs so far allow: what each activity truly
teaches, its minutes and difficulty, and what its people are like. The best fixed programme of each draw teaches a share
of the next cohort; what is doubtful is so tried by some and not by others, and less and less of it is left to try.

Told are the law, the catalogue as declared and the logs. The true people and the true catalogue are met by the learners
who live there, and by nobody else: programmes are searched for in rooms of believed rules alone.

Axes: D draws of a cohort.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

import numpy as np

from adaptlearn.agents import programme
from adaptlearn.agents.plans import imagined_seed
from adaptlearn.agents.programme import Programme
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core import luck
from adaptlearn.core.learner import Population
from adaptlearn.core.log import EventLog
from adaptlearn.core.posterior import Posterior

Infer = Callable[[Any, Sequence[EventLog]], Posterior]  #: (believed rules, logs so far) -> what may be true


class Bayes(Programme):
    """The programme planned for what the last posterior expects."""

    name = "bayes"


@dataclass(frozen=True)
class Settings:
    """Of the cohorts."""

    cohorts: int = 5
    learners: int = 512  # of a cohort
    draws: int = 4  # worlds drawn for a cohort; each one's programme teaches its share of it
    rounds: int = 8  # of the search for a draw's programme
    last: int = 24  # of the search for the one that is kept

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) < 1:
                raise ValueError(f"bayes: {field.name} = {getattr(self, field.name)}; "
                                 f"needed a whole number >= 1, e.g. {field.default}")  # fmt: skip
        if self.learners < self.draws:
            raise ValueError(
                f"bayes: {self.learners} learners for {self.draws} draws; needed at least one each, e.g. 512"
            )


class Cohort(NamedTuple):
    """One cohort: what was believed before it, how it was taught, what it showed."""

    number: int  # from 1
    posterior: Posterior
    policies: tuple[Programme, ...]  # [D]
    logs: tuple[EventLog, ...]  # [D]
    worth: float  # mean worth of the destination at the end of these lives; nothing is learned from it


def fit(
    rules: Any, classroom: Callable[..., Any], seed: int, settings: Settings | None = None, *,
    infer: Infer | None = None, progress: Callable[[dict[str, float]], None] | None = None,
) -> Bayes:  # fmt: skip
    """Teach cohort after cohort, then plan for what all of them showed.   Same seed, same programme.

    Args:
        rules: where the cohorts live; of it only law, declared world, behaviour and terms are believed.
        classroom: makes the rooms in which programmes are searched for, from (rules, rows, seed).
        seed: of draws, searches, learners and luck.
        infer: what the logs say, e.g. ``tracing.cohorts.infer``.
        progress: told after each cohort: cohort, per_life.

    Raises:
        ValueError: nothing that infers.
    """
    if infer is None:
        raise ValueError(
            "bayes: infer is not given; needed what reads a posterior off logs, e.g. tracing.cohorts.infer"
        )
    s, logs = settings or Settings(), list[EventLog]()
    for one in cohorts(rules, classroom, seed, s, infer):
        logs += one.logs
        if progress is not None:
            progress({"cohort": float(one.number), "per_life": one.worth})
    return planned(believed(rules), classroom, infer(believed(rules), logs), seed, s)


def cohorts(
    rules: Any, classroom: Callable[..., Any], seed: int, settings: Settings, infer: Infer
) -> Iterator[Cohort]:  # fmt: skip
    """Cohort after cohort; arguments as of :func:`fit`."""
    assumed, logs = believed(rules), list[EventLog]()
    for turn in range(settings.cohorts):
        posterior = infer(assumed, logs)
        policies = tuple(
            programme.fit(world, classroom, imagined_seed(seed, turn), programme.Settings(rounds=settings.rounds))
            for world in drawn(assumed, posterior, settings.draws)
        )
        ids = luck.rebirth(seed, np.arange(settings.learners), turn)
        lives = [simulate(policy, rules, part, seed, log=True)
                 for policy, part in zip(policies, np.array_split(ids, settings.draws), strict=True)]  # fmt: skip
        worth = float(np.concatenate([one["value"] for one in lives]).mean())
        cohort = Cohort(turn + 1, posterior, policies, tuple(one.log for one in lives if one.log is not None), worth)
        logs += cohort.logs
        yield cohort


def believed(rules: Any) -> Any:
    """The same room as one believes it who was told law, behaviour, terms and the declared catalogue, and no people."""
    equal = tuple([1.0 / len(rules.world.roles)] * len(rules.world.roles))
    people = Population(shares=Population().shares | {"role": equal}, provenance="assumed, to be learned (grade C)")
    return replace(rules, population=people, catalogue="as_written", catalogue_seed=0, truth=None, law_params=None,
                   behaviour_params=None)  # fmt: skip


def drawn(assumed: Any, posterior: Posterior, draws: int) -> list[Any]:
    """Worlds that may be the true one, each with its people.   -> rules [D]"""
    people = posterior.populations(assumed.population, draws)
    worlds = posterior.catalogues(assumed.world, draws)
    return [replace(assumed, truth=world, population=those) for world, those in zip(worlds, people, strict=True)]


def planned(assumed: Any, classroom: Callable[..., Any], posterior: Posterior, seed: int, settings: Settings) -> Bayes:
    """The programme for the catalogue that is expected and people of all draws."""
    mean = Posterior({name: values.mean(0, keepdims=True) for name, values in posterior.draws.items()},
                     posterior.provenance, posterior.labels)  # fmt: skip
    expected = replace(
        assumed, truth=mean.catalogues(assumed.world, 1)[0], population=posterior.into(assumed.population)
    )
    found = programme.fit(expected, classroom, imagined_seed(seed, settings.cohorts), programme.Settings(settings.last))
    return Bayes.for_world(assumed.world, found.orders(assumed.world))  # type: ignore[return-value]
