"""The learner's record: what happened goes in, what a policy may see comes out. Read by torch and by the graph.

Every formula is read from ``core.record`` and ``core.learner`` (:func:`adaptlearn.core.equations.bind`); this file only
says which columns they meet, with the verbs of ``ops``. Its twin is ``classroom.platform`` (``remember``, ``lean``,
``look``), held equal by ``tests/export/test_record.py``. Activities enter as rows of ``World.features``, not as
indices, so that an activity withdrawn since still updates.

Axes: N learners, K skills, J places of a slate, F features, R record, V view, P profile.
"""

from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.core import learner, record
from adaptlearn.core.catalogue import FEATURES
from adaptlearn.core.equations import bind
from adaptlearn.core.record import (
    AXES,
    FORMAT_NOISE,
    PER_SKILL,
    PROFILE,
    TOTALS,
    Belief,
    Standing,
    Totals,
    Tracer,
    ViewSpec,
)
from adaptlearn.export.ops import TORCH

REST, ACCEPTED, SUBSTITUTED, SKIPPED = range(4)  #: what became of an offer, as in the log


class Event(NamedTuple):
    """What became of one decision, one row per learner; all float32."""

    happened: Any  # [N, len(HAPPENED)] in that order
    offered: Any  # [N, J, F] rows shown, best first; J >= 1
    taken: Any  # [N, F] row of the activity taken, zeros if none was
    about: Any  # [N, F] row the reaction is about; zeros: the row taken, else the first row offered
    items: Any  # [N, K] items answered on each skill
    correct: Any  # [N, K] of those, answered correctly


class Happened(NamedTuple):
    """The columns of ``Event.happened``, each [N, 1]."""

    has_event: Any  # 1, or 0: the record stays as it is
    day: Any  # day of the decision it answers, days since the learner's start
    outcome: Any  # 0 rest, 1 accepted, 2 substituted, 3 skipped
    completed: Any  # 1 finished, else 0
    minutes: Any  # minutes spent
    rating: Any  # stars 1 to 5, 0 = not rated


HAPPENED = Happened._fields


class Keeper:
    """Keeps the records of a platform whose knowledge tracer is ``tracer`` [K, 5] (``World.tracer``).

    Columns stay [N, 1], and rows are split once: a graph of this is as long as it has operations.
    """

    def __init__(self, tracer: NDArray[np.float32], ops: Any = TORCH):
        if tracer.ndim != 2 or tracer.shape[1] != len(Tracer._fields):
            needed = f"(skills, {len(Tracer._fields)}), e.g. World.tracer"
            raise ValueError(f"tracer of shape {tracer.shape}; needed {needed}")
        self.spec, self.ops = ViewSpec(len(tracer)), ops
        self.tracer = Tracer(*(ops.fixed(np.ascontiguousarray(column)) for column in tracer.T))
        names = ops.names()
        self.text, self.formats = bind(record, names), bind(learner, names)
        self.where, self.maximum = names["where"], names["maximum"]

    def observe(self, rows: Any, event: Event) -> Any:
        """The records after an event.   rows [N, R] -> [N, R]"""
        now = Happened(*self.ops.split(event.happened, [1] * len(HAPPENED)))
        skills, mean, variance, totals = self._parts(rows)
        teaches, *_, taken = self._activity(event.taken)
        after = [
            *self._skills_after(skills, event, now, teaches),
            *self._formats_after(mean, variance, event, now),
            *self._totals_after(totals, event, now, taken),
        ]
        return self.where(now.has_event > 0.5, self.ops.join(after), rows)

    def view(self, rows: Any, profile: Any, now: Any) -> tuple[Any, Any, Any]:
        """What a policy sees on a day, by ``ViewSpec``.   rows [N, R], profile [N, P], now [N, 1]

        Returns:
            view [N, V] · mastery [N, K], P(known) on that day · preference [N, 9], belief over format preferences.
        """
        skills, mean, variance, totals = self._parts(rows)
        told = len(PROFILE) - len(Standing._fields)  # motive and stated style, which a view repeats
        target, *terms, said = self.ops.split(profile, [self.spec.n_skills, *([1] * len(Standing._fields)), told])
        per_skill = self.text.view_skill(skills, self.tracer, now, target)
        goal = self.ops.sum(target * per_skill[0])
        last = self.text.view_totals(totals, Standing(*terms), goal, now)
        view = self.ops.join([*per_skill, mean, self.ops.names()["sqrt"](variance), said, *last])
        return view, per_skill[0], mean

    def _parts(self, rows: Any) -> tuple[Belief, Any, Any, Totals]:
        """A record in parts: beliefs (fields [N, K]), format means and variances [N, 9], totals (fields [N, 1])."""
        sizes = [*([self.spec.n_skills] * len(PER_SKILL)), len(AXES), len(AXES), *([1] * len(TOTALS))]
        parts, n = self.ops.split(rows, sizes), len(PER_SKILL)
        return Belief(*parts[:n]), parts[n], parts[n + 1], Totals(*parts[n + 2 :])

    def _activity(self, rows: Any) -> tuple[Any, Any, Any, SimpleNamespace]:
        """Rows of activities in parts: teaches, assesses, requires [N, K], and scalars by name, each [N, 1]."""
        sizes = [*([self.spec.n_skills] * 3), *([1] * len(FEATURES))]
        teaches, assesses, requires, *scalars = self.ops.split(rows, sizes)
        return teaches, assesses, requires, SimpleNamespace(**dict(zip(FEATURES, scalars, strict=True)))

    def _skills_after(self, skills: Belief, event: Event, now: Happened, teaches: Any) -> Any:
        share = self.text.share_done(now.completed)
        return self.text.observe_skill(skills, self.tracer, now.day, teaches, share, event.items, event.correct)

    def _formats_after(self, mean: Any, variance: Any, event: Event, now: Happened) -> tuple[Any, Any]:
        *_, about = self._activity(self._about(event, now))
        reacted = now.outcome > REST + 0.5
        ones = self.where(reacted, 1.0, 1.0)
        x = self.ops.join([*self.formats.format_of(about), ones])
        skipped = self.where(now.outcome > SUBSTITUTED + 0.5, 1.0, 0.0)
        surprise = self.text.reaction_of(skipped, now.completed, now.rating) - self.ops.sum(mean * x)
        total = float(FORMAT_NOISE) + self.ops.sum(variance * x * x)
        after = self.text.observe_format(mean, variance, x, surprise, 1.0 / total)
        return self.where(reacted, after[0], mean), self.where(reacted, after[1], variance)

    def _about(self, event: Event, now: Happened) -> Any:
        took = (now.outcome > REST + 0.5) & (now.outcome < SKIPPED - 0.5)
        usual = self.where(took, event.taken, self.ops.best_shown(event.offered))
        given = self.ops.sum(event.about * event.about) > 0.0
        return self.where(given, event.about, usual)

    def _totals_after(self, totals: Totals, event: Event, now: Happened, taken: SimpleNamespace) -> Any:
        items = self.ops.sum(event.items)
        success = self.ops.sum(event.correct) / self.maximum(items, 1.0)
        skipped = self.where(now.outcome > SUBSTITUTED + 0.5, 1.0, 0.0)
        tested = self.where(items > 0.5, 1.0, 0.0)
        costs = (taken.minutes, taken.staff_minutes, taken.cost)
        return self.text.observe_totals(
            totals, now.day, skipped, now.completed, now.minutes, *costs, tested, success, now.rating
        )


__all__ = ["ACCEPTED", "HAPPENED", "REST", "SKIPPED", "SUBSTITUTED", "Event", "Happened", "Keeper"]
