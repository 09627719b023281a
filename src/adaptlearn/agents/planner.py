"""A planner on true minds: what could be reached by one who sees the learner and knows the law, but not the future.

At every decision it searches orders of visits on imagined copies of each learner, keeps the best, offers its first
visit, and goes on from there at the next decision: rolling-horizon search with open-loop plans (Perez et al. 2013).
Imagined copies have imagined luck, new at every decision; so answers are read between decisions and never ahead, and
that the destination may change is known, but not whether and when. A mark for tables, never exported.

Axes: as in ``plans``; C copies of a learner.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.agents import programme
from adaptlearn.agents.cloud import Cloud
from adaptlearn.agents.linear import Linear
from adaptlearn.agents.plans import Orders, about, imagined_seed, require_counts, usual
from adaptlearn.classroom.imagined import Imagined, changes_of
from adaptlearn.core import luck


@dataclass(frozen=True)
class Settings:
    """Of the search."""

    first: int = 6000  # neighbours tried at the first decision and after a change of destination
    then: int = 300  # at every other decision
    copies: int = 2  # imagined lives each order is judged by
    sure: float = 0.0  # standard errors over the copies by which a neighbour must be better

    def __post_init__(self) -> None:
        require_counts("planner", self, sure=0)


class Planner:
    """See the module's text. One instance plans for one room at a time; a new room begins anew."""

    name = "planner"
    per = 1  # rows of those who are imagined to a row of the classroom

    def __init__(self, settings: Settings | None = None, start: Orders | None = None):
        """start [R, E]: orders to begin with, per destination; without, those that the class says."""
        self.settings, self.start = settings or Settings(), start
        self._room: Any = None

    def decide(self, classroom: Any) -> NDArray[np.int32]:
        """One activity per learner.   -> int32 [N]"""
        from adaptlearn.agents.plan_kernels import due

        self.look(classroom)
        self.improve(classroom, np.flatnonzero(classroom.alive))
        return due(self.orders, classroom.visits, classroom.mask)  # type: ignore[no-any-return]

    def values(self, classroom: Any, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Worth still to come of beginning with each activity and going on by the plan, searched on first.   -> [n, A]

        Not a number where an activity is not legal, or has nothing to do with the destination. Call ``look`` first.
        """
        self.improve(classroom, rows)
        luck_of = self._luck_of(classroom, rows)
        people, source, rate = self._copies(classroom, rows, luck_of)
        wanted = self.about[self.role[rows]] & (classroom.mask[rows] > 0)
        changes = np.broadcast_to(rate[:, None], source.shape)
        return self.imagined.sample(people, source, luck_of, changes, wanted, self.orders[rows])

    def look(self, classroom: Any) -> None:
        """What has happened since; a plan for another destination is given up."""
        self._meet(classroom)
        self.imagined.reckon(classroom, self.per)
        role = classroom.now("role").astype(np.int64)
        fresh = self.role != role
        self.orders[fresh], self.role = self.start_orders[role[fresh]], role
        self.fresh |= fresh

    def improve(self, classroom: Any, rows: NDArray[np.int64]) -> None:
        """Search on for some learners: long where the plan is new, else a little."""
        s, new = self.settings, self.fresh[rows]
        for who, budget in ((rows[new], s.first), (rows[~new], s.then)):
            if len(who):
                self._improve(classroom, who, budget)
        self.fresh[rows] = False

    def _meet(self, classroom: Any) -> None:
        """In a new room nobody has a plan yet."""
        if classroom is not self._room:
            self._begin(classroom, classroom.rules)

    def _begin(self, classroom: Any, rules: Any) -> None:
        self._room = classroom
        seed = imagined_seed(classroom.seed, 0)
        self.imagined = Imagined(rules, self.settings.copies, seed)
        start = self._usual(classroom, rules, seed) if self.start is None else self.start
        self.start_orders, self.orders = start, np.zeros((classroom.n, start.shape[1]), np.int16)
        self.role, self.about, self.fresh = np.full(classroom.n, -1), about(rules.world), np.zeros(classroom.n, bool)

    def _usual(self, classroom: Any, rules: Any, seed: int) -> Orders:
        return usual(Linear.for_world(rules.world), rules, seed)

    def _improve(self, room: Any, rows: NDArray[np.int64], budget: int) -> None:
        step, mine, luck_of = room.now("step")[rows].astype(np.int64), self.orders[rows], self._luck_of(room, rows)
        people, source, rate = self._copies(room, rows, luck_of)
        changes = np.broadcast_to(rate[:, None], source.shape)
        self.imagined.improve(people, source, luck_of, room.ids[rows], changes, self.about[self.role[rows]], mine,
                              step * (1 << 20), budget, self.settings.sure)  # fmt: skip
        self.orders[rows] = mine

    def _luck_of(self, room: Any, rows: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Imagined luck of each copy, new at every decision.   -> [n, C]"""
        step = room.now("step")[rows, None].astype(np.int64)
        return luck.rebirth(self.imagined.seed, room.ids[rows, None], step * 64 + np.arange(self.settings.copies))

    def _copies(self, room: Any, rows: NDArray[np.int64], luck_of: Any) -> tuple[Any, NDArray[np.int64], Any]:
        """Who is imagined: people, their rows [n, C], and P(the destination will ever change) [n]."""
        several = (len(rows), self.settings.copies)
        return room, np.broadcast_to(rows[:, None], several).copy(), changes_of(room)[rows]


class RecordPlanner(Planner):
    """The same search, for one who sees no mind: copies are drawn from what the record says the learner may be like.

    It knows law, population and catalogue as declared, and reads what a platform sees (``cloud``). What it is worth is
    how much of the ceiling the record's information allows; it needs the law at every decision, so it is no policy.
    """

    name = "record-planner"

    def __init__(self, settings: Settings | None = None, start: Orders | None = None, particles: int = 512):
        Planner.__init__(self, settings or Settings(first=1000, then=150, copies=32, sure=1.0), start)
        self.particles = self.per = particles

    def _meet(self, classroom: Any) -> None:
        if classroom is self._room:
            living = np.flatnonzero(classroom.now("step") > self.steps)
            self.cloud.witness(classroom, living)
        else:
            believed = self._believed(classroom.rules)
            self._begin(classroom, believed)
            self.cloud = Cloud(believed, classroom, self.particles, self.imagined.seed)
            self.first_role = classroom.now("role").copy()
        self.steps = classroom.now("step").copy()

    def _believed(self, rules: Any) -> Any:
        """The author's word is all that a platform has."""
        return replace(rules, catalogue="as_written")

    def _usual(self, classroom: Any, rules: Any, seed: int) -> Orders:
        """For whom nobody has met, the best plan is the best for all: a fixed programme, as far as it is believed."""
        return programme.fit(rules, type(classroom), seed, programme.Settings(rounds=8)).orders(rules.world)

    def _copies(self, room: Any, rows: NDArray[np.int64], luck_of: Any) -> tuple[Any, NDArray[np.int64], Any]:
        changed = room.now("role")[rows] != self.first_role[rows]
        rate = np.where(changed, 0.0, self.imagined.rules.population.change_rate)
        return self.cloud, self.cloud.drawn(rows, self.settings.copies, luck_of[:, 0]), rate


class ToldPlanner(RecordPlanner):
    """The planner on records, told what the activities truly teach: what an agent finds out that is trained in
    simulation, where the catalogue's errors are those of the room it is scored in. The fair ceiling of such agents.
    """

    name = "told-planner"

    def _believed(self, rules: Any) -> Any:
        return rules
