"""What is believed of learners: read off the record alone, true to what is known at each moment, and no surer than it
may be; and an agent that reads it meets at work what it was taught with."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from adaptlearn.agents import linear, shelf
from adaptlearn.agents.belief import Belief, Normal
from adaptlearn.agents.belief_fit import Settings, along, fit, lived, logits, score, truth
from adaptlearn.agents.believing import BelievedRoom, Believing, rooms
from adaptlearn.agents.happened import EVENT, SUMS, Reader, picked
from adaptlearn.classroom.room import Classroom
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.record import PER_SKILL, Tracer, after_items
from adaptlearn.envs.registry import rules

FEW = Settings(rounds=16, learners=64, batch=32, hidden=12, context=12, rate=2e-2, check=8)
TINY = rules("tiny-v1", catalogue="usual_error")


@pytest.fixture(scope="module")
def belief():
    return fit([TINY], 3, FEW)


@pytest.fixture(scope="module")
def held_out(belief):
    """Other learners, under a policy that nobody trained with."""
    return lived(shelf.build("zpdes", TINY.world), TINY, np.arange(400, dtype=np.uint64), 9, belief.reader)


@pytest.mark.parametrize("name", ["tiny-v1", "onboarding-v1"])
def test_what_was_asked_and_answered_is_read_back_from_two_views(name):
    """The record holds the answers, a view does not; the reader solves the tracer's update for them."""
    terms = rules(name, catalogue="usual_error")
    world, k = terms.world, len(terms.world.skills)
    reader, catalogue, past, told = Reader(world), torch.from_numpy(world.features.copy()), {}, []

    def look(room):
        now = reader.told(torch.from_numpy(room.view.copy()), catalogue, torch.from_numpy(room.history()))
        record = room.rec[:, : len(PER_SKILL) * k].reshape(room.n, len(PER_SKILL), k).copy()
        if past:
            event = reader.event(past["told"], now, torch.arange(k).expand(room.n, k))
            asked = (record - past["record"])[:, [PER_SKILL.index("answered"), PER_SKILL.index("right")]]
            known = np.stack([record[:, 0], past["record"][:, 0]]).clip(0.0, 1.0)
            clear = (known > 1e-3).all(0) & (known < 1 - 1e-3).all(0) & room.acting[:, None] & (asked[:, 0] > 0)
            clear &= known[0] > reader.learn.numpy() * 1.001  # it was near 0 before the visit taught anything
            told.append((5.0 * event[..., :2].numpy()[clear], asked.swapaxes(1, 2)[clear]))
        past.update(told=now, record=record)

    simulate(shelf.build("random", world), terms, np.arange(120), 5, before=look)
    found, wanted = (np.concatenate(part) for part in zip(*told, strict=True))
    assert len(found) > 500
    np.testing.assert_allclose(found[:, 0], wanted[:, 0], atol=1e-2)
    assert (np.abs(found[:, 1] - wanted[:, 1]) < 0.5).mean() > 0.999


def test_a_skill_that_nothing_touched_keeps_what_is_remembered_of_it(belief):
    room = Classroom(TINY, 40, 4).begin(np.arange(40))
    catalogue, memory = torch.from_numpy(TINY.world.features.copy()), torch.zeros(40, belief.memory_size)
    kept = moved = 0
    with torch.inference_mode():
        for _ in range(8):
            view, history = torch.from_numpy(room.view.copy()), torch.from_numpy(room.history())
            before = belief.unpacked(memory)
            touched = belief.reader.touched(before.told, belief.reader.told(view, catalogue, history)) > 0.5
            _, memory = belief(view, catalogue, history, memory)
            same = (belief.unpacked(memory).skill == before.skill).all(2)
            assert same[~touched].all()
            kept, moved = kept + int((~touched).sum()), moved + int((~same).sum())
            room.wander()
            room.step()
    assert kept > 0 and moved > 0


def test_before_any_answer_it_believes_what_is_true_of_people_at_large(belief):
    told = lived(shelf.build("random", TINY.world), TINY, np.arange(1500, dtype=np.uint64), 4, belief.reader)
    with torch.no_grad():
        said = along(belief, told)
    first = told.made.cumsum(0)[told.made.nonzero(as_tuple=True)[0], told.made.nonzero(as_tuple=True)[1]] == 1
    true = logits(told.now[told.made])[first]
    off = said.now.mean[first].mean(0) - true.mean(0)
    assert (off.abs() < 0.35 * true.std(0)).all() and abs(float(off.mean())) < 0.2
    np.testing.assert_allclose(said.now.sd[first].mean(0), true.std(0), rtol=0.2)


def test_the_more_was_right_the_more_is_believed(belief):
    """The same visit, with every number of right answers that it may have had."""
    world, items, k = TINY.world, 4, 0
    told = lived(shelf.build("mastery", world), TINY, np.arange(64, dtype=np.uint64), 4, belief.reader)
    view, before = told.view[3], told.told[3]
    tracer = Tracer(*world.tracer[k])
    old = (before[:, k, 0] + tracer.prior).numpy()
    means = []
    for right in range(items + 1):
        now = before.clone()
        now[:, k, SUMS.index("belief")] = torch.from_numpy(after_items(old, items, right, tracer)) - tracer.prior
        now[:, k, SUMS.index("answered")] += items
        state = belief.unpacked(torch.zeros(len(view), belief.memory_size))._replace(told=before)
        event = belief.reader.event(before, now, torch.zeros(len(view), 1, dtype=torch.long))
        assert (event[:, 0, EVENT.index("right")] * 5.0).round().eq(right).float().mean() > 0.9
        with torch.no_grad():
            level, _ = belief.step(view, now, state)
        means.append(float(level.levels()[0][:, k].mean()))
    assert (np.diff(means) > 0.0).all()


