"""A package of somebody else's brings a law, an agent, a reward and a world; nothing of ours is touched."""

import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from adaptlearn.core import shelf
from adaptlearn.lab import compose, foreign, main, pieces, simulating

HERE = Path(__file__).parent / "outside"
CHOICES = ["env=kiosk-v1", "law=steady", "reward=brief"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The package, with a world made of ``tiny-v1``, installed into a folder of its own; then on the path."""
    home = tmp_path_factory.mktemp("outside")
    source, target = home / "source", home / "site"
    shutil.copytree(HERE, source)
    world = source / "kiosk_lab" / "kiosk-v1"
    shutil.copytree(shelf.where("tiny-v1"), world)
    text = (world / "world.toml").read_text("utf-8")
    (world / "world.toml").write_text(text.replace('name = "tiny-v1"', 'name = "kiosk-v1"'), "utf-8")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation",
               "--disable-pip-version-check", "--target", str(target), str(source)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture
def on_path(installed, monkeypatch) -> Path:
    """As if it had been installed beside adaptlearn."""
    monkeypatch.syspath_prepend(str(installed))
    importlib.invalidate_caches()
    yield installed
    for name in [name for name in sys.modules if name.partition(".")[0] == "kiosk_lab"]:
        del sys.modules[name]


def test_it_is_trained_judged_and_exported_without_touching_the_checkout(on_path, tmp_path, store, capsys):
    agent, bundle = tmp_path / "agent.npz", tmp_path / "bundle"
    words = [*CHOICES, "learners=64", f"store={store}", "format=json"]
    assert main.perform("train", [*words, "agent=nudge", "agent.settings.tries=2", f"to={agent}"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["agent"], row["world"], row["law"]) == ("nudge", "kiosk-v1", "steady")
    assert main.perform("evaluate", [*words[:4], "laws=[steady]", "meshings=[null]", f"agents=[nudge,{agent}]",
                                     "format=json"]) == 0  # fmt: skip
    rows = {row["policy"]: row["goal"] for row in json.loads(capsys.readouterr().out)}
    assert rows.keys() == {"syllabus", "nudge", "agent"}
    assert rows["agent"] != rows["nudge"], "the trained one is not the one as it is made"
    assert main.perform("export", [CHOICES[0], f"checkpoint={agent}", f"to={bundle}"]) == 0
    assert (bundle / "policy.onnx").exists()
    assert main.perform("recommend", [f"bundle={bundle}", "format=json"]) == 0
    assert "kiosk-v1" in shelf.names() and (Path("envs") / "kiosk-v1").exists() is False


def test_help_and_errors_know_what_is_installed(on_path):
    from adaptlearn.lab import asking

    text = asking.verb_help("simulate", main.VERBS["simulate"], simulating.Config, [])
    assert all(name in text for name in ("kiosk-v1", "steady", "nudge", "brief"))
    with pytest.raises(ValueError, match=r"e\.g\. law=steady"):
        compose.compose("simulate", simulating.Config, ["law=stedy"])


def test_by_module_it_needs_to_be_allowed_and_a_foreign_config_cannot_allow_itself(on_path):
    words = ["env=kiosk-v1", "law=kiosk_lab.steady", "agent=kiosk_lab.nudge"]
    with pytest.raises(ValueError, match=r"needed e\.g\. allow=\[kiosk_lab\]"):
        pieces.rules_of(compose.compose("simulate", simulating.Config, words))
    config = compose.compose("simulate", simulating.Config, [*words, "allow=[kiosk_lab]"])
    rules = pieces.rules_of(config)
    assert rules.law.__name__ == "kiosk_lab.steady"
    assert pieces.agent_of(config.agent, rules, config.allow).name == "nudge"
    for stranger in ({"law": "steady"}, {"agent": {"name": "nudge"}}, {"env": "kiosk-v1"}, {"reward": "brief"}):
        with pytest.raises(ValueError, match=r"would run code of kiosk_lab"):
            foreign.refuse_strangers({**stranger, "allow": ["kiosk_lab"]}, "a run", [])
        foreign.refuse_strangers(stranger, "a run", ["kiosk_lab"])
