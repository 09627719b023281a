"""What of the learning shows in the work (Kirkpatrick's level 3), and what a manager's check sees of it.

``laws.transfer`` holds the formulas and their sources, ``[laws.transfer]`` of a ``population.toml`` the constants of a
workplace; without that section nothing here is known, and nothing is computed. All of it is assumed (grade C).

Axes: N learners, K skills, A activities.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.classroom.room import Rules
from adaptlearn.classroom.simulate import Lives
from adaptlearn.core import luck
from adaptlearn.core.catalogue import FEATURES
from adaptlearn.laws import transfer as law

Floats = NDArray[np.float64]


class Applied(NamedTuple):
    """Level 3, learner by learner."""

    day: float  # of the manager's check
    application: Floats  # [N] of the target skills, weighted, 0 to 1; latent
    checked: Floats  # [N] the manager's note, 1 to 5: all that a platform sees
    workplace: law.Workplace  # [N] each; latent


def levels(mind: Any, touched: Any, rules: Rules, day: float) -> NDArray[np.float32]:
    """P(correct) on the reference item of each skill, on a day at or after ``touched``.

    mind [N, K, M], touched [N, K] -> [N, K] in [0, 1], see ``Rules.levels``
    """
    return rules.levels(mind, touched, day)


def destination(lives: Lives, rules: Rules) -> Floats:
    """Weight of each skill in each learner's last destination; rows sum to 1.   -> [N, K]"""
    return np.asarray(rules.world.targets[lives["role"].astype(int)], np.float64)


def likeness(lives: Lives, rules: Rules) -> Floats:
    """How much of what a learner did for a skill was like the job, 0 to 1; 0 where nothing was done.   -> [N, K]"""
    true = rules.true_world()
    visits, teaches = lives.visits.astype(np.float64), true.teaches.astype(np.float64)
    real = teaches * true.scalars[:, [FEATURES.index("authenticity")]]
    return np.asarray((visits @ real) / np.maximum(visits @ teaches, 1e-9))


def applied(lives: Lives, rules: Rules) -> Applied | None:
    """What shows in the work on the day of the manager's check; None where the population says nothing of work.

    Raises:
        ValueError: a constant that ``laws.transfer`` does not have, or a check before the programme ends.
    """
    given = rules.population.constants.get("transfer")
    if given is None:
        return None
    p = _params(given, rules.world.programme.horizon_days)
    z = luck.normal_by(lives.keys[:, None], luck.WORKPLACE, np.arange(4))
    place = law.workplace(*z[:, :3].T.astype(np.float64), p)
    each = law.Workplace(*(column[:, None] for column in place))
    will = lives["motivation"].astype(np.float64)[:, None]
    used = law.application(levels(lives.mind, lives.touched, rules, p.day), likeness(lives, rules), each, will, p)
    whole = (destination(lives, rules) * used).sum(1)
    return Applied(p.day, whole, np.asarray(law.check(whole, z[:, 3], p), np.float64), place)


def _params(given: object, horizon: float) -> law.Params:
    constants = dict(given)  # type: ignore[call-overload]
    unknown = sorted(set(constants) - set(law.Params._fields))
    if unknown:
        raise ValueError(f"[laws.transfer] {', '.join(unknown)}; needed some of {', '.join(law.Params._fields)}, "
                         "e.g. day = 120")  # fmt: skip
    p = law.Params()._replace(**constants)
    if p.day < horizon:
        raise ValueError(
            f"[laws.transfer] day = {p.day:g}; needed the last day of the programme ({horizon:g}) or later, "
            f"e.g. day = {horizon + 30:g}"
        )
    return p
