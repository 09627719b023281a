"""``adaptlearn simulate``: teach simulated learners with one agent; say how they fared; keep the log."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from adaptlearn.classroom.room import Rules
from adaptlearn.classroom.simulate import Lives
from adaptlearn.core.keep import keep
from adaptlearn.evaluation.compare import mean_of_known
from adaptlearn.evaluation.transfer import applied
from adaptlearn.lab.cluster import lives_on
from adaptlearn.lab.compose import WRITTEN, Agent, Common
from adaptlearn.lab.evaluating import BESIDE
from adaptlearn.lab.pieces import agent_of, orchestrator_of, rules_of, softened
from adaptlearn.lab.tables import progress, show
from adaptlearn.lab.tracking import tracked


@dataclass
class Config(Common):
    """Keys of this verb."""

    agent: Agent = field(default_factory=Agent)
    learners: int = 4096  # taught, each one life
    log: str | None = field(default=None, metadata=WRITTEN)  # a Parquet file for one row per decision
    checks: str | None = field(default=None, metadata=WRITTEN)  # a CSV file for managers' checks of transfer to the job
    orchestrator: str = "first-come"  # in cohorts, who gets what is scarce: first-come | most-gained
    temperature: float | None = None  # of the agent's choices; a log with some chance in it can judge other agents


def run(config: Config) -> None:
    """Simulate, print one row, write the log if asked."""
    with tracked("simulate", config, config.agent.name, agent=config.agent.name) as tracker:
        row, path = taught(config)
        tracker.metrics({key: value for key, value in row.items() if isinstance(value, float)})
        if path is not None:
            tracker.data(path.name, path, "made")
            tracker.artifact(path)
    notes = ["Simulated learners. goal: forecast P(correct) on the target skills at the retention check, 0 to 1."]
    notes += [BESIDE["passed"]] * ("passed" in row)
    notes += [f"log: {path}"] if path is not None else []
    notes += [f"checks: {config.checks}, what managers note of transfer, 1 to 5 points: assumed (C)"] * bool(
        config.checks
    )
    notes += [tracker.link()] if config.track else []
    show([row], format=config.format, notes=notes)


def taught(config: Config) -> tuple[dict[str, Any], Path | None]:
    """One row on how the learners fared, and the file of their log if one was asked for."""
    rules = rules_of(config)
    policy = softened(agent_of(config.agent, rules, config.allow), config.temperature)
    shares = orchestrator_of(config.orchestrator, rules)
    with progress(f"{config.learners} learners", config.format == "json") as tell:
        live = lives_on(config.compute, config.cluster)
        lives = live(policy, rules, np.arange(config.learners), config.seed, log=config.log is not None,
                         threads=config.threads, orchestrator=shares,
                     progress=lambda done, of: tell(f"{done} of {of}"))  # fmt: skip
    if config.checks is not None:
        keep(config.checks, checks_of(lives, rules))
    row = {
        "agent": policy.name, "world": rules.world.name, "law": config.law, "learners": config.learners,
        "goal": float(lives["value"].mean()), "untaught": float(lives.start.mean()),
        "stayed": float(1 - lives.left.mean()),
        "completed": float(lives["completed"].mean()), "minutes": float(lives["minutes"].mean()),
        "staff_minutes": float(lives["staff_minutes"].mean()), "stars": mean_of_known(lives.stars),
    }  # fmt: skip
    if lives.passed.shape[1]:
        row["passed"] = float(lives.passed.mean())
    return row, lives.log.save(config.log) if config.log is not None and lives.log is not None else None


def checks_of(lives: Lives, rules: Rules) -> str:
    """What a platform would get of transfer: a manager's note per learner, on its day.

    Raises:
        ValueError: the population says nothing of work.
    """
    work = applied(lives, rules)
    if work is None:
        raise ValueError(f"checks: the population of {rules.world.name} has no [laws.transfer]; needed one, "
                         "e.g. env=leadership-v1")  # fmt: skip
    rows = zip(lives.ids.tolist(), work.checked.astype(int).tolist(), strict=True)
    return "learner,day,points\n" + "".join(f"{who},{work.day:g},{points}\n" for who, points in rows)
