"""The department's rules in simulation: they hold in every life and change no luck."""

from dataclasses import replace

import numpy as np
import pytest
from plays import AT, tiny

from adaptlearn.classroom.room import Classroom
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.catalogue import Rules

IDS = np.arange(300)


def ruled(*, live_everywhere=False, repeats=2, **rules):
    base = tiny("workplace")
    activities = base.world.activities
    if live_everywhere:
        activities = tuple(replace(a, timing="sync_scheduled") if j % 2 else a for j, a in enumerate(activities))
    programme = replace(base.world.programme, repeats=repeats)
    return replace(base, world=replace(base.world, activities=activities, programme=programme, rules=Rules(**rules)))


def walk(rules, steps=40, **how):
    """Whole lives under random offers.   -> (day, taken, mask before, alive) of each step"""
    room = Classroom(rules, len(IDS), 3, **how).begin(IDS)
    for _ in range(steps):
        before, alive, day = room.mask.copy(), room.alive, room.now("day").copy()
        room.wander()
        room.step()
        yield day, room.event[:, AT["taken"]].astype(int) * alive, before, alive
        if not room.alive.any():
            return


def test_a_world_without_rules_is_stepped_as_before():
    room = Classroom(ruled(), 4, 3).begin(IDS[:4])
    assert not room.guardrails.any
    assert Classroom(ruled(live_per_week=2), 4, 3).guardrails.any
    assert Classroom(ruled(after=(("listening-quiz", "greeting-quiz"),)), 4, 3).guardrails.any


