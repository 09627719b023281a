"""Mastery for the destination of enrolment: mastery itself until the destination changes, and blind to it after."""

import numpy as np
import torch

from adaptlearn.agents import shelf
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.record import ViewSpec
from adaptlearn.core.world import load
from adaptlearn.envs.registry import rules

WORLD = load("upskilling-v1")
SPEC = ViewSpec(len(WORLD.skills))
CATALOGUE = torch.from_numpy(WORLD.features.copy())


def thoughts(n=64):
    """Views of n learners with random beliefs on the way to their roles."""
    dice = np.random.default_rng(2)
    view = torch.tensor(dice.random((n, SPEC.size)), dtype=torch.float32)
    view[:, SPEC.at("target")] = torch.tensor(WORLD.targets[dice.integers(0, len(WORLD.roles), n)])
    history = torch.tensor(dice.integers(0, 2, (n, len(CATALOGUE), 3)), dtype=torch.float32)
    return view, history, torch.zeros(n, 0)


def test_it_decides_as_mastery_would_for_the_first_destination():
    view, history, none = thoughts()
    enrolled, mastery = shelf.build("enrolled", WORLD), shelf.build("mastery", WORLD)
    first, memory = enrolled(view, CATALOGUE, history, torch.zeros(len(view), enrolled.memory_size), none)
    plain, _ = mastery(view, CATALOGUE, history, none, none)
    torch.testing.assert_close(first, plain)
    moved = view.clone()
    moved[:, SPEC.at("target")] = view[:, SPEC.at("target")].roll(1, 0)
    later, kept = enrolled(moved, CATALOGUE, history, memory, none)
    torch.testing.assert_close(later, plain)
    torch.testing.assert_close(kept, memory)
    assert (mastery(moved, CATALOGUE, history, none, none)[0] != plain).any()


def test_where_nobody_moves_lives_are_the_same_and_where_everybody_does_it_loses():
    def worth(agent, **change):
        terms = rules(WORLD, mandatory=True, change=change)
        return simulate(shelf.build(agent, WORLD), terms, np.arange(400), 3)["value"]

    np.testing.assert_array_equal(worth("enrolled", rate=0.0), worth("mastery", rate=0.0))
    moved = {"rate": 1.0, "day": 10.0}
    lost = worth("mastery", **moved) - worth("enrolled", **moved)
    assert lost.mean() > 3.0 * lost.std() / np.sqrt(len(lost))
