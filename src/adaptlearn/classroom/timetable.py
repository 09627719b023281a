"""Trials: learners before a timetable instead of a policy, and tests that do not teach.

A trial's arm is a list of visits; both arms are given the same learners with the same luck, so a difference is a
difference of timetables. The learning is the law's own text, compiled with the classroom's (``trials``).
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.classroom.generate import kernels
from adaptlearn.classroom.layout import MOST_ITEMS, Terms
from adaptlearn.classroom.packing import params_row, rows_as
from adaptlearn.classroom.room import Classroom, Rules
from adaptlearn.core import luck
from adaptlearn.core.catalogue import FEATURES
from adaptlearn.core.learner import MODES, Population, Skill, Traits

Floats = NDArray[np.float32]
ONE_SKILL = Skill(layer=0.0, prior=0.25, learn=0.12, guess=0.18, slip=0.1, forget=0.004)


@dataclass(frozen=True)
class Visit:
    """One line of a timetable: on this day, this activity. Columns not named are 0."""

    day: float  # days since the trial began
    activity: dict[str, float]  # columns of FEATURES; minutes must be given
    items: tuple[int, ...] = (0,)  # asked per skill during the visit
    weight: tuple[float, ...] = (1.0,)  # how much of it is about each skill, [0, 1]
    repeats: int = 0  # earlier visits to the same activity

    def __post_init__(self) -> None:
        unknown = sorted(set(self.activity) - set(FEATURES))
        if unknown:
            raise ValueError(f"columns {unknown} of a visit; needed some of {', '.join(FEATURES)}, e.g. minutes = 15")
        if not self.activity.get("minutes", 0.0) > 0:
            raise ValueError(f"minutes = {self.activity.get('minutes')} of a visit; needed a number > 0, e.g. 15")
        if max(self.items) >= MOST_ITEMS or min(self.items) < 0:
            raise ValueError(f"items = {self.items} of a visit; needed 0 to {MOST_ITEMS - 1} per skill, e.g. (6,)")

    def row(self) -> list[float]:
        """The columns in the order of FEATURES."""
        return [float(self.activity.get(name, 0.0)) for name in FEATURES]


class Group(NamedTuple):
    """Learners of a trial at one moment. ``teach`` gives new ones; an arm never disturbs another."""

    mind: Floats  # [N, K, M]
    touched: Floats  # [N, K] day of the last visit


@dataclass(frozen=True)
class Trial:
    """N learners who have not begun, one law, and a seed for all their luck.

    Args:
        rules: law, behaviour, reward (they name the compiled module), constants and meshing; the world plays no part.
        ids: identities of the learners.
        seed: of all luck.
        population: who they are; a shift of ``ability`` is a shift of prior level, in logit.
        skills: as the true world has them; they do not rest on one another here.
    """

    rules: Rules
    ids: NDArray[np.uint64]
    seed: int
    population: Population = field(default_factory=Population)
    skills: tuple[Skill, ...] = (ONE_SKILL,)

    def __post_init__(self) -> None:
        traits = self.population.draw(self.ids, self.seed)
        store = object.__setattr__  # derived once, never changed
        store(self, "_traits", traits)
        store(self, "_law", params_row(self.rules.law, self.rules.law_params))
        store(self, "_skills", rows_as(Skill._fields, self.skills))
        store(self, "_kernels", kernels(self.rules.law, self.rules.behaviour, self.rules.reward))
        store(self, "_begun", Group(self._begin(), np.zeros((len(self.ids), len(self.skills)), np.float32)))

    _traits: Any = field(init=False, repr=False, compare=False, default=None)
    _law: Any = field(init=False, repr=False, compare=False, default=None)
    _skills: Any = field(init=False, repr=False, compare=False, default=None)
    _kernels: Any = field(init=False, repr=False, compare=False, default=None)
    _begun: Any = field(init=False, repr=False, compare=False, default=None)

    @property
    def params(self) -> Any:
        """The law's constants in this trial."""
        return self.rules.law_params if self.rules.law_params is not None else self.rules.law.Params()

    def _begin(self) -> Floats:
        who, k = self.ids[:, None], np.arange(len(self.skills))
        z, u = luck.normal(self.seed, luck.BEGIN, who, 0, k), luck.uniform(self.seed, luck.BEGIN, who, 1, k)
        trait = Traits(*(column[:, None] for column in self._traits.T))
        skill = Skill(*np.array(self.skills, np.float32).T)
        mind = self.rules.law.begin(skill, trait, z, u, self.params)
        return np.ascontiguousarray(np.stack([np.broadcast_to(part, z.shape) for part in mind], 2), np.float32)

    def newcomers(self) -> Group:
        """Everyone as they come."""
        return self._begun  # type: ignore[no-any-return]

    def teach(self, visits: list[Visit], rows: NDArray[np.int64] | None = None) -> Group:
        """Newcomers after a timetable; with ``rows``, those learners only.   -> Group of len(rows)"""
        rows = np.arange(len(self.ids)) if rows is None else rows
        begun = self.newcomers()
        group = Group(begun.mind[rows], begun.touched[rows])
        order = sorted(visits, key=lambda visit: visit.day)
        acts = rows_as(FEATURES, [visit.row() for visit in order])
        columns = [
            np.array([getattr(v, name) for v in order], np.float32) for name in ("day", "weight", "items", "repeats")
        ]
        days, weight, items, repeats = columns
        terms = rows_as(Terms._fields, [self.rules.terms()])
        self._kernels.teach(
            np.uint64(self.seed), terms, self._law, self._skills, days, acts, weight, items, repeats, self.ids[rows],
            rows_as(Traits._fields, self._traits[rows]), group.mind, group.touched,
        )  # fmt: skip
        return group

    def teach_by_mode(self, visits: list[Visit], shift: int) -> Group:
        """The same timetable, each learner's activities wholly in the mode they state, or ``shift`` modes further."""
        stated = self.trait("stated").astype(int)
        whole = Group(np.empty_like(self.newcomers().mind), np.empty_like(self.newcomers().touched))
        for j in range(len(MODES)):
            rows = np.flatnonzero(stated == j)
            mode = {name: float(name == MODES[(j + shift) % len(MODES)]) for name in MODES}
            moded = [Visit(v.day, {**v.activity, **mode}, v.items, v.weight, v.repeats) for v in visits]
            if len(rows):
                part = self.teach(moded, rows)
                whole.mind[rows], whole.touched[rows] = part
        return whole

    def test(self, group: Group, day: float, items: ArrayLike, sitting: int = 0, difficulty: float = 0.0) -> Floats:
        """Share correct of a test that does not teach.   items [K] -> [N] in [0, 1]"""
        form = np.zeros(len(self.ids), np.int64)
        asked = np.array([items], np.float32)
        parts = (self._law, self._skills, asked, form, self.ids, group.mind, group.touched)
        return _marks(self._kernels, self.seed, sitting, day, difficulty, *parts)

    def trait(self, name: str) -> Floats:
        """A latent trait.   -> [N]"""
        return self._traits[:, Traits._fields.index(name)]  # type: ignore[no-any-return]

    def minds(self, group: Group, day: float) -> Any:
        """Everyone's minds on a day, as the law's NamedTuple of [N, K]."""
        mind = self.rules.law.Mind(*np.moveaxis(group.mind, 2, 0))
        return self.rules.law.forget(mind, np.maximum(np.float32(day) - group.touched, 0.0), self.params)


def examine(room: Classroom, day: float, items: ArrayLike, sitting: int = 0, form: ArrayLike | None = None) -> Floats:
    """A test of a classroom's learners.   items [forms, K], form [N] (None: their destination) -> share correct [N]"""
    form = np.ascontiguousarray(room.now("role") if form is None else form, np.int64)
    parts = (room._law, room._skills, np.ascontiguousarray(items, np.float32), form, room.ids, room.mind, room.touched)
    return _marks(room.kernels, room.seed, sitting, day, 0.0, *parts)


def _marks(module: Any, seed: int, sitting: int, day: float, difficulty: float, *parts: Any) -> Floats:
    law, skills, items, form, ids, mind, touched = parts
    if items.max() >= MOST_ITEMS or items.sum(1).min() < 1:
        raise ValueError(
            f"a test of {items.sum(1)} items; needed 1 or more, fewer than {MOST_ITEMS} per skill, e.g. 20"
        )
    correct = np.empty(len(ids), np.float32)
    module.take(np.uint64(seed), np.uint64(sitting), np.float32(day), np.float32(difficulty), law, skills, items,
                form, ids,
                mind, touched, correct)  # fmt: skip
    return correct / items.sum(1)[form]