@pytest.mark.parametrize("cap", [0, 1, 2])
def test_no_week_holds_more_live_activities_than_allowed(cap):
    rules = ruled(live_everywhere=True, repeats=9, live_per_week=cap)
    live = np.array([a.timing == "sync_scheduled" for a in rules.world.activities])
    held, twice = np.zeros((len(IDS), 5), int), set()
    for day, taken, _, _ in walk(rules):
        for i in np.flatnonzero(live[taken] & (taken > 0)):
            held[i, int(day[i] // 7)] += 1
            assert (i, int(day[i] // 7), taken[i]) not in twice
            twice.add((i, int(day[i] // 7), taken[i]))
    assert held.max() == cap


def test_what_is_pinned_is_all_there_is_until_it_was_taken():
    rules = ruled(pinned=("greeting-quiz", "listening-quiz"))
    pins = [rules.world.activity_index[name] for name in rules.world.rules.pinned]
    seen = np.zeros((len(IDS), len(rules.world.activities)), bool)
    for _, taken, mask, alive in walk(rules, 12):
        waiting = alive & ~seen[:, pins].all(1)
        others = [a for a in range(1, mask.shape[1]) if a not in pins]
        assert not mask[np.ix_(waiting, others)].any()
        seen[np.arange(len(IDS)), taken] = True
    assert seen[:, pins].any()


def test_nobody_is_offered_what_lies_behind_a_gate_before_the_gate_was_taken():
    after = (("resolving-case", "greeting-quiz"), ("listening-quiz", "greeting-quiz"))
    rules = ruled(after=after)
    at = rules.world.activity_index
    seen, opened = np.zeros((len(IDS), len(rules.world.activities)), bool), 0
    for _, taken, mask, alive in walk(rules):
        for name, gate in after:
            assert not mask[alive & ~seen[:, at[gate]], at[name]].any()
            opened += int((mask[alive & seen[:, at[gate]], at[name]] > 0).sum())
        seen[np.arange(len(IDS)), taken] = True
    assert opened > 100


def test_what_lies_behind_a_marked_gate_waits_until_it_was_passed_in_one_visit():
    """Told again from the events: the best share of items right in a finished visit, and nothing else, opens it."""
    mark, behind, gate = 0.75, "resolving-case", "greeting-quiz"
    rules = ruled(after=((behind, gate),), pass_mark=((gate, mark),), repeats=3)
    at, room = rules.world.activity_index, Classroom(rules, len(IDS), 3).begin(IDS)
    taken, best, waited = np.zeros(len(IDS), bool), np.zeros(len(IDS)), 0
    while room.alive.any():
        alive, met = room.alive, best >= mark
        assert not room.mask[alive & ~met, at[behind]].any()
        done = room.history()[:, at[gate], 2] > 0
        np.testing.assert_array_equal(done[alive], met[alive])
        waited += int((alive & taken & ~met).sum())
        room.wander()
        room.step()
        event = {name: room.event[:, j] for name, j in AT.items()}
        here = alive & (event["taken"] == at[gate])
        taken |= here
        share = event["correct"] / np.maximum(event["items"], 1.0)
        best = np.maximum(best, np.where(here & (event["completed"] > 0), share, 0.0))
    assert waited > 100 and 0.2 < (best >= mark).mean() < 0.95


def test_what_was_failed_stays_pinned_and_due_and_a_new_life_begins_unpassed():
    rules = ruled(pinned=("greeting-quiz",), pass_mark=(("greeting-quiz", 1.0),), repeats=9)
    pin = rules.world.activity_index["greeting-quiz"]
    room = Classroom(rules, len(IDS), 3, autoreset=True).begin()
    for _ in range(40):
        waiting = ~room.passed[:, 0] & (room.visits[:, pin] < 9) & (room.mask[:, pin] > 0)
        assert not np.delete(room.mask[waiting], (0, pin), 1).any()
        born = room.now("step") == 0
        assert not room.passed[born].any()
        room.wander()
        room.step()
    assert room.passed.any() and (room.slots[:, 1] > 0).any()


def test_a_fork_has_passed_what_its_room_has_passed():
    room = Classroom(ruled(pass_mark=(("greeting-quiz", 0.5),)), len(IDS), 3).begin(IDS)
    for _ in range(12):
        room.wander()
        room.step()
    fork = room.fork(9)
    assert room.passed.any()
    np.testing.assert_array_equal(fork.passed, room.passed)
    room.step(np.zeros_like(room.offers))
    room.restore(fork.snapshot())
    np.testing.assert_array_equal(fork.passed, room.passed)


def test_a_pass_mark_costs_nothing_where_nothing_has_one():
    room = Classroom(ruled(), 4, 3)
    assert room.passed.size == 0 and not room.guardrails.any


def test_due_days_are_met_far_more_often_than_without_the_rule():
    """Not always: a learner may skip, leave or be slow. What the rule is for is that the time was there."""
    due = (("listening-quiz", 9.0), ("resolving-case", 14.0))
    met = {}
    for name, rules in (("with", ruled(due=due)), ("without", ruled())):
        first = np.full((len(IDS), len(rules.world.activities)), np.inf)
        for day, taken, _, _ in walk(rules):
            rows = np.arange(len(IDS))
            first[rows, taken] = np.minimum(first[rows, taken], day)
        at = [rules.world.activity_index[a] for a, _ in due]
        met[name] = (first[:, at] <= [day for _, day in due]).all(1).mean()
    assert met["with"] > 0.85 > met["without"] + 0.3


@pytest.mark.parametrize("how", [{"threads": 2}, {"autoreset": True}])
def test_threads_and_resets_keep_the_rules(how):
    rules = ruled(pinned=("greeting-quiz",), due=(("resolving-case", 14.0),), live_per_week=1)
    one = Classroom(rules, 600, 3).begin(np.arange(600))
    other = Classroom(rules, 600, 3, **how).begin(np.arange(600))
    for _ in range(30):
        for room in (one, other):
            room.wander()
            room.step()
        same = one.alive & (other.ids == np.arange(600))
        assert np.array_equal(one.mask[same], other.mask[same])
        assert other.mask[:, 0].all()


def test_every_face_of_the_environment_obeys():
    import gymnasium

    world = ruled(pinned=("greeting-quiz",)).world
    pin = world.activity_index["greeting-quiz"]
    env = gymnasium.make("adaptlearn/World-v1", world=world)
    _, info = env.reset(seed=1)
    while not env.unwrapped.room.visits[0, pin]:
        assert info["action_mask"].sum() == 2
        _, _, over, cut, info = env.step(pin)
        assert not (over or cut)
    assert info["action_mask"].sum() > 2


def test_the_same_learners_live_the_same_days_where_no_rule_bites():
    """A rule that never narrows anything changes not one bit of a life."""
    from adaptlearn.agents import shelf

    free, loose = ruled(repeats=1), ruled(repeats=1, live_per_week=99)
    assert Classroom(loose, 1, 5).guardrails.any
    lives = [simulate(shelf.build("mastery", r.world), r, IDS, 5)["value"] for r in (free, loose)]
    np.testing.assert_array_equal(*lives)
