"""A classroom: many learners, one world, one law; stepped in place, snapshot and forked.

The classroom is handed its law, its behaviour and its reward as modules of scalar text; it knows none by name.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.classroom.generate import kernels
from adaptlearn.classroom.guardrails import Guardrails
from adaptlearn.classroom.layout import EVENT, FIRST_LEVEL, Meeting, Terms
from adaptlearn.classroom.packing import padded, params_row, population_table, rows_as
from adaptlearn.classroom.rules import Rules, with_rules
from adaptlearn.core.catalogue import FEATURES
from adaptlearn.core.learner import Life, Skill, Traits
from adaptlearn.core.record import Tracer, ViewSpec

__all__ = ["LIFE", "SERIAL_BELOW", "STATE", "Classroom", "Rules", "shares", "with_rules"]

Floats = NDArray[np.float32]
LIFE = {name: j for j, name in enumerate(Life._fields)}
SERIAL_BELOW = 256  # learners per thread; under this sharing costs more than it saves
STATE = ("ids", "slots", "traits", "mind", "touched", "life", "rec", "visits", "last", "passed", "legal", "view",
         "mask", "company")  # fmt: skip


def shares(n: int, threads: int) -> list[tuple[int, int]]:
    """Row ranges, one per thread; too few learners are not worth sharing."""
    parts = max(1, min(threads, n // SERIAL_BELOW))
    edges = np.linspace(0, n, parts + 1).astype(int)
    return [(int(low), int(high)) for low, high in zip(edges[:-1], edges[1:], strict=True)]


@lru_cache(maxsize=4)
def _threads(count: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count, thread_name_prefix="classroom")


class Classroom:
    """N learners in step. Everything is an array of rows; ``step`` works in place.

    A step keeps ``view`` up, it does not write it anew: who shows something else puts it back before the next step.

    Args:
        rules: world, law, behaviour, reward, population, terms.
        n: number of rows.
        seed: of all luck in this room.
        autoreset: when a learner ends, the row's next learner begins in the same step (Gymnasium's SAME_STEP).
        threads: above 1, rows are shared among threads (kernels release the interpreter); the same bits come out.
    """

    def __init__(self, rules: Rules, n: int, seed: int, *, autoreset: bool = False, threads: int = 1):
        if not 0 <= seed < 1 << 64:
            raise ValueError(f"seed = {seed}; needed a whole number from 0 to 2^64 - 1, e.g. 1")
        self.rules, self.n, self.seed, self.threads = rules, n, seed, threads
        self.pack = rules.pack()
        self.terms = rules.terms(autoreset)
        self.spec = ViewSpec(len(rules.world.skills))
        self.autoreset = autoreset
        self.kernels = kernels(rules.law, rules.behaviour, rules.reward, rules.chapters)
        self._shares = shares(n, threads)
        self.guardrails = Guardrails(rules.world)
        self._fixed_rows()
        self._allocate(n)

    def _fixed_rows(self) -> None:
        rules = self.rules
        self._terms = rows_as(Terms._fields, [self.terms])
        self._law = params_row(rules.law, rules.law_params)
        self._behaviour = params_row(rules.behaviour, rules.behaviour_params)
        self._reward = params_row(rules.reward, rules.reward_params)
        self._tables = population_table(rules.population)
        p = self.pack
        self._skills, self._tracer = rows_as(Skill._fields, p.skills), rows_as(Tracer._fields, p.tracer)
        self._acts, self._shown = rows_as(FEATURES, p.acts), rows_as(FEATURES, p.shown)
        self._meets = rows_as(Meeting._fields, p.meets)

    def _allocate(self, n: int) -> None:
        k, a = len(self.rules.world.skills), len(self.rules.world.activities)
        self.ids, self.slots = np.zeros(n, np.uint64), np.zeros((n, 2), np.uint64)
        self.traits = np.zeros((n, len(Traits._fields)), np.float32)
        self._traits = rows_as(Traits._fields, self.traits)
        self.mind = np.zeros((n, k, len(self.rules.law.Mind._fields)), np.float32)
        self.touched, self.life = np.zeros((n, k), np.float32), np.zeros((n, len(Life._fields)), np.float32)
        self._life = rows_as(Life._fields, self.life)
        self.rec = np.zeros((n, self.spec.record_size), np.float32)
        self.visits, self.last = np.zeros((n, a), np.uint8), np.zeros((n, a), np.float32)
        self.passed = np.zeros((n, len(self.guardrails.marked)), bool)  # of what has a pass mark
        self.legal, self._mask = (np.zeros((n, padded(a)), np.uint8) for _ in range(2))
        self.mask = self._mask[:, :a]
        self.view = np.zeros((n, self.spec.size), np.float32)
        self.final_view = np.zeros((n if self.autoreset else 1, self.spec.size), np.float32)
        self.pay, self.flags = np.zeros(n, np.float32), np.zeros((n, 2), np.uint8)
        self.event = np.zeros((n, len(EVENT)), np.float32)
        self.answers = np.zeros((n, self.pack.most_asked), np.uint8)
        self.ready = np.zeros((n, self.pack.most_taught), np.float32)  # scratch
        self.company = np.zeros((n, FIRST_LEVEL + 2 * k if self.rules.world.cohorts else FIRST_LEVEL), np.float32)
        self.offers = np.zeros((n, self.rules.offer_size()), np.int32)
        self.propensity = np.ones((n, self.rules.offer_size()), np.float32)

    # --- verbs --------------------------------------------------------------------------------------------------

    def begin(self, ids: ArrayLike | None = None) -> "Classroom":
        """Births. With ids, these learners, each living once; without, slot i's zeroth learner under autoreset."""
        self.slots[:, 0], self.slots[:, 1] = np.arange(self.n, dtype=np.uint64), 0
        if ids is None:
            self.ids[:] = self.kernels.first_ids(np.uint64(self.seed), self.slots)
        else:
            given = np.asarray(ids, np.uint64)
            if given.shape != (self.n,):
                raise ValueError(
                    f"ids of shape {given.shape}; needed ({self.n},), one per row, e.g. np.arange({self.n})"
                )
            self.ids[:] = given
        self.birth(np.arange(self.n))
        return self

    def birth(self, rows: NDArray[np.int64]) -> None:
        """A new life for the learners whose ids stand in the given rows."""
        given = np.ascontiguousarray(rows, np.int64)
        if not self.shared or len(given) < SERIAL_BELOW:
            self._bear(given)
        else:
            list(_threads(len(self._shares)).map(self._bear, np.array_split(given, len(self._shares))))

    def _bear(self, rows: NDArray[np.int64]) -> None:
        p = self.pack
        self.kernels.start(
            rows, np.uint64(self.seed), self._terms, self._law, self._behaviour,
            self._skills, self._tracer, p.goals, p.newcomer, self._tables, p.legal_first, p.open_days, p.durations,
            p.fits,
            self.ids, self._traits, self.traits, self.mind, self.touched, self._life, self.life, self.rec, self.visits,
            self.last, self.legal, self.view, self._mask,
        )  # fmt: skip
        self.passed[rows] = False
        self.guardrails.narrow(self, rows)

    def step(self, offers: NDArray[np.int32] | None = None) -> None:
        """One decision of everyone acting. ``offers`` [N, k]; without, what :meth:`choose` wrote.

        Raises:
            ValueError: offers of another shape or kind, or beyond the catalogue.
        """
        if offers is not None:
            self._check(offers)
        self._each(lambda low, high: self._live(low, high, offers))
        if self.autoreset:
            ended = self.kernels.next_lives(
                np.uint64(self.seed), self.slots, self._life, self.view, self.final_view, self.ids
            )
            if len(ended):
                self.birth(ended)

    def _check(self, offers: Any) -> None:
        shape, most = self.offers.shape, self.mask.shape[1] - 1
        if getattr(offers, "dtype", None) != np.int32 or offers.shape != shape:
            found = f"{getattr(offers, 'dtype', type(offers).__name__)} {np.shape(offers)}"
            raise ValueError(f"offers are {found}; needed int32 {shape}, e.g. np.zeros({shape}, np.int32)")
        if offers.size and not (offers.min() >= 0 and offers.max() <= most):
            raise ValueError(f"offers from {offers.min()} to {offers.max()}; needed 0 to {most}, e.g. 0, nothing now")

    def _each(self, part: Callable[[int, int], None]) -> None:
        """A call for every share of the rows, side by side where there are several."""
        if self.shared:
            list(_threads(len(self._shares)).map(lambda share: part(*share), self._shares))
        else:
            part(*self._shares[0])

    def _live(self, low: int, high: int, offers: NDArray[np.int32] | None) -> None:
        p, acting = self.pack, self.acting[low:high] if self.passed.shape[1] else None
        self.kernels.step(
            low, high, np.uint64(self.seed), self._terms, self._law, self._behaviour, self._reward, self._skills,
            self._tracer,
            self._acts, self._shown, p.links, p.index, p.weight, p.goals, p.open_days, p.durations, p.fits, self.ids,
            self._traits, self.mind, self.touched, self._life, self.rec, self.visits, self.last, self.legal,
            self.offers if offers is None else offers, self.view, self._mask, self.pay, self.flags, self.event,
            self.answers, self.ready, self.company, self._meets,
        )  # fmt: skip
        if acting is not None:
            self.guardrails.witness(self, low + np.flatnonzero(acting))
        self.guardrails.narrow(self, slice(low, high))

    def choose(
        self, scores: Floats, temperature: float = 1.0, whose: NDArray[np.bool_] | None = None, diversity: float = 0.0
    ) -> None:
        """Scores [N, A] become ``self.offers`` and ``self.propensity``, of all or of some; the luck is each learner's
        own."""
        asked = self.life[:, LIFE["alive"]] if whose is None else whose.astype(np.float32)
        self._each(lambda low, high: self.kernels.choose(
            *self._asked(low, high), asked[low:high], scores[low:high], self._mask[low:high], np.float32(temperature),
            self.pack.alike, np.float32(diversity),
            self.offers[low:high], self.propensity[low:high],
        ))  # fmt: skip

    def wander(self) -> None:
        """Uniform legal offers into ``self.offers``, addressed by learner like any other choice."""
        alive = self.life[:, LIFE["alive"]]
        self._each(lambda low, high: self.kernels.wander(
            *self._asked(low, high), alive[low:high], self._mask[low:high], self.offers[low:high],
            self.propensity[low:high],
        ))  # fmt: skip

    def _asked(self, low: int, high: int) -> tuple[Any, ...]:
        """Whom a decision is about, and when: seed, ids, steps."""
        return np.uint64(self.seed), self.ids[low:high], self.life[low:high, LIFE["step"]]

    def history(self, out: Floats | None = None, rows: NDArray[np.int64] | None = None) -> Floats:
        """Per-activity history of all rows or of some: visits / 2, recency 1 / (1 + days / 7), done.   -> [n, A, 3]

        Done is what was taken; what has a pass mark, once it was passed.
        """
        who = np.arange(self.n) if rows is None else rows
        out = np.empty((len(who), self.visits.shape[1], 3), np.float32) if out is None else out
        self.kernels.recall(who, self.life[:, LIFE["day"]], self.visits, self.last, out)
        if self.passed.shape[1]:
            out[: len(who), self.guardrails.marked, 2] = self.passed[who]
        return out

    @property
    def shared(self) -> bool:
        """Whether rows are shared among threads."""
        return len(self._shares) > 1

    # --- questions ----------------------------------------------------------------------------------------------

    @property
    def alive(self) -> NDArray[np.bool_]:
        """Who is still learning.   -> [N]"""
        return np.asarray(self.life[:, LIFE["alive"]] > 0.5)

    @property
    def acting(self) -> NDArray[np.bool_]:
        """Whose decision comes next: everyone alive, unless they wait for the others (``rounds``).   -> [N]"""
        return self.alive & (self.life[:, LIFE["day"]] < self.until)

    @property
    def until(self) -> float:
        """Nobody acts on or after this day."""
        return float(self._terms["until"][0])

    @until.setter
    def until(self, day: float) -> None:
        self._terms["until"] = day

    def publish(self, order: NDArray[np.int64], starts: NDArray[np.int64], day: float) -> None:
        """Tell everyone how the others in their cohort stand on a day.   order [N], starts [C + 1]: see ``rounds``"""
        self.kernels.publish(
            order, starts, np.float32(day), self._law, self._skills, self.mind, self.touched, self._life, self.company
        )

    def trait(self, name: str) -> Floats:
        """One column of traits (latent; for analysis, never for a policy).   -> [N]"""
        return self.traits[:, Traits._fields.index(name)]

    def now(self, name: str) -> Floats:
        """One column of life.   -> [N]"""
        return self.life[:, LIFE[name]]

    # --- snapshot and fork: for ceilings, never for policies --------------------------------------------------------

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """A copy of everything that changes."""
        return {name: getattr(self, name).copy() for name in STATE}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Put a snapshot back."""
        for name in STATE:
            getattr(self, name)[...] = state[name]

    def fork(self, luck_seed: int) -> "Classroom":
        """The same learners in the same moment, with imagined luck from here on.

        Raises:
            ValueError: the room's own seed: a planner that sees real luck sees the future.
        """
        if luck_seed == self.seed:
            raise ValueError(
                f"fork(luck_seed={luck_seed}) is this room's own luck; needed another seed, e.g. {luck_seed + 1}"
            )
        room = Classroom(self.rules, self.n, luck_seed, autoreset=False, threads=self.threads)
        room.restore(self.snapshot())
        return room
