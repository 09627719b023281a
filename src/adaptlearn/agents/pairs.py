"""What a teacher weighs when this activity is held against this learner: features of the pair, from the record alone.

Worth and readiness enter as logarithms, since what a visit yields is a product: worth of the skill x room to learn x
readiness x design. A weighted sum of logarithms is a product with exponents, so linear scores already go far.

Axes: N learners, A activities, K skills.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from adaptlearn.agents.rules import promise
from adaptlearn.agents.sight import Learner, Shelf, Sight
from adaptlearn.core.world import World

LEAST = 0.01  # added under a logarithm, so that a worthless activity is merely poor
EXPERT = 0.5  # P(known) from which assistance is expected to hinder (expertise reversal: Kalyuga 2007)

#: Columns of ``Pairs``: what varies with the learner first, what only varies with the activity after.
HELD = (
    "gain",
    "goal_gain",
    "path_gain",
    "known",
    "fit",
    "required",
    "crowded",
    "recent",
    "asks",
    "visits",
    "since",
    "liking",
)
PLAIN = ("promise", "minutes", "retrieval", "elaborated", "correct_answer", "multimedia", "people", "staff_minutes")
PAIRS = (*HELD, *PLAIN)


class Weights(NamedTuple):
    """What each skill is worth to a learner.   [N, K]"""

    goal: Tensor  # as a target
    path: Tensor  # for what rests on it, less as time runs out


def weights_of(learner: Learner) -> Weights:
    """Worth of every skill, by the room left to learn it and by readiness for it."""
    open_now = (1.05 - learner.belief) * learner.ready
    return Weights(learner.target * open_now, learner.rests * learner.time_left * open_now)


class Pairs(nn.Module):
    """Features of learner and activity, for the chosen names.   -> [N, A, P]"""

    def __init__(self, sight: Sight, names: tuple[str, ...] = PAIRS):
        nn.Module.__init__(self)
        self.sight, self.names = sight, names

    @classmethod
    def for_world(cls, world: World, names: tuple[str, ...] = PAIRS) -> "Pairs":
        """For a declared world's skills."""
        return cls(Sight.for_world(world), names)

    def forward(self, view: Tensor, catalogue: Tensor, history: Tensor) -> Tensor:
        """view [N, V], catalogue [A, F], history [N, A, 3] -> [N, A, P]"""
        columns = self.columns(view, catalogue, history)
        return side_by_side(columns, self.names, history.shape[:2])

    def columns(self, view: Tensor, catalogue: Tensor, history: Tensor) -> dict[str, Tensor]:
        """Each chosen feature by name.   [N, A], or [1, A] where the learner does not matter"""
        learner, shelf = self.sight.learner(view), self.sight.shelf(catalogue)
        found = _learning(learner, shelf) | _memory(learner, shelf, history) | design(shelf)
        return {name: found[name] for name in self.names}


def side_by_side(columns: dict[str, Tensor], names: tuple[str, ...], shape: tuple[int, ...]) -> Tensor:
    """The named columns as features, last; each lies in memory in one piece, as it was made.   -> [N, A, P]"""
    return torch.stack([columns[name].expand(shape) for name in names]).movedim(0, 2)


def _learning(learner: Learner, shelf: Shelf) -> dict[str, Tensor]:
    """What there is to gain, and how well the activity's level fits."""
    goal, path = weights_of(learner)
    teaches = shelf.teaches.T
    about = (learner.needed * (1.05 - learner.belief)) @ teaches
    level = (learner.needed * (1.05 - learner.belief) * (EXPERT - learner.belief)) @ teaches / (about + 0.05)
    unsure = learner.needed * learner.belief * (1.0 - learner.belief)
    return {
        "gain": torch.log((goal + 2.0 * path) @ teaches + LEAST),
        "goal_gain": torch.log(goal @ teaches + LEAST),
        "path_gain": torch.log(path @ teaches + LEAST),
        "known": (learner.belief @ teaches) / (shelf.teaches.sum(1) + 0.05),
        "fit": 2.0 * level * (2.0 * shelf.column["assistance"] - 1.0),
        "required": 0.3 * torch.log(learner.belief.clamp(min=0.02)) @ shelf.requires.T,
        "asks": 0.4 * unsure @ shelf.items.T,
    }


def _memory(learner: Learner, shelf: Shelf, history: Tensor) -> dict[str, Tensor]:
    """What has been done, how lately, and how formats went down."""
    teaches = shelf.teaches.T
    about = learner.needed @ teaches + 0.05
    return {
        "crowded": ((learner.needed * learner.crowded) @ teaches) / about,
        "recent": ((learner.needed * learner.recency) @ teaches) / about,
        "visits": 2.0 * history[:, :, 0],
        "since": history[:, :, 1],
        "liking": learner.liking @ shelf.formats.T,
    }


def design(shelf: Shelf) -> dict[str, Tensor]:
    """What the activity is like, whoever it is for."""
    column = shelf.column
    plain = {name: column[name] for name in ("retrieval", "elaborated", "correct_answer", "multimedia")}
    plain["promise"] = torch.log(promise(shelf))
    plain["minutes"] = torch.log(column["minutes"].clamp(min=1.0) / 15.0)
    plain["people"] = column["coach"] + column["peer"]
    plain["staff_minutes"] = column["staff_minutes"] / 30.0
    return {name: value[None, :] for name, value in plain.items()}
