"""A table from elsewhere as visits and answers: what ``core.visits`` holds, as far as the table has columns for it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.core.refusal import Fault, Refusal, some_of
from adaptlearn.core.visits import NONE, Answers, Visits
from adaptlearn.core.world import World
from adaptlearn.interchange.cells import UNKNOWN
from adaptlearn.interchange.facts import SILENCE, WHEN
from adaptlearn.interchange.tables import Table

SPAN = 60.0  #: days a log must cover before silence at its end means anything
GROUPS = ("group", "role")
MOST_GROUPS = 30  #: of one attribute; a column with more names no groups


def of_table(table: Table, world: World | None = None) -> Visits:
    """Rows sorted by learner and time; activities and skills are those of the world where one is given.

    Without answers, events of one learner on one activity are one visit, finished if any of them says so.

    Raises:
        Refusal: the world knows none of the table's activities or skills.
    """
    _, learner = np.unique(table["learner"], return_inverse=True)
    order = np.argsort(learner, kind="stable")
    learner = learner[order].astype(np.int64)
    activity, activities = _named(table, "activity", order, world and [(a.id, a.title) for a in world.activities])
    skill, skills = _named(table, "skill", order, world and [(s.id, s.title) for s in world.skills])
    day = _days(table, order)
    answers, items = _answers(table, order, skill, activity, activities, skills)
    left, lasted = _left(table, order, learner, day)
    groups, called = _groups(table, order, day)
    made = Visits(
        table.source, learner, activity, activities, skills, items, answers, done=_done(table, order), day=day,
        minutes=_numbers(table, "minutes", order), rating=_numbers(table, "rating", order), left=left, lasted=lasted,
        groups=groups, called=called,
    )  # fmt: skip
    return made if len(answers.row) or "activity" not in table else _once(made)


def _once(visits: Visits) -> Visits:
    """One row per learner and activity, in the order of their last events."""
    pair = visits.learner * (len(visits.activities) + 1) + visits.activity
    _, back = np.unique(pair[::-1], return_index=True)
    last = np.sort(len(pair) - 1 - back)
    at = np.zeros(int(pair.max()) + 1, np.int64)
    at[pair[last]] = np.arange(len(last))
    place, kept = at[pair], {}
    for name in ("learner", "activity", "day", "lasted"):
        column = getattr(visits, name)
        kept[name] = None if column is None else column[last]
    for name in ("done", "left"):
        column = getattr(visits, name)
        kept[name] = None if column is None else np.bincount(place, column, len(last)) > 0
    spent = None if visits.minutes is None else np.bincount(place, visits.minutes, len(last))
    rating = None if visits.rating is None else visits.rating[last]
    groups = {name: codes[last] for name, codes in visits.groups.items()}
    return replace(visits, **kept, minutes=spent, rating=rating, groups=groups)


def _named(
    table: Table, name: str, order: NDArray[Any], known: Sequence[tuple[str, str]] | None
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Codes and titles of a column of words; blank is NONE."""
    if name not in table:
        return np.full(len(order), NONE), tuple(title for _, title in known or ())
    words, code = np.unique(table[name][order], return_inverse=True)
    if known is None:
        titles = [str(word) for word in words]
        blank = [j for j, word in enumerate(titles) if word == ""]
        return np.where(np.isin(code, blank), NONE, code).astype(np.int64), tuple(titles)
    at = {word: j for j, pair in reversed(list(enumerate(known))) for word in pair}
    place = np.array([at.get(str(word), NONE) for word in words], np.int64)
    if (place == NONE).all():
        raise Refusal([Fault(table.source, None, name, some_of([str(w) for w in words if w]), f"ids or titles of the "
                             f"world: {some_of([i for i, _ in known])}", known[-1][0])])  # fmt: skip
    return place[code], tuple(title for _, title in known)


def _days(table: Table, order: NDArray[Any]) -> NDArray[np.float64] | None:
    dates = [np.asarray(table[name], np.float64)[order] for name in WHEN if name in table]
    return np.fmin.reduce(dates) if dates else None


def _numbers(table: Table, name: str, order: NDArray[Any]) -> NDArray[np.float64] | None:
    return np.nan_to_num(np.asarray(table[name], np.float64)[order]) if name in table else None


def _done(table: Table, order: NDArray[Any]) -> NDArray[np.bool_] | None:
    if "completed" in table:
        return np.asarray(table["completed"][order] == 1)
    return np.asarray(~np.isnan(table["finished"][order])) if "finished" in table else None


def _answers(
    table: Table, order: NDArray[Any], skill: NDArray[np.int64], activity: NDArray[np.int64],
    activities: tuple[str, ...], skills: tuple[str, ...],
) -> tuple[Answers, tuple[str, ...]]:  # fmt: skip
    """One item a row, called by its own name, else by its activity, else by its skill."""
    if "correct" not in table:
        return Answers(*np.zeros((5, 0), np.int64)), ()
    correct = table["correct"][order]
    rows = np.flatnonzero((correct != UNKNOWN) & (skill >= 0))
    item, items = _named(table, "item", order, None) if "item" in table else (activity, activities)
    if (item[rows] < 0).any():
        item, items = skill, skills
    one = np.ones(len(rows), np.int64)
    return Answers(rows, skill[rows], item[rows], one, correct[rows].astype(np.int64)), items


def _left(
    table: Table, order: NDArray[Any], learner: NDArray[np.int64], day: NDArray[np.float64] | None
) -> tuple[NDArray[np.bool_] | None, NDArray[np.float64] | None]:
    """Rows after which somebody left, by a day of leaving or by silence at the log's end; and after how many days."""
    if "left" in table:
        when = np.asarray(table["left"], np.float64)[order]
        return ~np.isnan(when), None if day is None else np.maximum(when - day, 0.0)
    if day is None or np.isnan(day).all() or np.nanmax(day) - np.nanmin(day) < SPAN:
        return None, None
    gone, latest = np.zeros(len(learner), bool), np.full(int(learner[-1]) + 1, -np.inf)
    last = np.r_[np.flatnonzero(np.diff(learner)), len(learner) - 1]
    np.fmax.at(latest, learner, day)
    gone[last] = latest[learner[last]] < np.nanmax(day) - SILENCE
    return gone, None


def _groups(
    table: Table, order: NDArray[Any], day: NDArray[np.float64] | None
) -> tuple[dict[str, NDArray[np.int64]], dict[str, tuple[str, ...]]]:
    """Who belongs where, and, where a log is dated, whether a row is of its earlier or later half: items may drift."""
    found, called = {}, {}
    for name in GROUPS:
        if name in table:
            code, words = _named(table, name, order, None)
            if 2 <= len(words) <= MOST_GROUPS:
                found[name], called[name] = code, words
    if day is not None and not np.isnan(day).all():
        late = (day > np.nanmedian(day)).astype(np.int64)
        found["half of the log"], called["half of the log"] = np.where(np.isnan(day), NONE, late), ("earlier", "later")
    return found, called


__all__ = ["of_table"]
