"""Spaced review: what has been learned is asked about again when its interval has run out; mastery in between.

Three schedulers of flash-card practice, moved to skills: Leitner's boxes (1972), SM-2 (Wozniak 1990) and FSRS-6's
threshold on retrievability (Ye et al. 2022 on). A card's answer is a visit that asks about the skill; it was a success
if the tracer's belief did not fall by it. What is due is asked first, by the activities that ask; else mastery decides.

Axes: N learners, A activities, K skills. Memories are zeros for a newcomer.
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from adaptlearn.agents.rules import LAST, Mastery
from adaptlearn.agents.sight import RECENT_DAYS, Sight
from adaptlearn.core.policy import GREEDY, Head
from adaptlearn.core.world import World

DUE = 50.0  # what is due stands this far above what is new
NEWS = 1e-4  # change of the view's count of answers from which skill counts as asked about


class Spaced(nn.Module, ABC):
    """Mastery with reviews. Final classes say ``name``, how many numbers they keep per skill, and two questions."""

    name = "spaced"
    version = "1"
    head: Head = GREEDY
    luck_size = 0
    own = 1  # numbers kept per skill, beside what the last look showed: belief, count of answers, days of rest

    def __init__(self, sight: Sight):
        nn.Module.__init__(self)
        self.sight, self.mastery = sight, Mastery(sight)
        self.memory_size = (3 + self.own) * sight.spec.n_skills

    @classmethod
    def for_world(cls, world: World) -> "Spaced":
        """The rule for a declared world's skills; activities may change later."""
        return cls(Sight.for_world(world))

    def forward(
        self, view: Tensor, catalogue: Tensor, history: Tensor, memory: Tensor, luck: Tensor
    ) -> tuple[Tensor, Tensor]:
        """See ``core.policy``."""
        learner, shelf, k = self.sight.learner(view), self.sight.shelf(catalogue), self.sight.spec.n_skills
        before, answers, waited = memory[:, : 3 * k].unflatten(1, (3, k)).unbind(1)
        asked = (learner.answered > answers + NEWS).to(view.dtype)
        success = (learner.belief >= before).to(view.dtype)
        cards = self.reviewed(memory[:, 3 * k :].unflatten(1, (self.own, k)), asked, success, waited)
        days = RECENT_DAYS * (1.0 / learner.recency.clamp(min=1e-3) - 1.0)  # many where there was no visit
        late = self.late(cards, days) * learner.needed * (learner.answered > 0).to(view.dtype)
        asks = (shelf.items > 0).to(view.dtype)
        review = (late @ asks.T) / (asks.sum(1) + 0.05)
        scores = self.mastery.score(learner, shelf, history) + DUE * review - LAST * shelf.column["rest"]
        return scores, torch.cat([learner.belief, learner.answered, days, cards.flatten(1)], 1)

    @abstractmethod
    def reviewed(self, cards: Tensor, asked: Tensor, success: Tensor, days: Tensor) -> Tensor:
        """Cards after a visit; days are those that had gone by before it.   [N, own, K], rest [N, K] -> [N, own, K]"""

    @abstractmethod
    def late(self, cards: Tensor, days: Tensor) -> Tensor:
        """How urgent a review is, 0 if it is not due, below 1.   -> [N, K]"""


class Leitner(Spaced):
    """Boxes: a success moves a skill one box up, a failure back to the first; box b is due after 2^b days."""

    name = "leitner"

    def reviewed(self, cards: Tensor, asked: Tensor, success: Tensor, days: Tensor) -> Tensor:
        """One box up, or down to the first (0)."""
        box = cards[:, 0]
        return torch.where(asked > 0, success * (box + 1.0).clamp(max=5.0), box)[:, None]

    def late(self, cards: Tensor, days: Tensor) -> Tensor:
        """Due after 1, 2, 4, 8, 16, 32 days."""
        return overdue(days, torch.pow(2.0, cards[:, 0]))


