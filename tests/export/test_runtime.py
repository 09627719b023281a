"""The runtime decides as the classroom did, says why, refuses by name, falls back aloud, and needs no torch."""

import itertools
import json
import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adaptlearn.classroom.layout import EVENT, OUTCOMES
from adaptlearn.classroom.room import Classroom
from adaptlearn.classroom.simulate import Thinker
from adaptlearn.core import luck
from adaptlearn.core.catalogue import Rules as HouseRules
from adaptlearn.core.learner import MODES, MOTIVES
from adaptlearn.envs import registry
from adaptlearn.export import bundle
from adaptlearn.export.runtime import Refused, Runtime

PROFILE = {"learner": "u-1", "role": "counter", "weekly_minutes": 90, "motive": "project", "stated": "visual"}
TAKEN = {
    "day": 0.0,
    "offered": ["greeting-video"],
    "taken": "greeting-video",
    "completed": True,
    "minutes": 9.5,
    "rating": 4,
}


@pytest.fixture(scope="module")
def folder(tiny, small, tmp_path_factory):
    return bundle.write(small, tiny, tmp_path_factory.mktemp("agents") / "bundle")


@pytest.fixture(scope="module")
def runtime(folder):
    return Runtime.load(folder)


def told(world, room, offered, i):
    """The row's last step in the words of a platform."""
    event = dict(zip(EVENT, room.event[i].tolist(), strict=True))
    taken = int(event["taken"])
    said = {
        "day": event["day"],
        "offered": [world.activity_ids[a] for a in offered],
        "outcome": OUTCOMES[int(event["outcome"])],
    }
    if taken:
        asked = np.flatnonzero(world.assesses[taken]) if event["items"] else []
        said |= {
            "taken": world.activity_ids[taken],
            "completed": bool(event["completed"]),
            "minutes": event["minutes"],
            "rating": event["stars"],
            "items": {world.skill_ids[k]: int(world.assesses[taken, k]) for k in asked},
            "correct": {world.skill_ids[k]: int(room.answers[i, j]) for j, k in enumerate(asked)},
        }
    return said


HOUSE = HouseRules(("listening-quiz",), ("greeting-quiz",), (("resolving-case", 12.0), ("counter-final", 22.5)),
                   (("listening-pairs", 3.5),), live_per_week=1,
                   after=(("resolving-counter", "listening-pairs"),))  # fmt: skip
MARKED = HouseRules(("listening-quiz",), due=(("greeting-quiz", 12.0),),
                    after=(("resolving-counter", "greeting-quiz"), ("listening-pairs", "listening-quiz")),
                    pass_mark=(("greeting-quiz", 2 / 3), ("listening-quiz", 0.75)))  # fmt: skip


@pytest.mark.parametrize("house", [HouseRules(), HOUSE, MARKED], ids=["free", "ruled", "marked"])
def test_whole_lives_are_decided_as_in_the_classroom(tiny, small, tmp_path, house):
    """Same learners, same luck: same mask, same choice, same propensity, same record, to the end of every life."""
    live = tuple(replace(a, timing="sync_scheduled") if j % 3 == 2 else a for j, a in enumerate(tiny.activities))
    world = replace(tiny, activities=live if house.pinned else tiny.activities, rules=house)
    runtime = Runtime.load(bundle.write(small, world, tmp_path / "b"))
    room = Classroom(registry.rules(world, decides="assign"), 60, seed=11).begin(np.arange(60))
    thinker = Thinker(small, room)
    records = []
    for i in range(room.n):
        profile = {
            "learner": i,
            "role": "counter",
            "weekly_minutes": float(room.trait("weekly_minutes")[i]),
            "motive": MOTIVES[int(room.trait("motive")[i])],
            "stated": MODES[int(room.trait("stated")[i])],
        }
        records.append(runtime.start(profile))
    decisions = 0
    while room.alive.any():
        thinker.decide()
        alive, days = np.flatnonzero(room.alive), room.now("day").copy()
        u = luck.uniform(room.seed, luck.POLICY, room.ids, room.now("step").astype(np.uint64), 0)
        advice = runtime.recommend_many(
            [records[i] for i in alive], days=days[alive].tolist(), luck=u[alive, None].tolist()
        )
        for i, one in zip(alive, advice, strict=True):
            np.testing.assert_array_equal(runtime.legal(records[i], float(days[i])), room.mask[i].astype(bool))
            assert one.ids == [tiny.activity_ids[room.offers[i, 0]]]
            assert one.choices[0].propensity == pytest.approx(room.propensity[i, 0], abs=1e-5)
        offered = room.offers.copy()
        room.step()
        for i in alive:
            records[i] = runtime.observe(records[i], told(tiny, room, offered[i], i))
            np.testing.assert_allclose(records[i].row, room.rec[i], atol=1e-4)
        decisions += len(alive)
    assert decisions > 500


