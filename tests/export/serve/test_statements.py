"""xAPI statements as a learning record store forwards them: what counts is taken once, the rest is passed over."""

import contextlib
import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from adaptlearn.export.runtime import lines
from adaptlearn.export.serve.policies import Policies
from adaptlearn.export.serve.rebuild import refolded
from adaptlearn.export.serve.store import Store

HOME = "https://lms.example.com"
STARTED = datetime(2026, 1, 5, 8, tzinfo=UTC)
PROFILE = {"role": "counter", "weekly_minutes": 90, "started": STARTED.isoformat()}


def statement(verb="completed", activity="greeting-video", learner="u-1", days=1.0, **more):
    return {
        "id": str(uuid.uuid4()), "actor": {"account": {"homePage": HOME, "name": learner}},
        "verb": {"id": f"http://adlnet.gov/expapi/verbs/{verb}"},
        "object": {"id": f"{HOME}/activities/{activity}"},
        "timestamp": (STARTED + timedelta(days=days)).isoformat(), **more,
    }  # fmt: skip


def send(service, body, version="1.0.3"):
    headers = {"X-Experience-API-Version": version} if version else {}
    return service.post("/xapi/statements", body, headers=headers)


def record(service, learner="u-1"):
    with contextlib.closing(Store(service.database)) as store, store.reading() as t:
        fleet = Policies(store).fleet()
        return refolded(store, t, "acme", learner, fleet.champion, fleet.words).record


@pytest.fixture
def service(small_served):
    small_served.recommend("u-1", profile=PROFILE, day=0.0)
    return small_served


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
def test_a_statement_is_an_event_at_its_own_time_and_sent_twice_it_counts_once(version, service):
    one = statement(result={"duration": "PT9M", "completion": True}, days=2.5)
    answers = [send(service, one, version), send(service, [one], version)]
    assert [answer.json() for answer in answers] == [[one["id"]], [one["id"]]]
    assert {answer.headers["x-experience-api-version"] for answer in answers} == {version}
    told = record(service)
    assert told.step == 1
    assert told.visits["greeting-video"] == (1, pytest.approx(2.5, abs=1e-4))


def test_what_our_own_lines_say_comes_back_as_it_was(service, bundles):
    """A decision line written by the runtime as a statement is the event it was made of."""
    advice = service.recommend("u-1", day=3.0)
    offered = [choice["activity"] for choice in advice["choices"]]
    fleet = service.desk.fleet
    runtime = fleet.champion.runtime
    event = {"offered": offered, "taken": "greeting-quiz", "completed": True, "minutes": 7.5, "rating": 4.0,
             "items": {"greeting": 6}, "correct": {"greeting": 5}, "day": 3.0}  # fmt: skip
    before = record(service)
    line = runtime.line(runtime.recommend(before, day=3.0, k=2), event)
    made = lines.statement(line, home=HOME, started=STARTED, catalogue=runtime.shelf.catalogue,
                           contract=runtime.contract)  # fmt: skip
    assert send(service, made).status_code == 200
    by_hand = runtime.observe(before, event | {"offered": line["offered"]})
    assert record(service).to_json() == by_hand.to_json()


def test_a_score_is_counted_as_answers_where_it_is_of_one_skill(service):
    send(service, statement(activity="greeting-quiz", result={"score": {"raw": 9, "min": 0, "max": 12}}))
    told = record(service)
    answered = dict(zip(service.desk.fleet.champion.runtime.contract.skills, told.row[6:9], strict=True))
    assert answered["greeting"] > 0
    with contextlib.closing(Store(service.database)) as store, store.reading() as t:
        body = json.loads(store.events(t, "acme", "u-1")[-1].body)
    assert (body["items"], body["correct"]) == ({"greeting": 6}, {"greeting": 4})


def test_what_does_not_say_how_an_activity_ended_is_accepted_and_passed_over(service):
    other = {"objectType": "Group", "member": [{"mbox": "mailto:a@example.com"}]}
    given = [
        statement("launched"), statement("passed", result={"success": True}), statement(activity="somewhere-else"),
        statement(learner="nobody-told-of"), statement(actor=other), statement(object={"objectType": "StatementRef",
                                                                                  "id": str(uuid.uuid4())}),
        statement(timestamp="yesterday"), statement(timestamp="2999-01-01T00:00:00Z"),
        statement("voided", object={"objectType": "StatementRef", "id": str(uuid.uuid4())}),
    ]  # fmt: skip
    answer = send(service, given)
    assert answer.json() == [one["id"] for one in given]
    assert answer.headers["x-passed-over"] == str(len(given))
    assert record(service).step == 0
    counted = service.client.get("/metrics", headers={"Authorization": f"Bearer {service.key}"}).text
    assert counted.count("adaptlearn_statements_total{outcome=") >= 6
    assert 'adaptlearn_statements_total{outcome="taken"}' not in counted


def test_who_becomes_known_later_loses_nothing_when_it_is_sent_again(service):
    one = statement(learner="u-2")
    assert send(service, one).headers["x-passed-over"] == "1"
    service.recommend("u-2", profile=PROFILE, day=0.0)
    assert send(service, one).headers["x-passed-over"] == "0"
    assert record(service, "u-2").step == 1


def test_what_is_no_statement_refuses_the_whole_request_and_nothing_is_kept(service):
    good = statement()
    for bad, field in (
        ({}, "[1].actor"),
        (good | {"id": "no-uuid"}, "[1].id"),
        (good | {"id": 7}, "[1].id"),
        (good | {"verb": {"id": 4}}, "[1].verb.id"),
        ("text", "[1].statement"),
        (good, "id"),
    ):
        answer = send(service, [good, bad])
        assert (answer.status_code, answer.json()["field"]) == (400, field)
    for version in ("", "0.95", "3.0"):
        answer = send(service, good, version)
        assert (answer.status_code, answer.json()["field"]) == (400, "X-Experience-API-Version")
    assert send(service, []).status_code == 400
    assert record(service).step == 0


def test_another_statement_under_the_same_id_is_a_conflict(service):
    one = statement(days=1.0)
    send(service, one)
    answer = send(service, one | {"timestamp": (STARTED + timedelta(days=2)).isoformat()})
    assert (answer.status_code, answer.json()["field"]) == (409, "id")


def test_what_nobody_offered_is_the_learners_own_choice(service):
    service.observe("e-1", "u-1", offered=["greeting-quiz"], day=0.2)
    send(service, statement(days=1.0))
    with contextlib.closing(Store(service.database)) as store, store.reading() as t:
        row = store.events(t, "acme", "u-1")[-1]
    assert row.decision is None
    assert json.loads(row.body)["offered"] == ["greeting-video"]
