"""The tables of this experiment: python experiments/changing-destinations/run.py (some minutes)"""

import csv
from pathlib import Path

import numpy as np

from adaptlearn import rules, simulate
from adaptlearn.agents import shelf
from adaptlearn.core.world import load
from adaptlearn.evaluation.compare import paired
from adaptlearn.evaluation.outcomes import outcomes

HERE, LEARNERS, SEED = Path(__file__).parent, 2048, 1
AGENTS = ("syllabus", "mastery", "enrolled")
ALL = {"rate": 1.0}
CASES = (
    ("upskilling-v1", True, {"rate": 0.0}), ("upskilling-v1", True, ALL | {"day": 10.0}),
    ("upskilling-v1", True, ALL | {"day": 30.0}), ("upskilling-v1", True, ALL | {"day": 60.0}),
    ("upskilling-v1", True, {}), ("upskilling-v1", False, ALL | {"day": 30.0}), ("upskilling-v1", False, {}),
    ("onboarding-v1", True, ALL | {"day": 20.0}),
)  # fmt: skip


def words(change: dict[str, float]) -> str:
    """A change of destination as people say it."""
    if not change:
        return "as the world says"
    return "nobody" if change["rate"] == 0.0 else f"everybody, day {change['day']:.0f}"


def lived(world: str, mandatory: bool, change: dict[str, float]) -> dict[str, dict[str, np.ndarray]]:
    """Outcomes of the same learners under each agent."""
    terms = rules(world, mandatory=mandatory, change=change, catalogue="usual_error", wishes=False)
    return {name: outcomes(simulate(shelf.build(name, load(world)), terms, np.arange(LEARNERS), SEED), terms)
            for name in AGENTS}  # fmt: skip


def main() -> None:
    """Losses of looking away, and what is known of both destinations."""
    gains, known = [], []
    for world, mandatory, change in CASES:
        found = lived(world, mandatory, change)
        case = {"world": world, "mandatory": mandatory, "changes": words(change)}
        for name in AGENTS:
            gap = paired(found[name]["goal"], found["mastery"]["goal"])
            gains.append(case | {"agent": name, "goal": found[name]["goal"].mean(), "less_mastery": gap.mean,
                                 "half": gap.half, "stayed": found[name]["stayed"].mean()})  # fmt: skip
            moved = np.isfinite(found[name]["new_now"])
            if moved.any():
                means = {key: float(found[name][key][moved].mean()) for key in ("old_then", "new_then", "new_now")}
                known.append(case | {"agent": name, "moved": int(moved.sum())} | means)
        print(case, flush=True)
    for file, rows in (("gains.csv", gains), ("known.csv", known)):
        with (HERE / "results" / file).open("w", newline="", encoding="utf-8") as out:
            writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows({k: f"{v:.5g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)


if __name__ == "__main__":
    main()
