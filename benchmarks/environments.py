"""Claim: Gymnasium costs little: one learner at 100 k steps a second and more, many at nearly the classroom's speed.

    python benchmarks/environments.py                       # onboarding-v1, workplace
    python benchmarks/environments.py adaptlearn/Tiny-v1

Random rows of the catalogue, lives followed by lives; CPU time, best of many rounds: a busy machine shows less.
``classroom`` is the same learners without Gymnasium.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import gymnasium
import numpy as np
from _claims import least, say, sized

from adaptlearn.classroom.room import Classroom
from adaptlearn.envs.direct import Direct
from adaptlearn.envs.registry import register

ROUNDS, STEPS = sized(30, 2), sized(4000, 200)


def seconds(turn: Callable[[], None], steps: int) -> float:
    """The least CPU time of one step over all rounds; everything here runs on one thread."""
    best = np.inf
    for _ in range(ROUNDS):
        start = time.thread_time()
        for _ in range(steps):
            turn()
        best = min(best, (time.thread_time() - start) / steps)
    return float(best)


def one(env_id: str) -> None:
    """One learner: the environment, and within it the compiled step."""
    env = gymnasium.make(env_id)
    room, actions = env.unwrapped.room, iter(np.random.default_rng(0).integers(0, env.action_space.n, 10**6).tolist())
    env.reset(seed=0)

    def turn() -> None:
        _, _, left, over, _ = env.step(next(actions))
        if left or over:
            env.reset()

    whole = seconds(turn, STEPS)
    room.life[:] = 0.0  # nobody alive: what remains is the way into the kernel
    call, plain = Direct(room).bound(), room.step
    say("single", least(f"{env_id}, one learner, any action, steps/s", round(1 / whole), 100_000),
        microseconds=1e6 * whole, of_which_call=1e6 * seconds(call, STEPS),
        by_dispatcher=1e6 * seconds(plain, STEPS))  # fmt: skip


def many(env_id: str, n: int) -> None:
    """Many learners: the classroom alone, the environment with buffers handed out, and with copies."""
    steps = max(10, STEPS // n)
    rates: dict[str, int] = {}
    for copy in (False, True):
        envs = gymnasium.make_vec(env_id, num_envs=n, copy=copy)
        actions = np.random.default_rng(0).integers(0, envs.single_action_space.n, (997, n))
        envs.reset(seed=0)
        turns = iter(range(10**9))
        took = seconds(lambda e=envs, a=actions, t=turns: e.step(a[next(t) % 997]), steps)
        rates["copies" if copy else "buffers"] = round(n / took)
    room = Classroom(envs.unwrapped.rules, n, 0, autoreset=True).begin()
    offers = actions.astype(np.int32)[:, :, None]
    rates["classroom"] = round(n / seconds(lambda t=turns: room.step(offers[next(t) % 997]), steps))
    say("vector", env=env_id, learners=n, **rates, of_the_classroom=rates["buffers"] / rates["classroom"])


if __name__ == "__main__":
    register()
    chosen = sys.argv[1] if len(sys.argv) > 1 else "adaptlearn/Onboarding-v1"
    one(chosen)
    for count in (8, 64, 1024):
        many(chosen, count)
