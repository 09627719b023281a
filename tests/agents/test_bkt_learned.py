"""BKT whose rule is learned: what its weights mean, and that the search is worth something."""

import numpy as np
import torch

from adaptlearn.agents import bkt_learned, linear, shelf
from adaptlearn.classroom.room import Classroom
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.record import ViewSpec
from adaptlearn.envs.registry import rules
from adaptlearn.evaluation.compare import paired


def scores_of(agent, world, belief):
    """Of a learner with these beliefs and nothing behind them.   -> [A]"""
    spec, view = ViewSpec(len(world.skills)), torch.zeros(1, ViewSpec(len(world.skills)).size)
    view[0, spec.at("belief")], view[0, spec.at("target")] = torch.tensor(belief), torch.tensor([0.0, 0.33, 0.67])
    nothing = torch.zeros(1, 0)
    return agent(view, torch.tensor(world.features), torch.zeros(1, len(world.activities), 3), nothing, nothing)[0][0]


def test_a_skill_below_its_threshold_is_taught_and_above_it_is_not():
    world = rules("tiny-v1").world
    agent, teaches = shelf.build("bkt_learned", world), torch.tensor(world.teaches)
    assert teaches[scores_of(agent, world, [0.2, 0.1, 0.1]).argmax(), 0] > 0
    assert teaches[scores_of(agent, world, [0.99, 0.2, 0.1]).argmax(), 1] > 0
    agent.weights[0] = 0.0  # a threshold that is always passed: greeting is never open, nor is what rests on it ready
    assert teaches[scores_of(agent, world, [0.7, 0.1, 0.1]).argmax(), 1] > 0


def test_the_order_of_skills_decides_between_open_ones():
    world = rules("tiny-v1").world
    agent, teaches = shelf.build("bkt_learned", world), torch.tensor(world.teaches)
    agent.weights[3:6] = torch.tensor([0.0, 3.0, 0.0])
    assert teaches[scores_of(agent, world, [0.6, 0.6, 0.6]).argmax(), 1] > 0
    agent.weights[3:6] = torch.tensor([0.0, 0.0, 3.0])
    assert teaches[scores_of(agent, world, [0.6, 0.6, 0.6]).argmax(), 2] > 0
    assert agent.named()["order[2]"] == 3.0 and len(agent.named()) == len(agent.weights)


def test_what_is_found_is_better_than_what_was_guessed_and_the_same_again():
    room, ids = rules("tiny-v1"), np.arange(1000, 3048)
    few = linear.Settings(rounds=6, candidates=24, learners=96)
    one, two = (bkt_learned.fit(room, Classroom, 1, few) for _ in range(2))
    assert torch.equal(one.weights, two.weights)
    gain = paired(*(simulate(p, room, ids, 9)["value"] for p in (one, shelf.build("bkt_learned", room.world))))
    assert gain.mean > 0 and gain.clear()
