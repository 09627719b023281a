"""Policies by worlds: who gains where, how bad it gets, whether the sign holds, and what choosing wrongly costs.

A column is one world that might be the true one: law, meshing, error of the catalogue. A policy is recommended only
where its gain over the baseline has the same sign in every column; where signs flip no winner is named.

Axes: N learners (all seeds, one after the other), B draws.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.classroom.room import Rules
from adaptlearn.classroom.simulate import side_by_side, simulate
from adaptlearn.evaluation.outcomes import outcomes
from adaptlearn.evaluation.resample import Contrast, Floats, contrast, draws_of

Labels = Mapping[str, str]


@dataclass(frozen=True)
class Matrix:
    """Outcomes of every policy in every column, the same learners with the same luck throughout."""

    policies: tuple[str, ...]
    columns: tuple[Labels, ...]  # law, meshing, catalogue ...
    cells: Mapping[tuple[str, int], Mapping[str, Floats]]  # (policy, column) -> outcome -> [N]
    strata: NDArray[np.int64]  # [N] which seed
    baseline: str
    trained: Mapping[str, Labels] = field(default_factory=dict)  # the column a policy was trained in
    draws: int = 1000

    def origin(self, policy: str, column: int) -> str:
        """``fitted in`` where the policy was trained in this very column, else ``emergent``."""
        return "fitted in" if self.trained.get(policy) == self.columns[column] else "emergent"

    def name(self, column: int) -> str:
        """A column in words: what not all columns share."""
        mine = self.columns[column]
        keys = dict.fromkeys(key for labels in self.columns for key in labels)
        telling = [key for key in keys if len({labels.get(key) for labels in self.columns}) > 1]
        return " · ".join(mine.get(key, "as shipped") for key in telling or mine)


@dataclass(frozen=True)
class Robust:
    """One policy over all columns."""

    policy: str
    gain: Contrast  # over all columns together, stratified by column and seed
    worst: Contrast  # in the column where its mean gain is least
    worst_column: str
    up: int  # columns where the gain is clear of zero and positive
    down: int  # ... and negative
    columns: int
    regret: float  # most that another policy of the matrix would have had over it in one column

    @property
    def stable(self) -> bool:
        """Whether no clear gain in one column is a clear loss in another."""
        return not (self.up and self.down)


def play(
    policies: Mapping[str, Any], rooms: Sequence[tuple[Labels, Rules]], ids: ArrayLike, seeds: Sequence[int], *,
    baseline: str, trained: Mapping[str, Labels] | None = None, threads: int = 1,
    progress: Callable[[str], None] | None = None,
) -> Matrix:  # fmt: skip
    """Live every learner's life under every policy, in every column, with every seed.

    Raises:
        ValueError: the baseline is not among the policies, or there is no room or no seed.
    """
    if baseline not in policies:
        raise ValueError(f"baseline {baseline!r}; needed one of {', '.join(policies)}, e.g. 'syllabus'")
    if not rooms or not seeds:
        raise ValueError(f"{len(rooms)} worlds and {len(seeds)} seeds; needed at least one of each, e.g. seeds=[1]")
    who, wanted = np.asarray(ids), [(name, column) for column in range(len(rooms)) for name in policies]

    def cell(name: str, column: int) -> dict[str, Floats]:
        labels, rules = rooms[column]
        if progress is not None:
            progress(f"{name} · {' · '.join(labels.values())}")
        parts = [outcomes(simulate(policies[name], rules, who, seed), rules) for seed in seeds]
        return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}

    cells = dict(zip(wanted, side_by_side([partial(cell, *key) for key in wanted], threads), strict=True))
    strata = np.repeat(np.arange(len(seeds)), len(who))
    return Matrix(tuple(policies), tuple(labels for labels, _ in rooms), cells, strata, baseline, dict(trained or {}))


def gains(matrix: Matrix, key: str = "goal", over: str | None = None) -> dict[tuple[str, int], Contrast]:
    """Every policy's gain over the baseline (or over another policy) in every column."""
    base, count = over or matrix.baseline, draws_of(matrix.strata, matrix.draws, 0)
    return {
        (policy, column): contrast(matrix.cells[policy, column][key], matrix.cells[base, column][key], count)
        for policy in matrix.policies if policy != base for column in range(len(matrix.columns))
    }  # fmt: skip


def robust(matrix: Matrix, key: str = "goal", found: Mapping[tuple[str, int], Contrast] | None = None) -> list[Robust]:
    """One row per policy but the baseline, the best worst case first."""
    found = gains(matrix, key) if found is None else found
    width = range(len(matrix.columns))
    pooled = draws_of(np.concatenate([matrix.strata + 10_000 * column for column in width]), matrix.draws, 0)
    together = {p: np.concatenate([matrix.cells[p, c][key] for c in width]) for p in matrix.policies}
    best = [max(np.nanmean(matrix.cells[p, c][key]) for p in matrix.policies) for c in width]
    rows = []
    for policy in matrix.policies:
        if policy == matrix.baseline:
            continue
        mine = [found[policy, column] for column in width]
        least = min(width, key=lambda column: mine[column].mean.value)
        clear = [one.mean.clear() for one in mine]
        regret = max(best[c] - np.nanmean(matrix.cells[policy, c][key]) for c in width)
        rows.append(
            Robust(policy, contrast(together[policy], together[matrix.baseline], pooled), mine[least],
                   matrix.name(least), clear.count(1), clear.count(-1), len(clear), float(regret))
        )  # fmt: skip
    return sorted(rows, key=lambda row: -row.worst.mean.value)


@dataclass(frozen=True)
class Verdict:
    """What the matrix says to do."""

    winner: str | None
    words: str


def verdict(matrix: Matrix, key: str = "goal") -> Verdict:
    """The policy of the best worst case, if its gain is clear in every column and none clearly beats it in any."""
    rows = robust(matrix, key)
    if not rows:
        return Verdict(None, f"nothing stands beside {matrix.baseline}")
    first = rows[0]
    if first.up < first.columns:
        why = "gains in some worlds and loses in others" if not first.stable else "is not clear of zero everywhere"
        return Verdict(None, f"no winner: the best worst case, {first.policy}, {why} "
                             f"({first.up} of {first.columns} worlds up, {first.down} down)")  # fmt: skip
    rival = gains(matrix, key, over=first.policy)
    beaten = sorted({policy for (policy, _), one in rival.items() if one.mean.clear() > 0})
    if beaten:
        return Verdict(None, f"no single winner: {first.policy} has the best worst case, and gains over "
                             f"{matrix.baseline} everywhere, but {', '.join(beaten)} beats it somewhere")  # fmt: skip
    level = sorted({p for p in matrix.policies if p not in (first.policy, matrix.baseline)
                    and not any(one.mean.clear() for (q, _), one in rival.items() if q == p)})  # fmt: skip
    also = f"; {', '.join(level)} cannot be told from it" if level else ""
    return Verdict(first.policy, f"{first.policy} gains over {matrix.baseline} in all {first.columns} worlds{also}")
