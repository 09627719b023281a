"""Agents that keep a memory or draw: schedules held to their authors' arithmetic, chances to counting."""

import numpy as np
import pytest
import torch

from adaptlearn.agents import shelf
from adaptlearn.agents.spacing import FSRS, SM2, Leitner
from adaptlearn.core.posterior import Posterior
from adaptlearn.core.record import Tracer, ViewSpec, after_items
from adaptlearn.core.world import load

YES, NO = torch.ones(1, 1), torch.zeros(1, 1)


@pytest.fixture(scope="module")
def world():
    return load("tiny-v1")


def answered(agent, outcomes, days):
    """One skill's card after answers, each some days after the one before."""
    cards = torch.zeros(1, agent.own, 1)
    for outcome, gap in zip(outcomes, days, strict=True):
        cards = agent.reviewed(cards, YES, YES if outcome else NO, torch.full((1, 1), float(gap)))
    return cards[0, :, 0].tolist()


def test_leitner_climbs_a_box_a_success_and_falls_to_the_first(world):
    agent = Leitner.for_world(world)
    assert answered(agent, [1, 1, 1], [0, 0, 0]) == [3.0]
    assert answered(agent, [1, 1, 0], [0, 0, 0]) == [0.0]
    assert answered(agent, [1] * 9, [0] * 9) == [5.0]
    cards = torch.tensor([[[2.0]]])
    assert agent.late(cards, torch.tensor([[3.9]])).item() == 0
    assert agent.late(cards, torch.tensor([[4.1]])).item() > 0


def test_sm2_follows_wozniak_s_intervals(world):
    ease, interval = 2.5, 0.0
    for n in range(1, 6):
        ease = ease + 0.1 - (5 - 5) * (0.08 + (5 - 5) * 0.02)
        interval = {1: 1.0, 2: 6.0}.get(n, interval * ease)
        times, found, eased = answered(SM2.for_world(world), [1] * n, [0] * n)
        assert times == n
        assert found == pytest.approx(interval, rel=1e-5)
        assert eased + 2.5 == pytest.approx(ease, rel=1e-5)
    times, interval, eased = answered(SM2.for_world(world), [1, 1, 1, 0], [0] * 4)
    assert (times, interval) == (0.0, 1.0)
    assert eased + 2.5 == pytest.approx(2.8 + 0.1 - 3 * (0.08 + 3 * 0.02), rel=1e-5)


def test_fsrs_recalls_nine_in_ten_after_one_stability_and_gains_most_from_late_success(world):
    agent = FSRS.for_world(world)
    for stability in (0.2, 3.0, 50.0):
        s = torch.tensor([[stability]])
        assert agent.recall(s, s).item() == pytest.approx(0.9, abs=1e-5)
    first = answered(agent, [1], [0])
    assert first == pytest.approx([2.3065, 2.1181], rel=1e-4)
    soon, late = answered(agent, [1, 1], [0, 0.5])[0], answered(agent, [1, 1], [0, 5.0])[0]
    assert late > soon > first[0]
    lapsed = answered(agent, [1, 0], [0, 5.0])
    assert lapsed[0] < first[0] and first[1] < lapsed[1] <= 10.0


@pytest.mark.parametrize("kind", [Leitner, SM2, FSRS])
def test_a_skill_that_is_not_asked_about_keeps_its_card(kind, world):
    agent = kind.for_world(world)
    cards = torch.rand(4, agent.own, 3) + 1.0
    torch.testing.assert_close(agent.reviewed(cards, torch.zeros(4, 3), torch.ones(4, 3), torch.ones(4, 3)), cards)


def view_of(world, belief, target):
    spec = ViewSpec(len(world.skills))
    view = torch.zeros(1, spec.size)
    view[0, spec.at("belief")] = torch.tensor(belief)
    view[0, spec.at("target")] = torch.tensor(target)
    view[0, spec.total("time_left")] = 0.8
    return view, torch.tensor(world.features), torch.zeros(1, len(world.activities), 3)


