"""The sampler in torch is the sampler of the classroom."""

import numpy as np
import pytest
import torch

from adaptlearn.classroom.room import LIFE, Classroom
from adaptlearn.core import luck
from adaptlearn.envs import registry
from adaptlearn.export import sampler

EDGE = 1e-5  # luck this close to an edge may fall on either side


@pytest.fixture(scope="module")
def room():
    return Classroom(registry.rules("tiny-v1", decides="offer"), 2000, seed=3).begin(np.arange(2000))


def both(room, scores, mask, temperature, step):
    """The classroom's slate and torch's, from the same luck.   -> (choice, propensity) twice, probabilities"""
    room.mask[:] = mask
    room.life[:, LIFE["step"]] = step
    room.choose(scores, temperature)
    u = luck.uniform(room.seed, luck.POLICY, room.ids[:, None], step, np.arange(room.offers.shape[1]))
    parts = [torch.from_numpy(x) for x in (scores, mask.astype(bool), np.array([temperature], np.float32), u)]
    choice, propensity, probabilities = (x.numpy() for x in sampler.choose(*parts))
    return (room.offers.copy(), room.propensity.copy()), (choice, propensity), probabilities, u


@pytest.mark.parametrize("temperature", [0.0, 0.02, 1.0, 7.0])
def test_slates_and_propensities_are_those_of_the_classroom(room, temperature):
    """Except where luck lies on an edge between two activities; how often is said."""
    otherwise, drawn = 0, 0
    for step in range(20):
        scores = 2.0 * luck.normal(1, luck.TRIAL, room.ids[:, None], step, np.arange(room.mask.shape[1]))
        scores = np.round(scores, 1) if step % 2 else scores  # ties, as rules have them
        mask = (luck.uniform(2, luck.TRIAL, room.ids[:, None], step, np.arange(room.mask.shape[1])) < 0.6).astype(
            np.uint8
        )
        mask[:, 0] = 1
        (offers, chances), (choice, propensity), probabilities, u = both(room, scores, mask, temperature, step)
        left = (
            np.maximum(mask.sum(1)[:, None] - np.arange(offers.shape[1]), 0) > 0
        )  # places for which something was left
        same = np.logical_and.accumulate((offers == choice) | ~left, axis=1)
        at_edge = np.abs(probabilities.cumsum(1) - u[:, :1]).min(1) < EDGE
        assert same[~at_edge, 0].all()
        otherwise, drawn = otherwise + int((~same & left).sum()), drawn + int(left.sum())
        np.testing.assert_allclose(propensity[same & left], chances[same & left], atol=1e-6)
        np.testing.assert_array_equal(choice[~left], 0)
        np.testing.assert_array_equal(propensity[~left], 1.0)
        np.testing.assert_allclose(probabilities.sum(1), 1.0, atol=1e-5)
        assert (probabilities[mask == 0] == 0.0).all()
    print(f"temperature {temperature}: {otherwise} of {drawn} places fell otherwise; only luck at an edge may")
    assert otherwise <= 1e-4 * drawn


def test_a_place_is_the_same_however_many_follow(room):
    scores = luck.normal(1, luck.TRIAL, room.ids[:, None], 0, np.arange(room.mask.shape[1]))
    u = luck.uniform(1, luck.POLICY, room.ids[:, None], 0, np.arange(5))
    parts = [torch.from_numpy(x) for x in (scores, np.ones_like(scores, bool), np.ones(1, np.float32))]
    whole = sampler.choose(*parts, torch.from_numpy(u))
    for k in (1, 2, 3):
        some = sampler.choose(*parts, torch.from_numpy(u[:, :k]))
        assert torch.equal(some[0], whole[0][:, :k]) and torch.equal(some[1], whole[1][:, :k])
    assert all(len(set(row.tolist())) == 5 for row in whole[0])


def test_scores_without_bounds_never_let_an_illegal_activity_through():
    inf = float("inf")
    scores = torch.tensor([[-inf, 1.0, -inf, 2.0], [-inf, 9.0, 9.0, 9.0], [-3.3e38, -inf, 5.0, 5.0]])
    mask = torch.tensor([[True, False, True, False], [True, False, False, False], [True, True, False, True]])
    for temperature in (0.0, 1e-6, 1.0):
        choice, propensity, _ = sampler.choose(scores, mask, torch.tensor([temperature]), torch.full((3, 4), 0.999))
        assert mask.gather(1, choice).logical_or(choice == 0).all()
        assert torch.isfinite(propensity).all()
