"""Branching programmes: what a fork reads, when it reads it, and that finding branches helps whom they are for."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from adaptlearn.agents import branching, plans, shelf
from adaptlearn.agents.branching import Branching, Search, Settings
from adaptlearn.agents.programme import Programme
from adaptlearn.classroom.room import Classroom
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.cohorts import Cohorts
from adaptlearn.core.world import load
from adaptlearn.envs.registry import rules
from adaptlearn.lab import checkpoint

FEW = Settings(forks=3, every=2, paces=2, levels=2, rounds=2, neighbours=60, learners=48)


@pytest.fixture(scope="module")
def tiny():
    return rules("tiny-v1")


@pytest.fixture(scope="module")
def poor(tiny):
    """A programme in the author's order, which leaves much to be found."""
    return Programme.for_world(tiny.world)


@pytest.fixture(scope="module")
def found(tiny, poor):
    return branching.fit(tiny, Classroom, 1, FEW, start=poor)


def shuffled(world, branches, seed):
    """Some order for each branch and destination."""
    order, dice = plans.authored(world), np.random.default_rng(seed)
    return np.array([[dice.permutation(line) for line in order] for _ in range(branches)], np.int16)


def views(room, n, seed):
    """Records as a platform may show them, halfway through some lives."""
    dice = np.random.default_rng(seed)
    view = torch.from_numpy(room.view[dice.integers(0, room.n, n)].copy())
    view[:, room.spec.at("belief")] = torch.from_numpy(dice.random((n, len(room.rules.world.skills)), np.float32))
    return view


def decided(view, spec, made):
    """The same records after so many decisions."""
    view = view.clone()
    view[:, spec.total("decisions")] = branching.shown_of(made)
    return view


def test_with_one_branch_it_is_the_programme(tiny):
    orders = shuffled(tiny.world, 1, 3)
    both = Branching.for_world(tiny.world, orders=orders), Programme.for_world(tiny.world, orders[0])
    np.testing.assert_array_equal(*(simulate(p, tiny, np.arange(64), 3).visits for p in both))


def test_every_branch_follows_its_own_order(tiny):
    """Whoever is put into a branch lives as under the programme that has its order alone."""
    policy, ids = Branching.for_world(tiny.world, (0,), 2, 1, shuffled(tiny.world, 2, 4)), np.arange(64)
    room = Classroom(tiny, len(ids), 3).begin(ids)
    policy.pace_edges[0] = policy.pace(torch.from_numpy(room.view)).median()
    branch = policy.put(torch.from_numpy(room.view), torch.zeros(len(ids), 2))[:, 1].numpy()
    assert 0 < branch.mean() < 1
    lived = simulate(policy, tiny, ids, 3)
    for here, orders in enumerate(shuffled(tiny.world, 2, 4)):
        alone = simulate(Programme.for_world(tiny.world, orders), tiny, ids[branch == here], 3)
        np.testing.assert_array_equal(lived.visits[branch == here], alone.visits)


def test_the_record_is_read_at_forks_and_nowhere_else(tiny):
    """Between two forks a branch stays, whatever is learned; without a memory people are put where their record is."""
    policy, spec = Branching.for_world(tiny.world, (0, 5, 9), 2, 3), Classroom(tiny, 1, 0).spec
    room = Classroom(tiny, 64, 1).begin(np.arange(64))
    policy.pace_edges[:] = policy.pace(torch.from_numpy(room.view)).median()
    policy.level_edges[:] = torch.tensor([0.4, 0.6])
    memory, before = torch.zeros(64, 2), None
    for made in range(12):
        view = decided(views(room, 64, made), spec, made)
        memory = policy.put(view, memory)
        behind = 1 + (made >= 5) + (made >= 9)
        assert (memory[:, 0] == behind).all()
        if made in (0, 5, 9):
            anew = policy.put(view, torch.zeros(64, 2))
            assert torch.equal(memory, anew)
            part = memory[:, 1].long() - 6 * (behind - 1)
            level = (policy.level(view)[:, None] > torch.tensor([0.4, 0.6])).sum(1)
            assert torch.equal(part % 3, level) and torch.equal(
                part // 3, (policy.pace(view) > policy.pace_edges[0]).long()
            )
        else:
            assert torch.equal(memory, before)
        before = memory


def test_a_fork_that_was_refused_is_passed_by(tiny):
    """Whoever goes by it stays in their branch, and the next fork leads where it leads without it."""
    whole, less = (Branching.for_world(tiny.world, (0, 5, 9), 1, 2) for _ in range(2))
    less.after[1] = branching.NEVER
    for policy in (whole, less):
        policy.level_edges[:] = 0.5
    room = Classroom(tiny, 64, 1).begin(np.arange(64))
    memory = {policy: torch.zeros(64, 2) for policy in (whole, less)}
    for made in range(12):
        view = decided(views(room, 64, made), room.spec, made)
        first = memory[less] if made else less.put(view, memory[less])
        for policy, held in memory.items():
            memory[policy] = policy.put(view, held)
        if made < 9:
            assert torch.equal(memory[less], first) and (memory[less][:, 0] == 1).all()
    assert torch.equal(memory[less], memory[whole]) and (memory[less][:, 0] == 3).all()


