"""Write results/outcomes.csv: python experiments/value-of-preference/run.py"""

import csv
from pathlib import Path
from typing import Any

import numpy as np

from adaptlearn.agents import shelf
from adaptlearn.classroom.simulate import Lives, simulate
from adaptlearn.core.learner import DRAWN, FORMATS
from adaptlearn.envs.registry import rules
from adaptlearn.evaluation.compare import paired

HERE = Path(__file__).parent
LEARNERS, SEED = 2048, 21
WEIGHTS = (0.25, 0.5, 1.0)  # log-gain per SD of liking in the rule
LIKES = slice(DRAWN.index("like_visual"), DRAWN.index("like_visual") + len(FORMATS))


def told(room: Any) -> None:
    """The view shows what learners truly like, for once."""
    at = room.spec.at("preference").start
    room.view[:, at : at + len(FORMATS)] = room.traits[:, LIKES]


def outcomes(lives: Lives) -> dict[str, Any]:
    """What became of each learner, apart.   [N] each"""
    taken = np.maximum(lives["step"], 1.0)
    return {"learning": lives["value"], "stayed": 1.0 - lives.left, "completed": lives["completed"] / taken,
            "activities": lives["completed"], "stars": lives.stars}  # fmt: skip


def main() -> None:
    """One row per attendance, knowledge, weight and outcome: the mean, and the paired difference to asking nothing."""
    rows, ids = [], np.arange(LEARNERS)
    for mandatory in (True, False):
        place = rules("onboarding-v1", catalogue="usual_error", mandatory=mandatory)
        base = outcomes(simulate(shelf.build("mastery", place.world), place, ids, SEED))
        for knowledge, before in (("record", None), ("truth", told)):
            for weight in WEIGHTS:
                agent = shelf.build("mastery", place.world, liking=weight)
                for name, found in outcomes(simulate(agent, place, ids, SEED, before=before)).items():
                    both = np.isfinite(found) & np.isfinite(base[name])
                    gap = paired(found[both], base[name][both])
                    rows.append({"attendance": "mandatory" if mandatory else "voluntary", "knowledge": knowledge,
                                 "weight": weight, "outcome": name, "without": round(float(base[name][both].mean()), 4),
                                 "difference": round(gap.mean, 4), "half": round(gap.half, 4)})  # fmt: skip
    with (HERE / "results" / "outcomes.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
