"""A planner on true minds: what could be reached by one who sees the learner and knows the law, but not the future.

At every decision it tries orders of visits on imagined copies of each learner, keeps the best, offers its first visit,
and goes on from there at the next decision: rolling-horizon search with open-loop plans (Perez et al. 2013). Imagined
copies have imagined luck, new at every decision, and an imagined change of destination; so answers are read between
decisions and never ahead. All candidates of a learner meet the same luck. A mark for tables, never exported.

Axes: as in ``plans``; D imagined futures.
"""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.agents.linear import Linear
from adaptlearn.agents.plans import Orders, Stage, chances, imagined_seed, neighbours
from adaptlearn.agents.programme import usual
from adaptlearn.core import luck
from adaptlearn.core.learner import NEVER, Traits

SWITCH_DAY, SWITCH_ROLE = Traits._fields.index("switch_day"), Traits._fields.index("switch_role")


@dataclass(frozen=True)
class Settings:
    """Of the search."""

    candidates: int = 32  # orders tried per learner and round, the current one among them
    futures: int = 4  # imagined lives each order is judged by
    rounds: int = 1  # at every decision
    first: int = 20  # rounds at the first decision and after a change of destination
    calm: bool = True  # imagined lives have less chance in them
    rows: int = 2048  # lives imagined at once; a memory bound, invisible in results

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.name != "calm" and getattr(self, field.name) < 1 + (field.name == "candidates"):
                raise ValueError(f"planner: {field.name} = {getattr(self, field.name)}; needed a whole number >= "
                                 f"{1 + (field.name == 'candidates')}, e.g. {field.default}")  # fmt: skip


