"""From a configuration to the pieces a verb needs: rules of a classroom, and agents."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import partial
from inspect import signature
from itertools import count
from pathlib import Path
from typing import Any

from adaptlearn.classroom.room import Classroom, Rules
from adaptlearn.core.learner import Population, load_population
from adaptlearn.core.posterior import Posterior
from adaptlearn.core.refusal import nearest
from adaptlearn.core.revision import revised
from adaptlearn.core.world import load
from adaptlearn.envs.registry import rules
from adaptlearn.lab import checkpoint, foreign
from adaptlearn.lab.compose import Agent, Common


def rules_of(config: Common, **changes: Any) -> Rules:
    """The rules a configuration speaks of, with some of them changed."""
    given = dict(
        law=config.law, law_params=config.law_params, meshing=config.meshing, catalogue=config.catalogue,
        catalogue_seed=config.catalogue_seed, mandatory=config.mandatory, decides=config.decides, reward=config.reward,
        reward_params=config.reward_params, change=config.change, motives=config.motives,
    ) | changes  # fmt: skip
    for text in ("law", "reward"):
        given[text] = foreign.module_named(given[text], config.allow) or given[text]
    place = load(config.env)
    if config.revised:
        place = revised(place, config.revised, config.revised_seed)
    made = rules(place, **given)
    if config.population is None or "population" in changes:
        return made
    return rules(place, population=people(config.population, made), **given)


def people_across(config: Common, n: int) -> list[Population]:
    """One population per draw, for n draws of the posterior that ``population=`` names; none without one."""
    if n < 1 or config.population is None or not config.population.endswith(".npz"):
        return []
    return Posterior.load(config.population).populations(rules_of(config, population=None).population, n)


def people(file: str, rules_: Rules) -> Population:
    """The population of a file: a ``population.toml``, or a posterior laid over the world's own people.

    Raises:
        ValueError: there is no such file, or it is neither.
    """
    path = Path(file)
    if not path.is_file() or path.suffix not in (".toml", ".npz"):
        raise ValueError(
            f"population={file} is no file of people; needed a population.toml or a posterior (.npz) of "
            "`adaptlearn calibrate`, e.g. population=envs/tiny-v1/population.toml"
        )
    if path.suffix == ".toml":
        return load_population(path, rules_.world.role_ids)
    return Posterior.load(path).into(rules_.population)


def agent_of(agent: Agent | str, rules_: Rules, allow: Sequence[str] = ()) -> Any:
    """An agent by name, made for the world it will teach in; or a trained one by its file."""
    from adaptlearn.agents import shelf

    spec = Agent(agent) if isinstance(agent, str) else agent
    if spec.name.endswith(".npz"):
        return checkpoint.load(spec.name, rules_.world)
    module = foreign.module_named(spec.name, allow)
    if module is not None:
        return module.make(rules_.world, **spec.settings)
    return shelf.build(spec.name, rules_.world, **spec.settings)


def orchestrator_of(name: str, rules_: Rules) -> Any:
    """Who gets what is scarce, made for the world; None where nothing is.

    Raises:
        ValueError: no such name.
    """
    from adaptlearn.agents.orchestrate import orchestrator

    made = orchestrator(name, rules_.world)
    return made if rules_.world.cohorts is not None else None


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
    agent: Agent, rules_: Rules, seed: int, report: Callable[[int, dict[str, float]], None], *,
    allow: Sequence[str] = (), classroom: Callable[..., Classroom] = Classroom, **more: Any,
) -> Any:  # fmt: skip
    """An agent after training; one that does not learn comes as it is made.

    Args:
        report: called with (round, figures) while training.
        classroom: makes the rooms it is trained in.
        more: arguments that only some teachers take, such as ``resume``, ``judge`` and ``keep`` of PPO.

    Raises:
        ValueError: an unknown agent or setting.
    """
    school = school_of(agent, allow)
    if school is None:
        return agent_of(agent, rules_, allow)
    teach, settings, _ = school
    turn = count(1)
    known = [f.name for f in fields(settings)]
    for name in agent.settings:
        if name not in known:
            raise ValueError(
                f"agent.settings.{name} is no setting of {agent.name}; needed one of {', '.join(known)}, "
                f"e.g. agent.settings.{nearest(name, known)}=..."
            )
    chosen = settings(**agent.settings)
    if "infer" in signature(teach).parameters:
        from adaptlearn.tracing.cohorts import infer

        more.setdefault("infer", partial(infer, seed=seed))
    return teach(rules_, classroom, seed, chosen, progress=lambda figures: report(next(turn), figures), **more)


def learns(agent: Agent, allow: Sequence[str] = ()) -> bool:
    """Whether an agent must be trained before it is any good: not so for rules, nor for one that comes trained."""
    return school_of(agent, allow) is not None


def school_of(agent: Agent, allow: Sequence[str] = ()) -> tuple[Callable[..., Any], type, tuple[str, ...]] | None:
    """How an agent is taught, ours or another package's: function, settings, those it is made with. None: it is not."""
    from adaptlearn.agents import shelf

    if agent.name in shelf.OWN:
        return shelf.school(agent.name)
    other = foreign.agent_offered(agent.name, allow)
    return (other.train, other.Settings, tuple(signature(other.make).parameters)) if hasattr(other, "train") else None


def shaping(agent: Agent, allow: Sequence[str] = ()) -> dict[str, Any]:
    """Those of an agent's settings that it is made with; how it was taught is no part of it."""
    school = school_of(agent, allow)
    return dict(agent.settings) if school is None else {k: v for k, v in agent.settings.items() if k in school[2]}


def labels_of(config: Common, **changes: Any) -> dict[str, str]:
    """What distinguishes one room of a matrix from another."""
    given = {"law": config.law, "meshing": config.meshing, "catalogue": config.catalogue}
    given |= {k: str(v) for k, v in changes.items()}
    again = f", {config.revised:.0%} revised ({config.revised_seed})" if config.revised else ""
    return given | {"catalogue": given["catalogue"] + again}
