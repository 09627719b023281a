"""The tables of this experiment: python experiments/scarce-coaches/run.py

Every row is paired: the same simulated learners, the same luck, the same policy; only who gets what is scarce differs.
Intervals count cohorts, not learners, for members of one cohort matter to each other.
"""

import csv
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np

from adaptlearn.agents import shelf
from adaptlearn.agents.orchestrate import orchestrator
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.cohorts import Cohorts
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
    first, ours = (simulate(shelf.build(policy, world), terms, ids, config["seed"], orchestrator=orchestrator(name, world))
                   for name in ("first-come", "most-gained"))  # fmt: skip
    gain, half = interval(ours["value"] - first["value"], size)
    staff, staff_half = interval(ours["staff_minutes"] - first["staff_minutes"], size)
    row = {
        "supply": supply, "policy": policy, "first_come": first["value"].mean(), "most_gained": ours["value"].mean(),
        "gain": gain, "half": half, "staff_first_come": first["staff_minutes"].mean(), "staff_gain": staff,
        "staff_half": staff_half,
    }  # fmt: skip
    print(
        {name: value if isinstance(value, str) else round(float(value), 4) for name, value in row.items()}, flush=True
    )
    return {name: value if isinstance(value, str) else f"{value:.4f}" for name, value in row.items()}


def interval(differences: np.ndarray, size: int) -> tuple[float, float]:
    """Mean difference, and half of its 95 % interval over cohorts.   [N] -> mean, half"""
    by_cohort = differences.astype(np.float64).reshape(-1, size).mean(1)
    return float(by_cohort.mean()), float(1.96 * by_cohort.std(ddof=1) / np.sqrt(len(by_cohort)))


if __name__ == "__main__":
    main()
