"""What any agent can read off a view and a catalogue: named tensors, and a few questions every teacher asks.

Skills are fixed, activities are not: what is known of skills (what rests on what) is held in buffers, what is known of
activities is read from the catalogue at every call. Plain tensor operations only, so that all of it exports to ONNX
with any number of learners and activities.

Axes: N learners, A activities, K skills, F features, V view.
"""

from types import SimpleNamespace
from typing import NamedTuple

import torch
from torch import Tensor, nn

from adaptlearn.core.learner import FORMATS, format_of
from adaptlearn.core.record import ViewSpec
from adaptlearn.core.world import FEATURES, ITEMS_SCALE, World

RECENT_DAYS = 7.0  # of the record's recency, 1 / (1 + days / 7)
CROWDED_DAYS = 1.14  # days in which a visit stops crowding the next one on the same skill
FLOOR = 1e-3  # smallest chance a logarithm is taken of


class Learner(NamedTuple):
    """What a view says of a learner.   [N, K] unless said otherwise"""

    belief: Tensor  # P(known) now
    answered: Tensor  # items answered, as the view scales it
    recency: Tensor  # 1 / (1 + days / 7) since the last event on the skill, 0 before the first
    taught: Tensor  # exposures, as the view scales it
    target: Tensor  # weight in the destination; a row sums to 1
    needed: Tensor  # 1 where the skill is a target or a target rests on it
    rests: Tensor  # weight of the targets that rest on the skill, itself left out
    ready: Tensor  # P(all direct prerequisites known), beliefs taken as independent
    crowded: Tensor  # how much the last visit still crowds the next, [0, 1]
    liking: Tensor  # [N, 8] mean preference per format axis
    stated: Tensor  # [N, 4] one-hot, what the survey said
    time_left: Tensor  # [N, 1] share of the programme that lies ahead


class Shelf(NamedTuple):
    """What a catalogue says of its activities.   [A, K] unless said otherwise"""

    teaches: Tensor
    items: Tensor  # asked per skill
    requires: Tensor
    formats: Tensor  # [A, 8] place on the axes of format preference
    modes: Tensor  # [A, 4] weights over visual, auditory, textual, kinesthetic
    column: dict[str, Tensor]  # [A] each of FEATURES by name, raw units


class Sight(nn.Module):
    """Reads views of one set of skills, and any catalogue over them."""

    prerequisites: Tensor
    ancestors: Tensor
    earlier: Tensor

    def __init__(self, prerequisites: Tensor, ancestors: Tensor):
        """prerequisites, ancestors [K, K]: 1 where the row's skill rests on the column's, directly or at all."""
        nn.Module.__init__(self)
        self.spec = ViewSpec(len(ancestors))
        self.register_buffer("prerequisites", prerequisites)
        self.register_buffer("ancestors", ancestors)
        self.register_buffer("earlier", torch.ones_like(ancestors).tril(-1) > 0)  # [K, K] column before row

    @classmethod
    def for_world(cls, world: World) -> "Sight":
        """The declared world's skills; its activities are not kept."""
        return cls(torch.tensor(world.prerequisites), torch.tensor(world.ancestors))

    def learner(self, view: Tensor) -> Learner:
        """view [N, V] -> Learner"""
        at = self.spec.at
        belief, target, recency = view[:, at("belief")], view[:, at("target")], view[:, at("recency")]
        rests = target @ self.ancestors
        days = RECENT_DAYS * (1.0 / recency.clamp(min=FLOOR) - 1.0)
        time = self.spec.total("time_left")
        return Learner(
            belief, view[:, at("answered")], recency, view[:, at("taught")], target,
            ((target + rests) > 0).to(view.dtype), rests, all_of(belief, self.prerequisites),
            torch.exp(-days / CROWDED_DAYS), view[:, at("preference")][:, : len(FORMATS)], view[:, at("stated")],
            view[:, time : time + 1],
        )  # fmt: skip

    def shelf(self, catalogue: Tensor) -> Shelf:
        """catalogue [A, F] -> Shelf"""
        k = self.spec.n_skills
        column = {name: catalogue[:, 3 * k + j] for j, name in enumerate(FEATURES)}
        formats = torch.stack(format_of(SimpleNamespace(**column)), 1)
        modes = torch.stack([column[name] for name in FORMATS[:4]], 1)
        items = catalogue[:, k : 2 * k] * ITEMS_SCALE
        return Shelf(catalogue[:, :k], items, catalogue[:, 2 * k : 3 * k], formats, modes, column)

    def place(self, keys: Tensor) -> Tensor:
        """Place of each skill when the largest key comes first, 0 for the first; of equals, the earlier.   [N, K]"""
        ahead = (keys[:, None, :] > keys[:, :, None]) | ((keys[:, None, :] == keys[:, :, None]) & self.earlier)
        return ahead.to(keys.dtype).sum(2)


def all_of(chance: Tensor, links: Tensor) -> Tensor:
    """P(all linked skills are known), beliefs taken as independent.   chance [N, K], links [R, K] -> [N, R]"""
    return torch.exp(torch.log(chance.clamp(min=FLOOR)) @ links.T)


def before(rank: Tensor) -> Tensor:
    """1 where the column's activity stands earlier in the author's order than the row's.   rank [A] -> [A, A]"""
    return (rank[None, :] < rank[:, None]).to(rank.dtype)
