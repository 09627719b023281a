"""What a policy is: a function from what the platform sees to one score per activity.

A policy is a ``torch.nn.Module`` with this call and these attributes; this module only names them, so that ``core``
needs no torch. Masking, temperature, sampling, propensity, evaluation and export are written once, around it.

    scores, memory = policy(view, catalogue, history, memory, luck)

    view       [N, V]      what the record shows (``core.record.ViewSpec`` names the columns)
    catalogue  [A, F]      the activities as declared (``World.features``); row 0 is "nothing now"
    history    [N, A, 3]   per learner and activity: visits / 2, recency, done
    memory     [N, M]      the policy's own, zeros for a newcomer; M may be 0
    luck       [N, L]      uniforms of this learner and step, for policies that draw; L may be 0
    scores     [N, A]      any real numbers; the head turns them into chances

It never sees a mind, a trait, a true catalogue, another learner's row, or whether it is being watched.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable


@dataclass(frozen=True)
class Head:
    """How scores become a choice: softmax at a temperature; 0 takes the largest, the first of equals.

    In a slate, likeness to the places before costs ``diversity`` times the closest one's (maximal marginal relevance,
    Carbonell & Goldstein 1998), in units of the scores; propensities are those of the draws really made.
    """

    temperature: float = 1.0
    diversity: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.diversity < float("inf"):
            raise ValueError(f"Head.diversity = {self.diversity}; needed a number >= 0, e.g. 1.0, or 0 for none")
        if not 0.0 <= self.temperature < float("inf"):
            raise ValueError(f"Head.temperature = {self.temperature}; needed a number >= 0, e.g. 1.0, or 0 for greedy")


GREEDY = Head(0.0)


@runtime_checkable
class Policy(Protocol):
    """See the module's text; ``name`` and ``version`` go into every log row."""

    name: str
    version: str
    head: Head
    memory_size: int
    luck_size: int

    def __call__(self, view: Any, catalogue: Any, history: Any, memory: Any, luck: Any) -> tuple[Any, Any]:
        """Scores [N, A] and the new memory [N, M]."""


class Desk(NamedTuple):
    """What an orchestrating agent sees of a cohort at the start of a week: records and needs, never minds.

    M members who are still there, in the order of their identities; S scarce activities; R resources.
    """

    week: int  # from 0
    view: Any  # [M, V] as for a Policy
    history: Any  # [M, A, 3] as for a Policy
    catalogue: Any  # [A, F] as for a Policy
    scarce: Any  # [S] rows of the catalogue
    resources: tuple[str, ...]  # [R] names, see core.cohorts.scarcity
    use: Any  # [S, R] what one learner who takes an activity uses up
    limit: Any  # [R] what there is in a week


@runtime_checkable
class Orchestrator(Protocol):
    """Says for a week who of a cohort comes first at what is scarce; what each is offered stays the policy's matter."""

    name: str

    def share(self, desk: Desk) -> Any:
        """Priority of each member at each scarce activity: the larger comes first, equals draw lots; below 0: held back
        for the others until the last days of the week.   -> [M, S]"""


@runtime_checkable
class Ceiling(Protocol):
    """An oracle: it is handed the classroom itself, minds and all. Never a Policy, never exported."""

    name: str

    def decide(self, classroom: Any) -> Any:
        """One activity per learner.   -> int32 [N]"""
