"""Trains this experiment's agents on a graphics card, one after the other, each from the best fixed programme.

    python experiments/teaching-agents/on_card.py SECONDS FOLDER [JOB ...]

SECONDS by the clock for all jobs together, shared by their weights; FOLDER gets one agent per job (NAME.npz), its curve
(NAME.csv, one line per look at held-out learners) and the state it can be resumed from (NAME.state.npz, large): where a
machine was taken away the same command goes on, and NAME.npz is the best before that.
"""

import sys
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adaptlearn.lab import training
from adaptlearn.lab.compose import Agent

HERE = Path(__file__).parent
START = HERE / "fixed.npz"
#: Of a training on a card: a million decisions to a round, and rates that begin small and may grow tenfold.
CARD = {"device": "cuda", "rows": 65_536, "steps": 16, "batch": 16_384, "epochs": 2, "decisions": 10**12, "check": 50,
        "rate": 1e-3, "most": 10.0, "pair_rate": 3.0}  # fmt: skip


@dataclass(frozen=True)
class Job:
    """One training."""

    weight: float  # of its share of the time
    agent: str = "ppo"
    mandatory: bool = True
    seed: int = 1
    settings: dict[str, Any] = field(default_factory=dict)


JOBS = {
    "ppo-1": Job(3.0),
    "ppo-voluntary-1": Job(2.0, mandatory=False),
    "recurrent-1": Job(2.0, agent="recurrent"),
    "ppo-2": Job(1.0, seed=2),
    "ppo-3": Job(1.0, seed=3),
}


class Curve:
    """What a training tells, written down look by look; stands where a verb has its tracker."""

    def __init__(self, file: Path):
        self.file, self.began, self.text = file, time.monotonic(), ""

    def metrics(self, values: dict[str, float], step: int = 0) -> None:
        """One update's figures; kept where the agent was looked at."""
        if "held_out" not in values:
            return
        row = {"update": step, "seconds": round(time.monotonic() - self.began, 1)} | values
        self.text += "" if self.text else ",".join(row) + "\n"
        self.text += ",".join(f"{value:.9g}" for value in row.values()) + "\n"
        self.file.write_text(self.text)
        print(self.file.stem, " ".join(f"{k}={v:.5g}" for k, v in row.items()), flush=True)

    def data(self, *told: Any) -> None:
        """What it was taught with: this experiment's README says so."""


def run(name: str, job: Job, seconds: float, folder: Path) -> None:
    """One job, within its time."""
    to = folder / f"{name}.npz"
    settings = CARD | job.settings | {"seconds": seconds}
    config = training.Config(
        agent=Agent(job.agent, settings), start=str(START), mandatory=job.mandatory, seed=job.seed, held_out=16_384,
        learners=512, to=str(to), format="json", track=False,
    )  # fmt: skip
    row, _ = training.train(training.resumed(config), Curve(folder / f"{name}.csv"))  # type: ignore[arg-type]
    print(name, row, flush=True)


def main(seconds: str, folder: str, *names: str) -> None:
    """All jobs that are named, or all; one that fails does not stop the next."""
    chosen = {name: JOBS[name] for name in names or JOBS}
    ends, left, home = time.monotonic() + float(seconds), sum(job.weight for job in chosen.values()), Path(folder)
    home.mkdir(parents=True, exist_ok=True)
    for name, job in chosen.items():
        share = (ends - time.monotonic()) * job.weight / left
        left -= job.weight
        try:
            run(name, job, share, home)
        except Exception:
            traceback.print_exc()


if __name__ == "__main__":
    main(*sys.argv[1:])
