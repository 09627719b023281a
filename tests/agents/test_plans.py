"""Orders, the fixed programme and the planners: held to slow twins, to enumeration, and to what they may not know."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
import torch

from adaptlearn.agents import guided, linear, plans, programme, shelf
from adaptlearn.agents.cloud import Cloud
from adaptlearn.agents.plan_kernels import due
from adaptlearn.agents.planner import Planner, RecordPlanner, Settings, ToldPlanner
from adaptlearn.classroom.imagined import Imagined, changes_of, shared_goals
from adaptlearn.classroom.room import Classroom
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.learner import Life
from adaptlearn.core.policy import Ceiling, Policy
from adaptlearn.core.record import ViewSpec
from adaptlearn.core.revision import revised
from adaptlearn.envs.registry import rules

FEW = Settings(first=60, then=10)


@pytest.fixture(scope="module")
def tiny():
    return rules("tiny-v1")


def some_orders(world, count, seed=0):
    dice = np.random.default_rng(seed)
    return np.array([dice.permutation(plans.authored(world)[0]) for _ in range(count)], np.int16)


def everyone(room, copies=1):
    """All in a room as groups of themselves: people, rows, luck, who searches, chances of a change."""
    rows = np.repeat(np.arange(room.n)[:, None], copies, 1)
    luck_of = room.ids[:, None] * np.uint64(copies) + np.arange(copies, dtype=np.uint64)
    return room, rows, luck_of, np.repeat(changes_of(room)[:, None], copies, 1)


def test_an_order_names_every_visit_that_is_allowed_once(tiny):
    offered = np.flatnonzero(tiny.world.allowed[1:]) + 1
    for line in plans.authored(tiny.world):
        names, times = np.unique(line, return_counts=True)
        assert names.tolist() == offered.tolist() and (times == tiny.world.programme.repeats).all()
    for line, nth in zip(some_orders(tiny.world, 5), plans.numbered(some_orders(tiny.world, 5)), strict=True):
        assert [list(line[:p]).count(a) for p, a in enumerate(line)] == nth.tolist()


@pytest.mark.kernels
def test_what_is_due_is_the_first_visit_not_made_and_legal(tiny):
    dice = np.random.default_rng(3)
    orders, shape = some_orders(tiny.world, 40, 4), (40, len(tiny.world.activities))
    visits, mask = dice.integers(0, 3, shape).astype(np.uint8), dice.integers(0, 2, shape).astype(np.uint8)
    for line, seen, legal, found in zip(orders, visits, mask, due(orders, visits, mask), strict=True):
        places = [a for p, a in enumerate(line) if legal[a] and list(line[:p]).count(a) == seen[a]]
        assert found == (places[0] if places else 0)


def test_an_imagined_life_is_worth_what_such_lives_are_worth(tiny):
    """Calm lives, chances worked out and drawn ones agree on average where nothing is calmed away."""
    n, orders = 600, plans.authored(tiny.world)
    habits = tiny.behaviour.Params()._replace(minutes_sd=0.0, finish=6.0)
    quiet = replace(tiny, behaviour_params=habits, law_params=tiny.law.Params(noise=0.0))
    real = simulate(programme.Programme.for_world(tiny.world, orders), quiet, np.arange(n), 9)
    room = Classroom(tiny, n, 9).begin(np.arange(n))
    people, rows, luck_of, changes = everyone(room)
    told = np.ones((n, len(tiny.world.activities)), bool)
    worth, _ = Imagined(tiny, 1, 10).improve(people, rows, luck_of, room.ids, changes, told, np.repeat(orders, n, 0),
                                             np.zeros(n, np.int64), 0)  # fmt: skip
    gap = worth - (real["value"] - real.start)
    assert abs(gap.mean()) < 0.01 and np.corrcoef(worth, real["value"] - real.start)[0, 1] > 0.8


def test_a_search_never_ends_below_where_it_began_and_judges_every_order_alike(tiny):
    room = Classroom(tiny, 30, 5).begin(np.arange(30))
    people, rows, luck_of, changes = everyone(room, 3)
    told, orders = np.ones((30, len(tiny.world.activities)), bool), some_orders(tiny.world, 30)
    imagined, none = Imagined(tiny, 3, 11), np.zeros(30, np.int64)

    def judged(budget, order):
        return imagined.improve(people, rows, luck_of, room.ids, changes, told, order, none, budget)[0]

    before = judged(0, orders.copy())
    after = orders.copy()
    found = judged(80, after)
    assert (found >= before).all() and found.mean() > before.mean() + 0.01
    assert (np.sort(after, 1) == np.sort(orders, 1)).all()
    np.testing.assert_allclose(judged(0, after.copy()), found, atol=1e-6)


def test_a_sample_is_the_worth_of_the_order_that_begins_so(tiny):
    room = Classroom(tiny, 12, 5).begin(np.arange(12))
    people, rows, luck_of, changes = everyone(room, 2)
    told, orders = np.ones((12, len(tiny.world.activities)), bool), some_orders(tiny.world, 12, 3)
    imagined = Imagined(tiny, 2, 11)
    worth = imagined.sample(people, rows, luck_of, changes, told, orders)
    for a in np.unique(orders):
        begun = np.array([[a, *np.delete(line, list(line).index(a))] for line in orders], np.int16)
        whole, _ = imagined.improve(people, rows, luck_of, room.ids, changes, told, begun, np.zeros(12, np.int64), 0)
        np.testing.assert_allclose(worth[:, a], whole, atol=1e-6)
    assert np.isnan(worth[:, 0]).all()


def test_a_programme_gives_back_its_orders_and_by_default_is_the_authors(tiny):
    orders = some_orders(tiny.world, 1, 6)
    np.testing.assert_array_equal(programme.Programme.for_world(tiny.world, orders).orders(tiny.world), orders)
    ids = np.arange(64)
    lives = [simulate(p, tiny, ids, 3)["value"] for p in (programme.Programme.for_world(tiny.world),
                                                          shelf.build("syllabus", tiny.world))]  # fmt: skip
    np.testing.assert_array_equal(*lives)


def followed(policy, world):
    """Activities in the order in which a programme would have a newcomer visit them."""
    k = len(world.skills)
    view, nothing = torch.zeros(1, ViewSpec(k).size), torch.zeros(1, 0)
    history = torch.zeros(1, len(world.activities), 3)
    scores = policy(view, torch.tensor(world.features), history, nothing, nothing)[0][0].numpy()
    return [world.activity_ids[a] for a in np.argsort(-scores, kind="stable")]


def first_visits(orders, world):
    return list(dict.fromkeys(world.activity_ids[a] for a in orders[0]))


@pytest.mark.parametrize("seed", range(4))
def test_a_programme_keeps_its_order_in_a_revised_catalogue(tiny, seed):
    """Rows put in or taken out move the author's places of all others; the order is of activities, not of places."""
    orders = some_orders(tiny.world, 1, 5)
    policy, later = programme.Programme.for_world(tiny.world, orders), revised(tiny.world, 0.3, seed)
    found = followed(policy, later)
    assert [name for name in found if name in tiny.world.activity_ids[1:]] == [
        name for name in first_visits(orders, tiny.world) if name in later.activity_ids
    ]
    assert found[-1] == later.activity_ids[0]


