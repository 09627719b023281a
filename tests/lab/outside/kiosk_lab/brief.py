"""A reward: what was learned, less a price for every minute."""

from typing import NamedTuple

from adaptlearn.core.equations import formula


class Params(NamedTuple):
    """Weights."""

    per_minute: float = 0.001


@formula
def reward(before, after, happening, p):
    """Growth of the goal less the price of the time."""
    return after.value - before.value - p.per_minute * happening.minutes
