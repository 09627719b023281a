"""The network that is taught by the planner on records: where it begins, what it is told, and that it follows."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from adaptlearn.agents import distill, plans
from adaptlearn.agents.follower import Follower
from adaptlearn.agents.planner import RecordPlanner
from adaptlearn.agents.planner import Settings as Search
from adaptlearn.agents.programme import Programme
from adaptlearn.classroom.room import Classroom
from adaptlearn.classroom.simulate import simulate
from adaptlearn.envs.registry import rules

FEW = distill.Settings(rounds=2, learners=12, share=0.5, first=20, then=5, copies=4, particles=32, epochs=2, hidden=8)


@pytest.fixture(scope="module")
def tiny():
    return rules("tiny-v1")


def inputs(world, n=6):
    """Views and histories of learners a few decisions into their lives."""
    room = Classroom(rules("tiny-v1"), n, 3).begin(np.arange(n))
    for _ in range(3):
        room.wander()
        room.step()
    return torch.from_numpy(room.view.copy()), torch.tensor(world.features), torch.from_numpy(room.history())


def test_it_begins_as_the_programme_it_is_given(tiny):
    net = Follower.for_world(tiny.world)
    with torch.no_grad():
        net.judge.weight.zero_()
    lives = [simulate(p, tiny, np.arange(64), 3)["value"] for p in (net, Programme.for_world(tiny.world))]
    np.testing.assert_array_equal(*lives)


def test_scores_go_with_the_activity_and_not_with_its_row(tiny):
    net, (view, catalogue, history) = Follower.for_world(tiny.world, seed=4), inputs(tiny.world)
    order, nothing = torch.randperm(len(catalogue), generator=torch.Generator().manual_seed(1)), torch.zeros(6, 0)
    one = net(view, catalogue, history, nothing, nothing)[0]
    other = net(view, catalogue[order], history[:, order], nothing, nothing)[0]
    torch.testing.assert_close(other, one[:, order])


def test_labels_speak_of_legal_activities_about_the_destination_and_nothing_else(tiny):
    room = Classroom(tiny, 10, 3).begin(np.arange(10))
    planner, rows = RecordPlanner(Search(20, 5, 4, 1.0), plans.authored(tiny.world), 32), np.array([1, 4, 7])
    planner.look(room)
    worth = planner.values(room, rows)
    about = plans.about(tiny.world)[room.now("role")[rows].astype(int)]
    assert (np.isfinite(worth) == (about & (room.mask[rows] > 0) & (np.arange(worth.shape[1]) > 0))).all()


def test_it_learns_to_prefer_what_it_is_told_is_worth_more(tiny):
    view, catalogue, history = inputs(tiny.world, 64)
    net = Follower.for_world(tiny.world, seed=2)
    pairs = net.pairs(view, catalogue, history).detach()
    worth = 0.05 * catalogue[:, 2].expand(64, -1) + 0.01 * torch.arange(len(catalogue)) / len(catalogue)
    labels = distill.Labels([view], [pairs], [torch.ones(worth.shape, dtype=torch.bool)], [worth])
    long = replace(FEW, epochs=150, batch=32, rate=1e-2)
    _, agreed = distill.learned(net, catalogue, labels, torch.Generator().manual_seed(0), long)
    assert agreed > 0.9


def test_the_same_seed_gives_the_same_weights(tiny):
    start, told = Programme.for_world(tiny.world), []
    nets = [distill.fit(tiny, Classroom, 5, FEW, start=start, progress=told.append) for _ in range(2)]
    for one, other in zip(nets[0].state_dict().values(), nets[1].state_dict().values(), strict=True):
        assert torch.equal(one, other)
    assert told[1]["labels"] > told[0]["labels"] > 0


def test_settings_are_refused_by_name():
    with pytest.raises(ValueError, match=r"distill: rounds = 0.*e\.g\. 6"):
        distill.Settings(rounds=0)