def made_anew(world, name, **changes):
    """The world with one activity withdrawn, and in its row another that is made otherwise."""
    rows = [
        replace(a, id="new", time_required=a.time_required + 7.0, assistance=1.0 - a.assistance, **changes)
        if a.id == name else a for a in world.activities
    ]  # fmt: skip
    return replace(world, activities=tuple(rows))


def test_what_is_new_stands_where_the_withdrawn_activity_stood_that_taught_the_same(tiny):
    """Before and after its first visit; and what teaches nothing that was withdrawn stands behind all that is known."""
    orders = some_orders(tiny.world, 1, 5)
    policy, before = programme.Programme.for_world(tiny.world, orders), first_visits(orders, tiny.world)
    teaching = [a for a in tiny.world.activities if a.teaches]
    for old in teaching:
        assert followed(policy, made_anew(tiny.world, old.id)) == [
            "new" if name == old.id else name for name in (*before, tiny.world.activity_ids[0])
        ]
        other = next(s.id for s in tiny.world.skills if s.id not in dict(old.teaches))
        apart = followed(policy, made_anew(tiny.world, old.id, teaches=((other, 1.0),)))
        assert apart[-2:] == ["new", tiny.world.activity_ids[0]]
    ids, world = np.arange(32), made_anew(tiny.world, teaching[0].id)
    at = tiny.world.activity_index[teaching[0].id]
    renamed = programme.Programme.for_world(world, orders)  # the order that has the new row where the old one was
    lives = [simulate(p, rules(world), ids, 3) for p in (policy, renamed)]
    np.testing.assert_array_equal(lives[0].visits, lives[1].visits)
    assert lives[0].visits[:, at].max() > 0, "nobody came to the new activity: the test has nothing to find"


