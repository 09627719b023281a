"""Whoever has to explain can: decisions replay, learners see and correct what is believed, and leave no trace."""

import json
import re
import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from adaptlearn.export import bundle
from adaptlearn.export.serve import leaving, links, lives, replay, schema
from adaptlearn.export.serve.app import create_app
from adaptlearn.export.serve.keys import Keys
from adaptlearn.export.serve.policies import Policies
from adaptlearn.export.serve.settings import Settings
from adaptlearn.export.serve.store import Store, now

PROFILE = {"role": "counter", "weekly_minutes": 90, "started": "2026-01-05T08:00:00Z"}
SCOPES = ("recommend", "observe", "read", "correct", "erase")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture(scope="module")
def folders(tiny, make_small, tmp_path_factory):
    """A policy that draws and remembers, and one that takes the best."""
    place = tmp_path_factory.mktemp("bundles")
    draws = bundle.write(make_small(len(tiny.skills), memory=3, thought=2), tiny, place / "draws")
    return draws, bundle.write(make_small(len(tiny.skills), temperature=0.0, seed=1), tiny, place / "best")


class Served:
    """A service, and somebody who uses it."""

    def __init__(self, folder, folders):
        self.url, self.folder, self.folders = f"sqlite:///{folder}/learners.db", folder, folders
        self.store = Store(self.url)
        self.policies = Policies(self.store, 7)
        for path in folders:
            self.policies.set("champion", self.policies.add(path).digest)
        key = Keys(self.store).make("acme", SCOPES)
        self.app = create_app(Settings(self.url, seed=7, snapshot_every=3, poll_seconds=0.05))
        self.client = TestClient(self.app, headers={"Authorization": f"Bearer {key}"}, follow_redirects=False)

    def post(self, path, well=200, **body):
        got = self.client.post(path, json=body)
        assert got.status_code == well, got.text
        return (
            got.json() if got.headers["content-type"].startswith(("application/json", "application/problem")) else got
        )

    def live(self, learner, steps=6, start=0):
        """Ask and tell, every third offer passed by.   -> decisions"""
        made = []
        for step in range(start, start + steps):
            first = {"profile": PROFILE} if step == 0 else {}
            said = self.post("/recommend", learner=learner, k=2, day=1.5 * step, **first)
            made.append(said["decision"])
            told = {"day": 1.5 * step + 0.25}
            taken = next((c["activity"] for c in said["choices"] if c["activity"] != "nothing-now"), None)
            if step % 3 != 1 and taken:
                told |= {"taken": taken, "completed": True, "minutes": 9.5, "rating": 1 + step % 5}
                told |= {"items": {"greeting": 4}, "correct": {"greeting": step % 5}}
            self.post("/observe", id=f"{learner}-{step}", learner=learner, decision=said["decision"], **told)
        return made


@pytest.fixture
def served(tmp_path, folders):
    made = Served(tmp_path, folders)
    with made.client:
        yield made
    made.store.close()


# --- replay ---------------------------------------------------------------------------------------------------------


def test_every_decision_replays_whoever_decided_and_whatever_came_in_between(served):
    """Drawn and best, before and after a change of policy, paused, opted out, corrected: the same choice and chance."""
    draws, best = (row["digest"] for row in served.policies.listed())
    decisions = []
    for j, change in enumerate((
        lambda: served.policies.set("champion", draws),
        lambda: served.policies.pause("a look"),
        lambda: served.policies.resume(),
        lambda: served.post("/learners/opt", id="o1", learner="u-1", out=True),
        lambda: served.post("/learners/opt", id="o2", learner="u-1", out=False),
        lambda: served.post("/learners/correct", id="c1", learner="u-1", skill="greeting", knows=True),
        lambda: served.policies.set("champion", best),
    )):  # fmt: skip
        change()
        served.app.state.desk.refresh()
        decisions += served.live("u-1", 4, 4 * j)
    fallbacks = set()
    for name in decisions:
        found = served.client.get(f"/decisions/{name}/replay").json()
        assert found["same"] and found["differences"] == [], found
        with served.store.reading() as t:
            fallbacks.add(json.loads(served.store.decision(t, "acme", name).body)["fallback"])
    assert len(fallbacks) == 3  # the policy, a pause, a wish


