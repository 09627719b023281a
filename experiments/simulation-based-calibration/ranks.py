"""Ranks of truths among posterior draws: python experiments/simulation-based-calibration/ranks.py METHOD LOGS"""

import csv
import sys
from pathlib import Path

import numpy as np

from adaptlearn.tracing.hierarchical import run
from adaptlearn.tracing.ranks import from_prior, rank

HERE = Path(__file__).parent
LEARNERS, ANSWERS, SKILLS, DRAWS = 50, 20, 8, 150
FIRST = 50_000  #: number of the first log: other logs than the pilot's


def main(method: str, logs: int) -> None:
    """One row per number and log."""
    learner = np.repeat(np.arange(LEARNERS), ANSWERS)
    rows = []
    for number in range(FIRST, FIRST + logs):
        skill = np.random.default_rng(number).integers(0, SKILLS, len(learner))
        truth = from_prior(learner, skill, number)
        posterior, health = run(learner, skill, truth.correct, method=method, steps=100, draws=DRAWS, chains=1,
                                seed=number, source="a simulation")  # fmt: skip
        for name, shares in rank(truth, posterior).items():
            rows += [(method, number, name, k, round(float(share), 4)) for k, share in enumerate(shares)]
        print(f"{method} {number - FIRST + 1} of {logs}", health.facts(), file=sys.stderr, flush=True)
        with (HERE / "results" / f"ranks-{method}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("method", "log", "name", "of", "rank"))
            writer.writerows(rows)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
