"""PPO on environments that are not ours: toys whose optimum is known, spaces it must refuse by name."""

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Dict, Discrete, MultiDiscrete
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from adaptlearn.agents.foreign import Reader, train
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
