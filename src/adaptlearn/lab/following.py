"""An agent watched while it learns: judged on learners it is not taught with, and a line that says how it goes."""

import time
from typing import Any

import numpy as np

from adaptlearn.classroom.room import Rules
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.policy import Orchestrator
from adaptlearn.evaluation.compare import paired

FIRST = 1_000_000  # first of the learners who are watched; those a table is made on have smaller numbers
COUNTS = ("decisions", "round", "epoch", "cohort")  # figures that say how far a training has come, and their settings


class Watch:
    """What is known of a training so far.

    Args:
        base: the policy whose gain it is measured over: the author's syllabus.
        settings: of the teacher, by name; what it counts by tells how much is left.
        orchestrator: in cohorts, who gets what is scarce; None: first come, first served.
    """

    def __init__(  # noqa: PLR0913
        self, rules: Rules, base: Any, learners: int, seed: int, settings: dict[str, Any],
        orchestrator: Orchestrator | None = None,
    ):  # fmt: skip
        self.rules, self.base, self.seed, self.settings = rules, base, seed, settings
        self.orchestrator = orchestrator
        self.ids = np.arange(FIRST, FIRST + learners)
        self.gain: Any = None
        self.began, self.first = time.monotonic(), None
        self._usual: Any = None

    def judge(self, policy: Any) -> float:
        """Mean worth at the end of a life, and beside it the gain over the syllabus."""
        value = self._lived(policy)
        if self._usual is None:
            self._usual = self._lived(self.base)
        cohorts = self.rules.world.cohorts
        self.gain = paired(value, self._usual, cohorts and cohorts.of(self.ids))
        return float(value.mean())

    def _lived(self, policy: Any) -> Any:
        return simulate(policy, self.rules, self.ids, self.seed, orchestrator=self.orchestrator)["value"]

    def line(self, values: dict[str, float]) -> str:
        """Progress, speed, return, gain over the syllabus with its 95 % interval, time left."""
        parts = []
        count = next((name for name in COUNTS if name in values), None)
        if count is not None:
            parts += self._pace(count, values[count])
        if "per_life" in values:
            parts.append(f"return {values['per_life']:.3f}")
        if self.gain is not None:
            parts.append(f"over syllabus {self.gain.mean:+.3f} ± {self.gain.half:.3f}")
        plain = ("best", "mean", "loss", "error", "entropy", "explained")
        parts += [f"{name} {values[name]:.3g}" for name in plain if name in values]
        return " · ".join(parts)

    def _pace(self, count: str, done: float) -> list[str]:
        """How far, how fast, how much longer."""
        if self.first is None:  # where a resumed training begins
            self.first, self.began = done, time.monotonic()
        whole = self.settings.get(count, self.settings.get(f"{count}s"))
        parts = [f"{count} {done:,.0f}" + (f" of {whole:,.0f}" if whole else "")]
        speed = (done - self.first) / max(time.monotonic() - self.began, 1e-9)
        if speed > 0:
            parts.append(f"{speed:,.0f}/s" if speed >= 10 else f"{speed:.2g}/s")
            if whole:
                parts.append(f"{clock(max(whole - done, 0.0) / speed)} left")
        return parts


def clock(seconds: float) -> str:
    """Seconds for people: 42 s, 3:05 min, 1:20 h."""
    whole = int(seconds + 0.5)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60}:{whole % 60:02} min" if whole < 3600 else f"{whole // 3600}:{whole % 3600 // 60:02} h"
