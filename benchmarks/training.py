"""Claim: on one core, what surrounds the network costs PPO no more than the network itself does, a few times over.

    python benchmarks/training.py

One JSON line per network: decisions learned from per second of processor time (lives, features, critic, updates), on
onboarding-v1 with one thread, and how many *passes* one of them takes: a pass is the network's scores of a decision,
forward and backward, in blocks at hand. A decision that is learned from needs one pass and a third, and a critic.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from _claims import most, say, sized

from adaptlearn.agents import ppo
from adaptlearn.classroom.room import Classroom
from adaptlearn.envs.registry import rules
from adaptlearn.lab import checkpoint

HERE = Path(__file__).parents[1] / "experiments" / "teaching-agents"
SETTINGS = ppo.Settings(rows=512, steps=sized(64, 4), batch=2048, epochs=1)
ROUNDS = sized(5, 1)


def main() -> None:
    """All networks."""
    torch.set_num_threads(1)
    world = rules("onboarding-v1")
    for name, start, memory in (("pointer", "linear", 0), ("follower", "fixed", 0), ("recurrent", "fixed", 32)):
        first = checkpoint.load(HERE / f"{start}.npz", world.world)
        training = ppo.Training(world, Classroom, 1, replace(SETTINGS, memory=memory), first)
        whole = spent(training.advance) / (SETTINGS.rows * SETTINGS.steps)
        alone = spent(lambda training=training: passed(training)) / training.net.block
        claim = most(
            "PPO that began as a programme: a decision learned from, in passes of its network", whole / alone, 6.0
        )
        say(name, *([claim] if name == "follower" else []), decisions_per_cpu_second=round(1.0 / whole),
            us=1e6 * whole, pass_us=1e6 * alone)  # fmt: skip


def passed(training: ppo.Training) -> None:
    """Scores of one block of what was lived through, forward and backward."""
    out, net = training.buffers, training.net
    rows = slice(0, net.block)
    scores = net.scores(out.view[0][rows], training.shelves[0][1], out.pairs[0][rows], out.memory[rows])
    scores.sum().backward()


def spent(call: Callable[[], object]) -> float:
    """Processor seconds of one call, the least of a few: others' work only ever adds."""
    call()
    found = []
    for _ in range(ROUNDS):
        began = time.process_time()
        call()
        found.append(time.process_time() - began)
    return min(found)


if __name__ == "__main__":
    main()
