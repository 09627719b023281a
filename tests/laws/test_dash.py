"""DASH: counts that fade on four scales; much in one day is soon gone, many days stay."""

from types import SimpleNamespace

import numpy as np
import pytest

from adaptlearn.core.catalogue import FEATURES
from adaptlearn.core.learner import Exposure, Skill, Traits
from adaptlearn.laws import dash

P = dash.Params()
SKILL = Skill(layer=0.0, prior=0.3, learn=0.2, guess=0.15, slip=0.08, forget=0.0)
MEDIAN = Traits(*[0.0] * len(Traits._fields))._replace(rate=1.0, memory=1.0)
QUARTER_HOUR = SimpleNamespace(**dict.fromkeys(FEATURES, 0.0) | {"minutes": 15.0})
NEWCOMER = dash.begin(SKILL, MEDIAN, 0.0, 0.5, P)


def practised(days, right=1.0):
    """After quarters of an hour on these days, and the last of them."""
    mind, now = NEWCOMER, 0.0
    for day in days:
        mind, now = dash.forget(mind, day - now, P), day
        mind = dash.learn(mind, Exposure(1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, right, 0.0), QUARTER_HOUR, SKILL, MEDIAN,
                          0.0, 0.5, P)  # fmt: skip
    return mind, now


def test_the_level_is_the_papers_line():
    days, at = (0.0, 2.0, 9.0), 20.0
    mind, now = practised(days)
    theta = np.log(0.3 / 0.7)
    for scale, weight in ((1.0, P.on_day), (7.0, P.on_week), (30.0, P.on_month), (365.0, P.on_year)):
        theta += weight * np.log1p(sum(6.0 * np.exp(-(at - day) / scale) for day in days))
    assert dash.theta(dash.forget(mind, at - now, P), P) == pytest.approx(theta)


def test_cramming_looks_better_on_the_day_and_loses_more_afterwards():
    spread, crammed = practised((0.0, 5.0, 10.0, 15.0))[0], practised((15.0, 15.0, 15.0, 15.0))[0]
    lost = [dash.theta(mind, P) - dash.theta(dash.forget(mind, 7.0, P), P) for mind in (spread, crammed)]
    assert dash.theta(crammed, P) > dash.theta(spread, P) and lost[1] > lost[0]


def test_a_wrong_answer_is_a_tenth_of_a_right_one_and_nothing_is_a_share_of_both():
    right, wrong = practised((0.0,), 1.0)[0], practised((0.0,), 0.0)[0]
    assert wrong.year == pytest.approx(P.wrong * right.year)
    assert dash.theta(NEWCOMER, P) < dash.theta(wrong, P) < dash.theta(right, P)
