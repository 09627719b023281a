"""Tracking: everything arrives, once; whatever becomes of the store, the run goes on and nothing is lost."""

import os
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from adaptlearn.lab import outbox, runs, tracking
from adaptlearn.lab.compose import Common
from adaptlearn.lab.curves import as_csv, from_csv, picture
from adaptlearn.lab.recipe import digest
from adaptlearn.lab.simulating import Config

DEAD = "http://127.0.0.1:9"  # the discard port: nobody answers


def config(store: str, **changes) -> Common:
    return Common(env="tiny-v1", track=True, store=store, **changes)


def told(store: str, verb: str = "train") -> None:
    """A run with two numbers over three rounds, a file and a data set."""
    with tracking.tracked(verb, config(store), agent="linear") as run:
        for step in (1, 2, 3):
            run.metrics({"best": step / 10, "mean": step / 20}, step)
        run.metrics({"goal": 0.5})
        run.data("tiny-v1", Path(__file__), "training")


def arrived(store: str) -> list:
    client = outbox.client(store)
    return client.search_runs([client.get_experiment_by_name("adaptlearn").experiment_id])


def waiting(store: str) -> list[Path]:
    folder = tracking.outputs(tracking.address(store)) / "unsent"
    return list(folder.iterdir()) if folder.is_dir() else []


def whole(store: str, run) -> None:
    """Everything that ``told`` said is there, once."""
    client = outbox.client(store)
    assert run.data.params["env"] == "tiny-v1"
    assert run.data.metrics == {"best": 0.3, "mean": 0.15, "goal": 0.5}
    points = client.get_metric_history(run.info.run_id, "best")
    assert sorted((m.step, m.value) for m in points) == [(1, 0.1), (2, 0.2), (3, 0.3)]
    files = {f.path for f in client.list_artifacts(run.info.run_id)}
    assert files == {"config.yaml", "curves.svg", "training.csv"}
    assert [d.dataset.name for d in run.inputs.dataset_inputs] == ["tiny-v1"]


def test_what_is_told_arrives_with_what_it_depends_on(store):
    told(store)
    (run,) = arrived(store)
    assert run.info.status == "FINISHED"
    whole(store, run)
    tags = run.data.tags
    assert tags["config"] == digest("train", config(store))
    assert (tags["world"], tags["law"], tags["seed"], tags["verb"]) == ("tiny-v1", "workplace", "1", "train")
    assert {"commit", "dirty", "code", "version.numpy", "version.torch"} <= tags.keys()
    assert not waiting(store), "an outbox whose messages have arrived is deleted"


