"""Orders, the fixed programme and the planner: held to slow twins, to enumeration, and to what they may not know."""

from itertools import permutations

import numpy as np
import pytest
import torch

from adaptlearn.agents import plans, programme, shelf
from adaptlearn.agents.plan_kernels import fronted, fulfilled_last, moved, varied
from adaptlearn.agents.planner import Planner, Settings
from adaptlearn.classroom.room import LIFE, Classroom
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.policy import Ceiling, Policy
from adaptlearn.envs.registry import rules


@pytest.fixture(scope="module")
def tiny():
    return rules("tiny-v1")


@pytest.fixture(scope="module")
def entries(tiny):
    return plans.Entries.of(tiny.world)


def some_orders(entries, count, seed=0):
    dice = np.random.default_rng(seed)
    return np.array([dice.permutation(len(entries.times)) for _ in range(count)], np.int16)


def test_every_visit_that_is_allowed_is_one_entry(tiny, entries):
    pairs = set(zip(entries.activity.tolist(), entries.times.tolist(), strict=True))
    offered = np.flatnonzero(tiny.world.allowed[1:]) + 1
    assert pairs == {(a, t) for a in offered for t in range(1, tiny.world.programme.repeats + 1)}
    assert len(pairs) == len(entries.times)


def test_an_entry_that_is_moved_leaves_the_others_in_order():
    dice = np.random.default_rng(1)
    for _ in range(200):
        order = dice.permutation(12).astype(np.int16)
        source, target = dice.integers(0, 12, 2)
        wanted = list(order)
        wanted.insert(target, wanted.pop(source))
        moved(order, source, target)
        assert order.tolist() == wanted


def test_neighbours_are_permutations_and_the_first_is_the_order_itself(entries):
    base, u = some_orders(entries, 5), np.random.default_rng(2).random((5, 20, 8)).astype(np.float32)
    out = np.empty((5, 20, base.shape[1]), np.int16)
    varied(base, np.full(5, 6.0), u, out)
    assert (np.sort(out, 2) == np.arange(base.shape[1])).all()
    assert (out[:, 0] == base).all()
    assert (out[:, 1:] != base[:, None]).any(2).mean() > 0.5


def test_fulfilled_entries_go_last_and_a_wanted_activity_goes_first(entries):
    dice = np.random.default_rng(3)
    orders, visits = some_orders(entries, 30, 4), dice.integers(0, 3, (30, entries.activity.max() + 1)).astype(np.uint8)
    given = orders.copy()
    fulfilled_last(orders, entries.activity, entries.times, visits)
    for before, after, seen in zip(given, orders, visits, strict=True):
        done = [seen[entries.activity[e]] >= entries.times[e] for e in before]
        assert after.tolist() == [e for e, d in zip(before, done, strict=True) if not d] + [
            e for e, d in zip(before, done, strict=True) if d
        ]
    wanted = np.tile(np.unique(entries.activity).astype(np.int64), (30, 1))
    out = np.empty((*wanted.shape, orders.shape[1]), np.int16)
    fronted(orders, entries.activity, entries.times, visits, wanted, out)
    assert (np.sort(out, 2) == np.arange(orders.shape[1])).all()
    for g in range(30):
        for c, a in enumerate(wanted[g]):
            open_yet = visits[g, a] < entries.times[entries.activity == a].max()
            assert not open_yet or entries.activity[out[g, c, 0]] == a


def test_a_plan_that_is_lived_on_stage_is_the_fixed_programme_that_follows_it(tiny, entries):
    orders, ids = some_orders(entries, 1, 5), np.arange(40, dtype=np.uint64)
    real = simulate(programme.Programme.for_world(tiny.world, orders), tiny, ids, 9)["value"]
    born = Classroom(tiny, 40, 9).begin(ids)
    stage = plans.Stage(born, 64, 9)
    stage.place(born.snapshot(), np.arange(40), ids)
    np.testing.assert_array_equal(stage.live(orders, np.zeros((40, 1), np.int32)), real)


def test_a_programme_gives_back_its_orders_and_by_default_is_the_authors(tiny, entries):
    orders = some_orders(entries, 1, 6)
    np.testing.assert_array_equal(programme.Programme.for_world(tiny.world, orders).orders(tiny.world), orders)
    ids = np.arange(64)
    lives = [simulate(p, tiny, ids, 3)["value"] for p in (programme.Programme.for_world(tiny.world),
                                                          shelf.build("syllabus", tiny.world))]  # fmt: skip
    np.testing.assert_array_equal(*lives)