class SM2(Spaced):
    """SuperMemo 2: I(1) = 1, I(2) = 6, I(n) = I(n-1) EF; a failure starts over.   Wozniak (1990)"""

    name = "sm2"
    own = 3  # repetitions, interval in days, easiness - 2.5

    def reviewed(self, cards: Tensor, asked: Tensor, success: Tensor, days: Tensor) -> Tensor:
        """EF' = EF + .1 - (5 - q)(.08 + (5 - q) .02) with quality q = 5 for a success and 2 for a failure, EF >= 1.3"""
        times, interval, ease = cards.unbind(1)
        eased = (ease + success * 0.1 - (1.0 - success) * 0.32).clamp(min=1.3 - 2.5)
        longer = torch.where(times < 0.5, 1.0, torch.where(times < 1.5, 6.0, interval * (2.5 + eased)))
        after = torch.stack([success * (times + 1.0), torch.where(success > 0, longer, 1.0), eased], 1)
        return torch.where(asked[:, None] > 0, after, cards)

    def late(self, cards: Tensor, days: Tensor) -> Tensor:
        """Due when the interval is over."""
        return overdue(days, cards[:, 1].clamp(min=1.0))


class FSRS(Spaced):
    """Due when the chance of recall, (1 + f t / S)^-d, has fallen below a threshold.   FSRS-6, default weights"""

    name = "fsrs"
    own = 2  # stability in days (0 = no card yet), difficulty
    threshold = 0.9  # retrievability at which a card is due
    decay = 0.1542
    #: Initial stability after a failure and after a success; initial difficulty likewise; growth; lapse.
    first, hard = (0.212, 2.3065), (6.4133, 2.1181)
    growth, lapse = (1.8722, 0.1666, 0.796), (1.4835, 0.0614, 0.2629, 1.6483)
    step = 3.0194  # of difficulty per grade, damped as it nears 10

    def reviewed(self, cards: Tensor, asked: Tensor, success: Tensor, days: Tensor) -> Tensor:
        """Stability S' after a success or a lapse, by difficulty D and retrievability R.

        success: S (1 + e^a (11 - D) S^-b (e^(c (1 - R)) - 1))      lapse: w D^-x ((S + 1)^y - 1) e^(z (1 - R))
        """
        stability, difficulty = cards[:, 0], cards[:, 1].clamp(1.0, 10.0)
        held = stability.clamp(min=0.05)
        lost = 1.0 - self.recall(days, held)
        a, b, c = self.growth
        grown = held * (
            1.0 + torch.exp(lost.new_tensor(a)) * (11.0 - difficulty) * held**-b * (torch.exp(c * lost) - 1.0)
        )
        w, x, y, z = self.lapse
        lapsed = torch.minimum(held, w * difficulty**-x * ((held + 1.0) ** y - 1.0) * torch.exp(z * lost))
        harder = difficulty + (1.0 - success) * 2.0 * self.step * (10.0 - difficulty) / 9.0
        new = (stability <= 0).to(cards.dtype)
        after = torch.where(success > 0, grown, lapsed) * (1.0 - new) + new * at(self.first, success)
        level = harder.clamp(1.0, 10.0) * (1.0 - new) + new * at(self.hard, success)
        told = asked > 0
        return torch.stack([torch.where(told, after, stability), torch.where(told, level, cards[:, 1])], 1)

    def late(self, cards: Tensor, days: Tensor) -> Tensor:
        """Due below the threshold, the more the lower."""
        recall = self.recall(days, cards[:, 0].clamp(min=0.05))
        return ((self.threshold - recall).clamp(min=0.0) + 0.1) * (recall < self.threshold).to(days.dtype)

    def recall(self, days: Tensor, stability: Tensor) -> Tensor:
        """R(t, S) with R(S, S) = .9"""
        factor = 0.9 ** (-1.0 / self.decay) - 1.0
        return (1.0 + factor * days / stability) ** -self.decay


def overdue(days: Tensor, interval: Tensor) -> Tensor:
    """0 before the interval is over, then rising from .1 towards 1 with the share by which it is exceeded."""
    share = days / interval
    return (share >= 1.0).to(days.dtype) * (1.1 - 1.0 / share.clamp(min=1.0)).clamp(max=0.99)


def at(pair: tuple[float, float], success: Tensor) -> Tensor:
    """The first number after a failure, the second after a success."""
    return pair[0] + (pair[1] - pair[0]) * success
