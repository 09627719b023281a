"""The figure of this experiment, from its committed table: python experiments/value-of-preference/figures.py"""

import csv
from pathlib import Path

HERE = Path(__file__).parent
SHOWN = {"learning": "learning, P(correct)", "completed": "share finished", "stayed": "share who stay",
         "stars": "stars, 1 to 5"}  # fmt: skip


def main() -> None:
    """One panel per outcome: differences to the rule that does not weigh liking."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "value-of-preference", "font.size": 9, "svg.fonttype": "none"})
    import matplotlib.pyplot as plt

    with (HERE / "results" / "outcomes.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    figure, grid = plt.subplots(1, len(SHOWN), figsize=(9.0, 2.6), layout="constrained")
    lines = list(dict.fromkeys((r["attendance"], r["knowledge"]) for r in rows))
    for axes, (outcome, label) in zip(grid, SHOWN.items(), strict=True):
        for j, line in enumerate(lines):
            mine = [r for r in rows if (r["attendance"], r["knowledge"]) == line and r["outcome"] == outcome]
            axes.errorbar([float(r["weight"]) * (1.0 + 0.04 * j) for r in mine], [float(r["difference"]) for r in mine],
                          yerr=[float(r["half"]) for r in mine], fmt="o-", markersize=3, linewidth=1.0,
                          label=", ".join(line))  # fmt: skip
        axes.axhline(0.0, color="0.4", linewidth=0.8)
        axes.set_title(label, loc="left", fontsize=9)
        axes.set_xlabel("weight of liking in the rule")
        axes.spines[["top", "right"]].set_visible(False)
    grid[0].set_ylabel("difference, 95 % interval")
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    figure.savefig(HERE / "results" / "outcomes.svg", metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    main()
