"""Reproduction: a stored run comes out the same, a changed one is found out, and its config is data, never code."""

import pytest

from adaptlearn.lab import foreign, outbox, reproducing, tracking, training
from adaptlearn.lab.compose import Agent


def trained(store, tmp_path) -> str:
    """A small run.   -> its id"""
    settings = {"rounds": 2, "candidates": 4, "elite": 2, "learners": 8}
    training.run(training.Config(env="tiny-v1", agent=Agent("linear", settings), learners=64, store=store,
                                 to=str(tmp_path / "agent.npz")))  # fmt: skip
    client = outbox.client(store)
    (run,) = client.search_runs([client.get_experiment_by_name("adaptlearn").experiment_id])
    return run.info.run_id


def test_a_run_comes_out_the_same_and_a_changed_one_is_found_out(store, tmp_path, capsys, monkeypatch):
    run_id = trained(store, tmp_path)
    capsys.readouterr()
    before = (tmp_path / "agent.npz").stat().st_mtime_ns
    assert reproducing.run(reproducing.Config(run_id[:8], store)) == 0
    said = capsys.readouterr().out
    assert "bit for bit" in said and "best" in said and "over_syllabus" in said
    assert (tmp_path / "agent.npz").stat().st_mtime_ns == before, "a file of then was overwritten"
    outbox.client(store).log_metric(run_id, "goal", 0.123, step=0)
    monkeypatch.setattr(tracking, "versions", lambda: {"version.numpy": "0.1"})
    assert reproducing.run(reproducing.Config(run_id, store)) == 1
    said = capsys.readouterr().out
    assert "the numbers differ" in said and "version.numpy was" in said and "is 0.1" in said


def test_what_cannot_be_reproduced_is_one_line(store):
    client = outbox.client(store)
    bare = client.create_run("0").info.run_id
    for config, says in ((reproducing.Config("", store), "no run is named"),
                         (reproducing.Config(bare, store), "has no config.yaml")):  # fmt: skip
        with pytest.raises(ValueError, match=says) as told:
            reproducing.run(config)
        assert "\n" not in str(told.value)


def test_a_stored_config_that_names_code_of_others_is_refused(store, tmp_path):
    client = outbox.client(store)
    (tmp_path / "config.yaml").write_text("env: tiny-v1\nagent: {name: x, settings: {_target_: os.system}}\n", "utf-8")
    run_id = client.create_run("0", tags={"verb": "train"}).info.run_id
    client.log_artifact(run_id, str(tmp_path / "config.yaml"))
    with pytest.raises(ValueError, match=r"os\.system would run code of os; .* allow=\[os\]"):
        reproducing.run(reproducing.Config(run_id, store))


@pytest.mark.parametrize(
    "config",
    [
        {"agent": {"_target_": "subprocess.run"}},
        {"a": [{"b": {"_target_": "adaptlearn_evil.x"}}]},
        {"law": "evil.law"},
        {"agent": {"name": "evil.agent"}},
        {"laws": ["workplace", "evil.law"]},
        {"reward": "evil.reward"},
    ],
)
def test_foreign_configs_are_data(config):
    with pytest.raises(ValueError, match="would run code of"):
        foreign.refuse_strangers(config, "a bundle", [])
    foreign.refuse_strangers(config, "a bundle", ["subprocess", "adaptlearn_evil", "evil"])
    foreign.refuse_strangers({"agent": {"_target_": "adaptlearn.agents.linear"}, "law": "bkt", "env": "a.b"}, "x", [])
