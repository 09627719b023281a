"""Rooms of several rules as one: everyone has a share, and everyone lives as in a room of their own."""

import numpy as np
import pytest
import torch

from adaptlearn.agents import ppo
from adaptlearn.classroom.mixed import APART, JOINED, Mixed
from adaptlearn.classroom.room import Classroom
from adaptlearn.envs.registry import rules

LAWS = ("workplace", "bkt", "memory")


@pytest.fixture(scope="module")
def many():
    return [rules("tiny-v1", law) for law in LAWS]


def test_every_room_has_its_share_and_lives_as_if_it_were_alone(many):
    mixed = Mixed(many, 17, 5, autoreset=True).begin()
    sizes = [share.stop - share.start for share in mixed.shares]
    assert sum(sizes) == 17 and max(sizes) - min(sizes) <= 1 and mixed.shares[-1].stop == 17
    alone = [
        Classroom(r, n, 5 + APART * j, autoreset=True).begin() for j, (r, n) in enumerate(zip(many, sizes, strict=True))
    ]
    dice = np.random.default_rng(0)
    for _ in range(30):
        scores = dice.normal(size=mixed.mask.shape).astype(np.float32)
        mixed.choose(scores)
        mixed.step()
        for room, share in zip(alone, mixed.shares, strict=True):
            room.choose(scores[share])
            room.step()
            for name in JOINED:
                np.testing.assert_array_equal(getattr(mixed, name)[share], getattr(room, name), err_msg=name)
            np.testing.assert_array_equal(mixed.history()[share], room.history())
            np.testing.assert_array_equal(mixed.mind[share, :, : room.mind.shape[2]], room.mind)
            np.testing.assert_array_equal(mixed.now("value")[share], room.now("value"))
    assert len({mixed.rooms[j].mind.shape[2] for j in range(3)}) > 1, "minds are all as wide: nothing was padded"


def test_a_training_in_a_mixture_goes_on_with_the_same_weights(many):
    few, kept = ppo.Settings(decisions=3 * 12 * 4, rows=12, steps=4, batch=24, check=1), []

    def classroom(_, n, seed, **more):
        return Mixed(many, n, seed, **more)

    whole = ppo.train(many[0], classroom, 1, few, keep=kept.append)
    again = ppo.train(many[0], classroom, 1, few, resume=kept[0])
    for one, other in zip(whole.state_dict().values(), again.state_dict().values(), strict=True):
        assert torch.equal(one, other)


def test_what_cannot_be_mixed_is_refused_by_name(many):
    with pytest.raises(ValueError, match="rows = 2 for 3 kinds of rooms"):
        Mixed(many, 2, 1)
    with pytest.raises(ValueError, match="onboarding-v1 and tiny-v1 differ"):
        Mixed([many[0], rules("onboarding-v1")], 8, 1)
