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
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True)
class Head:
    """How scores become a choice: softmax at a temperature; 0 takes the largest, the first of equals."""

    temperature: float = 1.0

    def __post_init__(self) -> None:
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


@runtime_checkable
class Ceiling(Protocol):
    """An oracle: it is handed the classroom itself, minds and all. Never a Policy, never exported."""

    name: str

    def decide(self, classroom: Any) -> Any:
        """One activity per learner.   -> int32 [N]"""
