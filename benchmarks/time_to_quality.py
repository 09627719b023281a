"""Claim: our PPO is five times as quick to a fixed quality as MaskablePPO (sb3-contrib), and quicker per step.

    python benchmarks/time_to_quality.py            # both sides side by side, one process and one thread each
    python benchmarks/time_to_quality.py ours       # one side

*Quality* is the midpoint between the author's syllabus and the linear scorer of experiments/teaching-agents, greedy, on
512 learners nobody is taught with (onboarding-v1, catalogue as the experiment has it). Both sides have the same tuning:
20 trials drawn from a space of the same width around their own defaults, 8 s each; the trial that arrives first, or
else stands highest at its end, is run anew on three seeds for at most 30 s. Processor time of training alone: looking
is not counted. A run that never arrives is *censored* at its limit. Ours starts from its own defaults, so as its users
do: pair features, a designer's first guess, a critic that sees minds; MaskablePPO has the view and a multilayer
perceptron, and is fed by our vector environment.

*Speed* is decisions per second of processor time with everything equal: two layers of 64 for the actor and two for the
critic, 4 epochs, the same minibatches, on the same vector environment, at 1,024 and at 8 environments.

One JSON line per result; the last lines are ratios.
"""

import contextlib
import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch
from _claims import QUICK, least, say, sized
from _sb3 import SB3VecEnv
from sb3_contrib import MaskablePPO
from stable_baselines3.common.callbacks import BaseCallback
from torch import nn

from adaptlearn.agents import foreign, ppo, shelf
from adaptlearn.classroom.room import Classroom
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.policy import GREEDY
from adaptlearn.envs.registry import register, rules
from adaptlearn.lab import checkpoint

TRIALS, SHORT, LONG, EVERY, SEEDS = sized((20, 8.0, 30.0, 2.0, (101, 102, 103)), (1, 1.0, 1.0, 0.5, (101,)))
WORLD, ENV = "onboarding-v1", "adaptlearn/Onboarding-v1"
LINEAR = Path(__file__).parents[1] / "experiments/teaching-agents/linear.npz"
SPEED = {1024: (32, 1024), 8: (256, 256)}  # environments: steps of a rollout, minibatch
QUICKER = {1024: 1.5, 8: 2.4}  # environments: decisions a second wanted, times those of MaskablePPO


class Arrived(Exception):
    """The quality is reached, or the time is over."""


class Clock:
    """Training time so far, and looks at the quality between."""

    def __init__(self, quality: "Quality", limit: float):
        self.quality, self.limit = quality, limit
        self.began, self.looked, self.worth = time.process_time(), 0.0, -1.0
        self.arrived: float | None = None

    def tick(self, policy: Any) -> None:
        """Looks every two seconds.

        Raises:
            Arrived: no more training is needed, or allowed.
        """
        spent = time.process_time() - self.began
        if spent - self.looked < EVERY and spent < self.limit:
            return
        self.looked, at = spent, time.process_time()
        self.worth = self.quality.of(policy)
        self.began += time.process_time() - at
        if self.worth >= self.quality.wanted:
            self.arrived = spent
        if self.arrived is not None or spent >= self.limit:
            raise Arrived


class Quality:
    """Worth of a policy on learners nobody is taught with, and how much is wanted."""

    def __init__(self) -> None:
        self.rules, self.simulate = rules(WORLD, catalogue="usual_error"), simulate
        self.ids = np.arange(2_000_000, 2_000_512)
        low = self.of(shelf.build("syllabus", self.rules.world))
        self.wanted = 0.5 * (low + self.of(checkpoint.load(LINEAR, self.rules.world)))

    def of(self, policy: Any) -> float:
        """Mean worth at the end of a life."""
        return float(self.simulate(policy, self.rules, self.ids, 77)["value"].mean())


def drawn(trial: int) -> dict[str, float]:
    """Factors on a side's own defaults; the first trial is the defaults."""
    dice = np.random.default_rng(trial)
    names = {"rate": 4.0, "batch": 4.0, "steps": 2.0, "entropy": 10.0, "rows": 4.0}
    return {name: 1.0 if trial == 0 else float(width ** dice.uniform(-1, 1)) for name, width in names.items()}


def power(number: float) -> int:
    """The nearest power of two."""
    return int(2 ** round(np.log2(max(number, 2.0))))


def ours(quality: Quality, seed: int, by: dict[str, float], limit: float) -> Clock:
    """Our PPO on the classroom."""
    usual = ppo.Settings()
    whole = {name: power(getattr(usual, name) * by[name]) for name in ("batch", "steps", "rows")}
    settings = replace(
        usual, decisions=10**9, rate=usual.rate * by["rate"], entropy=usual.entropy * by["entropy"], **whole
    )
    clock = Clock(quality, limit)
    with contextlib.suppress(Arrived):
        training = ppo.Training(quality.rules, Classroom, seed, settings)
        while True:
            training.advance()
            clock.tick(training.net)
    return clock


