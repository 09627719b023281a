"""``adaptlearn train``: train an agent in simulation, keep it as one file, track the run."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, replace
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np

from adaptlearn.classroom.card import maker
from adaptlearn.classroom.mixed import Mixed
from adaptlearn.classroom.room import Rules, with_rules
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.revision import revised
from adaptlearn.evaluation.compare import paired
from adaptlearn.lab import checkpoint
from adaptlearn.lab.compose import WRITTEN, Agent, Common
from adaptlearn.lab.following import Watch
from adaptlearn.lab.pieces import (
    agent_of,
    labels_of,
    orchestrator_of,
    people,
    rules_of,
    school_of,
    shaping,
    trained,
)
from adaptlearn.lab.recipe import recipe
from adaptlearn.lab.retelling import lessons
from adaptlearn.lab.tables import progress, show
from adaptlearn.lab.tracking import Tracker, tracked

REVISIONS = 1000  # first seed of the catalogues in ``revisions``; those that an agent is judged in have smaller ones
LONG = ("decisions", "seconds", "patience")  # how long a training goes on: a resumed one may have more


@dataclass
class Config(Common):
    """Keys of this verb."""

    agent: Agent = field(default_factory=lambda: Agent("ppo"))
    resume: bool = False  # go on with a training that was cut off: its state lies beside ``to``
    start: str | None = None  # file to begin with: a fixed programme's; ppo: also a linear scorer's, or a network's
    belief: str | None = None  # of `adaptlearn belief train`: what the agent reads instead of BKT's P(known)
    laws: list[str] = field(default_factory=list)  # ppo, linear and its like: a mixture to learn in; empty: ``law``
    populations: list[str] = field(default_factory=list)  # likewise: people's files to mix; empty: ``population``
    revisions: int = 0  # likewise: revised catalogues to learn in, too; their seeds begin at 1000
    renewed: float = 0.2  # share of the catalogue that each of ``revisions`` withdraws, and as much is new
    log: str | None = None  # clone, cql: the event log to learn from, as `adaptlearn simulate log=...` writes one
    held_out: int = 512  # learners of all its rooms on whom the agent is watched while it learns; the best is kept
    learners: int = 2048  # on whom the agent is judged afterwards; none of them was taught in training
    orchestrator: str = "first-come"  # in cohorts, who gets what is scarce: first-come | most-gained
    to: str = field(default="agent.npz", metadata=WRITTEN)  # where the trained agent goes
    track: bool = True


def run(config: Config) -> None:
    """Train, judge on fresh learners against the syllabus, keep, track."""
    with tracked("train", config, config.agent.name, agent=config.agent.name) as tracker:
        row, file = train(config, tracker)
        tracker.metrics({key: value for key, value in row.items() if isinstance(value, float)})
        tracker.artifact(file)
    show(
        [row],
        format=config.format,
        notes=[
            f"kept: {file}",
            *_company(config),
            tracker.link(),
            f"next: adaptlearn export checkpoint={file} to=bundle",
        ],
    )


def _company(config: Config) -> list[str]:
    """Where people meet: in what company the agent was trained."""
    if rules_of(config).world.cohorts is None:
        return []
    school = school_of(config.agent, config.allow)
    met = school is not None and "orchestrator" in signature(school[0]).parameters
    how = f"in weekly rounds, seats by {config.orchestrator}" if met else "as if everybody learned alone"
    return [f"trained {how}; judged in weekly rounds, the interval over cohorts"]


def train(config: Config, tracker: Tracker) -> tuple[dict[str, Any], Path]:
    """Train and judge.   -> a row of figures, the file"""
    rules = rules_of(config)
    if rules.world.folder is not None:
        tracker.data(rules.world.name, rules.world.folder, "training")
    many = mixture(config, rules)
    watch, eyes = watch_of(config, many), Eyes(config, rules)
    more = taught_with(config, rules, watch, eyes)
    make = school_room(config, many, eyes)
    done = int(more["resume"]["seen"][1]) if more.get("resume") else 0
    with progress(f"training {config.agent.name}", config.format == "json") as tell:

        def report(step: int, values: dict[str, float]) -> None:
            tell(watch.line(values))
            tracker.metrics(values | watch.gained(values), done + step)

        try:
            policy = trained(config.agent, many[0], config.seed, report, allow=config.allow,
                             classroom=make, **more)  # fmt: skip
        except ArithmeticError as error:
            raise ValueError(stopped(config, rules, error)) from error
        policy = eyes.given(policy)
        tell("judging on fresh learners")
        ids = np.arange(config.learners)
        both = (policy, agent_of("syllabus", rules))
        goal, base = (simulate(p, rules, ids, config.seed + 1, orchestrator=watch.orchestrator)["value"] for p in both)
    gain = paired(goal, base, rules.world.cohorts and rules.world.cohorts.of(ids))
    file = written(config, rules, policy)
    state_of(config).unlink(missing_ok=True)
    row = {"agent": config.agent.name, "world": rules.world.name, "law": config.law, "goal": float(goal.mean()),
           "over_syllabus": gain.mean, "half_width": gain.half, "learners": config.learners}  # fmt: skip
    return row, file


def mixture(config: Config, rules: Rules) -> list[Rules]:
    """The rooms it learns in: the catalogue and each of its ``revisions``, there every law of ``laws``, there everyone
    of ``populations``.

    Raises:
        ValueError: fewer than no revisions, or revisions that renew nothing or too much.
    """
    if config.revisions < 0 or (config.revisions and not config.renewed > 0):
        raise ValueError(f"revisions = {config.revisions}, each with {config.renewed:.0%} renewed; needed 0 or more, "
                         "with a share, e.g. revisions=7 renewed=0.2")  # fmt: skip
    laws = [rules_of(config, law=law) for law in config.laws] or [rules]
    rooms = [with_rules(room, population=people(file, room)) for room in laws for file in config.populations] or laws
    later = [revised(rules.world, config.renewed, REVISIONS + j) for j in range(config.revisions)]
    return [with_rules(room, world=world) for world in (rules.world, *later) for room in rooms]


def school_room(config: Config, many: list[Rules], eyes: "Eyes") -> Any:
    """Makes the rooms it learns in: on its device, as it sees them; side by side where there are several.

    Raises:
        ValueError: an agent that learns in rooms of one kind; a belief on a card.
    """
    device = config.agent.settings.get("device", "cpu")
    if config.belief is not None and device != "cpu":
        raise ValueError(f"belief with agent.settings.device={device}: a belief looks on a processor; needed one "
                         "of the two, e.g. agent.settings.device=cpu")  # fmt: skip
    make = eyes.rooms(maker(device))
    if len(many) == 1:
        return make
    school = school_of(config.agent, config.allow)
    if school is not None and "others" in signature(school[0]).parameters:
        return make  # one room after the other
    if school is None or "privileged" not in {f.name for f in fields(school[1])}:
        raise ValueError(f"laws, populations, revisions: agent {config.agent.name} learns in rooms of one kind; needed "
                         "one that learns in any, e.g. agent=ppo or agent=linear")  # fmt: skip
    return lambda rules, n, seed, **more: Mixed(many, n, seed, make=make, **more)


def watch_of(config: Config, many: list[Rules]) -> Watch:
    """The held-out learners, the same in every room, and what the settings say of how long it takes."""
    school = school_of(config.agent, config.allow)
    settings = asdict(school[1]()) | config.agent.settings if school is not None else {}
    return Watch(many, agent_of("syllabus", many[0]), config.held_out, config.seed + 2, settings,
                 orchestrator_of(config.orchestrator, many[0]))  # fmt: skip


class Eyes:
    """What an agent reads of what learners know: the record's own tracer, or the belief that ``belief=`` names."""

    def __init__(self, config: Config, rules: Rules):
        self.belief = checkpoint.load_belief(config.belief, rules.world) if config.belief is not None else None

    def rooms(self, classroom: Any) -> Any:
        """Makes classrooms that show it."""
        if self.belief is None:
            return classroom
        from adaptlearn.agents.believing import rooms

        return rooms(self.belief, classroom)

    def given(self, policy: Any) -> Any:
        """The agent, reading it."""
        if self.belief is None:
            return policy
        from adaptlearn.agents.believing import Believing

        return Believing(policy, self.belief)


