"""A linear scorer on the record, fitted by the cross-entropy method (Rubinstein 1999; Szita & Lorincz 2006).

Scores are a weighted sum of the features of ``pairs``. There is no gradient, no value and no network: what a deep
agent cannot beat by a margin, it has not learned. All candidates of a round teach the same learners with the same
luck, side by side in one classroom; every round draws new learners, whole cohorts of them where people meet, who live
in weekly rounds with their seats, apart from those of the other candidates.

Axes: N learners, A activities, P features, C candidates.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from adaptlearn.agents.pairs import PAIRS, Pairs
from adaptlearn.agents.rules import LAST
from adaptlearn.agents.sight import Sight
from adaptlearn.classroom.rounds import newcomers, together
from adaptlearn.core import luck
from adaptlearn.core.policy import GREEDY, Head, Orchestrator
from adaptlearn.core.world import World

START = {
    "promise": 1.0,
    "gain": 1.0,
    "fit": 0.5,
    "required": 0.6,
    "crowded": -0.5,
    "recent": -0.5,
    "visits": -0.2,
    "minutes": -0.3,
}  # fmt: skip; what a designer would guess


class Weighted(nn.Module, ABC):
    """A Policy without memory or luck whose scores hang on ``weights`` [P], which :func:`search` can find."""

    name: str
    version = "1"
    head: Head = GREEDY
    memory_size = 0
    luck_size = 0

    def __init__(self, first: Sequence[float]):
        """first [P]: the weights before any fit."""
        nn.Module.__init__(self)
        self.weights = nn.Parameter(torch.tensor(first), requires_grad=False)

    def forward(
        self, view: Tensor, catalogue: Tensor, history: Tensor, memory: Tensor, luck: Tensor
    ) -> tuple[Tensor, Tensor]:
        """See ``core.policy``."""
        return self.scores(view, catalogue, history, self.weights[None, :]), memory

    @abstractmethod
    def scores(self, view: Tensor, catalogue: Tensor, history: Tensor, weights: Tensor) -> Tensor:
        """weights [N, P] or [1, P] -> scores [N, A]"""


Scorer = TypeVar("Scorer", bound=Weighted)


class Linear(Weighted):
    """Scores as a weighted sum; ``weights`` [P] belong to ``names`` in order."""

    name = "linear"
    names: tuple[str, ...] = PAIRS

    def __init__(self, sight: Sight, guess: Mapping[str, float] = START):
        """guess: weights by name before any fit; 0 where nothing is said."""
        Weighted.__init__(self, [guess.get(name, 0.0) for name in self.names])
        self.pairs = Pairs(sight)

    @classmethod
    def for_world(cls, world: World) -> "Linear":
        """With the weights a designer would guess, before any fit."""
        return cls(Sight.for_world(world))

    def scores(self, view: Tensor, catalogue: Tensor, history: Tensor, weights: Tensor) -> Tensor:
        """weights [N, P] or [1, P] -> scores [N, A]"""
        columns = self.columns(view, catalogue, history)
        total = -LAST * self.pairs.sight.shelf(catalogue).column["rest"].expand(history.shape[:2])
        for j, name in enumerate(self.names):
            total = total + weights[:, j, None] * columns[name]
        return total

    def columns(self, view: Tensor, catalogue: Tensor, history: Tensor) -> dict[str, Tensor]:
        """Every feature by name.   [N, A], or [1, A] where the learner does not matter"""
        return self.pairs.columns(view, catalogue, history)


@dataclass(frozen=True)
class Settings:
    """Of the search."""

    rounds: int = 15
    candidates: int = 32
    learners: int = 128  # who each candidate teaches in a round
    elite: int = 6  # candidates the next round is drawn around
    spread: float = 0.5  # first standard deviation of every weight
    noise: float = 0.1  # added to the deviations, fading to 0 over the rounds, against early agreement

    def __post_init__(self) -> None:
        for field in fields(self):
            if not getattr(self, field.name) > 0:
                raise ValueError(
                    f"linear: {field.name} = {getattr(self, field.name)}; needed more than 0, e.g. {field.default}"
                )
        if not 1 < self.elite <= self.candidates:
            raise ValueError(
                f"linear: elite = {self.elite} of {self.candidates} candidates; needed 2 or more of them, e.g. 6"
            )


def fit(
    rules: Any, classroom: Callable[..., Any], seed: int, settings: Settings | None = None, *,
    start: Linear | None = None, progress: Callable[[dict[str, float]], None] | None = None,
    orchestrator: Orchestrator | None = None, others: Sequence[Any] = (),
) -> Linear:  # fmt: skip
    """Search for weights.   Same seed, same weights.

    Args:
        rules: what happens; its reward is the goal of the search.
        classroom: makes a room from (rules, rows, seed), as ``classroom.room.Classroom`` does.
        seed: of candidates, learners and luck.
        start: what the search begins with; a designer's guess without.
        progress: told after each round: round, best, mean.
        orchestrator: in cohorts, who gets what is scarce; None: first come, first served.
        others: more rules that it has to do for, each as important as the first: a mixture.

    Raises:
        ValueError: to begin with something else.
    """
    first = start or Linear.for_world(rules.world)
    if not isinstance(first, Linear):
        raise ValueError(f"linear: start is a {first.name}; needed a linear scorer, e.g. one of agent=linear")
    return search(first, (rules, *others), classroom, seed, settings or Settings(), progress, orchestrator)


def search(
    policy: Scorer, many: Sequence[Any], classroom: Callable[..., Any], seed: int, settings: Settings,
    progress: Callable[[dict[str, float]], None] | None, orchestrator: Orchestrator | None = None,
) -> Scorer:  # fmt: skip
    """The weights of any scorer that has some, in place, for the mean over the rules.   -> the scorer"""
    mean, size = policy.weights.numpy().copy(), len(policy.weights)
    spread = np.full(size, settings.spread, np.float32)
    for turn in range(settings.rounds):
        z = luck.normal(seed, luck.RESTART, np.arange(settings.candidates)[:, None], turn, np.arange(size))
        tried = mean + spread * z
        tried[0] = mean
        asked = classroom, tried.astype(np.float32), seed, turn, settings.learners, orchestrator
        worth = np.mean([lessons(policy, rules, *asked) for rules in many], 0)
        elite = tried[np.argsort(-worth, kind="stable")[: settings.elite]]
        fading = settings.noise * (1.0 - (turn + 1) / settings.rounds)
        mean, spread = elite.mean(0), elite.std(0) + fading
        if progress is not None:
            progress({"round": turn + 1, "best": float(worth.max()), "mean": float(worth.mean())})
    policy.weights.copy_(torch.from_numpy(mean.astype(np.float32)))
    return policy


def lessons(
    policy: Any, rules: Any, classroom: Callable[..., Any], tried: NDArray[np.float32], seed: int, turn: int, n: int,
    orchestrator: Orchestrator | None = None,
) -> NDArray[np.float64]:  # fmt: skip
    """Mean reward of a life under each candidate; all teach the same n learners, or a few more to fill their cohorts.

    tried [C, P] -> [C]
    """
    ids = newcomers(rules.world.cohorts, n, seed, turn)
    room = classroom(rules, len(tried) * len(ids), seed).begin(np.tile(ids, len(tried)))
    rounds = together(room, orchestrator, np.repeat(np.arange(len(tried)), len(ids)))
    weights = torch.from_numpy(np.repeat(tried, len(ids), 0))
    catalogue = torch.from_numpy(rules.world.features.copy())
    total, history, scores = np.zeros(room.n), room.history(), np.zeros(room.mask.shape, np.float32)
    with torch.inference_mode():
        while (acting := rounds.turn()).any():
            rows = slice(None) if rules.world.cohorts is None else np.flatnonzero(acting)
            here = room.history(history) if rules.world.cohorts is None else room.history(rows=rows)
            view, mine = torch.from_numpy(room.view[rows]), weights[rows]
            scores[rows] = policy.scores(view, catalogue, torch.from_numpy(here), mine).numpy()
            rounds.decide(lambda whose: room.choose(scores, 0.0, whose))
            room.step()
            rounds.settle()
            total += room.pay
    return total.reshape(len(tried), len(ids)).mean(1)
