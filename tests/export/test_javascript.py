"""The same bundle in Node and in a browser: golden decisions again, and whole lives decided as Python decides them."""

import json
import shutil
import subprocess
import threading
from dataclasses import replace
from functools import partial
from html import unescape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from adaptlearn.core import luck
from adaptlearn.core.catalogue import Rules
from adaptlearn.core.world import Calendar
from adaptlearn.export import bundle
from adaptlearn.export.runtime import Runtime

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "clients" / "javascript"
LIVES, STEPS = 12, 25
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture(scope="module")
def packages():
    if not (CLIENT / "node_modules" / "onnxruntime-web").is_dir():
        pytest.skip("needs the client's packages: npm ci --ignore-scripts, in clients/javascript")


@pytest.fixture(scope="module")
def node(packages):
    if shutil.which("node") is None:
        pytest.skip("needs node 20 or newer, which this machine has not")
    return lambda *words: subprocess.run(
        ["node", str(CLIENT / "replay.mjs"), *map(str, words)], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def folder(tiny, make_small, tmp_path_factory):
    """Everything at once: a policy with memory that draws, and every kind of rule."""
    live = tuple(replace(a, timing="sync_scheduled") if j % 3 == 2 else a for j, a in enumerate(tiny.activities))
    live = (*live[:4], replace(live[4], place="lab"), *live[5:])
    rules = Rules(("greeting-quiz",), ("listening-quiz",), (("resolving-case", 12.0), ("counter-final", 22.5)),
                  (("listening-pairs", 3.5),), live_per_week=1,
                  after=(("resolving-counter", "listening-pairs"),),
                  pass_mark=(("greeting-quiz", 0.5), ("resolving-case", 0.7)))  # fmt: skip
    policy = make_small(len(tiny.skills), memory=3, thought=2)
    world = replace(tiny, activities=live, rules=rules, calendar=Calendar(lab_days=(1, 3), lead_days=4))
    return bundle.write(policy, world, tmp_path_factory.mktemp("js") / "bundle")


def lived(runtime, i):
    """A life of what may come: accepted, declined, unfinished, withdrawn, late.   -> life for Node, its decisions"""
    cat = runtime.shelf.catalogue
    profile = {"learner": f"u-{i}", "role": "counter", "weekly_minutes": 40 + 17 * i, "stated": "visual"}
    profile |= {"motive": "project"} if i % 2 else {}
    record, steps, decided, day = runtime.start(profile), [], [], 0.0
    for step in range(STEPS):
        u = luck.uniform(5, luck.TRIAL, i, step, np.arange(6)).tolist()
        advice = runtime.recommend(record, k=1 + i % 3, day=day)
        decided.append(advice)
        event = {"day": max(day - 2.0 * (u[0] < 0.1), 0.0), "offered": advice.ids, "id": f"e{step - (u[5] < 0.1)}"}
        shown = [name for name in advice.ids if name != "nothing-now"]
        if shown and u[1] < 0.75:
            a = cat.at[shown[0]]
            event |= {"taken": shown[0], "completed": u[2] < 0.8, "minutes": 30 * u[3], "rating": 1 + int(5 * u[4])}
            items = {runtime.contract.skills[k]: int(n) for k, n in cat.asks[a]} if event["completed"] else {}
            event |= {"items": items, "correct": {skill: int(u[3] * (n + 1)) for skill, n in items.items()}}
        elif u[1] > 0.9:
            gone = {
                "id": "gone",
                "title": "Gone",
                "features": {"minutes": 9.0, "teaches.listening": 1.0, "visual": 1.0},
            }
            event |= {"taken": gone, "completed": True, "minutes": 9}
        elif shown and step % 3 == 0:
            event |= {"vetoed": shown[-1]}
        elif shown and step % 3 == 1:
            event = {"day": day, "full": shown, "id": f"full-{step}"}
        steps.append({"day": day, "event": event})
        record, day = runtime.observe(advice.record, event), day + 2.2 * u[4]
    return {"profile": profile, "k": 1 + i % 3, "steps": steps}, decided, record


def test_node_decides_whole_lives_as_python_does(node, folder, tmp_path):
    """Same mask, same choice, same propensity, same record, event for event; records are the same JSON."""
    runtime = Runtime.load(folder)
    made = [lived(runtime, i) for i in range(LIVES)]
    (tmp_path / "lives.json").write_text(json.dumps([life for life, _, _ in made]))
    done = node(folder, tmp_path / "lives.json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["golden"] == 24 and said["off"] < 2e-5
    kept = struck = 0
    for (life, decided, record), theirs in zip(made, said["lives"], strict=True):
        mine = runtime.start(life["profile"])
        for step, advice, other in zip(life["steps"], decided, theirs["decisions"], strict=True):
            assert other["legal"] == runtime.legal(mine, step["day"]).astype(int).tolist()
            kept += runtime.legal(mine, step["day"]).sum() < 4
            assert other["ids"] == advice.ids
            np.testing.assert_allclose(other["propensity"], [c.propensity for c in advice.choices], atol=1e-5)
            np.testing.assert_allclose(other["mastery"], list(advice.mastery.values()), atol=1e-5)
            mine = runtime.observe(advice.record, step["event"])
        back = runtime.record_from(json.dumps(theirs["record"]))
        assert (back.step, back.seen, back.day) == (record.step, record.seen, record.day)
        assert back.visits == record.visits and back.best == record.best
        assert (back.vetoed, back.full) == (record.vetoed, record.full)
        struck += len(back.vetoed)
        np.testing.assert_allclose(back.row, record.row, atol=1e-3)
    assert struck > 3 and kept > 20, "the rules hardly ever narrowed anything: the test says little"


def test_node_refuses_what_was_changed(node, folder, tmp_path):
    spoiled = shutil.copytree(folder, tmp_path / "spoiled")
    (spoiled / "catalogue.json").write_text("{}")
    done = node(spoiled)
    assert done.returncode == 2 and "catalogue.json" in done.stderr
    assert node(tmp_path / "nowhere").returncode == 2


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def address():
    """The checkout on a loopback port, for as long as a test lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(ROOT)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_browser_replays_the_golden_decisions_and_shows_a_recommendation(packages, address, tmp_path):
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip(f"needs one of {', '.join(BROWSERS)}, which this machine has not")
    page = f"{address}/clients/javascript/play.html?bundle=../../agents/mastery-onboarding/bundle&play=4"
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path}",
        "--virtual-time-budget=60000",
    ]
    done = subprocess.run(
        [browser, *flags, "--dump-dom", page], capture_output=True, text=True, timeout=120, check=False
    )
    dom = unescape(done.stdout)
    assert 'data-golden="24"' in dom, dom[-2000:] + done.stderr[-500:]
    assert (
        dom.count('class="card choice"') == 3 and dom.count('class="skill"') == 26 and dom.count('class="event"') == 4
    )