def test_a_place_once_kept_is_not_given_away(tiny):
    """A second version of an activity that stays comes behind the programme, and moves nothing in it."""
    orders = some_orders(tiny.world, 1, 5)
    policy = programme.Programme.for_world(tiny.world, orders)
    twin = next(a for a in tiny.world.activities if a.teaches)
    more = replace(tiny.world, activities=(*tiny.world.activities, replace(twin, id="new", time_required=77.0)))
    assert followed(policy, more) == [*first_visits(orders, tiny.world), "new", tiny.world.activity_ids[0]]


def before(state, world, with_places):
    """What a file held before ``taught``; and before the author's places were left out of the sums."""
    old = {key: value.clone() for key, value in state.items() if not key.endswith("taught")}
    prefix = next(key for key in old if key.endswith("mark")).removesuffix("mark")
    if with_places:
        old[f"{prefix}mark"][programme.RANK] = torch.tensor([0.3, -1.0, 0.7, 2.0])
        old[f"{prefix}known"] = torch.tensor(world.features) @ old[f"{prefix}mark"]
    return old, f"{prefix}taught"


@pytest.mark.parametrize("with_places", [False, True])
@pytest.mark.parametrize("name", ["fixed", "guided"])
def test_a_file_from_before_programmes_knew_what_is_taught_is_as_good(tiny, name, with_places):
    """Whole where its activities are at hand; in a revised catalogue, without what was withdrawn."""
    policy, fresh = (shelf.build(name, tiny.world) for _ in range(2))
    old, taught = before(policy.state_dict(), tiny.world, with_places)
    fresh.load_state_dict(old)
    for key, value in policy.state_dict().items():
        torch.testing.assert_close(fresh.state_dict()[key], value, rtol=0, atol=1e-5, msg=key)
    later = revised(tiny.world, 0.3, 2)
    assert followed(fresh, later) == followed(policy, later)
    elsewhere = shelf.build(name, later)
    elsewhere.load_state_dict(old)
    for row, activity in zip(elsewhere.state_dict()[taught], tiny.world.activities, strict=True):
        assert (row.norm() > 0) == bool(activity.teaches and activity.id in later.activity_ids)


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
    few = programme.Settings(rounds=6, neighbours=150, learners=64)
    found = programme.fit(tiny, Classroom, 1, few)
    ids = np.arange(10_000, 10_400)
    authored = list(plans.authored(tiny.world)[0])
    firsts = list(dict.fromkeys(authored))[:5]

    def worth(agent):
        return float(simulate(agent, tiny, ids, 7)["value"].mean())

    begun = ([*p, *(a for a in firsts if a not in p), *authored[5:]] for p in list(permutations(firsts, 4))[::6])
    best = max(worth(programme.Programme.for_world(tiny.world, np.array([order], np.int16))) for order in begun)
    assert worth(found) > best - 0.01


