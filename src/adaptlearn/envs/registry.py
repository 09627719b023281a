"""Where a world, a law and a reward become something to act in: rules for a classroom, and Gymnasium ids.

This is the one place that knows how the pieces of floor two fit together. Importing it is cheap: what an
environment needs is imported when one is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib.metadata import entry_points
from inspect import signature
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from adaptlearn.core.refusal import Fault, Refusal, nearest
from adaptlearn.core.shelf import names

if TYPE_CHECKING:
    from adaptlearn.classroom.packing import Meshing
    from adaptlearn.classroom.room import Rules
    from adaptlearn.core.learner import Population
    from adaptlearn.core.world import World
    from adaptlearn.envs.cohort import CohortEnv
    from adaptlearn.envs.single import LearnerEnv
    from adaptlearn.envs.vector import LearnerVectorEnv

GROUP = "adaptlearn.rewards"  #: entry-point group under which other packages offer theirs
NAMESPACE = "adaptlearn"
COHORT = f"{NAMESPACE}/Cohort-v1"  #: takes any world with cohorts


# --- rules ----------------------------------------------------------------------------------------------------------


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
    reasons: float | None = None,
    heed: float | None = None,
    population: Population | None = None,
    change: Mapping[str, Any] | None = None,
    motives: bool | None = None,
    wishes: bool | None = None,
    law_params: Any = None,
    behaviour_params: Any = None,
    reward_params: Any = None,
) -> Rules:
    """Everything that decides what happens, by name or by value.

    Args:
        world: a shipped name, a folder of your own, or a World.
        law: one of ``laws.shelf.names()``, or a module that follows ``core.learner.Law``.
        reward: ``learning``, ``assessed``, one of another package, or a module with ``Params`` and ``reward``.
        meshing: ``null`` (the default: contested science starts at nothing), ``weak``, ``contested``, ``aptitude``,
            ``adversarial``, another strength such as ``stated:1.5`` or ``aptitude:2``, or a Meshing.
        catalogue: how far the catalogue is from the truth: ``as_written``, ``usual_error``, ``careless``.
        catalogue_seed: of the hidden draws behind the catalogue.
        mandatory, decides, population: None takes the world's own.
        reasons: share of offers that come with a reason; None takes the world's own.
        heed: how much what learners say they want counts in the target that policies are told; None takes the world's.
        change: of destination, where it differs from the population's: ``rate`` (a share), ``day_mean`` or ``day``
            (about when, or the very day), ``to`` (a role).
        motives: whether the motive moves behaviour (``laws.motives``); None: if the population says how.
        wishes: False: nobody has a goal of their own, whatever the population says of it.
        law_params, behaviour_params, reward_params: a ``Params``, or a mapping with the values that differ; a law
            starts from the constants that its population was fitted with.

    Raises:
        ValueError: an unknown name, with the known ones.
    """
    from adaptlearn.classroom.packing import meshing_of
    from adaptlearn.classroom.room import Rules
    from adaptlearn.core.world import World, load
    from adaptlearn.envs.rewards import PRESETS
    from adaptlearn.laws.shelf import law as law_named

    place = world if isinstance(world, World) else load(world)
    mind = law_named(law) if isinstance(law, str) else law
    text = reward_named(reward) if isinstance(reward, str) else reward
    weights = PRESETS.get(reward) if isinstance(reward, str) else None
    people = _people(population or population_of(place), place.role_ids, change, wishes)
    conduct = _conduct(people, motives)
    return Rules(
        place, mind, conduct, text, population=people, catalogue=catalogue, catalogue_seed=catalogue_seed,
        meshing=meshing_of(meshing) if isinstance(meshing, str) else meshing,
        mandatory=mandatory, decides=decides, reasons=reasons, heed=heed,
        law_params=params_of("law_params", mind, law_params, _fitted(people, mind)),
        behaviour_params=params_of("behaviour_params", conduct, behaviour_params, _fitted(people, conduct)),
        reward_params=params_of("reward_params", text, reward_params, weights),
    )  # fmt: skip


def _people(people: Population, roles: tuple[str, ...], change: Mapping[str, Any] | None, wishes: Any) -> Population:
    """The population with another change of destination, and without goals of their own, where that is asked for."""
    from adaptlearn.core.people import changing

    people = changing(people, change, roles, "change") if change else people
    return replace(people, wishes=()) if wishes is False else people


def _conduct(people: Population, motives: bool | None) -> ModuleType:
    """How people behave: the plain text, or the one in which the motive moves it."""
    from adaptlearn.laws import behaviour
    from adaptlearn.laws import motives as moved

    return moved if ("motives" in people.constants if motives is None else motives) else behaviour


def _fitted(people: Population, text: ModuleType) -> Any:
    """A text's constants as they belong to these people; None where nothing is said of them."""
    given = people.constants.get(text.__name__.rpartition(".")[2])
    return params_of("population.constants", text, given) if given else None


