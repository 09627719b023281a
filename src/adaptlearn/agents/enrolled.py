"""Mastery learning for the destination of enrolment, whatever changes later: what not reading the record costs.

A plan made once, as many platforms make it. It must lose where destinations change early and share little.

Axes: N learners, A activities, K skills.
"""

import torch
from torch import Tensor, nn

from adaptlearn.agents.rules import LAST, Mastery, MasterySettings
from adaptlearn.agents.sight import Sight
from adaptlearn.core.policy import GREEDY, Head
from adaptlearn.core.world import World


class Enrolled(nn.Module):
    """``rules.Mastery`` shown the first target profile of each learner instead of today's."""

    name = "enrolled"
    version = "1"
    head: Head = GREEDY
    luck_size = 0

    def __init__(self, sight: Sight, settings: MasterySettings | None = None):
        nn.Module.__init__(self)
        self.sight, self.mastery = sight, Mastery(sight, settings)
        self.memory_size = sight.spec.n_skills  # the first profile; zeros before it was seen

    @classmethod
    def for_world(cls, world: World, **settings: float) -> "Enrolled":
        """The rule for a declared world's skills; activities may change later."""
        return cls(Sight.for_world(world), MasterySettings(**settings))  # type: ignore[arg-type]

    def forward(
        self, view: Tensor, catalogue: Tensor, history: Tensor, memory: Tensor, luck: Tensor
    ) -> tuple[Tensor, Tensor]:
        """See ``core.policy``."""
        place, shelf = self.sight.spec.at("target"), self.sight.shelf(catalogue)
        new = (memory.sum(1, keepdim=True) < 0.5).to(view.dtype)
        first = new * view[:, place] + (1.0 - new) * memory
        then = torch.cat([view[:, : place.start], first, view[:, place.stop :]], 1)
        scores = self.mastery.score(self.sight.learner(then), shelf, history)
        return scores - LAST * shelf.column["rest"], first
