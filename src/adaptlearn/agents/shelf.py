"""The agents by name: ``build("mastery", world)``. Other packages offer theirs through entry points."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from adaptlearn.core.policy import Policy
from adaptlearn.core.world import World

GROUP = "adaptlearn.agents"  #: entry-point group: name -> make(world, **settings) -> Policy, or a module with ``make``


@dataclass(frozen=True)
class Teacher:
    """How an agent learns: a function of a module of this room, with that module's ``Settings``."""

    file: str
    how: str  # how(rules, classroom, seed, settings, progress=...) -> Policy
    shape: tuple[str, ...] = ()  # those of its settings that the agent is made with
    settings: str = "Settings"


@dataclass(frozen=True)
class Entry:
    """One agent of our own."""

    make: Callable[..., Any]  # make(world, **settings)
    teacher: Teacher | None  # None: it is as good as it will be
    reads: str
    beats: str  # what it must beat to be worth having; "" = a mark for others
    about: str

    @property
    def trained(self) -> bool:
        """Whether it learns before it is any good."""
        return self.teacher is not None


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


def _made(file: str, name: str) -> Callable[..., Any]:
    def make(world: World, **settings: Any) -> Any:
        return getattr(import_module(f"adaptlearn.agents.{file}"), name).for_world(world, **settings)

    return make


def _pointer(name: str) -> Callable[..., Any]:
    def make(world: World, follows: bool = False, **settings: Any) -> Any:
        from adaptlearn.agents.follower import Follower
        from adaptlearn.agents.networks import Pointer

        net = (Follower if follows else Pointer).for_world(world, **settings)
        net.name = name  # one network, many ways of learning
        return net

    return make


def _recurrent(world: World, **settings: Any) -> Any:
    from adaptlearn.agents.networks import MEMORY

    return _pointer("recurrent")(world, **{"memory": MEMORY} | settings)


def _distilled(world: World, hidden: int = 32, **settings: Any) -> Any:
    return _pointer("distilled")(world, **{"follows": True, "hidden": hidden, "width": hidden} | settings)


def _clone(world: World, **settings: Any) -> Any:
    from adaptlearn.core.policy import Head

    net = _pointer("clone")(world, **settings)
    net.head = Head(1.0)  # it draws as the log's policy drew
    return net


def _ceiling(file: str, name: str) -> Callable[..., Any]:
    def make() -> Any:
        return getattr(import_module(f"adaptlearn.agents.{file}"), name)()

    return make


#: Marks for tables, made without a world: they are handed the classroom itself, and no export takes them.
CEILINGS = {
    "greedy": _ceiling("ceilings", "greedy"),
    "greedy-prerequisites": _ceiling("ceilings", "greedy_with_prerequisites"),
    "planner": _ceiling("planner", "Planner"),
    "record-planner": _ceiling("planner", "RecordPlanner"),
    "told-planner": _ceiling("planner", "ToldPlanner"),
}

