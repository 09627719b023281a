"""Scorers fitted in several rooms at once: each room counts as much as any other."""

import numpy as np
import pytest
import torch

from adaptlearn.agents import bkt_learned, guided, linear
from adaptlearn.agents.programme import Programme
from adaptlearn.classroom.room import Classroom, with_rules
from adaptlearn.core.revision import revised
from adaptlearn.envs.registry import rules

FEW = linear.Settings(rounds=3, candidates=8, elite=3, learners=12)
TEACHERS = {"linear": linear.fit, "guided": guided.fit, "bkt_learned": bkt_learned.fit}


@pytest.fixture(scope="module")
def rooms():
    """Two laws, and a catalogue with other activities."""
    one = rules("tiny-v1")
    return one, rules("tiny-v1", "bkt"), with_rules(one, world=revised(one.world, 0.3, 2))


def fitted(teach, first, others=()):
    """Weights found from the same programme, where there is one."""
    more = {"start": Programme.for_world(first.world)} if teach is guided.fit else {}
    return teach(first, Classroom, 1, FEW, others=others, **more).weights


@pytest.mark.parametrize("name", TEACHERS)
def test_the_order_of_rooms_says_nothing_and_the_same_room_twice_is_that_room(name, rooms):
    one, other, _ = rooms
    assert torch.equal(fitted(TEACHERS[name], one, (other,)), fitted(TEACHERS[name], other, (one,)))
    assert torch.equal(fitted(TEACHERS[name], one, (one,)), fitted(TEACHERS[name], one))
    assert not torch.equal(fitted(TEACHERS[name], one, (other,)), fitted(TEACHERS[name], one))


def test_what_is_sought_is_the_mean_over_rooms(rooms):
    """One candidate, where the search begins: what is told of it is the mean of what it is worth in each room."""
    told, alone = [], linear.Settings(rounds=1, candidates=2, elite=2, learners=12, spread=1e-9, noise=1e-9)
    policy = linear.Linear.for_world(rooms[0].world)
    weights = policy.weights.numpy()[None].copy()
    linear.search(policy, rooms, Classroom, 1, alone, told.append)
    worth = [linear.lessons(policy, room, Classroom, weights, 1, 0, 12)[0] for room in rooms]
    assert told[0]["mean"] == pytest.approx(np.mean(worth), abs=1e-6) and np.ptp(worth) > 0.01
