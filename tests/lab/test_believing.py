"""``adaptlearn belief train`` and ``belief check``, and agents that read what they left."""

import csv
import json

import numpy as np
import pytest

from adaptlearn.envs.registry import rules
from adaptlearn.lab import checkpoint
from adaptlearn.lab.main import perform

QUICK = ["env=tiny-v1", "format=json", "track=false"]


@pytest.fixture(scope="module")
def belief(tmp_path_factory):
    file = tmp_path_factory.mktemp("belief") / "belief.npz"
    short = [
        "settings.rounds=2",
        "settings.learners=16",
        "settings.batch=16",
        "settings.hidden=6",
        "settings.context=6",
    ]
    assert perform("belief train", [*QUICK, *short, f"to={file}"]) == 0
    return file


def test_a_belief_is_checked_beside_bkt_and_a_filter_by_the_day_and_drawn(belief, tmp_path, capsys):
    table, picture = tmp_path / "rows.csv", tmp_path / "belief.svg"
    words = [f"belief={belief}", "agents=[mastery,zpdes]", "law=workplace", "learners=16", "particles=16", "days=true"]
    assert perform("belief check", [*QUICK[:2], *words, f"csv={table}", f"to={picture}"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["source"] for row in rows} == {"belief", "BKT", "filter"}
    assert {row["seen"] for row in rows if row["agent"] == "mastery"} == {True}
    assert {row["seen"] for row in rows if row["agent"] == "zpdes"} == {False}
    for whole in (row for row in rows if row["days"] == "all"):
        same = [row for row in rows if all(row[name] == whole[name] for name in ("agent", "source", "of"))]
        assert sum(row["levels"] for row in same) == 2 * whole["levels"]
    assert {row["of"] for row in rows if row["source"] == "belief"} == {"level", "ability", "rate", "memory"}
    assert all(row["within_80"] is None for row in rows if row["source"] == "BKT")
    assert picture.read_text().startswith("<svg")
    with table.open() as file:
        assert {"within_80", "within_80_low", "within_80_high"} <= set(next(csv.DictReader(file)))


def test_any_agent_reads_it_and_leaves_with_it_as_one_file(belief, tmp_path, capsys):
    for agent, more in (("mastery", []), ("linear", ["agent.settings.rounds=1", "agent.settings.learners=8"])):
        to = tmp_path / f"{agent}.npz"
        words = [f"agent={agent}", f"belief={belief}", f"to={to}", "learners=16", *more]
        assert perform("train", [*QUICK, *words]) == 0
        policy = checkpoint.load(to, rules("tiny-v1").world)
        assert policy.name == f"{agent}-belief"
        assert policy.memory_size == checkpoint.load_belief(belief, rules("tiny-v1").world).memory_size
        assert perform("evaluate", [*QUICK[:2], f"agents=[{to}]", "law=workplace", "meshing=null", "learners=16"]) == 0
    kept, alone = (checkpoint.read(file)[1] for file in (tmp_path / "linear.npz", belief))
    for name, weights in alone.items():  # frozen: what taught the agent did not move it
        np.testing.assert_array_equal(kept[f"shown.belief.{name}"], weights)


@pytest.mark.parametrize(
    ("verb", "words", "says"),
    [
        ("belief train", ["settings.round=3"], "settings.round is no setting of a belief; .* e.g. settings.rounds="),
        ("belief train", ["settings.rounds=0"], "belief: rounds = 0; needed more than 0"),
        ("belief check", ["at=soon"], "at=soon; needed now or later"),
        ("belief check", ["to=belief.pdf"], "to=belief.pdf; needed a file that ends in"),
        ("belief check", ["belief=nowhere.npz"], "needed a checkpoint"),
        ("train", ["agent=cql", "belief=BELIEF", "log=log.parquet", "track=false"], "learns from a log"),
        ("train", ["agent=ppo", "belief=BELIEF", "agent.settings.device=cuda"], "a belief looks on a processor"),
        ("evaluate", ["agents=[BELIEF]"], "is a belief, no agent; .* adaptlearn train agent=mastery belief="),
    ],
)
def test_what_it_cannot_take_is_said(verb, words, says, belief):
    with pytest.raises(ValueError, match=says):
        perform(verb, ["env=tiny-v1", *[word.replace("BELIEF", str(belief)) for word in words]])


def test_an_agent_s_file_is_no_belief(tmp_path):
    to = tmp_path / "mastery.npz"
    assert perform("train", [*QUICK, "agent=mastery", f"to={to}", "learners=8"]) == 0
    with pytest.raises(ValueError, match="is an agent, mastery; needed a belief"):
        perform("belief check", ["env=tiny-v1", f"belief={to}"])
