"""Orchestrating agents: what they keep fits, what they prefer follows from records, and they beat what they should."""

from dataclasses import replace

import numpy as np
import pytest

from adaptlearn.agents import shelf
from adaptlearn.agents.orchestrate import FirstCome, MostGained, Settings, orchestrator
from adaptlearn.classroom.room import Classroom
from adaptlearn.classroom.rounds import Rounds
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.cohorts import Cohorts
from adaptlearn.core.world import FEATURES, load
from adaptlearn.envs.registry import rules

WORLD = replace(load("onboarding-v1"), cohorts=Cohorts(12, coach_minutes=30.0, lab_seats=1))


@pytest.fixture(scope="module")
def desks():
    """What lies before an orchestrating agent in the middle of a programme."""
    room = Classroom(rules(WORLD, mandatory=False), 60, 3).begin(np.arange(60))
    rounds = Rounds(room)
    while rounds.turn().any() and rounds.week < 3:
        room.wander()
        rounds.decide(lambda whose: None)
        room.step()
        rounds.settle()
    return [rounds.desk(rounds.order[a:b]) for a, b in zip(rounds.starts[:-1], rounds.starts[1:], strict=True)]


@pytest.mark.parametrize("spare", [1.0, 2.5])
def test_what_is_kept_for_the_first_in_line_fits_the_week_so_many_times(desks, spare):
    agent = MostGained.for_world(WORLD, Settings(spare=spare))
    assert any((agent.share(desk) > 0.0).any() for desk in desks)
    for desk in desks:
        kept = agent.share(desk) > 0.0
        assert not kept.all()
        assert (kept.sum(0) @ desk.use <= spare * desk.limit + 1e-9).all()


def test_priorities_belong_to_members_not_to_places(desks):
    agent, rng = MostGained.for_world(WORLD), np.random.default_rng(0)
    for desk in desks:
        order = rng.permutation(len(desk.view))
        moved = desk._replace(view=desk.view[order], history=desk.history[order])
        np.testing.assert_allclose(agent.share(moved), agent.share(desk)[order], rtol=1e-3, atol=1e-5)


def test_a_scarce_activity_adds_the_more_the_better_it_is_and_nothing_to_who_knows_it_all(desks):
    agent, k = MostGained.for_world(WORLD), len(WORLD.skills)
    coached = WORLD.features.copy()
    coached[desks[0].scarce, 3 * k + FEATURES.index("coach")] = 1.0
    for desk in desks:
        assert (agent.added(desk._replace(catalogue=coached)) >= agent.added(desk) - 1e-6).all()
        sated = desk.view.copy()
        sated[:, :k] = 1.0
        np.testing.assert_allclose(agent.added(desk._replace(view=sated)), 0.0, atol=1e-6)


def test_it_beats_first_come_first_served_where_the_policy_does_not_see_need():
    """The author's syllabus asks for the coach in the author's order; the same learners, the same luck, by cohort."""
    terms, ids, policy = rules(WORLD), np.arange(1200), shelf.build("syllabus", WORLD)
    ours, first = (simulate(policy, terms, ids, 21, orchestrator=agent)["value"]
                   for agent in (MostGained.for_world(WORLD), FirstCome()))  # fmt: skip
    gain = (ours - first).reshape(-1, 12).mean(1)
    assert gain.mean() - 1.96 * gain.std(ddof=1) / np.sqrt(len(gain)) > 0.0


def test_names_are_known_or_refused():
    assert orchestrator("most-gained", WORLD).name == "most-gained"
    assert orchestrator("first-come", WORLD).name == "first-come"
    with pytest.raises(ValueError, match="'most-gain'.*needed one of first-come, most-gained.*'most-gained'"):
        orchestrator("most-gain", WORLD)
