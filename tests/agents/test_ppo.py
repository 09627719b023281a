"""PPO: advantages against the sum they abbreviate, same seed same weights, and learning where learning is easy."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tensors import Tensors

from adaptlearn.agents import ppo, shelf
from adaptlearn.agents.best import Diverged
from adaptlearn.agents.networks import Critic, Pointer
from adaptlearn.agents.returns import advantages
from adaptlearn.agents.rollout import Rollout, minibatches
from adaptlearn.classroom import card
from adaptlearn.classroom.room import Classroom
from adaptlearn.classroom.simulate import simulate
from adaptlearn.envs.registry import rules
from adaptlearn.evaluation.compare import paired

FEW = ppo.Settings(decisions=2 * 64 * 8, rows=64, steps=8, batch=256)


@pytest.mark.parametrize(("memory", "start"), [(0, "linear"), (5, "linear"), (0, "fixed"), (5, "fixed")])
def test_a_room_of_tensors_is_learned_from_as_a_room_of_arrays(memory, start):
    """The same lives; then the same weights but for the order in which figures are summed."""
    room = rules("tiny-v1")
    few = replace(FEW, memory=memory)
    one, two = (ppo.Training(room, made, 1, few, shelf.build(start, room.world)) for made in (Classroom, Tensors))
    figures = [training.advance() for training in (one, two)]
    for name in ("view", "pairs", "mask", "action", "log_chance", "insight", "reward", "ended", "cut"):
        here, there = (torch.as_tensor(getattr(t.buffers, name)) for t in (one, two))
        assert isinstance(getattr(two.buffers, name), torch.Tensor)
        torch.testing.assert_close(here, there, rtol=0, atol=2e-5 if name == "log_chance" else 0, msg=name)
    assert figures[0] == pytest.approx(figures[1], rel=1e-3, abs=1e-4)
    for mine, other in zip(one.net.state_dict().values(), two.net.state_dict().values(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-3, atol=1e-4)


def test_a_network_that_begins_as_a_programme_is_the_programme_and_its_file_makes_it_again(tmp_path):
    from adaptlearn.lab import checkpoint

    room, ids = rules("tiny-v1"), np.arange(64)
    programme = shelf.build("fixed", room.world)
    net = ppo.Training(room, Classroom, 1, replace(FEW, memory=4, hidden=24, width=8), programme).net
    lives = [simulate(p, room, ids, 3)["value"] for p in (net, programme)]
    np.testing.assert_allclose(lives[0].mean(), lives[1].mean(), atol=2e-3)
    file = checkpoint.save(tmp_path / "a.npz", net, "ppo", net.made_with, {"world": "tiny-v1"})
    again = checkpoint.load(file, room.world)
    np.testing.assert_array_equal(simulate(again, room, ids, 3)["value"], lives[0])
    assert (again.name, again.memory_size) == ("ppo", 4)


def test_training_goes_on_from_a_network_and_one_that_remembers_otherwise_is_refused():
    room = rules("tiny-v1")
    net = Pointer.for_world(room.world, seed=9)
    begun = ppo.Training(room, Classroom, 1, FEW, net).net
    assert begun is not net
    assert all(torch.equal(one, other) for one, other in zip(begun.parameters(), net.parameters(), strict=True))
    with pytest.raises(ValueError, match=r"memory of 0; needed 3 .*e\.g\. agent\.settings\.memory=0"):
        ppo.Training(room, Classroom, 1, replace(FEW, memory=3), net)


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


@pytest.mark.kernels
def test_advantages_are_the_written_out_sum():
    dice = np.random.default_rng(0)
    T, N = 7, 5
    reward, value, beyond = (dice.normal(size=(T, N)).astype(np.float32) for _ in range(3))
    last = dice.normal(size=N).astype(np.float32)
    buffers = Rollout.room_for(T, N, 2, 3, 3, (2, 1))
    buffers.ended[:], buffers.cut[:] = dice.random((T, N)) < 0.2, dice.random((T, N)) < 0.2
    buffers.cut &= ~buffers.ended
    buffers.beyond[:] = beyond
    found = advantages(reward, value, last, buffers.ended, buffers.cut, buffers.beyond, 0.97, 0.9)
    np.testing.assert_allclose(
        found, by_hand(reward, value, last, buffers.ended, buffers.cut, beyond, 0.97, 0.9), atol=1e-5
    )


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    room = rules("tiny-v1")
    one, two, three = (ppo.train(room, Classroom, seed, FEW).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not all(torch.equal(one[name], three[name]) for name in one)


@pytest.mark.parametrize("seed", [1, 2])
def test_training_beats_mastery_on_a_tiny_world(seed):
    """Every seed for itself: it is steady."""
    room, ids = rules("tiny-v1"), np.arange(1000, 3048)
    net = ppo.train(room, Classroom, seed, ppo.Settings(decisions=180_000))
    gain = paired(*(simulate(p, room, ids, 9)["value"] for p in (net, shelf.build("mastery", room.world))))
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


def test_a_cut_is_bootstrapped_and_an_end_is_not():
    none, one = np.zeros((1, 1), bool), np.ones((1, 1), bool)
    reward, value, beyond = (np.full((1, 1), x, np.float32) for x in (1.0, 0.25, 8.0))
    last = np.float32([100.0])
    ended = advantages(reward, value, last, one, none, beyond, 0.5, 0.9)
    cut = advantages(reward, value, last, none, one, beyond, 0.5, 0.9)
    assert ended[0, 0] == 1.0 - 0.25
    assert cut[0, 0] == 1.0 + 0.5 * 8.0 - 0.25  # never the 100 of the life that follows in the row


@pytest.mark.parametrize(("stop", "memory"), [(1, 0), (3, 0), (2, 6)])
def test_a_training_that_was_cut_off_ends_with_the_same_weights(stop, memory):
    room = rules("tiny-v1")
    few = ppo.Settings(decisions=4 * 64 * 8, rows=64, steps=8, batch=256, check=1, memory=memory)
    kept = []

    def judge(net):
        return float(net.weights.sum().detach())

    whole = ppo.train(room, Classroom, 1, few, judge=judge, keep=kept.append)
    state = {name: value.copy() for name, value in kept[stop - 1].items()}
    again = ppo.train(room, Classroom, 1, few, judge=judge, resume=state)
    for (name, one), other in zip(whole.state_dict().items(), again.state_dict().values(), strict=True):
        assert torch.equal(one, other), name


def test_a_state_of_another_training_is_refused():
    kept = []
    ppo.train(rules("tiny-v1"), Classroom, 1, ppo.Settings(decisions=1, rows=8, steps=2, check=1), keep=kept.append)
    with pytest.raises(ValueError, match="not a state of this training"):
        ppo.train(rules("tiny-v1"), Classroom, 1, ppo.Settings(decisions=1, rows=9, steps=2), resume=kept[0])


def test_training_stops_when_patience_is_out_and_gives_back_the_best():
    worths, seen = iter([1.0, 3.0, 2.0, 2.5, 9.0]), []

    def judge(net):
        seen.append({name: value.clone() for name, value in net.state_dict().items()})
        return next(worths)

    few = ppo.Settings(decisions=100 * 8 * 4, rows=8, steps=4, check=1, patience=2)
    best = ppo.train(rules("tiny-v1"), Classroom, 1, few, judge=lambda net: judge(net) if len(seen) < 4 else -1.0)
    assert len(seen) == 4
    assert all(torch.equal(best.state_dict()[name], value) for name, value in seen[1].items())


def test_a_policy_that_runs_away_stops_with_the_best_before_it(monkeypatch):
    plain, seen = ppo.update, []
    monkeypatch.setattr(ppo, "update", lambda *a: plain(*a) | ({"divergence": 9.0} if len(seen) > 1 else {}))

    def judge(net):
        seen.append({name: value.clone() for name, value in net.state_dict().items()})
        return -float(len(seen))

    few = ppo.Settings(decisions=100 * 8 * 4, rows=8, steps=4, check=1)
    with pytest.raises(Diverged, match="moved the policy by 9 nats after 64 decisions") as stopped:
        ppo.train(rules("tiny-v1"), Classroom, 1, few, judge=judge)
    assert all(torch.equal(stopped.value.best.state_dict()[name], value) for name, value in seen[0].items())


def test_what_is_remembered_while_learning_is_what_was_remembered_while_teaching():
    """Minibatches of whole rows give back the memory each decision was taken with; a new life begins with none."""
    room, few = rules("tiny-v1"), ppo.Settings(rows=16, steps=40, batch=160, memory=5)
    training = ppo.Training(room, Classroom, 3, few)
    out, net = training.buffers, training.net
    ppo.collect(training.room, net, training.shelves, out, few)
    assert (out.ended | out.cut).any(), "nobody's life ended: the test has nothing to find"
    view, pairs, mask = (x.flatten(0, 1) for x in (out.view, out.pairs, out.mask))
    met = torch.zeros(len(view), dtype=torch.bool)
    with torch.no_grad():
        for ((rows, memory),) in minibatches(net, out, training.shelves, few.batch, training.dice):
            scores = net.scores(view[rows], training.shelves[0][1], pairs[rows], memory).masked_fill(~mask[rows], -1e9)
            chance = scores.log_softmax(1).gather(1, out.action.ravel()[rows, None])[:, 0]
            torch.testing.assert_close(chance, out.log_chance.ravel()[rows], atol=1e-4, rtol=1e-4)
            met[rows] = True
    assert met.all()


def test_gradients_and_scores_block_by_block_are_those_of_the_whole():
    room, few = rules("tiny-v1"), replace(FEW, batch=512)
    training = ppo.Training(room, Classroom, 3, few, shelf.build("fixed", room.world))
    training.advance()
    out, net, found = training.buffers, training.net, []
    seen = [x.flatten(0, 1) for x in (out.view, out.pairs, out.mask, out.insight)]
    told = (*seen, out.action.ravel(), out.log_chance.ravel(), *torch.randn(2, 512, generator=training.dice))
    for net.block in (100, 512):
        training.optimiser.zero_grad()
        parts = next(minibatches(net, out, training.shelves, few.batch, torch.Generator().manual_seed(1)))
        figures = ppo.downhill(net, training.critic, training.shelves, parts, told, few)
        scores = ppo.considered(net, seen[0], training.shelves[0][1], seen[1], torch.zeros(512, 0)).detach()
        moved = [p.grad.clone() for p in (*net.parameters(), *training.critic.parameters()) if p.requires_grad]
        found.append([figures, scores, *moved])
    torch.testing.assert_close(*found, rtol=1e-4, atol=1e-5)


def test_the_critic_sees_the_mind_and_the_actor_does_not():
    """Swap the minds of the learners: what the actor scores stays, what the critic sees moves."""
    room, few = rules("tiny-v1"), ppo.Settings(rows=32, steps=4)
    training = ppo.Training(room, Classroom, 3, few)
    ppo.collect(training.room, training.net, training.shelves, training.buffers, few)
    here = training.room

    def scores():
        view, history = torch.from_numpy(here.view), torch.from_numpy(here.history())
        nothing = torch.zeros(32, 0)
        return training.net(view, training.shelves[0][1], history, nothing, nothing)[0].detach().clone()

    before, saw = scores(), ppo.insight(here, few)
    here.mind[:], here.traits[:] = here.mind[::-1].copy(), here.traits[::-1].copy()
    assert torch.equal(scores(), before)
    assert not torch.equal(ppo.insight(here, few), saw)


def test_the_critic_keeps_the_mean_and_spread_of_all_it_has_seen():
    x = torch.randn(300, 4, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 5.0, 0.1, 2.0]) + 3.0
    critic = Critic(4, 8, torch.Generator().manual_seed(0))
    for part in x.split([10, 90, 200]):
        critic.follow(part)
    torch.testing.assert_close(critic.mean, x.mean(0), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(critic.variance, x.var(0, unbiased=False), atol=1e-4, rtol=1e-4)


def test_a_loss_that_is_no_number_stops_with_a_message_and_what_was_kept_is_good(monkeypatch):
    kept, calls = [], []
    plain = ppo.update

    def poisoned(*args):
        calls.append(0)
        return plain(*args) | ({"loss": float("nan")} if len(calls) > 2 else {})

    monkeypatch.setattr(ppo, "update", poisoned)
    few = ppo.Settings(decisions=100 * 8 * 4, rows=8, steps=4, check=1)
    with pytest.raises(ArithmeticError, match="loss is nan after 64 decisions"):
        ppo.train(rules("tiny-v1"), Classroom, 1, few, keep=kept.append)
    assert len(kept) == 2 and all(np.isfinite(v).all() for n, v in kept[-1].items() if n.startswith("net/"))


def test_a_network_that_begins_as_a_linear_scorer_mostly_chooses_as_it_does():
    room = rules("onboarding-v1")
    linear = shelf.build("linear", room.world)
    net = Pointer.for_world(room.world, seed=2).begin_as(linear)
    classroom = Classroom(room, 200, 1).begin(range(200))
    for _ in range(8):
        classroom.wander()
        classroom.step()
    parts = (
        torch.from_numpy(classroom.view),
        torch.from_numpy(room.world.features.copy()),
        torch.from_numpy(classroom.history()),
    )
    nothing = torch.zeros(200, 0)
    with torch.inference_mode():
        ours, theirs = (agent(*parts, nothing, nothing)[0].argmax(1) for agent in (net, linear))
    assert (ours == theirs).double().mean() > 0.8


def test_a_follower_that_has_learned_becomes_the_same_graph():
    """Its first weights hide two of the three sums; with weights all over, the bundle's own check must still agree."""
    from adaptlearn.export.bundle import files_of

    world = rules("tiny-v1").world
    net = shelf.build("ppo", world, follows=True, hidden=8, width=8, memory=3)
    dice = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for weights in net.parameters():
            weights.copy_(torch.randn(weights.shape, generator=dice))
    assert "policy.onnx" in files_of(net, world)


@pytest.mark.skipif(bool(card.absent()), reason=f"needs a graphics card: {card.absent()}")
@pytest.mark.parametrize("start", ["linear", "fixed"])
def test_on_a_card_it_learns_and_comes_back_to_the_processor(start):
    room, ids = rules("tiny-v1"), np.arange(1000, 3048)
    many = ppo.Settings(decisions=1_000_000, rows=4096, batch=4096, device="cuda")
    net = ppo.train(room, card.CardRoom, 1, many, start=shelf.build(start, room.world))
    gain = paired(*(simulate(p, room, ids, 9)["value"] for p in (net, shelf.build("mastery", room.world))))
    assert gain.mean > 0 and gain.clear()
