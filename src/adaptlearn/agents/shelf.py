"""The agents by name: ``build("mastery", world)``. Other packages offer theirs through entry points."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any

from adaptlearn.core.policy import Policy
from adaptlearn.core.world import World

GROUP = "adaptlearn.agents"  #: entry-point group: name -> make(world, **settings) -> Policy, or a module with ``make``


@dataclass(frozen=True)
class Entry:
    """One agent of our own."""

    make: Callable[..., Any]  # make(world, **settings)
    trained: bool  # does it learn before it is any good?
    about: str


def _rule(name: str) -> Callable[..., Any]:
    def make(world: World, **settings: Any) -> Any:
        from adaptlearn.agents import rules
        from adaptlearn.agents.sight import Sight

        kind = getattr(rules, name)
        if not settings:
            return kind(Sight.for_world(world))
        if not issubclass(kind, rules.Mastery):
            raise TypeError(f"{kind.name} takes no settings; found {', '.join(settings)}")
        return kind(
            Sight.for_world(world), rules.MasterySettings(**({"window": 1} if kind is rules.Blocked else {}) | settings)
        )

    return make


def _linear(world: World, **settings: Any) -> Any:
    from adaptlearn.agents.linear import Linear

    return Linear.for_world(world, **settings)


def _pointer(world: World, **settings: Any) -> Any:
    from adaptlearn.agents.networks import Pointer

    return Pointer.for_world(world, **settings)


OWN = {
    "random": Entry(_rule("Random"), False, "anything allowed, with equal chances"),
    "syllabus": Entry(_rule("Syllabus"), False, "the author's order, for the learner's destination"),
    "self": Entry(_rule("SelfDirected"), False, "the learner decides (simulate with decides=self)"),
    "stated": Entry(_rule("StatedStyle"), False, "the syllabus, formats by the style the learner states"),
    "evidenced": Entry(_rule("EvidencedPreference"), False, "the syllabus, formats by what reactions show"),
    "mastery": Entry(_rule("Mastery"), False, "BKT mastery, interleaved: open skills take turns until believed known"),
    "blocked": Entry(_rule("Blocked"), False, "BKT mastery, one skill after the other"),
    "linear": Entry(_linear, True, "a weighted sum of features of learner and activity, by cross-entropy"),
    "ppo": Entry(_pointer, True, "a pointer network over activities, by proximal policy optimisation"),
}


def names() -> list[str]:
    """Agents that can be asked for."""
    return [*OWN, *sorted(point.name for point in entry_points(group=GROUP))]


def build(name: str, world: World, **settings: Any) -> Policy:
    """An agent by name, made for the declared world's skills; any catalogue over them will do.

    Raises:
        ValueError: no such agent, or a setting it does not have or cannot take.
    """
    make = OWN[name].make if name in OWN else None
    for point in entry_points(group=GROUP) if make is None else ():
        if point.name == name:
            make = getattr(thing := point.load(), "make", thing)
    if make is None:
        raise ValueError(f"agent {name!r} is not known; needed one of {', '.join(names())}, e.g. 'mastery'")
    try:
        return make(world, **settings)  # type: ignore[no-any-return]
    except TypeError as error:
        raise ValueError(
            f"agent {name!r} with settings {settings}: {error}; see its class for the ones it has"
        ) from error
