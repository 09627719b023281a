"""PPO on environments that are not ours: toys whose optimum is known, spaces it must refuse by name."""

from dataclasses import replace

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Dict, Discrete, MultiDiscrete
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from adaptlearn.agents.foreign import Reader, drawn, train
from adaptlearn.agents.ppo import Settings

QUICK = Settings(decisions=16_384, steps=32, batch=256, rate=5e-3, scale=1.0, hidden=32, gamma=0.9)


class Identity(gymnasium.Env):
    """One decision a life; it pays 1 to name the number that is shown."""

    observation_space, action_space = Box(0, 1, (4,)), Discrete(4)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.number = int(self.np_random.integers(4))
        return np.eye(4, dtype=np.float32)[self.number], {}

    def step(self, action):
        return np.zeros(4, np.float32), float(action == self.number), True, False, {}


class Trap(gymnasium.Env):
    """A walk of six steps. Action 0 pays most and is never legal: taking it is an error. Action 2 pays 1, 1 nothing."""

    observation_space = Dict({"place": Box(0, 1, (1,)), "action_mask": Box(0, 1, (3,), np.int8)})
    action_space = Discrete(3)

    def seen(self):
        return {"place": np.float32([self.at / 6]), "action_mask": np.int8([0, 1, 1])}

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.at = 0
        return self.seen(), {}

    def step(self, action):
        assert action != 0, "what is not legal was done"
        self.at += 1
        return self.seen(), float(action == 2), False, self.at == 6, {}


def several(make, count=16):
    return SyncVectorEnv([make] * count, autoreset_mode=AutoresetMode.SAME_STEP)


def test_the_identity_bandit_is_solved():
    net = train(several(Identity), 1, QUICK)
    assert net.choose(torch.eye(4), torch.ones(4, 4, dtype=torch.bool)).tolist() == [0, 1, 2, 3]


def test_a_masked_trap_is_never_entered_and_its_optimum_is_found():
    net = train(several(Trap), 1, QUICK)
    places = torch.arange(6)[:, None] / 6
    mask = torch.tensor([[False, True, True]]).expand(6, 3)
    assert net.choose(places, mask).tolist() == [2] * 6


def test_the_same_seed_gives_the_same_weights():
    few = Settings(decisions=1024, steps=16, batch=64, scale=1.0, hidden=16)
    one, two = (train(several(Identity), 3, few).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.kernels
def test_draws_have_the_chances_they_say_and_nothing_illegal_is_drawn():
    dice = np.random.default_rng(0)
    scores = np.repeat(dice.normal(size=(1, 5)).astype(np.float32), 40_000, 0)
    mask = np.repeat(np.array([[True, False, True, True, False]]), 40_000, 0)
    action, log_chance = drawn(scores, mask, dice.random(40_000, np.float32))
    wanted = np.where(mask[0], np.exp(scores[0]), 0.0) / np.exp(scores[0])[mask[0]].sum()
    found = np.bincount(action, minlength=5) / 40_000
    np.testing.assert_allclose(found, wanted, atol=4 * np.sqrt(0.25 / 40_000))
    np.testing.assert_allclose(np.exp(log_chance), wanted[action], rtol=1e-5)


class Toll(gymnasium.Env):
    """Of another package: a bridge of four planks, some missing. Legal planks lead on; the shown toll is paid."""

    observation_space, action_space = Box(0, 1, (8,)), Discrete(4, start=1)

    def told(self):
        return np.concatenate([self.tolls, self.planks]).astype(np.float32), {
            "action_mask": self.planks.astype(np.int8)
        }

    def laid(self):
        self.tolls, self.planks = self.np_random.random(4), self.np_random.random(4) < 0.6
        self.planks[self.np_random.integers(4)] = True

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.at = 0
        self.laid()
        return self.told()

    def step(self, action):
        plank = action - 1
        assert self.planks[plank], "what is not legal was done"
        paid, self.at = 1.0 - self.tolls[plank], self.at + 1
        self.laid()
        return (told := self.told())[0], paid, self.at == 5, False, told[1]


def test_a_masked_toy_registered_by_another_package_is_learned():
    """By its name, masks in the infos, actions from 1: the cheapest legal plank nearly always."""
    gymnasium.register("another-package/Toll-v0", entry_point=Toll)
    envs = gymnasium.make_vec("another-package/Toll-v0", 16, vectorization_mode="sync",
                              vector_kwargs={"autoreset_mode": AutoresetMode.SAME_STEP})  # fmt: skip
    net = train(envs, 1, replace(QUICK, gamma=0.1))  # what is laid next is chance: looking ahead adds only noise
    dice = np.random.default_rng(5)
    tolls, planks = dice.random((500, 4)), dice.random((500, 4)) < 0.6
    planks[:, 0] |= ~planks.any(1)
    view = torch.from_numpy(np.concatenate([tolls, planks], 1).astype(np.float32))
    chosen = net.choose(view, torch.from_numpy(planks)).numpy()
    ours = 1.0 - tolls[np.arange(500), chosen]
    best, chance = 1.0 - np.where(planks, tolls, 9.0).min(1), ((1.0 - tolls) * planks).sum(1) / planks.sum(1)
    assert (ours.mean() - chance.mean()) / (best.mean() - chance.mean()) >= 0.95


@pytest.mark.parametrize(
    ("action", "seen", "says"),
    [
        (Box(0, 1, (2,)), Box(0, 1, (2,)), r"action space Box.*e\.g\. Discrete\(4\)"),
        (MultiDiscrete([2, 2]), Box(0, 1, (2,)), "action space MultiDiscrete"),
        (Discrete(2), Discrete(3), r"observation space Discrete\(3\); needed a Box"),
        (Discrete(2), Dict({"a": Box(0, 1, (2,)), "b": Discrete(2)}), "observation space 'b': Discrete"),
    ],
)
def test_a_space_that_is_not_understood_is_named(action, seen, says):
    class Odd:
        single_action_space, single_observation_space = action, seen

    with pytest.raises(ValueError, match=says):
        Reader(Odd())


def test_another_way_of_resetting_is_named():
    with pytest.raises(ValueError, match="autoreset.*NEXT_STEP.*needed SAME_STEP"):
        train(SyncVectorEnv([Identity] * 2, autoreset_mode=AutoresetMode.NEXT_STEP), 1, QUICK)
