"""From a flat log to sequences: one learner's answers on one skill, first to last.

Axes: M answers in the log, S sequences, K skills, N learners.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Sequences:
    """Answers sorted by skill, then learner, then the order in which they came."""

    skills: tuple[object, ...]  # names, one per skill index
    order: NDArray[np.int64]  # [M] row of the log that stands at each place here
    right: NDArray[np.uint8]  # [M] 1 right, 0 wrong
    start: NDArray[np.int64]  # [S + 1] first answer of each sequence
    first: NDArray[np.int64]  # [K + 1] first sequence of each skill
    learner: NDArray[np.int64]  # [S] whose sequence it is, as a number 0..N-1

    def of(self, k: int) -> tuple[slice, slice]:
        """Where skill k lies: among the answers, among the sequences."""
        sequences = slice(int(self.first[k]), int(self.first[k + 1]))
        return slice(int(self.start[sequences.start]), int(self.start[sequences.stop])), sequences

    def back(self, sorted_values: NDArray) -> NDArray:
        """Values in this order, put back into the order of the log.   [M, ...] -> [M, ...]"""
        out = np.empty_like(sorted_values)
        out[self.order] = sorted_values
        return out


def number(values: ArrayLike, what: str) -> tuple[NDArray[np.int64], tuple[object, ...]]:
    """Names as numbers 0..n-1 in sorted order of the names.   [M] -> [M], n names

    Raises:
        ValueError: a name is missing (None, NaN, empty), or the column is not flat.
    """
    column = np.asarray(values)
    if column.ndim != 1:
        raise ValueError(f"{what}: found an array of shape {column.shape}; needed one flat column, e.g. shape (1000,)")
    if column.dtype.kind == "f":
        _refuse_missing(np.isnan(column), what)
    if column.dtype.kind in "iufb":
        known, codes = np.unique(column, return_inverse=True)
        return codes.astype(np.int64), tuple(known.tolist())
    names = column.tolist()
    known = set(names)
    if any(name is None or name == "" or _is_nan(name) for name in known):
        _refuse_missing(np.array([name is None or name == "" or _is_nan(name) for name in names]), what)
    ordered = sort_names(known)
    place = {name: code for code, name in enumerate(ordered)}
    return np.fromiter(map(place.__getitem__, names), np.int64, len(names)), tuple(ordered)


def sort_names(names: Iterable[object]) -> list[object]:
    """Names in their own order; by their text where they are of several kinds."""
    try:
        return sorted(names)  # type: ignore[type-var]
    except TypeError:
        return sorted(names, key=str)


def answers(correct: ArrayLike) -> NDArray[np.uint8]:
    """A column of answers as 0 and 1.

    Raises:
        ValueError: empty, missing, or neither 0 nor 1.
    """
    column = np.asarray(correct)
    if column.ndim != 1 or len(column) == 0:
        raise ValueError(
            f"correct: found {column.size} answers of shape {column.shape}; needed at least one, e.g. [0, 1, 1]"
        )
    try:
        numbers = column.astype(np.float64)
    except (TypeError, ValueError):
        odd = next(value for value in column.tolist() if not _is_number(value))
        raise ValueError(f"correct: found {odd!r}; needed 1 (right) or 0 (wrong), e.g. [0, 1, 1]") from None
    _refuse_missing(np.isnan(numbers), "correct")
    wrong = (numbers != 0.0) & (numbers != 1.0)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(
            f"correct: found {column[row]!r} in row {row} ({int(wrong.sum())} such rows); "
            "needed 1 (right) or 0 (wrong), e.g. score >= .5"
        )
    return numbers.astype(np.uint8)


def both_kinds(right: NDArray[np.uint8]) -> None:
    """Refuse answers of one kind.   [M]

    Raises:
        ValueError: all right, or all wrong.
    """
    if right.min() == right.max():
        kind = "right" if right[0] else "wrong"
        raise ValueError(
            f"correct: found {len(right)} answers, all {kind}; needed both kinds, else guessing, slipping and "
            "learning cannot be told apart, e.g. the log before completions were filtered"
        )


def beside(values: ArrayLike, name: str, n: int) -> NDArray:
    """A further column of a log, one value per answer.   -> [n]

    Raises:
        ValueError: of another length.
    """
    column = np.asarray(values)
    if column.shape != (n,):
        raise ValueError(
            f"{name}: found shape {column.shape}; needed one value per answer, ({n},), e.g. the column beside correct"
        )
    return column


def since(day: ArrayLike | None, key: NDArray[np.int64]) -> NDArray[np.float64]:
    """Days since the row before with the same key, 0 for the first of each key.   [M], [M] -> [M]

    Raises:
        ValueError: no days, missing ones, or days that go back.
    """
    if day is None:
        raise ValueError("day: found none; needed a column of days, memory being about time, e.g. day=seconds / 86400")
    days = beside(day, "day", len(key)).astype(np.float64)
    _refuse_missing(~np.isfinite(days), "day")
    order = np.argsort(key, kind="stable")
    gap = np.diff(days[order], prepend=days[order[:1]])
    gap[np.flatnonzero(np.r_[True, np.diff(key[order]) != 0])] = 0.0
    if (gap < 0.0).any():
        raise ValueError(
            f"day: found {int((gap < 0.0).sum())} answers earlier than the same learner's answer before, one in row "
            f"{int(order[np.argmin(gap)])}; needed rows in the order of time, e.g. sorted by day"
        )
    out = np.empty(len(key))
    out[order] = gap
    return out


def by_lot(learner: NDArray[np.int64], most: int, seed: int) -> NDArray[np.bool_]:
    """Rows of learners taken by lot, all of a learner's or none: at most so many, of one learner at least.

    learner [M], numbers from 0 -> [M]
    """
    if len(learner) <= most:
        return np.ones(len(learner), bool)
    lot = np.random.default_rng(seed).permutation(int(learner.max()) + 1)[learner]
    return np.asarray(lot < max(np.sort(lot)[most], lot.min() + 1))


class Columns(NamedTuple):
    """A log as numbers, in the order of time, and the names behind them."""

    who: NDArray[np.int64]  # [M] learner
    what: NDArray[np.int64]  # [M] skill
    right: NDArray[np.uint8]  # [M] 1 right, 0 wrong
    learners: tuple[object, ...]
    skills: tuple[object, ...]


def columns(learner: ArrayLike, skill: ArrayLike, correct: ArrayLike) -> Columns:
    """Check a log and number its names.   each [M]

    Raises:
        ValueError: columns of unequal length, an empty log, missing values.
    """
    right = answers(correct)
    (who, learners), (what, skills) = number(learner, "learner"), number(skill, "skill")
    if not len(who) == len(what) == len(right):
        raise ValueError(
            f"columns: found {len(who)} learners, {len(what)} skills, {len(right)} answers; "
            "needed columns of one length, one row per answer, e.g. [0, 0], ['add', 'add'], [0, 1]"
        )
    return Columns(who, what, right, learners, skills)


class Merged(NamedTuple):
    """A log in which every answer is one row."""

    keep: NDArray[np.bool_]  # [M] the first row of each answer
    skill: NDArray  # [answers] the skill asked, or the names of several joined with `` & ``


def merged(learner: ArrayLike, skill: ArrayLike, correct: ArrayLike, item: ArrayLike) -> Merged:
    """Find answers that are logged once per skill, and give each one row.   each [M]

    A learner's rows that follow one another with the same item and answer and always another skill are one answer.
    Left apart they would foretell each other: the second row is known from the first, and every score is too good.
    """
    (who, _), (what, skills) = number(learner, "learner"), number(skill, "skill")
    (thing, _), right = number(beside(item, "item", len(who)), "item"), np.asarray(correct)
    order = np.argsort(who, kind="stable")  # a learner's rows together, in the order of time
    same = np.ones(len(who) - 1, bool)
    for column in (who, thing, right):
        same &= column[order][1:] == column[order][:-1]
    again = np.r_[False, same & (what[order][1:] != what[order][:-1])]
    first = np.flatnonzero(~again)
    size = np.diff(np.r_[first, len(who)])
    names = np.asarray(skill).astype(object)
    for place, n in zip(first[size > 1].tolist(), size[size > 1].tolist(), strict=True):
        joined = sorted(set(what[order[place : place + n]].tolist()))
        names[order[place]] = " & ".join(str(skills[k]) for k in joined)
    keep = np.zeros(len(who), bool)
    keep[order[first]] = True
    return Merged(keep, names[keep] if not keep.all() else np.asarray(skill))


def sequences(learner: ArrayLike, skill: ArrayLike, correct: ArrayLike) -> Sequences:
    """Sort a log into sequences; the order of rows is the order of time.   each [M]

    Raises:
        ValueError: columns of unequal length, an empty log, or missing values.
    """
    who, what, right, _, names = columns(learner, skill, correct)
    order = np.argsort(what * (int(who.max()) + 1) + who, kind="stable")  # stable: the order of time is kept
    who, what = who[order], what[order]
    new = np.flatnonzero(np.r_[True, (np.diff(who) != 0) | (np.diff(what) != 0)])
    first = np.searchsorted(what[new], np.arange(len(names) + 1))
    start = np.r_[new, len(right)]
    return Sequences(names, order, right[order], start, first, who[new])


def _is_number(value: object) -> bool:
    try:
        float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return True


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and np.isnan(value)


def _refuse_missing(missing: NDArray[np.bool_], what: str) -> None:
    if missing.any():
        raise ValueError(
            f"{what}: found {int(missing.sum())} missing values, the first in row {int(np.argmax(missing))}; "
            "needed a value in every row, e.g. leave such rows out"
        )
