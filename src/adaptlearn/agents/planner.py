"""A planner on true minds: what could be reached by one who sees the learner and knows the law, but not the future.

At every decision it searches orders of visits on imagined copies of each learner, keeps the best, offers its first
visit, and goes on from there at the next decision: rolling-horizon search with open-loop plans (Perez et al. 2013).
Imagined copies have imagined luck, new at every decision; so answers are read between decisions and never ahead, and
that the destination may change is known, but not whether and when. A mark for tables, never exported.

Axes: as in ``plans``; C copies of a learner.
"""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.agents.linear import Linear
from adaptlearn.agents.plans import Orders, about, imagined_seed, usual
from adaptlearn.classroom.imagined import Imagined, changes_of
from adaptlearn.core import luck


@dataclass(frozen=True)
class Settings:
    """Of the search."""

    first: int = 6000  # neighbours tried at the first decision and after a change of destination
    then: int = 300  # at every other decision
    copies: int = 2  # imagined lives each order is judged by

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) < 1:
                raise ValueError(f"planner: {field.name} = {getattr(self, field.name)}; "
                                 f"needed a whole number >= 1, e.g. {field.default}")  # fmt: skip


class Planner:
    """See the module's text. One instance plans for one room at a time; a new room begins anew."""

    name = "planner"

    def __init__(self, settings: Settings | None = None, start: Orders | None = None):
        """start [R, E]: orders to begin with, per destination; without, a linear scorer's usual ones."""
        self.settings, self.start = settings or Settings(), start
        self._room: Any = None

    def decide(self, classroom: Any) -> NDArray[np.int32]:
        """One activity per learner.   -> int32 [N]"""
        from adaptlearn.agents.plan_kernels import due

        self._meet(classroom)
        role = classroom.now("role").astype(np.int64)
        fresh = self.role != role
        self.orders[fresh], self.role = self.start_orders[role[fresh]], role
        alive = classroom.alive
        for who, budget in ((alive & fresh, self.settings.first), (alive & ~fresh, self.settings.then)):
            self._improve(classroom, np.flatnonzero(who), budget)
        return due(self.orders, classroom.visits, classroom.mask)  # type: ignore[no-any-return]

    def _meet(self, classroom: Any) -> None:
        """In a new room nobody has a plan yet."""
        if classroom is self._room:
            return
        self._room, rules = classroom, classroom.rules
        seed = imagined_seed(classroom.seed, 0)
        self.imagined = Imagined(rules, self.settings.copies, seed)
        start = usual(Linear.for_world(rules.world), rules, seed) if self.start is None else self.start
        self.start_orders, self.orders = start, np.zeros((classroom.n, start.shape[1]), np.int16)
        self.role, self.about = np.full(classroom.n, -1), about(rules.world)

    def _improve(self, room: Any, rows: NDArray[np.int64], budget: int) -> None:
        """Search on for some learners."""
        if len(rows) == 0:
            return
        step, copies = room.now("step")[rows].astype(np.int64), np.arange(self.settings.copies)
        mine, several = self.orders[rows], (len(rows), len(copies))
        self.imagined.improve(
            room, np.broadcast_to(rows[:, None], several).copy(),
            luck.rebirth(self.imagined.seed, room.ids[rows, None], step[:, None] * 64 + copies), room.ids[rows],
            np.broadcast_to(changes_of(room)[rows, None], several), self.about[self.role[rows]], mine,
            step * (1 << 20), budget,
        )  # fmt: skip
        self.orders[rows] = mine
