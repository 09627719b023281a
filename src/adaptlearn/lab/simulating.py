"""``adaptlearn simulate``: teach simulated learners with one agent; say how they fared; keep the log."""

from dataclasses import dataclass, field

import numpy as np

from adaptlearn.classroom.simulate import simulate
from adaptlearn.evaluation.compare import mean_of_known
from adaptlearn.lab.compose import Agent, Common
from adaptlearn.lab.pieces import agent_of, rules_of, softened
from adaptlearn.lab.tables import progress, show


@dataclass
class Config(Common):
    """Keys of this verb."""

    agent: Agent = field(default_factory=Agent)
    learners: int = 4096
    log: str | None = None  # a Parquet file for one row per decision
    temperature: float | None = None  # of the agent's choices; a log with some chance in it can judge other agents


def run(config: Config) -> None:
    """Simulate, print one row, write the log if asked."""
    rules = rules_of(config)
    policy = softened(agent_of(config.agent, rules), config.temperature)
    with progress(f"{config.learners} learners", config.format == "json") as tell:
        lives = simulate(policy, rules, np.arange(config.learners), config.seed, log=config.log is not None,
                         threads=config.threads, progress=lambda done, of: tell(f"{done} of {of}"))  # fmt: skip
    row = {
        "agent": policy.name, "world": rules.world.name, "law": config.law, "learners": config.learners,
        "goal": float(lives["value"].mean()), "untaught": float(lives.start.mean()),
        "stayed": float(1 - lives.left.mean()),
        "completed": float(lives["completed"].mean()), "minutes": float(lives["minutes"].mean()),
        "staff_minutes": float(lives["staff_minutes"].mean()), "stars": mean_of_known(lives.stars),
    }  # fmt: skip
    notes = ["Simulated learners. goal: forecast P(correct) on the target skills at the retention check, 0 to 1."]
    if config.log is not None and lives.log is not None:
        path = lives.log.save(config.log)
        notes.append(f"log: {path} ({len(lives.log):,} decisions)")
    show([row], format=config.format, notes=notes)
