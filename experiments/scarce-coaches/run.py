"""The tables of this experiment: python experiments/scarce-coaches/run.py

Every row is paired: the same simulated learners, the same luck, the same policy; only who gets what is scarce differs.
Intervals count cohorts, not learners, for members of one cohort matter to each other.
"""

import csv
import tomllib
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from adaptlearn.agents import shelf
from adaptlearn.agents.orchestrate import orchestrator
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.cohorts import Cohorts
from adaptlearn.core.policy import Desk
from adaptlearn.core.world import load
from adaptlearn.envs.registry import rules

HERE = Path(__file__).parent


def main() -> None:
    """Write results/gains.csv, one row per supply and policy."""
    config = tomllib.loads((HERE / "config.toml").read_text("utf-8"))
    rows = [row for supply in config["supplies"] for policy in config["policies"]
            if (row := compared(config, supply, policy))]  # fmt: skip
    with (HERE / "results" / "gains.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def compared(config: dict, supply: str, policy: str) -> dict[str, str]:
    """One policy with one supply, first come first served and orchestrated."""
    size, ids = config["size"], np.arange(config["size"] * config["cohorts"]) + config["first"]
    world = replace(load(config["world"]), cohorts=Cohorts(size, **config["supplies"][supply]))
    terms = rules(world, config["law"])
    teacher, agent = shelf.build(policy, world), orchestrator("most-gained", world)
    first, ours, chance = (simulate(teacher, terms, ids, config["seed"], orchestrator=shared)
                           for shared in (None, agent, Shuffled(agent, config["seed"])))  # fmt: skip
    gain, half = interval(ours["value"] - first["value"], size)
    staff, staff_half = interval(ours["staff_minutes"] - first["staff_minutes"], size)
    who, who_half = interval(ours["value"] - chance["value"], size)
    row = {
        "supply": supply, "policy": policy, "first_come": first["value"].mean(), "most_gained": ours["value"].mean(),
        "gain": gain, "half": half, "over_shuffled": who,
        "over_shuffled_half": who_half, "staff_first_come": first["staff_minutes"].mean(), "staff_gain": staff,
        "staff_half": staff_half,
    }  # fmt: skip
    said = {name: value if isinstance(value, str) else f"{value:.4f}" for name, value in row.items()}
    print(said, flush=True)
    return said


class Shuffled:
    """The same priorities dealt out among the members by lot: what is left of a gain when anybody may be first."""

    name = "shuffled"

    def __init__(self, agent: Any, seed: int):
        self.agent, self.seed = agent, seed

    def share(self, desk: Desk) -> np.ndarray:
        """See ``core.policy.Orchestrator``; the lot is addressed by week and what the cohort's records say."""
        address = int.from_bytes(blake2b(desk.view.tobytes(), digest_size=8).digest(), "little")
        return self.agent.share(desk)[
            np.random.default_rng([self.seed, desk.week, address]).permutation(len(desk.view))
        ]


def interval(differences: np.ndarray, size: int) -> tuple[float, float]:
    """Mean difference, and half of its 95 % interval over cohorts.   [N] -> mean, half"""
    by_cohort = differences.astype(np.float64).reshape(-1, size).mean(1)
    return float(by_cohort.mean()), float(1.96 * by_cohort.std(ddof=1) / np.sqrt(len(by_cohort)))


if __name__ == "__main__":
    main()
