"""What any agent can read off a view and a catalogue: named tensors, and a few questions every teacher asks.

Skills are fixed, activities are not: what is known of skills (what rests on what) is held in buffers, what is known of
activities is read from the catalogue at every call. Plain tensor operations only, so that all of it exports to ONNX
with any number of learners and activities.

Axes: N learners, A activities, K skills, F features, V view.
"""

from functools import cached_property

import torch
from torch import Tensor, nn

from adaptlearn.core.learner import FORMATS, format_of
from adaptlearn.core.record import ViewSpec
from adaptlearn.core.world import FEATURES, ITEMS_SCALE, World

RECENT_DAYS = 7.0  # of the record's recency, 1 / (1 + days / 7)
CROWDED_DAYS = 1.14  # days in which a visit stops crowding the next one on the same skill
FLOOR = 1e-3  # smallest chance a logarithm is taken of


class Learner:
    """What a view says of a learner.   [N, K] unless said otherwise

    A rule pays only for what it asks: everything is read, or worked out, at its first use.
    """

    def __init__(self, view: Tensor, sight: "Sight"):
        self._view, self._sight = view, sight

    def _block(self, name: str) -> Tensor:
        return self._view[:, self._sight.spec.at(name)]

    @cached_property
    def belief(self) -> Tensor:
        """P(known) now."""
        return self._block("belief")

    @cached_property
    def answered(self) -> Tensor:
        """Items answered, as the view scales it."""
        return self._block("answered")

    @cached_property
    def recency(self) -> Tensor:
        """1 / (1 + days / 7) since the last event on the skill, 0 before the first."""
        return self._block("recency")

    @cached_property
    def taught(self) -> Tensor:
        """Exposures, as the view scales it."""
        return self._block("taught")

    @cached_property
    def target(self) -> Tensor:
        """Weight in the destination; a row sums to 1."""
        return self._block("target")

    @cached_property
    def rests(self) -> Tensor:
        """Weight of the targets that rest on the skill, itself left out."""
        return self.target @ self._sight.ancestors

    @cached_property
    def needed(self) -> Tensor:
        """1 where the skill is a target or a target rests on it."""
        return ((self.target + self.rests) > 0).to(self._view.dtype)

    @cached_property
    def ready(self) -> Tensor:
        """P(all direct prerequisites known), beliefs taken as independent."""
        return all_of(self.belief, self._sight.prerequisites)

    @cached_property
    def crowded(self) -> Tensor:
        """How much the last visit still crowds the next, [0, 1]."""
        days = RECENT_DAYS * (1.0 / self.recency.clamp(min=FLOOR) - 1.0)
        return torch.exp(-days / CROWDED_DAYS)

    @cached_property
    def liking(self) -> Tensor:
        """Mean preference per format axis.   [N, 8]"""
        return self._block("preference")[:, : len(FORMATS)]

    @cached_property
    def stated(self) -> Tensor:
        """One-hot, what the survey said.   [N, 4]"""
        return self._block("stated")

    @cached_property
    def time_left(self) -> Tensor:
        """Share of the programme that lies ahead.   [N, 1]"""
        time = self._sight.spec.total("time_left")
        return self._view[:, time : time + 1]


class Columns:
    """FEATURES of a catalogue by name, in raw units.   columns["minutes"]: [A]"""

    def __init__(self, catalogue: Tensor, start: int):
        self._catalogue, self._start = catalogue, start

    def __getitem__(self, name: str) -> Tensor:
        return self._catalogue[:, self._start + FEATURES.index(name)]

    def __getattr__(self, name: str) -> Tensor:  # formulas read columns as fields
        if name not in FEATURES:
            raise AttributeError(f"no column {name!r}; needed one of {', '.join(FEATURES)}, e.g. 'minutes'")
        return self[name]


class Shelf:
    """What a catalogue says of its activities, worked out at its first use.   [A, K] unless said otherwise"""

    def __init__(self, catalogue: Tensor, n_skills: int):
        k = n_skills
        self.teaches = catalogue[:, :k]
        self.items = catalogue[:, k : 2 * k] * ITEMS_SCALE  # asked per skill
        self.requires = catalogue[:, 2 * k : 3 * k]
        self.column = Columns(catalogue, 3 * k)

    @cached_property
    def formats(self) -> Tensor:
        """Place on the axes of format preference.   [A, 8]"""
        return torch.stack(format_of(self.column), 1)

    @cached_property
    def modes(self) -> Tensor:
        """Weights over visual, auditory, textual, kinesthetic.   [A, 4]"""
        return torch.stack([self.column[name] for name in FORMATS[:4]], 1)


class Sight(nn.Module):
    """Reads views of one set of skills, and any catalogue over them."""

    prerequisites: Tensor
    ancestors: Tensor

    def __init__(self, prerequisites: Tensor, ancestors: Tensor):
        """prerequisites, ancestors [K, K]: 1 where the row's skill rests on the column's, directly or at all."""
        nn.Module.__init__(self)
        self.spec = ViewSpec(len(ancestors))
        self.register_buffer("prerequisites", prerequisites)
        self.register_buffer("ancestors", ancestors)

    @classmethod
    def for_world(cls, world: World) -> "Sight":
        """The declared world's skills; its activities are not kept."""
        return cls(torch.tensor(world.prerequisites), torch.tensor(world.ancestors))

    def learner(self, view: Tensor) -> Learner:
        """view [N, V] -> Learner"""
        return Learner(view, self)

    def shelf(self, catalogue: Tensor) -> Shelf:
        """catalogue [A, F] -> Shelf"""
        return Shelf(catalogue, self.spec.n_skills)

    def place(self, keys: Tensor) -> Tensor:
        """Place of each skill when the largest key comes first, 0 for the first; of equals, the earlier.   [N, K]"""
        order = torch.argsort(keys, dim=1, descending=True, stable=True)
        count = torch.arange(keys.shape[1], dtype=keys.dtype, device=keys.device).expand_as(keys)
        return torch.zeros_like(keys).scatter(1, order, count)


def all_of(chance: Tensor, links: Tensor) -> Tensor:
    """P(all linked skills are known), beliefs taken as independent.   chance [N, K], links [R, K] -> [N, R]"""
    return torch.exp(torch.log(chance.clamp(min=FLOOR)) @ links.T)


def before(rank: Tensor) -> Tensor:
    """1 where the column's activity stands earlier in the author's order than the row's.   rank [A] -> [A, A]"""
    return (rank[None, :] < rank[:, None]).to(rank.dtype)
