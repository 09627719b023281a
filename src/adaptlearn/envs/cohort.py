"""A cohort behind Gymnasium's face: one action a week says who comes first at what is scarce.

    env = gymnasium.make("adaptlearn/Cohort-v1", world="my-world", policy=policy)

What each member is offered is decided by the policy, or by the members themselves; the action decides who gets the
coach, the seat in the lab, the place in the session. The observation is what a platform can see of everyone.
"""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.error import ResetNeeded
from gymnasium.utils import seeding
from numpy.typing import NDArray

from adaptlearn.classroom.room import LIFE, Classroom, Rules
from adaptlearn.classroom.rounds import Rounds
from adaptlearn.classroom.simulate import Thinker
from adaptlearn.core import luck
from adaptlearn.core.cohorts import WEEK, scarcity
from adaptlearn.core.policy import Desk, Policy
from adaptlearn.core.refusal import Fault, Refusal
from adaptlearn.envs.single import option, seed_of
from adaptlearn.envs.spaces import bounds

Array = NDArray[np.float32]
MOST = 1 << 32  # cohorts to draw from


class CohortEnv(gymnasium.Env[Array, Array]):
    """One cohort, week by week.

    Observation [M, 1 + V]: per member 1 while they are there, and their view; zeros for who has left. Action [M, S] in
    [-1, 1]: the priority of each member at each scarce activity; the larger comes first, equals draw lots, and below 0
    is held back for the others until the last days of the week. Reward: the mean over members of what the week was
    worth under the rules' reward. ``terminated``: all have left; ``truncated``: the programme is over.

    Infos: ``week`` (from 0), ``used`` [R] and ``limit`` [R] of the week that has passed, ``resources`` their names and
    ``scarce`` the activities' rows in ``reset``; at the end ``worth``, the mean worth of the destination.

    After ``reset(seed=s)`` everything is a pure function of s; ``reset(options={"cohort": c})`` names a cohort.

    Args:
        rules: of a world with cohorts.
        policy: what is offered to whom; None: learners choose for themselves.
    """

    metadata = {"render_modes": []}

    def __init__(self, rules: Rules, policy: Policy | None = None, *, seed: int | None = None):
        if rules.world.cohorts is None:
            raise Refusal([Fault("world.toml", None, "cohorts", "nothing", "a world whose learners live in cohorts",
                                 "[cohorts] size = 12")])  # fmt: skip
        if policy is None and (rules.decides or rules.world.programme.decides) != "self":
            raise Refusal([Fault("Cohort-v1", None, "policy", "None", "a policy, or decides = 'self'",
                                 "policy=shelf.build('mastery', world)")])  # fmt: skip
        self.rules, self.policy, self.cohorts = rules, policy, rules.world.cohorts
        self.table = scarcity(rules.world.activities, self.cohorts)
        members, scarce = self.cohorts.size, len(self.table.activities)
        low, high = bounds(rules)
        seen = [np.tile(np.concatenate([[0.0], np.minimum(low, 0.0)]), (members, 1)),
                np.tile(np.concatenate([[1.0], np.maximum(high, 0.0)]), (members, 1))]  # fmt: skip
        self.observation_space = spaces.Box(*(part.astype(np.float32) for part in seen), dtype=np.float32)
        self.action_space = spaces.Box(-1.0, 1.0, (members, scarce), np.float32)
        self._rounds: Rounds | None = None
        self._cohort = 0  # how many were begun under this seed
        if seed is not None:
            self._np_random, self._np_random_seed = seeding.np_random(seed)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Array, dict[str, Any]]:
        """The next cohort, or the one named by ``options={"cohort": c}``."""
        super().reset(seed=seed)
        named = option(options, "cohort", "7")
        self._cohort = 0 if seed is not None or self._rounds is None else self._cohort + 1
        number = int(luck.rebirth(seed_of(self), 0, self._cohort)) % MOST if named is None else int(named)
        ids = number * self.cohorts.size + np.arange(self.cohorts.size)
        room = Classroom(self.rules, len(ids), seed_of(self)).begin(ids)
        self._told = _Told(room)
        self._rounds = Rounds(room, self._told)
        self._thinker = None if self.policy is None else Thinker(self.policy, room)
        info = {"week": 0, "cohort": number, "resources": self.table.resources, "limit": self.table.limit.copy(),
                "scarce": self.table.activities.copy()}  # fmt: skip
        return self._seen(), info

    def step(self, action: Array) -> tuple[Array, float, bool, bool, dict[str, Any]]:
        """A week, with these priorities."""
        given = np.asarray(action, np.float64)
        if given.shape != self.action_space.shape or not (np.abs(given) <= 1.0).all():
            found = f"shape {given.shape}, from {given.min(initial=0.0):g} to {given.max(initial=0.0):g}"
            raise Refusal([Fault("step", None, "action", found, f"an element of {self.action_space}", "zeros")])
        rounds = self._rounds
        if rounds is None or not rounds.room.alive.any():
            raise ResetNeeded("step: nobody is learning (not begun, or all is over); needed: env.reset()")
        room, self._told.action = rounds.room, given
        week, paid = self._week(), 0.0
        while room.alive.any() and self._week() == week:
            self._turn(rounds)
            paid += float(room.pay.sum())
        over = not room.alive.any()
        ended = bool((room.life[:, LIFE["day"]] >= self.rules.world.programme.horizon_days).any())
        info = {"week": self._week() if not over else week + 1, "limit": self.table.limit.copy(),
                "used": self.table.limit - rounds.seats.left[0]}  # fmt: skip
        if over:
            info["worth"] = float(room.now("value").mean())
        return self._seen(), paid / room.n, over and not ended, over and ended, info

    def _turn(self, rounds: Rounds) -> None:
        rounds.turn()
        if self._thinker is not None:
            self._thinker.think()
            rounds.decide(self._thinker.choose)
        else:
            rounds.decide(lambda whose: None)
        rounds.room.step()
        rounds.settle()

    def _week(self) -> int:
        """The week of the next decision."""
        assert self._rounds is not None
        room = self._rounds.room
        return int(room.now("day")[room.alive].min()) // WEEK

    def _seen(self) -> Array:
        assert self._rounds is not None
        room = self._rounds.room
        there = room.alive[:, None].astype(np.float32)
        return np.concatenate([there, there * room.view], 1)


class _Told:
    """The orchestrating agent that says what the action said."""

    name = "action"

    def __init__(self, room: Classroom):
        self.room, self.action = room, np.zeros(0)

    def share(self, desk: Desk) -> NDArray[np.float64]:
        """Priorities of the members who are there; rows are in the order of identities."""
        return self.action[self.room.alive]
