"""The figure of this experiment, from its committed table: python experiments/scarce-coaches/figures.py"""

import csv
from pathlib import Path

HERE = Path(__file__).parent
SHOWN = (("gain", "half", "over first come, first served"),
         ("over_shuffled", "over_shuffled_half", "over the same priorities dealt out by lot"))  # fmt: skip


def main() -> None:
    """Draw both gains of the orchestrating agent, one panel a supply, intervals as bars."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "scarce-coaches", "font.size": 9, "svg.fonttype": "none"})
    import matplotlib.pyplot as plt

    with (HERE / "results" / "gains.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    supplies = list(dict.fromkeys(row["supply"] for row in rows))
    figure, panels = plt.subplots(1, len(supplies), figsize=(7.0, 2.6), sharex=True, sharey=True, layout="constrained")
    for panel, supply in zip(panels, supplies, strict=True):
        mine = [row for row in rows if row["supply"] == supply]
        for j, (value, half, label) in enumerate(SHOWN):
            places = [i + (j - 0.5) * 0.24 for i in range(len(mine))]
            panel.errorbar([float(r[value]) for r in mine], places, xerr=[float(r[half]) for r in mine], fmt="o",
                           markersize=4, linewidth=1.2, label=label)  # fmt: skip
        panel.axvline(0.0, color="0.4", linewidth=0.8)
        panel.set_title(f"supply: {supply}", fontsize=9)
        panel.set_yticks(range(len(mine)), [row["policy"] for row in mine])
        panel.spines[["top", "right"]].set_visible(False)
    panels[0].invert_yaxis()
    figure.supxlabel(
        "gain in P(correct) on target skills at the retention check, 95 % interval over cohorts", fontsize=9
    )
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False)
    figure.savefig(HERE / "results" / "gains.svg", metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    main()
