"""What every agent must do: score any catalogue, depend on its arguments alone, choose what is legal."""

import numpy as np
import pytest
import torch

from adaptlearn.agents import shelf
from adaptlearn.agents.rules import LAST, Mastery, MasterySettings
from adaptlearn.agents.sight import Sight
from adaptlearn.classroom.room import Classroom
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.catalogue import FEATURES
from adaptlearn.core.policy import Policy
from adaptlearn.core.record import ViewSpec
from adaptlearn.core.world import load
from adaptlearn.envs.registry import rules

NAMES = sorted(shelf.OWN)


@pytest.fixture(scope="module")
def tiny():
    return rules("tiny-v1")


@pytest.fixture(scope="module")
def moments(tiny):
    """Views, catalogue and history of forty learners after a few random steps."""
    room = Classroom(tiny, 40, 3).begin(np.arange(40))
    for _ in range(6):
        room.choose(np.zeros(room.mask.shape, np.float32))
        room.step()
    return torch.from_numpy(room.view.copy()), torch.tensor(tiny.world.features), torch.from_numpy(room.history())


def scores_of(agent, view, catalogue, history):
    n = len(view)
    with torch.inference_mode():
        own = torch.zeros(n, agent.memory_size), torch.zeros(n, agent.luck_size)
        scores, memory = agent(view, catalogue, history, *own)
    assert memory.shape == (n, agent.memory_size)
    return scores


@pytest.mark.parametrize("name", NAMES)
def test_an_agent_is_a_policy_that_scores_every_activity_finitely(name, tiny, moments):
    agent = shelf.build(name, tiny.world)
    assert isinstance(agent, Policy)
    scores = scores_of(agent, *moments)
    assert scores.shape == moments[2].shape[:2] and scores.dtype == torch.float32
    assert torch.isfinite(scores).all()


@pytest.mark.parametrize("name", NAMES)
def test_nothing_now_is_the_last_resort(name, tiny, moments):
    scores = scores_of(shelf.build(name, tiny.world), *moments)
    assert (scores[:, 0] < scores[:, 1:].min(1).values).all()


