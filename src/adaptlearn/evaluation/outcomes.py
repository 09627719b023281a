"""What became of learners, apart by Kirkpatrick level (Kirkpatrick & Kirkpatrick 2006).

1 reaction: ratings. 2 learning: what is known at the end of the programme, and 30 and 90 days later; of those whose
destination changed, what they knew of the old and of the new one on that day. 3 transfer: what shows in the work and
what a manager's check sees of it, assumed, and only where the population says something of work. 4 results: not
simulated; money and minutes stand as what a programme costs, never as its return.

Axes: N learners, K skills.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.classroom.room import Rules
from adaptlearn.classroom.simulate import Lives
from adaptlearn.evaluation.transfer import applied, destination, levels

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
    Outcome("old_then", "2 learning", "if the destination changed: knew the old one by then", "P(correct), 0 to 1", 0),
    Outcome("new_then", "2 learning", "... knew the new one by then", "P(correct), 0 to 1", 0),
    Outcome("new_now", "2 learning", "... knows the new one at the retention check", "P(correct), 0 to 1", +1),
    Outcome("applied", "3 transfer", "uses the target skills on the job: assumed (C)", "share, 0 to 1", +1),
    Outcome("checked", "3 transfer", "what the manager's check notes: assumed (C)", "points, 1 to 5", +1),
    Outcome("stayed", "in the programme", "did not leave", "share", +1),
    Outcome("completed", "in the programme", "activities completed", "per learner", +1),
    Outcome("passed", "in the programme", "of what has a pass mark, passed", "share", +1),
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
    moved = lives["role"] != lives.trait("role")
    then = {"old_then": lives["parted"], "new_then": lives["met"], "new_now": lives["value"]}
    found |= {key: np.where(moved, value, np.nan) for key, value in then.items()}
    work, nobody = applied(lives, rules), np.full(len(lives.ids), np.nan)
    found |= {"passed": lives.passed.mean(1) if lives.passed.shape[1] else nobody}
    found |= {"applied": work.application if work else nobody, "checked": work.checked if work else nobody}
    return {key: np.asarray(found[key], np.float64) for key in KEYS}


def known(lives: Lives, rules: Rules, day: float) -> Floats:
    """P(correct) on the reference items of each learner's target skills, weighted, on a day at or after their last.

    -> [N] in [0, 1]
    """
    level = levels(lives.mind, lives.touched, rules, day)
    return np.asarray((destination(lives, rules) * level).sum(1), np.float64)