def test_a_recommendation_says_what_for_and_with_what_chance(runtime, tiny):
    advice = runtime.recommend(runtime.start(PROFILE), day=0.0, k=3)
    assert len(set(advice.ids)) == 3 and not advice.fallback
    for choice in advice.choices:
        assert 0.0 < choice.propensity <= 1.0
        assert choice.why
        assert choice.skill in (*tiny.skill_ids, "")
    assert set(advice.mastery) == set(tiny.skill_ids)
    assert advice.mastery["greeting"] == pytest.approx(0.30, abs=1e-6)


def test_an_answer_moves_mastery_and_a_skip_moves_preference(runtime):
    record = runtime.start(PROFILE)
    right = runtime.observe(record, TAKEN | {"items": {"greeting": 6}, "correct": {"greeting": 6}})
    wrong = runtime.observe(record, TAKEN | {"items": {"greeting": 6}, "correct": {"greeting": 1}})
    known = [runtime.recommend(r, day=1.0).mastery["greeting"] for r in (wrong, record, right)]
    assert known[0] < known[1] < known[2]
    skipped = runtime.observe(record, {"day": 0.0, "offered": ["greeting-video"]})
    assert runtime.recommend(skipped).preference["visual"] < 0.0 == runtime.recommend(record).preference["visual"]


def test_the_same_learner_at_the_same_step_has_the_same_luck(runtime):
    record = runtime.start(PROFILE)
    assert runtime.recommend(record, k=3).ids == runtime.recommend(record, k=3).ids
    assert runtime.recommend(record, k=3).ids[:2] == runtime.recommend(record, k=2).ids
    first = {runtime.recommend(runtime.start(PROFILE | {"learner": f"u-{j}"})).ids[0] for j in range(60)}
    assert len(first) > 3


def test_records_keep_as_json_bit_for_bit_and_foreign_ones_are_refused(runtime):
    record = runtime.observe(runtime.start(PROFILE), TAKEN)
    back = runtime.record_from(record.to_json())
    assert back.to_json() == record.to_json()
    assert np.array_equal(back.row, record.row) and back.visits == record.visits
    data = json.loads(record.to_json())
    for name, value in {
        "record_version": 0,
        "skills": "a/b",
        "row": [1.0],
        "profile": [],
        "visits": 3,
        "day": None,
    }.items():
        with pytest.raises(Refused, match="record"):
            runtime.record_from(json.dumps(data | {name: value}))


def test_another_policys_memory_is_not_carried_over(tiny, make_small, tmp_path, runtime):
    """The record moves on to a new bundle; what only the old policy understood does not."""
    other = Runtime.load(bundle.write(make_small(len(tiny.skills), memory=4, thought=2), tiny, tmp_path / "b"))
    record = runtime.observe(runtime.start(PROFILE), TAKEN)
    first = other.recommend(record, day=1.0)
    assert first.record.memory.shape == (4,) and first.record.memory.any()
    assert runtime.recommend(first.record, day=1.0).record.memory.shape == (0,)
    assert np.array_equal(first.record.row, record.row)


# --- rules, catalogues, late and withdrawn ------------------------------------------------------------------------


def test_a_catalogue_may_change_by_a_fifth(runtime, folder):
    """Withdrawn activities are not offered but still update; new ones are offered at once."""
    listed = json.loads((folder / "catalogue.json").read_text())["activities"]
    new = [
        {**listed[2], "id": f"new-{j}", "title": "New", "features": {**listed[2]["features"], "minutes": 5 + j}}
        for j in (1, 2)
    ]
    shelf = runtime.shelve([*listed[3:], *new])
    record = runtime.start(PROFILE)
    seen = {runtime.recommend(runtime.start(PROFILE | {"learner": j}), shelf).ids[0] for j in range(200)}
    assert {"new-1", "new-2"} <= seen and not seen & {"counter-check", "greeting-video"}
    gone = {"id": "greeting-video", "title": "Gone", "features": listed[2]["features"]}
    by_row = runtime.observe(record, TAKEN | {"offered": [gone], "taken": gone}, shelf)
    by_id = runtime.observe(record, TAKEN)
    assert np.array_equal(by_row.row, by_id.row) and by_row.visits == by_id.visits
    with pytest.raises(Refused, match=r"offered\[0\]"):
        runtime.observe(record, TAKEN, shelf)


def test_a_late_event_counts_as_of_the_day_already_reached(runtime):
    record = runtime.observe(runtime.start(PROFILE), TAKEN | {"day": 6.0})
    late = runtime.observe(record, TAKEN | {"day": 2.0, "offered": ["greeting-quiz"], "taken": "greeting-quiz"})
    assert late.day == 6.0 and late.visits["greeting-quiz"] == (1, 6.0) and late.step == 2
    assert np.isfinite(late.row).all()


