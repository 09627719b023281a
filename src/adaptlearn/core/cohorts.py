"""Learners who meet: how they are put together, what they share, and on which days.

Both are parts of a world that may be absent. Without ``Cohorts`` everyone learns alone and nothing is scarce; without
``Calendar`` nothing but an activity's own window ties it to a day.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from adaptlearn.core.catalogue import Activity

WEEK = 7  #: days; programme day 0 is a Monday
MET_LIVE = ("sync_scheduled", "cohort_paced")  #: timings of activities that are held, not looked up
COACHED = ("coach", "mentor")  #: with whom, where someone's minutes are asked for


@dataclass(frozen=True)
class Cohorts:
    """Learners who go through the programme together, in weekly rounds.

    Learner ``i`` belongs to cohort ``i // size``: whoever else is simulated, the same people meet. At the start of a
    week everyone learns how the others stand; seats are counted by the week and given out once a day. A seat column
    (``capacity``) of an activity is a number of seats for one cohort and week; the limits here are shared by several
    activities. None: no limit.
    """

    size: int = 12  # learners in one cohort, >= 1
    likeness: float = 0.0  # correlation of ability within a cohort, 0 as they come, towards 1 streamed; [0, 1)
    coach_minutes: float | None = None  # minutes of coaches and mentors a week (staffMinutes of what is coached)
    lab_seats: int | None = None  # visits to the lab a week
    live_sessions: int | None = None  # live activities that can be held in a week, whoever attends
    held_days: float = 4.0  # days of a week for which an orchestrating agent may hold seats back, [0, 7]

    def of(self, ids: ArrayLike) -> NDArray[np.uint64]:
        """The cohort each learner belongs to.   ids [N] -> uint64 [N]"""
        return np.asarray(ids, np.uint64) // np.uint64(self.size)


@dataclass(frozen=True)
class Calendar:
    """When and where things happen: weekdays are 0 (Monday) to 6, and programme day 0 is a Monday.

    A scheduled activity is held once a week, on its weekday at its hour. It is booked on the days before, and the
    learner who took it is there until it ends: nobody is in two places.
    """

    lab_days: tuple[int, ...] = (0, 1, 2, 3, 4)  # weekdays on which the lab is open
    job_site_days: tuple[int, ...] = (0, 1, 2, 3, 4)  # weekdays on which work may be visited
    session_days: tuple[int, ...] = (0, 1, 2, 3, 4)  # weekdays of scheduled activities, taken in catalogue order
    session_hours: tuple[float, ...] = (10.0, 14.0)  # and their hours, [0, 24)
    lead_days: int = 2  # a session may be booked on so many days before the one it is held on, 1 to 6
    pace_weeks: int = 2  # weeks for which what a cohort does together stays open, from its turn in the syllabus on

    def sessions(self, activities: Iterable["Activity"]) -> NDArray[np.float32]:
        """Weekday and hour / 24 of each scheduled activity as one number, days from Monday 0:00; -1 where none.  [A]"""
        starts, held = [], 0
        for activity in activities:
            start = -1.0
            if activity.timing == "sync_scheduled":
                day = self.session_days[held % len(self.session_days)]
                hour = self.session_hours[held // len(self.session_days) % len(self.session_hours)]
                start, held = day + hour / 24.0, held + 1
            starts.append(start)
        return np.array(starts, np.float32)

    def weekdays(self, activities: Sequence["Activity"]) -> NDArray[np.bool_]:
        """Weekdays on which each activity may begin; what is scheduled, may be booked.   -> [A, 7]"""
        week, starts = np.arange(WEEK), self.sessions(activities)
        days = np.ones((len(activities), WEEK), bool)
        for a, activity in enumerate(activities):
            if starts[a] >= 0.0:
                days[a] = (np.floor(starts[a]) - week - 1) % WEEK < self.lead_days
            elif activity.place != "anywhere":
                days[a] = np.isin(week, self.lab_days if activity.place == "lab" else self.job_site_days)
        return days

    def turn(self, rank: float, horizon: float) -> tuple[float, float]:
        """First and last day on which a cohort does together what stands at this place of the syllabus, 0..1."""
        weeks = -(-horizon // WEEK)
        first = min(np.floor(np.float32(rank) * weeks), weeks - 1)
        return float(WEEK * first), float(WEEK * (first + self.pace_weeks) - 1)


SHARED = ("coach_minutes", "lab_seats", "live_sessions")  #: resources that several activities draw upon


@dataclass(frozen=True)
class Scarcity:
    """What a cohort can run out of in a week, as a table.   S scarce activities, R resources"""

    activities: NDArray[np.int64]  # [S] rows of the catalogue
    resources: tuple[str, ...]  # [R] an activity's id for its own seats, then those of SHARED that are limited
    use: NDArray[np.float64]  # [S, R] what one learner who takes the activity uses up
    limit: NDArray[np.float64]  # [R] a week
    once: NDArray[np.bool_]  # [R] used by whoever is first to take an activity in a week, free for those who join


def scarcity(activities: tuple["Activity", ...], cohorts: Cohorts) -> Scarcity:
    """The table of a catalogue and a cohort."""
    limits = {a.id: float(a.capacity) for a in activities if a.capacity is not None}
    limits |= {name: float(most) for name in SHARED if (most := getattr(cohorts, name)) is not None}
    rows, use = [], []
    for row, activity in enumerate(activities):
        wants = {activity.id: 1.0, "lab_seats": float(activity.place == "lab"),
                 "coach_minutes": activity.staff_minutes * (activity.social in COACHED),
                 "live_sessions": float(activity.timing in MET_LIVE)}  # fmt: skip
        used = [wants.get(name, 0.0) for name in limits]
        if any(used):
            rows.append(row)
            use.append(used)
    table = np.array(use, np.float64).reshape(len(rows), len(limits))
    once = np.array([name == "live_sessions" for name in limits], bool)
    return Scarcity(np.array(rows, np.int64), tuple(limits), table, np.array(list(limits.values()), np.float64), once)


def faults(part: Cohorts | Calendar) -> list[tuple[str, object, str, object]]:
    """What is wrong with it.   -> (key, found, needed, example) of each fault"""
    found: list[tuple[str, object, str, object]] = []

    def ask(key: str, fits: bool, needed: str, example: object) -> None:
        if not fits:
            found.append((key, getattr(part, key), needed, example))

    if isinstance(part, Cohorts):
        ask("size", part.size >= 1, "a whole number from 1 on", 12)
        ask("likeness", 0.0 <= part.likeness < 1.0, "a correlation from 0 to below 1", 0.3)
        ask("held_days", 0.0 <= part.held_days <= WEEK, "days from 0 to 7", 4.0)
        for key in SHARED:
            most = getattr(part, key)
            ask(key, most is None or 0.0 <= most < float("inf"), "a number from 0 on, or no such line", 120)
        return found
    for key in ("lab_days", "job_site_days", "session_days"):
        days = getattr(part, key)
        fits = bool(days) and all(day in range(WEEK) for day in days) and len(set(days)) == len(days)
        ask(key, fits, "weekdays from 0 (Monday) to 6, each once", "[0, 2, 4]")
    hours = part.session_hours
    ask("session_hours", bool(hours) and all(0.0 <= hour < 24.0 for hour in hours), "hours from 0 to 24", "[10.0]")
    ask("lead_days", 1 <= part.lead_days <= 6, "a whole number of days, 1 to 6", 2)
    ask("pace_weeks", part.pace_weeks >= 1, "a whole number of weeks from 1 on", 2)
    return found


def stated(part: Cohorts | Calendar) -> dict[str, Any]:
    """What it says beyond its defaults, by key: as it is written down."""
    return {f.name: getattr(part, f.name) for f in fields(part) if getattr(part, f.name) != f.default}
