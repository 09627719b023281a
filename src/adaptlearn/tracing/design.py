"""A log of answers as the hierarchical model reads it: which effects each answer speaks of, and how strongly.

An answer's logit is the learner's ability plus

    easiness_k + slope_k x - forgetting_k w + activity_a + sum_f format_f x share_f

with x = log(1 + earlier answers of this learner on this skill), w = log(1 + days since the last of them), and share_f
the part of them that was practised in format f: ``format`` is what practice in a format is worth beyond the usual.
Terms whose columns the log does not have are left out.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.tracing.sequences import columns, number

MOST_ACTIVITIES = 400  #: with an effect of their own, those with most answers first; the others share "no effect"


class Answers(NamedTuple):
    """Learner by learner, in the order of time."""

    start: NDArray[np.int64]  # [N + 1]
    index: NDArray[np.int32]  # [M, J] into the effects
    value: NDArray[np.float64]  # [M, J]
    right: NDArray[np.uint8]  # [M]


class Design(NamedTuple):
    """Answers, and the names behind the numbers."""

    answers: Answers
    labels: dict[str, tuple[str, ...]]  # group of effects -> its names; the groups lie in this order
    learners: tuple[str, ...]
    notes: tuple[str, ...] = ()  # what a reader should know

    @property
    def sizes(self) -> dict[str, int]:
        return {name: len(names) for name, names in self.labels.items()}


def arrange(
    learner: ArrayLike, skill: ArrayLike, correct: ArrayLike, *,
    day: ArrayLike | None = None, activity: ArrayLike | None = None, format: ArrayLike | None = None,
) -> Design:  # fmt: skip
    """Sort a log by learner and count practice.   each [M], rows in the order of time

    Raises:
        ValueError: an empty log, missing values, columns of unequal length, days that run backwards.
    """
    who, what, right, learners, skills = columns(learner, skill, correct)
    by_learner = np.argsort(who, kind="stable")  # within a learner the order of time is kept
    place = np.empty_like(by_learner)
    place[by_learner] = np.arange(len(who))
    order = np.lexsort((place, what, who))
    begin = np.flatnonzero(np.r_[True, (np.diff(who[order]) != 0) | (np.diff(what[order]) != 0)])
    earlier = np.arange(len(right)) - np.repeat(begin, np.diff(np.r_[begin, len(right)]))
    practice = np.log1p(earlier)
    labels = {"easiness": skills, "slope": skills}
    terms = [(what[order], np.ones(len(right))), (what[order], practice)]
    notes: tuple[str, ...] = ()
    if day is not None:
        labels["forgetting"] = skills
        terms.append((what[order], -np.log1p(_away(_column(day, len(right), "day")[order], earlier))))
    if activity is not None:
        code, names = _numbered(activity, len(right), "activity")
        code, labels["activity"], notes = _most_used(code, names)
        terms.append((code[order], (code[order] >= 0) * 1.0))
    if format is not None:
        code, labels["format"] = _numbered(format, len(right), "format")
        shares = _shares(code[order], len(labels["format"]), earlier)
        terms += [(np.full(len(right), f), practice * shares[:, f]) for f in range(shares.shape[1])]
    first = dict(zip(labels, np.cumsum([0, *(len(v) for v in labels.values())]), strict=False))
    names_of = [*list(labels)[: len(terms)], *["format"] * (len(terms) - len(labels))]
    index = np.stack([first[name] + np.maximum(code, 0) for name, (code, _) in zip(names_of, terms, strict=True)], 1)
    back = np.argsort(place[order], kind="stable")
    value = np.stack([values for _, values in terms], 1)
    start = np.searchsorted(who[by_learner], np.arange(len(learners) + 1))
    answers = Answers(start, index[back].astype(np.int32), np.ascontiguousarray(value[back]), right[order][back])
    told = {group: tuple(str(name) for name in names) for group, names in labels.items()}
    return Design(answers, told, tuple(str(name) for name in learners), notes)


def _column(values: ArrayLike, length: int, what: str) -> NDArray[np.float64]:
    column = np.asarray(values, np.float64)
    if column.shape != (length,) or not np.isfinite(column).all():
        raise ValueError(f"{what}: found shape {column.shape}, {int(np.isnan(column).sum())} missing; "
                         f"needed {length} numbers, one per answer, e.g. 0.5")  # fmt: skip
    return column


def _numbered(values: ArrayLike, length: int, what: str) -> tuple[NDArray[np.int64], tuple[object, ...]]:
    code, names = number(values, what)
    if len(code) != length:
        raise ValueError(f"{what}: found {len(code)} values; needed {length}, one per answer")
    return code, names


def _away(day: NDArray[np.float64], earlier: NDArray[np.int64]) -> NDArray[np.float64]:
    """Days since the last answer on the skill, 0 at the first.   sorted by learner, skill, time"""
    away = np.where(earlier > 0, np.diff(day, prepend=day[:1]), 0.0)
    if away.min(initial=0.0) < 0.0:
        raise ValueError(f"day: runs backwards by up to {-away.min():g} within a learner; needed rows in the order of "
                         "time, e.g. sorted by learner and day")  # fmt: skip
    return away


def _most_used(
    code: NDArray[np.int64], names: tuple[object, ...]
) -> tuple[NDArray[np.int64], tuple[object, ...], tuple[str, ...]]:
    """The most answered activities keep an effect of their own; -1 stands for the others."""
    if len(names) <= MOST_ACTIVITIES:
        return code, names, ()
    kept = np.sort(np.argsort(-np.bincount(code), kind="stable")[:MOST_ACTIVITIES])
    again = np.full(len(names), -1)
    again[kept] = np.arange(MOST_ACTIVITIES)
    share = float(np.mean(again[code] < 0))
    note = (f"{len(names):,} activities, of which the {MOST_ACTIVITIES} with most answers have effects; "
            f"{share:.0%} of the answers are on the others, taken to be as easy as their skill")  # fmt: skip
    return again[code], tuple(names[k] for k in kept), (note,)


def _shares(code: NDArray[np.int64], formats: int, earlier: NDArray[np.int64]) -> NDArray[np.float64]:
    """Of the earlier answers on the skill, the part in each format; 0 at the first.   sorted, [M] -> [M, F]"""
    seen = np.cumsum(np.eye(formats)[code], 0) - np.eye(formats)[code]
    since = np.repeat(seen[earlier == 0], np.diff(np.r_[np.flatnonzero(earlier == 0), len(code)]), 0)
    return (seen - since) / np.maximum(earlier, 1)[:, None]
