"""Sweeps: a parent and its children, files apart, and after a crash only what is missing is run."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from adaptlearn.lab import outbox, simulating, sweeping

SMALL = ["env=tiny-v1", "learners=32"]


def swept(store: str, *words: str) -> int:
    return sweeping.sweep("simulate", simulating, [*SMALL, f"store={store}", *words])


def folder_of(store: str) -> Path:
    (folder,) = (Path(store.removeprefix("sqlite:///")).parent / "outputs" / "sweeps").iterdir()
    return folder


def figures(folder: Path) -> list[dict[str, float]]:
    places = sorted((p for p in folder.iterdir() if p.name.isdigit()), key=lambda p: int(p.name))
    return [json.loads((place / "result.json").read_text("utf-8"))["figures"] for place in places]


def family(store: str) -> tuple[list, list]:
    """Parents and children of a store."""
    client = outbox.client(store)
    runs = client.search_runs([client.get_experiment_by_name("adaptlearn").experiment_id])
    tops = [r for r in runs if "mlflow.parentRunId" not in r.data.tags]
    return tops, [r for r in runs if r not in tops]


def test_a_sweep_is_one_parent_and_its_children_from_no_store_in_processes(tmp_path, capsys):
    store = f"sqlite:///{tmp_path / 'mlflow.db'}"
    words = ["agent=random,syllabus", "seed=1,2", "log=log.parquet", "launcher=joblib", "hydra.launcher.n_jobs=2"]
    assert swept(store, *words) == 0
    tops, children = family(store)
    assert len(tops) == 1 and len(children) == 4
    assert {c.data.tags["mlflow.parentRunId"] for c in children} == {tops[0].info.run_id}
    assert {r.info.status for r in [*tops, *children]} == {"FINISHED"}
    assert sorted((c.data.params["agent.name"], c.data.params["seed"]) for c in children) == [
        ("random", "1"), ("random", "2"), ("syllabus", "1"), ("syllabus", "2")]  # fmt: skip
    logs = list(folder_of(store).glob("*/log.parquet"))
    assert len(logs) == 4, "each job writes to its own folder"
    assert "goal" in capsys.readouterr().out


def test_a_killed_sweep_runs_what_is_missing_and_ends_like_one_that_was_not(store, tmp_path, template):
    words = ["seed=1,2,3", "learners=48"]
    command = [sys.executable, "-m", "adaptlearn.lab.main", "simulate", "-m", *SMALL[:1], f"store={store}", *words]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    home, began = tmp_path / "outputs" / "sweeps", time.monotonic()
    while not list(home.glob("*/0/result.json")) and time.monotonic() - began < 120:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    folder = folder_of(store)
    assert not (folder / "done").exists()
    before = {p: p.stat().st_mtime_ns for p in folder.glob("*/result.json")}
    assert sweeping.sweep("simulate", simulating, [SMALL[0], f"store={store}", *words]) == 0
    assert folder_of(store) == folder
    assert before.items() <= {p: p.stat().st_mtime_ns for p in folder.glob("*/result.json")}.items()
    tops, children = family(store)
    assert [top.info.status for top in tops] == ["FINISHED"]
    assert sorted(c.data.params["seed"] for c in children if c.info.status == "FINISHED") == ["1", "2", "3"]
    other = f"sqlite:///{tmp_path / 'other' / 'mlflow.db'}"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mlflow.db").write_bytes(template.read_bytes())
    assert sweeping.sweep("simulate", simulating, [SMALL[0], f"store={other}", *words]) == 0
    assert figures(folder_of(other)) == figures(folder)


def test_a_job_that_fails_leaves_the_others_be_and_is_run_again(store, capsys):
    words = ["env=tiny-v1,nowhere", "track=false"]
    assert swept(store, *words) == 2
    said = capsys.readouterr()
    assert "job 1 failed" in said.err and "needed an existing path" in said.err
    assert "Traceback" not in said.err
    folder = folder_of(store)
    assert (folder / "0" / "result.json").exists() and not (folder / "done").exists()


def test_a_sweep_that_is_done_begins_anew(store):
    home = Path(store.removeprefix("sqlite:///")).parent / "outputs" / "sweeps"
    first, parent = sweeping.place_of(home, "simulate", ["seed=1,2"])
    assert sweeping.place_of(home, "simulate", ["seed=1,2"]) == (first, parent)
    assert sweeping.place_of(home, "simulate", ["seed=1,2,3"])[0] != first
    (first / "done").touch()
    assert sweeping.place_of(home, "simulate", ["seed=1,2"])[0] != first


def test_what_cannot_be_swept_is_said_in_a_line(store):
    from adaptlearn.lab import worlds

    with pytest.raises(ValueError, match="nothing to sweep over"):
        sweeping.sweep("worlds", worlds, ["env=tiny-v1"])
    with pytest.raises(ValueError, match="agent=nobody is not known"):
        swept(store, "agent=random,nobody")


@pytest.mark.long
def test_a_training_of_a_sweep_that_was_killed_goes_on_from_its_state(store, tmp_path, killed):
    """SIGKILL after the second of four states was kept; the same words finish it like one that was left in peace."""
    from adaptlearn.lab import training

    words = ["env=tiny-v1", "agent=ppo", "seed=1,2", "learners=64", "held_out=32", "agent.settings.decisions=512",
             "agent.settings.rows=16", "agent.settings.steps=8", "agent.settings.check=1", "track=false"]  # fmt: skip
    killed("checkpoint", "keep_state", 2, "train", "-m", *words, f"store={store}")
    assert list(folder_of(store).glob("0/*.state.npz")) and not list(folder_of(store).glob("1/*"))
    calm = f"sqlite:///{tmp_path / 'calm' / 'mlflow.db'}"
    assert sweeping.sweep("train", training, [*words, f"store={calm}"]) == 0
    assert sweeping.sweep("train", training, [*words, f"store={store}"]) == 0
    mine, theirs = folder_of(store), folder_of(calm)
    assert figures(mine) == figures(theirs)
    for job in ("0", "1"):
        assert (mine / job / "agent.npz").read_bytes() == (theirs / job / "agent.npz").read_bytes()


def test_what_jobs_write_never_leaves_their_folders(tmp_path):
    assert sweeping.within(tmp_path, "agents/a.npz") == tmp_path / "agents" / "a.npz"
    assert sweeping.within(tmp_path, "/elsewhere/a.npz") == sweeping.within(tmp_path, "../a.npz") == tmp_path / "a.npz"