def test_a_replay_says_what_is_different(served):
    served.policies.set("champion", served.policies.listed()[0]["digest"])
    served.app.state.desk.refresh()
    name = served.live("u-1", 5)[-1]
    fleet = served.app.state.desk.fleet
    known = {digest: one.runtime for digest, one in fleet.known.items()}
    with served.store.reading() as t:
        decision, one = lives.told(served.store.decision(t, "acme", name)), lives.life(t, "acme", "u-1")

    def different(line=(), life=one, by=known, **changes):
        changed = {**decision, **changes, "body": {**decision["body"], **dict(line)}}
        return [d.what for d in replay.replayed(changed, life, by, fleet.words).differences]

    assert different() == []
    assert different({"propensity": [0.5, 0.5]}) == ["propensity"]
    assert different({"offered": ["nothing-now", "nothing-now"]}) == ["offered"]
    assert different({"step": 3}) == ["step"]
    assert different(bundle="no such") == ["bundle"]
    short = lives.Life("acme", "u-1", [event for event in one.events if event["seq"] != 2], one.decisions)
    assert different(life=short) == ["events"]
    other = dict.fromkeys(known, next(r for d, r in known.items() if d != decision["bundle"]))
    assert "offered" in different(by=other) or "propensity" in different(by=other)
    assert any(different({"seed": seed}) for seed in range(12)), "a policy that draws decides by the seed of the line"


# --- the learner's page ---------------------------------------------------------------------------------------------


def opened(served, learner="u-1", **more):
    """A learner's link and the page behind it, seen by somebody without a key."""
    path = served.post("/learners/link", learner=learner, **more)["path"]
    return path, served.client.get(path, headers={"Authorization": ""})


def test_a_learner_sees_corrects_and_opts_out_by_a_link_alone(served):
    served.live("u-1", 4)
    path, page = opened(served)
    assert page.status_code == 200 and "u-1" in page.text and "u-1" not in path
    titles = served.app.state.desk.fleet.champion.runtime.contract.titles
    assert all(title in page.text for title in titles)

    def shown(text):
        return {skill: int(known) for known, skill in
                re.findall(r"width: (\d+)%.*?name=\"skill\" value=\"([^\"]+)\"", text, re.DOTALL)}  # fmt: skip

    def send(where, **form):
        got = served.client.post(path + where, data=form, headers={"Authorization": ""})
        assert got.status_code == 303
        return served.client.get(got.headers["location"], headers={"Authorization": ""}).text

    before = shown(page.text)
    down = shown(send("know", skill="greeting", knows="no"))
    up = shown(send("know", skill="greeting", knows="yes"))
    assert down["greeting"] < min(before["greeting"], up["greeting"])
    assert all(down[other] == before[other] for other in before if other != "greeting")
    gone = send("opt-out")
    assert "author’s order" in gone and "Switch recommendations on" in gone
    assert served.post("/recommend", learner="u-1")["fallback"]
    assert "Switch recommendations off" in send("opt-in")
    assert not served.post("/recommend", learner="u-1")["fallback"]
    file = served.client.get(path + "data", headers={"Authorization": ""}).json()
    assert [event["body"]["knows"] for event in file["events"] if event["kind"] == "said"] == [False, True]


def test_a_page_asks_nothing_of_anybody_else_and_says_so(served):
    served.live("u-1", 3)
    _, page = opened(served)
    for found in re.findall(r"(?:src|href|action)=\"([^\"]*)\"", page.text):
        assert re.fullmatch(r"data:,|know|opt-out|opt-in|data", found), found
    assert "<script" not in page.text and "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store" and page.headers["referrer-policy"] == "no-referrer"


def test_what_a_learner_is_called_is_text(served):
    name = "<img src=x onerror=alert(1)>"
    served.post("/recommend", learner=name, profile=PROFILE)
    _, page = opened(served, name)
    assert name not in page.text and "&lt;img" in page.text


def test_a_link_ends_and_says_nothing(served):
    served.live("u-1", 1)
    path, _ = opened(served)
    with served.store.transaction() as t:
        t.execute(sa.update(schema.links).values(until=now() - 1))
    for wrong in (path, "/me/nobody/"):
        for answer in (
            served.client.get(wrong),
            served.client.post(wrong + "opt-out"),
            served.client.get(wrong + "data"),
        ):
            assert answer.status_code == 404 and "u-1" not in answer.text
    assert served.post("/learners/link", 404, learner="nobody")["field"] == "learner"
    assert links.holder(served.store, "") is None


