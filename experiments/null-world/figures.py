"""The figure of this experiment, from its committed table: python experiments/null-world/figures.py"""

import csv
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    """Draw gains over the author's syllabus, one panel, intervals as bars."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "null-world", "font.size": 9, "svg.fonttype": "none"})
    import matplotlib.pyplot as plt

    with (HERE / "results" / "gains.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["gain"]]
    policies, worlds = list(dict.fromkeys(r["policy"] for r in rows)), list(dict.fromkeys(r["meshing"] for r in rows))
    figure, axes = plt.subplots(figsize=(7.0, 3.4), layout="constrained")
    for j, world in enumerate(worlds):
        mine = [next(r for r in rows if r["policy"] == p and r["meshing"] == world) for p in policies]
        places = [i + (j - (len(worlds) - 1) / 2) * 0.18 for i in range(len(policies))]
        axes.errorbar([float(r["gain"]) for r in mine], places, xerr=[float(r["half"]) for r in mine], fmt="o",
                      markersize=4, linewidth=1.2, label=world)  # fmt: skip
    axes.axvline(0.0, color="0.4", linewidth=0.8)
    axes.set_yticks(range(len(policies)), policies)
    axes.invert_yaxis()
    axes.set_xlabel(
        "gain over the author's syllabus: P(correct) on target skills at the retention check, with 95 % interval"
    )
    axes.legend(title="meshing", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(HERE / "results" / "gains.svg", metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    main()
