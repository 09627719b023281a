"""Who may ask for what, and what is told to who may not."""

import contextlib
import json

import pytest

from adaptlearn.export.runtime import Refused
from adaptlearn.export.serve.keys import SCOPES, Keys
from adaptlearn.export.serve.store import Store

PROFILE = {"role": "counter", "weekly_minutes": 90}
DOORS = (
    ("POST", "/recommend", {"learner": "u-1"}, "recommend"),
    ("POST", "/observe", {"id": "e-9", "learner": "u-1", "day": 1.0}, "observe"),
    ("POST", "/learners", {"id": "l-9", "learner": "u-1", "profile": PROFILE}, "observe"),
    ("POST", "/xapi/statements", [], "observe"),
    ("GET", "/metrics", None, "metrics"),
)


def ask(service, method, path, body, authorization):
    headers = {"Authorization": authorization} if authorization else {}
    return service.client.request(method, path, json=body, headers=headers)


def made(service, tenant, *scopes):
    with contextlib.closing(Store(service.database)) as store:
        return Keys(store).make(tenant, scopes)


@pytest.mark.parametrize(("method", "path", "body", "scope"), DOORS)
def test_without_a_key_or_with_a_wrong_one_nothing_opens(method, path, body, scope, small_served):
    small_served.recommend("u-1")
    good = small_served.key
    name, _, secret = good.removeprefix("al_").partition("_")
    wrong = ["", "Bearer", "Bearer x", f"Bearer {good}x", f"Bearer al_{name}_{secret[:-1]}", f"Bearer al__{secret}",
             f"Bearer al_{name}_", f"Basic {good}", "Basic %%%", f"Bearer al_{secret}_{name}"]  # fmt: skip
    answers = [ask(small_served, method, path, body, one) for one in wrong]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1, "no wrong key is told from another"
    assert answers[0].json()["field"] == "authorization"
    assert "u-1" not in answers[0].text


@pytest.mark.parametrize(("method", "path", "body", "scope"), DOORS)
def test_a_key_opens_what_its_scope_says_and_no_other_door(method, path, body, scope, small_served):
    every = made(small_served, "acme", *(one for one in SCOPES if one != scope))
    only = made(small_served, "acme", scope)
    refused = ask(small_served, method, path, body, f"Bearer {every}")
    assert refused.status_code == 403
    assert refused.json()["field"] == "authorization"
    assert ask(small_served, method, path, body, f"Bearer {only}").status_code not in (401, 403)


def test_a_learner_of_another_tenant_is_a_learner_nobody_knows(small_served):
    """Tenants meet in nothing: not in learners, decisions or ids of events; no answer tells that somebody is there."""
    mine = small_served.recommend("u-1")
    small_served.observe("e-1", "u-1", decision=mine["decision"], day=0.5)
    other = made(small_served, "other", "recommend", "observe")

    def post(path, body):
        return small_served.post(path, body, key=other)

    strangers = [post("/recommend", {"learner": name}) for name in ("u-1", "u-9")]
    assert {answer.status_code for answer in strangers} == {404}
    assert strangers[0].text.replace("u-1", "u-9") == strangers[1].text, (
        "one that is there is not told from one that is not"
    )
    assert post("/observe", {"id": "e-1", "learner": "u-1", "decision": mine["decision"]}).status_code == 404
    assert post("/recommend", {"learner": "u-1", "profile": PROFILE}).json()["step"] == 0
    for decision in (mine["decision"], "0" * 32):
        answer = post("/observe", {"id": "e-1", "learner": "u-1", "decision": decision, "day": 1.0})
        assert (answer.status_code, answer.json()["field"]) == (404, "decision")
    theirs = post("/observe", {"id": "e-1", "learner": "u-1", "offered": ["greeting-video"], "day": 1.0})
    assert theirs.json()["duplicate"] is False, "an id of one tenant is free for another"
    assert small_served.recommend("u-1", day=1.0)["step"] == 1


def test_a_key_is_kept_as_a_hash_and_can_be_taken_back(small_served, monkeypatch):
    monkeypatch.setattr("adaptlearn.export.serve.keys.TRUSTED_SECONDS", 0.0)
    key = made(small_served, "acme", "recommend")
    name, _, secret = key.removeprefix("al_").partition("_")
    body = {"learner": "u-1", "profile": PROFILE}
    assert small_served.post("/recommend", body, key=key).status_code == 200
    with contextlib.closing(Store(small_served.database)) as store:
        keys = Keys(store)
        assert secret not in json.dumps(keys.listed(), default=str)
        keys.revoke(name)
        with pytest.raises(Refused, match="key"):
            keys.revoke("nobody")
        with pytest.raises(Refused, match="scopes"):
            keys.make("acme", ("everything",))
    file = small_served.database.removeprefix("sqlite:///")
    held = b"".join(open(file + end, "rb").read() for end in ("", "-wal"))  # noqa: SIM115
    assert secret.encode() not in held
    assert small_served.post("/recommend", body, key=key).status_code == 401


def test_basic_is_taken_as_learning_record_stores_send_it(small_served):
    name, _, secret = small_served.key.removeprefix("al_").partition("_")
    body = {"learner": "u-1", "profile": PROFILE}
    assert small_served.client.post("/recommend", json=body, auth=(name, secret)).status_code == 200
    assert small_served.client.post("/recommend", json=body, auth=(name, secret + "x")).status_code == 401


def test_what_is_too_large_is_refused_before_it_is_read(small_served):
    for path, most in (("/recommend", 65_536), ("/xapi/statements", 4_194_304)):
        answer = small_served.post(path, content=b"x" * (most + 1))
        assert (answer.status_code, answer.json()["field"]) == (413, "body")
        chunks = iter([b"x" * most, b"xx"])  # no length is declared
        headers = {"X-Experience-API-Version": "1.0.3"}
        assert small_served.post(path, content=chunks, headers=headers).status_code == 413


def test_more_than_may_wait_is_told_to_come_back(tmp_path, bundles, start_service):
    import concurrent.futures

    service = start_service(f"sqlite:///{tmp_path}/serve.db", bundles["one"], most_waiting=1, gather_seconds=0.2)
    with service.client, concurrent.futures.ThreadPoolExecutor(8) as pool:
        service.recommend("u-1")
        body = {"learner": "u-1", "profile": PROFILE}
        answers = list(pool.map(lambda _: service.post("/recommend", body), range(8)))
    statuses = {answer.status_code for answer in answers}
    assert statuses == {200, 503}
    busy = next(answer for answer in answers if answer.status_code == 503)
    assert busy.headers["retry-after"] == "1"
    assert busy.json()["field"] == "service"