def test_a_fixed_programme_reads_no_answers(tiny):
    agent = programme.Programme.for_world(tiny.world)
    room = Classroom(tiny, 20, 3).begin(np.arange(20))
    for _ in range(5):
        room.wander()
        room.step()
    view, catalogue = torch.from_numpy(room.view.copy()), torch.tensor(tiny.world.features)
    other, nothing = torch.rand_like(view), torch.zeros(20, 0)
    at = room.spec.at("target")
    other[:, at] = view[:, at]
    history = torch.from_numpy(room.history())
    one, two = (agent(v, catalogue, history, nothing, nothing)[0] for v in (view, other))
    torch.testing.assert_close(one, two, rtol=0, atol=0)


def test_the_search_finds_nearly_the_best_of_all_first_four_visits(tiny):
    few = programme.Settings(rounds=30, candidates=16, learners=64)
    found = programme.fit(tiny, Classroom, 1, few)
    ids = np.arange(10_000, 10_400)
    entries = plans.Entries.of(tiny.world)
    authored = entries.authored(tiny.world)[0]
    firsts = [e for e in authored if entries.times[e] == 1][:5]

    def worth(agent):
        return float(simulate(agent, tiny, ids, 7)["value"].mean())

    begun = ([*p, *(e for e in authored if e not in p)] for p in list(permutations(firsts, 4))[::6])
    best = max(worth(programme.Programme.for_world(tiny.world, np.array([order], np.int16))) for order in begun)
    assert worth(found) > best - 0.01


def test_the_planner_is_a_ceiling_that_imagines_and_beats_the_programme_it_starts_from(tiny):
    planner, ids = Planner(Settings(candidates=8, futures=2, first=4)), np.arange(96)
    assert isinstance(planner, Ceiling) and not isinstance(planner, Policy)
    gap = (
        simulate(planner, tiny, ids, 3)["value"] - simulate(shelf.build("syllabus", tiny.world), tiny, ids, 3)["value"]
    )
    assert gap.mean() > 1.96 * gap.std() / np.sqrt(len(ids))


def test_who_else_is_in_the_room_does_not_matter_to_a_plan(tiny):
    few = Settings(candidates=4, futures=2, first=2, rows=64)
    whole = simulate(Planner(few), tiny, np.arange(24), 3)["value"]
    part = simulate(Planner(few), tiny, np.arange(10, 24), 3)["value"]
    np.testing.assert_array_equal(whole[10:], part)


def test_the_planner_does_not_know_when_the_destination_will_change():
    office = rules("onboarding-v1")
    room = Classroom(office, 200, 5).begin(np.arange(200))
    planner = Planner(Settings(candidates=2, futures=1, rows=512))
    planner._meet(room)
    state = room.snapshot()
    days = []
    for change in (5.0, 50.0):
        state["traits"][:, -2] = np.where(state["traits"][:, -1] == room.now("role"), state["traits"][:, -2], change)
        planner.stage.place(state, np.arange(200), room.ids)
        planner._imagine_change(200)
        days.append(planner.stage.room.traits[:200, -2].copy())
    np.testing.assert_array_equal(*days)
    share = (days[0] < 1e8).mean()
    assert abs(share - office.population.change_rate) < 4 * np.sqrt(0.2 * 0.8 / 200)


def test_the_planner_knows_a_date_that_is_set_for_everyone():
    office = rules("onboarding-v1", change={"rate": 1.0, "day": 30.0, "to": "customer"})
    room = Classroom(office, 200, 5).begin(np.arange(200))
    planner = Planner(Settings(candidates=2, futures=1, rows=512))
    planner._meet(room)
    there, state = office.world.role_ids.index("customer"), room.snapshot()
    for day, moves in ((0.0, room.now("role") != there), (31.0, np.zeros(200, bool))):
        state["life"][:, LIFE["day"]] = day
        state["traits"][:, -2] = np.where(moves, 30.0, 1e9)  # after the day it lies behind whoever it concerned
        planner.stage.place(state, np.arange(200), room.ids)
        planner._imagine_change(200)
        traits = planner.stage.room.traits[:200]
        np.testing.assert_array_equal(traits[:, -2] == 30.0, moves)
        np.testing.assert_array_equal(traits[moves, -1], float(there))


def test_settings_are_refused_by_name():
    with pytest.raises(ValueError, match=r"planner: candidates = 1.*e\.g\. 32"):
        Settings(candidates=1)
    with pytest.raises(ValueError, match=r"fixed: rounds = 0"):
        programme.Settings(rounds=0)
