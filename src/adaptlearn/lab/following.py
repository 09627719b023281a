"""An agent watched while it learns: judged on learners it is not taught with, and a line that says how it goes."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from adaptlearn.classroom.card import maker
from adaptlearn.classroom.room import Rules
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.cohorts import Cohorts
from adaptlearn.core.policy import Orchestrator
from adaptlearn.evaluation.compare import paired

FIRST = 1_000_000  # first of the learners who are watched; those a table is made on have smaller numbers
COUNTS = (
    "decisions",
    "round",
    "epoch",
    "cohort",
    "fork",
)  # figures that say how far a training has come, and their settings


class Watch:
    """What is known of a training so far.

    Args:
        many: the rooms it learns in; it is judged in all of them, each with its share of the learners.
        base: the policy whose gain it is measured over: the author's syllabus.
        settings: of the teacher, by name; what it counts by tells how much is left, and ``device`` where it is judged.
        orchestrator: in cohorts, who gets what is scarce; None: first come, first served.
    """

    def __init__(  # noqa: PLR0913
        self, many: Sequence[Rules], base: Any, learners: int, seed: int, settings: dict[str, Any],
        orchestrator: Orchestrator | None = None,
    ):  # fmt: skip
        self.many, self.base, self.seed, self.settings = many, base, seed, settings
        self.orchestrator = orchestrator
        self.ids = np.arange(FIRST, FIRST + learners)
        self.shares = shared(self.ids, len(many), many[0].world.cohorts)
        self.gain: Any = None
        self.began, self.first = time.monotonic(), None
        self._usual: Any = None

    def judge(self, policy: Any) -> float:
        """Mean worth at the end of a life, and beside it the gain over the syllabus."""
        value = self._worth(policy)
        if self._usual is None:
            self._usual = self._worth(self.base)
        cohorts = self.many[0].world.cohorts
        self.gain = paired(value, self._usual, cohorts and cohorts.of(self.ids))
        return float(value.mean())

    def _worth(self, policy: Any) -> Any:
        """Of the destination at the end of each life.   -> [N]"""
        lived = self._lived if self.settings.get("device", "cpu") == "cpu" else on_card
        rooms = zip(self.many, self.shares, strict=True)
        return np.concatenate([lived(policy, rules, ids, self.seed) for rules, ids in rooms])

    def _lived(self, policy: Any, rules: Rules, ids: Any, seed: int) -> Any:
        return simulate(policy, rules, ids, seed, orchestrator=self.orchestrator)["value"]

    def gained(self, values: dict[str, float]) -> dict[str, float]:
        """The gain over the syllabus and the half-width of its interval, where the figures come from a look."""
        seen = self.gain is not None and "held_out" in values
        return {"over_syllabus": self.gain.mean, "half_width": self.gain.half} if seen else {}

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


def shared(ids: Any, rooms: int, cohorts: Cohorts | None) -> list[Any]:
    """Learners in so many parts, as even as they can be; no cohort is split.

    Raises:
        ValueError: fewer learners, or cohorts of them, than rooms.
    """
    first = np.unique(cohorts.of(ids) if cohorts is not None else ids, return_index=True)[1]
    if len(first) < rooms:
        who = "learners" if cohorts is None else "cohorts of learners"
        raise ValueError(f"held_out: {len(first)} {who} for {rooms} rooms; needed one each or more, e.g. "
                         f"held_out={rooms * 64}")  # fmt: skip
    return np.split(ids, [part[0] for part in np.array_split(first, rooms)[1:]])


def on_card(policy: Any, rules: Rules, ids: Any, seed: int) -> Any:
    """Worth of the destination at the end of lives on a graphics card, under a policy's favourites.   -> [N]"""
    import torch

    room = maker("cuda")(rules, len(ids), seed).begin(ids)
    here = room.pay.device
    net, catalogue = policy.to(here), torch.from_numpy(rules.world.features.copy()).to(here)
    memory, nothing = (torch.zeros(len(ids), size, device=here) for size in (policy.memory_size, 0))
    with torch.inference_mode():
        while bool(room.alive.any()):
            scores, memory = net(room.view, catalogue, room.history(), memory, nothing)
            room.choose(scores, 0.0)
            room.step()
    return room.now("value").cpu().numpy()


def clock(seconds: float) -> str:
    """Seconds for people: 42 s, 3:05 min, 1:20 h."""
    whole = int(seconds + 0.5)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60}:{whole % 60:02} min" if whole < 3600 else f"{whole // 3600}:{whole % 3600 // 60:02} h"
