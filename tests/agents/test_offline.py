"""Learning from a log alone: the log's policy is recovered, what was never tried is not chosen, ends are ends."""

import numpy as np
import pytest
import torch

from adaptlearn.agents import dqn, offline, shelf
from adaptlearn.agents.returns import ahead
from adaptlearn.classroom.room import Classroom
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.policy import Head
from adaptlearn.envs.registry import rules
from adaptlearn.evaluation.compare import paired
from adaptlearn.lab.retelling import lessons

FRESH = np.arange(1000, 3048)


@pytest.fixture(scope="module")
def room():
    return rules("tiny-v1")


def logged(room, name, temperature, learners, tmp_path_factory):
    policy = shelf.build(name, room.world)
    policy.head = Head(temperature)
    log = simulate(policy, room, np.arange(50_000, 50_000 + learners), 7, log=True).log
    return lessons(log.save(tmp_path_factory.mktemp("log") / "log.parquet"), room.world)


@pytest.fixture(scope="module")
def mastery(room, tmp_path_factory):
    return logged(room, "mastery", 1.0, 600, tmp_path_factory)


def test_lessons_are_what_the_policy_met(room, mastery):
    """The views, histories and masks of a retold log are those of the classroom that wrote it, decision by decision."""
    policy, seen = shelf.build("mastery", room.world), []

    def note(classroom):
        alive = classroom.alive
        parts = classroom.ids, classroom.view, classroom.history(), classroom.mask > 0
        seen.append([part[alive] for part in parts])

    policy.head = Head(1.0)
    simulate(policy, room, np.arange(50_000, 50_600), 7, before=note)
    ids = np.concatenate([part[0] for part in seen])
    order = np.argsort(ids, kind="stable")
    for j, (found, atol) in enumerate([(mastery.view, 2e-6), (mastery.history, 2e-6), (mastery.mask, 0)], 1):
        np.testing.assert_allclose(found.numpy(), np.concatenate([part[j] for part in seen])[order], atol=atol)
    assert mastery.ended.sum() == 600 and (mastery.ended + mastery.follows).max() == 1


def test_a_clone_gives_the_offers_the_chances_they_had(room, mastery):
    """Mean log chance within .02 nats of that of the policy that wrote the log; uniform is .3 nats away."""
    net = offline.clone(room, Classroom, 1, offline.CloneSettings(epochs=12), lessons=mastery)
    catalogue, nothing = torch.tensor(room.world.features), torch.zeros(len(mastery.action), 0)
    policy = shelf.build("mastery", room.world)

    def nats(scores):
        log_p = scores.masked_fill(~mastery.mask, -1e9).log_softmax(1)
        return float(log_p.gather(1, mastery.action[:, None]).mean())

    with torch.inference_mode():
        found = nats(net(mastery.view, catalogue, mastery.history, nothing, nothing)[0])
        true = nats(policy(mastery.view, catalogue, mastery.history, nothing, nothing)[0])
        even = nats(torch.zeros_like(mastery.mask, dtype=torch.float32))
    assert even < true - 0.1, "the log's policy is no better than chance: the test has nothing to find"
    assert found > true - 0.02


def test_what_a_log_never_tried_is_not_chosen(room, mastery):
    """A log in which an activity is never offered, though legal: the conservative agent hardly ever offers it."""
    never = int(torch.bincount(mastery.action, minlength=mastery.mask.shape[1])[1:].argmax()) + 1
    kept = mastery.action != never
    last = torch.zeros_like(mastery.follows)
    without = offline.Lessons(*(x[kept] for x in (mastery.view, mastery.history, mastery.mask, mastery.action)),
                              mastery.reward[kept] , last[kept], torch.ones(int(kept.sum())))  # fmt: skip
    agent = offline.cql(room, Classroom, 1, offline.Settings(epochs=4), lessons=without)
    catalogue, nothing = torch.tensor(room.world.features), torch.zeros(len(mastery.action), 0)
    with torch.inference_mode():
        scores = agent(mastery.view, catalogue, mastery.history, nothing, nothing)[0]
    legal = mastery.mask[:, never]
    chosen = scores.masked_fill(~mastery.mask, -1e9).argmax(1)
    assert (chosen[legal] == never).float().mean() < 0.01 < (mastery.action[legal] == never).float().mean()