def reward_named(name: str) -> ModuleType:
    """The scalar text of a reward; presets share one text and differ in weights.

    Raises:
        ValueError: no such reward.
    """
    from adaptlearn.envs import rewards

    if name in rewards.PRESETS:
        return rewards
    for point in entry_points(group=GROUP):
        if point.name == name:
            return point.load()  # type: ignore[no-any-return]
    known = reward_names()
    raise ValueError(f"reward {name!r} is not known; needed one of {', '.join(known)}, e.g. {nearest(name, known)!r}")


def reward_names() -> list[str]:
    """Rewards that can be asked for."""
    from adaptlearn.envs import rewards

    return [*rewards.PRESETS, *sorted(point.name for point in entry_points(group=GROUP))]


def population_of(world: World) -> Population:
    """The population that stands beside a world, or the default one."""
    from adaptlearn.core.learner import Population, load_population

    file = world.folder / "population.toml" if world.folder else None
    if file is not None and file.exists():
        return load_population(file, world.role_ids)
    share = tuple([1.0 / len(world.roles)] * len(world.roles))
    return Population(shares={**Population().shares, "role": share})


def params_of(argument: str, text: ModuleType, given: Any, base: Any = None) -> Any:
    """A text's constants: as they are, or the base (the text's defaults) with some of them changed."""
    if not isinstance(given, Mapping):
        return base if given is None else given
    kind = text.Params
    for name in given:
        refuse_unknown(name, kind._fields, argument, "a constant of that text")
    return (base if base is not None else kind())._replace(**given)


def refuse_unknown(name: str, known: Iterable[str], where: str, what: str) -> None:
    """Nothing if the name is known.

    Raises:
        Refusal: naming what was found, what is needed and the nearest known name.
    """
    words = list(known)
    if name not in words:
        raise Refusal([Fault(where, None, "", repr(name), f"{what}: {' '.join(words)}", repr(nearest(name, words)))])


# --- Gymnasium ------------------------------------------------------------------------------------------------------


def env_id(folder: str) -> str:
    """A world's Gymnasium id, e.g. onboarding-v1 -> adaptlearn/Onboarding-v1."""
    name, _, version = folder.rpartition("-v")
    return f"{NAMESPACE}/{''.join(part[:1].upper() + part[1:] for part in name.split('-'))}-v{version}"


def register() -> None:
    """Tell Gymnasium of every world on the shelf, if Gymnasium is there; ``World-v1`` takes any folder, ``Cohort-v1``
    any with cohorts. Idempotent."""
    try:
        import gymnasium
    except ImportError:
        return
    worlds = {env_id(folder): {"world": folder} for folder in names("envs") if folder.rpartition("-v")[2].isdigit()}
    how: dict[str, Any] = {"entry_point": f"{__name__}:single", "vector_entry_point": f"{__name__}:vector"}
    how |= {"order_enforce": False, "disable_env_checker": True}  # it checks for itself, at a hundredth of the cost
    for name, chosen in {f"{NAMESPACE}/World-v1": {}, **worlds}.items():
        if name not in gymnasium.registry:
            gymnasium.register(name, kwargs=chosen, **how)
    if COHORT not in gymnasium.registry:
        gymnasium.register(COHORT, entry_point=f"{__name__}:cohort", order_enforce=False, disable_env_checker=True)


def single(*, render_mode: str | None = None, seed: int | None = None, **terms: Any) -> LearnerEnv:
    """One learner at a time, as ``gymnasium.make`` builds it; ``terms`` are the arguments of :func:`rules`."""
    from adaptlearn.envs.single import LearnerEnv

    return LearnerEnv(_agreed(terms, "render_mode", "seed"), render_mode=render_mode, seed=seed)


def vector(
    *, num_envs: int = 1, copy: bool = True, threads: int = 1, seed: int | None = None, **terms: Any
) -> LearnerVectorEnv:
    """Many learners in step, as ``gymnasium.make_vec`` builds it; ``terms`` are the arguments of :func:`rules`."""
    from adaptlearn.envs.vector import LearnerVectorEnv

    agreed = _agreed(terms, "num_envs", "copy", "threads", "seed")
    return LearnerVectorEnv(agreed, num_envs, copy=copy, threads=threads, seed=seed)


def cohort(*, policy: Any = None, seed: int | None = None, **terms: Any) -> CohortEnv:
    """A cohort week by week, as ``gymnasium.make`` builds it; ``terms`` are the arguments of :func:`rules`."""
    from adaptlearn.envs.cohort import CohortEnv

    return CohortEnv(_agreed(terms, "policy", "seed"), policy, seed=seed)


def _agreed(terms: dict[str, Any], *own: str) -> Rules:
    known = [*signature(rules).parameters, *own]
    for name in terms:
        refuse_unknown(name, known, "gymnasium.make", "an argument of the environment")
    if "world" not in terms:
        raise Refusal([Fault(f"{NAMESPACE}/World-v1", None, "world", "nothing", "a world's folder or name",
                             "gymnasium.make('adaptlearn/World-v1', world='path/to/folder')")])  # fmt: skip
    return rules(**terms)
