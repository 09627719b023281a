"""PPO: advantages against the sum they abbreviate, same seed same weights, and learning where learning is easy."""

import numpy as np
import pytest
import torch

from adaptlearn.agents import ppo, shelf
from adaptlearn.agents.networks import Pointer
from adaptlearn.classroom.room import Classroom
from adaptlearn.classroom.simulate import simulate
from adaptlearn.envs.registry import rules
from adaptlearn.evaluation.compare import paired

FEW = ppo.Settings(decisions=2 * 64 * 8, rows=64, steps=8, batch=256)


def by_hand(reward, value, last, ended, cut, beyond, gamma, trace):
    """A_t as the written-out sum of discounted errors up to the end of the life."""
    T, N = reward.shape
    out = np.zeros_like(reward)
    for n in range(N):
        for t in range(T):
            weight = 1.0
            for u in range(t, T):
                following = (
                    0.0 if ended[u, n] else beyond[u, n] if cut[u, n] else value[u + 1, n] if u + 1 < T else last[n]
                )
                out[t, n] += weight * (reward[u, n] + gamma * following - value[u, n])
                weight *= gamma * trace
                if ended[u, n] or cut[u, n]:
                    break
    return out


def test_advantages_are_the_written_out_sum():
    dice = np.random.default_rng(0)
    T, N = 7, 5
    reward, value, beyond = (dice.normal(size=(T, N)).astype(np.float32) for _ in range(3))
    last = dice.normal(size=N).astype(np.float32)
    buffers = ppo.Rollout.room_for(T, N, 2, 3)
    buffers.ended[:], buffers.cut[:] = dice.random((T, N)) < 0.2, dice.random((T, N)) < 0.2
    buffers.cut &= ~buffers.ended
    buffers.beyond[:] = beyond
    found = ppo.advantages(reward, value, last, buffers, 0.97, 0.9)
    np.testing.assert_allclose(
        found, by_hand(reward, value, last, buffers.ended, buffers.cut, beyond, 0.97, 0.9), atol=1e-5
    )


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    room = rules("tiny-v1")
    one, two, three = (ppo.train(room, Classroom, seed, FEW).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not all(torch.equal(one[name], three[name]) for name in one)


def test_training_beats_chance_on_a_tiny_world():
    room = rules("tiny-v1")
    ids = np.arange(1000, 1512)
    trained = ppo.train(room, Classroom, 1, ppo.Settings(decisions=90_000, rows=128))
    random = simulate(shelf.build("random", room.world), room, ids, 9)["value"]
    gain = paired(simulate(trained, room, ids, 9)["value"], random)
    assert gain.mean > 0 and gain.clear()


def test_scores_follow_the_catalogue_row_by_row():
    room = rules("tiny-v1")
    net, classroom = Pointer.for_world(room.world, seed=5), Classroom(room, 4, 1).begin(range(4))
    view, catalogue = torch.from_numpy(classroom.view), torch.from_numpy(room.world.features.copy())
    history, nothing = torch.from_numpy(classroom.history()), torch.zeros(4, 0)
    order = torch.randperm(len(catalogue), generator=torch.Generator().manual_seed(0))
    plain, _ = net(view, catalogue, history, nothing, nothing)
    moved, _ = net(view, catalogue[order], history[:, order], nothing, nothing)
    torch.testing.assert_close(plain[:, order], moved, atol=1e-5, rtol=1e-5)


def test_a_rate_of_nothing_is_refused_by_name():
    with pytest.raises(ValueError, match=r"ppo: rate = 0.*e\.g\. 0\.003"):
        ppo.Settings(rate=0)
