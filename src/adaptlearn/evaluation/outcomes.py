"""What became of learners, apart by Kirkpatrick level (Kirkpatrick & Kirkpatrick 2006).

1 reaction: ratings. 2 learning: what is known at the end of the programme, and 30 and 90 days later. 3 behaviour at
work: not simulated. 4 results: not simulated; money and minutes stand as what a programme costs, never as its return.

Axes: N learners, K skills.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.classroom.room import Rules
from adaptlearn.classroom.simulate import Lives
from adaptlearn.core.learner import Skill

Floats = NDArray[np.float64]


class Outcome(NamedTuple):
    """One thing that is measured of every learner."""

    key: str
    level: str
    title: str
    unit: str
    better: int  # +1 more is better, -1 less is, 0 neither


OUTCOMES = (
    Outcome("stars", "1 reaction", "mean rating", "stars, 1 to 5", +1),
    Outcome("goal", "2 learning", "knows the target skills at the retention check", "P(correct), 0 to 1", +1),
    Outcome("end", "2 learning", "knows them at the end of the programme", "P(correct), 0 to 1", +1),
    Outcome("end_30", "2 learning", "knows them 30 days later", "P(correct), 0 to 1", +1),
    Outcome("end_90", "2 learning", "knows them 90 days later", "P(correct), 0 to 1", +1),
    Outcome("stayed", "in the programme", "did not leave", "share", +1),
    Outcome("completed", "in the programme", "activities completed", "per learner", +1),
    Outcome("minutes", "what it takes", "time of the learner", "min per learner", -1),
    Outcome("staff_minutes", "what it takes", "time of others", "min per learner", -1),
    Outcome("cost", "what it takes", "money", "per learner", -1),
)
KEYS = tuple(outcome.key for outcome in OUTCOMES)
BY_KEY = {outcome.key: outcome for outcome in OUTCOMES}
DELAYS = {"end": 0.0, "end_30": 30.0, "end_90": 90.0}  # days after the programme's end


def outcomes(lives: Lives, rules: Rules) -> dict[str, Floats]:
    """Every outcome of every learner, NaN where one has none (nobody rated).   -> key -> [N]"""
    found: dict[str, Any] = {key: lives[key] for key in ("completed", "minutes", "staff_minutes", "cost")}
    found |= {"stars": lives.stars, "goal": lives["value"], "stayed": ~lives.left}
    over = rules.world.programme.horizon_days
    found |= {key: known(lives, rules, over + delay) for key, delay in DELAYS.items()}
    return {key: np.asarray(found[key], np.float64) for key in KEYS}


def known(lives: Lives, rules: Rules, day: float) -> Floats:
    """P(correct) on the reference items of each learner's target skills, weighted, on a day at or after their last.

    -> [N] in [0, 1]
    """
    level = levels(lives.mind, lives.touched, rules, day)
    target = rules.world.targets[lives["role"].astype(int)]
    return np.asarray((target * level).sum(1), np.float64)


def levels(mind: Any, touched: Any, rules: Rules, day: float) -> NDArray[np.float32]:
    """P(correct) on the reference item of each skill, on a day at or after ``touched``.

    mind [N, K, M], touched [N, K] -> [N, K] in [0, 1]. The law's own forecast, read by NumPy.
    """
    skill = Skill(*(column[None, :] for column in rules.pack().skills.T))
    params = rules.law_params if rules.law_params is not None else rules.law.Params()
    days = np.maximum(np.float32(day) - touched, 0.0)
    level: NDArray[np.float32] = rules.law.forecast(rules.law.Mind(*np.moveaxis(mind, 2, 0)), days, skill, params)
    return level