NET = ("hidden", "width", "memory")  #: settings that shape the pointer network
OWN = {
    "random": Entry(_rule("Random"), None, "nothing", "",
        "anything allowed, with equal chances"),
    "syllabus": Entry(_rule("Syllabus"), None, "destination, visits", "random",
        "the author's order, for the learner's destination"),
    "self": Entry(_rule("SelfDirected"), None, "nothing", "random",
        "the learner decides (simulate with decides=self)"),
    "stated": Entry(_rule("StatedStyle"), None, "destination, visits, survey", "syllabus",
        "the syllabus, formats by the style the learner states"),
    "evidenced": Entry(_rule("EvidencedPreference"), None, "destination, visits, reactions", "syllabus",
        "the syllabus, formats by what reactions show"),
    "mastery": Entry(_rule("Mastery"), None, "beliefs, days", "blocked",
        "BKT mastery, interleaved: open skills take turns until believed known"),
    "blocked": Entry(_rule("Blocked"), None, "beliefs", "syllabus",
        "BKT mastery, one skill after the other"),
    "leitner": Entry(_made("spacing", "Leitner"), None, "beliefs, answers, days", "mastery",
        "mastery, with reviews by Leitner's boxes"),
    "sm2": Entry(_made("spacing", "SM2"), None, "beliefs, answers, days", "mastery",
        "mastery, with reviews by SuperMemo 2"),
    "fsrs": Entry(_made("spacing", "FSRS"), None, "beliefs, answers, days", "mastery",
        "mastery, with reviews when FSRS expects recall below .9"),
    "zpdes": Entry(_made("bandits", "Zpdes"), None, "beliefs, their moves", "random",
        "skills drawn by learning progress in the zone of what is open"),
    "thompson": Entry(_made("bandits", "Thompson"), None, "beliefs", "random",
        "each activity by its chance of being the best, from beliefs"),
    "probe": Entry(_made("probing", "Probe"), None, "beliefs, days", "mastery",
        "asks first what tells most, then mastery"),
    "enrolled": Entry(_made("enrolled", "Enrolled"), None, "beliefs, days, first destination", "",
        "mastery for the destination of enrolment, whatever changes: what not reading the record costs"),
    "fixed": Entry(_made("programme", "Programme"), Teacher("programme", "fit"), "destination, visits", "syllabus",
        "the best order per destination, which reads no answers"),
    "branching": Entry(_made("branching", "Branching"), Teacher("branching", "fit"),
        "destination, beliefs, minutes a week", "fixed, linear",
        "an order per branch: at every few decisions the record says by which to go on"),
    "linear": Entry(_made("linear", "Linear"), Teacher("linear", "fit"), "features of learner and activity",
        "mastery, fixed", "a weighted sum of features, by cross-entropy"),
    "bkt_learned": Entry(_made("bkt_learned", "Learned"), Teacher("bkt_learned", "fit"), "beliefs, days, visits",
        "mastery, fixed", "BKT with thresholds, order of skills and yields of activities found by cross-entropy"),
    "guided": Entry(_made("guided", "Guided"), Teacher("guided", "fit"), "features, and the best fixed programme",
        "fixed, linear", "the best fixed programme, left where the record says so; by cross-entropy"),
    "bayes": Entry(_made("bayes", "Bayes"), Teacher("bayes", "fit"), "destination, visits", "syllabus",
        "a programme learned over cohorts: worlds drawn from a posterior, planned for, taught, learned from"),
    "distilled": Entry(_distilled, Teacher("distill", "fit", ("hidden",)), "the whole view",
        "fixed, linear, guided", "a network that imitates the planner on records, and needs no law"),
    "ppo": Entry(_pointer("ppo"), Teacher("ppo", "train", NET), "the whole view", "mastery, fixed, linear",
        "a pointer network over activities, or one that leaves a programme; by proximal policy optimisation"),
    "recurrent": Entry(_recurrent, Teacher("ppo", "train_recurrent", NET),
        "the whole view, and what it remembers of earlier ones", "ppo", "the same with gated recurrent memory"),
    "dqn": Entry(_pointer("dqn"), Teacher("dqn", "train", NET), "the whole view", "linear, ppo",
        "a pointer network, by double Q-learning with n-step returns"),
    "clone": Entry(_clone, Teacher("offline", "clone", NET, "CloneSettings"), "the whole view", "random",
        "offers what the policy of a log offered (log=...)"),
    "cql": Entry(_made("offline", "Supported"), Teacher("offline", "cql", (*NET, "support")), "the whole view",
        "clone, linear", "conservative Q-learning from a log, within what the log supports (log=...)"),
}  # fmt: skip


def names() -> list[str]:
    """Agents that can be asked for."""
    return [*OWN, *sorted(point.name for point in entry_points(group=GROUP))]


def school(name: str) -> tuple[Callable[..., Any], type, tuple[str, ...]] | None:
    """How an agent of our own is taught: the function, its settings, those that shape it; None where it is not."""
    teacher = OWN[name].teacher if name in OWN else None
    if teacher is None:
        return None
    module = import_module(f"adaptlearn.agents.{teacher.file}")
    return getattr(module, teacher.how), getattr(module, teacher.settings), teacher.shape


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
