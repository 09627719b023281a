"""Events are the truth: whatever happens between two requests, the record is what the runtime makes of them."""

import contextlib
import itertools
import json
import threading
import time

import numpy as np
import pytest

from adaptlearn.export.runtime import Runtime
from adaptlearn.export.serve.batch import Asked, Told
from adaptlearn.export.serve.desk import Desk
from adaptlearn.export.serve.policies import Policies
from adaptlearn.export.serve.rebuild import rebuild, refolded
from adaptlearn.export.serve.settings import Settings
from adaptlearn.export.serve.store import Store

PROFILE = {"role": "counter", "weekly_minutes": 90}


def by_hand(folder, learner, steps, k=2):
    """The slow, obvious way: one record, one call after the other, no store.   -> offers, record"""
    runtime = Runtime.load(folder)
    record, offers = runtime.start({"learner": learner, **PROFILE}), []
    for step in range(steps):
        advice = runtime.recommend(record, day=float(step), k=k)
        activity = advice.ids[0]
        event = {"day": step + 0.5, "offered": advice.ids}
        event |= {"taken": activity, "completed": True, "minutes": 9} if activity != "nothing-now" else {}
        record = runtime.observe(advice.record, event)
        offers.append(advice.ids)
    return offers, record


def standing(service, learner="u-1", *, whole=False):
    """Where a learner stands, made again from the store alone."""
    with contextlib.closing(Store(service.database)) as store, store.reading() as t:
        fleet = Policies(store).fleet()
        return refolded(store, t, "acme", learner, fleet.champion, fleet.words, whole=whole)


@pytest.mark.parametrize("name", ["one", "memory"])
def test_a_life_through_the_service_is_the_life_that_the_runtime_gives(name, database, bundles, start_service):
    service = start_service(database, bundles[name])
    with service.client:
        offers, record = by_hand(bundles[name], "u-1", 11)
        assert service.live("u-1", 11) == offers
        for whole in (False, True):  # from the record as written, and from the first event
            assert standing(service, whole=whole).record.to_json() == record.to_json()


def test_restarted_between_any_two_requests_it_goes_on_as_if_it_had_not_been(tmp_path, bundles, start_service):
    offers, _ = by_hand(bundles["memory"], "u-1", 6)
    seen = []
    for step in range(6):
        service = start_service(f"sqlite:///{tmp_path}/serve.db", bundles["memory"] if step == 0 else None)
        with service.client:
            seen += service.live("u-1", 1, start=step)
    assert seen == offers


def test_two_workers_over_one_database_are_as_good_as_one(database, bundles, start_service):
    offers, record = by_hand(bundles["one"], "u-1", 8)
    first = start_service(database, bundles["one"])
    with first.client:
        second = start_service(database, None)
        with second.client:
            turns = itertools.cycle((first, second))
            assert [offer for step in range(8) for offer in next(turns).live("u-1", 1, start=step)] == offers
            assert standing(first).record.to_json() == record.to_json()


def test_rebuilding_changes_nothing_that_anybody_sees(served):
    served.live("u-1", 9)
    before = standing(served).record.to_json()
    with contextlib.closing(Store(served.database)) as store:
        fleet = Policies(store).fleet()
        assert rebuild(store, [fleet.champion], fleet.words, lambda _: None) == 1
    assert standing(served).record.to_json() == before


def test_an_event_sent_twice_counts_once(served):
    advice = served.recommend(day=0.0)
    event = {"decision": advice["decision"], "day": 0.5, "taken": "greeting-video", "completed": True, "minutes": 9}
    first, again = served.observe("e-1", **event), served.observe("e-1", **event)
    assert (first["duplicate"], again["duplicate"]) == (False, True)
    assert again["seq"] == first["seq"]
    assert served.recommend(day=1.0)["step"] == 1


def test_something_else_under_the_same_id_is_refused_and_changes_nothing(served):
    advice = served.recommend(day=0.0)
    served.observe("e-1", decision=advice["decision"], day=0.5)
    for other in ({"day": 0.6}, {"learner": "u-2"}, {"taken": "greeting-video", "completed": True, "minutes": 3}):
        served.recommend(other.get("learner", "u-1"))
        answer = served.post("/observe", {"id": "e-1", "learner": "u-1", "decision": advice["decision"], "day": 0.5}
                             | other)  # fmt: skip
        assert answer.status_code == 409
        assert answer.json()["field"] == "id"
    assert standing(served).record.step == 1


