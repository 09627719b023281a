"""The frozen benchmark as data: six tasks, and the marks between which scores lie.

0 is mastery learning, tuned on the training law of the task; 1 is a planner that sees minds and knows the law of the
test. Marks are computed once (``adaptlearn bench marks=true``) and kept beside the tasks, with the commit, the
planner's budget and its Monte-Carlo error.

Axes: R runs, N learners.
"""

import json
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

TASKS, MARKS = "bench-v1.toml", "bench-v1-marks.json"
TEST_SEED, TUNE_SEED = 70_001, 60_001  #: of luck; neither meets a training seed
TUNED = {"threshold": (0.5, 0.6, 0.7, 0.8, 0.9), "window": (2, 4)}  #: settings of mastery that are tried
TUNERS = 512  #: learners on whom they are
DRIFT = 2e-3  #: of mastery's mean worth from its mark, beyond which the world is no longer the marked one


@dataclass(frozen=True)
class Task:
    """One question."""

    id: str
    question: str
    world: str
    train: dict[str, str]  # law, meshing, catalogue
    test: dict[str, str]

    def rules(self, side: str) -> Any:
        """Rules of the training world or of the test."""
        from adaptlearn.envs.registry import rules

        return rules(self.world, **getattr(self, side))


@dataclass(frozen=True)
class Mark:
    """What 0 and 1 are on one task."""

    mastery: dict[str, float]  # its settings
    level: float  # mean worth under it, all runs, P(correct) on the target skills
    gain: float  # of the planner over it, the same learners
    error: float  # Monte-Carlo standard error of that gain
    learners: int  # whom the planner taught


def read() -> tuple[list[Task], int, int, str]:
    """The tasks, runs, learners per run, and the hash of their file."""
    blob = files("adaptlearn.lab").joinpath(TASKS).read_bytes()
    data = tomllib.loads(blob.decode("utf-8"))
    return [Task(**task) for task in data["task"]], data["runs"], data["learners"], sha256(blob).hexdigest()


def marks() -> dict[str, Any]:
    """What was computed once: the hash of the tasks, versions, the planner's budget, and a Mark per task."""
    data = json.loads(files("adaptlearn.lab").joinpath(MARKS).read_text("utf-8"))
    return data | {"tasks": {name: Mark(**mark) for name, mark in data["tasks"].items()}}


def people(run: int, n: int) -> NDArray[np.int64]:
    """Test learners of a run, its own.   -> [N]"""
    return np.arange(n) + 1_000_000 * (run + 1)


def worth(policy: Any, rules: Any, run: int, n: int) -> NDArray[np.float64]:
    """What each test learner of a run knows at the check.   -> [N]"""
    from adaptlearn.classroom.simulate import simulate

    return simulate(policy, rules, people(run, n), TEST_SEED + run)["value"].astype(np.float64)


def mastery(task: Task, settings: dict[str, float]) -> Any:
    """The policy at 0."""
    from adaptlearn.agents.shelf import build

    return build("mastery", task.rules("test").world, **settings)


def tuned(task: Task) -> dict[str, float]:
    """The settings of mastery that teach most under the training law, on learners of their own."""
    from adaptlearn.agents.shelf import build
    from adaptlearn.classroom.simulate import simulate

    rules, best = task.rules("train"), (-np.inf, {})
    for values in product(*TUNED.values()):
        settings = dict(zip(TUNED, values, strict=True))
        level = float(
            simulate(build("mastery", rules.world, **settings), rules, np.arange(TUNERS), TUNE_SEED)["value"].mean()
        )
        best = max(best, (level, settings), key=lambda one: one[0])
    return best[1]


def mark(
    task: Task, runs: int, learners: int, planned: int, budget: dict[str, int], tell: Callable[[str], None]
) -> Mark:
    """Tune mastery, then plan for the first learners of each run."""
    from adaptlearn.agents.planner import Planner, Settings

    tell(f"{task.id}: tuning mastery")
    settings, rules, gains, level = tuned(task), task.rules("test"), [], []
    base = mastery(task, settings)
    for run in range(runs):
        level.append(worth(base, rules, run, learners))
        tell(f"{task.id}: planner, run {run + 1} of {runs}")
        gains.append(worth(Planner(Settings(**budget)), rules, run, planned) - level[-1][:planned])
    gain = np.concatenate(gains)
    error = float(gain.std(ddof=1) / np.sqrt(len(gain)))
    return Mark(settings, float(np.mean(level)), float(gain.mean()), error, len(gain))
