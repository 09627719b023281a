"""Who acts next. Alone, everybody at once; in cohorts, week by week, so that what is shared is fair and reproducible.

A week begins with how the others stand, published to everyone and unchanged until the next. Within it, everyone whose
next decision falls on the day acts at once; what is scarce goes by priority, then by a ticket of the learner's own
luck, and whoever gets no seat chooses anew among what is left. Nothing rests on the order of rows, or on who is
simulated beside a cohort: one more cohort changes nobody else's life.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.classroom.layout import EVENT, SELF
from adaptlearn.classroom.seats import Seats
from adaptlearn.core import luck
from adaptlearn.core.cohorts import WEEK, Cohorts, scarcity
from adaptlearn.core.policy import Desk, Orchestrator

if TYPE_CHECKING:
    from adaptlearn.classroom.room import Classroom

Ints, Bools = NDArray[np.int64], NDArray[np.bool_]
TAKEN = EVENT.index("taken")


@dataclass
class Alone:
    """Everyone acts at every step; nothing is shared."""

    room: "Classroom"

    def turn(self) -> Bools:
        """Whose decision comes next; nobody: all is over.   -> [N]"""
        return self.room.alive

    def decide(self, choose: Callable[[Bools | None], None]) -> None:
        """Have offers written by ``choose(whose)``."""
        choose(None)

    def settle(self) -> None:
        """What a step used up."""

    def full(self) -> Ints | None:
        """What had no seat for whom, at the decision that is being made; None where nothing is scarce."""
        return None


class Rounds:
    """Cohorts of one classroom, in weekly rounds.

    Args:
        room: begun, with the ids of its learners.
        orchestrator: who gets what is scarce; None: first come, first served.
    """

    def __init__(self, room: "Classroom", orchestrator: Orchestrator | None = None):
        self.room, self.orchestrator, world = room, orchestrator, room.rules.world
        self.terms = world.cohorts or Cohorts()
        self.order, self.starts = members(self.terms, room.ids)
        self.cohort = np.empty(room.n, np.int64)  # [N] counted from 0 in this room
        self.cohort[self.order] = np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))
        self.seats = Seats(scarcity(world.activities, self.terms), len(self.starts) - 1, len(world.activities))
        self.scarce = self.seats.table.activities
        self.priority = np.zeros((room.n, len(self.scarce)))  # [N, S]
        self.week, self.until = -1, 0.0
        self.acting = np.zeros(room.n, bool)
        self.shut = np.zeros((room.n, len(self.scarce)), bool)  # [N, S] had no seat at this decision

    def turn(self) -> Bools:
        """Whose decision comes next; nobody: all is over.   -> [N]"""
        room = self.room
        if not room.alive.any():
            return room.alive
        today = float(np.floor(room.now("day")[room.alive].min()))
        if today >= self.until:
            self.until = room.until = today + 1.0
            if int(today) // WEEK > self.week:
                self._begin_week(int(today) // WEEK)
        self.acting = room.acting
        self._close()
        return self.acting

    def _begin_week(self, week: int) -> None:
        self.week = week
        self.room.publish(self.order, self.starts, float(WEEK * week))
        self.seats.renew()
        self.priority[...] = 0.0
        if self.orchestrator is not None and len(self.scarce):
            for first, stop in zip(self.starts[:-1], self.starts[1:], strict=True):
                rows = self.order[first:stop]
                rows = rows[self.room.alive[rows]]
                if len(rows):
                    self.priority[rows] = self._asked(self.orchestrator, rows)

    def desk(self, rows: Ints) -> Desk:
        """What an orchestrating agent sees of some members of one cohort at the start of a week."""
        room, table = self.room, self.seats.table
        return Desk(self.week, room.view[rows].copy(), room.history(rows=rows), room.rules.world.features, self.scarce,
                    table.resources, table.use, table.limit)  # fmt: skip

    def _asked(self, orchestrator: Orchestrator, rows: Ints) -> NDArray[np.float64]:
        given = np.asarray(orchestrator.share(self.desk(rows)), np.float64)
        wanted = (len(rows), self.priority.shape[1])
        if given.shape != wanted or np.isnan(given).any():
            raise ValueError(
                f"{orchestrator.name}: priorities of shape {given.shape}{', some NaN' * bool(np.isnan(given).any())}; "
                f"needed numbers {wanted}, one per learner and scarce activity, e.g. np.zeros({wanted})"
            )
        return given

    def _close(self) -> None:
        """Take what is full, or held back for others, out of the masks of whoever acts."""
        if not len(self.scarce):
            return
        rows = np.flatnonzero(self.acting)
        shut = self.seats.full()[self.cohort[rows]]
        if self.until - 1.0 - WEEK * self.week < self.terms.held_days:
            shut |= self.priority[rows] < 0.0
        self.shut[rows] = shut & (self.room.mask[np.ix_(rows, self.scarce)] > 0)
        self._take(rows, ~shut)

    def _take(self, rows: Ints, open_: Bools) -> None:
        """Leave of the scarce activities only these in the masks.   open_ [n, S]"""
        self.room.mask[np.ix_(rows, self.scarce)] *= open_.astype(np.uint8)

    def decide(self, choose: Callable[[Bools | None], None]) -> None:
        """Have offers written by ``choose(whose)``: of everyone acting, then again of whoever was refused a seat.

        At the end each mask holds what is not scarce, and what a seat is kept for: no seat is taken twice.
        """
        room, whose = self.room, self.acting.copy()
        free = room.terms.decides == SELF
        while True:
            choose(whose)
            who, what = self._wanted(free)
            met = self._grant(who, what)
            if free or met.all():
                break
            room.mask[who[~met], self.scarce[what[~met]]] = 0
            self.shut[who[~met], what[~met]] = True
            whose[...] = False
            whose[who[~met]] = True
        kept = np.zeros((room.n, len(self.scarce)), bool)
        kept[who[met], what[met]] = True
        rows = np.flatnonzero(self.acting)
        self._take(rows, kept[rows])

    def full(self) -> Ints | None:
        """What had no seat for whom, at the decision that is being made: rows of the catalogue, then 0.   -> [N, W]"""
        if not len(self.scarce):
            return None
        named = np.where(self.shut, self.scarce, 0)
        widest = max(int(self.shut[self.acting].sum(1).max(initial=0)), 1)
        return -np.sort(-named, 1)[:, :widest]

    def _wanted(self, free: bool) -> tuple[Ints, Ints]:
        """Legal scarce activities in the offers; where learners choose for themselves, all that are legal.   -> [Q]"""
        room, rows = self.room, np.flatnonzero(self.acting)
        if free:
            at, what = np.nonzero(room.mask[np.ix_(rows, self.scarce)])
            return rows[at], what
        what = self.seats.column[room.offers[rows]]  # [n, k]
        legal = room.mask[rows[:, None], room.offers[rows]] > 0
        at, place = np.nonzero((what >= 0) & legal)
        return rows[at], what[at, place]

    def _grant(self, who: Ints, what: Ints) -> Bools:
        room = self.room
        ticket = luck.uniform(room.seed, luck.TICKET, room.ids[who], room.now("step")[who])
        return self.seats.grant(who, what, self.priority[who, what], ticket, self.cohort)

    def settle(self) -> None:
        """What a step used up."""
        rows = self.order[self.acting[self.order]]
        what = self.seats.column[self.room.event[rows, TAKEN].astype(np.int64)]
        if (what >= 0).any():
            self.seats.spend(self.cohort[rows[what >= 0]], what[what >= 0])


def members(cohorts: Cohorts, ids: ArrayLike) -> tuple[Ints, Ints]:
    """Rows by cohort and then learner, and where each cohort begins.   ids [N] -> [N], [C + 1]"""
    number = cohorts.of(ids)
    order = np.lexsort((np.asarray(ids, np.uint64), number))
    edges = np.flatnonzero(np.diff(number[order])) + 1
    return order, np.concatenate([[0], edges, [len(order)]]).astype(np.int64)


def portions(cohorts: Cohorts | None, ids: ArrayLike, most: int) -> list[Ints]:
    """Rows in parts of at most ``most`` learners, none of which splits a cohort (one larger than that stays whole)."""
    n = np.size(ids)
    if cohorts is None:
        return [np.arange(start, min(start + most, n)) for start in range(0, n, most)]
    order, starts = members(cohorts, ids)
    parts, first = [], 0
    for last, stop in zip(starts[1:-1], starts[2:], strict=True):
        if stop - first > most:
            parts.append(order[first:last])
            first = last
    return [*parts, order[first:]]
