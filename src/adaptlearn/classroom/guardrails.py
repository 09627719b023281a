"""The learning department's rules on a classroom's masks: gates, pass marks, live activities a week, due days, pins.

``core.catalogue.Rules`` says what each rule means; what is excluded or not yet open the kernels know already. A pass of
its own after each step, so a world without such rules pays nothing. Its twin at work is ``export.runtime.guardrails``.

Axes: N rows of the classroom, A activities, D activities with a due day, M with a pass mark.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.classroom.layout import EVENT
from adaptlearn.core.catalogue import DUE_MARGIN, FEATURES
from adaptlearn.core.learner import Life, Traits
from adaptlearn.core.world import World

if TYPE_CHECKING:
    from adaptlearn.classroom.room import Classroom

WEEK = np.float32(7.0)
VISIT = [EVENT.index(name) for name in ("taken", "completed", "items", "correct")]
ALIVE, DAY, WEEKLY = Life._fields.index("alive"), Life._fields.index("day"), Traits._fields.index("weekly_minutes")

Bools = NDArray[np.bool_]


class Guardrails:
    """The rules of one world, made ready. ``any`` is False where there is nothing to do."""

    def __init__(self, world: World):
        rules = world.rules
        self.live_per_week = rules.live_per_week
        self.live = world.scalars[:, FEATURES.index("live")] > 0.5
        self.minutes = world.scalars[:, FEATURES.index("minutes")]
        self.due = sorted((np.float32(day), world.activity_index[name]) for name, day in rules.due)
        self.pinned = np.array([world.activity_index[name] for name in rules.pinned], np.int64)
        at = world.activity_index
        self.gated, self.gates = np.array([(at[a], at[gate]) for a, gate in rules.after], np.int64).reshape(-1, 2).T
        self.marked = np.array([at[name] for name, _ in rules.pass_mark], np.int64)
        self.marks = np.array([mark for _, mark in rules.pass_mark], np.float64)
        self.any = bool(rules.pinned or rules.due or rules.after or rules.live_per_week is not None)

    def witness(self, room: "Classroom", rows: NDArray[np.int64]) -> None:
        """Who of these has passed what, in the visit that they have just made."""
        room.passed[rows] |= self.passing(*room.event[rows][:, VISIT].T)

    def passing(self, taken: Any, completed: Any, items: Any, correct: Any) -> Bools:
        """What each visit passes.   [n] each -> [n, M]"""
        share = correct.astype(np.float64) / np.maximum(items, 1)
        return np.asarray((taken[:, None] == self.marked) & (share[:, None] >= self.marks) & (completed[:, None] > 0))

    def met(self, visits: NDArray[Any], passed: Bools) -> Bools:
        """What was taken, and passed where it has a mark.   [n, A], [n, M] -> [n, A]"""
        done = visits > 0
        done[:, self.marked] = passed
        return np.asarray(done)

    def narrow(self, room: "Classroom", rows: Any) -> None:
        """Take what the rules forbid out of the masks of these rows, for whoever lives there."""
        if not self.any:
            return
        who = np.arange(room.n)[rows]
        who = who[room.life[who, ALIVE] > 0.5]
        able, taken = room.mask[who] > 0, room.visits[who] > 0
        met = self.met(room.visits[who], room.passed[who])
        today, weekly = room.life[who, DAY], room.traits[who, WEEKLY]
        able[:, self.gated] &= met[:, self.gates]
        if self.live_per_week is not None:
            self._spread_live(able, taken, room.last[who], today)
        if self.due:
            self._keep_dates(able, met, today, weekly)
        if len(self.pinned):
            pins = able[:, self.pinned] & ~met[:, self.pinned]
            waiting = pins.any(1)
            able[waiting] = False
            able[np.ix_(waiting, self.pinned)] = pins[waiting]
        able[:, 0] = True
        room.mask[who] = able

    def _spread_live(self, able: Bools, taken: Bools, last: NDArray[np.float32], today: NDArray[np.float32]) -> None:
        """At most so many live activities in a week of the programme, and none of them twice in it."""
        monday = WEEK * np.floor(today / WEEK)
        this_week = taken & self.live & (last >= monday[:, None])
        able &= ~this_week
        full = this_week.sum(1) >= self.live_per_week
        able[full] &= ~self.live

    def _keep_dates(self, able: Bools, met: Bools, today: NDArray[np.float32], weekly: NDArray[np.float32]) -> None:
        """Nothing that would leave too few minutes for what is due: earliest due day first (Jackson 1955)."""
        need, spare, own = np.zeros_like(today), np.full_like(today, np.inf), {}
        for day, a in self.due:
            owed = able[:, a] & ~met[:, a]
            own[a] = np.where(owed, spare, np.nan)  # what is due itself waits only for what is due before it
            need = need + np.where(owed, DUE_MARGIN * self.minutes[a], np.float32(0.0))
            left = np.maximum(day - today, np.float32(0.0)) * weekly / WEEK - need
            spare = np.where(owed, np.minimum(spare, left), spare)
        bound = np.repeat(spare[:, None], able.shape[1], 1)
        for a, most in own.items():
            bound[:, a] = np.where(np.isnan(most), spare, most)
        able &= self.minutes <= bound
