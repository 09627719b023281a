"""A bundle knows calendars, vetoes and full seats: what it would offer is what the classroom would, life after life."""

from dataclasses import replace

import numpy as np
import pytest

from adaptlearn.classroom.layout import EVENT, OUTCOMES
from adaptlearn.classroom.room import Classroom
from adaptlearn.classroom.rounds import Rounds
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core import luck
from adaptlearn.core.world import Calendar, load
from adaptlearn.envs.registry import rules
from adaptlearn.export import bundle
from adaptlearn.export.hindsight import retell
from adaptlearn.export.runtime import Refused, Runtime

LEARNERS = 48
AT = {name: j for j, name in enumerate(EVENT)}
PROFILE = {"learner": "u-1", "role": "counter", "weekly_minutes": 90}


def strict(name):
    """A world as it is shipped, but that learners may strike things off and skip more, and seats are few."""
    world = load(name)
    cohorts = replace(world.cohorts, coach_minutes=40.0, lab_seats=2, live_sessions=1)
    return replace(world, programme=replace(world.programme, veto=True, mandatory=False), cohorts=cohorts)


def company(world):
    """Its people without wishes of their own, which have tests of their own: so all these rooms tell one story."""
    return rules(world, wishes=False)


def told(room, offered, i, gone):
    """What became of the offer, in the words of a platform."""
    world, event = room.rules.world, room.event[i]
    taken, names = int(event[AT["taken"]]), [room.rules.world.activity_ids[a] for a in offered]
    said = {"day": float(event[AT["day"]]), "offered": names, "outcome": OUTCOMES[int(event[AT["outcome"]])]}
    if taken:
        asked = np.flatnonzero(world.assesses[taken]) if event[AT["items"]] else []
        said |= {"taken": world.activity_ids[taken], "completed": bool(event[AT["completed"]]),
                 "minutes": float(event[AT["minutes"]]), "rating": float(event[AT["stars"]]),
                 "items": {world.skill_ids[k]: int(world.assesses[taken, k]) for k in asked},
                 "correct": {world.skill_ids[k]: int(room.answers[i, j]) for j, k in enumerate(asked)}}  # fmt: skip
    return said | ({"vetoed": names[0]} if gone else {})


def named(world, full, i, day):
    return {"day": float(day), "full": [world.activity_ids[a] for a in full[i] if a > 0]}


@pytest.mark.parametrize("name", ["field-safety-v1", "leadership-v1"])
def test_what_a_bundle_may_offer_is_what_the_classroom_may(name, make_small, tmp_path):
    """Random lives in cohorts, decision by decision. What one learner's record cannot know is which seats others have
    taken or an orchestrator holds back: until it is told so (``full``), a bundle may offer these too, and no more."""
    world = strict(name)
    runtime = Runtime.load(bundle.write(make_small(len(world.skills)), world, tmp_path / "b"), check=False)
    room = Classroom(company(world), LEARNERS, 7).begin(np.arange(LEARNERS))
    rounds, records, step = Rounds(room), [], 0
    for i, minutes in enumerate(room.trait("weekly_minutes")):
        role = world.role_ids[int(room.now("role")[i])]
        records.append(runtime.start({"learner": i, "role": role, "weekly_minutes": float(minutes)}))
    found = dict.fromkeys(("decisions", "vetoed", "full", "refused", "closed"), 0)
    while (acting := rounds.turn()).any():
        rows, day, mask, full = np.flatnonzero(acting), room.now("day").copy(), room.mask > 0, rounds.full()
        for i in rows:
            alone, seats = runtime.legal(records[i], float(day[i])), named(world, full, i, day[i])
            assert set(np.flatnonzero(alone != mask[i])) == {a for a in full[i] if a > 0}
            records[i] = runtime.observe(records[i], seats) if seats["full"] else records[i]
            np.testing.assert_array_equal(runtime.legal(records[i], float(day[i])), mask[i])
            found["full"] += len(seats["full"])
            found["closed"] += int((~mask[i]).sum())
        dice = luck.normal(3, luck.TRIAL, room.ids[:, None], step, np.arange(mask.shape[1]))
        rounds.decide(lambda whose, dice=dice: room.choose(dice, 1.0, whose))
        refused = rounds.full()
        for i in rows:
            late = [a for a in refused[i] if a > 0 and a not in full[i]]
            if late:  # no seat was given after all: ask again
                records[i] = runtime.observe(records[i], named(world, refused, i, day[i]))
                assert not runtime.legal(records[i], float(day[i]))[late].any()
            found["refused"] += len(late)
        offered, legal = room.offers.copy(), room.legal.copy()
        room.step()
        rounds.settle()
        struck = (legal > room.legal)[np.arange(room.n), offered[:, 0]]
        for i in rows:
            gone = bool(struck[i]) and int(room.event[i, AT["taken"]]) == 0
            records[i] = runtime.observe(records[i], told(room, offered[i], i, gone))
            np.testing.assert_allclose(records[i].row, room.rec[i], atol=1e-3)
            found["vetoed"] += gone
        found["decisions"] += len(rows)
        step += 1
    assert found["decisions"] > 500 and min(found["vetoed"], found["full"], found["closed"]) > 20, found


@pytest.fixture(scope="module")
def dated(tiny):
    """tiny-v1 with a lab on Tuesdays and Thursdays, a session, and something done together in its turn."""
    activities = list(tiny.activities)
    activities[2] = replace(activities[2], place="lab", window=None)
    activities[3] = replace(activities[3], timing="sync_scheduled", window=None)
    activities[4] = replace(activities[4], timing="cohort_paced", window=None)
    return replace(tiny, activities=tuple(activities), calendar=Calendar(lab_days=(1, 3), pace_weeks=1))