def test_a_full_seat_leaves_the_decision_open_and_a_veto_closes_it_for_good(served):
    first = served.recommend(day=0.0, k=2)
    shown = [choice["activity"] for choice in first["choices"] if choice["activity"] != "nothing-now"]
    served.observe("seat-1", day=0.0, full=shown[:1])
    again = served.recommend(day=0.0, k=2)
    others = [choice["activity"] for choice in again["choices"] if choice["activity"] != "nothing-now"]
    assert again["step"] == 0 and others and shown[0] not in others
    served.observe("e-1", decision=again["decision"], day=0.5, vetoed=others[0])
    record = standing(served, whole=True).record
    assert (record.step, record.full, record.vetoed) == (1, (), (others[0],))
    for day in (1.0, 8.0):
        offers = served.recommend(day=day, k=2)
        assert others[0] not in [choice["activity"] for choice in offers["choices"]]


def test_late_events_and_those_out_of_order_count_as_the_runtime_counts_them(served, bundles):
    runtime = Runtime.load(bundles["one"])
    record = runtime.start({"learner": "u-1", **PROFILE})
    served.recommend(day=0.0)
    for j, day in enumerate((5.0, 2.0, 9.0, 1.0)):
        event = {"day": day, "offered": ["greeting-video", "greeting-quiz"], "taken": "greeting-video",
                 "completed": True, "minutes": 4.0}  # fmt: skip
        record = runtime.observe(record, event)
        served.observe(f"e-{j}", **event)
    assert standing(served).record.to_json() == record.to_json()


def test_what_the_runtime_refuses_is_refused_by_its_field_and_nothing_is_kept(small_served):
    small_served.recommend()
    for body, field in (
        ({"taken": "no-such-thing", "completed": True, "minutes": 3}, "taken"),
        ({"taken": "greeting-video", "completed": True}, "minutes"),
        ({"taken": "greeting-video", "minutes": 3}, "completed"),
        ({"taken": "greeting-video", "completed": True, "minutes": 3, "items": {"flying": 2}}, "items flying"),
        ({"offered": []}, "offered"),
        ({"decision": "0" * 32}, "decision"),
        ({"day": -1}, "day"),
        ({"colour": "red"}, "colour"),
    ):
        answer = small_served.post("/observe", {"id": "e-1", "learner": "u-1", **body})
        assert answer.status_code in (404, 422), answer.text
        assert answer.json()["field"].startswith(field), answer.text
    assert standing(small_served).record.step == 0


def test_a_decision_is_in_the_store_before_it_is_answered_with_all_that_replays_it(served):
    advice = served.recommend(day=3.25)
    with contextlib.closing(Store(served.database)) as store, store.reading() as t:
        row = store.decision(t, "acme", advice["decision"])
        assert store.decision(t, "other", advice["decision"]) is None
    body = json.loads(row.body)
    assert body["offered"] == [choice["activity"] for choice in advice["choices"]]
    assert body["propensity"] == [choice["propensity"] for choice in advice["choices"]]
    assert {"day", "step", "k", "seed", "policy", "fallback"} <= set(body)
    assert served.recommend(day=3.25)["decision"] == advice["decision"], "asked again, it is the same decision"
    assert served.recommend(day=3.5)["decision"] != advice["decision"]


def test_many_at_once_are_decided_as_one_by_one(tmp_path, bundles):
    """A batch is bookkeeping: who else is in it changes nothing."""
    rng, answers = np.random.default_rng(5), []
    script = [("ask", f"u-{rng.integers(6)}") if rng.random() < 0.6 else ("tell", f"u-{rng.integers(6)}")
              for _ in range(90)]  # fmt: skip
    for size in (1, 7, 90):
        desk = made(f"sqlite:///{tmp_path}/{size}.db", bundles["memory"])
        asks = [Told("acme", f"u-{i}", "profile", f"p-{i}", PROFILE, 0.0) for i in range(6)]
        for j, (what, name) in enumerate(script):
            event = {"offered": ["greeting-video"], "taken": "greeting-video", "completed": True, "minutes": 5.0,
                     "day": j / 10}  # fmt: skip
            asks.append(Asked("acme", name, 0.0, 2, j / 10) if what == "ask"
                        else Told("acme", name, "observed", f"e-{j}", event, 0.0))  # fmt: skip
        said = [one for at in range(0, len(asks), size) for one in desk.serve(asks[at : at + size])]
        assert not [one for one in said if isinstance(one, BaseException)]
        answers.append([[c["activity"] for c in one["choices"]] if "choices" in one else one["seq"] for one in said])
    assert answers[0] == answers[1] == answers[2]


