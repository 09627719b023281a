"""``adaptlearn train``: train an agent in simulation, keep it as one file, track the run."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from adaptlearn.classroom.room import Rules
from adaptlearn.classroom.simulate import simulate
from adaptlearn.evaluation.compare import paired
from adaptlearn.lab import checkpoint
from adaptlearn.lab.compose import WRITTEN, Agent, Common
from adaptlearn.lab.pieces import agent_of, labels_of, rules_of, shaping, trained
from adaptlearn.lab.recipe import recipe
from adaptlearn.lab.tables import progress, show
from adaptlearn.lab.tracking import Tracker, tracked

LONG = ("decisions", "seconds", "patience")  # how long a training goes on: a resumed one may have more
FOLLOWING = ("guided", "distilled")  # agents that begin as a programme
HELD_OUT = 1_000_000  # first of the learners who are watched; those a table is made on have smaller numbers


@dataclass
class Config(Common):
    """Keys of this verb."""

    agent: Agent = field(default_factory=lambda: Agent("ppo"))
    resume: bool = False  # go on with a training that was cut off: its state lies beside ``to``
    start: str | None = None  # file to begin with; guided, distilled: a fixed programme's, ppo: a linear scorer's
    held_out: int = 512  # learners on whom the agent is watched while it learns; the best state is what is kept
    learners: int = 2048  # on whom the agent is judged afterwards; none of them was taught in training
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
        notes=[f"kept: {file}", tracker.link(), f"next: adaptlearn export checkpoint={file} to=bundle"],
    )


def train(config: Config, tracker: Tracker) -> tuple[dict[str, Any], Path]:
    """Train and judge.   -> a row of figures, the file"""
    rules = rules_of(config)
    if rules.world.folder is not None:
        tracker.data(rules.world.name, rules.world.folder, "training")
    more = watched(config, rules)
    done = int(more["resume"]["seen"][1]) if more.get("resume") else 0
    with progress(f"training {config.agent.name}", config.format == "json") as tell:

        def report(step: int, values: dict[str, float]) -> None:
            tell(" · ".join(f"{key} {value:.3g}" for key, value in values.items()))
            tracker.metrics(values, done + step)

        policy = trained(config.agent, rules, config.seed, report, allow=config.allow, **more)
        tell("judging on fresh learners")
        ids = np.arange(config.learners)
        goal, base = (simulate(p, rules, ids, config.seed + 1)["value"] for p in (policy, agent_of("syllabus", rules)))
    gain = paired(goal, base)
    about = labels_of(config) | {"world": rules.world.name, "seed": config.seed}
    file = checkpoint.save(config.to, policy, config.agent.name, shaping(config.agent, config.allow), about)
    state_of(config).unlink(missing_ok=True)
    row = {"agent": config.agent.name, "world": rules.world.name, "law": config.law, "goal": float(goal.mean()),
           "over_syllabus": gain.mean, "half_width": gain.half, "learners": config.learners}  # fmt: skip
    return row, file


def watched(config: Config, rules: Rules) -> dict[str, Any]:
    """What a teacher is told beside its settings. PPO: how to be judged, where its state goes, and where to go on from.

    Raises:
        ValueError: asked to resume what keeps no state, or has none.
    """
    if config.agent.name in FOLLOWING and config.start is not None:
        return {"start": checkpoint.load(config.start, rules.world)}
    if config.agent.name != "ppo":
        if config.resume:
            raise ValueError(f"resume: agent {config.agent.name} keeps no state; needed one that does, e.g. agent=ppo")
        return {}
    file, begun = state_of(config), {key: value for key, value in recipe(config).items() if key != "learners"}
    taught = {key: value for key, value in config.agent.settings.items() if key not in LONG}
    begun["agent"] = {"name": config.agent.name, "settings": taught}
    ids = np.arange(HELD_OUT, HELD_OUT + config.held_out)

    def judge(policy: Any) -> float:
        return float(simulate(policy, rules, ids, config.seed + 2)["value"].mean())

    resume = checkpoint.read_state(file, begun) if config.resume else None
    start = checkpoint.load(config.start, rules.world) if config.start is not None else None
    return {
        "start": start,
        "judge": judge,
        "resume": resume,
        "keep": lambda arrays: checkpoint.keep_state(file, arrays, begun),
    }


def state_of(config: Config) -> Path:
    """Where a training's state lies: agent.npz -> agent.state.npz."""
    return Path(config.to).with_suffix(".state.npz")


def resumed(config: Config) -> Config:
    """The configuration that goes on where this one was cut off, if it was: what a sweep asks of a verb."""
    return replace(config, resume=True) if state_of(config).exists() else config