def test_events_out_of_order_keep_every_answer(runtime):
    """In whatever order they arrive, nothing is lost: the same visits, items, minutes and number of events."""
    asked = {"items": {"greeting": 4}, "correct": {"greeting": 3}}
    quiz = {"day": 3.0, "offered": ["greeting-quiz"], "taken": "greeting-quiz"}
    events = [TAKEN | {"day": 1.0}, TAKEN | quiz | asked, {"day": 5.0, "offered": ["counter-check"]}]  # fmt: skip
    found = []
    for order in itertools.permutations(events):
        record = runtime.start(PROFILE)
        for event in order:
            record = runtime.observe(record, event)
        row, k = record.row, len(runtime.contract.skills)
        found.append((record.step, sorted((a, n) for a, (n, _) in record.visits.items()), row[2 * k : 4 * k].tolist()))
        assert record.day == 5.0 and np.isfinite(row).all()
    assert all(one == found[0] for one in found)


def test_an_event_sent_twice_counts_once(runtime):
    record = runtime.start(PROFILE)
    once = runtime.observe(record, TAKEN | {"id": "evt-1"})
    again = runtime.observe(runtime.record_from(once.to_json()), TAKEN | {"id": "evt-1"})
    assert again.to_json() == once.to_json()
    assert runtime.observe(once, TAKEN | {"id": "evt-2"}).step == 2
    with pytest.raises(Refused, match="event id"):
        runtime.observe(record, TAKEN | {"id": 7})


def test_when_the_programme_is_over_nothing_more_is_offered(runtime):
    advice = runtime.recommend(runtime.start(PROFILE), day=31.0, k=2)
    assert advice.ids == ["nothing-now"] * 2 and advice.choices[0].propensity == 1.0
    assert "nothing else" in advice.choices[0].why


def test_a_new_destination_is_seen_at_once(runtime):
    record = runtime.start(PROFILE)
    turned = runtime.redirect(record, {"learner": "u-1", "targets": {"greeting": 1}, "weekly_minutes": 30})
    assert turned.profile[0] == 1.0 and np.array_equal(turned.row, record.row)
    with pytest.raises(Refused, match="learner"):
        runtime.redirect(record, PROFILE | {"learner": "u-2"})


# --- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"learner": None}, "profile learner"),
        ({"role": "pilot"}, "profile role"),
        ({"weekly_minutes": -1}, "weekly_minutes"),
        ({"weekly_minutes": float("nan")}, "weekly_minutes"),
        ({"motive": "fame"}, "profile motive"),
        ({"age": 44}, "profile age"),
        ({"stated": 3}, "profile stated"),
        ({"mandatory": "yes"}, "mandatory"),
        ({"targets": {"greeting": 1}}, "targets"),
    ],
)
def test_a_profile_is_refused_by_field(runtime, change, field):
    with pytest.raises(Refused, match=field) as refusal:
        runtime.start(PROFILE | change)
    assert refusal.value.field and refusal.value.needed


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"day": -1}, "event day"),
        ({"day": None}, "event day"),
        ({"offered": []}, "event offered"),
        ({"offered": "x"}, "event offered"),
        ({"offered": ["greeting-vidoe"]}, "greeting-video"),
        ({"taken": "no"}, "event taken"),
        ({"minutes": None}, "event minutes"),
        ({"minutes": -2}, "event minutes"),
        ({"completed": 2}, "event completed"),
        ({"rating": 7}, "event rating"),
        ({"items": {"juggling": 1}}, "event items juggling"),
        ({"correct": {"greeting": 1}}, "event correct greeting"),
        ({"items": {"greeting": 1.5}}, "event items greeting"),
        ({"outcome": "skipped"}, "event outcome"),
        ({"mood": 1}, "event mood"),
        ({"taken": None}, "event completed"),
        ({"about": "no"}, "event about"),
    ],
)
def test_an_event_is_refused_by_field(runtime, change, field):
    with pytest.raises(Refused, match=field):
        runtime.observe(runtime.start(PROFILE), TAKEN | change)


@pytest.mark.parametrize(
    ("listed", "field"),
    [
        (3, "catalogue"),
        ([3], r"catalogue\[1\]"),
        ([{"id": "a"}], "a features"),
        ([{"id": "", "features": {}}], "id"),
        ([{"id": "a", "features": {"minuets": 3}}], "minuets"),
        ([{"id": "a", "features": {"minutes": 0}}], "a features minutes"),
        ([{"id": "a", "features": {"minutes": 5}}] * 2, "id"),
        ([{"id": "a", "features": {"minutes": 5}, "colour": 1}], "a colour"),
        ([{"id": "a", "features": {"minutes": 5}, "opens": "May"}], "a opens"),
    ],
)
def test_a_catalogue_is_refused_by_field(runtime, listed, field):
    with pytest.raises(Refused, match=field):
        runtime.shelve(listed)