def made(database, folder):
    """A desk without a thread: batches are given by hand."""
    store = Store(database)
    policies = Policies(store)
    if folder is not None:
        policies.set("champion", policies.add(folder).digest)
    return Desk(store, policies, Settings(database=database))


def test_workers_that_write_of_the_same_learners_at_once_lose_nothing(database, bundles):
    """Four threads, four desks, three learners: every event has its place and none has another's."""
    desks = [made(database, bundles["one"] if i == 0 else None) for i in range(4)]
    desks[0].serve([Told("acme", f"u-{i}", "profile", f"p-{i}", PROFILE, 0.0) for i in range(3)])
    said = []

    def work(number, desk):
        for j in range(12):
            event = {"offered": ["greeting-video"], "day": float(j)}
            asks = [Told("acme", f"u-{i}", "observed", f"e-{number}-{j}-{i}", event, 0.0) for i in range(3)]
            said.extend(desk.serve(asks))

    threads = [threading.Thread(target=work, args=(i, desk)) for i, desk in enumerate(desks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not [one for one in said if isinstance(one, BaseException)]
    store = Store(database)
    with store.reading() as t:
        for i in range(3):
            rows = store.events(t, "acme", f"u-{i}")
            assert [row.seq for row in rows] == list(range(1 + 4 * 12))
            assert len({row.key for row in rows}) == len(rows)
    assert {(one["learner"], one["seq"]) for one in said} == {(f"u-{i}", s) for i in range(3) for s in range(1, 49)}


def test_one_poisoned_request_does_not_fail_those_beside_it(tmp_path, bundles):
    desk = made(f"sqlite:///{tmp_path}/serve.db", bundles["one"])
    good = Told("acme", "u-1", "profile", "p-1", PROFILE, 0.0)
    bad = Told("acme", "u-2", "profile", "p-2", {"role": object()}, 0.0)  # no JSON can carry it
    told, trouble = desk.serve([good, bad])
    assert told["seq"] == 0
    assert isinstance(trouble, Exception)


def test_days_go_by_the_clock_where_nobody_says_them(small_served):
    start = time.time() - 10 * 86_400
    profile = PROFILE | {"started": "1970-01-01T00:00:00Z"}
    assert small_served.recommend("u-2", profile=profile, day=1.0)["step"] == 0
    told = {"started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(start))}
    assert small_served.recommend("u-1", profile=PROFILE | told)["day"] == pytest.approx(10.0, abs=0.01)
    assert small_served.recommend("u-3")["day"] == pytest.approx(0.0, abs=0.01)


def test_no_look_up_of_a_request_reads_what_is_not_asked_for(tmp_path):
    """SQLite's own plan of each: by key, by learner, by name; never a tenant's whole history."""
    import sqlalchemy as sa
    from sqlalchemy.dialects import sqlite

    from adaptlearn.export.serve import store as stores

    store = Store(f"sqlite:///{tmp_path}/serve.db")
    asked = {"tenant": "t", "learner": "u", "after": 0, "name": "d", "most": 1, "layout": "l", "listed": "[]",
             "keys": ["a", "b"], "learners": ["a", "b"]}  # fmt: skip
    wanted = [
        stores.BY_KEY,
        stores.EVENTS,
        stores.RECORDS,
        stores.DECISION,
        stores.DECISIONS,
        store._last,
        store._since,
    ]
    for statement in wanted:
        names = set(statement.compile(store.engine).params) & set(asked)
        given = statement.bindparams if isinstance(statement, sa.TextClause) else statement.params
        filled = given(**{name: asked[name] for name in names})
        named = sqlite.dialect(paramstyle="named")
        state = filled.compile(dialect=named).construct_expanded_state()
        with store.reading() as t:
            plan = [row[3] for row in t.exec_driver_sql(f"EXPLAIN QUERY PLAN {state.statement}", state.parameters)]
        own = [line for line in plan if any(name in line for name in ("events", "decisions", "records"))]
        assert own, plan
        for line in own:
            assert line.startswith("SEARCH"), line
            assert any(f"{name}=?" in line for name in ("key", "learner", "id")), line
