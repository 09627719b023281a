"""A cloud of minds for every learner, drawn along their record: the Python face of ``classroom.particles``.

It is told rules that are believed (law, population, catalogue), and reads of a classroom only what a platform sees:
what was offered and taken, how it went, the clock, the destination, and the traits that stand in the profile.

Axes: N learners, M particles of each, C copies drawn from them, A activities, K skills.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.classroom.room import Classroom, Floats, Rules, rows_as
from adaptlearn.core import luck
from adaptlearn.core.learner import DRAWN, LOGGED, Life, Traits

KNOWN = ("weekly_minutes", "stated", "motive", "role", "site", "tenure")  # traits that a platform is told
SHARE = 0.5  # of particles, below which they are drawn anew
WIDTH = 0.1  # of the jitter, in spreads
BORN = 8192  # particles born at once; a memory bound, invisible in results
JITTERED = DRAWN.index("weekly_minutes")  # the traits before it are not known


class Cloud:
    """``traits`` to ``legal`` are rows [N M + M] as a classroom has them, the last M spare."""

    def __init__(self, rules: Rules, room: Any, per: int, seed: int):
        """rules: what is believed; room: whose learners these are; per: M; seed: of imagined luck."""
        self.rules, self.per, self.seed, n = rules, per, seed, room.n
        self._room = Classroom(self.rules, 1, seed)
        rows, k, a = (n + 1) * per, len(rules.world.skills), len(rules.world.activities)
        self.traits = np.zeros((rows, len(Traits._fields)), np.float32)
        self.mind = np.zeros((rows, k, self._room.mind.shape[2]), np.float32)
        self.touched = np.zeros((rows, k), np.float32)
        self.life, self.visits = np.zeros((rows, len(Life._fields)), np.float32), np.zeros((rows, a), np.uint8)
        self.legal = np.zeros((rows, room.legal.shape[1]), np.uint8)
        self.ids = luck.rebirth(seed, room.ids[:, None], np.arange(per)).ravel()
        self.weights, self.told = np.zeros(rows, np.float32), np.zeros((n, k), np.uint8)
        p = self._room.pack
        self._scratch = (np.zeros((rows, p.most_asked), np.uint8), np.zeros((rows, p.most_taught), np.float32),
                         np.zeros((rows, self._room.company.shape[1]), np.float32))  # fmt: skip
        self._bear(room)

    def _bear(self, room: Any) -> None:
        """Births of the population, with what is known of each learner."""
        for begin in range(0, len(self.ids), BORN):
            ids = self.ids[begin : begin + BORN]
            born, part = Classroom(self.rules, len(ids), self.seed).begin(ids), slice(begin, begin + len(ids))
            for name in ("traits", "mind", "touched", "life", "visits", "legal"):
                getattr(self, name)[part] = getattr(born, name)
        for name in KNOWN:
            at = Traits._fields.index(name)
            self.traits[: len(self.ids), at] = np.repeat(room.traits[:, at], self.per)

    def witness(self, room: Any, rows: NDArray[np.int64]) -> None:
        """The last event of these learners, as the platform saw it."""
        if len(rows) == 0:
            return
        p, r, step = self._room.pack, self._room, room.now("step").astype(np.int64)
        view, life = rows_as(Traits._fields, self.traits), rows_as(Life._fields, self.life)
        r.kernels.witness(
            np.uint64(self.seed), step, rows, self.per, room.event, room.offers, room.answers, room.now("day").copy(),
            room.now("role").copy(), r._terms, r._law, r._behaviour, r._skills, r._acts, p.links, p.index, p.weight,
            p.goals, self.ids, view, self.mind, self.touched, life, self.visits, self.legal, *self._scratch, self.told,
            self.weights,
        )  # fmt: skip
        r.kernels.renew(
            np.uint64(self.seed), step, rows, self.per, np.float32(SHARE), np.float32(WIDTH), r._law, r._skills,
            LOGGED[:JITTERED], room.ids, self.told, view, self.traits, self.mind, self.touched, life, self.life,
            self.visits, self.legal, self.weights,
        )  # fmt: skip

    def drawn(self, rows: NDArray[np.int64], copies: int, luck_of: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Particles by their weights, spread evenly.   luck_of [n] -> rows of the cloud [n, C]"""
        logs = self.weights[: len(self.ids)].reshape(-1, self.per)[rows]
        share = np.exp(logs - logs.max(1, keepdims=True)).cumsum(1)
        u = luck.uniform(self.seed, luck.RESTART, luck_of, 0, 1)
        wanted = (np.arange(copies) + u[:, None]) / copies * share[:, -1:]
        at = (share[:, None, :] < wanted[:, :, None]).sum(2).clip(max=self.per - 1)
        return np.asarray(rows[:, None] * self.per + at, np.int64)

    def mean_levels(self, rows: NDArray[np.int64]) -> Floats:
        """Expected level of every skill at its last event, for checks.   -> [n, K]"""
        law, p = self.rules.law, self.rules.law_params or self.rules.law.Params()
        at = (rows[:, None] * self.per + np.arange(self.per)).ravel()
        mind = law.Mind(*np.moveaxis(self.mind[at], 2, 0))
        level = np.asarray(law.level(mind, None, p)).reshape(len(rows), self.per, -1)
        share = np.exp(self.weights[at]).reshape(len(rows), self.per, 1)
        return np.asarray((level * share).sum(1) / share.sum(1), np.float32)
