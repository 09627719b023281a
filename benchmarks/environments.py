"""Claim: Gymnasium costs little: one learner at 100 k steps a second and more, many at nearly the classroom's speed.

    python benchmarks/environments.py                       # onboarding-v1, workplace
    python benchmarks/environments.py adaptlearn/Tiny-v1

Random rows of the catalogue, lives followed by lives; CPU time, best of many rounds: a busy machine shows less.
``classroom`` is the same learners without Gymnasium. SB3VecEnv is our vector environment as Stable-Baselines3 has it:

    model = MaskablePPO("MlpPolicy", SB3VecEnv("adaptlearn/Onboarding-v1", 64), n_steps=32)
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import gymnasium
import numpy as np
from stable_baselines3.common.vec_env import VecEnv

from adaptlearn.classroom.room import Classroom
from adaptlearn.envs.direct import Direct
from adaptlearn.envs.registry import register

ROUNDS, STEPS = 30, 4000


class SB3VecEnv(VecEnv):
    """SB3's step knows one ``done``, resets in the same step, and wants one dict per row; ends carry what it reads."""

    def __init__(self, env_id: str, num_envs: int, *, seed: int = 0, **terms: Any):
        self.envs = gymnasium.make_vec(env_id, num_envs=num_envs, seed=seed, **terms)  # copies: SB3 keeps what it gets
        super().__init__(num_envs, self.envs.single_observation_space, self.envs.single_action_space)
        self.returns, self.lengths = np.zeros(num_envs), np.zeros(num_envs, int)

    def reset(self) -> np.ndarray:
        self.returns[:], self.lengths[:] = 0.0, 0
        return self.envs.reset()[0]

    def step_async(self, actions: np.ndarray) -> None:
        self.actions = actions

    def step_wait(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        views, rewards, left, over, infos = self.envs.step(self.actions)
        self.returns += rewards
        self.lengths += 1
        told: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for row in np.flatnonzero(left | over):
            told[row] = {
                "terminal_observation": infos["final_obs"][row],
                "TimeLimit.truncated": bool(over[row]),
                "episode": {"r": float(self.returns[row]), "l": int(self.lengths[row]), "t": 0.0},
            }
            self.returns[row], self.lengths[row] = 0.0, 0
        return views, rewards, left | over, told

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        everyone = getattr(self.envs.unwrapped, method_name)(*args, **kwargs)
        return [everyone[row] for row in self._rows(indices)]

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        return [getattr(self.envs.unwrapped, attr_name) for _ in self._rows(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        raise AttributeError(f"set_attr({attr_name!r}); rows of a classroom share everything, e.g. make another one")

    def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> list[bool]:
        return [False for _ in self._rows(indices)]

    def _rows(self, indices: int | Sequence[int] | None) -> Sequence[int]:
        return range(self.num_envs) if indices is None else [indices] if isinstance(indices, int) else indices

    def close(self) -> None:
        self.envs.close()


def seconds(turn: Callable[[], None], steps: int) -> float:
    """The least CPU time of one step over all rounds; everything here runs on one thread."""
    best = np.inf
    for _ in range(ROUNDS):
        start = time.thread_time()
        for _ in range(steps):
            turn()
        best = min(best, (time.thread_time() - start) / steps)
    return float(best)


def one(env_id: str) -> dict[str, Any]:
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
    return {
        "case": "single", "steps_per_second": round(1 / whole), "microseconds": round(1e6 * whole, 2),
        "of_which_call": round(1e6 * seconds(call, STEPS), 2), "by_dispatcher": round(1e6 * seconds(plain, STEPS), 2),
    }  # fmt: skip


def many(env_id: str, n: int) -> dict[str, Any]:
    """Many learners: the classroom alone, the environment with buffers handed out, and with copies."""
    steps = max(10, STEPS // n)
    rates: dict[str, Any] = {"case": "vector", "learners": n}
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
    return rates


if __name__ == "__main__":
    register()
    chosen = sys.argv[1] if len(sys.argv) > 1 else "adaptlearn/Onboarding-v1"
    for case in (one(chosen), *(many(chosen, n) for n in (8, 64, 1024))):
        print(json.dumps({"env": chosen, **case}), flush=True)
