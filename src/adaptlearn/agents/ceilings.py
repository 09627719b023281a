"""What one could reach who saw the minds: upper marks for tables, never policies, never exported.

A ceiling is handed the classroom itself (``core.policy.Ceiling``). It tries every activity on imagined copies of the
same learners; imagined luck has its own address, so that it knows the law and the minds, but not the future.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.core import luck

SHORTEST = 0.05  # days; below this a gain per day says nothing


@dataclass(frozen=True)
class Greedy:
    """The activity with the largest true gain of the goal per day of the learner's time, one step ahead.

    A day counts what the learner's week makes of the minutes, and what a skipped offer costs. Alone it falls for what
    is ready now; with ``prerequisites`` a needed prerequisite is worth up to that much of a target, less as the
    programme runs out, since it only pays through what is built on it.
    """

    prerequisites: float = 0.0  # worth of a needed prerequisite, in target weights, while there is all the time left
    draws: int = 1  # imagined outcomes each activity is judged by, >= 1
    name: str = "greedy"

    def __post_init__(self) -> None:
        if self.draws < 1 or self.prerequisites < 0:
            raise ValueError(f"Greedy(prerequisites={self.prerequisites}, draws={self.draws}); "
                             "needed numbers >= 0 and >= 1, e.g. Greedy(1.0, 1)")  # fmt: skip

    def decide(self, classroom: Any) -> NDArray[np.int32]:
        """The best legal activity for everyone; "nothing now" where nothing else is legal.   -> int32 [N]"""
        state, day = classroom.snapshot(), classroom.now("day").copy()
        left = np.maximum(1.0 - day / classroom.terms.horizon, 0.0)
        imagined = [classroom.fork(imagined_seed(classroom.seed, draw)) for draw in range(self.draws)]
        before = self.worth(classroom, left).copy()
        best, chosen = np.full(classroom.n, -np.inf), np.zeros(classroom.n, np.int32)
        for activity in range(1, classroom.mask.shape[1]):
            legal = (classroom.mask[:, activity] > 0) & classroom.alive
            if not legal.any():
                continue
            gain, days = np.zeros(classroom.n), np.zeros(classroom.n)
            for room in imagined:
                room.restore(state)
                room.step(np.full((room.n, room.offers.shape[1]), activity, np.int32))
                stays = room.now("role") == classroom.now("role")  # worth is not compared across destinations
                gain += np.where(stays, self.worth(room, left) - before, 0.0)
                days += room.now("day") - day
            rate = np.where(legal, gain / np.maximum(days, SHORTEST * self.draws), -np.inf)
            chosen[rate > best] = activity
            best = np.maximum(rate, best)
        return chosen

    def worth(self, classroom: Any, left: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the learners' knowledge is worth now.   left [N], share of the programme ahead -> [N]"""
        value, potential = classroom.now("value"), classroom.now("potential")
        return np.asarray(value + self.prerequisites * left * (potential - value))


def imagined_seed(seed: int, draw: int) -> int:
    """A seed for imagined luck: its own purpose, so no room that anyone lives in shares it."""
    with np.errstate(over="ignore"):
        key = luck.key_of(np.uint64(seed), np.uint64(0))
        return int(luck.bits_at(key, np.uint64(luck.IMAGINED), np.uint64(0), np.uint64(draw)))


def greedy() -> Greedy:
    """One true step ahead, blind to prerequisites."""
    return Greedy()


def greedy_with_prerequisites() -> Greedy:
    """One true step ahead, prerequisites valued."""
    return Greedy(prerequisites=1.5, name="greedy-prerequisites")