class Logits(nn.Module):
    """A model of SB3 as a policy of ours."""

    name, version, memory_size, luck_size = "maskable", "1", 0, 0

    def __init__(self, model: Any):
        super().__init__()
        self.policy, self.head = model.policy, GREEDY

    def forward(self, view: Any, catalogue: Any, history: Any, memory: Any, luck: Any) -> tuple[Any, Any]:
        """Scores as the distribution has them before a mask."""
        return self.policy.get_distribution(view).distribution.logits, memory


def theirs(quality: Quality, seed: int, by: dict[str, float], limit: float) -> Clock:
    """MaskablePPO on our vector environment."""
    rows, clock = power(64 * by["rows"]), Clock(quality, limit)
    envs = SB3VecEnv(ENV, rows, seed=seed, catalogue="usual_error")
    steps = power(2048 // 64 * by["steps"])
    model = MaskablePPO(
        "MlpPolicy", envs, seed=seed, device="cpu", learning_rate=3e-4 * by["rate"], n_steps=steps, gamma=1.0,
        batch_size=min(power(64 * 4 * by["batch"]), steps * rows), ent_coef=0.001 * by["entropy"],
    )  # fmt: skip
    with contextlib.suppress(Arrived):
        model.learn(10**9, callback=Noting(lambda done: clock.tick(Logits(model))))
    return clock


class Noting(BaseCallback):
    """Tells how many decisions there have been, before each rollout."""

    def __init__(self, note: Any):
        super().__init__()
        self.note = note

    def _on_step(self) -> bool:
        return True

    def _on_rollout_start(self) -> None:
        self.note(float(self.num_timesteps))


def speed(side: str, count: int, seconds: float = sized(8.0, 0.5)) -> float:
    """Decisions per second of processor time with everything equal; the first rollout is not counted."""
    steps, batch = SPEED[count]
    seen: list[tuple[float, float]] = []

    def note(done: float) -> None:
        seen.append((done, time.process_time()))
        if len(seen) > 4 and seen[-1][1] - seen[1][1] > seconds:
            raise Arrived

    equal = ppo.Settings(decisions=10**9, steps=steps, batch=batch, epochs=4, divergence=100.0, rate=3e-4, hidden=64)
    with contextlib.suppress(Arrived):
        if side == "ours":
            envs = gymnasium.make_vec(ENV, num_envs=count, copy=False)
            foreign.train(envs, 1, equal, progress=lambda told: note(told["decisions"]))
        else:
            model = MaskablePPO("MlpPolicy", SB3VecEnv(ENV, count), n_steps=steps, batch_size=batch, n_epochs=4, seed=1,
                                device="cpu", policy_kwargs={"net_arch": [64, 64]})  # fmt: skip
            model.learn(10**9, callback=Noting(note))
    return (seen[-1][0] - seen[1][0]) / (seen[-1][1] - seen[1][1])


def one_side(side: str) -> None:
    """Speed, tuning, three seeds; a JSON line each."""
    torch.set_num_threads(1)
    register()
    for count in SPEED:
        say("speed", side=side, envs=count, decisions_per_second=round(speed(side, count)))
    teach, quality = {"ours": ours, "sb3": theirs}[side], Quality()
    say("quality", side=side, wanted=round(quality.wanted, 4))
    tried = []
    for trial in range(TRIALS):
        clock = teach(quality, 1000 + trial, drawn(trial), SHORT)
        tried.append((clock.arrived if clock.arrived is not None else SHORT + 1.0 - clock.worth, trial))
        say("trial", side=side, trial=trial, seconds=clock.arrived, worth=round(clock.worth, 4))
    best = min(tried)[1]
    for seed in SEEDS:
        clock = teach(quality, seed, drawn(best), LONG)
        say("run", side=side, trial=best, seed=seed, seconds=clock.arrived, censored_at=LONG,
            worth=round(clock.worth, 4))  # fmt: skip


def main() -> None:
    """Both sides at once, then the ratios."""
    if len(sys.argv) > 1:
        one_side(sys.argv[1])
        return
    size = ["quick"] if QUICK else []
    sides = {side: subprocess.Popen([sys.executable, __file__, side, *size], stdout=subprocess.PIPE, text=True)
             for side in ("ours", "sb3")}  # fmt: skip
    told = {side: [json.loads(line) for line in p.communicate()[0].splitlines()] for side, p in sides.items()}
    for row in (row for rows in told.values() for row in rows):
        say(**row)
    for count in SPEED:
        a, b = (next(r["decisions_per_second"] for r in told[side] if r["case"] == "speed" and r["envs"] == count)
                for side in ("ours", "sb3"))  # fmt: skip
        claim = least(f"PPO, {count} environments, decisions/s, times MaskablePPO's", a / b, QUICKER[count])
        say("speed", claim, envs=count)
    runs = {side: [r["seconds"] for r in told[side] if r["case"] == "run"] for side in told}
    ours_, theirs_ = (sorted(LONG if s is None else s for s in runs[side])[len(SEEDS) // 2] for side in ("ours", "sb3"))
    claim = least("PPO, times as quick to a fixed quality as MaskablePPO, medians", theirs_ / ours_, 5.0)
    say("time to quality", claim, censored=theirs_ >= LONG)


if __name__ == "__main__":
    main()
