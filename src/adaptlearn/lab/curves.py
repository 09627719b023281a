"""Training curves: a table of numbers by step, and a picture of small panels with a band over seeds."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from adaptlearn.evaluation.figures import SERIES, Drawing, svg

Steps = Sequence[tuple[int, Mapping[str, float]]]
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
    """:func:`drawing` as SVG; the same input gives the same text."""
    return svg(drawing(runs, title))


def drawing(runs: Mapping[str, Sequence[Steps]], title: str) -> Drawing:
    """One panel per number, one line per label: the mean over its runs, and a 95 % band where there are several.

    Args:
        runs: by label, the runs that differ in their seed only.
    """
    told = list(dict.fromkeys(name for some in runs.values() for steps in some for _, v in steps for name in v))
    names = [name for name in told if not counts(name, [s for some in runs.values() for s in some])] or told
    down, across = -(-len(names) // ACROSS), min(ACROSS, len(names))
    several = max(len(some) for some in runs.values()) > 1
    heading = title + (" · mean and 95 % band over seeds" if several else "")

    def draw(axes: Any) -> None:
        panels = axes if isinstance(axes, list) else [axes]
        for panel, name in zip(panels, names, strict=False):
            for ink, (label, some) in zip(SERIES * len(runs), runs.items(), strict=False):
                _line(panel, name, label, some, ink)
            panel.set_title(name, loc="left", fontsize=9)
            panel.spines["left"].set_visible(True)
            panel.grid(axis="y", linewidth=0.4, alpha=0.5)
        for panel in panels[len(names) :]:
            panel.set_visible(False)
        for panel in panels[-across:]:
            panel.set_xlabel("round of training")
        if len(runs) > 1:
            lines = {line.get_label(): line for panel in panels for line in panel.get_lines()}
            panels[0].figure.legend(lines.values(), lines, loc="outside lower left", ncols=4, frameon=False)
        panels[0].figure.suptitle(heading, x=0.01, ha="left", fontsize=10)

    return Drawing(draw, 2.3 * down + 0.4, heading, width=9.0, panels=(down, across))


def counts(name: str, runs: Sequence[Steps]) -> bool:
    """Whether a number only counts rounds or decisions: it grows by the same amount each time."""
    gaps = [np.diff([values[name] for _, values in steps if name in values]) for steps in runs]
    known = np.concatenate(gaps) if gaps else np.zeros(0)
    return len(known) > 1 and known[0] > 0 and bool(np.allclose(known, known[0], rtol=1e-9))


def _line(axes: Any, name: str, label: str, some: Sequence[Steps], colour: str) -> None:
    """Mean and band of one number over the runs of one label, on the steps that all of them have."""
    curves = [{step: values[name] for step, values in steps if name in values} for steps in some]
    shared = sorted(set.intersection(*(set(curve) for curve in curves))) if curves else []
    if not shared:
        return
    values = np.array([[curve[step] for step in shared] for curve in curves])  # [runs, steps]
    mean = values.mean(0)
    axes.plot(shared, mean, color=colour, linewidth=1.3, label=label)
    if len(values) > 1:
        half = quantile(len(values) - 1) * values.std(0, ddof=1) / np.sqrt(len(values))
        axes.fill_between(shared, mean - half, mean + half, color=colour, alpha=0.18, linewidth=0)


def quantile(freedom: int) -> float:
    """Student's t at 97.5 %, by degrees of freedom."""
    from scipy.stats import t

    return float(t.ppf(0.975, freedom))