@pytest.mark.parametrize("name", NAMES)
def test_permuting_the_catalogue_permutes_the_scores(name, tiny, moments):
    agent = shelf.build(name, tiny.world)
    view, catalogue, history = moments
    order = torch.randperm(len(catalogue), generator=torch.Generator().manual_seed(1))
    there = scores_of(agent, view, catalogue[order], history[:, order])
    torch.testing.assert_close(there, scores_of(agent, view, catalogue, history)[:, order], rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_the_others_in_the_batch_never_matter(name, tiny, moments):
    agent = shelf.build(name, tiny.world)
    view, catalogue, history = moments
    whole = scores_of(agent, view, catalogue, history)
    torch.testing.assert_close(scores_of(agent, view[7:9], catalogue, history[7:9]), whole[7:9], rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(scores_of(agent, view, catalogue, history), whole, rtol=0, atol=0)


@pytest.mark.parametrize("name", NAMES)
def test_withdrawn_and_new_activities_need_no_retraining(name, tiny, moments):
    agent = shelf.build(name, tiny.world)
    view, catalogue, history = moments
    fewer = scores_of(agent, view, catalogue[:6], history[:, :6])
    new = torch.cat([catalogue, catalogue[2:3]])
    more = scores_of(agent, view, new, torch.cat([history, torch.zeros_like(history[:, :1])], 1))
    assert fewer.shape[1] == 6 and more.shape[1] == len(catalogue) + 1
    assert torch.isfinite(fewer).all() and torch.isfinite(more).all()


@pytest.mark.parametrize("name", NAMES)
def test_what_is_done_is_legal(name, tiny):
    agent = shelf.build(name, tiny.world)
    room = Classroom(tiny, 64, 5).begin(np.arange(64))
    catalogue = torch.tensor(tiny.world.features)
    for _ in range(10):
        scores = scores_of(agent, torch.from_numpy(room.view), catalogue, torch.from_numpy(room.history()))
        room.choose(scores.numpy(), agent.head.temperature)
        assert room.mask[np.arange(64), room.offers[:, 0]][room.alive].all()
        room.step()


# --- single rules ---------------------------------------------------------------------------------------------------


def moment(world, belief, target, *, done=(), recency=0.0, **blocks):
    """One learner's view and history, by hand.   belief, target: skill id -> value"""
    spec = ViewSpec(len(world.skills))
    view = torch.zeros(1, spec.size)
    for k, name in enumerate(world.skill_ids):
        view[0, spec.at("belief").start + k] = belief.get(name, 0.1)
        view[0, spec.at("target").start + k] = target.get(name, 0.0)
        view[0, spec.at("recency").start + k] = recency.get(name, 0.0) if isinstance(recency, dict) else recency
    for block, values in blocks.items():
        view[0, spec.at(block).start : spec.at(block).start + len(values)] = torch.tensor(values)
    view[0, spec.total("time_left")] = 0.8
    history = torch.zeros(1, len(world.activities), 3)
    for name in done:
        history[0, world.activity_index[name]] = torch.tensor([0.5, 0.5, 1.0])
    return view, torch.tensor(world.features), history


def best(name, world, parts, **settings):
    scores = scores_of(shelf.build(name, world, **settings), *parts)
    return world.activity_ids[int(scores[0].argmax())]


def test_the_syllabus_goes_on_in_its_author_s_order_with_what_the_destination_needs():
    world = load("tiny-v1")
    assert best("syllabus", world, moment(world, {}, {"resolving": 1.0})) == "greeting-video"
    done = ("greeting-video", "greeting-quiz")
    assert best("syllabus", world, moment(world, {}, {"resolving": 1.0}, done=done)) == "listening-reading"
    everything = tuple(world.activity_ids[1:])
    assert best("syllabus", world, moment(world, {}, {"resolving": 1.0}, done=everything)) == "greeting-video"
    some = moment(world, {}, {"greeting": 1.0}, done=done)
    assert best("syllabus", world, some) == "listening-reading"  # which teaches some of it


def test_stated_and_evidenced_listen_to_different_things():
    world = load("tiny-v1")
    says, shows = [0.0, 0.0, 1.0, 0.0], [-2.0, 2.0, -2.0, 0.0, 2.0, 0.0, 2.0, 0.0]
    parts = moment(world, {}, {"resolving": 1.0}, stated=says, preference=shows)
    assert best("stated", world, parts) == "listening-reading"
    assert best("evidenced", world, parts) == "listening-pairs"


def test_mastery_opens_a_skill_when_what_it_rests_on_is_believed_known():
    world = load("tiny-v1")
    teaches = {a.id: {name for name, _ in a.teaches} for a in world.activities}
    target = {"listening": 0.5, "resolving": 1.0}
    assert "greeting" in teaches[best("mastery", world, moment(world, {}, target))]
    known = {"greeting": 0.95}
    assert "listening" in teaches[best("mastery", world, moment(world, known, target))]
    known = {"greeting": 0.95, "listening": 0.95}
    assert "resolving" in teaches[best("mastery", world, moment(world, known, target))]


def test_interleaved_mastery_turns_to_what_has_rested_and_blocked_stays():
    world = load("onboarding-v1")
    target = {"product-map": 0.5, "ticket-tool": 0.5}
    parts = moment(world, {}, target, recency={"product-map": 1.0})
    blocked = moment(world, {}, target, recency={"product-map": 1.0, "ticket-tool": 0.3})
    assert best("mastery", world, parts).startswith("ticket")
    assert best("blocked", world, blocked).startswith("product")


def test_mastery_moves_on_once_a_skill_is_believed_known_but_never_stops():
    world = load("tiny-v1")
    parts = moment(world, {"greeting": 0.99, "listening": 0.99, "resolving": 0.99}, {"resolving": 1.0})
    assert best("mastery", world, parts) != "nothing-now"


def test_interleaving_beats_blocking_beats_chance():
    room, ids = rules("onboarding-v1"), np.arange(1024)
    names = ("mastery", "blocked", "random")
    goal = {n: simulate(shelf.build(n, room.world), room, ids, 9)["value"] for n in names}
    for better, worse in (("mastery", "blocked"), ("blocked", "random")):
        gap = goal[better] - goal[worse]  # the same learners, so differences are paired
        assert gap.mean() > 1.96 * gap.std() / np.sqrt(len(ids)), (better, worse)


def test_rest_is_a_column_of_the_catalogue_and_settings_are_checked():
    assert "rest" in FEATURES and LAST > 100
    with pytest.raises(ValueError, match="threshold = 1.5.*e.g. 0.7"):
        MasterySettings(threshold=1.5)
    with pytest.raises(ValueError, match="window = 3; needed 1"):
        shelf.build("blocked", load("tiny-v1"), window=3)
    sight = Sight.for_world(load("tiny-v1"))
    assert Mastery(sight, MasterySettings(window=2)).settings.window == 2


def test_an_unknown_agent_or_setting_is_refused_by_name():
    world = load("tiny-v1")
    with pytest.raises(ValueError, match="'mastry' is not known; needed one of .*syllabus"):
        shelf.build("mastry", world)
    with pytest.raises(ValueError, match="treshold"):
        shelf.build("mastery", world, treshold=0.9)
    with pytest.raises(ValueError, match="takes no settings"):
        shelf.build("syllabus", world, window=2)