def test_conservative_q_learning_beats_the_policy_of_its_log(room, tmp_path_factory):
    """On what the record believes, which is what it is taught by; the log's policy offers anything allowed."""
    told = logged(room, "random", 1.0, 1200, tmp_path_factory)
    agent = offline.cql(room, Classroom, 1, offline.Settings(epochs=12), lessons=told)
    ours, theirs = (simulate(p, room, FRESH, 9)["assessed"] for p in (agent, shelf.build("random", room.world)))
    gain = paired(ours, theirs)
    assert gain.mean > 0 and gain.clear()


def test_where_the_log_stops_looking_nothing_is_learned():
    """Two learners: one whose life is told to its end, one whose log breaks off; n = 2."""
    d = 6
    told = offline.Lessons(torch.zeros(d, 1), torch.zeros(d, 1, 3), torch.ones(d, 1, dtype=torch.bool),
                           torch.zeros(d, dtype=torch.long), torch.tensor([1.0, 2, 3, 1, 2, 3]),
                           torch.tensor([1.0, 1, 0, 1, 1, 0]), torch.tensor([0.0, 0, 1, 0, 0, 0]))  # fmt: skip
    total, going = offline.onward(told, offline.Settings(n=2, scale=1.0, gamma=0.5))
    np.testing.assert_allclose(total[:3], [2.0, 3.5, 3.0])
    np.testing.assert_allclose(going, [0.25, 0.0, 0.0, 0.25, -1.0, -1.0])


@pytest.mark.kernels
def test_n_step_returns_are_the_written_out_sums():
    dice = np.random.default_rng(0)
    kept, rows, n, gamma = 9, 3, 4, 0.9
    reward, over = dice.normal(size=(kept, rows)).astype(np.float32), dice.random((kept, rows)) < 0.3
    step, row = dice.integers(0, 40, 200), dice.integers(0, rows, 200)
    total, going = ahead(reward, over, step, row, n, gamma)
    for b in range(200):
        wanted, alive = 0.0, 1.0
        for j in range(n):
            at = (step[b] + j) % kept, row[b]
            wanted += alive * gamma**j * reward[at]
            alive *= 1.0 - over[at]
        assert total[b] == pytest.approx(wanted, abs=1e-5)
        assert going[b] == pytest.approx(alive * gamma**n, abs=1e-6)


def test_q_learning_beats_chance_on_a_tiny_world(room):
    net = dqn.train(room, Classroom, 1, dqn.Settings(decisions=30_000))
    gain = paired(*(simulate(p, room, FRESH, 9)["value"] for p in (net, shelf.build("random", room.world))))
    assert gain.mean > 0 and gain.clear()


def test_the_same_seed_gives_the_same_weights(room, mastery):
    few = dqn.Settings(decisions=16 * 40, rows=16, first=20, kept=32, batch=32)
    one, two = (dqn.train(room, Classroom, 3, few).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], two[name]) for name in one)
    once = offline.Settings(epochs=1)
    one, two = (offline.cql(room, Classroom, 3, once, lessons=mastery).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize("stop", [1, 3])
def test_q_learning_that_was_cut_off_ends_with_the_same_weights(room, stop):
    """The ring of what it replays has gone round by the last state."""
    few, kept = dqn.Settings(decisions=16 * 60, rows=16, first=20, kept=32, batch=32, check=10), []

    def judge(net):
        return float(net.weights.sum().detach())

    whole = dqn.train(room, Classroom, 3, few, judge=judge, keep=kept.append)
    state = {name: value.copy() for name, value in kept[stop].items()}
    again = dqn.train(room, Classroom, 3, few, judge=judge, resume=state)
    for (name, one), other in zip(whole.state_dict().items(), again.state_dict().values(), strict=True):
        assert torch.equal(one, other), name
    with pytest.raises(ValueError, match="dqn: not a state of this training"):
        dqn.train(room, Classroom, 3, dqn.Settings(rows=8), resume=state)


@pytest.mark.parametrize("name", ["clone", "cql"])
def test_without_a_log_it_says_what_is_needed(room, name):
    with pytest.raises(
        ValueError, match=rf"agent {name} learns from a log alone.*e\.g\. adaptlearn train agent={name}"
    ):
        shelf.school(name)[0](room, Classroom, 1)


def test_settings_that_cannot_be_are_refused_by_name():
    with pytest.raises(ValueError, match=r"cql: support = 2.*e\.g\. 0\.2"):
        offline.Settings(support=2)
    with pytest.raises(ValueError, match="dqn: n = 9, first = 4"):
        dqn.Settings(n=9, first=4)
