"""Many learners behind Gymnasium's vector face, stepped by one compiled call.

    envs = gymnasium.make_vec("adaptlearn/Onboarding-v1", num_envs=1024, vectorization_mode="vector_entry_point")

Autoreset is SAME_STEP: a row whose learner ends shows its next learner at once, and the end stands in the infos.
"""

from functools import cached_property
from typing import Any

import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from adaptlearn.classroom.room import Classroom, Rules
from adaptlearn.core.refusal import Fault, Refusal
from adaptlearn.envs import telling
from adaptlearn.envs.direct import Direct, begin, follow
from adaptlearn.envs.single import View, identities, nobody, option, out_of_space, seed_of
from adaptlearn.envs.spaces import action_space, observation_space

Bools = NDArray[np.bool_]


class LearnerVectorEnv(VectorEnv[View, Any, Any]):
    """N learners in step; life e of row i is that of learner ``luck.rebirth(seed, i, e)``, so other rows never matter.

    Args:
        rules: see ``registry.rules``.
        num_envs: N.
        copy: with True, arrays returned are the caller's to keep. With False they are the classroom's own buffers:
            nothing is copied, the next step changes them in place, and they are for reading only.
        threads: see ``Classroom``; lives are the same bit for bit.
        seed: of luck, if the first reset names none.

    Infos always have ``action_mask`` [N, A]. When learners end they also have ``final_obs``, ``final_info`` (what the
    single environment's last info says) and ``learner`` (who follows), each with its ``_mask``, as Gymnasium has it.
    """

    metadata = {"render_modes": [], "autoreset_mode": AutoresetMode.SAME_STEP}

    def __init__(self, rules: Rules, num_envs: int, *, copy: bool = True, threads: int = 1, seed: int | None = None):
        if num_envs < 1:
            raise Refusal([Fault("make_vec", None, "num_envs", repr(num_envs), "a whole number >= 1", "1024")])
        self.rules, self.num_envs, self.copy = rules, num_envs, copy
        self.single_observation_space, self.single_action_space = observation_space(rules), action_space(rules)
        self.room = room = Classroom(rules, num_envs, 0, threads=threads)
        self._mask, self._flags = room.mask.view(np.int8), room.flags.view(np.bool_)
        self._direct, self._advance = Direct(room), nobody
        if seed is not None:
            self._np_random, self._np_random_seed = seeding.np_random(seed)

    @cached_property
    def observation_space(self) -> Any:  # type: ignore[override]  # of a million learners it would be gigabytes, so: if asked
        return batch_space(self.single_observation_space, self.num_envs)

    @cached_property
    def action_space(self) -> Any:  # type: ignore[override]
        return batch_space(self.single_action_space, self.num_envs)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[View, dict[str, Any]]:
        """A new life in every row: the next learners, or those of ``options={"learners": ids}`` [N]."""
        if seed is not None and not isinstance(seed, (int, np.integer)):
            raise Refusal([Fault("reset", None, "seed", repr(seed), "one whole number: rows differ without", "0")])
        super().reset(seed=None if seed is None else int(seed))
        asked = option(options, "learners", f"range({self.num_envs})")
        named = None if asked is None else identities(asked, (self.num_envs,))
        if fresh := seed is not None or self._advance is nobody:
            self.room.seed = seed_of(self)
            self._advance = self._direct.bound()
        begin(self.room, fresh, named)
        return self._kept(self.room.view), self._info({"learner": self.room.ids.copy()})

    def step(self, actions: Any) -> tuple[View, NDArray[np.float32], Bools, Bools, dict[str, Any]]:
        """One decision of everyone.   actions [N], or [N, k] slates -> view [N, V], reward, left, clock [N], infos"""
        self._offer(actions)
        self._advance()
        left, over = self._flags[:, 0], self._flags[:, 1]
        ended = left | over
        infos = self._follow(ended) if ended.any() else {}
        kept, room = self._kept, self.room
        return kept(room.view), kept(room.pay), kept(left), kept(over), self._info(infos)

    def _offer(self, actions: Any) -> None:
        given, offers = np.asarray(actions), self.room.offers
        wanted = offers.shape if offers.shape[1] > 1 else offers.shape[:1]
        if given.shape != wanted or given.dtype.kind not in "iu":
            raise out_of_space(f"{given.dtype} of shape {given.shape}", self.action_space)
        if given.min() < 0 or given.max() >= self._mask.shape[1]:
            raise out_of_space([int(given.min()), int(given.max())], self.single_action_space)
        offers[...] = given.reshape(offers.shape)

    def _follow(self, ended: Bools) -> dict[str, Any]:
        """Whoever has ended is followed by another.   -> the ends, in infos"""
        room, rows = self.room, np.flatnonzero(ended)
        final = {"action_mask": self._spread(rows, self._mask[rows]), "learner": self._spread(rows, room.ids[rows])}
        figures = np.zeros((len(telling.ENDING), self.num_envs))
        figures[:, rows] = telling.ending(room.life[rows]).T
        final.update(zip(telling.ENDING, figures, strict=True))
        views = np.full(self.num_envs, None, object)
        for row, view in zip(rows.tolist(), room.view[rows], strict=True):
            views[row] = view
        follow(room, rows)
        final.update([(f"_{name}", ended) for name in final])
        return {"final_obs": views, "_final_obs": ended, "final_info": final, "_final_info": ended,
                "learner": self._spread(rows, room.ids[rows]), "_learner": ended}  # fmt: skip

    def _spread(self, rows: NDArray[np.int64], values: NDArray[Any]) -> NDArray[Any]:
        """Values of some rows among zeros.   [n, ...] -> [N, ...]"""
        whole = np.zeros((self.num_envs, *values.shape[1:]), values.dtype)
        whole[rows] = values
        return whole

    def _info(self, infos: dict[str, Any]) -> dict[str, Any]:
        infos["action_mask"], infos["_action_mask"] = self._kept(self._mask), np.ones(self.num_envs, np.bool_)
        if "learner" in infos and "_learner" not in infos:
            infos["_learner"] = np.ones(self.num_envs, np.bool_)
        return infos

    def _kept(self, array: NDArray[Any]) -> NDArray[Any]:
        return array.copy() if self.copy else array

    def action_masks(self) -> Bools:
        """What is legal now, once per place of the action.   -> [N, A] or [N, k A]"""
        legal, places = self._mask > 0, self.room.offers.shape[1]
        return np.tile(legal, places) if places > 1 else legal

    def history(self) -> NDArray[np.float32]:
        """Per activity: visits / 2, recency, done.   -> [N, A, 3]"""
        return self.room.history()
