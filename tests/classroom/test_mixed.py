"""Rooms of several rules as one: everyone has a share, and everyone lives as in a room of their own."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tensors import Tensors

from adaptlearn.agents import believing, ppo, shelf
from adaptlearn.agents.belief import Belief
from adaptlearn.agents.rollout import minibatches
from adaptlearn.classroom.mixed import APART, JOINED, Mixed
from adaptlearn.classroom.room import Classroom, with_rules
from adaptlearn.core.revision import revised
from adaptlearn.core.world import load
from adaptlearn.envs.registry import rules

LAWS = ("workplace", "bkt", "memory")
FEW = ppo.Settings(decisions=3 * 12 * 4, rows=12, steps=4, batch=24, check=1)


def laws():
    """One catalogue, three laws."""
    return [rules("tiny-v1", law) for law in LAWS]


def revisions():
    """A catalogue and two revisions of it, the second of them under a law of its own."""
    first = load("tiny-v1")
    return [rules(first), rules(revised(first, 0.3, 1)), rules(revised(first, 0.3, 2), "bkt")]


@pytest.fixture(scope="module", params=[laws, revisions], ids=lambda kind: kind.__name__)
def many(request):
    return request.param()


def school(many):
    """Makes rooms of a mixture for whoever teaches."""
    return lambda _, n, seed, **more: Mixed(many, n, seed, **more)


@pytest.mark.parametrize("believed", [False, True])
def test_every_room_has_its_share_and_lives_as_if_it_were_alone(many, believed):
    make = believing.rooms(Belief.for_world(many[0].world), Classroom) if believed else Classroom
    mixed = Mixed(many, 17, 5, autoreset=True, make=make).begin()
    sizes = [share.stop - share.start for share in mixed.shares]
    assert sum(sizes) == 17 and max(sizes) - min(sizes) <= 1 and mixed.shares[-1].stop == 17
    alone = [
        make(r, n, 5 + APART * j, autoreset=True).begin() for j, (r, n) in enumerate(zip(many, sizes, strict=True))
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
    kept = []
    whole = ppo.train(many[0], school(many), 1, FEW, keep=kept.append)
    again = ppo.train(many[0], school(many), 1, FEW, resume=kept[0])
    for one, other in zip(whole.state_dict().values(), again.state_dict().values(), strict=True):
        assert torch.equal(one, other)


def test_rows_are_told_what_their_own_room_offers():
    """And neighbours that are offered the same are told at once."""
    first, second, third = revisions()
    mixed = Mixed([first, with_rules(first, law=third.law), second, third], 12, 1)
    assert [(rows.start, rows.stop) for rows, _ in mixed.shelves] == [(0, 6), (6, 9), (9, 12)]
    for (_, features), room in zip(mixed.shelves, (first, second, third), strict=True):
        np.testing.assert_array_equal(features, room.world.features)
    assert len(Mixed(laws(), 12, 1).shelves) == 1


@pytest.mark.parametrize("memory", [0, 5])
@pytest.mark.parametrize("start", ["fixed", "linear"])
def test_every_row_is_taught_and_learned_from_by_what_its_own_room_offers(start, memory):
    """What the minibatches of an update hold: every decision once, every shelf in each, and the chances it was taken
    with come back from the catalogue of its room and from no other."""
    many = revisions()
    s = ppo.Settings(rows=12, steps=30, batch=120, memory=memory)
    training = ppo.Training(many[0], school(many), 3, s, shelf.build(start, many[0].world))
    out, net = training.buffers, training.net
    ppo.collect(training.room, net, training.shelves, out, s)
    view, pairs, mask = (x.flatten(0, 1) for x in (out.view, out.pairs, out.mask))
    met, missed = torch.zeros(len(view)), 0.0
    with torch.no_grad():
        for parts in minibatches(net, out, training.shelves, s.batch, training.dice):
            for (own, catalogue), (rows, remembered) in zip(training.shelves, parts, strict=True):
                assert len(rows) and ((own.start <= rows % s.rows) & (rows % s.rows < own.stop)).all()
                gaps = [
                    net.scores(view[rows], shown, pairs[rows], remembered).masked_fill(~mask[rows], -1e9).log_softmax(1)
                    .gather(1, out.action.ravel()[rows, None])[:, 0] - out.log_chance.ravel()[rows]
                    for shown in (catalogue, training.shelves[0][1])
                ]  # fmt: skip
                torch.testing.assert_close(gaps[0], torch.zeros(len(rows)), atol=2e-4, rtol=0)
                missed += float(gaps[1].abs().max())
                met[rows] += 1.0
    assert (met == 1.0).all()
    assert missed > 1e-3, "another room's catalogue would have done: the test has nothing to find"


@pytest.mark.parametrize("memory", [0, 5])
def test_rooms_of_tensors_side_by_side_are_learned_from_as_rooms_of_arrays(memory):
    many, s = revisions(), ppo.Settings(rows=12, steps=8, batch=48, memory=memory)

    def training(make):
        start = shelf.build("fixed", many[0].world)
        return ppo.Training(many[0], lambda _, n, seed, **more: Mixed(many, n, seed, make=make, **more), 1, s, start)

    one, two = training(Classroom), training(Tensors)
    assert one.advance() == pytest.approx(two.advance(), rel=1e-3, abs=1e-4)
    assert isinstance(two.buffers.reward, torch.Tensor)
    torch.testing.assert_close(one.buffers.pairs, two.buffers.pairs, rtol=0, atol=0)
    for mine, other in zip(one.net.parameters(), two.net.parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-3, atol=1e-4)


def test_catalogues_told_one_by_one_teach_what_they_teach_at_once():
    """The same catalogue as three shelves: one minibatch of everything moves the weights as it does from one shelf."""
    many = laws()
    whole = ppo.Settings(rows=12, steps=8, batch=96, epochs=1)
    apart = [ppo.Training(many[0], school(many), 1, whole) for _ in range(2)]
    apart[1].shelves = [(share, apart[1].shelves[0][1]) for share in apart[1].room.shares]
    one, other = (training.advance() for training in apart)
    assert one == pytest.approx(other, rel=1e-4, abs=1e-5)
    for mine, theirs in zip(apart[0].net.parameters(), apart[1].net.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-4, rtol=1e-4)


def test_what_cannot_be_mixed_is_refused_by_name():
    many = laws()
    with pytest.raises(ValueError, match="rows = 2 for 3 kinds of rooms"):
        Mixed(many, 2, 1)
    with pytest.raises(ValueError, match="onboarding-v1 and tiny-v1 differ in their skills"):
        Mixed([many[0], rules("onboarding-v1")], 8, 1)
    fewer = many[0].world.activities[:-1]
    with pytest.raises(ValueError, match=f"tiny-v1 offers {len(fewer)} activities and tiny-v1 {len(fewer) + 1}"):
        Mixed([many[0], with_rules(many[0], world=replace(many[0].world, activities=fewer))], 8, 1)
