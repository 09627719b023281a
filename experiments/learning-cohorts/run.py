"""Write results/curves.csv: python experiments/learning-cohorts/run.py [world] [catalogues] [learners]"""

import csv
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from adaptlearn.agents import bayes, programme, shelf
from adaptlearn.classroom.room import Classroom
from adaptlearn.classroom.simulate import simulate
from adaptlearn.envs.registry import rules
from adaptlearn.evaluation.compare import paired
from adaptlearn.tracing.cohorts import infer

HERE = Path(__file__).parent
SETTINGS = bayes.Settings(cohorts=5, learners=512, draws=4, rounds=4)
SEED, JUDGED = 1, np.arange(5_000_000, 5_002_048)  # identities of learners who judge; nobody learns from them
COLUMNS = ("world", "catalogue", "taught", "gain", "half", "over_first", "over_first_half", "ability", "ability_sd",
           "rate", "rate_sd")  # fmt: skip


def worth(policies: Any, place: Any) -> Any:
    """What becomes of those who judge, each taught by one of the policies in turn.   -> [N]"""
    found, several = np.zeros(len(JUDGED)), len(policies)
    for j, policy in enumerate(policies):
        found[j::several] = simulate(policy, place, JUDGED[j::several], SEED + 8)["value"]
    return found


def curve(world: str, catalogue: int, settings: bayes.Settings) -> Any:
    """One row a cohort, and before them the marks: planned as declared, and planned in the truth."""
    place = rules(world, catalogue="usual_error", catalogue_seed=catalogue)
    base = worth([shelf.build("mastery", place.world)], place)
    search = programme.Settings(rounds=settings.rounds)
    for name, room in (("as declared", bayes.believed(place)), ("in the truth", place)):
        yield row(world, catalogue, name, worth([programme.fit(room, Classroom, SEED, search)], place), base)
    first = None
    for cohort in bayes.cohorts(place, Classroom, SEED, settings, partial(infer, seed=SEED)):
        value = worth(cohort.policies, place)
        first = value if first is None else first
        over, draws = paired(value, first), cohort.posterior.draws
        told = {f"{name}{end}": round(float(by(draws[f"{name}.mean"])), 3)
                for name in ("ability", "rate") for end, by in (("", np.mean), ("_sd", np.std))}  # fmt: skip
        yield (
            row(world, catalogue, str(cohort.number), value, base)
            | told
            | {"over_first": round(over.mean, 4), "over_first_half": round(over.half, 4)}
        )


def row(world: str, catalogue: int, taught: str, value: Any, base: Any) -> dict[str, Any]:
    """Gain over mastery, same learners."""
    gain = paired(value, base)
    return {"world": world, "catalogue": catalogue, "taught": taught, "gain": round(gain.mean, 4),
            "half": round(gain.half, 4)}  # fmt: skip


def main(world: str = "tiny-v1", catalogues: str = "1,2,3,4,5", learners: str = "512") -> None:
    """Write as they come."""
    settings = bayes.Settings(cohorts=SETTINGS.cohorts, learners=int(learners), draws=SETTINGS.draws,
                              rounds=SETTINGS.rounds)  # fmt: skip
    name = "curves.csv" if world == "tiny-v1" else f"curves-{world}.csv"
    with (HERE / "results" / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for catalogue in catalogues.split(","):
            for line in curve(world, int(catalogue), settings):
                writer.writerow(line)
                file.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
