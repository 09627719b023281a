"""What an agent may say and what it may see: Gymnasium spaces with bounds that hold."""

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from adaptlearn.classroom.room import Rules
from adaptlearn.core.learner import DRAWN, LOGGED
from adaptlearn.core.record import ViewSpec

Action = spaces.Discrete | spaces.MultiDiscrete

FARTHEST = 6.8  # no normal of ``core.luck`` lies farther out: sqrt(2 log 2^33) < 6.8
PREFERENCE = 10.0  # of a belief over preferences; 400 events chosen greedily to mislead it reached 3.6


def observation_space(rules: Rules) -> spaces.Box:
    """The view [V]. Bounds follow from the formulas of ``core.record`` and the terms of the programme."""
    low, high = bounds(rules)
    return spaces.Box(low, high, dtype=np.float32)


def action_space(rules: Rules) -> Action:
    """One row of the catalogue, 0 being "nothing now"; a slate of such rows where the learner chooses from an offer.

    Where learners decide for themselves there is still something to say, and nobody listens.
    """
    n = len(rules.world.activities)
    slate = (rules.decides or rules.world.programme.decides) == "offer"
    return spaces.MultiDiscrete([n] * rules.offer_size()) if slate else spaces.Discrete(n)


def bounds(rules: Rules) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The least and the largest view.   -> [V], [V]"""
    spec, programme = ViewSpec(len(rules.world.skills)), rules.world.programme
    low, high = np.zeros(spec.size, np.float32), np.ones(spec.size, np.float32)
    low[spec.at("preference")], high[spec.at("preference")] = -PREFERENCE, PREFERENCE
    latest = 2.0 * programme.horizon_days + 2.0 * programme.rest_days + 1.0  # the last pause may outlast the programme
    low[spec.total("to_retention")] = min(0.0, 1.0 - latest / programme.retention_day)
    high[spec.total("pace")] = 2.0
    high[spec.total("goal")] = 1.0 + 1e-5  # a sum of float32 shares
    high[spec.total("weekly_minutes")] = most_minutes(rules) / 120.0
    return low, high


def most_minutes(rules: Rules) -> float:
    """More weekly minutes than any learner of this population can have."""
    at, n = DRAWN.index("weekly_minutes"), len(DRAWN)
    table = rules.population.table().astype(np.float64)
    largest = float((table[:, at] + FARTHEST * table[:, n + at]).max())
    return float(np.exp(largest)) if LOGGED[at] else largest
