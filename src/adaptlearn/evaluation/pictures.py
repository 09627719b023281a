"""Pictures of a learner, a world, a policy and a table of gains; ``figures`` says each in SVG or PNG."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.core.world import World
from adaptlearn.evaluation.figures import INK, PALE, SERIES, Drawing
from adaptlearn.evaluation.portraits import GROUPS, Courses, Walk
from adaptlearn.evaluation.resample import Z95

INKS = ("#b3261e", "#8a6d1d", "#0b6e4f")  #: of GROUPS
KNOWN = "P(correct) today, %"


def learner(life: Walk, world: World, title: str) -> Drawing:
    """A heat map: one row per skill of the destination or visited, time across, what is known as shade.

    A dot is a finished visit that teaches the skill, a ring one that only asks about it.
    """
    target = world.targets[life.role] > 0
    visits = life.visits(world.teaches)
    asked = life.visits(world.assesses)
    rows = [k for k in np.lexsort((np.arange(len(world.skills)), world.layer)) if target[k] or visits[k]]
    names = [f"{world.skills[k].title}{' *' if target[k] else ''}" for k in rows]

    def draw(axes: Any) -> None:
        edges = np.append(life.days, life.days[-1] + 1e-3)
        shade = axes.pcolormesh(np.maximum.accumulate(edges), np.arange(len(rows) + 1), 100 * life.known[:, rows].T,
                                cmap="YlGn", vmin=0, vmax=100, rasterized=True)  # fmt: skip
        at = life.log["day"]
        for y, k in enumerate(rows):
            only = [t for t in asked[k] if t not in visits[k]]
            axes.plot(at[np.array(visits[k], int) - 1], [y + 0.5] * len(visits[k]), "o", color=INK, markersize=4)
            axes.plot(at[np.array(only, int) - 1], [y + 0.5] * len(only), "o", color=INK, markersize=4,
                      markerfacecolor="none")  # fmt: skip
        axes.set_yticks(np.arange(len(rows)) + 0.5, names)
        axes.invert_yaxis()
        axes.set_xlabel("day")
        axes.set_title(title, loc="left", fontsize=10)
        axes.figure.colorbar(shade, ax=axes, label=KNOWN, pad=0.01, shrink=0.8)

    alt = f"{title}: what this learner knows of {len(rows)} skills over {life.days[-1]:.0f} days"
    return Drawing(draw, 1.1 + 0.24 * len(rows), alt, width=9.5)


def world(place: World, role: int, title: str, order: Sequence[Sequence[int]] = (), known: Any = None) -> Drawing:
    """The graph of prerequisites, layer by layer, left to right; what a destination asks has a strong border.

    Args:
        order: per skill, numbers of the decisions that taught it; the first three are written.
        known: [K] P(correct) at the end, as shade.
    """
    spots, target = _places(place), place.targets[role] > 0
    tall = max(sum(place.layer == layer) for layer in place.layer)

    def draw(axes: Any) -> None:
        from matplotlib import colormaps
        from matplotlib.patches import FancyArrowPatch

        boxes = []
        for k, skill in enumerate(place.skills):
            steps = list(order[k]) if len(order) else []
            said = ", ".join(map(str, steps[:3])) + (" …" if len(steps) > 3 else "")
            face = "white" if known is None else colormaps["YlGn"](0.62 * float(known[k]))
            boxes.append(axes.text(
                *spots[k], fill(skill.title, 19) + (f"\n[{said}]" if said else ""), ha="center", va="center",
                fontsize=7, zorder=3, bbox={"boxstyle": "round,pad=0.35", "facecolor": face,
                                            "edgecolor": INK if target[k] else PALE,
                                            "linewidth": 2.0 if target[k] else 0.8}))  # fmt: skip
        for k, j in zip(*np.nonzero(place.prerequisites), strict=True):
            axes.add_patch(FancyArrowPatch(
                spots[j], spots[k], patchA=boxes[j].get_bbox_patch(), patchB=boxes[k].get_bbox_patch(),
                arrowstyle="-|>", mutation_scale=8, color=PALE, linewidth=0.8, shrinkA=1, shrinkB=1,
                zorder=2))  # fmt: skip
        axes.set_xlim(-0.55, place.layer.max() + 0.55)
        axes.set_ylim(-0.6, tall - 0.4)
        axes.set_xticks(range(int(place.layer.max()) + 1), [f"layer {j}" for j in range(int(place.layer.max()) + 1)])
        axes.spines["bottom"].set_visible(False)
        axes.tick_params(length=0)
        axes.set_yticks([])
        axes.set_title(title, loc="left", fontsize=10)

    alt = f"{title}: {len(place.skills)} skills in {int(place.layer.max()) + 1} layers of prerequisites"
    return Drawing(draw, 0.8 + 0.78 * tall, alt, width=1.0 + 1.75 * (place.layer.max() + 1))


def _places(place: World) -> NDArray[np.float64]:
    """Where each skill stands: its layer across; down, near the mean of what it builds on.   -> [K, 2]"""
    spots = np.zeros((len(place.skills), 2))
    spots[:, 0] = place.layer
    tall = max(sum(place.layer == layer) for layer in place.layer)
    for layer in range(int(place.layer.max()) + 1):
        mine = np.flatnonzero(place.layer == layer)
        below = [spots[place.prerequisites[k] > 0, 1].mean() if layer else -i for i, k in enumerate(mine)]
        ranked = mine[np.argsort(below, kind="stable")]
        spots[ranked, 1] = (np.arange(len(mine)) + 0.5) * tall / len(mine) - 0.5
    return spots


Spent = tuple[list[str], NDArray[np.float64]]  #: types of activity, minutes [types, weeks]


def policy(new: Courses, old: Courses, spent: Spent, names: tuple[str, str]) -> Drawing:
    """Left: what three kinds of learners will know, as time passes, under two policies. Right: where minutes go."""
    who = new.groups()

    def draw(panels: Any) -> None:
        left, right = panels
        for group, ink in enumerate(INKS):
            for course, style in ((new, "-"), (old, ":")):
                mean = 100 * course.worth[who == group].mean(0)
                half = 100 * Z95 * course.worth[who == group].std(0) / np.sqrt(max(sum(who == group), 1))
                left.plot(course.days, mean, style, color=ink, linewidth=1.4,
                          label=GROUPS[group] if style == "-" else None)  # fmt: skip
                left.fill_between(course.days, mean - half, mean + half, color=ink, alpha=0.15, linewidth=0)
        left.set_ylim(0, 100)
        left.set_xlabel("day")
        left.set_title("known at the retention check, % of the goal\n"
                       f"{names[0]} (line), {names[1]} (dots); bands: 95 %", loc="left", fontsize=9)  # fmt: skip
        left.legend(frameon=False, fontsize=8, loc="upper left", title="before, they")
        kinds, minutes = spent
        shade = right.pcolormesh(
            np.arange(minutes.shape[1] + 1) + 0.5, np.arange(len(kinds) + 1), minutes, cmap="YlGnBu"
        )
        right.set_yticks(np.arange(len(kinds)) + 0.5, [kind.replace("_", " ") for kind in kinds])
        right.invert_yaxis()
        right.set_xlabel("week")
        right.set_title(f"minutes a learner spends, {names[0]}", loc="left", fontsize=9)
        right.figure.colorbar(shade, ax=right, pad=0.01, label="min")

    alt = (
        f"What {names[0]} does to learners who knew least, some and most, beside {names[1]}, and where their minutes go"
    )
    return Drawing(draw, max(3.4, 1.2 + 0.22 * len(spent[0])), alt, width=10.0, panels=(1, 2))


def gains(rows: Sequence[Mapping[str, str]], by: str, baseline: str) -> Drawing:
    """Gains with 95 % intervals, one line per policy, one ink per value of the column ``by``."""
    policies, worlds = (list(dict.fromkeys(row[key] for row in rows)) for key in ("policy", by))
    apart = min(0.18, 0.8 / len(worlds))

    def draw(axes: Any) -> None:
        for j, label in enumerate(worlds):
            mine = [(policies.index(r["policy"]), float(r["gain"]), float(r["half"])) for r in rows if r[by] == label]
            y, gain, half = np.array(mine).T
            axes.errorbar(gain, y + (j - (len(worlds) - 1) / 2) * apart, xerr=half, fmt="o", markersize=4,
                          linewidth=1.2, color=SERIES[j % len(SERIES)], label=label)  # fmt: skip
        axes.axvline(0.0, color=INK, linewidth=0.8)
        axes.set_yticks(range(len(policies)), [Path(policy).stem for policy in policies])
        axes.invert_yaxis()
        axes.set_xlabel(f"gain over {baseline}: P(correct) on target skills at the retention check, with 95 % interval")
        axes.legend(title=by.replace("_", " "), frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))

    alt = f"Gains over {baseline} of {len(policies)} policies, by {by}"
    return Drawing(draw, 1.0 + len(policies) * max(0.3, 0.16 * len(worlds)), alt, width=8.0)
