"""Imagined lives under plans: the Python face of ``rehearsal``, for planners and for whoever searches programmes.

An imagined room has its own luck and its own habits: what is begun is finished, in the minutes expected, with gains
as expected. Only the search sees that; what a plan is worth is measured where nothing is calmed. The department's rules
hold there as in life (``restraint``): a plan that goes through a gate reckons with what lies behind it.

Axes: G groups, C copies of each, A activities, E visits of an order, R destinations, K skills.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.classroom.room import Classroom, Floats, Rules, rows_as
from adaptlearn.core.learner import NEVER, Life, Traits
from adaptlearn.core.world import World

CALM = {"minutes_sd": 0.0, "finish": 6.0}  # of behaviour, in imagined lives
MOST_MOMENTS = 160  # decisions of a life that are imagined; beyond, it ends
LEAST = 1e-9  # so that every skill is followed, whatever the destination
Orders = NDArray[np.int16]


class Imagined:
    """Room for the copies of one group at a time; holds nothing of anyone between two calls."""

    def __init__(self, rules: Rules, copies: int, seed: int):
        """rules: what is believed to happen; copies: most in a group; seed: of imagined luck, never that of a life."""
        room = Classroom(calmed(rules), 1, seed)
        self.rules, self.seed, self.copies, self._room = rules, seed, copies, room
        self._noted: NDArray[np.uint8] | None = None
        people = rules.population
        self._change = np.float32(-people.change_day if people.change_scripted else people.change_day)
        p, rows = room.pack, copies * (MOST_MOMENTS + 1) + 1
        k, a, words = len(p.skills), len(p.acts), room.legal.shape[1]
        self._fixed = (room._terms, room._law, room._behaviour, room._skills, room._acts, p.links, p.index, p.weight,
                       shared_goals(p.goals, people.change_to), p.open_days, p.durations, p.fits)  # fmt: skip
        entries, life = places(rules.world), np.zeros((rows, len(Life._fields)), np.float32)
        self._scratch = (
            np.zeros(entries, np.int16), np.zeros(entries, np.int64), np.zeros(entries, np.int64),
            np.zeros(a, np.int64), np.zeros(copies, np.uint64), np.zeros((copies, 3), np.float32),
            np.zeros((copies, MOST_MOMENTS + 1, 2), np.float32), np.zeros((copies, MOST_MOMENTS), np.int32),
            np.zeros(copies, np.int64), np.zeros(copies, np.float32),
            np.zeros((rows, k, room.mind.shape[2]), np.float32), np.zeros((rows, k), np.float32),
            rows_as(Life._fields, life), life, np.zeros((rows, a), np.uint8), np.zeros((rows, words), np.uint8),
            np.zeros((rows, words), np.uint8), np.zeros((rows, p.most_asked), np.uint8),
            np.zeros((rows, p.most_taught), np.float32), np.zeros((rows, room.company.shape[1]), np.float32),
            room._meets,
        )  # fmt: skip

    def reckon(self, room: Any, per: int = 1) -> None:
        """What the rules have to know of lives so far in a classroom, ``per`` rows of people to each of its rows."""
        self._noted = np.repeat(noted(room), per, 0) if self._room.guardrails.any else None

    def _given(self, people: Any) -> tuple[Any, ...]:
        """Arrays of those whom copies begin as."""
        legal = people.legal
        if self._noted is not None:
            legal = legal.copy()
            legal[: len(self._noted)] |= self._noted
        return (rows_as(Traits._fields, people.traits), people.mind, people.touched, people.life, people.visits,
                legal.view(np.uint64))  # fmt: skip

    def improve(
        self, people: Any, source: NDArray[np.int64], copy_ids: NDArray[np.uint64], ids: NDArray[np.uint64],
        changes: Floats, wanted: NDArray[np.bool_], orders: Orders, turns: NDArray[np.int64], budget: int,
        sure: float = 0.0,
    ) -> tuple[Floats, Floats]:  # fmt: skip
        """Search on from ``orders`` [G, E], in place.   -> worth still to come and visits there is time for [G]

        Args:
            people: whose rows copies begin as: a classroom, or anything with its arrays traits to legal.
            source, copy_ids, changes [G, C]: their rows, their imagined luck, P(their destination will ever change).
            ids, turns [G]: address of the search's luck.
            wanted [G, A]: activities that may come into the plan.
            budget: neighbours to try.
            sure: standard errors over the copies by which a neighbour must be better.
        """
        found = np.zeros(len(orders), np.float32), np.zeros(len(orders), np.float32)
        self._room.kernels.improve(
            np.uint64(self.seed), turns, np.full(len(orders), budget), np.float32(sure), source, copy_ids, ids,
            np.ascontiguousarray(changes, np.float32), self._change, wanted.view(np.uint8),
            orders, *found, *self._fixed, *self._given(people), *self._scratch,
        )  # fmt: skip
        return found

    def sample(
        self, people: Any, source: NDArray[np.int64], copy_ids: NDArray[np.uint64], changes: Floats,
        wanted: NDArray[np.bool_], orders: Orders,
    ) -> Floats:  # fmt: skip
        """Worth still to come of beginning with each wanted activity and going on by the order.   -> [G, A], NaN where
        not wanted, or where no visit is left"""
        found = np.full(wanted.shape, np.nan, np.float32)
        self._room.kernels.sample(
            np.uint64(self.seed), source, copy_ids, np.ascontiguousarray(changes, np.float32),
            self._change, wanted.view(np.uint8), orders, found, *self._fixed,
            *self._given(people), *self._scratch,
        )  # fmt: skip
        return found


def noted(room: Any) -> NDArray[np.uint8]:
    """What ``restraint`` keeps in a row of ``legal`` beside its first bit, of the lives in a room.   -> [N, .]"""
    rules, marks = room.guardrails, np.zeros(room.legal.shape, np.uint8)
    marks[:, rules.marked] = 2 * room.passed
    visited, n = room.visits > 0, room.visits.shape[1]
    week = np.minimum(np.floor(room.last / 7.0) + 1, 62).astype(np.uint8)
    marks[:, :n] |= np.where(rules.live & visited, week << 2, 0).astype(np.uint8)
    return marks


def places(world: World) -> int:
    """E: every activity that may be offered, as often as it may be visited."""
    return int((world.allowed[1:] > 0).sum()) * max(1, world.programme.repeats)


def shared_goals(goals: Floats, to: int = -1) -> Floats:
    """Beside a destination's weights not those of what it rests on, but those of what it may change to: destination
    ``to``, or the mean of the others.   [R, 2, K] -> [R, 2, K]"""
    targets = goals[:, 0]
    others = (
        (targets.sum(0) - targets) / max(len(targets) - 1, 1) if to < 0 else np.tile(targets[to], (len(targets), 1))
    )
    return np.ascontiguousarray(np.stack([targets, others + LEAST], 1), np.float32)


def changes_of(room: Any) -> Floats:
    """P(the destination will ever change) as the platform would have it: 0 for whom it has changed.   -> [N]"""
    people, role = room.rules.population, room.now("role")
    settled = (role == room.trait("switch_role")) & (room.trait("switch_day") < NEVER)
    settled |= (len(room.rules.world.roles) < 2) | (role == people.change_to)
    if people.change_scripted:  # after the date it lies behind whoever it concerned
        settled |= room.now("day") >= people.change_day
    return np.where(settled, 0.0, people.change_rate).astype(np.float32)


def calmed(rules: Rules) -> Rules:
    """The same rules with less chance: gains without noise, minutes as expected, what is begun is finished."""
    law, behaviour = rules.law, rules.behaviour
    mind = rules.law_params if rules.law_params is not None else law.Params()
    habits = rules.behaviour_params if rules.behaviour_params is not None else behaviour.Params()
    quiet = mind._replace(noise=0.0) if "noise" in mind._fields else mind
    return replace(rules, law_params=quiet, behaviour_params=habits._replace(**CALM))
