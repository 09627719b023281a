"""Write results/trials.csv, what a trial on stated styles shows at each strength. Run: python FOLDER/trials.py"""

import csv
from dataclasses import replace
from pathlib import Path

from adaptlearn.envs.registry import rules
from adaptlearn.evaluation.bench import Bench, measure
from adaptlearn.evaluation.contrasts import contrasts

HERE = Path(__file__).parent
STRENGTHS = (0, 0.53, 1, 2, 4, 8)


def main() -> None:
    """One row per strength: the published protocol of the contested world, run with another strength."""
    place = rules("onboarding-v1")
    trial = next(c for c in contrasts(place.law) if c.id == "meshing_contested")
    bench = Bench(place)
    with (HERE / "results" / "trials.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["beta", "g", "low", "high"])
        for beta in STRENGTHS:
            shown = measure(replace(trial, meshing=f"stated:{beta}"), bench)
            writer.writerow([beta, *(f"{x:.3f}" for x in (shown.value, shown.low, shown.high))])


if __name__ == "__main__":
    main()
