"""The four pathways keep the theorems of every world: others do not matter, the record tells, reading answers pays."""

from functools import cache

import gymnasium
import numpy as np
import pytest

from adaptlearn.agents import shelf
from adaptlearn.classroom.room import Classroom
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.world import load
from adaptlearn.envs.registry import rules

PATHWAYS = ("leadership-v1", "compliance-v1", "field-safety-v1", "upskilling-v1")
ENDS = ("ids", "life", "traits", "left", "stars", "mind", "visits", "keys")


@cache
def lived(world, agent, learners):
    """Lives in a pathway as it is shipped."""
    return simulate(shelf.build(agent, load(world)), rules(world, catalogue="usual_error"), np.arange(learners), 4)


@pytest.mark.parametrize("world", PATHWAYS)
def test_one_more_learner_or_cohort_changes_nobody_elses_life(world):
    cohorts = load(world).cohorts
    few = 2 * (cohorts.size if cohorts else 25)
    part, whole = lived(world, "mastery", few), lived(world, "mastery", 240)
    for name in ENDS:
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[:few], err_msg=name)


@pytest.mark.parametrize("world", PATHWAYS)
def test_reading_answers_pays(world):
    """Mastery learning against the author's order, the same learners: clear of zero in each of them."""
    gap = lived(world, "mastery", 240)["value"] - lived(world, "syllabus", 240)["value"]
    assert gap.mean() > 3.0 * gap.std() / np.sqrt(len(gap))


def test_on_the_day_the_destination_changes_the_view_tells_the_new_one():
    terms = rules("upskilling-v1", mandatory=True, change={"rate": 1.0, "day": 20.0}, heed=0.0)
    room = Classroom(terms, 100, 3).begin(np.arange(100))
    first = room.now("role").copy()
    while room.alive.any():
        role, late = room.now("role").astype(int), room.now("day") >= 20.0
        told = room.view[:, room.spec.at("target")]
        np.testing.assert_array_equal(told[room.alive], terms.world.targets[role][room.alive])
        assert ((role != first) == late)[room.alive].all()
        room.wander()
        room.step()
    moved = room.now("role") != first
    assert moved.mean() > 0.8
    assert (room.now("parted")[moved] > 0).all() and (room.now("met")[moved] > 0).all()
    assert (room.now("parted")[~moved] == 0).all() and (room.now("met")[~moved] == 0).all()


def test_gymnasium_takes_a_change_and_nulls_of_motives_and_wishes():
    env = gymnasium.make("adaptlearn/Upskilling-v1", change={"rate": 1.0, "day": 1.0}, motives=False, wishes=False)
    view, _ = env.reset(seed=3)
    assert env.observation_space.contains(view)
    with pytest.raises(ValueError, match="to = 'abroad'"):
        rules("upskilling-v1", change={"to": "abroad"})
