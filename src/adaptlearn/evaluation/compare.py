"""Fair comparison: the same learners, with the same luck, under each policy; every difference carries an interval.

A learner is their own control, so a difference of policies is a mean of differences within learners. That needs many
fewer learners than two separate groups: :func:`learners_needed` says how many either way.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.classroom.room import Rules
from adaptlearn.classroom.simulate import Lives, side_by_side, simulate
from adaptlearn.core.cohorts import Cohorts
from adaptlearn.evaluation.resample import Z95


class Difference(NamedTuple):
    """A mean difference and half of its 95 % interval."""

    mean: float
    half: float

    def clear(self) -> bool:
        """Whether the interval leaves out zero."""
        return abs(self.mean) > self.half


@dataclass(frozen=True)
class Standing:
    """One policy in one world, as a row of a table. ``gain`` is over the baseline, same learners; None for itself."""

    policy: str
    law: str
    meshing: str
    catalogue: str
    goal: float  # forecast worth of the target profile at the retention check, 0 to 1
    gain: Difference | None
    stayed: float  # share of learners who did not leave
    minutes: float  # mean per learner
    staff_minutes: float
    cost: float
    stars: float  # mean of rated visits, 1 to 5
    origin: str  # "fitted in": the policy was trained in this very world and law; "emergent": it was not
    learners: int


def paired(a: ArrayLike, b: ArrayLike, cohort: ArrayLike | None = None) -> Difference:
    """How much more the same learners have under ``a`` than under ``b``.   [N], [N] -> mean, 95 % half-width

    Learners who meet are no independent observations: with their cohorts [N] the interval is over cohorts, each
    weighing as many learners as it has (a mean of clusters, Cochran 1977).

    Raises:
        ValueError: lengths differ, or fewer than two learners.
    """
    x, y = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if x.shape != y.shape or len(x) < 2:
        raise ValueError(
            f"outcomes of shapes {x.shape} and {y.shape}; needed the same learners twice, at least 2, e.g. (4096,)"
        )
    gap = x - y
    if cohort is None:
        return Difference(float(gap.mean()), float(Z95 * gap.std(ddof=1) / np.sqrt(len(gap))))
    _, which = np.unique(np.asarray(cohort), return_inverse=True)
    over = np.bincount(which, gap - gap.mean())  # of each cohort's sum
    if len(over) < 2:
        raise ValueError("one cohort; needed at least 2 for an interval, e.g. learners=240 where a cohort has 12")
    spread = np.sqrt((over**2).sum() * len(over) / (len(over) - 1))
    return Difference(float(gap.mean()), float(Z95 * spread / len(gap)))


def learners_needed(a: ArrayLike, b: ArrayLike, precision: float = 0.005) -> tuple[int, int]:
    """Learners for a 95 % half-width: paired, and per arm with separate groups.   n = (z sd / precision)^2"""
    x, y = np.asarray(a, np.float64), np.asarray(b, np.float64)
    together = (Z95 * (x - y).std(ddof=1) / precision) ** 2
    apart = (Z95 / precision) ** 2 * (x.var(ddof=1) + y.var(ddof=1))
    return int(np.ceil(together)), int(np.ceil(apart))


def evaluate(
    policies: Mapping[str, Any],
    rooms: Sequence[tuple[dict[str, str], Rules]],
    ids: ArrayLike,
    seed: int,
    *,
    baseline: str,
    trained: Mapping[str, Mapping[str, str]] | None = None,
    threads: int = 1,
    live: Callable[..., Lives] = simulate,
    progress: Callable[[str], None] | None = None,
) -> tuple[list[Standing], dict[tuple[str, int], Lives]]:
    """Every policy in every room, with paired differences to the baseline of the same room.

    Args:
        policies: by name; each a Policy or a Ceiling.
        rooms: (labels law/meshing/catalogue, rules) per column of the matrix.
        baseline: the policy that differences are taken from.
        live: computes lives as ``simulate`` does, perhaps elsewhere.
        trained: per policy, the labels it was trained under; where they equal a room's, the row is "fitted in".

    Returns:
        One row per policy and room, and the lives behind them, keyed by (policy, room number).

    Raises:
        ValueError: the baseline is not among the policies.
    """
    if baseline not in policies:
        raise ValueError(f"baseline {baseline!r}; needed one of {', '.join(policies)}, e.g. 'syllabus'")
    names = [baseline, *(p for p in policies if p != baseline)]
    wanted = [(name, number) for number in range(len(rooms)) for name in names]

    def cell(name: str, number: int) -> Lives:
        labels, rules = rooms[number]
        if progress is not None:
            progress(f"{name} · {labels['law']} · {labels['meshing']}")
        return live(policies[name], rules, ids, seed)

    lives = dict(zip(wanted, side_by_side([partial(cell, *key) for key in wanted], threads), strict=True))
    rows = []
    for name, number in wanted:
        labels = rooms[number][0]
        origin = "fitted in" if (trained or {}).get(name) == labels else "emergent"
        rows.append(standing(name, labels, lives[name, number], lives[baseline, number], name == baseline, origin,
                             rooms[number][1].world.cohorts))  # fmt: skip
    return rows, lives


def standing(
    name: str, labels: Mapping[str, str], lives: Lives, base: Lives, is_base: bool, origin: str,
    cohorts: Cohorts | None = None,
) -> Standing:  # fmt: skip
    """One row of the table; the interval of its gain is over cohorts, where learners meet."""
    who = cohorts.of(lives.ids) if cohorts is not None and not is_base else None
    return Standing(
        name, labels["law"], labels["meshing"], labels["catalogue"], float(lives["value"].mean()),
        None if is_base else paired(lives["value"], base["value"], who), float(1.0 - lives.left.mean()),
        float(lives["minutes"].mean()), float(lives["staff_minutes"].mean()), float(lives["cost"].mean()),
        mean_of_known(lives.stars), origin, len(lives.ids),
    )  # fmt: skip


def mean_of_known(values: NDArray[np.float32]) -> float:
    """Mean over the learners who rated anything; NaN if nobody did."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
