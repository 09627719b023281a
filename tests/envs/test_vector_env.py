"""Laws of many learners behind Gymnasium's vector face: every row is a single environment, and infos say so."""

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode, VectorEnv

from adaptlearn.core import luck
from adaptlearn.core.refusal import Refusal
from adaptlearn.envs.registry import register

register()
TINY = "adaptlearn/Tiny-v1"
STEPS = 120


def make(n: int, **terms: Any) -> Any:
    return gymnasium.make_vec(TINY, num_envs=n, vectorization_mode="vector_entry_point", **terms)


def some(view: np.ndarray, mask: np.ndarray) -> int:
    """A decision that depends on nothing but what is seen."""
    legal = np.flatnonzero(mask)
    return int(legal[int(abs(view).sum() * 997) % len(legal)])


def everyone(views: np.ndarray, infos: dict[str, Any]) -> np.ndarray:
    return np.array([some(view, mask) for view, mask in zip(views, infos["action_mask"], strict=True)])


class Alone:
    """Row i of a vector environment, lived by single environments of the learners named (seed, row, life)."""

    def __init__(self, seed: int, row: int, **terms: Any):
        self.env, self.seed, self.row, self.lives = gymnasium.make(TINY, **terms), seed, row, 0

    def born(self) -> tuple[Any, dict[str, Any]]:
        who = luck.rebirth(self.seed, self.row, self.lives)
        self.lives += 1
        return self.env.reset(seed=self.seed, options={"learner": who})


@pytest.mark.parametrize("terms", [{}, {"mandatory": False}, {"decides": "offer", "mandatory": False}])
def test_every_row_is_a_single_environment_bit_for_bit(terms: dict[str, Any]) -> None:
    n, seed = 6, 17
    envs, alone = make(n, **terms), [Alone(seed, row, **terms) for row in range(n)]
    views, infos = envs.reset(seed=seed)
    said = VectorEnv._add_info
    births = [single.born() for single in alone]
    ends = {"left": 0, "over": 0}
    for step in range(STEPS):
        np.testing.assert_array_equal(views, [view for view, _ in births])
        actions = everyone(views, infos)
        if "decides" in terms:
            actions = np.stack([actions, (actions + 1) % 10, (actions + 2) % 10], 1)
        views, rewards, left, over, infos = envs.step(actions)
        expected: dict[str, Any] = {}
        for row, single in enumerate(alone):
            view, reward, gone, done, info = single.env.step(actions[row])
            assert (rewards[row], left[row], over[row]) == (reward, gone, done), (step, row)
            if gone or done:  # as gymnasium.vector.SyncVectorEnv does under SAME_STEP
                expected = said(envs, expected, {"final_obs": view, "final_info": info}, row)
                view, info = single.born()
                ends["left"] += gone
                ends["over"] += done
            births[row] = (view, info)
            expected = said(envs, expected, info, row)
        assert_infos(infos, expected)
    assert ends["over"] > 3 and (ends["left"] > 3 or "mandatory" not in terms)


