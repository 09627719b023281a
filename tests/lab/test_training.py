"""``adaptlearn train``: what it learns from, what it says while it does, and what is left when it goes astray."""

import errno

import numpy as np
import pytest

from adaptlearn.agents import ppo
from adaptlearn.agents.best import Diverged
from adaptlearn.envs.registry import rules
from adaptlearn.lab import checkpoint, training
from adaptlearn.lab.compose import Agent
from adaptlearn.lab.following import Watch, clock
from adaptlearn.lab.main import perform
from adaptlearn.lab.pieces import agent_of
from adaptlearn.lab.tables import sentence


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    file = tmp_path_factory.mktemp("log") / "log.parquet"
    assert perform("simulate", ["env=tiny-v1", "agent=random", "learners=60", f"log={file}"]) == 0
    return file


@pytest.mark.parametrize("agent", ["clone", "cql"])
def test_an_agent_is_trained_from_a_log_and_evaluated_by_its_file(agent, log, tmp_path, capsys):
    to = tmp_path / f"{agent}.npz"
    words = ["env=tiny-v1", f"agent={agent}", f"log={log}", f"to={to}", "learners=32", "track=false", "format=json"]
    assert perform("train", [*words, "agent.settings.epochs=1"]) == 0
    assert f'"agent": "{agent}"' in capsys.readouterr().out
    assert checkpoint.load(to, rules("tiny-v1").world).name == agent


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["agent=cql"], "agent=cql learns from a log; needed one, e.g. log=log.parquet"),
        (["agent=ppo", "log=log.parquet"], "log: agent ppo reads no log; needed one that does, e.g. agent=cql"),
        (["agent=linear", "resume=true"], "resume: agent linear keeps no state"),
    ],
)
def test_what_an_agent_does_not_take_is_said(words, says):
    with pytest.raises(ValueError, match=says):
        perform("train", ["env=tiny-v1", "track=false", *words])


def test_a_line_says_how_far_how_fast_how_good_and_how_long(monkeypatch):
    room, now = rules("tiny-v1"), [100.0]
    monkeypatch.setattr("adaptlearn.lab.following.time.monotonic", lambda: now[0])
    from adaptlearn.agents import shelf

    syllabus = shelf.build("syllabus", room.world)
    watch = Watch(room, syllabus, 64, 1, {"decisions": 600_000})
    watch.line({"decisions": 8192.0})
    now[0] += 10.0
    assert watch.judge(shelf.build("mastery", room.world)) > 0
    said = watch.line({"decisions": 28_192.0, "per_life": 0.21, "loss": 1.0})
    assert said.startswith("decisions 28,192 of 600,000 · 2,000/s · 4:46 min left · return 0.210 · over syllabus ")
    assert "±" in said and said.endswith("loss 1")
    watch.judge(syllabus)
    assert watch.gain.mean == 0.0
    assert [clock(s) for s in (3, 185, 4800)] == ["3 s", "3:05 min", "1:20 h"]


def astray(*args, best=None, **more):
    raise Diverged("ppo: the loss is nan after 64 decisions", best)


@pytest.mark.parametrize("kept", [True, False])
def test_a_training_that_goes_astray_keeps_the_best_before_it(kept, tmp_path, monkeypatch):
    from adaptlearn.agents.networks import Pointer

    room, to = rules("tiny-v1"), tmp_path / "agent.npz"
    best = Pointer.for_world(room.world, seed=7) if kept else None
    monkeypatch.setattr(training, "trained", lambda *a, **k: astray(best=best))
    with pytest.raises(ValueError, match="the loss is nan after 64 decisions; " + ("the best" if kept else "nothing")):
        perform("train", ["env=tiny-v1", "agent=ppo", "track=false", f"to={to}"])
    assert to.exists() == kept
    if kept:
        found = checkpoint.load(to, room.world)
        np.testing.assert_array_equal(found.weights.detach(), best.weights.detach())


def test_a_full_disk_stops_with_a_message_and_the_last_state_stays(tmp_path, monkeypatch):
    """The second state does not fit: the first is whole, and training goes on from it when there is room."""
    to, plain, calls = tmp_path / "agent.npz", checkpoint.keep, []

    def full(path, content):
        calls.append(path)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return plain(path, content)

    monkeypatch.setattr(checkpoint, "keep", full)
    settings = [f"+agent.settings.{k}={v}" for k, v in {"decisions": 512, "rows": 16, "steps": 8, "check": 1}.items()]
    words = ["env=tiny-v1", "agent=ppo", "track=false", f"to={to}", "learners=16", "held_out=16", *settings]
    with pytest.raises(OSError, match="No space left") as stopped:
        perform("train", words)
    assert "needed room on that disk" in sentence(stopped.value)
    assert perform("train", [*words, "resume=true"]) == 0 and to.exists()


def test_a_checkpoint_that_is_none_is_refused_in_words(tmp_path):
    """Cut off anywhere, empty, text, or the arrays of something else: a sentence, and no advice to unpickle it."""
    room = rules("tiny-v1")
    about = {"world": "tiny-v1", "law": "workplace", "meshing": "null", "catalogue": "as_written"}
    whole = checkpoint.save(tmp_path / "whole.npz", agent_of("linear", room), "linear", {}, about).read_bytes()
    for n, content in enumerate((*(whole[:cut] for cut in (0, 9, len(whole) // 2, len(whole) - 1)), b"weights\n")):
        (tmp_path / f"{n}.npz").write_bytes(content)
    for name in ("0.npz", "1.npz", "2.npz", "3.npz", "4.npz", "gone.npz"):
        for read in (checkpoint.read, lambda path: checkpoint.read_state(path, {})):
            with pytest.raises(ValueError, match="found (something else|no such file).*; needed .*, e.g. ") as refused:
                read(tmp_path / name)
            assert "pickle" not in str(refused.value)
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(ValueError, match="version None; needed 1"):
        checkpoint.read(tmp_path / "other.npz")


def test_settings_of_the_verb_and_the_teacher_agree():
    config = training.Config(env="tiny-v1", agent=Agent("ppo", {"decisions": 77}), held_out=4)
    watch = training.watch_of(config, rules("tiny-v1"))
    assert watch.settings["decisions"] == 77 and watch.settings["rows"] == ppo.Settings().rows
