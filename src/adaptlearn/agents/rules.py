"""Policies that need no training: what a designer would do by hand, from chance to careful mastery learning.

Each is a torch module that follows ``core.policy.Policy`` and exports like any other. None of them knows what is legal:
they score every activity, and the head takes the best of those that are.

Axes: N learners, A activities, K skills.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from adaptlearn.agents.sight import Learner, Shelf, Sight, all_of, before
from adaptlearn.core.policy import GREEDY, Head
from adaptlearn.core.world import World

LAST = 1e3  # "nothing now" stands this far below everything else


class Agent(nn.Module, ABC):
    """A rule over what the record shows. Final classes say ``name`` and ``score``."""

    name = "agent"
    version = "1"
    head: Head = GREEDY
    memory_size = 0
    luck_size = 0
    decides: str | None = None  # the way of deciding this rule speaks about; None = whatever the programme says

    def __init__(self, sight: Sight):
        nn.Module.__init__(self)
        self.sight = sight

    @classmethod
    def for_world(cls, world: World) -> "Agent":
        """The rule for a declared world's skills; activities may change later."""
        return cls(Sight.for_world(world))

    def forward(
        self, view: Tensor, catalogue: Tensor, history: Tensor, memory: Tensor, luck: Tensor
    ) -> tuple[Tensor, Tensor]:
        """See ``core.policy``.   -> scores [N, A], memory as it came"""
        shelf = self.sight.shelf(catalogue)
        scores = self.score(self.sight.learner(view), shelf, history)
        return scores - LAST * shelf.column["rest"], memory

    @abstractmethod
    def score(self, learner: Learner, shelf: Shelf, history: Tensor) -> Tensor:
        """-> [N, A]"""


class Random(Agent):
    """Anything that is allowed, with equal chances."""

    name = "random"
    head = Head(1.0)

    def score(self, learner: Learner, shelf: Shelf, history: Tensor) -> Tensor:
        """Every activity alike."""
        return torch.zeros_like(history[:, :, 0])


class SelfDirected(Random):
    """The learner decides; simulate it with ``decides="self"``, where no offer is read."""

    name = "self-directed"
    decides = "self"


class Syllabus(Agent):
    """The author's order, for this destination: the next activity not yet done that teaches something needed.

    Once all are done it begins again, in the same order.
    """

    name = "syllabus"

    def score(self, learner: Learner, shelf: Shelf, history: Tensor) -> Tensor:
        """Needed before unneeded, fewer visits before more, then the author's rank."""
        return 10.0 * serves(learner, shelf) - 4.0 * history[:, :, 0] - shelf.column["syllabus_rank"]


class Chosen(Agent):
    """Among the next activities of the author's order, the one whose format suits best; a base for two rules."""

    window = 12.0  # activities looked at; 1 would be the syllabus itself

    def score(self, learner: Learner, shelf: Shelf, history: Tensor) -> Tensor:
        """Needed and not done, in the window, then by suit; ties by rank."""
        rank = shelf.column["syllabus_rank"]
        open_now = serves(learner, shelf) * (history[:, :, 0] < 0.25).to(rank.dtype)
        near = open_now * ((open_now @ before(rank).T) < self.window).to(rank.dtype)
        syllabus = 10.0 * serves(learner, shelf) - 4.0 * history[:, :, 0] - rank
        return syllabus + near * (40.0 + 4.0 * self.suits(learner, shelf))

    @abstractmethod
    def suits(self, learner: Learner, shelf: Shelf) -> Tensor:
        """How well each format suits the learner.   -> [N, A]"""


class StatedStyle(Chosen):
    """Formats by what the learner says their style is: the largest share of the stated mode."""

    name = "stated-style"

    def suits(self, learner: Learner, shelf: Shelf) -> Tensor:
        """Share of the stated mode."""
        return learner.stated @ shelf.modes.T


class EvidencedPreference(Chosen):
    """Formats by what the learner's reactions say: the mean of the record's belief over format preferences."""

    name = "evidenced-preference"

    def suits(self, learner: Learner, shelf: Shelf) -> Tensor:
        """Expected liking, SD."""
        return learner.liking @ shelf.formats.T


