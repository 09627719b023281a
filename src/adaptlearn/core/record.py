"""What a platform may know of a learner: the record, its update, and the view a policy reads.

The record is scalar text like a law, and is told only events. It carries, per skill, a Bayesian-knowledge-tracing
belief whose constants are the *platform's* (columns of ``skills.csv``), never the learner's; a belief over format
preferences of constant size; and running totals. One record is one row of float32.

    [ belief[K] seen[K] answered[K] right[K] taught[K] ] [ preference mean[9] variance[9] ] [ totals ]
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.core.equations import formula, maximum, minimum, where
from adaptlearn.core.learner import FORMATS, MODES, MOTIVES

Row = NDArray[np.float32]
VERSION = 1  #: of the record's bytes and of the view; moves with their meaning

PER_SKILL = ("belief", "seen", "answered", "right", "taught")
AXES = (*FORMATS, "intercept")
PROFILE = ("mandatory", "weekly_minutes", "horizon", "retention_day", *(f"motive_{m}" for m in MOTIVES),
           *(f"stated_{m}" for m in MODES))  # fmt: skip
VIEW_SKILL = ("belief", "answered", "recency", "taught", "target")
VIEW_TOTALS = ("time_left", "to_retention", "decisions", "completed", "skipped", "unfinished", "minutes", "success",
               "stars", "pace", "goal", "mandatory", "weekly_minutes")  # fmt: skip

FORMAT_NOISE = np.float32(1.0)  # variance of one reaction around its expectation (C)
UNSEEN = np.float32(-1.0)
UNFINISHED = np.float32(0.4)  # of an exposure: what a visit counts as that was broken off (C)


class Tracer(NamedTuple):
    """The platform's knowledge tracer for one skill."""

    prior: float
    learn: float
    guess: float
    slip: float
    forget: float  # hyperbolic rate per day, 0 = none


class Belief(NamedTuple):
    """What the record holds about one skill."""

    belief: float  # P(known), as of the day ``seen``
    seen: float  # day of the last event on this skill, UNSEEN before the first
    answered: float  # items attempted
    right: float  # items answered correctly
    taught: float  # exposures that taught it


class Totals(NamedTuple):
    """Running totals of a record."""

    now: float  # day of the last event
    decisions: float
    completed: float
    skipped: float
    unfinished: float
    minutes: float
    staff_minutes: float
    cost: float
    success: float  # running share of correct answers
    stars: float  # running rating, 1 to 5, 0 before the first
    pace: float  # running ratio of minutes taken to minutes declared
    gap: float  # days before the last event


class Standing(NamedTuple):
    """What a profile says beside the target weights: terms of the programme."""

    mandatory: float  # 1 or 0
    weekly_minutes: float  # promised by the learner
    horizon: float  # day on which the programme ends
    retention_day: float  # day of the retention check


TOTALS = Totals._fields


@formula
def begin_belief(tracer):
    """The belief about a skill nobody has seen the learner use."""
    return Belief(tracer.prior, -1.0, 0.0, 0.0, 0.0)


@formula
def faded(belief, tracer, now):
    """P(known) now: P(still known after t days) = 1 / (1 + forget t), hyperbolic (Wixted & Ebbesen 1991)."""
    days = where(belief.seen < 0.0, 0.0, maximum(now - belief.seen, 0.0))
    return belief.belief / (1.0 + tracer.forget * days)


@formula
def after_items(known, items, correct, tracer):
    """P(known | answers).   Corbett & Anderson (1995), for several independent items at once"""
    if_known = (1.0 - tracer.slip) ** correct * tracer.slip ** (items - correct)
    if_unknown = tracer.guess**correct * (1.0 - tracer.guess) ** (items - correct)
    evidence = known * if_known + (1.0 - known) * if_unknown
    return where(evidence > 0.0, known * if_known / maximum(evidence, 1e-30), known)


@formula
def observe_skill(belief, tracer, now, weight, fraction, items, correct):
    """A skill's belief after an event; untouched unless the activity taught it or asked about it."""
    told = after_items(faded(belief, tracer, now), items, correct, tracer)
    moved = told + (1.0 - told) * minimum(1.0, tracer.learn * weight * fraction)
    touched = maximum(weight, items) > 0.0
    return Belief(
        where(touched, moved, belief.belief),
        where(touched, now, belief.seen),
        belief.answered + items,
        belief.right + correct,
        belief.taught + where(weight > 0.0, fraction, 0.0),
    )


@formula
def share_done(completed):
    """How much of an exposure a visit counts as; the platform sees only whether it was finished."""
    return where(completed > 0.5, 1.0, UNFINISHED)


@formula
def reaction_of(skipped, completed, stars):
    """One number for how an offer went down: a skip, an unfinished visit, a rating, or finishing without a word."""
    finished = where(stars > 0.0, 0.5 * (stars - 3.0), 0.2)
    return where(skipped > 0.5, -1.0, where(completed > 0.5, finished, -0.5))


@formula
def observe_format(mean, variance, x, surprise, share):
    """One axis of the format belief: a diagonal Kalman step.   mean' = m + v x s h, variance' = v - (v x)^2 h

    share h: 1 / (noise + sum of v x^2 over the axes), how much of a surprise one unit of variance explains.
    """
    gain = variance * x * share
    return mean + gain * surprise, maximum(variance - gain * variance * x, 0.02)


@formula
def running(old, new, count):
    """An average that remembers about ten events."""
    share = 1.0 / minimum(count + 1.0, 10.0)
    return old + share * (new - old)


