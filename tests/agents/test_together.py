"""Training where people meet: rooms of a training are the world's own, in weekly rounds, with their seats."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from adaptlearn.agents import linear, plans, programme
from adaptlearn.agents.orchestrate import MostGained
from adaptlearn.classroom.room import Classroom
from adaptlearn.classroom.rounds import newcomers
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core import luck
from adaptlearn.core.world import Cohorts, load
from adaptlearn.envs.registry import rules
from adaptlearn.evaluation.compare import paired

SEED, TURN = 5, 2


@pytest.fixture(scope="module")
def scarce():
    """tiny-v1 in cohorts of eight with forty minutes of a coach a week, and one visit to the lab."""
    return rules(replace(load("tiny-v1"), cohorts=Cohorts(8, coach_minutes=40.0, lab_seats=1)))


def tried(n):
    """Weights of n candidates, apart."""
    start = np.array([linear.START.get(name, 0.0) for name in linear.Linear.names], np.float32)
    return start + luck.normal(1, luck.RESTART, np.arange(n)[:, None], 0, np.arange(len(start))).astype(np.float32)


@pytest.mark.parametrize("shared", [False, True])
def test_what_a_candidate_is_worth_in_training_is_what_it_is_worth_in_the_world(scarce, shared):
    """Candidates teach side by side and never meet: each one's worth is that of lives simulated for it alone."""
    policy, three = linear.Linear.for_world(scarce.world), tried(3)
    who = MostGained.for_world(scarce.world) if shared else None
    found = linear.lessons(policy, scarce, Classroom, three, SEED, TURN, 16, who)
    ids = newcomers(scarce.world.cohorts, 16, SEED, TURN)
    for worth, weights in zip(found, three, strict=True):
        policy.weights.copy_(torch.from_numpy(weights))
        alone = simulate(policy, scarce, ids, SEED, orchestrator=who)
        assert worth == pytest.approx(alone.reward.mean(), abs=1e-4)
    np.testing.assert_array_equal(linear.lessons(policy, scarce, Classroom, three[:2], SEED, TURN, 16, who), found[:2])


def test_newcomers_come_in_whole_cohorts_and_anew_every_turn():
    cohorts = Cohorts(8)
    ids = newcomers(cohorts, 30, SEED, TURN)
    number, count = np.unique(cohorts.of(ids), return_counts=True)
    assert len(ids) == 32 and len(number) == 4 and (count == 8).all()
    assert not np.isin(ids, newcomers(cohorts, 30, SEED, TURN + 1)).any()
    np.testing.assert_array_equal(newcomers(None, 30, SEED, TURN), luck.rebirth(SEED, np.arange(30), TURN))


def test_a_programme_keeps_only_what_does_whole_cohorts_good(scarce, monkeypatch):
    """Whatever the imagined lives of people alone suggest: in rounds the orders found are worth at least the first."""
    monkeypatch.setattr(plans, "USUAL", 48)
    s = programme.Settings(rounds=1, neighbours=60, learners=16)
    start = linear.Linear.for_world(scarce.world)
    first = programme.usual(start, scarce, SEED)
    found = programme.fit(scarce, Classroom, SEED, s, start=start).orders(scarce.world)
    worth = [programme.met(scarce, orders, SEED, 0, s, None) for orders in (first, found)]
    assert worth[1] >= worth[0]


def test_an_interval_over_cohorts_is_that_over_learners_where_nobody_meets_and_wider_where_fates_are_shared():
    dice = np.random.default_rng(0)
    own, shared = dice.normal(size=600), np.repeat(dice.normal(size=50), 12)
    alone = paired(own, np.zeros(600), np.arange(600))
    assert alone.half == pytest.approx(paired(own, np.zeros(600)).half, rel=1e-12)
    cohort = np.repeat(np.arange(50), 12)
    plain, met = paired(shared, np.zeros(600)), paired(shared, np.zeros(600), cohort)
    assert met.mean == plain.mean and met.half > 3.0 * plain.half
    means = shared.reshape(50, 12).mean(1)
    assert met.half == pytest.approx(1.96 * means.std(ddof=1) / np.sqrt(50), rel=1e-3)
    with pytest.raises(ValueError, match="one cohort.*needed at least 2"):
        paired(own, np.zeros(600), np.zeros(600))
