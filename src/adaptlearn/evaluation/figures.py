"""Figures of a report as SVG text: units on axes, intervals on estimates, the same bytes from the same numbers."""

import io
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from typing import Any, NamedTuple

from adaptlearn.evaluation.resample import Interval

INK, GAIN, LOSS, PALE = "#1f2933", "#0b6e4f", "#b3261e", "#9aa5b1"
SERIES = ("#0b6e99", "#c2571a", "#4f772d", "#7b4b94", "#8a6d1d", "#9b2242", "#3d5a80", "#555555")  #: inks of labels
UNIT = "P(correct) on the target skills, difference with 95 % interval"


def forest(rows: Sequence[tuple[str, Interval]], alt: str, unit: str = UNIT) -> str:
    """One estimate per line; filled where clear of zero.   -> SVG"""

    def draw(axes: Any) -> None:
        for y, (_, one) in enumerate(rows):
            ink = PALE if one.clear() == 0 else GAIN if one.clear() > 0 else LOSS
            axes.plot([one.low, one.high], [y, y], color=ink, linewidth=2)
            axes.plot([one.value], [y], "o", color=ink, markersize=6, markerfacecolor=ink if one.clear() else "white")
        axes.axvline(0.0, color=INK, linewidth=0.8)
        axes.set_yticks(range(len(rows)), [name for name, _ in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlabel(unit)

    return svg(Drawing(draw, 0.9 + 0.32 * len(rows), alt))


def bars(new: Mapping[str, float], old: Mapping[str, float], names: tuple[str, str], alt: str) -> str:
    """Shares of two policies side by side, most used first.   -> SVG"""
    kinds = sorted({*new, *old}, key=lambda kind: -(new.get(kind, 0.0) + old.get(kind, 0.0)))[:12]

    def draw(axes: Any) -> None:
        for shift, (shares, name, ink) in zip((-0.2, 0.2), ((new, names[0], GAIN), (old, names[1], PALE)), strict=True):
            axes.barh(
                [y + shift for y in range(len(kinds))],
                [100 * shares.get(k, 0.0) for k in kinds],
                0.38,
                color=ink,
                label=name,
            )
        axes.set_yticks(range(len(kinds)), [kind.replace("_", " ") for kind in kinds])
        axes.set_ylim(len(kinds) - 0.4, -0.6)
        axes.set_xlabel("share of visits, %")
        axes.legend(frameon=False, loc="lower right")

    return svg(Drawing(draw, 0.9 + 0.36 * len(kinds), alt))


def stairs(time: Sequence[float], stay: Sequence[float], low: Sequence[float], high: Sequence[float], alt: str,
           unit: str) -> str:  # fmt: skip
    """The share who are still there, with its 95 % band.   -> SVG"""

    def draw(axes: Any) -> None:
        steps = {"step": "post", "linewidth": 0, "color": PALE, "alpha": 0.45}
        at = [0.0, *time]
        axes.fill_between(at, [100.0, *(100 * x for x in low)], [100.0, *(100 * x for x in high)], **steps)
        axes.step(at, [100.0, *(100 * x for x in stay)], where="post", color=GAIN, linewidth=2)
        axes.set_ylim(0, 102)
        axes.set_xlim(0, max(at))
        axes.set_xlabel(unit)
        axes.set_ylabel("still there, %")

    return svg(Drawing(draw, 2.8, alt))


class Drawing(NamedTuple):
    """What is to be drawn, before anyone says in which format."""

    draw: Callable[[Any], None]  # is handed the axes: one, or a list of them where there are several panels
    height: float  # inches
    alt: str  # for those who do not see it; also the salt of the ids inside
    width: float = 7.2
    panels: tuple[int, int] = (1, 1)  # down, across

    def _repr_svg_(self) -> str:
        """What a notebook shows."""
        return svg(self)


def svg(drawing: Drawing) -> str:
    """Text for a page: fonts of the reader, the same bytes from the same numbers."""
    text = io.StringIO()
    with _styled(drawing) as figure:
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    body = text.getvalue()
    alt = escape(drawing.alt, quote=True)
    return body[body.index("<svg") :].replace("<svg ", f'<svg role="img" aria-label="{alt}" ', 1)


def png(drawing: Drawing) -> bytes:
    """Pixels for slides, 200 per inch."""
    out = io.BytesIO()
    with _styled(drawing) as figure:
        figure.savefig(out, format="png", dpi=200, metadata={"Software": None, "Description": drawing.alt})
    return out.getvalue()


@contextmanager
def _styled(drawing: Drawing) -> Iterator[Any]:
    import matplotlib
    from matplotlib.figure import Figure

    style = {"svg.hashsalt": drawing.alt, "svg.fonttype": "none", "font.size": 10, "font.family": "sans-serif",
             "font.sans-serif": ["system-ui", "Segoe UI", "Roboto", "Helvetica", "Arial", "DejaVu Sans"],
             "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK}  # fmt: skip
    with matplotlib.rc_context(style), quiet_fonts():
        figure = Figure(figsize=(drawing.width, drawing.height), layout="constrained")
        axes = figure.subplots(*drawing.panels)
        for one in figure.axes:
            one.spines[["top", "right", "left"]].set_visible(False)
            one.tick_params(axis="y", length=0)
        drawing.draw(axes if drawing.panels == (1, 1) else figure.axes)
        yield figure


@contextmanager
def quiet_fonts() -> Iterator[None]:
    """A page names the reader's fonts; that this machine lacks some of them is no news."""
    log = logging.getLogger("matplotlib.font_manager")
    before, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = before
