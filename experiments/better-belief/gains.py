"""Agents with and without the belief on the same 2,048 learners: gains over mastery, and over their own likes.

    python experiments/better-belief/gains.py

Writes results/gains.csv: law, policy, over, gain and half of its 95 % interval, paired by learner.
"""

import csv
import sys
from pathlib import Path

import numpy as np

from adaptlearn.agents import shelf
from adaptlearn.classroom.simulate import simulate
from adaptlearn.envs.registry import rules
from adaptlearn.evaluation.compare import paired
from adaptlearn.lab import checkpoint

HERE = Path(__file__).parent
FILES = {
    "linear on BKT": "../teaching-agents/linear.npz", "linear on the belief": "linear.npz",
    "fixed": "../teaching-agents/fixed.npz", "guided on BKT": "guided-bkt.npz", "guided on the belief": "guided.npz",
}  # fmt: skip
PAIRS = (("linear on the belief", "linear on BKT"), ("guided on the belief", "guided on BKT"),
         ("guided on the belief", "fixed"), ("guided on BKT", "fixed"))  # fmt: skip
LEARNERS, SEED = 2048, 31


def main() -> None:
    """Live, pair, write."""
    rows = []
    for law in ("workplace", "bkt"):
        terms = rules("onboarding-v1", law=law, meshing="null", catalogue="usual_error", mandatory=True)
        agents = {"mastery": shelf.build("mastery", terms.world)}
        agents |= {name: checkpoint.load(HERE / file, terms.world) for name, file in FILES.items()}
        goal = {}
        for name, agent in agents.items():
            goal[name] = simulate(agent, terms, np.arange(LEARNERS), SEED)["value"]
            print(law, name, float(goal[name].mean()), file=sys.stderr)
        for one, other in (*((name, "mastery") for name in FILES), *PAIRS):
            gain = paired(goal[one], goal[other])
            rows.append([law, one, other, f"{gain.mean:.4f}", f"{gain.half:.4f}"])
    with (HERE / "results" / "gains.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([["law", "policy", "over", "gain", "half"], *rows])


if __name__ == "__main__":
    main()
