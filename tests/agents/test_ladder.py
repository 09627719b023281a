"""The ladder: a teaching problem whose optimum is known, solved to within a twentieth of what is to be gained.

The tiny world's three skills under the ``bkt`` law, without forgetting, leaving or refusing, five short activities, a
handful of decisions. Skills do not rest on each other here, so that the record's beliefs are all there is to know: its
tracer does not know how much less is learned where a prerequisite is missing, and with prerequisites the same agents
reach .75 to .80 of what one who computes with them would. What a learner knows is hidden, and when the time will be
over is not known before; the optimum is dynamic programming over beliefs about the one and over days for the other.

Axes: S = 8 states of a mind, N beliefs, A activities, J days.
"""

from dataclasses import replace
from functools import cache

import numpy as np

from adaptlearn.agents import dqn, linear, ppo, shelf
from adaptlearn.classroom.room import Classroom
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.catalogue import REST, Activity, Programme
from adaptlearn.core.world import load
from adaptlearn.envs.registry import population_of, rules
from adaptlearn.laws import bkt

MINUTES, WEEKLY, HORIZON, GATE = 15.0, 105.0, 4.5, bkt.Params().gate_min  # a visit takes a day, give or take a half
DUTIFUL = {"accept": 50.0, "finish": 50.0, "finish_minutes": 0.0, "minutes_sd": 0.0, "leave_scale": 1e12}


def short(name, teaches=(), assesses=(), kind="reading", **more):
    return Activity(name, name, kind, (0.25, 0.25, 0.25, 0.25), MINUTES, teaches, (), assesses, **more)


@cache
def place():
    """The tiny world, cut down to what can be solved."""
    world = load("tiny-v1")
    learn = {"greeting": 0.5, "listening": 0.4, "resolving": 0.4}
    skills = tuple(replace(skill, learn=learn[skill.id], forget=0.0, requires=()) for skill in world.skills)
    activities = (
        REST,
        short("greeting-video", (("greeting", 1.0),)),
        short("greeting-quiz", (("greeting", 1.0),), (("greeting", 1),), "quiz"),
        short("listening-reading", (("listening", 1.0),)),
        short("listening-quiz", (("listening", 1.0),), (("listening", 1),), "quiz"),
        short("resolving-case", (("resolving", 1.0),), (("resolving", 1),), "case_study"),
    )
    programme = Programme(horizon_days=HORIZON, retention_day=HORIZON + 1.0, repeats=20)
    return replace(world, skills=skills, activities=activities, programme=programme, folder=None)


@cache
def problem():
    """Learners who differ in nothing but what they know."""
    alike = {name: (0.0, 0.0) for name in ("ability", "rate", "memory")} | {"weekly_minutes": (np.log(WEEKLY), 0.0)}
    people = population_of(load("tiny-v1")).with_traits(**alike)
    return rules(place(), "bkt", population=people, behaviour_params=DUTIFUL)


class Beliefs:
    """Dynamic programming over P(mind), as for partially observed decision processes (Smallwood & Sondik 1973)."""

    def __init__(self, world):
        self.world, k = world, len(world.skills)
        self.known = (np.arange(2**k)[:, None] >> np.arange(k)) & 1  # [S, K]
        self.worth = self.known @ world.targets[0]
        prior = world.tracer[:, 0]
        self.start = np.where(self.known == 1, prior, 1.0 - prior).prod(1)[None]
        self.moves = [self.outcomes(a) for a in range(1, len(world.activities))]

    def outcomes(self, a):
        """What may be answered, and where minds then go.   -> one matrix [S, S] per answer: P(answer, next | mind)"""
        world, learnt = self.world, np.eye(len(self.known))
        for k in np.flatnonzero(world.teaches[a]):
            support = np.where(self.known == 1, 1.0, GATE)
            ready = np.where(world.prerequisites[k] > 0, support, 1.0).prod(1)
            move = 1.0 - (1.0 - world.tracer[k, 1]) ** (world.teaches[a, k] * ready)
            moved = np.arange(len(self.known)) | (1 << k)
            step = np.diag(np.where(self.known[:, k] == 1, 1.0, 1.0 - move))
            step[np.arange(len(moved)), moved] += np.where(self.known[:, k] == 1, 0.0, move)
            learnt = learnt @ step
        asked = np.flatnonzero(world.assesses[a])
        if not len(asked):
            return [learnt]
        guess, slip = world.tracer[asked[0], 2:4]
        right = np.where(self.known[:, asked[0]] == 1, 1.0 - slip, guess)
        return [right[:, None] * learnt, (1.0 - right)[:, None] * learnt]

    def value(self, beliefs, decisions):
        """Best expected worth at the end, by day.   beliefs [N, S] need not sum to 1: the rest is what else was
        answered -> [N, J]; with no decision left to look at, which hardly happens, everything counts as known
        """
        if decisions == 0:
            return np.where(OPEN, beliefs.sum(1, keepdims=True), (beliefs @ self.worth)[:, None])
        found = (beliefs @ self.worth)[:, None] * ~OPEN
        best = np.max([sum(self.value(beliefs @ m, decisions - 1) for m in move) for move in self.moves], 0)
        return found + OPEN * (best @ NEXT.T)


DAYS = np.arange(0.0, HORIZON + 1.5, 0.1)  # of a decision
OPEN = DAYS <= HORIZON - MINUTES * 7.0 / WEEKLY + 1e-6  # a visit must still fit
GAPS = {5 + g: (0.5 if g in (0, 10) else 1.0) / 10.0 for g in range(11)}  # chances of gaps, in steps of DAYS
NEXT = sum(p * np.eye(len(DAYS))[np.minimum(np.arange(len(DAYS)) + g, len(DAYS) - 1)] for g, p in GAPS.items())


@cache
def optimum():
    """Expected worth of the best teaching."""
    beliefs = Beliefs(place())
    return float(beliefs.value(beliefs.start, 6)[0, 0])


def reached(policy):
    """(return - random) / (optimum - random)"""
    pair = policy, shelf.build("random", place())
    ours, random = (simulate(p, problem(), np.arange(24_000), 3)["value"].mean() for p in pair)
    return (ours - random) / (optimum() - random)


def test_the_dynamic_programme_foresees_what_the_classroom_does():
    """One action again and again: no choice, so its value is the mean over simulated lives."""
    beliefs = Beliefs(place())
    room = Classroom(problem(), 20_000, 5).begin(range(20_000))
    for a in (1, 3, 5, 4):
        room.offers[:] = a
        room.step()
        beliefs.start = sum(beliefs.start @ m for m in beliefs.moves[a - 1])
    here = room.now("step") == 4
    expected = float((beliefs.start @ beliefs.worth)[0])
    error = room.now("value")[here].std() / np.sqrt(here.sum())
    assert abs(room.now("value")[here].mean() - expected) < 4 * error


def test_ppo_gains_what_is_to_be_gained_but_for_a_twentieth():
    assert reached(ppo.train(problem(), Classroom, 1, ppo.Settings(decisions=100_000))) >= 0.95


def test_q_learning_gains_four_fifths():
    assert reached(dqn.train(problem(), Classroom, 1, dqn.Settings(decisions=40_000))) >= 0.8


def test_a_linear_scorer_gains_nine_tenths_in_less_than_a_second():
    assert reached(linear.fit(problem(), Classroom, 1, linear.Settings(rounds=12))) >= 0.9