def taught_with(config: Config, rules: Rules, watch: Watch, eyes: Eyes) -> dict[str, Any]:
    """What a teacher is told beside its settings, as far as it takes it: a start, a log, how to be judged, where its
    state goes, and where to go on from.

    Raises:
        ValueError: asked for what this agent does not take, or cannot do without.
    """
    school, name, more = school_of(config.agent, config.allow), config.agent.name, {}
    takes = signature(school[0]).parameters if school is not None else {}
    for key, word, like in (("resume", "resume", "ppo"), ("start", "start", "ppo"), ("log", "lessons", "cql")):
        if getattr(config, key) and word not in takes:
            what = {"resume": "keeps no state", "start": "begins with nothing", "log": "reads no log"}[key]
            raise ValueError(f"{key}: agent {name} {what}; needed one that does, e.g. agent={like}")
    if "lessons" in takes and config.belief is not None:
        raise ValueError(f"belief: agent {name} learns from a log, which shows the record's own beliefs; needed one "
                         "that learns in simulation, e.g. agent=linear")  # fmt: skip
    if "lessons" in takes:
        if config.log is None:
            raise ValueError(f"agent={name} learns from a log; needed one, e.g. log=log.parquet")
        more["lessons"] = lessons(config.log, rules.world)
    if config.start is not None:
        start = checkpoint.load(config.start, rules.world)
        more["start"] = getattr(start, "inner", start)  # one that reads a belief begins as what it is without
    if "others" in takes:
        more["others"] = watch.many[1:]
    if "orchestrator" in takes:
        more["orchestrator"] = watch.orchestrator
    more |= remembered(config) if "keep" in takes else {}
    return more | ({"judge": judge_of(config, watch, eyes, more.get("resume"))} if "judge" in takes else {})