def test_thompson_gives_each_activity_its_chance_of_being_the_best(world):
    agent = shelf.build("thompson", world, draws=400)
    parts = view_of(world, [0.9, 0.3, 0.2], [0.0, 0.33, 0.67])
    scores, _ = agent(*parts, torch.zeros(1, 0), torch.zeros(1, 0))
    odds = scores.softmax(1)[0]
    assert odds[0] < 1e-6 and odds.sum().item() == pytest.approx(1.0, abs=1e-5)
    certain = view_of(world, [1.0, 1.0, 0.0], [0.0, 0.33, 0.67])
    sure, _ = agent(*certain, torch.zeros(1, 0), torch.zeros(1, 0))
    assert sure.softmax(1).max() > 0.9 > odds.max()  # what is known for sure leaves one best


def test_thompson_believes_what_each_draw_of_a_posterior_would(world, tmp_path):
    """Another prior, the same answers: Bayes' rule by hand; and a skill that is learned sooner is taught sooner."""
    k, tracer = [skill.id for skill in world.skills], world.tracer.astype(float)
    draws = {"prior": np.array([[0.2], [0.6]]), "learn": np.array([[0.1], [0.1]])}
    file = Posterior(draws, labels={"prior": (k[2],), "learn": (k[2],)}).save(tmp_path / "people.npz")
    agent = shelf.build("thompson", world, draws=2, posterior=str(file))
    told = lambda prior: float(after_items(prior, 2.0, 1.0, Tracer(*tracer[2])))  # noqa: E731
    view = view_of(world, [0.4, 0.4, told(tracer[2, 0])], [0.0, 0.33, 0.67])[0]
    believed = agent._believed(agent.sight.learner(view))[0]
    assert believed[:, 2].tolist() == pytest.approx([told(0.2), told(0.6)], abs=1e-5)
    assert believed[:, :2].flatten().tolist() == pytest.approx([0.4] * 4, abs=1e-5)

    odds = []
    for learn in (0.01, 0.6):
        one = Posterior({"learn": np.full((3, 1), learn)}, labels={"learn": (k[2],)})
        scores = shelf.build("thompson", world, posterior=one)(*view_of(world, [0.9, 0.5, 0.3], [0.0, 0.5, 0.5]),
                                                               torch.zeros(1, 0), torch.zeros(1, 0))[0]  # fmt: skip
        odds.append(float(scores.softmax(1)[0] @ torch.tensor(world.teaches)[:, 2]))
    assert odds[1] > odds[0] + 0.05
    with pytest.raises(ValueError, match="say nothing of this world's skills"):
        shelf.build("thompson", world, posterior=Posterior({"ability.sd": np.ones(3)}))


def test_zpdes_draws_from_what_is_open_and_more_where_there_is_progress(world):
    agent = shelf.build("zpdes", world)
    belief = [0.9, 0.6, 0.1]  # greeting is known, listening opens resolving
    view, catalogue, history = view_of(world, belief, [0.0, 0.33, 0.67])
    memory = torch.zeros(1, agent.memory_size)
    plain, _ = agent(view, catalogue, history, memory, torch.zeros(1, 0))
    moved = torch.tensor([[0.9, 0.6, 0.1, 0.0, 0.8, 0.0, 1.0, 1.0, 1.0]])
    eager, _ = agent(view, catalogue, history, moved, torch.zeros(1, 0))
    teaches = torch.tensor(world.teaches)
    listening = lambda scores: float(scores.softmax(1)[0] @ (teaches[:, 1] * (teaches[:, 2] == 0)))  # noqa: E731
    assert listening(eager) > listening(plain)


def test_a_probe_asks_first_and_then_teaches_as_mastery_does(world):
    agent, mastery = shelf.build("probe", world, probes=2), shelf.build("mastery", world)
    view, catalogue, history = view_of(world, [0.3, 0.3, 0.3], [0.0, 0.33, 0.67])
    nothing, spec = torch.zeros(1, 0), ViewSpec(3)
    first = agent(view, catalogue, history, nothing, nothing)[0][0].argmax().item()
    assert world.assesses[first].sum() > 0
    view[0, spec.total("decisions")] = 2 / 22
    ours, theirs = (a(view, catalogue, history, nothing, nothing)[0] for a in (agent, mastery))
    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