@formula
def observe_totals(old, now, skipped, completed, minutes, declared, staff_minutes, cost, tested, success, stars):
    """The totals after an event; what the event does not speak of stays, and a rest speaks of nothing."""
    visited = where(minutes > 0.0, 1.0, 0.0)
    pace = minutes / maximum(declared, 1.0)
    return Totals(
        now,
        old.decisions + 1.0,
        old.completed + completed,
        old.skipped + skipped,
        old.unfinished + visited * (1.0 - completed),
        old.minutes + minutes,
        old.staff_minutes + staff_minutes,
        old.cost + cost,
        where(tested > 0.5, running(old.success, success, old.decisions), old.success),
        where(stars > 0.0, where(old.stars > 0.0, running(old.stars, stars, old.decisions), stars), old.stars),
        where(visited * completed > 0.5, running(old.pace, pace, old.decisions), old.pace),
        now - old.now,
    )


@formula
def heeded(target, wish, heed):
    """One skill's weight in the target that policies are told: what is asked, and what the learner says they want."""
    return target + heed * (wish - target)


@formula
def view_totals(old, standing, goal, now):
    """What a policy sees of the totals, in the order of VIEW_TOTALS, each within [0, 1] or close."""
    return (
        maximum(standing.horizon - now, 0.0) / standing.horizon,
        (standing.retention_day - now) / standing.retention_day,
        old.decisions / (old.decisions + 20.0),
        old.completed / (old.completed + 20.0),
        old.skipped / (old.decisions + 1.0),
        old.unfinished / (old.decisions + 1.0),
        old.minutes / (old.minutes + 300.0),
        old.success,
        old.stars / 5.0,
        minimum(old.pace, 4.0) / 2.0,
        goal,
        standing.mandatory,
        standing.weekly_minutes / 120.0,
    )


@formula
def view_skill(belief, tracer, now, target):
    """What a policy sees of one skill, each in [0, 1]: belief, answered, recency, taught, target."""
    days = maximum(now - belief.seen, 0.0)
    recency = where(belief.seen < 0.0, 0.0, 7.0 / (7.0 + days))
    answered, taught = belief.answered / (belief.answered + 5.0), belief.taught / (belief.taught + 2.0)
    return faded(belief, tracer, now), answered, recency, taught, target


@dataclass(frozen=True)
class ViewSpec:
    """The layout of records, profiles and views for K skills; names for people, slices for code."""

    n_skills: int

    @property
    def record_size(self) -> int:
        """Floats in one record."""
        return self.n_skills * len(PER_SKILL) + 2 * len(AXES) + len(TOTALS)

    @property
    def format_at(self) -> int:
        """Where the format belief begins in a record: means of AXES, then variances."""
        return self.n_skills * len(PER_SKILL)

    @property
    def totals_at(self) -> int:
        """Where TOTALS begin in a record."""
        return self.format_at + 2 * len(AXES)

    @property
    def profile_size(self) -> int:
        """Floats in one profile: target weight per skill, then PROFILE."""
        return self.n_skills + len(PROFILE)

    def segments(self) -> list[tuple[str, int]]:
        """Named blocks of a view with their sizes, in order."""
        blocks = [(name, self.n_skills) for name in VIEW_SKILL]
        return [*blocks, ("preference", len(AXES)), ("preference_sd", len(AXES)), ("motive", len(MOTIVES)),
                ("stated", len(MODES)), ("totals", len(VIEW_TOTALS))]  # fmt: skip

    @property
    def size(self) -> int:
        """V, the number of floats in one view."""
        return sum(size for _, size in self.segments())

    def at(self, block: str) -> slice:
        """Where a block lies in a view, e.g. ``view[:, spec.at("belief")]``."""
        blocks = _blocks(self)
        if block not in blocks:
            raise KeyError(f"no block {block!r} in the view; needed one of {', '.join(blocks)}, e.g. 'belief'")
        return blocks[block]

    def total(self, name: str) -> int:
        """Where one of VIEW_TOTALS lies in a view."""
        return int(self.at("totals").start) + VIEW_TOTALS.index(name)

    def names(self) -> list[str]:
        """One name per float of a view."""
        inner = {"preference": AXES, "preference_sd": AXES, "motive": MOTIVES, "stated": MODES, "totals": VIEW_TOTALS}
        return [f"{name}[{j}]" if name in VIEW_SKILL else f"{name}.{inner[name][j]}"
                for name, size in self.segments() for j in range(size)]  # fmt: skip

    def newcomer(self, tracer: NDArray[np.float32], liking: tuple[ArrayLike, ArrayLike] | None = None) -> Row:
        """The record of a learner nobody has met.   tracer [K, 5] -> [R]

        Args:
            liking: mean and sd of what people prefer, each of FORMATS [8]; None = 0 and 1, nothing is known.
        """
        row = np.zeros(self.record_size, np.float32)
        skills = row[: self.format_at].reshape(len(PER_SKILL), self.n_skills)
        skills[0] = tracer[:, 0]
        skills[1] = UNSEEN
        mean, variance = row[self.format_at : self.totals_at].reshape(2, len(AXES))
        variance[:] = 1.0
        if liking is not None:
            mean[: len(FORMATS)], variance[: len(FORMATS)] = liking[0], np.square(liking[1])
        row[self.totals_at + TOTALS.index("pace")] = 1.0
        return row


@lru_cache(maxsize=64)
def _blocks(spec: ViewSpec) -> dict[str, slice]:
    """Every block's place in a view; asked at each decision, so it is kept."""
    ends = np.cumsum([size for _, size in spec.segments()])
    return {name: slice(int(end) - size, int(end)) for (name, size), end in zip(spec.segments(), ends, strict=True)}