def test_a_server_that_is_down_costs_the_run_nothing_and_gets_everything_later(store, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(tracking, "project_folder", lambda: tmp_path)
    told(DEAD)
    assert "the run goes on" in capsys.readouterr().err
    assert len(waiting(store)) == 1
    assert tracking.sync(tmp_path / "outputs" / "unsent", store) == (1, 0)
    (run,) = arrived(store)
    assert run.info.status == "FINISHED"
    whole(store, run)
    assert not waiting(store)


def test_a_store_that_fails_half_way_gets_the_rest_once(store, monkeypatch):
    from mlflow import MlflowClient

    real, calls = MlflowClient.log_batch, []

    def shaky(self, *args, **kwargs):
        calls.append(1)
        done = real(self, *args, **kwargs)
        if len(calls) % 2:
            raise ConnectionError("gone after it took them")
        return done

    monkeypatch.setattr(MlflowClient, "log_batch", shaky)
    monkeypatch.setattr(tracking, "EVERY", 0.0)
    told(store)
    monkeypatch.undo()
    tracking.sync(tracking.outputs(store) / "unsent")
    (run,) = arrived(store)
    whole(store, run)


def test_a_run_that_is_killed_leaves_its_numbers(store):
    code = f"""
        import os, signal
        from adaptlearn.lab import tracking
        from adaptlearn.lab.compose import Common
        with tracking.tracked("train", Common(env="tiny-v1", track=True, store={store!r})) as run:
            for step in range(1, 51):
                run.metrics({{"best": step / 100}}, step)
            os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert tracking.sync(tracking.outputs(store) / "unsent") == (1, 0)
    (run,) = arrived(store)
    assert run.info.status == "KILLED"
    assert len(outbox.client(store).get_metric_history(run.info.run_id, "best")) == 50


def test_an_outbox_of_a_living_run_is_left_alone(tmp_path):
    box = outbox.Outbox.new(tmp_path)
    box.say("run", store=DEAD)
    assert list(outbox.left_behind(tmp_path)) == []
    box.close(delete=False)
    (found,) = outbox.left_behind(tmp_path)
    assert [m["is"] for m in found.messages(0)] == ["run", "end"]


def test_a_line_cut_off_by_a_crash_is_no_message(tmp_path):
    box = outbox.Outbox.new(tmp_path)
    box.say("run", store=DEAD)
    box.story.write('{"is": "metr')
    box.story.flush()
    assert [m["is"] for m in box.messages(0)] == ["run"]


def test_four_at_once_make_one_store(tmp_path, monkeypatch):
    import mlflow

    made, real = [], mlflow.MlflowClient
    monkeypatch.setattr(mlflow, "MlflowClient", lambda uri: made.append(uri) or real(uri))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(outbox.make, [f"sqlite:///{tmp_path / 'a' / 'mlflow.db'}"] * 4))
    assert len(made) == 1
    assert (tmp_path / "a" / "mlflow.db").exists()


def test_two_runs_share_a_digest_only_if_asked_for_the_same():
    one = Config(seed=1)
    assert digest("simulate", one) == digest("simulate", Config(seed=1, format="json", track=True, debug=True))
    assert digest("simulate", one) != digest("simulate", Config(seed=2))
    assert digest("simulate", one) != digest("train", one)


def test_runs_are_listed_compared_and_found_by_their_first_digits(store, capsys):
    told(store)
    told(store, "evaluate")
    runs.run(runs.Config(store=store))
    listed = capsys.readouterr().out
    assert "train" in listed and "evaluate" in listed and "finished" in listed
    assert "/#/experiments/" in listed and "mlflow ui" in listed
    ids = [run.info.run_id for run in arrived(store)]
    runs.run(runs.Config("compare", [ids[0][:8], ids[1]], store=store))
    assert "goal" in capsys.readouterr().out
    with pytest.raises(ValueError, match="no run begins with 'zz'"):
        runs.run(runs.Config("compare", ["zz"], store=store))
    with pytest.raises(ValueError, match="no runs here; the store has"):
        runs.run(runs.Config(project="other", store=store))
    with pytest.raises(ValueError, match=r"e\.g\. adaptlearn runs compare"):
        runs.run(runs.Config("compar", store=store))


def test_a_store_that_does_not_answer_and_a_folder_that_cannot_be_written_are_one_line(tmp_path):
    with pytest.raises(ValueError, match=f"the store {DEAD} does not answer"):
        runs.run(runs.Config(store=DEAD))
    (tmp_path / "outputs").write_text("in the way")
    with pytest.raises(OSError, match="cannot be written") as told_:
        tracking.Tracker(f"sqlite:///{tmp_path / 'mlflow.db'}")
    assert "\n" not in str(told_.value) and "track=false" in str(told_.value)


def test_without_track_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(tracking, "project_folder", lambda: tmp_path)
    with tracking.tracked("train", Common()) as run:
        run.metrics({"best": 1.0}, 1)
        run.artifact(Path(__file__))
    assert os.listdir(tmp_path) == []
    assert run.link().startswith("not tracked")


def test_curves_are_read_back_and_drawn_alike():
    steps = [(1, {"best": 0.25, "mean": 0.125}), (2, {"best": 0.5})]
    assert from_csv(as_csv(steps)) == steps
    two = {"linear": [steps, [(1, {"best": 0.35}), (2, {"best": 0.4})]], "ppo": [steps]}
    assert picture(two, "a sweep") == picture(two, "a sweep")
    assert "mean and 95 % band over seeds" in picture(two, "a sweep")
