"""From a configuration to the pieces a verb needs: rules of a classroom, and agents."""

from typing import Any

from adaptlearn.classroom.room import Rules
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
    """An agent by name, made for the world it will teach in."""
    from adaptlearn.agents import shelf

    spec = Agent(agent) if isinstance(agent, str) else agent
    return shelf.build(spec.name, rules_.world, **spec.settings)


def labels_of(config: Common, **changes: Any) -> dict[str, str]:
    """What distinguishes one room of a matrix from another."""
    given = {"law": config.law, "meshing": config.meshing, "catalogue": config.catalogue}
    return given | {k: str(v) for k, v in changes.items()}
