"""A cohort behind Gymnasium's face: the checkers, and that a week played here is the week ``simulate`` lives."""

from dataclasses import replace

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence

from adaptlearn.agents import shelf
from adaptlearn.agents.orchestrate import FirstCome
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.cohorts import Cohorts
from adaptlearn.core.world import load
from adaptlearn.envs.registry import rules

SIZE = 5
WORLD = replace(load("tiny-v1"), cohorts=Cohorts(SIZE, coach_minutes=40.0, live_sessions=1))


def made(**terms):
    given = {"world": WORLD, "policy": shelf.build("mastery", WORLD), "mandatory": False} | terms
    return gymnasium.make("adaptlearn/Cohort-v1", **given)


@pytest.mark.parametrize("terms", [{}, {"policy": None, "decides": "self"}], ids=["mastery", "self"])
def test_gymnasiums_checker_finds_nothing_wrong(terms):
    check_env(made(**terms).unwrapped, skip_render_check=True)


def play(env, seed, actions, **reset):
    obs, info = env.reset(seed=seed, **reset)
    steps, rng = [(obs, info)], np.random.default_rng(0)
    while True:
        action = actions(rng, env.action_space.shape).astype(np.float32)
        steps.append(env.step(action))
        obs = steps[-1][0]
        assert env.observation_space.contains(obs)
        if steps[-1][2] or steps[-1][3]:
            return steps


def some(rng, shape):
    return rng.uniform(-1.0, 1.0, shape)


def none(rng, shape):
    return np.zeros(shape)


def test_the_same_seed_is_the_same_cohort_and_another_one_is_not():
    one, again, other = (play(made(), seed, some) for seed in (3, 3, 4))
    assert data_equivalence(one, again)
    assert not data_equivalence(one, other)


def test_priorities_matter():
    assert not data_equivalence(play(made(), 3, some)[1:], play(made(), 3, none)[1:])


def test_with_all_alike_it_is_first_come_first_served():
    """Rewards of the weeks sum to what the same cohort gains in ``simulate``, and the last worth is its worth."""
    env = made()
    steps = play(env, 11, none, options={"cohort": 9})
    terms = rules(WORLD, mandatory=False)
    lives = simulate(env.unwrapped.policy, terms, np.arange(9 * SIZE, 10 * SIZE), 11, orchestrator=FirstCome())
    assert sum(step[1] for step in steps[1:]) * SIZE == pytest.approx(lives.reward.sum(), rel=1e-5)
    assert steps[-1][4]["worth"] == pytest.approx(lives["value"].mean(), rel=1e-6)


def test_no_week_uses_more_than_there_is_and_it_ends_once():
    for seed in range(4):
        steps = play(made(), seed, some)
        assert all((step[4]["used"] <= step[4]["limit"] + 1e-9).all() for step in steps[1:])
        assert all(not (step[2] or step[3]) for step in steps[1:-1])
        weeks = [steps[0][1]["week"], *(step[4]["week"] for step in steps[1:])]
        assert all(later > earlier for earlier, later in zip(weeks[:-1], weeks[1:], strict=True))


def test_what_does_not_fit_is_refused_in_words():
    with pytest.raises(ValueError, match=r"cohorts: found nothing; needed a world whose learners live in cohorts"):
        made(world="tiny-v1")
    with pytest.raises(ValueError, match="policy: found None; needed a policy"):
        made(policy=None)
    env = made()
    env.reset(seed=1)
    with pytest.raises(ValueError, match="action: found shape"):
        env.unwrapped.step(np.zeros(3))
