"""A decision again, from what was written down: the same choice with the same chance, or what is different.

A decision is a pure function of the bundle, the seed, the events before it, the day and the number of places. All of
them are in the store: the decision's line names the bundle by its digest, and ``seq`` says how many events came before.
"""

import copy
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from .bundled import Recommendation, Refused, Runtime, golden
from .lives import Life, folded
from .words import Words

CLOSE = golden.CLOSE  #: chances may differ by this much between machines


class Difference(NamedTuple):
    """One thing that is not as it was written down."""

    what: str
    logged: Any
    now: Any


class Replay(NamedTuple):
    """A decision made again."""

    decision: str
    differences: tuple[Difference, ...]
    advice: Recommendation | None = None  # None where it could not be decided at all

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not self.differences


def replayed(decision: Mapping[str, Any], one: Life, known: Mapping[str, Runtime], words: Words) -> Replay:
    """Make a decision again.

    Args:
        decision: as the store has it, its body read.
        one: the life of its learner.
        known: runtimes by the digest of their bundle.
    """
    name, line, seq = decision["id"], decision["body"], decision["seq"]
    if decision["bundle"] not in known:
        return Replay(name, (Difference("bundle", decision["bundle"], "no longer in the store"),))
    if lost := sorted(set(range(seq)) - {event["seq"] for event in one.events}):
        return Replay(name, (Difference("events", f"{seq} before it", f"without {_some(lost)}"),))
    runtime = copy.copy(known[decision["bundle"]])
    runtime.seed = line["seed"]
    try:
        standing = folded(one.events, seq, runtime, words)
        if standing is None:
            raise Refused("learner", "no event before the decision", "a profile")
        why = _why(line["fallback"])
        advice = runtime.recommend_many([standing.record], k=line["k"], days=[line["day"]], syllabus=why)[0]
    except Refused as trouble:
        return Replay(name, (Difference(trouble.field, "taken then", str(trouble)),))
    return Replay(name, differences(line, advice), advice)


def differences(line: Mapping[str, Any], advice: Recommendation) -> tuple[Difference, ...]:
    """What a decision's line says otherwise than the decision made again."""
    now = {"policy": advice.policy, "step": advice.step, "offered": advice.ids, "fallback": advice.fallback}
    found = [Difference(name, line[name], value) for name, value in now.items() if line[name] != value]
    chances, told = [choice.propensity for choice in advice.choices], line["propensity"]
    if len(told) != len(chances) or not np.allclose(told, chances, rtol=0.0, atol=CLOSE):
        found.append(Difference("propensity", told, chances))
    return tuple(found)


def _why(fallback: str) -> str:
    """Why the syllabus decided, where somebody wished it so; "" where the policy did, or failed."""
    _, _, why = fallback.partition("the author's syllabus decided: ")
    return "" if why.startswith("the policy ") else why


def _some(seqs: list[int]) -> str:
    return ", ".join(map(str, seqs[:5])) + (f" and {len(seqs) - 5} more" if len(seqs) > 5 else "")


__all__ = ["CLOSE", "Difference", "Replay", "differences", "replayed"]