@pytest.fixture(scope="module")
def runtime(dated, make_small, tmp_path_factory):
    return Runtime.load(bundle.write(make_small(len(dated.skills)), dated, tmp_path_factory.mktemp("dated") / "b"))


def test_the_days_of_a_bundle_are_those_of_its_world(runtime, dated):
    cat, weekday = runtime.shelf.catalogue, np.arange(28) % 7
    open_ = (np.arange(28)[:, None] >= np.floor(cat.opens)) & (np.arange(28)[:, None] <= cat.closes)
    open_ &= cat.weekdays.T[weekday]
    room = Classroom(rules(dated), 1, 1)
    held = room.pack.open_days[:28].view(np.uint8)[:, : len(dated.activities)] > 0
    np.testing.assert_array_equal(open_, held)
    assert (weekday[open_[:, 2]] % 2 == 1).all() and 0 < open_[:, 4].sum() <= 7 and open_[:, 3].sum() == 8


def test_a_seat_that_is_full_leaves_the_decision_open(runtime):
    """Nothing has happened yet: the record's beliefs, its step and its luck stay; only something else is offered."""
    record = runtime.start(PROFILE)
    first = runtime.recommend(record, day=1.5, k=2)
    full = [name for name in first.ids if name != "nothing-now"][:1]
    told = runtime.observe(first.record, {"day": 1.5, "full": full, "id": "seat-1"})
    assert told.step == record.step and np.array_equal(told.row, record.row) and told.visits == {}
    assert runtime.observe(told, {"day": 1.5, "full": full, "id": "seat-1"}).to_json() == told.to_json()
    again = runtime.recommend(runtime.record_from(told.to_json()), day=1.5, k=2)
    assert full[0] in first.ids and full[0] not in again.ids
    event = {"day": 1.5, "offered": again.ids}
    assert runtime.line(again, event)["full"] == full
    after = runtime.observe(again.record, event)
    assert after.full == () and after.step == 1
    assert runtime.legal(after, 1.5)[runtime.shelf.catalogue.at[full[0]]]


def test_what_was_struck_off_is_never_offered_again(runtime):
    record, seen = runtime.start(PROFILE), []
    for step in range(4):
        advice = runtime.recommend(record, day=2.0 * step, k=2)
        shown = [name for name in advice.ids if name != "nothing-now"]
        assert not set(shown) & set(seen)
        if not shown:
            break
        seen.append(shown[0])
        event = {"day": 2.0 * step, "offered": advice.ids, "vetoed": shown[0]}
        assert runtime.line(advice, event)["vetoed"] == shown[0]
        record = runtime.record_from(runtime.observe(advice.record, event).to_json())
    assert record.vetoed == tuple(seen) and len(seen) >= 3


@pytest.mark.parametrize(
    ("event", "field"),
    [({"full": ["no-such"]}, "event full"), ({"full": "greeting-quiz"}, "event full"),
     ({"full": ["nothing-now"]}, "event full"),
     ({"offered": ["greeting-quiz"], "vetoed": "greeting-video"}, "event vetoed"),
     ({"offered": ["greeting-quiz"], "taken": "greeting-quiz", "completed": True, "minutes": 3,
       "vetoed": "greeting-quiz"},
      "event vetoed")],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_its_field(runtime, event, field):
    with pytest.raises(Refused, match=field):
        runtime.observe(runtime.start(PROFILE), {"day": 1.0, **event})


@pytest.mark.parametrize("days", ["monday", [7], [], [1, True], 3])
def test_days_that_are_no_weekdays_are_refused(runtime, dated, days):
    listed = bundle.catalogue_of(dated)["activities"]
    with pytest.raises(Refused, match="weekdays"):
        runtime.shelve([*listed[:-1], {**listed[-1], "weekdays": days}])


def test_a_record_is_told_what_is_asked_and_what_is_said_as_in_the_classroom(make_small, tmp_path):
    """The target of every profile, and in a line again the role and the wish it was made of."""
    world = load("upskilling-v1")
    runtime = Runtime.load(bundle.write(make_small(len(world.skills)), world, tmp_path / "b"), check=False)
    room = Classroom(rules(world), 60, 7).begin(np.arange(60))
    for i in range(room.n):
        asked, said = (world.role_ids[int(x[i])] for x in (room.now("role"), room.trait("said")))
        record = runtime.start({"learner": i, "role": asked, "own": said, "weekly_minutes": 60})
        np.testing.assert_array_equal(record.profile[: len(world.skills)], room.view[i, room.spec.at("target")])
        line = runtime.line(runtime.recommend(record), {"day": 0.0, "offered": ["nothing-now"]})
        assert (line["role"], line["wish"]) == (asked, said)
        assert runtime.record_from(record.to_json()).own == said
    with pytest.raises(Refused, match="profile own"):
        runtime.start({"learner": 1, "role": asked, "own": "astronaut", "weekly_minutes": 60})


@pytest.mark.parametrize("name", ["leadership-v1", "field-safety-v1"])
def test_a_log_of_people_who_meet_is_retold_with_what_was_full_and_struck_off(name):
    from adaptlearn.agents.shelf import build
    from adaptlearn.core.policy import Head

    world = strict(name)
    policy = build("mastery", world)
    policy.head = Head(1.0)
    log = simulate(policy, company(world), np.arange(LEARNERS), 3, log=True).log
    assert (log["vetoed"] > 0).any() and (log["full"] > 0).any()
    found = retell(log, world, policy, lambda view, catalogue, history: history)
    np.testing.assert_allclose(found.chance, found.logged, rtol=5e-4)