def test_a_word_that_is_no_skill_is_refused_by_name(served):
    served.live("u-1", 1)
    assert (
        served.post("/learners/correct", 422, id="c", learner="u-1", skill="juggling", knows=True)["field"] == "skill"
    )
    assert served.post("/learners/page", 404, learner="u-2")["field"] == "learner"


@pytest.fixture(scope="module")
def browser():
    found = next((shutil.which(name) for name in BROWSERS if shutil.which(name)), None)
    if found is None:
        pytest.skip("needs Chromium, which this machine has not")
    return found


def test_a_browser_has_nothing_to_complain_of(served, browser, tmp_path):
    """Loaded from a server: no message, and no request but for the page."""
    import uvicorn

    served.live("u-1", 4)
    path, _ = opened(served)
    asked = []

    async def noted(scope, receive, send):
        asked.append(scope.get("path", ""))
        await served.app(scope, receive, send)

    server = uvicorn.Server(uvicorn.Config(noted, port=0, lifespan="off", log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    words = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=500,900", "--enable-logging=stderr",
             f"--user-data-dir={tmp_path}", f"--screenshot={tmp_path / 'page.png'}",
             f"http://127.0.0.1:{port}{path}"]  # fmt: skip
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    server.should_exit = True
    thread.join()
    assert (tmp_path / "page.png").stat().st_size > 10_000, done.stderr
    assert "CONSOLE" not in done.stderr, done.stderr
    assert asked == [path]


def test_nothing_is_wider_than_a_telephone(served, browser, tmp_path):
    served.live("u-1", 4)
    _, page = opened(served)
    asks = "<script>document.title = document.documentElement.scrollWidth + ' of ' + innerWidth</script>"
    (tmp_path / "page.html").write_text(page.text.replace("<details>", "<details open>") + asks)
    words = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=360,800", "--dump-dom",
             f"--user-data-dir={tmp_path}", f"file://{tmp_path / 'page.html'}"]  # fmt: skip
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    wide, screen = map(int, re.search(r"<title>(\d+) of (\d+)</title>", done.stdout).groups())
    assert wide <= screen <= 500


# --- what a learner may have, and leaving ---------------------------------------------------------------------------


def test_the_file_of_a_learner_holds_everything_and_explains_it(served):
    decisions = served.live("u-1", 4)
    served.live("u-2", 2)
    file = served.post("/learners/export", learner="u-1")
    assert [one["id"] for one in file["decisions"]] == decisions
    assert len(file["events"]) == 5 and file["profile"]["role"] == "counter"  # the profile, and four times what became
    assert "u-2" not in json.dumps(file) and {row["kind"] for row in file["meaning"]} >= {"told", "inferred"}
    advice = served.post("/recommend", learner="u-1")
    assert set(file["believed"]["known"]) == set(served.app.state.desk.fleet.champion.runtime.contract.skills)
    assert advice["learner"] == file["learner"]


def bytes_of(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.is_file()}


def test_after_erase_no_byte_of_a_learner_is_left(served):
    """Among others, over many pages, with an own word and a link: no name, no payload, in any file or memory."""
    marks = [b"zz-erase-me-41", b"payload-4711"]
    for j in range(12):
        served.live(f"u-{j}", 3)
    served.live("zz-erase-me-41", 9)
    served.post("/learners/correct", id="payload-4711", learner="zz-erase-me-41", skill="greeting", knows=True)
    path, _ = opened(served, "zz-erase-me-41")
    for j in range(12):
        served.live(f"u-{j}", 3, 3)
    assert any(mark in blob for blob in bytes_of(served.folder).values() for mark in marks)
    rows = served.post("/learners/erase", learner="zz-erase-me-41")["rows"]
    assert rows >= 20
    for name, blob in bytes_of(served.folder).items():
        assert not [mark for mark in marks if mark in blob], name
    held = served.app.state.desk.held
    assert not [name for name in (*held._standings, *held._decisions) if "zz-erase-me-41" in name]
    assert served.client.get(path).status_code == 404
    assert served.post("/learners/erase", 404, learner="zz-erase-me-41")["field"] == "learner"
    assert served.store.erased() == 1
    assert served.post("/recommend", learner="u-3")["step"] == 6  # the others are as they were


