"""Write results/events.csv: python experiments/stated-versus-evidenced/run.py"""

import csv
from pathlib import Path

from adaptlearn.agents import shelf
from adaptlearn.envs.registry import rules
from adaptlearn.tracing.styles import events_to_tell

HERE = Path(__file__).parent
LEARNERS, AFTER, SEED = 400, (0, 5, 10, 20, 30, 40, 60), 7


def main() -> None:
    """One row per number of reactions."""
    place = rules("onboarding-v1")
    rows = events_to_tell(place, shelf.build("random", place.world), learners=LEARNERS, after=AFTER, seed=SEED)
    with (HERE / "results" / "events.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: round(value, 3) for name, value in row.items()} for row in rows)


if __name__ == "__main__":
    main()
