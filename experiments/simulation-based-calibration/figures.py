"""Table and figure of this experiment: python experiments/simulation-based-calibration/figures.py"""

import csv
from pathlib import Path

import numpy as np

from adaptlearn.tracing.ranks import BINS, coverage, uniformity

HERE = Path(__file__).parent
NAMES = ("ability.sd", "easiness.mean", "easiness.sd", "slope.mean", "slope.sd", "easiness", "slope")


def read(method: str) -> dict[str, np.ndarray]:
    """Ranks by name."""
    found: dict[str, list[float]] = {}
    with (HERE / "results" / f"ranks-{method}.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["name"], []).append(float(row["rank"]))
    return {name: np.array(values) for name, values in found.items()}


def main() -> None:
    """Histograms of ranks, with the band in which 99 % of uniform ones lie; coverage and p as CSV."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "ranks", "font.size": 8, "svg.fonttype": "none"})
    import matplotlib.pyplot as plt

    methods = [m for m in ("nuts", "svi") if (HERE / "results" / f"ranks-{m}.csv").exists()]
    figure, axes = plt.subplots(len(methods), len(NAMES), figsize=(10.0, 1.5 * len(methods) + 0.6), sharex=True,
                                squeeze=False, layout="constrained")  # fmt: skip
    rows = []
    for line, method in zip(axes, methods, strict=True):
        ranks = read(method)
        for axis, name in zip(line, NAMES, strict=True):
            p, counts = uniformity(ranks[name])
            mean = counts.sum() / BINS
            reach = 2.58 * np.sqrt(mean * (1 - 1 / BINS))
            axis.bar((np.arange(BINS) + 0.5) / BINS, counts, 0.9 / BINS, color="0.6")
            axis.axhspan(mean - reach, mean + reach, color="tab:blue", alpha=0.2)
            axis.set_title(f"{name}, {method}")
            axis.spines[["top", "right"]].set_visible(False)
            rows.append((method, name, len(ranks[name]), round(p, 3), round(coverage(ranks[name], 0.8), 3),
                         round(coverage(ranks[name], 0.95), 3), round(float(ranks[name].mean()), 3)))  # fmt: skip
    figure.supxlabel("rank of the truth among posterior draws; band: 99 % of independent uniform ranks")
    figure.supylabel("logs (or effects)")
    figure.savefig(HERE / "results" / "ranks.svg", metadata={"Date": None, "Creator": None})
    with (HERE / "results" / "coverage.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("method", "name", "ranks", "p_uniform", "covered_80", "covered_95", "mean_rank"))
        writer.writerows(rows)


if __name__ == "__main__":
    main()
