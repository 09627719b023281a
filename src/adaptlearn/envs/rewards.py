"""What a step is worth: one scalar text, and the rewards that are named choices of its weights.

``learning`` is what the learner will still know at the retention check: privileged, dense, and it telescopes, so that
a life's return is what the life was worth. ``assessed`` is what the platform could compute from its own record.
Anything else is a weight away: ``rules(..., reward="learning", reward_params={"per_minute": 0.0002})``.
"""

from typing import NamedTuple

from adaptlearn.core.equations import formula


class Params(NamedTuple):
    """Weights; every worth is a share of the target profile, 0 to 1."""

    goal: float = 1.0  # change in the forecast worth of the target profile at the retention check
    shaping: float = 0.0  # change in that worth with needed prerequisites counted in
    assessed: float = 0.0  # change in what the record believes: the reward a platform could compute
    per_minute: float = 0.0  # price of a learner's minute
    per_staff_minute: float = 0.0  # price of a staff minute
    per_cost: float = 0.0  # price of one unit of money


PRESETS = {"learning": Params(), "assessed": Params(goal=0.0, assessed=1.0)}


@formula
def reward(before, after, happening, p):  # type: ignore[no-untyped-def]
    """What one step was worth.   r = goal dV + shaping dP + assessed dB - prices

    Every difference is of a potential (Ng, Harada & Russell 1999) and sums to last minus first over a life. Theirs
    is zero where a life ends, ours is what was learned: ``shaping`` therefore also pays for foundations left behind.
    """
    learned = p.goal * (after.value - before.value) + p.shaping * (after.potential - before.potential)
    seen = p.assessed * (after.assessed - before.assessed)
    time = p.per_minute * happening.minutes + p.per_staff_minute * happening.staff_minutes
    return learned + seen - time - p.per_cost * happening.cost
