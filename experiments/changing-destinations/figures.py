"""The figure of this experiment, from its committed table: python experiments/changing-destinations/figures.py"""

import csv
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    """Draw what each rule loses against the one that reads the record, case by case, intervals as bars."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "changing-destinations", "font.size": 9, "svg.fonttype": "none"})
    import matplotlib.pyplot as plt

    with (HERE / "results" / "gains.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["agent"] != "mastery"]
    cases = list(dict.fromkeys((r["world"], r["mandatory"], r["changes"]) for r in rows))
    names = [f"{w} · {'mandatory' if m == 'True' else 'voluntary'} · {c}" for w, m, c in cases]
    figure, axes = plt.subplots(figsize=(7.6, 3.6), layout="constrained")
    shown = (("syllabus", "author's syllabus, reads too"), ("enrolled", "plan of enrolment"))
    for j, (agent, label) in enumerate(shown):
        mine = [next(r for r in rows if r["agent"] == agent and (r["world"], r["mandatory"], r["changes"]) == case)
                for case in cases]  # fmt: skip
        places = [i + (j - 0.5) * 0.26 for i in range(len(cases))]
        axes.errorbar([float(r["less_mastery"]) for r in mine], places, xerr=[float(r["half"]) for r in mine], fmt="o",
                      markersize=4, linewidth=1.2, label=label)  # fmt: skip
    axes.axvline(0.0, color="0.4", linewidth=0.8)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel("P(correct) on the targets at the check, less mastery that reads the record; 95 %", loc="right")
    axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=2)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(HERE / "results" / "losses.svg", metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    main()
