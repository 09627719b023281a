"""From scores to choices: mask, temperature, sampling, propensity. Twin of ``classroom.decide``.

Sampling is by inverse distribution function over the legal activities in catalogue order, so a decision is a pure
function of scores, mask, temperature and one uniform per place of the slate. ``tests/export/test_sampler.py`` holds the
two equal. Written with the verbs of ``ops``, so that torch and the graph read the same lines.
"""

from typing import Any

import torch
from torch import Tensor

from adaptlearn.export.ops import TORCH

NEVER = -3.4e38  #: stands for the score of what may not be drawn, below any real score
LAST = -1e38  #: stands for "nothing now" once everything else is drawn


def temperature_of(policy: Any) -> float:
    """Of the policy's head.

    Raises:
        ValueError: a head that sets the places of a slate apart, which the draw here does not.
    """
    if getattr(policy.head, "diversity", 0.0) > 0.0:
        raise ValueError(
            f"{policy.name}: head.diversity = {policy.head.diversity:g}; needed 0 outside the classroom, "
            "e.g. policy.head = Head(temperature)"
        )
    return float(policy.head.temperature)


def choose(scores: Tensor, mask: Tensor, temperature: Tensor, luck: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Slates of distinct activities, drawn one after the other; a place is the same however many follow.

    Args:
        scores: [N, A], any real numbers.
        mask: [N, A] bool, what is legal.
        temperature: [1], >= 0; 0 takes the largest score, the first of equals.
        luck: [N, k], one uniform in [0, 1) per place.

    Returns:
        choice [N, k] int64 · propensity [N, k], each given the places before it · probabilities [N, A], first place.
        Where nothing is left to draw: activity 0, "nothing now", with propensity 1.
    """
    legal, floor = admitted(TORCH, scores, mask)
    places = []
    for u in luck.split(1, 1):
        legal, *place = draw(TORCH, legal, floor, temperature, u)
        places.append(place)
    choices, chances, probabilities = zip(*places, strict=True)
    return torch.cat(choices, 1), torch.cat(chances, 1), probabilities[0]


def admitted(ops: Any, scores: Any, mask: Any) -> tuple[Any, Any]:
    """Scores [N, A] of what may be drawn, the floor where it may not, and the floor [A] itself."""
    where, maximum = (ops.names()[name] for name in ("where", "maximum"))
    floor = where(ops.same(ops.numbered(scores), 0), LAST, NEVER)
    return maximum(where(mask, scores, floor), floor), floor


def draw(ops: Any, legal: Any, floor: Any, temperature: Any, u: Any) -> tuple[Any, Any, Any, Any]:
    """One place.   legal [N, A], u [N, 1] -> legal without what was drawn, drawn [N, 1], its chance, chances [N, A]"""
    where = ops.names()["where"]
    rows, warm = ops.numbered(legal), temperature > 0.0
    soft = ops.softmax((legal - ops.most(legal)) / where(warm, temperature, 1.0))
    greedy = where(ops.same(rows, ops.at_most(legal)), 1.0, 0.0)
    chances = where(warm, soft, greedy)
    running = ops.running(chances)
    beyond = running > u * ops.last(running)  # the last sum exceeds u < 1 times itself, so one is marked
    drawn = ops.at_most(where(beyond, 1.0, 0.0))
    return where(ops.same(rows, drawn), floor, legal), drawn, ops.pick(chances, drawn), chances
