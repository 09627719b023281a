"""From a configuration to the pieces a verb needs: rules of a classroom, and agents."""

from collections.abc import Callable
from dataclasses import fields
from itertools import count
from typing import Any

from adaptlearn.classroom.room import Classroom, Rules
from adaptlearn.envs.registry import rules
from adaptlearn.lab.compose import Agent, Common

LEARN = ("linear", "ppo")  #: agents that must be trained


def rules_of(config: Common, **changes: Any) -> Rules:
    """The rules a configuration speaks of, with some of them changed."""
    given = dict(
        law=config.law, meshing=config.meshing, catalogue=config.catalogue, catalogue_seed=config.catalogue_seed,
        mandatory=config.mandatory, decides=config.decides,
    )  # fmt: skip
    return rules(config.env, **(given | changes))


def agent_of(agent: Agent | str, rules_: Rules) -> Any:
    """An agent by name, made for the world it will teach in."""
    from adaptlearn.agents import shelf

    spec = Agent(agent) if isinstance(agent, str) else agent
    return shelf.build(spec.name, rules_.world, **spec.settings)


def softened(policy: Any, temperature: float | None) -> Any:
    """The policy choosing at a temperature; as it is where none is given.

    Raises:
        ValueError: a negative temperature.
    """
    from adaptlearn.core.policy import Head

    if temperature is not None:
        policy.head = Head(temperature)
    return policy


def trained(
    agent: Agent, rules_: Rules, seed: int, report: Callable[[int, dict[str, float]], None],
    classroom: Callable[..., Classroom] = Classroom,
) -> Any:  # fmt: skip
    """An agent after training; one that does not learn comes as it is made.

    Args:
        report: called with (round, figures) while training.
        classroom: makes the rooms it is trained in.

    Raises:
        ValueError: an unknown agent or setting.
    """
    if agent.name not in LEARN:
        return agent_of(agent, rules_)
    from adaptlearn.agents import linear, ppo

    teachers = {"linear": (linear.fit, linear.Settings), "ppo": (ppo.train, ppo.Settings)}
    train, settings = teachers[agent.name]
    turn = count(1)
    try:
        chosen = settings(**agent.settings)
    except TypeError as error:
        known = ", ".join(f.name for f in fields(settings))
        raise ValueError(
            f"agent.settings: {error}; needed some of {known}, e.g. agent.settings.{known.split(',')[0]}="
        ) from error
    return train(rules_, classroom, seed, chosen, progress=lambda figures: report(next(turn), figures))


def labels_of(config: Common, **changes: Any) -> dict[str, str]:
    """What distinguishes one room of a matrix from another."""
    given = {"law": config.law, "meshing": config.meshing, "catalogue": config.catalogue}
    return given | {k: str(v) for k, v in changes.items()}
