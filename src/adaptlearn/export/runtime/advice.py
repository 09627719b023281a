"""What a runtime answers: a slate, its chances, and why now, in words.

The words describe the record and the catalogue. They do not claim to be what a network was thinking.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .contract import Catalogue, Contract
from .keeping import Record

CARRIED = 0.1  #: how much a skill below a target counts, beside a target of weight 1


@dataclass(frozen=True)
class Choice:
    """One activity recommended."""

    activity: str
    title: str
    propensity: float  # chance with which it was drawn, given the places before it: log it
    skill: str  # what it is chosen for, "" for none
    why: str


@dataclass(frozen=True)
class Recommendation:
    """A slate, best first, and what it rests on."""

    learner: str
    day: float
    choices: tuple[Choice, ...]
    mastery: Mapping[str, float]  # skill -> P(known) on this day
    preference: Mapping[str, float]  # axis of format -> belief about the learner's liking, mean; empty in a fallback
    policy: str  # name and version
    fallback: str  # "" where the policy decided, else why the author's syllabus did
    record: Record  # keep this one: it carries the policy's memory

    @property
    def step(self) -> int:
        """Events of this learner before it."""
        return self.record.step

    @property
    def ids(self) -> list[str]:
        """The activities, best first."""
        return [choice.activity for choice in self.choices]


def why(
    a: int, catalogue: Catalogue, contract: Contract, target: Sequence[float], mastery: Sequence[float], waiting: str
) -> tuple[str, str]:
    """What an activity is chosen for.   target, mastery: one number per skill

    Returns:
        The skill's id, "" for none, and one sentence; ``waiting`` is the sentence for "nothing now".
    """
    if a == 0:
        return "", waiting
    taught, asked = catalogue.teaches[a], dict(catalogue.asks[a])
    if taught:
        worth = {k: weight * _weight(k, contract, target) * (1.0 - mastery[k]) for k, weight in taught}
        k = max(worth, key=lambda j: (worth[j], dict(taught)[j]))
        asks = ", and asks about it" if k in asked else ""
        return contract.skills[k], f"teaches {contract.titles[k]!r}{_standing(k, contract, target, mastery)}{asks}"
    if not asked:
        return "", "teaches and asks nothing that is declared"
    k = max(asked, key=lambda j: (1.0 - abs(2.0 * mastery[j] - 1.0), asked[j]))
    standing = _standing(k, contract, target, mastery)
    return contract.skills[k], f"asks about {contract.titles[k]!r}{standing}, to see where the learner stands"


def _weight(k: int, contract: Contract, target: Sequence[float]) -> float:
    return target[k] if target[k] > 0.0 else CARRIED * any(target[j] > 0.0 for j in contract.carries[k])


def _standing(k: int, contract: Contract, target: Sequence[float], mastery: Sequence[float]) -> str:
    if target[k] > 0.0:
        goal = f"{100.0 * target[k]:.0f} % of the goal"
    else:
        above = next((j for j in contract.carries[k] if target[j] > 0.0), None)
        goal = "not part of the goal" if above is None else f"needed for {contract.titles[above]!r}"
    return f" (known with probability {mastery[k]:.2f}; {goal})"