def test_a_guide_follows_its_programme_until_it_is_taught(tiny):
    orders = some_orders(tiny.world, 1, 8)
    ids = np.arange(64)
    lives = [simulate(kind.for_world(tiny.world, orders), tiny, ids, 3)["value"]
             for kind in (programme.Programme, guided.Guided)]  # fmt: skip
    np.testing.assert_array_equal(*lives)
    start = programme.Programme.for_world(tiny.world, orders)
    taught = guided.fit(tiny, Classroom, 2, linear.Settings(rounds=4, candidates=12, learners=64), start=start)
    assert simulate(taught, tiny, np.arange(1000, 1400), 4)["value"].mean() > lives[0].mean() + 0.01


def test_the_planner_is_a_ceiling_that_imagines_and_beats_the_programme_it_starts_from(tiny):
    planner, ids = Planner(Settings(first=100, then=30)), np.arange(96)
    assert isinstance(planner, Ceiling) and not isinstance(planner, Policy)
    gap = (
        simulate(planner, tiny, ids, 3)["value"] - simulate(shelf.build("syllabus", tiny.world), tiny, ids, 3)["value"]
    )
    assert gap.mean() > 1.96 * gap.std() / np.sqrt(len(ids))


@pytest.mark.parametrize("kind", [Planner, RecordPlanner])
def test_who_else_is_in_the_room_does_not_matter_to_a_plan(tiny, kind):
    start = plans.authored(tiny.world)
    whole = simulate(kind(FEW, start), tiny, np.arange(24), 3)["value"]
    part = simulate(kind(FEW, start), tiny, np.arange(10, 24), 3)["value"]
    np.testing.assert_array_equal(whole[10:], part)


@pytest.mark.parametrize("kind", [Planner, RecordPlanner])
def test_a_planner_does_not_know_when_the_destination_will_change(kind):
    office = rules("onboarding-v1")
    choices = []
    for day in (5.0, 50.0):
        room = Classroom(office, 20, 5).begin(np.arange(20))
        room.traits[:, -2], room.traits[:, -1] = day, (room.now("role") + 1) % 3
        choices.append(kind(Settings(first=20, then=5), plans.authored(office.world)).decide(room))
    np.testing.assert_array_equal(*choices)


def test_a_planner_on_records_sees_no_mind(tiny):
    """Minds and hidden traits are put in disorder before every decision: it decides as before, on the same events."""
    room, ids = Classroom(tiny, 16, 3).begin(np.arange(16)), np.arange(16)
    hidden = [j for j, name in enumerate(type(room)(tiny, 1, 3)._traits.dtype.names)
              if name in ("ability", "rate", "memory", "like_live", "efficacy", "switch_day")]  # fmt: skip
    one, other = (RecordPlanner(FEW, plans.authored(tiny.world)) for _ in range(2))
    blind = Classroom(tiny, 16, 3).begin(ids)
    for _ in range(4):
        for name in ("mind", "life", "traits", "view", "mask", "visits", "event", "answers", "offers", "legal", "last"):
            getattr(blind, name)[...] = getattr(room, name)
        blind.mind[...] = blind.mind[::-1]
        blind.traits[:, hidden] = blind.traits[::-1][:, hidden]
        choice = one.decide(room)
        np.testing.assert_array_equal(other.decide(blind), choice)
        room.step(choice[:, None].copy())


