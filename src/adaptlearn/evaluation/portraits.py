"""One life in full, and the courses of many: what pictures of a learner or of a policy are made from.

Axes: T moments of one life, G moments of a calendar, N learners, K skills.
"""

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.classroom.room import Classroom, Rules
from adaptlearn.classroom.simulate import CHUNK, simulate
from adaptlearn.core.log import EventLog
from adaptlearn.evaluation.outcomes import levels

Floats = NDArray[np.float64]
LONGEST, SHOWN = 160, 4  # decisions of a life that are looked at; activities named of a branch
GROUPS = ("knew least", "in the middle", "knew most")  #: thirds of learners, by what they knew before


class Walk(NamedTuple):
    """One learner under one policy, moment by moment."""

    learner: int
    role: int
    days: Floats  # [T] before each decision, and at the end
    known: Floats  # [T, K] P(correct) today, which only a simulation can tell
    believed: Floats  # [T, K] P(known) in the record, which a platform sees
    log: EventLog  # one row per decision

    def visits(self, teaches: NDArray[np.float32]) -> list[list[int]]:
        """Per skill, the decisions (from 1) at which something that teaches it was finished.   teaches [A, K]"""
        taken, done = self.log["taken"], self.log["completed"]
        return [[t + 1 for t in np.flatnonzero(done) if teaches[taken[t], k] > 0] for k in range(self.known.shape[1])]


def walk(policy: Any, rules: Rules, learner: int, seed: int) -> Walk:
    """Live one life and keep its moments."""
    days, known, believed = [], [], []

    def look(room: Classroom) -> None:
        day = float(room.now("day")[0])
        days.append(day)
        known.append(levels(room.mind, room.touched, rules, day)[0])
        believed.append(room.view[0, room.spec.at("belief")].copy())

    lives = simulate(policy, rules, [learner], seed, log=True, before=look)
    assert lives.log is not None
    end = float(lives["day"][0])
    days.append(end)
    known.append(levels(lives.mind, lives.touched, rules, end)[0])
    believed.append(believed[-1])  # what the last event says is never shown to a policy
    return Walk(learner, int(lives["role"][0]), *(np.array(x, np.float64) for x in (days, known, believed)), lives.log)


class Branch(NamedTuple):
    """A branch of a branching programme, for one destination."""

    after: int  # decisions made before its fork
    minutes: tuple[float, float]  # a week: above, up to
    known: tuple[float, float]  # of what is needed: above, up to
    share: float  # of those of that destination who come to the fork
    taken: list[int]  # activities most taken from there to the next fork, in the order in which they come


def branches(policy: Any, rules: Rules, ids: ArrayLike, role: int, seed: int) -> list[Branch]:
    """Who goes which way at each fork, and what they do next; branches that nobody took are left out.

    policy: one with forks (``agents.branching``); ids: [N].

    Raises:
        ValueError: more learners than one classroom holds.
    """
    import torch

    if np.size(ids) > CHUNK:
        raise ValueError(f"branches of {np.size(ids)} learners; needed {CHUNK} or fewer, e.g. learners=2000")

    asked = np.atleast_1d(np.asarray(ids, np.uint64))
    memory, minutes = torch.zeros(len(asked), 2), 1.0
    way = np.full((len(asked), LONGEST), -1)  # branch at each decision

    def look(room: Classroom) -> None:
        nonlocal memory, minutes
        view = torch.from_numpy(room.view)
        memory = policy.put(view, memory)
        going = np.flatnonzero(room.alive & (room.now("role") == role) & (room.now("step") < LONGEST))
        way[going, room.now("step")[going].astype(int)] = memory[going, 1].numpy()
        minutes = float(room.trait("weekly_minutes").sum() / policy.pace(view).sum())  # to a unit of the view

    log = simulate(policy, rules, asked, seed, log=True, before=look).log
    assert log is not None
    row = np.searchsorted(np.sort(asked), log["learner"].astype(np.uint64))
    step = log["step"].astype(int)
    branch = np.where(step < LONGEST, way[np.argsort(asked)[row], np.minimum(step, LONGEST - 1)], -1)
    found, at = [], [*policy.made_with["at"], LONGEST]
    for made, until in pairwise(at):
        going = way[:, made][way[:, made] >= 0]
        for number in np.unique(going).tolist():
            (low, high), known = policy.bounds(number, role)
            here = (branch == number) & (step >= made) & (step < until)
            found.append(Branch(
                made, (minutes * low, minutes * high), known, float((going == number).mean()),
                _usual(log["taken"][here], step[here], min(until - made, SHOWN)),
            ))  # fmt: skip
    return found


def _usual(taken: Any, step: Any, most: int) -> list[int]:
    """The activities that are taken most, in the order in which they come on average."""
    count = np.bincount(taken[taken > 0], minlength=1)
    often = np.argsort(-count, kind="stable")[: min(most, int((count > 0).sum()))]
    return sorted((int(a) for a in often), key=lambda a: float(step[taken == a].mean()))


class Courses(NamedTuple):
    """What learners will know of their goal at the retention check, as time passes."""

    days: Floats  # [G]
    worth: Floats  # [N, G] in [0, 1]
    start: Floats  # [N] before anything
    log: EventLog

    def groups(self) -> NDArray[np.int64]:
        """Each learner's third by ``start``, as an index of GROUPS.   -> [N]"""
        order = np.argsort(np.argsort(self.start, kind="stable"), kind="stable")
        return np.asarray(3 * order // len(order))


def courses(policy: Any, rules: Rules, ids: ArrayLike, seed: int, moments: int = 31, threads: int = 1) -> Courses:
    """Live many lives and read each one's worth at fixed days; between two decisions it stays what it was."""
    days = np.linspace(0.0, rules.world.programme.horizon_days, moments)
    who = np.asarray(ids, np.uint64)
    place = {int(one): row for row, one in enumerate(who)}
    worth = np.full((len(who), moments), np.nan)

    def look(room: Classroom) -> None:
        rows = np.array([place[int(one)] for one in room.ids])
        now, value = room.now("day"), room.now("value")
        ahead = days[None, :] >= now[:, None]
        worth[rows] = np.where(ahead & room.alive[:, None], value[:, None], worth[rows])

    lives = simulate(policy, rules, who, seed, log=True, before=look, threads=threads)
    assert lives.log is not None
    over = days[None, :] >= np.minimum(lives["day"], days[-1])[:, None]  # a last visit may end after the programme
    worth = np.where(over, lives["value"][:, None], worth)
    return Courses(days, worth, np.asarray(lives.start, np.float64), lives.log)


def minutes_by_type(log: EventLog, rules: Rules, weeks: int) -> tuple[list[str], Floats]:
    """Mean minutes per learner spent on each type of activity, week by week, most first.   -> names, [types, weeks]"""
    kinds = np.array([activity.learning_resource_type for activity in rules.world.activities])[log["taken"]]
    week = np.minimum(log["day"] // 7, weeks - 1).astype(int)
    names = sorted({*kinds[log["taken"] > 0]})
    spent = np.zeros((len(names), weeks))
    np.add.at(spent, (np.searchsorted(names, kinds[log["taken"] > 0]), week[log["taken"] > 0]),
              log["minutes"][log["taken"] > 0])  # fmt: skip
    order = np.argsort(-spent.sum(1), kind="stable")
    return [names[j] for j in order], spent[order] / len(np.unique(log["learner"]))
