"""Write results/sizes.csv and results/sizes.svg: python experiments/pilot-size/run.py"""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np

from adaptlearn.agents import shelf
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.keep import keep
from adaptlearn.envs.registry import rules
from adaptlearn.evaluation import figures
from adaptlearn.evaluation.instrument import Instrument
from adaptlearn.evaluation.pilot import plan
from adaptlearn.evaluation.rehearsal import Pool

HERE = Path(__file__).parent
EFFECTS, ITEMS, TEAM, ICC, SEED = (0.02, 0.05, 0.08), (8, 20, 40), 8, 0.05, 5


def main() -> None:
    """One row per effect, length of the test, pretest or none, people or teams."""
    place = rules("onboarding-v1", catalogue="usual_error")
    old, new = (
        simulate(shelf.build(name, place.world), place, np.arange(4096), SEED) for name in ("syllabus", "mastery")
    )
    pool = Pool(*(np.asarray(x, np.float64) for x in (old.start, new["value"], old["value"])))
    rows = [row(pool, effect, items, pretest, team) for items in ITEMS for pretest in (False, True)
            for team in (1, TEAM) for effect in EFFECTS]  # fmt: skip
    with (HERE / "results" / "sizes.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    keep(HERE / "results" / "sizes.svg", figures.svg(picture(rows)))


def row(pool: Pool, effect: float, items: int, pretest: bool, team: int) -> dict[str, object]:
    """The plan of one design; nothing where no pilot of a size worth planning shows the effect."""
    seen = pool.seen(Instrument(items), seed=SEED)  # spread and correlation as a test of this length shows them
    design = replace(seen, effect=effect, pretest=seen.pretest if pretest else 0.0, team=team,
                     icc=ICC if team > 1 else 0.0)  # fmt: skip
    said = {"effect": effect, "items": items, "sd": round(seen.sd, 3), "pretest_r": round(design.pretest, 2),
            "team": team, "icc": design.icc}  # fmt: skip
    try:
        found = plan(design, seed=SEED)
    except ValueError:
        return {**said, "learners_per_arm": "", "looked_at_once": ""}
    return {**said, "learners_per_arm": found.learners, "looked_at_once": found.once}


def picture(rows: list[dict[str, object]]) -> figures.Drawing:
    """Learners over the effect, one line per length of test and pretest, people assigned alone."""

    def draw(axes: object) -> None:
        lines = [(items, pre) for items in ITEMS for pre in (False, True)]
        for ink, (items, pre) in zip(figures.SERIES, lines, strict=False):
            mine = [r for r in rows if r["items"] == items and (r["pretest_r"] != 0) == pre and r["team"] == 1]
            shown = [(r["effect"], r["learners_per_arm"]) for r in mine if r["learners_per_arm"] != ""]
            axes.plot(*zip(*shown, strict=True), "o-" if pre else "o:", color=ink, markersize=4,
                      label=f"{items} items, {'pretest' if pre else 'no pretest'}")  # fmt: skip
        axes.set_yscale("log")
        axes.set_xlabel("true gain, share correct")
        axes.set_ylabel("learners per arm, power .8")
        axes.set_xticks(EFFECTS)
        axes.grid(axis="y", which="both", linewidth=0.4, alpha=0.5)
        axes.legend(frameon=False, fontsize=8)

    return figures.Drawing(draw, 3.6, "Learners per arm that show a gain with power .8, by length of the test")


if __name__ == "__main__":
    main()
