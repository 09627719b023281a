"""The bounds of the observation space hold, whoever learns, whoever decides, under both laws."""

from dataclasses import replace

import numpy as np
import pytest

from adaptlearn.classroom.room import Rules
from adaptlearn.core.learner import Population
from adaptlearn.core.record import ViewSpec
from adaptlearn.envs.registry import rules
from adaptlearn.envs.spaces import PREFERENCE, bounds
from adaptlearn.envs.vector import LearnerVectorEnv


def extremes(terms: Rules, n: int = 48, steps: int = 150) -> tuple[np.ndarray, np.ndarray]:
    """The least and largest view of random play, ends included."""
    envs, dice = LearnerVectorEnv(terms, n), np.random.default_rng(1)
    views, infos = envs.reset(seed=1)
    low, high = views.min(0), views.max(0)
    places = envs.room.offers.shape[1]
    for _ in range(steps):
        drawn = [dice.choice(np.flatnonzero(mask), places) for mask in infos["action_mask"]]
        views, *_, infos = envs.step(np.array(drawn) if places > 1 else np.array(drawn)[:, 0])
        ends = [view for view in infos.get("final_obs", ()) if view is not None]
        low, high = np.minimum.reduce([low, *views, *ends]), np.maximum.reduce([high, *views, *ends])
    return low, high


def assert_within(terms: Rules) -> None:
    least, largest = bounds(terms)
    low, high = extremes(terms)
    names = ViewSpec(len(terms.world.skills)).names()
    outside = [(names[j], low[j], high[j]) for j in np.flatnonzero((low < least) | (high > largest))]
    assert not outside


@pytest.mark.parametrize("law", ["workplace", "bkt"])
@pytest.mark.parametrize("world", ["tiny-v1", "onboarding-v1"])
@pytest.mark.parametrize("decides", ["assign", "offer"])
def test_bounds_hold_over_random_play(world: str, law: str, decides: str) -> None:
    assert_within(rules(world, law, decides=decides, mandatory=decides == "assign", catalogue="careless"))


def test_bounds_hold_where_the_retention_check_comes_with_the_end_and_rest_is_long() -> None:
    terms = rules("tiny-v1")
    programme = replace(terms.world.programme, horizon_days=10.0, retention_day=10.0, rest_days=9.0, repeats=5)
    assert_within(replace(terms, world=replace(terms.world, programme=programme)))


def test_bounds_hold_for_people_who_hardly_have_time_and_people_who_have_nothing_else() -> None:
    assert_within(replace(rules("tiny-v1"), population=Population().with_traits(weekly_minutes=(5.0, 1.5))))


def test_a_belief_over_preferences_stays_far_inside_its_bounds_under_the_worst_reactions() -> None:
    """Greedy over the corners of the format axes, first in all directions, then in one. A margin, not a theorem."""
    from adaptlearn.core.record import AXES, FORMAT_NOISE, observe_format

    modes = np.concatenate([np.eye(4) - 0.25, np.zeros((1, 4))])
    settings = 0.5 * np.array(np.meshgrid(*[[0, 1]] * 4)).reshape(4, -1).T
    x = np.array([(*m, *s, 1.0) for m in modes for s in settings])  # [80, axes]
    farthest = 0.0
    for axis in range(len(AXES)):
        mean, variance = np.zeros(len(AXES)), np.ones(len(AXES))
        for step in range(300):
            total = (FORMAT_NOISE + (variance * x * x).sum(1))[:, None]
            moves = [observe_format(mean, variance, x, (r - x @ mean)[:, None], 1.0 / total) for r in (-1.0, 1.0)]
            means, variances = (np.concatenate(parts) for parts in zip(*moves, strict=True))
            worst = int(np.argmax((means**2 / variances).sum(1) if step < 100 else means[:, axis]))
            mean, variance = means[worst], variances[worst]
            farthest = max(farthest, float(abs(mean).max()))
    assert 2.0 < farthest < PREFERENCE / 2
