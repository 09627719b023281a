"""Laws of one learner behind Gymnasium's face."""

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded

from adaptlearn.classroom.room import LIFE, Classroom
from adaptlearn.core import luck
from adaptlearn.core.refusal import Refusal
from adaptlearn.envs.registry import register, rules
from adaptlearn.envs.single import LearnerEnv

register()
TINY = "adaptlearn/Tiny-v1"
Chooser = Callable[[np.random.Generator, dict[str, Any]], int]


def legal(dice: np.random.Generator, info: dict[str, Any]) -> int:
    return int(dice.choice(np.flatnonzero(info["action_mask"])))


def life(env: Any, dice_seed: int = 0, choose: Chooser = legal, **how: Any) -> list[tuple[Any, ...]]:
    """Everything said from birth to the end."""
    dice = np.random.default_rng(dice_seed)
    view, info = env.reset(**how)
    said: list[tuple[Any, ...]] = [(view, 0.0, False, False, info)]
    while not (said[-1][2] or said[-1][3]):
        said.append(env.step(choose(dice, said[-1][4])))
    return said


def same(one: list[tuple[Any, ...]], other: list[tuple[Any, ...]]) -> bool:
    return len(one) == len(other) and all(
        np.array_equal(a[0], b[0]) and a[1:4] == b[1:4] and a[4].keys() == b[4].keys()
        and all(np.array_equal(a[4][k], b[4][k]) for k in a[4]) for a, b in zip(one, other, strict=True)
    )  # fmt: skip


def test_the_same_seed_gives_the_same_lives_one_after_another() -> None:
    one, other = gymnasium.make(TINY), gymnasium.make(TINY)
    life(other, 9)  # whatever was lived before does not matter
    for how in ({"seed": 5}, {}, {}):
        assert same(life(one, **how), life(other, **how))


def test_another_seed_gives_another_life_and_the_next_life_is_another_learner() -> None:
    env = gymnasium.make(TINY)
    first, second, third = life(env, seed=5), life(env), life(env, seed=6)
    assert not same(first, second) and not same(first, third)
    names = luck.rebirth(5, 0, np.arange(2))
    assert [first[0][4]["learner"], second[0][4]["learner"]] == list(names)


def test_a_named_learner_lives_the_life_of_the_classroom() -> None:
    env = gymnasium.make(TINY)
    said = life(env, seed=11, options={"learner": 42})
    room = Classroom(rules("tiny-v1"), 1, 11).begin([42])
    dice, mask = np.random.default_rng(0), said[0][4]
    for view, reward, left, over, info in said[1:]:
        room.offers[0, 0] = legal(dice, mask)
        room.step()
        mask = info
        np.testing.assert_array_equal(view, room.view[0])
        np.testing.assert_array_equal(info["action_mask"], room.mask[0])
        assert (reward, left, over) == (room.pay[0], *(room.flags[0] > 0))
    assert said[-1][4]["value"] == room.now("value")[0] and said[-1][4]["learner"] == 42


def test_a_seed_given_at_making_is_the_seed_of_the_first_reset() -> None:
    assert same(life(gymnasium.make(TINY, seed=5)), life(gymnasium.make(TINY), seed=5))


def test_unseeded_environments_differ() -> None:
    assert not same(life(gymnasium.make(TINY)), life(gymnasium.make(TINY)))


def test_the_clock_truncates_exactly_at_the_horizon_and_leaving_terminates_before_it() -> None:
    env, seen = gymnasium.make(TINY, mandatory=False), {"left": 0, "over": 0}
    room: Classroom = env.unwrapped.room  # type: ignore[attr-defined]
    horizon, clock = room.terms.horizon, room.spec.total("time_left")
    for learner in range(60):
        said = life(env, seed=3, options={"learner": learner})
        for view, _, left, over, _ in said[:-1]:
            assert not left and not over and view[clock] > 0.0
        view, _, left, over, info = said[-1]
        assert left != over
        assert over == (info["day"] >= horizon) or left  # one may leave in the very step that ends the programme
        assert (view[clock] == 0.0) == (info["day"] >= horizon)
        seen["left"] += left
        seen["over"] += over
    assert min(seen.values()) > 5


def test_rewards_add_up_to_what_the_life_was_worth() -> None:
    env = gymnasium.make(TINY)
    for seed in range(5):
        env.reset(seed=seed)
        start = env.unwrapped.room.now("value")[0]  # type: ignore[attr-defined]
        said = life(env, seed=seed)
        assert sum(step[1] for step in said) == pytest.approx(said[-1][4]["value"] - start, abs=1e-5)


