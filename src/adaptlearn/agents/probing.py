"""Ask first, teach after: for the first decisions the activity that is expected to tell most, then mastery learning.

What a visit tells is the expected fall in uncertainty about the skills that matter, p (1 - p) per item asked: it is
what a start check is for. The price is minutes in which little is learned; whether it pays is a question for a table.

Axes: N learners, A activities, K skills.
"""

import torch
from torch import Tensor, nn

from adaptlearn.agents.rules import LAST, Mastery
from adaptlearn.agents.sight import Sight
from adaptlearn.core.policy import GREEDY, Head
from adaptlearn.core.world import World

FIRST = 100.0  # while asking, what tells most stands this far above what teaches


class Probe(nn.Module):
    """The first ``probes`` decisions ask; ``minutes`` is the exponent by which long ways of asking are worth less."""

    name = "probe"
    version = "1"
    head: Head = GREEDY
    memory_size = 0
    luck_size = 0

    def __init__(self, sight: Sight, probes: int = 2, minutes: float = 0.5):
        nn.Module.__init__(self)
        if probes < 0:
            raise ValueError(f"probe: probes = {probes}; needed a whole number >= 0, e.g. 2")
        self.sight, self.mastery, self.probes, self.minutes = sight, Mastery(sight), probes, minutes

    @classmethod
    def for_world(cls, world: World, probes: int = 2, minutes: float = 0.5) -> "Probe":
        """The rule for a declared world's skills; activities may change later."""
        return cls(Sight.for_world(world), probes, minutes)

    def forward(
        self, view: Tensor, catalogue: Tensor, history: Tensor, memory: Tensor, luck: Tensor
    ) -> tuple[Tensor, Tensor]:
        """See ``core.policy``."""
        learner, shelf = self.sight.learner(view), self.sight.shelf(catalogue)
        share = view[:, self.sight.spec.total("decisions")]
        asking = (share < self.probes / (self.probes + 20.0) - 1e-4).to(view.dtype)[:, None]
        unsure = learner.needed * learner.belief * (1.0 - learner.belief)
        told = unsure @ torch.sqrt(shelf.items).T / (1.0 + 4.0 * history[:, :, 0])
        worth = told * shelf.column["minutes"].clamp(min=1.0) ** -self.minutes
        scores = self.mastery.score(learner, shelf, history) + asking * FIRST * worth
        return scores - LAST * shelf.column["rest"], memory
