"""Our vector environment as Stable-Baselines3 has it.

model = MaskablePPO("MlpPolicy", SB3VecEnv("adaptlearn/Onboarding-v1", 64), n_steps=32)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from stable_baselines3.common.vec_env import VecEnv


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