@pytest.mark.parametrize("name", [TINY, "adaptlearn/Onboarding-v1"])
def test_nothing_now_is_always_legal_and_both_masks_agree(name: str) -> None:
    env = gymnasium.make(name)
    inner: LearnerEnv = env.unwrapped  # type: ignore[assignment]
    for seed in range(3):
        dice = np.random.default_rng(seed)
        _, info = env.reset(seed=seed)
        ended = False
        while not ended:
            mask = info["action_mask"]
            assert mask[0] == 1 and mask.dtype == np.int8
            np.testing.assert_array_equal(mask > 0, inner.action_masks())
            np.testing.assert_array_equal(mask, inner.room.mask[0])
            assert mask[env.action_space.sample(mask)] == 1
            _, _, left, over, info = env.step(legal(dice, info))
            ended = left or over


def test_only_what_is_legal_can_happen() -> None:
    env = gymnasium.make(TINY)
    inner: LearnerEnv = env.unwrapped  # type: ignore[assignment]
    banned = lambda dice, info: int(np.flatnonzero(info["action_mask"] == 0)[:1].sum())  # noqa: E731
    said = life(env, choose=banned, seed=0)
    assert said[-1][4]["completed"] == 0 and inner.room.visits.sum() == 0
    assert inner.room.life[0, LIFE["day"]] >= inner.room.terms.horizon


def test_a_slate_is_masked_place_by_place() -> None:
    env = gymnasium.make(TINY, decides="offer")
    inner: LearnerEnv = env.unwrapped  # type: ignore[assignment]
    _, info = env.reset(seed=0)
    assert env.action_space == gymnasium.spaces.MultiDiscrete([10, 10, 10])
    np.testing.assert_array_equal(inner.action_masks(), np.tile(info["action_mask"] > 0, 3))
    env.step(np.array([1, 2, 0]))
    assert int(inner.room.event[0, 1]) in (0, *np.flatnonzero(info["action_mask"]))


def test_what_is_returned_is_the_callers_to_keep() -> None:
    said = life(gymnasium.make(TINY), seed=1)
    again = life(gymnasium.make(TINY), seed=1)
    assert same(said, again) and not np.shares_memory(said[1][0], said[2][0])


@pytest.mark.parametrize("action", [-1, 10, 2**40])
def test_an_action_outside_the_catalogue_is_refused(action: int) -> None:
    env = gymnasium.make(TINY)
    env.reset(seed=0)
    with pytest.raises(Refusal, match=r"found .*; needed an element of Discrete\(10\); e\.g\. 0"):
        env.step(action)


@pytest.mark.parametrize("slate", [[1, 2], [1, 2, 10], 3, [[1, 2, 3]]])
def test_a_slate_of_another_shape_is_refused(slate: Any) -> None:
    env = gymnasium.make(TINY, decides="offer")
    env.reset(seed=0)
    with pytest.raises(Refusal, match=r"needed an element of MultiDiscrete"):
        env.step(slate)


def test_order_is_enforced() -> None:
    env = gymnasium.make(TINY, render_mode="ansi")
    for too_early in (lambda: env.step(0), env.render):
        with pytest.raises(ResetNeeded):
            too_early()
    life(env, seed=0)
    with pytest.raises(ResetNeeded, match="this life has ended"):
        env.step(0)


@pytest.mark.parametrize("options", [{"lerner": 3}, {"learner": -3}, {"learner": 1.5}, {"learner": [1, 2]}])
def test_a_wrong_option_is_refused_in_words(options: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match=r"found .* needed .* e\.g\. "):
        gymnasium.make(TINY).reset(options=options)


def test_a_life_can_be_read() -> None:
    env = gymnasium.make(TINY, render_mode="ansi")
    said = life(env, seed=2)
    text = env.render()
    assert isinstance(text, str) and text == env.render()
    assert len(text.splitlines()) == len(said) - 1 + 6
    assert "tiny-v1 · law workplace" in text and "the programme ended on day" in text
    assert gymnasium.make(TINY).unwrapped.render() is None


def test_history_is_what_policies_read() -> None:
    env = gymnasium.make(TINY)
    env.reset(seed=0)
    inner: LearnerEnv = env.unwrapped  # type: ignore[assignment]
    np.testing.assert_array_equal(inner.history(), np.zeros((10, 3)))
    while not inner.room.visits.any():
        env.step(2)
    np.testing.assert_array_equal(np.flatnonzero(inner.history()[:, 2]), [2])
