"""Aim: on one H200 five million decisions a second are learned from, on onboarding-v1, all on the card.

    python benchmarks/card_training.py

One JSON line per case: decisions learned from per second of a whole round (lives, then updates), and how a round's time
is shared: *simulation*, the room alone with scores at hand; *forward*, features and scores of every decision;
*update*, what is learned from them.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from _claims import elsewhere, least, say, unknown

from adaptlearn.agents import ppo
from adaptlearn.classroom import card
from adaptlearn.envs.registry import rules
from adaptlearn.lab import checkpoint

HERE = Path(__file__).parents[1] / "experiments" / "teaching-agents"
SETTINGS = ppo.Settings(rows=131_072, steps=16, batch=131_072, epochs=1, device="cuda")
ROUNDS = 3
CLAIM = "decisions a second learned from on a graphics card"


def main() -> None:
    """All cases."""
    if card.absent():
        elsewhere(unknown(CLAIM, ">= 5e6", "a graphics card"))
    import torch

    world = rules("onboarding-v1")
    for name, start, memory in (("pointer", "linear", 0), ("follower", "fixed", 0), ("recurrent", "fixed", 32)):
        first = checkpoint.load(HERE / f"{start}.npz", world.world)
        training = ppo.Training(world, card.CardRoom, 1, replace(SETTINGS, memory=memory), first)
        figures = shares(training)
        claims = [least(CLAIM, figures["decisions_per_second"], 5e6)] if name == "pointer" else []
        say(name, *claims, card=torch.cuda.get_device_name(), **figures)


def shares(training: ppo.Training) -> dict[str, Any]:
    """Speed of whole rounds, and where their time goes."""
    s, room, out = training.settings, training.room, training.buffers
    training.advance()  # compiles
    whole = timed(room, training.advance)
    lived = timed(room, lambda: ppo.collect(room, training.net, training.shelves, out, s))
    scores = training.net.scores(out.view[0], training.shelves[0][1], out.pairs[0], out.memory).detach()
    alone = timed(room, lambda: [live(room, scores) for _ in range(s.steps)])
    parts = {"simulation": alone / whole, "forward": (lived - alone) / whole, "update": 1.0 - lived / whole}
    speed = {"rows": s.rows, "steps": s.steps, "epochs": s.epochs, "minibatch": s.batch,
             "decisions_per_second": round(s.rows * s.steps / whole)}  # fmt: skip
    return speed | {name: round(share, 3) for name, share in parts.items()}


def live(room: Any, scores: Any) -> None:
    """One decision of every row, whatever they are offered."""
    room.choose(scores, 1.0)
    room.step()


def timed(room: Any, call: Callable[[], Any]) -> float:
    """Seconds of one call, the mean of a few in a row."""
    room.synchronize()
    began = time.perf_counter()
    for _ in range(ROUNDS):
        call()
    room.synchronize()
    return (time.perf_counter() - began) / ROUNDS


if __name__ == "__main__":
    main()