@pytest.mark.parametrize(
    ("k", "luck_", "field"),
    [(0, None, "k"), (2.5, None, "k"), (999, None, "k"), (2, [0.5], "luck"), (1, [1.0], "luck")],
)
def test_impossible_slates_and_luck_are_refused(runtime, k, luck_, field):
    with pytest.raises(Refused, match=field):
        runtime.recommend(runtime.start(PROFILE), k=k, luck=luck_)


@pytest.mark.parametrize("luck_", [[[0.1, 0.2], [0.3]], [[0.1, 0.2]], [[0.1], [0.3, 0.4]], []])
def test_luck_that_is_not_one_number_for_each_place_of_each_learner_is_refused(runtime, luck_):
    with pytest.raises(Refused, match=r"luck: found .*needed 2 numbers in \[0, 1\) for each learner"):
        runtime.recommend_many([runtime.start(PROFILE)] * 2, k=2, luck=luck_)


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["greeting-video", "greeting", "nothing-now"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8) | st.sampled_from(["id", "features", "greeting"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([*TAKEN, "about", "items", "correct", "outcome"]),
    ANYTHING,
    st.sampled_from([*PROFILE, "targets", "mandatory"]),
    ANYTHING,
)
def test_whatever_is_sent_the_answer_is_a_record_or_a_refusal(runtime, field, value, told_field, told_value):
    record = runtime.start(PROFILE)
    for send in (
        lambda: runtime.observe(record, TAKEN | {field: value}),
        lambda: runtime.observe(record, value),
        lambda: runtime.start(PROFILE | {told_field: told_value}),
        lambda: runtime.shelve(value),
        lambda: runtime.record_from(json.dumps(json.loads(record.to_json()) | {str(field): value}, default=str)),
        lambda: runtime.recommend(record, day=value),
        lambda: runtime.recommend(record, k=value),
    ):
        try:
            made = send()
        except Refused as refusal:
            assert refusal.field and refusal.needed
        else:
            assert made is not None


# --- falling back, sharing, travelling light ------------------------------------------------------------------------


def test_where_the_graph_fails_the_authors_syllabus_decides_and_says_so(runtime, monkeypatch):
    record = runtime.observe(runtime.start(PROFILE), TAKEN)

    def broken(feeds):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(
        runtime,
        "graph",
        type("Graph", (), {"__call__": lambda self, feeds: broken(feeds), "quiet": runtime.graph.quiet})(),
    )
    advice = runtime.recommend(record, day=1.0, k=3)
    assert advice.ids == [
        "counter-check",
        "greeting-quiz",
        "listening-reading",
    ]  # the author's order, what was taken last
    assert "syllabus" in advice.fallback and "out of memory" in advice.fallback
    assert all(choice.propensity == 1.0 and choice.why for choice in advice.choices)


def test_scores_that_are_no_numbers_fall_back_too(runtime, monkeypatch):
    whole = runtime.graph

    def spoiled(feeds):
        then = whole(feeds)
        return then | {"probabilities": np.full_like(then["probabilities"], np.nan)}

    monkeypatch.setattr(
        runtime, "graph", type("Graph", (), {"__call__": lambda self, feeds: spoiled(feeds), "quiet": whole.quiet})()
    )
    assert "not numbers" in runtime.recommend(runtime.start(PROFILE), day=0.0).fallback


def test_threads_may_share_a_runtime(runtime):
    records = [runtime.start(PROFILE | {"learner": j}) for j in range(40)]
    alone = [runtime.recommend(record, day=1.0, k=3).ids for record in records]
    found = [None] * len(records)

    def work(start):
        for j in range(start, len(records), 4):
            found[j] = runtime.recommend(records[j], day=1.0, k=3).ids

    threads = [threading.Thread(target=work, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == alone
    assert [advice.ids for advice in runtime.recommend_many(records, k=3, days=[1.0] * len(records))] == alone


DECIDE = """
import sys
sys.modules["torch"] = sys.modules["onnx"] = None  # to import either is an error
from adaptlearn.export.runtime import Runtime
runtime = Runtime.load({folder!r})
record = runtime.start({profile!r})
record = runtime.observe(record, {event!r})
print(*runtime.recommend(record, day=2.0, k=3).ids)
"""


def ids_of(runtime):
    return runtime.recommend(runtime.observe(runtime.start(PROFILE), TAKEN), day=2.0, k=3).ids


def test_the_runtime_imports_no_torch(runtime, folder):
    text = DECIDE.format(folder=str(folder), profile=PROFILE, event=TAKEN)
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ids_of(runtime)
