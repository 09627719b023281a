"""A world: the skills of a job, the activities that teach them, the programme's rules and the roles people train for.

A world is a value: frozen, hashable, equal to any other with the same content. It comes in two versions. The
*declared* world is what the catalogue says, and all that a policy or the platform ever knows; ``world.true(...)`` is
what happens: hidden quality, other difficulty, other minutes, mis-tagged skills, drawn per activity.

Axes: A activities (row 0 is always "nothing now"), K skills, R roles, F features.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from adaptlearn.core import luck
from adaptlearn.core.catalogue import (
    FEATURE_SCALE,
    FEATURES,
    ITEMS_SCALE,
    REST,
    WORDS,
    Activity,
    Programme,
    Role,
    Rules,
    Skill,
    Weights,
    scalar_row,
)
from adaptlearn.core.cohorts import Calendar, Cohorts
from adaptlearn.core.refusal import Fault, Refusal, nearest
from adaptlearn.core.shelf import names, where

__all__ = [
    "CATALOGUES", "FEATURES", "FEATURE_SCALE", "REST", "WORDS", "Activity", "Calendar", "CatalogueError", "Cohorts",
    "Programme", "Refusal", "Role", "Rules", "Skill", "World", "load", "names", "save", "under", "where",
]  # fmt: skip

Matrix = NDArray[np.float32]
RANK = "syllabus_rank"


@dataclass(frozen=True)
class CatalogueError:
    """How far a catalogue is from the truth."""

    quality: float  # sd of the log factor on the gain
    difficulty: float  # sd, logit
    minutes: float  # sd of the log factor on the minutes; the median is as declared
    mistagged: float  # share of taught tags that really are a sibling skill


CATALOGUES = {
    "as_written": CatalogueError(0.0, 0.0, 0.0, 0.0),
    "usual_error": CatalogueError(0.15, 0.30, 0.15, 0.05),
    "careless": CatalogueError(0.35, 0.70, 0.35, 0.20),
}  #: assumed (grade C): no published size is known to us


def _fixed(values: object) -> Matrix:
    matrix = np.ascontiguousarray(values, dtype=np.float32)
    matrix.flags.writeable = False
    return matrix


@dataclass(frozen=True)
class World:
    """Skills, activities, programme, roles, rules; all matrices are derived, cached, float32 and read-only."""

    name: str
    title: str
    job: str
    version: str
    grade: str
    skills: tuple[Skill, ...]
    activities: tuple[Activity, ...]  # [0] is REST
    programme: Programme
    roles: tuple[Role, ...]
    rules: Rules = field(default_factory=Rules)
    cohorts: Cohorts | None = None  # None: everyone learns alone
    calendar: Calendar | None = None  # None: nothing but windows ties an activity to a day
    folder: Path | None = field(default=None, compare=False)  # where it was read from

    @cached_property
    def skill_ids(self) -> tuple[str, ...]:
        return tuple(skill.id for skill in self.skills)

    @cached_property
    def activity_ids(self) -> tuple[str, ...]:
        return tuple(activity.id for activity in self.activities)

    @cached_property
    def role_ids(self) -> tuple[str, ...]:
        return tuple(role.id for role in self.roles)

    @cached_property
    def skill_index(self) -> dict[str, int]:
        return {name: k for k, name in enumerate(self.skill_ids)}

    @cached_property
    def activity_index(self) -> dict[str, int]:
        return {name: a for a, name in enumerate(self.activity_ids)}

    @cached_property
    def tracer(self) -> Matrix:
        """Prior, learn, guess, slip, forget of the platform's tracer.   [K, 5]"""
        return _fixed([(s.prior, s.learn, s.guess, s.slip, s.forget) for s in self.skills])

    @cached_property
    def prerequisites(self) -> Matrix:
        """1 where skill k (row) directly requires skill j (column).   [K, K]"""
        return self._spread([[(name, 1.0) for name in skill.requires] for skill in self.skills])

    @cached_property
    def ancestors(self) -> Matrix:
        """1 where skill k (row) rests on skill j (column), at whatever depth.   [K, K]"""
        reach = self.prerequisites > 0
        for _ in self.skills:
            reach = reach | ((reach.astype(np.int64) @ reach.astype(np.int64)) > 0)
        return _fixed(reach)

    @cached_property
    def layer(self) -> Matrix:
        """Depth in the prerequisite graph; 0 requires nothing.   [K]"""
        depth = np.zeros(len(self.skills))
        for _ in self.skills:
            depth = np.where(self.prerequisites > 0, depth + 1.0, 0.0).max(1, initial=0.0)
        return _fixed(depth)

    @cached_property
    def teaches(self) -> Matrix:
        """How much of each activity is about each skill, 0..1.   [A, K]"""
        return self._spread([activity.teaches for activity in self.activities])

    @cached_property
    def assesses(self) -> Matrix:
        """Items each activity asks on each skill.   [A, K]"""
        return self._spread([activity.assesses for activity in self.activities])

    @cached_property
    def requires(self) -> Matrix:
        """1 where an activity presumes a skill.   [A, K]"""
        return self._spread([[(name, 1.0) for name in a.competency_required] for a in self.activities])

    @cached_property
    def scalars(self) -> Matrix:
        """The columns named by FEATURES, in raw units.   [A, len(FEATURES)]"""
        last = max(len(self.activities) - 2, 1)
        ranks = [1.0] + [(row - 1) / last for row in range(1, len(self.activities))]
        return _fixed([scalar_row(a, rank) for a, rank in zip(self.activities, ranks, strict=True)])

    @cached_property
    def features(self) -> Matrix:
        """What a policy sees of each activity: teaches, assesses / 10, requires, scalars.   [A, F], F = 3 K + 32"""
        return _fixed(np.concatenate([self.teaches, self.assesses / ITEMS_SCALE, self.requires, self.scalars], 1))

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        blocks = [f"{block}.{name}" for block in ("teaches", "assesses", "requires") for name in self.skill_ids]
        return (*blocks, *FEATURES)

    @cached_property
    def targets(self) -> Matrix:
        """Weight of each skill in each role's goal; rows sum to 1.   [R, K]"""
        weights = self._spread([self.counting(role) for role in self.roles])
        return _fixed(weights / weights.sum(1, keepdims=True))

    def counting(self, role: Role) -> Weights:
        """What counts on the way to a destination, and how much, by the kind of its goal; not yet made to sum to 1."""
        if role.goal == "depth":
            return role.targets
        named = [self.skill_index[name] for name, _ in role.targets]
        reach = set(named) | {int(k) for k in np.flatnonzero(self.ancestors[named].sum(0))}
        return tuple((name, 1.0) for k, name in enumerate(self.skill_ids) if k in reach or role.goal == "open")

    @cached_property
    def needed(self) -> Matrix:
        """1 where a role's targets rest on the skill, the targets themselves included.   [R, K]"""
        return _fixed((self.targets + (self.targets > 0) @ self.ancestors) > 0)

    @cached_property
    def windows(self) -> Matrix:
        """First and last day on which each activity may begin, by its own window or by the calendar.   [A, 2]"""
        days, ranks = [a.window or (0.0, np.inf) for a in self.activities], self.scalars[:, FEATURES.index(RANK)]
        for row, activity in enumerate(self.activities):
            if self.calendar is not None and activity.timing == "cohort_paced" and activity.window is None:
                days[row] = self.calendar.turn(ranks[row], self.programme.horizon_days)
        return _fixed(days)

    @cached_property
    def weekdays(self) -> NDArray[np.bool_]:
        """Weekdays from Monday on which the calendar lets each activity begin, or be booked.   [A, 7]"""
        every = np.ones((len(self.activities), 7), bool)
        return every if self.calendar is None else self.calendar.weekdays(self.activities)

    @cached_property
    def opens(self) -> Matrix:
        """First day on which each activity may begin, window, calendar and rules together.   [A]"""
        rule = dict(self.rules.not_before)
        return _fixed(
            [max(day, rule.get(a.id, 0.0)) for a, day in zip(self.activities, self.windows[:, 0], strict=True)]
        )

    @cached_property
    def closes(self) -> Matrix:
        """Last day on which each activity may begin; inf = never closes.   [A]"""
        return _fixed(self.windows[:, 1])

    @cached_property
    def due(self) -> Matrix:
        """Day by which each activity should be done; inf = none.   [A]"""
        rule = dict(self.rules.due)
        return _fixed([rule.get(name, np.inf) for name in self.activity_ids])

    @cached_property
    def allowed(self) -> Matrix:
        """0 where the rules exclude an activity, else 1; "nothing now" is always 1.   [A]"""
        return _fixed([float(name not in self.rules.excluded) for name in self.activity_ids])

    @cached_property
    def pinned(self) -> Matrix:
        """1 where the rules pin an activity, else 0.   [A]"""
        return _fixed([float(name in self.rules.pinned) for name in self.activity_ids])

    def true(self, kind: str, seed: int) -> "World":
        """What really happens behind this catalogue.

        Every draw is addressed by the activity's id (and the skills' ids for tags), so a new row changes no other
        row's truth. ``as_written`` is this very world.
        """
        if kind not in CATALOGUES:
            raise Refusal([Fault("catalogue", None, "kind", repr(kind), " | ".join(CATALOGUES),
                                 nearest(kind, list(CATALOGUES)))])  # fmt: skip
        error = CATALOGUES[kind]
        if kind == "as_written":
            return self
        z = luck.normal(seed, luck.CATALOGUE, luck.addresses_of(self.activity_ids)[:, None], 0, np.arange(3))
        really = [
            replace(
                activity,
                quality=float(error.quality * z[row, 0]),
                difficulty=activity.difficulty + float(error.difficulty * z[row, 1]),
                time_required=activity.time_required * float(np.exp(error.minutes * z[row, 2])),
                teaches=self._really_taught(activity, error.mistagged, seed),
            )
            for row, activity in enumerate(self.activities)
        ]
        return replace(self, activities=(self.activities[0], *really[1:]))

    def _really_taught(self, activity: Activity, share: float, seed: int) -> Weights:
        taken = {name for name, _ in activity.teaches}
        tags = []
        for name, weight in activity.teaches:
            tag = f"{activity.id} {name}"
            wrong = luck.uniform(seed, luck.CATALOGUE, luck.address_of(tag), 1) < share
            others = [other for other in self.siblings(name) if other not in taken] if wrong else []
            if others:  # the highest of per-sibling draws: a new skill changes a tag only by winning it
                luckiest = luck.uniform(seed, luck.CATALOGUE, luck.addresses_of(f"{tag} {o}" for o in others), 2)
                name = others[int(luckiest.argmax())]
                taken.add(name)
            tags.append((name, weight))
        return tuple(tags)

    def siblings(self, name: str) -> tuple[str, ...]:
        """Skills a tag is mistaken for: same direct prerequisites, else same layer, else next in the graph."""
        k = self.skill_index[name]
        same = [j for j in range(len(self.skills)) if j != k and self.layer[j] == self.layer[k]]
        shared = [j for j in same if (self.prerequisites[j] * self.prerequisites[k]).any()]
        beside = [j for j in range(len(self.skills)) if self.prerequisites[j, k] + self.prerequisites[k, j] > 0]
        return tuple(self.skill_ids[j] for j in shared or same or beside)

    def _spread(self, rows: object) -> Matrix:
        table = np.zeros((len(rows), len(self.skills)))  # type: ignore[arg-type]
        for row, pairs in enumerate(rows):  # type: ignore[arg-type, var-annotated]
            for name, value in pairs:
                table[row, self.skill_index[name]] = value
        return _fixed(table)


def load(name_or_path: str | Path) -> World:
    """Read and validate a world: a folder of your own, or the name of one that ships, such as ``tiny-v1``.

    Raises:
        Refusal: listing every fault with file, row, field, what was found, what is needed and an example.
    """
    from adaptlearn.core import reading

    return reading.read(where(name_or_path))


def under(world: World, rules: str | Path) -> World:
    """The same world under other rules of the learning department: those of a ``rules.toml``.

    Raises:
        Refusal: listing every fault of the file.
    """
    from adaptlearn.core import reading

    return reading.read_rules(Path(rules), world)


def save(world: World, folder: str | Path) -> Path:
    """Write a world as the folder :func:`load` reads, without its card and population."""
    from adaptlearn.core import writing

    return writing.write(world, Path(folder))