class Planner:
    """See the module's text. One instance plans for one room at a time; a new room begins anew."""

    name = "planner"

    def __init__(self, settings: Settings | None = None, start: Orders | None = None):
        """start [R, E]: orders to begin with, per destination; without, a linear scorer's usual ones."""
        self.settings, self.start = settings or Settings(), start
        self._room: Any = None

    def decide(self, classroom: Any) -> NDArray[np.int32]:
        """One activity per learner.   -> int32 [N]"""
        self._meet(classroom)
        chosen = np.zeros(classroom.n, np.int32)
        alive = np.flatnonzero(classroom.alive)
        state = classroom.snapshot()
        role = classroom.now("role").astype(np.int64)
        fresh = self.role != role
        self.orders[fresh], self.role = self.start_orders[role[fresh]], role
        for who, rounds in ((alive[fresh[alive]], self.settings.first), (alive[~fresh[alive]], self.settings.rounds)):
            size = max(1, self.settings.rows // (self.settings.candidates * self.settings.futures))
            for begin in range(0, len(who), size):
                rows = who[begin : begin + size]
                self._improve(state, rows, rounds)
                chosen[rows] = self._first(classroom, rows)
        return chosen

    def values(self, classroom: Any, rows: NDArray[np.int64], rounds: int) -> NDArray[np.float32]:
        """Worth of beginning with each activity and going on by the plan, improved by ``rounds`` of search from the
        start. Not a number where an activity is not legal, or has nothing to do with the destination.   -> [n, A]
        """
        self._meet(classroom)
        state, world = classroom.snapshot(), classroom.rules.world
        self.role[rows] = classroom.now("role")[rows].astype(np.int64)
        self.orders[rows] = self.start_orders[self.role[rows]]
        about = (world.needed @ (world.teaches + world.assesses).T > 0)[self.role[rows]]
        wanted = about & (classroom.mask[rows] > 0)
        most = int(wanted.sum(1).max(initial=1))
        found = np.full(wanted.shape, np.nan, np.float32)
        size = max(1, self.settings.rows // (max(most, self.settings.candidates) * self.settings.futures))
        for begin in range(0, len(rows), size):
            part = slice(begin, begin + size)
            self._improve(state, rows[part], rounds)
            self._sweep(state, rows[part], wanted[part], most, found[part])
        return found

    def _sweep(
        self, state: dict[str, NDArray[Any]], rows: NDArray[np.int64], wanted: NDArray[np.bool_], most: int, found: Any
    ) -> None:
        from adaptlearn.agents.plan_kernels import fronted

        entries, base = self.stage.entries, self.orders[rows]
        first = np.full((len(rows), most), -1)
        place = np.where(wanted, wanted.cumsum(1) - 1, -1)
        who, what = np.nonzero(wanted)
        first[who, place[who, what]] = what
        tried = np.empty((*first.shape, base.shape[1]), np.int16)
        fronted(base, entries.activity, entries.times, state["visits"][rows], first, tried)
        step = state["life"][rows, _STEP].astype(np.int64)
        worth = self._worth(state, rows, tried, step * 64 + 63).mean(2)
        found[who, what] = worth[who, place[who, what]]

    def _meet(self, classroom: Any) -> None:
        """In a new room nobody has a plan yet."""
        if classroom is self._room:
            return
        self._room = classroom
        self.stage = Stage(classroom, self.settings.rows, imagined_seed(classroom.seed, 0), calm=self.settings.calm)
        entries, rules = self.stage.entries, classroom.rules
        guide = Linear.for_world(rules.world)
        start = usual(guide, rules, self.stage.room.seed, entries) if self.start is None else self.start
        self.start_orders, self.orders = start, np.zeros((classroom.n, start.shape[1]), np.int16)
        self.role, self.length = np.full(classroom.n, -1), np.full(classroom.n, 50.0)

    def _first(self, classroom: Any, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The first visit of each plan that is legal; 0 where none is."""
        activity, times = self.stage.entries.activity, self.stage.entries.times
        orders = self.orders[rows]
        due = (classroom.mask[rows[:, None], activity[orders]] > 0) & (
            classroom.visits[rows[:, None], activity[orders]] < times[orders]
        )
        return np.where(due.any(1), activity[orders[np.arange(len(rows)), due.argmax(1)]], 0)

    def _improve(self, state: dict[str, NDArray[Any]], rows: NDArray[np.int64], rounds: int) -> None:
        """A few rounds of search for some learners; keeps the best order found for each."""
        from adaptlearn.agents.plan_kernels import fulfilled_last

        s, entries, stage = self.settings, self.stage.entries, self.stage
        mine = self.orders[rows]
        fulfilled_last(mine, entries.activity, entries.times, state["visits"][rows])
        step = state["life"][rows, _STEP].astype(np.int64)
        for turn in range(rounds):
            u = chances(stage.room.seed, state["ids"][rows], step * 64 + turn, s.candidates)
            tried = neighbours(mine, self.length[rows], u)
            worth = self._worth(state, rows, tried, step * 64 + turn)
            best = worth.mean(2).argmax(1)
            mine = tried[np.arange(len(rows)), best]
        self.orders[rows] = mine

    def _worth(
        self, state: dict[str, NDArray[Any]], rows: NDArray[np.int64], tried: Orders, turn: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """What candidates are worth to their learners in imagined futures.   tried [G, C, E] -> [G, C, D]"""
        g, c, d = len(rows), tried.shape[1], self.settings.futures
        orders = np.concatenate([tried.reshape(g * c, -1), self.start_orders])
        shape = (g, c, d)
        luck_of = luck.rebirth(self.stage.room.seed, state["ids"][rows, None], turn[:, None] * 64 + np.arange(d))
        ids = np.broadcast_to(luck_of[:, None, :], shape).ravel()
        self.stage.place(state, np.broadcast_to(rows[:, None, None], shape).ravel(), ids)
        self._imagine_change(g * c * d)
        which = np.tile(g * c + np.arange(len(self.start_orders), dtype=np.int32), (g * c * d, 1))
        which[np.arange(g * c * d), np.repeat(self.role[rows], c * d)] = np.repeat(np.arange(g * c), d)
        worth = self.stage.live(orders, which).reshape(shape)
        self.length[rows] = self.stage.steps[: g * c * d].reshape(shape)[:, 0].mean(1)
        return worth

    def _imagine_change(self, n: int) -> None:
        """A change of destination is part of the future: whoever has not changed yet changes by imagined luck."""
        room, people = self.stage.room, self.stage.room.rules.population
        roles = len(self.start_orders)
        u = luck.uniform(room.seed, luck.POPULATION, room.ids[:n, None], 1, np.arange(3))
        day, role = room.now("day")[:n], room.now("role")[:n]
        other = (role + 1.0 + np.floor(u[:, 2] * max(roles - 1.0, 0.0))) % roles
        other = other if people.change_to < 0 else np.full_like(other, people.change_to)
        waits = day < people.change_day if people.change_scripted else np.exp(-day / people.change_day)
        still = people.change_rate * waits
        changes = (u[:, 0] < still / (1.0 - people.change_rate + still + 1e-9)) & (other != role)
        ahead = day - people.change_day * np.log(np.float32(1.0) - u[:, 1])
        ahead = np.full_like(ahead, people.change_day) if people.change_scripted else ahead
        open_yet = role == room.traits[:n, SWITCH_ROLE]  # has changed, or never will
        waiting = ~open_yet | (room.traits[:n, SWITCH_DAY] >= NEVER)
        room.traits[:n, SWITCH_DAY] = np.where(waiting & changes, ahead, NEVER)
        room.traits[:n, SWITCH_ROLE] = np.where(waiting & changes, other, role)


def _column(name: str) -> int:
    from adaptlearn.core.learner import Life

    return Life._fields.index(name)


_STEP = _column("step")
