"""Bundles in MLflow's registry: two flavours that decide alike, no pickle, a gate, a server."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from adaptlearn.agents import shelf
from adaptlearn.core import world as worlds
from adaptlearn.export import bundle
from adaptlearn.export.runtime import Refused, Runtime
from adaptlearn.lab import assessing, main, registry

PROFILE = {"learner": "u-1", "role": "counter", "weekly_minutes": 90}
GOOD = {"law": "workplace", "meshing": "null", "goal": 0.6, "gain": 0.03, "half of 95 %": 0.01}
REPORT = {"rows": [GOOD, GOOD | {"law": "bkt", "gain": 0.004}], "worst_subgroup": "site 1: +.01"}


@pytest.mark.parametrize(
    ("report", "words"),
    [(None, "no report"), ({"rows": []}, "no report"), ({"rows": [GOOD | {"gain": 0.005}]}, "not clear of 0"),
     ({"rows": [GOOD, GOOD | {"law": "bkt", "gain": -0.03}]}, "worse than the syllabus under bkt"), (REPORT, "")],
)  # fmt: skip
def test_the_gate_names_what_stands_against_a_policy(report, words):
    against = assessing.gate(report)
    assert bool(against) == bool(words) and words in "; ".join(against)


@pytest.fixture(scope="module")
def store(template, tmp_path_factory):
    return f"sqlite:///{shutil.copy(template, tmp_path_factory.mktemp('registry') / 'mlflow.db')}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    tiny = worlds.load("tiny-v1")
    return bundle.write(shelf.build("mastery", tiny), tiny, tmp_path_factory.mktemp("agents") / "bundle", report=REPORT)


def command(*words):
    with pytest.raises(SystemExit) as stop:
        main.main(["registry", *words])
    return stop.value.code


@pytest.fixture(scope="module")
def added(store, folder):
    """Version 1 with a report, promoted; version 2 without one, the challenger."""
    with registry.store_of(store):
        name, first = registry.add(folder)
        assert registry.promote(name) == (first, [])
        tiny = worlds.load("tiny-v1")
        registry.add(bundle.write(shelf.build("mastery", tiny), tiny, folder.parent / "bare"))
    return name


def test_both_flavours_decide_as_the_bundle_does(added, store, folder):
    import mlflow
    import pandas as pd

    runtime = Runtime.load(folder)
    record = runtime.start(PROFILE)
    advice = runtime.recommend(record, day=1.0, k=3)
    with registry.store_of(store):
        place = Path(mlflow.artifacts.download_artifacts(f"models:/{added}@champion"))
        files = [path for path in place.rglob("*") if path.is_file()]
        served = mlflow.pyfunc.load_model(f"models:/{added}@champion")
        rows = [{"profile": json.dumps(PROFILE), "day": 1.0, "k": 3}, {"profile": json.dumps({"learner": 3})}]
        said = served.predict(pd.DataFrame(rows))
        graph = next(
            m for m in mlflow.search_logged_models([registry._experiment()], output_format="list") if m.name == "graph"
        )
        tensors = mlflow.onnx.load_model(graph.model_uri)
    assert not [path.name for path in files if path.suffix in (".pkl", ".pickle", ".cloudpickle")]
    assert not [
        path.name for path in files if b"\x80\x04\x95" in path.read_bytes() or b"\x80\x05\x95" in path.read_bytes()
    ]
    assert [choice["activity"] for choice in json.loads(said["choices"][0])] == advice.ids and not said["refused"][0]
    assert "role" in said["refused"][1] and said["choices"][1] == ""
    assert runtime.record_from(said["record"][0]).to_json() == advice.record.to_json()
    assert [value.name for value in tensors.graph.input] == [port["name"] for port in runtime.contract["inputs"]]
    assert tensors.SerializeToString(deterministic=True) == (folder / "policy.onnx").read_bytes()


def test_a_challenger_without_a_report_stays_one(added, store, capsys):
    assert command("promote", f"store={store}") == 2
    assert "no report" in capsys.readouterr().err
    assert command("list", f"store={store}", "format=json") == 0
    worn = {row["version"]: row["is"] for row in json.loads(capsys.readouterr().out)}
    assert {str(k): v for k, v in worn.items()} == {"1": "champion", "2": "challenger"}


def test_a_spoiled_bundle_never_comes_in(store, folder, tmp_path, capsys):
    spoiled = shutil.copytree(folder, tmp_path / "spoiled")
    (spoiled / "card.md").write_text("# Better than it is\n")
    with registry.store_of(store), pytest.raises(Refused, match=r"card\.md"):
        registry.add(spoiled)
    assert command("add", str(spoiled), f"store={store}") == 2 and "card.md" in capsys.readouterr().err
    assert command("promote", "name=nobody", f"store={store}") == 2 and "nobody" in capsys.readouterr().err
    assert command("enrol", f"store={store}") == 2 and "one of add" in capsys.readouterr().err


def test_a_server_answers_on_loopback(added, store, folder):
    """``registry serve``: one recommendation over HTTP, the same as from the bundle."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["-m", "adaptlearn.lab.main", "registry", "serve", f"port={port}", f"store={store}"]
    server = subprocess.Popen([sys.executable, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              start_new_session=True)  # fmt: skip
    try:
        body = json.dumps({"dataframe_records": [{"profile": json.dumps(PROFILE), "day": 1.0, "k": 2}]}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/invocations", body, {"Content-Type": "application/json"}
        )
        answer, until = None, time.monotonic() + 120
        while answer is None and time.monotonic() < until and server.poll() is None:
            try:
                answer = json.load(urllib.request.urlopen(request, timeout=30))
            except (urllib.error.URLError, OSError):
                time.sleep(0.5)
        assert answer is not None, "the server did not answer within two minutes"
        (row,) = answer["predictions"]
        runtime = Runtime.load(folder)
        expected = runtime.recommend(runtime.start(PROFILE), day=1.0, k=2)
        assert [choice["activity"] for choice in json.loads(row["choices"])] == expected.ids
        np.testing.assert_allclose(
            list(json.loads(row["mastery"]).values()), list(expected.mastery.values()), atol=1e-6
        )
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)