def assert_infos(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert given.keys() == expected.keys()
    for name, value in expected.items():
        if isinstance(value, dict):
            assert_infos(given[name], value)
        elif value.dtype == object:
            assert [x is None for x in given[name]] == [x is None for x in value]
            for mine, theirs in zip(given[name], value, strict=True):
                np.testing.assert_array_equal(mine, theirs)
        else:
            assert given[name].dtype == value.dtype, name
            np.testing.assert_array_equal(given[name], value)


def test_one_more_row_changes_nobody_elses_lives() -> None:
    few, more = make(3), make(7)
    seen = {}
    for envs in (few, more):
        views, infos = envs.reset(seed=4)
        lived = [views[:3]]
        for _ in range(STEPS):
            views, rewards, left, over, infos = envs.step(everyone(views, infos))
            lived += [views[:3], rewards[:3], left[:3], over[:3], infos["action_mask"][:3]]
        seen[envs] = lived
    assert all(np.array_equal(a, b) for a, b in zip(seen[few], seen[more], strict=True))


def test_the_final_observation_is_the_end_and_the_observation_a_beginning() -> None:
    envs = make(16)
    clock = envs.unwrapped.room.spec.total("time_left")
    views, infos = envs.reset(seed=0)
    ends = 0
    for _ in range(STEPS):
        views, _, left, over, infos = envs.step(everyone(views, infos))
        assert not (left & over).any()
        for row in np.flatnonzero(left | over):
            assert infos["final_info"]["day"][row] >= 30.0 or left[row]
            assert (infos["final_obs"][row][clock] == 0.0) or left[row]
            assert views[row][clock] == 1.0
            ends += 1
    assert ends > 10


def test_infos_hold_nothing_but_masks_while_nobody_ends() -> None:
    envs = make(4)
    views, infos = envs.reset(seed=0)
    assert infos.keys() == {"action_mask", "_action_mask", "learner", "_learner"}
    _, _, left, over, infos = envs.step(everyone(views, infos))
    assert not (left | over).any() and infos.keys() == {"action_mask", "_action_mask"}
    assert infos["action_mask"][:, 0].all()
    np.testing.assert_array_equal(infos["action_mask"] > 0, envs.unwrapped.action_masks())


def test_copies_are_the_callers_and_buffers_are_the_classrooms() -> None:
    for copy in (True, False):
        envs = make(4, copy=copy)
        views, infos = envs.reset(seed=0)
        kept, mask = views.copy(), infos["action_mask"].copy()
        said = envs.step(np.full(4, 2))
        assert np.array_equal(views, kept) == copy
        assert any(np.shares_memory(array, envs.unwrapped.room.view) for array in (views, said[0])) != copy
        assert np.shares_memory(infos["action_mask"], envs.unwrapped.room.mask) != copy
        assert mask.shape == infos["action_mask"].shape


def test_copying_or_not_the_lives_are_the_same() -> None:
    one, other = make(5), make(5, copy=False)
    a, b = one.reset(seed=1), other.reset(seed=1)
    for _ in range(60):
        actions = everyone(a[0], a[-1])
        a, b = one.step(actions), other.step(actions)
        for mine, theirs in zip(a[:4], b[:4], strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_named_learners_are_taught_in_their_rows_and_then_followed() -> None:
    envs = make(3)
    _, infos = envs.reset(seed=2, options={"learners": [5, 6, 5]})
    np.testing.assert_array_equal(infos["learner"], [5, 6, 5])
    views, _ = envs.reset(seed=2, options={"learners": [5, 6, 5]})
    np.testing.assert_array_equal(views[0], views[2])
    followers: dict[int, int] = {}
    while len(followers) < 3:
        *_, infos = envs.step(np.zeros(3, int))
        for row in np.flatnonzero(infos.get("_learner", [])):
            followers.setdefault(int(row), int(infos["learner"][row]))
    assert [followers[row] for row in range(3)] == luck.rebirth(2, np.arange(3), 1).tolist()


def test_resetting_again_without_a_seed_goes_on_with_the_next_learners() -> None:
    envs = make(4)
    envs.reset(seed=8)
    np.testing.assert_array_equal(envs.reset()[1]["learner"], luck.rebirth(8, np.arange(4), 1))
    np.testing.assert_array_equal(envs.reset(seed=8)[1]["learner"], luck.rebirth(8, np.arange(4), 0))


def test_gymnasiums_own_statistics_read_our_ends() -> None:
    envs = gymnasium.wrappers.vector.RecordEpisodeStatistics(make(8))
    views, infos = envs.reset(seed=0)
    lengths = []
    for _ in range(STEPS):
        views, _, left, over, infos = envs.step(everyone(views, infos))
        ended = left | over
        if ended.any():
            np.testing.assert_array_equal(infos["episode"]["l"][ended], infos["final_info"]["step"][ended])
            lengths += infos["episode"]["l"][ended].tolist()
    assert len(lengths) > 10


def test_autoreset_and_spaces_are_declared() -> None:
    envs = make(3)
    assert envs.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    assert envs.observation_space.shape == (3, *envs.single_observation_space.shape)
    assert envs.action_space == gymnasium.spaces.MultiDiscrete([10, 10, 10])
    assert envs.reset(seed=0)[0] in envs.observation_space
    assert "Tiny" in repr(envs) and envs.unwrapped.history().shape == (3, 10, 3)
    slates = make(2, decides="offer")
    assert slates.action_space.shape == (2, 3)
    slates.reset(seed=0)
    slates.step(slates.action_space.sample())
    assert slates.unwrapped.action_masks().shape == (2, 30)


@pytest.mark.parametrize("actions", [[1, 2], [1.0, 2.0, 3.0], [1, 2, 10], [1, 2, -1], [[1], [2], [3]]])
def test_wrong_actions_are_refused_in_words(actions: Any) -> None:
    envs = make(3)
    envs.reset(seed=0)
    with pytest.raises(Refusal, match=r"found .*; needed an element of .*; e\.g\. 0"):
        envs.step(actions)


def test_wrong_calls_are_refused_in_words() -> None:
    with pytest.raises(Refusal, match="needed a whole number >= 1"):
        make(0)
    envs = make(2)
    with pytest.raises(ResetNeeded):
        envs.step([0, 0])
    for options in ({"learner": 3}, {"learners": 3}, {"learners": [1, -2]}):
        with pytest.raises(Refusal, match=r"found .* needed .* e\.g\. "):
            envs.reset(options=options)
    with pytest.raises(Refusal, match="needed one whole number"):
        envs.reset(seed=[1, 2])
