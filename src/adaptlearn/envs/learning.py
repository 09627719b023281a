"""Reward ``learning``: what the learner will still know at the retention check. Privileged, dense, telescopes."""

from typing import NamedTuple

from adaptlearn.core.equations import formula


class Params(NamedTuple):
    """Weights; every worth is a share of the target profile, 0 to 1."""

    goal: float = 1.0  # change in the forecast worth of the target profile at the retention check
    shaping: float = 0.0  # change in the worth with needed prerequisites (potential-based: Ng, Harada & Russell 1999)
    assessed: float = 0.0  # change in what the record believes: the reward a platform could compute
    per_minute: float = 0.0  # price of a learner's minute
    per_staff_minute: float = 0.0  # price of a staff minute
    per_cost: float = 0.0  # price of one unit of money


@formula
def reward(before, after, happening, p):
    """What one step was worth."""
    learned = p.goal * (after.value - before.value) + p.shaping * (after.potential - before.potential)
    seen = p.assessed * (after.assessed - before.assessed)
    spent = p.per_minute * happening.minutes + p.per_staff_minute * happening.staff_minutes + p.per_cost * happening.cost
    return learned + seen - spent
