"""The figure of this experiment, from its committed table: python experiments/learning-cohorts/figures.py"""

import csv
from pathlib import Path

HERE = Path(__file__).parent
MARKS = {"as declared": "--", "in the truth": ":"}


def main() -> None:
    """One panel per catalogue: gain over mastery by cohort, between planning as declared and in the truth."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "learning-cohorts", "font.size": 9, "svg.fonttype": "none"})
    import matplotlib.pyplot as plt

    with (HERE / "results" / "curves.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    catalogues = list(dict.fromkeys(row["catalogue"] for row in rows))
    figure, grid = plt.subplots(1, len(catalogues), figsize=(9.0, 2.6), layout="constrained", sharey=True)
    for axes, catalogue in zip(grid, catalogues, strict=True):
        mine = [row for row in rows if row["catalogue"] == catalogue]
        for row in mine:
            if row["taught"] in MARKS:
                axes.axhline(float(row["gain"]), color="0.4", linewidth=1.0, linestyle=MARKS[row["taught"]],
                             label=f"planned {row['taught']}")  # fmt: skip
        taught = [row for row in mine if row["taught"] not in MARKS]
        axes.errorbar([int(row["taught"]) for row in taught], [float(row["gain"]) for row in taught],
                      yerr=[float(row["half"]) for row in taught], fmt="o-", markersize=4, linewidth=1.2,
                      label="cohorts")  # fmt: skip
        axes.set_title(f"catalogue {catalogue}", loc="left", fontsize=9)
        axes.set_xlabel("cohort")
        axes.set_xticks([int(row["taught"]) for row in taught])
        axes.spines[["top", "right"]].set_visible(False)
    grid[0].set_ylabel("gain over mastery, P(correct),\n95 % interval")
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    figure.savefig(HERE / "results" / "curves.svg", metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    main()
