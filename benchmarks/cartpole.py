"""Claim: the same PPO balances CartPole-v1 (mean return >= 475 over 100 episodes, acting greedily), three seeds.

One JSON line per seed: the return, how many decisions it was trained on, and in how many processor seconds.
"""

import time

import gymnasium
import numpy as np
import torch
from _claims import least, say, sized
from gymnasium.vector import AutoresetMode

from adaptlearn.agents.foreign import Plain, train
from adaptlearn.agents.ppo import Settings

DECISIONS, SEEDS = sized(250_000, 4_096), sized((1, 2, 3), (1,))
SETTINGS = Settings(decisions=DECISIONS, steps=128, batch=256, epochs=8, rate=1e-3, gamma=0.99, scale=0.02, entropy=0.0)


def main() -> None:
    """Train and judge, seed by seed."""
    torch.set_num_threads(1)
    for seed in SEEDS:
        envs = gymnasium.make_vec("CartPole-v1", 16, vectorization_mode="sync",
                                  vector_kwargs={"autoreset_mode": AutoresetMode.SAME_STEP})  # fmt: skip
        began = time.process_time()
        net = train(envs, seed, SETTINGS)
        seconds = time.process_time() - began
        claim = least(f"CartPole-v1, mean return, seed {seed}", judged(net, seed), 475.0)
        say("balanced", claim, seed=seed, decisions=DECISIONS, cpu_s=round(seconds, 1))


def judged(net: Plain, seed: int, episodes: int = 100) -> float:
    """Mean return of whole episodes, the best action each time."""
    env, total = gymnasium.make("CartPole-v1"), 0.0
    for episode in range(episodes):
        seen, over = env.reset(seed=10_000 * seed + episode)[0], False
        while not over:
            action = net.choose(torch.from_numpy(np.float32(seen))[None], torch.ones(1, 2, dtype=torch.bool))
            seen, reward, ended, cut, _ = env.step(int(action[0]))
            total, over = total + float(reward), ended or cut
    return total / episodes


if __name__ == "__main__":
    main()
