"""Where a world, a law and a reward become something to act in: rules for a classroom, and Gymnasium ids.

This is the one place that knows how the pieces of floor two fit together.
"""

from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from adaptlearn.classroom.packing import MESHING, Meshing
from adaptlearn.classroom.room import Rules
from adaptlearn.core.learner import Population, load_population
from adaptlearn.core.world import World, load
from adaptlearn.laws import behaviour
from adaptlearn.laws.shelf import law as law_named

REWARDS = ("learning",)
GROUP = "adaptlearn.rewards"  #: entry-point group under which other packages offer theirs


def reward_named(name: str) -> ModuleType:
    """A reward by name.

    Raises:
        ValueError: no such reward.
    """
    if name in REWARDS:
        return import_module(f"adaptlearn.envs.{name}")
    for point in entry_points(group=GROUP):
        if point.name == name:
            return point.load()  # type: ignore[no-any-return]
    raise ValueError(f"reward {name!r} is not known; needed one of {', '.join(REWARDS)}, e.g. 'learning'")


def population_of(world: World) -> Population:
    """The population that stands beside a world, or the default one."""
    file = world.folder / "population.toml" if world.folder else None
    if file is not None and file.exists():
        return load_population(file, world.role_ids)
    share = tuple([1.0 / len(world.roles)] * len(world.roles))
    return Population(shares={**Population().shares, "role": share})


def rules(
    world: str | Path | World = "onboarding-v1",
    law: str | ModuleType = "workplace",
    *,
    reward: str | ModuleType = "learning",
    meshing: str | Meshing = "null",
    catalogue: str = "as_written",
    catalogue_seed: int = 0,
    mandatory: bool | None = None,
    decides: str | None = None,
    population: Population | None = None,
    **more: Any,
) -> Rules:
    """Everything that decides what happens, by name or by value.

    Args:
        world: a shipped name, a folder of your own, or a World.
        law: ``workplace``, ``bkt``, or a module that follows ``core.learner.Law``.
        meshing: ``null`` (the default: contested science starts at nothing), ``weak``, ``contested``, ``aptitude``,
            ``adversarial``, or a Meshing.
        catalogue: how far the catalogue is from the truth: ``as_written``, ``usual_error``, ``careless``.
        mandatory, decides: None takes the world's own.
        more: ``law_params``, ``behaviour_params``, ``reward_params``.

    Raises:
        ValueError: an unknown name, with the known ones.
    """
    place = world if isinstance(world, World) else load(world)
    if isinstance(meshing, str) and meshing not in MESHING:
        raise ValueError(f"meshing {meshing!r} is not known; needed one of {', '.join(MESHING)}, e.g. 'null'")
    return Rules(
        place, law_named(law) if isinstance(law, str) else law, behaviour,
        reward_named(reward) if isinstance(reward, str) else reward,
        population=population or population_of(place), catalogue=catalogue, catalogue_seed=catalogue_seed,
        meshing=MESHING[meshing] if isinstance(meshing, str) else meshing, mandatory=mandatory, decides=decides, **more,
    )  # fmt: skip
