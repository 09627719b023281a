"""The service without the laboratory: what it imports, and its own command line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from adaptlearn.export import serve as inside
from adaptlearn.export.serve.__main__ import main

HEAVY = {"torch", "pyro", "hydra", "omegaconf", "mlflow", "numba", "onnx", "pyarrow", "pandas", "scipy", "sklearn"}


def run(*words, **more):
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False, **more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_serving_loads_nothing_of_the_laboratory(tmp_path, furnished):
    database = f"sqlite:///{tmp_path}/serve.db"
    furnished(database)
    modules = [f"adaptlearn.export.serve.{path.stem}" for path in Path(inside.__file__).parent.glob("*.py")]
    text = f"""
import sys, {", ".join(modules)}
from adaptlearn.export.serve.app import create_app
from adaptlearn.export.serve.settings import Settings
from adaptlearn.export.serve.statements import router
create_app(Settings(database={database!r})).openapi()
print(*sys.modules)
"""
    loaded = {name.partition(".")[0] for name in run("-c", text).split()}
    assert not loaded & HEAVY
    assert {"fastapi", "onnxruntime", "sqlalchemy"} <= loaded


# --- the command line -----------------------------------------------------------------------------------------------


@pytest.fixture
def serve(tmp_path, capsys):
    """An action of the command line.   -> exit status, what it printed, what it complained of"""

    def act(*words):
        status = main([*words, f"database=sqlite:///{tmp_path}/serve.db"])
        said = capsys.readouterr()
        return status, said.out, said.err

    return act


def test_from_a_terminal_a_bundle_goes_on_duty_and_comes_off(serve, bundles):
    one, two = str(bundles["one"]), str(bundles["two"])
    assert serve("history")[1].startswith("nothing is on duty yet")
    assert "is the champion" in serve("promote", one, "note=first")[1]
    assert "is the champion" in serve("promote", two)[1]
    assert "is the champion again" in serve("rollback")[1]
    assert "for 20 % of learners" in serve("canary", two, "share=0.2")[1]
    assert "is the shadow" in serve("shadow", two)[1]
    assert "nobody is the shadow" in serve("shadow", "none")[1]
    assert "syllabus decides" in serve("pause", "note=looks wrong")[1]
    assert "decide again" in serve("resume")[1]
    assert "0 records" in serve("rebuild")[1]
    rows = json.loads(serve("history", "format=json")[1])
    assert [row["alias"] for row in rows] == ["champion"] * 3 + ["canary", "shadow", "shadow", "pause", "pause"]
    assert rows[0]["bundle"] == rows[2]["bundle"] != rows[1]["bundle"]
    assert "is the champion" in serve("promote", rows[1]["bundle"])[1], "a digest of the history is enough"


def test_a_restart_with_the_old_words_does_not_undo_a_rollback(serve, bundles, tmp_path, monkeypatch):
    """The words of a service manager outlive the night on which somebody rolled back."""
    monkeypatch.setattr("adaptlearn.export.serve.running.run", lambda *_: None)
    one, two = f"bundle={bundles['one']}", f"bundle={bundles['two']}"
    policy = "small 1"
    assert serve("start", one)[0] == 0
    first = json.loads(serve("history", "format=json")[1])[-1]["bundle"]
    serve("start", two)
    second = json.loads(serve("history", "format=json")[1])[-1]["bundle"]
    assert second != first
    serve("rollback")
    status, _, said = serve("start", two)
    assert status == 0
    assert f"{policy} ({first})" in said
    assert "was on duty before" in said


def test_keys_come_and_go(serve):
    (made,) = json.loads(serve("key", "tenant=acme", "scopes=recommend", "format=json")[1])
    name = made["key"].split("_")[1]
    assert name in serve("keys")[1]
    assert made["key"] not in serve("keys")[1]
    assert serve("revoke", f"id={name}")[0] == 0


@pytest.mark.parametrize(("words", "says"), [
    (["promoet"], "e.g. serve promote"),
    (["promote"], "a bundle's folder"),
    (["promote", "nowhere"], "a bundle's folder"),
    (["rollback"], "no other one before"),
    (["start"], "champion: found none"),
    (["key", "scopes=everything"], "scopes: found everything"),
    (["revoke", "id=nobody"], "key: found nobody"),
    (["history", "colour=red"], "serve: found colour"),
    (["history", "port=many"], "serve port: found many"),
    (["canary", "x", "share=2"], "found x"),
])  # fmt: skip
def test_what_is_wrong_is_said_with_an_example_and_status_2(words, says, serve):
    status, out, said = serve(*words)
    assert (status, out) == (2, "")
    assert says in said


@pytest.mark.parametrize("url", ["mysql://host/name", "sqlite:////nowhere/at/all/serve.db",
                                 "postgresql+psycopg://adaptlearn@127.0.0.1:1/none"])  # fmt: skip
def test_a_database_that_cannot_be_opened_is_one_line(url, capsys):
    assert main(["history", f"database={url}"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("adaptlearn-serve: database: found")
    assert "Traceback" not in said


def test_help_names_every_action_and_every_key(capsys):
    from dataclasses import fields

    from adaptlearn.export.serve.verbs import ACTIONS, Config

    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(action in said for action in ACTIONS)
    assert all(f"{one.name}=" in said for one in fields(Config))
