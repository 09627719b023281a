"""Training curves: a table of numbers by step, and a picture of small panels with a band over seeds."""

import csv
import io
from collections.abc import Mapping, Sequence

import numpy as np

Steps = Sequence[tuple[int, Mapping[str, float]]]
COLOURS = ("#0b6e99", "#c2571a", "#4f772d", "#7b4b94", "#8a6d1d", "#9b2242", "#3d5a80", "#555555")
ACROSS = 3  # panels beside each other


def as_csv(steps: Steps) -> str:
    """Numbers by step."""
    names = list(dict.fromkeys(name for _, values in steps for name in values))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["step", *names])
    writer.writerows([step, *(f"{values[n]:.9g}" if n in values else "" for n in names)] for step, values in steps)
    return text.getvalue()


def from_csv(text: str) -> Steps:
    """The same back."""
    rows = csv.DictReader(io.StringIO(text))
    return [(int(row.pop("step")), {key: float(value) for key, value in row.items() if value}) for row in rows]


def picture(runs: Mapping[str, Sequence[Steps]], title: str) -> str:
    """One panel per number, one line per label: the mean over its runs, and a 95 % band where there are several.

    Args:
        runs: by label, the runs that differ in their seed only.

    Returns:
        An SVG; the same input gives the same text.
    """
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    told = list(dict.fromkeys(name for some in runs.values() for steps in some for _, v in steps for name in v))
    names = [name for name in told if not counts(name, [s for some in runs.values() for s in some])] or told
    down = -(-len(names) // ACROSS)
    with matplotlib.rc_context({"svg.hashsalt": "adaptlearn", "svg.fonttype": "none", "font.size": 9}):
        figure, grid = plt.subplots(down, min(ACROSS, len(names)), figsize=(9.0, 2.3 * down + 0.4), squeeze=False,
                                    layout="constrained")  # fmt: skip
        for axes, name in zip(grid.flat, names, strict=False):
            for colour, (label, some) in zip(COLOURS * len(runs), runs.items(), strict=False):
                _line(axes, name, label, some, colour)
            axes.set_title(name, loc="left", fontsize=9)
            axes.spines[["top", "right"]].set_visible(False)
            axes.grid(axis="y", linewidth=0.4, alpha=0.5)
        for axes in list(grid.flat)[len(names) :]:
            axes.set_visible(False)
        for axes in grid[-1]:
            axes.set_xlabel("round of training")
        if len(runs) > 1:
            lines = {line.get_label(): line for axes in grid.flat for line in axes.get_lines()}
            figure.legend(lines.values(), lines, loc="outside lower left", ncols=4, frameon=False)
        several = max(len(some) for some in runs.values()) > 1
        figure.suptitle(title + (" · mean and 95 % band over seeds" if several else ""), x=0.01, ha="left", fontsize=10)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
        plt.close(figure)
    return text.getvalue()


def counts(name: str, runs: Sequence[Steps]) -> bool:
    """Whether a number only counts rounds or decisions: it grows by the same amount each time."""
    gaps = [np.diff([values[name] for _, values in steps if name in values]) for steps in runs]
    known = np.concatenate(gaps) if gaps else np.zeros(0)
    return len(known) > 1 and known[0] > 0 and bool(np.allclose(known, known[0], rtol=1e-9))


def _line(axes: "object", name: str, label: str, some: Sequence[Steps], colour: str) -> None:
    """Mean and band of one number over the runs of one label, on the steps that all of them have."""
    curves = [{step: values[name] for step, values in steps if name in values} for steps in some]
    shared = sorted(set.intersection(*(set(curve) for curve in curves))) if curves else []
    if not shared:
        return
    values = np.array([[curve[step] for step in shared] for curve in curves])  # [runs, steps]
    mean = values.mean(0)
    axes.plot(shared, mean, color=colour, linewidth=1.3, label=label)  # type: ignore[attr-defined]
    if len(values) > 1:
        half = quantile(len(values) - 1) * values.std(0, ddof=1) / np.sqrt(len(values))
        axes.fill_between(shared, mean - half, mean + half, color=colour, alpha=0.18, linewidth=0)  # type: ignore[attr-defined]


def quantile(freedom: int) -> float:
    """Student's t at 97.5 %, by degrees of freedom."""
    from scipy.stats import t

    return float(t.ppf(0.975, freedom))
