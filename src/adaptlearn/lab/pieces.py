"""From a configuration to the pieces a verb needs: rules of a classroom, and agents."""

from collections.abc import Callable
from dataclasses import fields
from itertools import count
from typing import Any

from adaptlearn.classroom.room import Classroom, Rules
from adaptlearn.envs.registry import rules
from adaptlearn.lab.compose import Agent, Common


def rules_of(config: Common, **changes: Any) -> Rules:
    """The rules a configuration speaks of, with some of them changed."""
    given = dict(
        law=config.law, meshing=config.meshing, catalogue=config.catalogue, catalogue_seed=config.catalogue_seed,
        mandatory=config.mandatory, decides=config.decides,
    )  # fmt: skip
    return rules(config.env, **(given | changes))


def agent_of(agent: Agent | str, rules_: Rules) -> Any:
    """An agent by name or by the file of its training, made for the world it will teach in."""
    from adaptlearn.agents import shelf
    from adaptlearn.lab import checkpoint

    if isinstance(agent, str) and agent.endswith(".npz"):
        return checkpoint.load(agent, rules_.world)

    spec = Agent(agent) if isinstance(agent, str) else agent
    return shelf.build(spec.name, rules_.world, **spec.settings)


def trained(
    agent: Agent, rules_: Rules, seed: int, report: Callable[[int, dict[str, float]], None], **more: Any
) -> Any:
    """An agent after training; one that does not learn comes as it is made.

    Args:
        report: called with (round, figures) while training.
        more: arguments that only some teachers take, such as ``resume``, ``judge`` and ``keep`` of PPO.

    Raises:
        ValueError: an unknown agent or setting.
    """
    from adaptlearn.agents import shelf

    school = shelf.school(agent.name)
    if school is None:
        return agent_of(agent, rules_)
    teach, settings, _ = school
    turn = count(1)
    try:
        chosen = settings(**agent.settings)
    except TypeError as error:
        known = ", ".join(f.name for f in fields(settings))
        raise ValueError(
            f"agent.settings: {error}; needed some of {known}, e.g. agent.settings.{known.split(',')[0]}="
        ) from error
    return teach(rules_, Classroom, seed, chosen, progress=lambda figures: report(next(turn), figures), **more)


def shape_of(agent: Agent) -> dict[str, Any]:
    """Those of an agent's settings that it is made with; how it was taught is no part of it."""
    from adaptlearn.agents import shelf

    school = shelf.school(agent.name)
    return dict(agent.settings) if school is None else {k: v for k, v in agent.settings.items() if k in school[2]}


def labels_of(config: Common, **changes: Any) -> dict[str, str]:
    """What distinguishes one room of a matrix from another."""
    given = {"law": config.law, "meshing": config.meshing, "catalogue": config.catalogue}
    return given | {k: str(v) for k, v in changes.items()}
