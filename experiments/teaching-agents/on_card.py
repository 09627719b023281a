"""Trains this experiment's agents on a graphics card, one after the other, within a time given.

    python experiments/teaching-agents/on_card.py SECONDS FOLDER [JOB ...]

First a race: a few ways of beginning as the best fixed programme, each for a short while. The one that stands highest
on held-out learners goes on as ``ppo-1``, and from there ``ppo-voluntary-1`` learns to teach who may stay away; each
ends with small steps (``-fine``). Jobs share SECONDS by the clock by their weights. FOLDER gets one agent per job
(NAME.npz, the best at any look), its curve (NAME.csv, one line per look at held-out learners) and, while it learns, the
state it can be resumed from (NAME.state.npz, large): where a machine was taken away the same command goes on.
"""

import sys
import time
import traceback
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from adaptlearn.lab import training
from adaptlearn.lab.compose import Agent

HERE = Path(__file__).parent
#: Of a training on a card: a million decisions to a round, and rates that begin small and may grow tenfold.
CARD = {"device": "cuda", "rows": 65_536, "steps": 16, "batch": 16_384, "epochs": 1, "decisions": 10**12, "check": 60,
        "rate": 1e-3, "most": 10.0, "pair_rate": 3.0, "sharpness": 1.0}  # fmt: skip


@dataclass(frozen=True)
class Job:
    """One training."""

    weight: float  # of its share of the time
    start: str = "fixed"  # "race": the best of those that raced; else a job, or a file of this folder
    agent: str = "ppo"
    mandatory: bool = True
    seed: int = 1
    laws: tuple[str, ...] = ()  # a mixture to learn in
    settings: dict[str, Any] = field(default_factory=dict)


OFTEN = {"check": 15}  # looks, where there is little time
FINE = OFTEN | {"rate": 3e-4, "most": 1.0, "pair_rate": 1.0}  # small steps at the end, against their own noise
RACE = {
    "calm": Job(1.0, settings=OFTEN),
    "curious": Job(1.0, settings=OFTEN | {"entropy": 0.01}),
    "recurrent": Job(1.2, agent="recurrent", settings=OFTEN),
}
JOBS = RACE | {
    "ppo-1": Job(4.5, start="race", settings={"check": 60}),
    "ppo-1-fine": Job(2.0, start="ppo-1", settings=FINE),
    "ppo-voluntary-1": Job(2.0, start="ppo-1", mandatory=False, settings={"check": 30}),
    "ppo-voluntary-1-fine": Job(0.7, start="ppo-voluntary-1", mandatory=False, settings=FINE),
}
#: Run where they are named: more seeds, from the programme; and laws side by side.
MORE = {
    "ppo-2": Job(1.0, seed=2),
    "ppo-3": Job(1.0, seed=3),
    "ppo-4": Job(1.0, seed=4),
    "ppo-5": Job(1.0, seed=5),
    "ppo-mixture-1": Job(2.0, laws=("workplace", "bkt", "logistic")),
}


class Curve:
    """What a training tells, written down look by look; stands where a verb has its tracker."""

    def __init__(self, file: Path):
        self.file, self.began, self.text, self.best = file, time.monotonic(), "", -1.0

    def metrics(self, values: dict[str, float], step: int = 0) -> None:
        """One update's figures; kept where the agent was looked at."""
        if "held_out" not in values:
            return
        self.best = max(self.best, values["held_out"])
        row = {"update": step, "seconds": round(time.monotonic() - self.began, 1)} | values
        self.text += "" if self.text else ",".join(row) + "\n"
        self.text += ",".join(f"{value:.9g}" for value in row.values()) + "\n"
        self.file.write_text(self.text)
        print(self.file.stem, " ".join(f"{k}={v:.5g}" for k, v in row.items()), flush=True)

    def data(self, *told: Any) -> None:
        """What it was taught with: this experiment's README says so."""


def run(name: str, job: Job, start: Path, seconds: float, folder: Path) -> float:
    """One job, within its time.   -> worth of the best look"""
    settings = CARD | job.settings | {"seconds": seconds}
    config = training.Config(
        agent=Agent(job.agent, settings), start=str(start), mandatory=job.mandatory, seed=job.seed, held_out=16_384,
        laws=list(job.laws), learners=64, to=str(folder / f"{name}.npz"), format="json", track=False,
    )  # fmt: skip
    curve = Curve(folder / f"{name}.csv")
    training.train(training.resumed(config), curve)  # type: ignore[arg-type]
    return curve.best


def main(seconds: str, folder: str, *names: str) -> None:
    """The jobs that are named, or those of ``JOBS``; one that fails does not stop the next."""
    chosen = {name: (JOBS | MORE)[name] for name in names or JOBS}
    ends, left, home = time.monotonic() + float(seconds), sum(job.weight for job in chosen.values()), Path(folder)
    home.mkdir(parents=True, exist_ok=True)
    ran: dict[str, Job] = {}
    stood: dict[str, float] = {}
    for name, job in chosen.items():
        first = max((x for x in RACE if x in stood), key=stood.__getitem__, default="fixed")
        first = first if job.start == "race" else job.start
        if first in ran:  # what is begun as a network goes on as it learned
            job = replace(job, agent=ran[first].agent, settings=ran[first].settings | job.settings)
        start = (home if (home / f"{first}.npz").exists() else HERE) / f"{first}.npz"
        share, left, ran[name] = (ends - time.monotonic()) * job.weight / left, left - job.weight, job
        try:
            stood[name] = run(name, job, start, max(share, 5.0), home)
        except Exception:
            traceback.print_exc()
    print("best looks:", stood, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