@dataclass(frozen=True)
class MasterySettings:
    """A mastery rule's choices. Defaults were tuned on other learners than any table shows."""

    threshold: float = 0.7  # P(known) from which a skill counts as learned
    prerequisite: float = 0.5  # P(known) from which a skill carries what is built on it
    window: int = 4  # open skills taught in turn; 1 = blocked
    rests: float = 0.3  # weight of what rests on a skill, beside its own weight as a target
    novice: float = 0.4  # P(known) below which assistance helps, and above which it hinders (Kalyuga 2007)
    assistance: float = 1.0  # strength of that reversal
    dose: float = -0.3  # exponent of minutes in the gain per minute: long activities give less a minute (C)
    steep: float = 2.0  # how many times more the skill in turn counts than the next, > 1
    liking: float = 0.0  # log-gain per SD of expected liking

    def __post_init__(self) -> None:
        if not (0 < self.threshold <= 1 and 0 < self.prerequisite <= 1):
            raise ValueError(f"mastery: threshold = {self.threshold}, prerequisite = {self.prerequisite}; "
                             "needed chances in (0, 1], e.g. 0.7 and 0.5")  # fmt: skip
        if self.window < 1 or self.steep <= 1:
            raise ValueError(
                f"mastery: window = {self.window}, steep = {self.steep}; needed >= 1 and > 1, e.g. 4 and 2.0"
            )


class Mastery(Agent):
    """BKT mastery learning (Corbett & Anderson 1995): teach what is needed, open and not yet believed known.

    Open skills are ordered by their weight as targets and by what rests on them; the first ``window`` take turns, the
    least recently practised first, so that practice is interleaved and spaced. Per skill the activity that promises
    most a minute is taken.
    """

    name = "mastery"

    def __init__(self, sight: Sight, settings: MasterySettings | None = None):
        Agent.__init__(self, sight)
        self.settings = settings or MasterySettings()

    def score(self, learner: Learner, shelf: Shelf, history: Tensor) -> Tensor:
        """Log of the promised gain a minute on the skills in turn."""
        s = self.settings
        weight = torch.pow(s.steep, -self.turn(learner)) * learner.needed
        taught = weight @ shelf.teaches.T
        novice = (weight * (s.novice - learner.belief)) @ shelf.teaches.T
        helped = taught + s.assistance * 2.0 * (2.0 * shelf.column["assistance"] - 1.0) * novice
        gain = torch.log(helped.clamp(min=1e-12)) + torch.log(promise(shelf))
        gain = gain + s.dose * torch.log(shelf.column["minutes"].clamp(min=1.0))
        if s.liking == 0.0:  # what is not asked for costs an exported graph nothing
            return gain
        return gain + s.liking * (learner.liking @ shelf.formats.T)

    def turn(self, learner: Learner) -> Tensor:
        """Whose turn it is: 0 for the skill to teach now, 1 for the next ...   -> [N, K]"""
        s, kind = self.settings, learner.belief.dtype
        carried = all_of((learner.belief >= s.prerequisite).to(kind), self.sight.prerequisites) > 0.5
        lacking = learner.needed * (learner.belief < s.threshold).to(kind)
        open_now = lacking * carried.to(kind)
        worth = learner.target + s.rests * learner.rests
        order = self.sight.place(4.0 * open_now + worth)
        inside = open_now * (order < s.window).to(kind)
        waiting = open_now * (5.0 - 0.01 * order) + (1.0 - open_now) * (
            lacking + learner.needed * (1.0 - learner.crowded)
        )
        return self.sight.place(inside * (10.0 - learner.crowded) + (1.0 - inside) * waiting)


class Blocked(Mastery):
    """The same rule, one skill until it is believed known: what interleaving is worth, seen from the other side."""

    name = "mastery-blocked"

    def __init__(self, sight: Sight, settings: MasterySettings | None = None):
        given = settings or MasterySettings(window=1)
        if given.window != 1:
            raise ValueError(f"mastery-blocked: window = {given.window}; needed 1, e.g. use mastery for more")
        Mastery.__init__(self, sight, given)


def serves(learner: Learner, shelf: Shelf) -> Tensor:
    """1 where an activity teaches a target or something a target rests on.   -> [N, A]"""
    return ((learner.needed @ shelf.teaches.T) > 0).to(learner.needed.dtype)


#: Published standardised effects of a design, and the gain of the plain design they are set against (SD).
EFFECTS = {"retrieval": 0.5, "multimedia": 0.4, "coach": 0.4, "peer": 0.3, "flipped": 0.3, "blended": 0.35}
FEEDBACK = {"elaborated": 0.49, "correct_answer": 0.32, "verification": 0.05}  # Van der Kleij et al. 2015
PLAIN = 0.63


def promise(shelf: Shelf) -> Tensor:
    """How many times the gain of a plain activity of the same length an activity's design promises.   -> [A]

    Sums published effects: testing (Adesope et al. 2017), multimedia (Mayer 2017), coaching (Jones et al. 2016), peers
    (Tenenbaum et al. 2020), flipped (van Alten et al. 2019), blended (Means et al. 2013). Adding them up is judgement.
    """
    total = sum(size * shelf.column[name] for name, size in EFFECTS.items())
    told = sum(size * shelf.column[name] for name, size in FEEDBACK.items())
    return 1.0 + (total + shelf.column["retrieval"] * told) / PLAIN