def test_a_level_is_one_when_all_is_known_and_counts_the_way_by_half(tiny):
    policy = Branching.for_world(tiny.world)
    room = Classroom(tiny, 8, 1).begin(np.arange(8))
    view, at = torch.from_numpy(room.view.copy()), room.spec.at("belief")
    for share in (0.0, 0.25, 1.0):
        view[:, at] = share
        torch.testing.assert_close(policy.level(view), torch.full((8,), share))
    learner = policy.sight.learner(view)
    view[:, at] = (learner.target > 0).float()
    weight, only = learner.target + 0.5 * learner.rests, (learner.target > 0) * (learner.target + 0.5 * learner.rests)
    torch.testing.assert_close(policy.level(view), only.sum(1) / weight.sum(1))


def test_branches_are_equal_parts_of_those_who_come(tiny, poor):
    search = Search(tiny, Classroom, 1, FEW, poor.orders(tiny.world))
    for fork in range(FEW.forks):
        search.grow(fork)
    room, memory = search.crowd(2, 9)
    branch = search.policy.put(torch.from_numpy(room.view), memory)[torch.from_numpy(room.alive), 1].long() - 8
    assert (branch.bincount(minlength=4) / len(branch)).min() > 0.15  # of a quarter each; answers tie


def test_the_crowd_of_a_fork_has_lived_as_the_policy_teaches(tiny, found):
    """The search reads orders as compiled text, the policy as a graph: both say the same."""
    search = Search(tiny, Classroom, 1, FEW, Programme.for_world(tiny.world).orders(tiny.world))
    for fork in range(2):
        search.grow(fork)
    room, memory = search.crowd(2, 5)
    other = Classroom(tiny, room.n, 1).begin(room.ids)
    catalogue, remembered = torch.tensor(tiny.world.features), torch.zeros(room.n, 2)
    for _ in range(FEW.at[2]):
        told = torch.from_numpy(other.view), catalogue, torch.from_numpy(other.history())
        scores, remembered = search.policy(*told, remembered, torch.zeros(room.n, 0))
        other.choose(scores.numpy(), 0.0)
        other.step()
    for name in ("visits", "mind", "life", "view"):
        np.testing.assert_array_equal(getattr(room, name), getattr(other, name), name)
    assert torch.equal(memory, remembered)


def test_branches_found_help_whom_they_are_for(tiny, poor, found):
    ids = np.arange(10_000, 11_000)
    gain = simulate(found, tiny, ids, 7)["value"] - simulate(poor, tiny, ids, 7)["value"]
    assert gain.mean() > 3.0 * gain.std() / np.sqrt(len(gain))


def test_the_same_seed_finds_the_same_branches(tiny, poor, found, tmp_path):
    again = branching.fit(tiny, Classroom, 1, FEW, start=poor)
    other = branching.fit(tiny, Classroom, 2, FEW, start=poor)
    same = [torch.equal(again.state_dict()[key], value) for key, value in found.state_dict().items()]
    assert all(same) and not torch.equal(other.lines.place, found.lines.place)
    file = checkpoint.save(tmp_path / "b.npz", found, "branching", found.made_with, {})
    back = checkpoint.load(file, tiny.world).state_dict()
    assert all(torch.equal(back[key], value) for key, value in found.state_dict().items())


def test_where_people_meet_a_fork_is_kept_only_if_whole_cohorts_end_better(monkeypatch):
    scarce = rules(replace(load("tiny-v1"), cohorts=Cohorts(8, coach_minutes=40.0, lab_seats=1)))
    start, few = Programme.for_world(scarce.world), replace(FEW, forks=2)
    monkeypatch.setattr(Search, "met", lambda self, fork, orchestrator: 0.0)
    refused = branching.fit(scarce, Classroom, 1, few, start=start)
    ids = np.arange(64)
    np.testing.assert_array_equal(*(simulate(p, scarce, ids, 3).visits for p in (refused, start)))


@pytest.mark.parametrize(("name", "value"), [("forks", 0), ("every", 0), ("paces", 0), ("levels", 0), ("learners", 8)])
def test_what_cannot_be_searched_with_is_refused(name, value):
    with pytest.raises(ValueError, match=rf"branching: {name} = {value}; needed a whole number >= "):
        Settings(**{name: value})


def test_it_begins_as_a_fixed_programme_or_not_at_all(tiny):
    with pytest.raises(ValueError, match="branching: start is a linear; needed a fixed programme"):
        branching.fit(tiny, Classroom, 1, FEW, start=shelf.build("linear", tiny.world))
