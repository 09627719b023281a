"""One learner behind Gymnasium's face.

    env = gymnasium.make("adaptlearn/Onboarding-v1", law="workplace", meshing="null", catalogue="as_written")

The observation is the view of the record: what a learning platform can see, and nothing of the mind. ``terminated``
is about the learner, who left; ``truncated`` is about the clock.
"""

from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.utils import seeding
from numpy.typing import NDArray

from adaptlearn.classroom.room import Classroom, Rules
from adaptlearn.core.refusal import Fault, Refusal
from adaptlearn.envs import telling
from adaptlearn.envs.direct import Direct, begin
from adaptlearn.envs.spaces import action_space, observation_space

View = NDArray[np.float32]
WORD = 2**64 - 1


class LearnerEnv(gymnasium.Env[View, Any]):
    """One learner at a time.

    After ``reset(seed=s)`` everything is a pure function of s: luck has seed s, and life e from there on is that of
    learner ``luck.rebirth(s, 0, e)``, as in row 0 of the vector environment. ``reset(options={"learner": id})`` gives
    the life to a particular learner instead. The action space has its own seed, as always in Gymnasium.

    Every step's info has ``action_mask`` (int8 [A], for ``action_space.sample(mask)`` and the like); the last one also
    ``learner`` and the figures of ``telling.ENDING``. An action that is not legal counts as "nothing now".
    """

    metadata = {"render_modes": ["ansi"], "render_fps": 4}

    def __init__(self, rules: Rules, *, render_mode: str | None = None, seed: int | None = None):
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise Refusal([Fault("gymnasium.make", None, "render_mode", repr(render_mode), "None or 'ansi'", "'ansi'")])
        self.rules, self.render_mode = rules, render_mode
        self.observation_space: Any = observation_space(rules)
        self.action_space: Any = action_space(rules)
        self.room = room = Classroom(rules, 1, 0)
        self._offers, self._pay = room.offers.reshape(-1).data, room.pay.data  # plain memory, without NumPy's cost
        self._flags = room.flags.reshape(-1).data
        self._view, self._mask = room.view[0], room.mask.view(np.int8)[0]
        self._places, self._activities = len(self._offers), len(rules.world.activities)
        self.slate = isinstance(self.action_space, gymnasium.spaces.MultiDiscrete)
        self._direct, self._advance = Direct(room), nobody
        self._alive = False
        self._story: list[str] = []
        if seed is not None:
            self._np_random, self._np_random_seed = seeding.np_random(seed)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[View, dict[str, Any]]:
        """A new life: the next learner, or the one named by ``options={"learner": id}``."""
        super().reset(seed=seed)
        asked = option(options, "learner", "7")
        named = None if asked is None else identities(asked, (1,))
        if fresh := seed is not None or self._advance is nobody:
            self.room.seed = seed_of(self)
            self._advance = self._direct.bound()
        begin(self.room, fresh, named)
        self.room.flags[:], self._alive = 0, True
        if self.render_mode is not None:
            self._story = telling.heading(self.room)
        return self._view.copy(), {"action_mask": self._mask.copy(), "learner": self.room.ids[0]}

    def step(self, action: Any) -> tuple[View, float, bool, bool, dict[str, Any]]:
        """One decision: offer a row of the catalogue (or a slate of rows), and see what becomes of it."""
        if not self._alive:
            raise ResetNeeded("step: nobody is learning (not begun, or this life has ended); needed: env.reset()")
        if self.slate:
            self._offer(action)
        elif 0 <= action < self._activities:
            self._offers[0] = action
        else:
            raise out_of_space(action, self.action_space)
        self._advance()
        left, over = self._flags
        info: dict[str, Any] = {"action_mask": self._mask.copy()}
        if left or over:
            self._alive = False
            info["learner"] = self.room.ids[0]
            info.update(zip(telling.ENDING, telling.ending(self.room.life[0]).tolist(), strict=True))
        if self.render_mode is not None:
            self._story.append(telling.line(self.room))
        return self._view.copy(), self._pay[0], left == 1, over == 1, info

    def _offer(self, slate: Any) -> None:
        rows = np.asarray(slate)
        fits = rows.shape == (self._places,) and rows.dtype.kind in "iu"
        if not fits or rows.min() < 0 or rows.max() >= self._activities:
            raise out_of_space(slate, self.action_space)
        self.room.offers[0] = rows

    def action_masks(self) -> NDArray[np.bool_]:
        """What is legal now, once per place of the action, as sb3-contrib reads it.   -> [A] or [k A]"""
        legal = self._mask > 0
        return np.tile(legal, self._places) if self._places > 1 else legal

    def history(self) -> NDArray[np.float32]:
        """Per activity: visits / 2, recency, done; the part of a policy's input that is no observation.   -> [A, 3]"""
        past: NDArray[np.float32] = self.room.history()[0]
        return past

    def render(self) -> str | None:
        """The life so far in lines, latent worth beside what the record believes; None unless render_mode = "ansi"."""
        if self.render_mode is None:
            return None
        if self._advance is nobody:
            raise ResetNeeded("render: nobody has begun to learn; needed: env.reset()")
        return "\n".join([*self._story, "", telling.close(self.room)]) + "\n"


def nobody() -> None:
    """The step of an environment that was not reset yet."""
    raise ResetNeeded("step: nobody is learning; needed: reset()")


# --- shared with the vector environment -----------------------------------------------------------------------------


def seed_of(env: Any) -> int:
    """The seed of luck: that of Gymnasium's generator, drawn at random if nobody gave one."""
    return int(env.np_random_seed) & WORD


def option(options: Mapping[str, Any] | None, name: str, example: str) -> Any:
    """The one option a reset may have.

    Raises:
        Refusal: any other.
    """
    for found in options or {}:
        if found != name:
            needed, shown = f"nothing, or {name!r}", f"{{{name!r}: {example}}}"
            raise Refusal([Fault("reset", None, "options", repr(found), needed, shown)])
    return (options or {}).get(name)


def identities(asked: Any, shape: tuple[int, ...]) -> NDArray[np.uint64]:
    """Learners by their numbers.

    Raises:
        Refusal: not whole, negative, or not one per row.
    """
    given = np.atleast_1d(np.asarray(asked))
    if given.shape != shape or given.dtype.kind not in "iu" or (given.dtype.kind == "i" and (given < 0).any()):
        raise Refusal([Fault("reset", None, "learner", f"{asked!r}", f"whole numbers >= 0 of shape {shape}", "7")])
    return given.astype(np.uint64)


def out_of_space(action: Any, space: gymnasium.Space[Any]) -> Refusal:
    """An action that names no row of the catalogue."""
    return Refusal([Fault("step", None, "action", f"{action!r}", f"an element of {space}", "0, nothing now")])