def judge_of(config: Config, watch: Watch, eyes: Eyes, resume: dict[str, Any] | None) -> Callable[[Any], float]:
    """Judges by held-out learners; the best so far is written to ``to``, whatever becomes of the training."""
    best = float(resume["best/worth"]) if resume else -float("inf")

    def judge(policy: Any) -> float:
        nonlocal best
        seeing = eyes.given(policy)
        worth = watch.judge(seeing)
        if worth > best:
            best = worth
            written(config, watch.many[0], seeing)
        return worth

    return judge


def remembered(config: Config) -> dict[str, Any]:
    """Where a training's state goes, and where it goes on from."""
    file, begun = state_of(config), {key: value for key, value in recipe(config).items() if key != "learners"}
    taught = {key: value for key, value in config.agent.settings.items() if key not in LONG}
    begun["agent"] = {"name": config.agent.name, "settings": taught}
    resume = checkpoint.read_state(file, begun) if config.resume else None
    return {"resume": resume, "keep": lambda arrays: checkpoint.keep_state(file, arrays, begun)}


def stopped(config: Config, rules: Rules, error: ArithmeticError) -> str:
    """A training went astray: keep the best before that, if there is one.   -> what to say"""
    best = getattr(error, "best", None)
    if best is None:
        return f"{error}; nothing was kept"
    return f"{error}; the best before that is kept: {written(config, rules, best)}"


def written(config: Config, rules: Rules, policy: Any) -> Path:
    """The agent as a file: with what makes it again (settings that were given, what it says of itself) and where it
    learned."""
    made = shaping(config.agent, config.allow) | getattr(policy, "made_with", {})
    about = labels_of(config) | {"world": rules.world.name, "seed": config.seed}
    about |= {"law": "+".join(config.laws)} if config.laws else {}
    if config.revisions:
        about["catalogue"] += f", and {config.revisions} times {config.renewed:.0%} revised ({REVISIONS} on)"
    return checkpoint.save(config.to, policy, config.agent.name, made, about)


def state_of(config: Config) -> Path:
    """Where a training's state lies: agent.npz -> agent.state.npz."""
    return Path(config.to).with_suffix(".state.npz")


def resumed(config: Config) -> Config:
    """The configuration that goes on where this one was cut off, if it was: what a sweep asks of a verb."""
    return replace(config, resume=True) if state_of(config).exists() else config