def test_intervals_hold_as_often_as_they_say_and_it_scores_better_than_knowing_people_at_large(belief, held_out):
    with torch.no_grad():
        said = along(belief, held_out)
    true = logits(held_out.now[held_out.made])
    off = ((true - said.now.mean) / said.now.sd).abs()
    for sd, share in ((0.674, 0.5), (1.282, 0.8), (1.96, 0.95)):
        assert abs(float((off <= sd).float().mean()) - share) < 0.08
    at_large = Normal(true.mean(0), true.std(0)).log_score(true).mean()
    assert float(said.now.log_score(true).mean()) > float(at_large) + 0.05


def test_the_record_is_all_it_sees(belief):
    """Other minds and traits behind the same record are believed the same, and other records are not."""
    room = BelievedRoom(Classroom(TINY, 50, 4), belief).begin(np.arange(50))
    for _ in range(5):
        room.wander()
        room.step()
    state, order = room.snapshot(), np.roll(np.arange(50), 1)
    room.mind[:], room.traits[:] = room.mind[order], room.traits[order]
    before = room.view.copy()
    room._look()
    shown = room.view.copy()
    room.restore(state)
    room._look()
    np.testing.assert_array_equal(room.view, shown)
    assert (before != before[order]).any()


def test_same_seed_same_weights():
    few = replace(FEW, rounds=2, learners=16, batch=16, check=1)
    one, same, other = (fit([TINY], seed, few).state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)


def test_a_learner_is_believed_the_same_in_any_company(belief):
    policy = Believing(shelf.build("mastery", TINY.world), belief)
    all_, some = (simulate(policy, TINY, ids, 7)["value"] for ids in (np.arange(60), np.arange(20, 30)))
    np.testing.assert_array_equal(all_[20:30], some)


def test_a_history_at_once_is_the_history_step_by_step(belief, held_out):
    few = held_out.every(100, 0)
    with torch.no_grad():
        said = along(belief, few)
    state = belief.unpacked(torch.zeros(few.view.shape[1], belief.memory_size))
    for t in range(4):  # nobody has left by then
        now, state = belief.step(few.view[t], few.told[t], state)
    at = (few.made.nonzero()[:, 0] == 3).nonzero()[:, 0]
    torch.testing.assert_close(said.now.mean[at], now.mean[few.made[3]], atol=1e-5, rtol=1e-5)


def test_it_serves_a_world_of_other_skills(belief):
    """Weights know nothing of how many skills there are."""
    other = rules("onboarding-v1")
    larger = Belief.for_world(other.world, **belief.shape)
    larger.load_state_dict(belief.state_dict())
    told = lived(shelf.build("syllabus", other.world), other, np.arange(8, dtype=np.uint64), 1, larger.reader)
    assert torch.isfinite(score(larger, told)[0])


def test_an_agent_meets_at_work_the_views_that_it_was_taught_with(belief):
    room, agent = rooms(belief, Classroom)(TINY, 30, 5).begin(np.arange(30)), linear.Linear.for_world(TINY.world)
    catalogue, none = torch.from_numpy(TINY.world.features.copy()), torch.zeros(30, 0)
    with torch.inference_mode():
        while room.alive.any():
            scores, _ = agent(torch.from_numpy(room.view), catalogue, torch.from_numpy(room.history()), none, none)
            room.choose(scores.numpy(), 0.0)
            room.step()
    at_work = simulate(Believing(agent, belief), TINY, np.arange(30), 5)
    np.testing.assert_array_equal(room.visits, at_work.visits)


def test_a_room_goes_on_from_a_snapshot_with_what_was_believed(belief):
    room = BelievedRoom(Classroom(TINY, 20, 5, autoreset=True), belief).begin()
    for _ in range(6):
        room.wander()
        room.step()
    state, views = room.snapshot(), []
    for _ in range(2):
        room.restore(state)
        for _ in range(30):
            room.wander()
            room.step()
        views.append(room.view.copy())
    np.testing.assert_array_equal(*views)


def test_levels_of_a_normal_are_its_average(belief):
    mean, sd = torch.tensor([-2.0, 0.0, 1.0]), torch.tensor([0.3, 1.5, 2.5])
    level, spread = Normal(mean, sd).levels()
    z = torch.randn(200_000, 3, generator=torch.Generator().manual_seed(1))
    drawn = torch.sigmoid(mean + sd * z)
    torch.testing.assert_close(level, drawn.mean(0), atol=4e-3, rtol=0.0)
    torch.testing.assert_close(spread, drawn.std(0), atol=8e-3, rtol=0.0)


def test_truth_is_the_law_s_own_forecast():
    lives = simulate(shelf.build("mastery", TINY.world), TINY, np.arange(40), 2)
    now, later = truth(TINY, lives.mind[None], lives.touched[None], lives["day"][None])
    worth = (later[0].numpy() * TINY.world.targets[lives["role"].astype(int)]).sum(1)
    np.testing.assert_allclose(worth, lives["value"], atol=1e-5)
    assert (now >= later - 1e-6).all()


def test_picked_rows_are_those_of_the_skills_named():
    x, at = torch.arange(24.0).view(2, 4, 3), torch.tensor([[1, 3], [0, 2]])
    torch.testing.assert_close(picked(x, at), torch.stack([x[0, [1, 3]], x[1, [0, 2]]]))