def test_only_a_told_planner_knows_what_activities_truly_teach(tiny):
    """Two worlds that are declared alike and err otherwise: at a first decision, before any event, who plans by the
    declared world plans the same in both."""
    erring = [replace(tiny, catalogue="careless", catalogue_seed=seed) for seed in (1, 2)]
    start, search = plans.authored(tiny.world), Settings(first=200, then=5)

    def orders(kind, rules_):
        planner = kind(search, start)
        planner.decide(Classroom(rules_, 16, 3).begin(np.arange(16)))
        return planner.orders

    np.testing.assert_array_equal(*(orders(RecordPlanner, rules_) for rules_ in erring))
    assert (orders(ToldPlanner, erring[0]) != orders(ToldPlanner, erring[1])).any()


def test_a_particle_that_is_the_learner_lives_as_the_learner_does(tiny):
    quiet, n = replace(tiny, law_params=tiny.law.Params(noise=0.0)), 20
    room, twice = Classroom(quiet, n, 3).begin(np.arange(n)), np.repeat(np.arange(n), 2)
    cloud = Cloud(quiet, room, 2, 99)
    for name in ("traits", "mind", "touched", "life", "visits", "legal"):
        getattr(cloud, name)[: 2 * n] = getattr(room, name)[twice]
    for _ in range(6):
        alive = np.flatnonzero(room.alive)
        room.wander()
        room.step()
        cloud.witness(room, alive)
    np.testing.assert_allclose(cloud.mind[: 2 * n], room.mind[twice], rtol=1e-5)
    for name in ("value", "motivation", "strain", "day"):
        at = Life._fields.index(name)
        np.testing.assert_allclose(cloud.life[: 2 * n, at], room.now(name)[twice], rtol=1e-5, atol=1e-6)


def test_a_cloud_of_minds_is_calibrated_and_knows_more_than_nothing(tiny):
    n = 80
    room = Classroom(tiny, n, 7).begin(np.arange(n))
    cloud, who = Cloud(tiny, room, 256, 99), np.arange(n)
    first = ability_of(cloud, n)
    for _ in range(8):
        alive = np.flatnonzero(room.alive)
        room.wander()
        room.step()
        cloud.witness(room, alive)
    mean, spread = ability_of(cloud, n)
    miss = mean - room.trait("ability")
    assert np.sqrt((miss**2).mean()) < 0.95 * first[1].mean()
    assert 0.7 < np.sqrt((miss**2 / spread**2).mean()) < 1.4
    levels = np.asarray(tiny.law.level(tiny.law.Mind(*np.moveaxis(room.mind, 2, 0)), None, tiny.law.Params()))
    told = cloud.told > 0
    assert np.corrcoef(cloud.mean_levels(who)[told], levels[told])[0, 1] > 0.6


def ability_of(cloud, n):
    """Mean and spread of each learner's particles, weighed.   -> [N], [N]"""
    share = np.exp(cloud.weights[: n * cloud.per].reshape(n, -1))
    share /= share.sum(1, keepdims=True)
    x = cloud.traits[: n * cloud.per, 0].reshape(n, -1)
    mean = (share * x).sum(1)
    return mean, np.sqrt((share * (x - mean[:, None]) ** 2).sum(1))


def test_a_date_that_is_set_for_everyone_is_known_until_it_is_past():
    office = rules("onboarding-v1", change={"rate": 1.0, "day": 30.0, "to": "customer"})
    room, there = Classroom(office, 200, 5).begin(np.arange(200)), office.world.role_ids.index("customer")
    np.testing.assert_array_equal(changes_of(room), room.now("role") != there)
    room.life[:, Life._fields.index("day")] = 31.0
    assert not changes_of(room).any()
    goals = shared_goals(office.pack().goals, there)
    np.testing.assert_allclose(goals[:, 1], np.tile(office.world.targets[there], (3, 1)), atol=1e-6)


def test_settings_are_refused_by_name():
    with pytest.raises(ValueError, match=r"planner: copies = 0.*e\.g\. 2"):
        Settings(copies=0)
    with pytest.raises(ValueError, match=r"fixed: rounds = 0"):
        programme.Settings(rounds=0)