def test_a_process_that_is_killed_while_it_erases_has_erased(served):
    """The rows are gone and the file is not yet written anew: whoever opens the store next does it."""
    served.live("zz-erase-me-41", 5)
    with served.store.transaction() as t:
        assert leaving.deleted(t, "acme", "zz-erase-me-41") > 5
    assert any(b"zz-erase-me-41" in blob for blob in bytes_of(served.folder).values())
    create_app(Settings(served.url)).state.store.close()
    assert not any(b"zz-erase-me-41" in blob for blob in bytes_of(served.folder).values())
    assert not leaving.finish(served.store)


def test_no_byte_is_left_in_the_tables_of_postgresql_either(postgresql, bundles, start_service):
    """Its own log and its backups are another matter, as the page on privacy says."""
    service, mark = start_service(postgresql("erase"), bundles["one"]), b"zz-erase-me-41"
    with service.client:
        for learner in ("u-1", "zz-erase-me-41", "u-2"):
            service.live(learner, 4)
        store = service.app.state.store
        raw = store.engine.execution_options(isolation_level="AUTOCOMMIT")

        def found():
            with raw.connect() as connection:
                connection.execute(sa.text("CHECKPOINT"))
                place = Path(connection.execute(sa.text("SHOW data_directory")).scalar_one())
            files = [path for path in (place / "base").rglob("*") if path.is_file()]
            return [path for path in files if mark in path.read_bytes()]

        assert found()
        assert service.post("/learners/erase", {"learner": mark.decode()}).json()["rows"] > 8
        assert not found()
        assert service.recommend("u-2", day=9.0)["step"] == 4


def test_an_erased_learner_who_comes_back_is_a_stranger(served):
    served.live("u-1", 4)
    served.post("/learners/erase", learner="u-1")
    assert served.post("/observe", 404, id="late", learner="u-1", day=9)["field"] == "learner"
    assert served.post("/recommend", learner="u-1", profile=PROFILE)["step"] == 0


def test_every_table_with_a_learner_in_it_is_erased_from():
    assert {table.name for table in schema.tables.tables.values() if "learner" in table.c} == {
        table.name for table in leaving.OWNED
    }


def test_what_another_worker_holds_in_memory_is_let_go_of(served):
    served.live("u-1", 3)
    other = create_app(Settings(served.url, seed=7, poll_seconds=0.05))
    with TestClient(other, headers=served.client.headers) as client:
        assert client.post("/recommend", json={"learner": "u-1"}).status_code == 200
        served.post("/learners/erase", learner="u-1")
        until = time.monotonic() + 5
        while len(other.state.desk.held) and time.monotonic() < until:
            time.sleep(0.05)
        assert len(other.state.desk.held) == 0
        assert client.post("/recommend", json={"learner": "u-1"}).status_code == 404


def test_learners_of_whom_nothing_was_heard_can_be_found(served):
    served.live("u-1", 2)
    served.live("u-2", 2)
    with served.store.transaction() as t:
        old = now() - 400 * 86_400
        t.execute(sa.update(schema.events).where(schema.events.c.learner == "u-1").values(at=old))
        assert leaving.idle(t, now() - 365 * 86_400) == [("acme", "u-1")]


# --- nobody else's --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["page", "export", "erase", "link", "correct", "opt"])
def test_another_tenants_learner_is_nobody(served, path):
    name = served.live("u-1", 2)[0]
    stranger = Keys(served.store).make("other", SCOPES)
    more = {"correct": {"id": "x", "skill": "greeting", "knows": True}, "opt": {"id": "x", "out": True}}.get(path, {})
    headers = {"Authorization": f"Bearer {stranger}"}
    answer = served.client.post(f"/learners/{path}", json={"learner": "u-1", **more}, headers=headers)
    nobody = served.client.post(f"/learners/{path}", json={"learner": "n-1", **more}, headers=headers)
    assert answer.status_code == nobody.status_code == 404
    assert answer.text.replace("u-1", "n-1") == nobody.text
    assert served.client.get(f"/decisions/{name}/replay", headers=headers).status_code == 404


def test_there_is_no_list_of_people(served):
    """No door answers about more than one learner: none asks for several, none answers with several."""
    told = served.app.openapi()
    for path, methods in told["paths"].items():
        assert "{learner}" not in path  # names stay out of addresses
        for method in methods.values():
            text = json.dumps(method)
            for name in re.findall(r"#/components/schemas/(\w+)", text):
                fields = told["components"]["schemas"][name].get("properties", {})
                assert "learners" not in fields, f"{path} {name}"
