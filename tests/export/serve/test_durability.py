"""What was acknowledged is there: after kill -9, after SIGTERM, and exactly once."""

import asyncio
import contextlib
import json
import re
import signal
import threading
import time

import httpx
import pytest

from adaptlearn.export.serve.store import Store

PROFILE = {"role": "counter", "weekly_minutes": 90}


class Callers:
    """People who tell events as fast as they can, and remember which were acknowledged."""

    def __init__(self, url, key, learners=8):
        self.url, self.headers = url, {"Authorization": f"Bearer {key}"}
        self.learners, self.acknowledged, self.unsure, self.stop = learners, {}, {}, False

    async def one(self, client, number, round_):
        """One of them, who goes on until nobody answers."""
        name, j = f"u-{number}", 0
        await client.post("/recommend", json={"learner": name, "profile": PROFILE})
        while not self.stop:
            event = {"id": f"e-{round_}-{number}-{j}", "learner": name, "offered": ["greeting-video"],
                     "day": float(j), "taken": "greeting-video", "completed": True, "minutes": 1.0 + j}  # fmt: skip
            self.unsure[event["id"]] = event
            answer = await client.post("/observe", json=event)
            if answer.status_code == 200:
                self.acknowledged[event["id"]] = self.unsure.pop(event["id"])
            j += 1

    def run(self, round_=0):
        """Until the service is gone, or told to stop."""

        async def everyone():
            async with httpx.AsyncClient(base_url=self.url, headers=self.headers, timeout=30) as client:
                people = [self.one(client, i, round_) for i in range(self.learners)]
                return await asyncio.gather(*people, return_exceptions=True)

        return asyncio.run(everyone())

    def until(self, events):
        """Wait until so many were acknowledged."""
        limit = time.monotonic() + 60
        while len(self.acknowledged) < events:
            assert time.monotonic() < limit, "no answers come"
            time.sleep(0.01)


def kept(database):
    """Every event of the store by its key, in the order of seq; each once, without a gap."""
    found = {}
    with contextlib.closing(Store(database)) as store, store.reading() as t:
        for tenant, learner in store.learners(t):
            rows = store.events(t, tenant, learner)
            assert [row.seq for row in rows] == list(range(len(rows)))
            for row in rows:
                assert row.key not in found
                found[row.key] = row
    return found


def test_killed_under_load_it_has_every_acknowledged_event_once(database, processes, furnished):
    key = furnished(database)
    told = {}
    for round_ in range(3):
        service = processes(database)
        callers = Callers(service.url, key)
        thread = threading.Thread(target=callers.run, args=(round_,))
        thread.start()
        callers.until(40)
        service.end(signal.SIGKILL)
        callers.stop = True
        thread.join()
        told |= callers.acknowledged
        service = processes(database)  # it comes back by itself, and takes again what nobody is sure of
        with httpx.Client(base_url=service.url, headers=callers.headers, timeout=10) as client:
            for name, event in callers.unsure.items():
                assert client.post("/observe", json=event).status_code == 200
                told[name] = event
        service.end()
    found = kept(database)
    assert set(told) == {name for name in found if name.startswith("e-")}
    assert all(json.loads(found[name].body)["minutes"] == event["minutes"] for name, event in told.items())


def test_told_to_end_it_answers_what_it_has_taken_and_goes(tmp_path, processes, furnished):
    database = f"sqlite:///{tmp_path}/serve.db"
    key = furnished(database)
    service = processes(database)
    callers = Callers(service.url, key)
    ends = []
    thread = threading.Thread(target=lambda: ends.extend(callers.run()))
    thread.start()
    callers.until(40)
    assert service.end(signal.SIGTERM) == 0
    callers.stop = True
    thread.join()
    assert set(callers.acknowledged) <= set(kept(database))
    torn = [one for one in ends if isinstance(one, httpx.HTTPError) and not isinstance(one, httpx.ConnectError)]
    assert not [one for one in torn if isinstance(one, httpx.ReadTimeout)], "nobody is left waiting"


def test_logs_are_lines_of_json_and_name_nobody(tmp_path, processes, furnished):
    database = f"sqlite:///{tmp_path}/serve.db"
    key = furnished(database)
    service = processes(database)
    names = ["Ada.Lovelace@example.org", "u-1815-secret"]
    with httpx.Client(base_url=service.url, headers={"Authorization": f"Bearer {key}"}) as client:
        for name in names:
            advice = client.post("/recommend", json={"learner": name, "profile": PROFILE}).json()
            event = {"id": f"event-of-{name}", "learner": name, "decision": advice["decision"], "day": 1.0}
            assert client.post("/observe", json=event).status_code == 200
            assert client.post("/observe", json=event | {"taken": name}).status_code == 409
            assert client.get(f"/nowhere/{name}?who={name}").status_code == 404
    service.end()
    lines = [line for line in service.said.splitlines() if line.startswith("{")]
    told = [json.loads(line) for line in lines]
    asked = [line for line in told if "route" in line]
    assert [line["status"] for line in asked if line["route"] == "/observe"] == [200, 409, 200, 409]
    assert all({"at", "level", "method", "ms", "request"} <= set(line) for line in asked)
    for secret in (*names, "lovelace", key, key.rpartition("_")[2], advice["decision"]):
        assert not re.search(re.escape(secret), service.said, re.IGNORECASE), secret


def test_a_database_that_goes_away_is_said_and_comes_back(postgresql, bundles, start_service):
    """Not ready and 503 while it is away; nothing is taken; afterwards everything is as before."""
    import sqlalchemy as sa

    url = postgresql("away")
    service = start_service(url, bundles["one"])
    with service.client:
        service.recommend(day=0.0)
        admin = sa.create_engine(url.rpartition("/")[0] + "/postgres", isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(sa.text('ALTER DATABASE "away" WITH ALLOW_CONNECTIONS false'))
            ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'away'"
            connection.execute(sa.text(ended)).all()
            refused = service.post(
                "/observe", {"id": "e-1", "learner": "u-1", "day": 1.0, "offered": ["greeting-video"]}
            )
            assert (refused.status_code, refused.json()["field"]) == (503, "database")
            assert service.client.get("/ready").status_code == 503
            assert service.client.get("/health").status_code == 200
            connection.execute(sa.text('ALTER DATABASE "away" WITH ALLOW_CONNECTIONS true'))
        admin.dispose()
        assert service.client.get("/ready").status_code == 200
        assert service.recommend(day=1.0)["step"] == 0
        assert service.observe("e-1", day=1.0, offered=["greeting-video"])["duplicate"] is False


@pytest.mark.parametrize("workers", [2])
def test_workers_of_one_service_share_its_port_and_agree(workers, postgresql, processes, furnished):
    database = postgresql("workers")
    key = furnished(database)
    service = processes(database, f"workers={workers}")
    callers = Callers(service.url, key, learners=6)
    thread = threading.Thread(target=callers.run)
    thread.start()
    callers.until(60)
    callers.stop = True
    thread.join()
    with httpx.Client(base_url=service.url, headers=callers.headers) as client:
        counted = sum(float(line.rpartition(" ")[2]) for line in client.get("/metrics").text.splitlines()
                      if line.startswith('adaptlearn_requests_total{route="/observe",status="200"}'))  # fmt: skip
    assert service.end() == 0
    assert set(callers.acknowledged) == {name for name in kept(database) if name.startswith("e-")}
    assert counted == len(callers.acknowledged), "metrics are of all workers together"
