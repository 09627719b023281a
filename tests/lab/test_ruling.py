"""A department's rules are weighed before anybody lives under them."""

import json

import pytest

from adaptlearn.lab import main


def run(*words, capsys):
    with pytest.raises(SystemExit) as stop:
        main.main(["evaluate", "env=tiny-v1", "laws=[workplace]", 'meshings=["null"]', "learners=200", *words])
    return stop.value.code, capsys.readouterr()


def test_the_cost_of_rules_and_what_they_bring_stand_side_by_side(tmp_path, capsys):
    (tmp_path / "rules.toml").write_text("[rules]\ndue = { listening-quiz = 9, resolving-case = 14 }\n")
    code, said = run("agents=[mastery]", f"rules={tmp_path / 'rules.toml'}", "format=json", capsys=capsys)
    rows = {row["policy"]: row for row in json.loads(said.out)}
    assert code == 0 and set(rows) == {"syllabus", "mastery"}
    for row in rows.values():
        assert row["on_time_ruled"] > 0.9 > row["on_time_free"]
        assert row["cost"]["mean"] == pytest.approx(row["goal_ruled"] - row["goal_free"], abs=1e-5)
        assert row["cost"]["half"] > 0.0


def test_rules_without_a_day_cost_nothing_where_they_forbid_nothing(tmp_path, capsys):
    (tmp_path / "rules.toml").write_text("[rules]\n")
    _, said = run("agents=[]", f"rules={tmp_path / 'rules.toml'}", "format=json", capsys=capsys)
    (row,) = json.loads(said.out)
    assert row["cost"] == {"mean": 0.0, "half": 0.0} and row["on_time_ruled"] is None


def test_rules_of_another_world_are_refused_by_name(tmp_path, capsys):
    (tmp_path / "rules.toml").write_text("[rules]\npinned = ['product-tour']\n")
    code, said = run(f"rules={tmp_path / 'rules.toml'}", capsys=capsys)
    assert code == 2 and "product-tour" in said.err and "rules.toml" in said.err
