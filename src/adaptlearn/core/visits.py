"""A log as those read it who ask about the catalogue: visits in the order of time, and answers one item set a row.

An event log of ours and a table from elsewhere become the same type; what a log does not hold is None.

Axes: M rows in the order of learner and time, Q sets of items, A activities, K skills.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.core.log import EventLog
from adaptlearn.core.world import World

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
NONE = -1  #: no activity, or an unknown one


class Answers(NamedTuple):
    """Sets of items that were answered in one visit.   each [Q], in the order of rows"""

    row: Ints  # of the visits
    skill: Ints  # into skills
    item: Ints  # into items: what was asked
    asked: Ints  # items, >= 1
    right: Ints  # of them


@dataclass(frozen=True)
class Visits:
    """Rows of a log, sorted by learner and time."""

    source: str
    learner: Ints  # [M] 0 .. N - 1
    activity: Ints  # [M] into activities, or NONE: nothing was taken
    activities: tuple[str, ...]  # titles
    skills: tuple[str, ...]
    items: tuple[str, ...]
    answers: Answers
    offered: Ints | None = None  # [M] the activity offered, where another or none may have been taken
    done: NDArray[np.bool_] | None = None  # [M] it was finished
    day: Floats | None = None  # [M]
    minutes: Floats | None = None  # [M] 0 where none are known
    rating: Floats | None = None  # [M] 0 where none was given
    left: NDArray[np.bool_] | None = None  # [M] the learner left for good afterwards
    lasted: Floats | None = None  # [M] days from a row to leaving what it is about, NaN: stayed; else by ``left`` alone
    groups: Mapping[str, Ints] = field(default_factory=dict)  # attribute -> [M], NONE where it is not known
    called: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # attribute -> names of its groups, if any

    @property
    def learners(self) -> int:
        return int(self.learner[-1]) + 1 if len(self.learner) else 0

    @property
    def first(self) -> NDArray[np.bool_]:
        """The first row of each learner.   [M]"""
        return np.asarray(np.diff(self.learner, prepend=-1) != 0)

    @property
    def shown(self) -> Ints:
        """The activity that a row is about: taken, else offered and not taken.   [M]"""
        return self.activity if self.offered is None else np.where(self.activity >= 0, self.activity, self.offered)

    @property
    def step(self) -> Ints:
        """Rows of the same learner before this one.   [M]"""
        starts = np.flatnonzero(self.first)
        return np.arange(len(self.learner)) - starts[self.learner]

    def earlier(self, weight: NDArray[Any]) -> Floats:
        """Visits of the same learner to each activity before each row, counted by weight.   [M] -> [M, A]"""
        took = np.flatnonzero((self.activity >= 0) & (weight > 0))
        count = np.zeros((len(self.learner) + 1, len(self.activities)), np.float32)
        count[took + 1, self.activity[took]] = weight[took]
        np.cumsum(count, 0, out=count)
        return np.asarray(count[:-1] - count[np.flatnonzero(self.first)][self.learner], np.float64)


def of_log(log: EventLog, world: World) -> Visits:
    """An event log and the catalogue it speaks of.

    Raises:
        ValueError: the log speaks of activities that the world does not have.
    """
    if len(log) and max(log["offered"].max(), log["taken"].max()) >= len(world.activities):
        raise ValueError(f"the log speaks of activity {max(log['offered'].max(), log['taken'].max())}; needed 0 to "
                         f"{len(world.activities) - 1}, rows of the catalogue of {world.name}")  # fmt: skip
    order = np.lexsort((log["step"], log["learner"]))
    _, learner = np.unique(log["learner"][order], return_inverse=True)
    taken, offered = (log[name][order].astype(np.int64) for name in ("taken", "offered"))
    answers, items = _asked(log, order, world)
    groups = {name: log[name][order].astype(np.int64) for name in ("site", "tenure")}
    return Visits(
        f"{log.policy} in {world.title}", learner.astype(np.int64),
        np.where(taken > 0, taken, NONE), tuple(a.title for a in world.activities),
        tuple(skill.title for skill in world.skills), items, answers,
        offered=np.where(offered[:, 0] > 0, offered[:, 0], NONE), done=log["completed"][order],
        day=log["day"][order].astype(np.float64), minutes=log["minutes"][order].astype(np.float64),
        rating=log["rating"][order].astype(np.float64), left=log["left"][order],
        groups={name: codes for name, codes in groups.items() if codes.max(initial=NONE) > codes.min(initial=0) >= 0},
    )  # fmt: skip


def _asked(log: EventLog, order: Ints, world: World) -> tuple[Answers, tuple[str, ...]]:
    """Correct answers by assessed skill, with the items that the catalogue declares."""
    taken, items, answers = (log[name][order] for name in ("taken", "items", "answers"))
    parts: list[Any] = []
    names: list[str] = []
    for a in np.unique(taken[items > 0]):
        rows, declared = np.flatnonzero((taken == a) & (items > 0)), np.flatnonzero(world.assesses[a])
        for place, k in enumerate(declared):
            asked = items[rows] if len(declared) == 1 else np.full(len(rows), int(world.assesses[a, k]))
            right = np.minimum(answers[rows, place], asked)
            title = world.activities[a].title + (f" · {world.skills[k].title}" if len(declared) > 1 else "")
            parts.append(np.stack([rows, np.full(len(rows), k), np.full(len(rows), len(names)), asked, right]))
            names.append(title)
    joined = np.concatenate(parts, 1).astype(np.int64) if parts else np.zeros((5, 0), np.int64)
    return Answers(*joined[:, np.argsort(joined[0], kind="stable")]), tuple(names)


__all__ = ["NONE", "Answers", "Visits", "of_log"]
