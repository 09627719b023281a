"""``evaluate``: which worlds its table has."""

import json

import pytest

from adaptlearn.lab import compose, evaluating

SMALL = ["env=tiny-v1", "agents=[random]", "learners=8", "format=json"]


@pytest.mark.parametrize(
    ("words", "worlds"),
    [
        ([], {("workplace", "null"), ("workplace", "contested"), ("bkt", "null"), ("bkt", "contested")}),
        (["law=bkt"], {("bkt", "null"), ("bkt", "contested")}),
        (["meshing=null"], {("workplace", "null"), ("bkt", "null")}),
        (["law=bkt", "meshing=weak"], {("bkt", "weak")}),
        (["laws=[bkt,memory]", "meshings=[null]"], {("bkt", "null"), ("memory", "null")}),
    ],
)
def test_a_choice_of_one_world_narrows_the_table_to_it(words, worlds, capsys):
    evaluating.run(compose.compose("evaluate", evaluating.Config, [*SMALL, *words]))
    rows = json.loads(capsys.readouterr().out)
    assert {(row["law"], row["meshing"]) for row in rows} == worlds


def test_equal_minutes_have_a_row_for_each_budget_and_no_gain_of_the_baseline_over_itself(tmp_path, capsys):
    words = ["law=bkt", "meshing=null", "minutes=[0,40]", f"csv={tmp_path / 'equal.csv'}"]
    evaluating.run(compose.compose("evaluate", evaluating.Config, [*SMALL, *words]))
    rows = json.loads(capsys.readouterr().out)
    assert [(row["policy"], row["within"]) for row in rows] == [
        ("syllabus", 0), ("syllabus", 40), ("random", 0), ("random", 40)
    ]  # fmt: skip
    assert all(row["minutes"] <= row["within"] for row in rows) and rows[0]["goal"] == rows[2]["goal"]
    assert rows[0]["gain"] is None and rows[3]["gain"] is not None
    assert len((tmp_path / "equal.csv").read_text("utf-8").splitlines()) == 5


def test_agents_are_made_for_the_catalogue_before_its_revision(tmp_path, capsys):
    """A programme meets new activities that it knows nothing of; nobody is "fitted in" there."""
    from adaptlearn.lab import training

    kept = ["env=tiny-v1", "agent=fixed", "agent.settings.rounds=1", "agent.settings.neighbours=20", "format=json",
            "learners=8", "held_out=8", f"to={tmp_path / 'fixed.npz'}", "track=false"]  # fmt: skip
    training.run(compose.compose("train", training.Config, kept))
    words = ["env=tiny-v1", f"agents=[{tmp_path / 'fixed.npz'}]", "law=workplace", "meshing=null", "learners=32",
             "format=json"]  # fmt: skip
    capsys.readouterr()
    origins, goals = [], []
    for more in ([], ["revised=0.3", "revised_seed=1"]):
        evaluating.run(compose.compose("evaluate", evaluating.Config, [*words, *more]))
        row = json.loads(capsys.readouterr().out)[1]
        origins.append(row["origin"])
        goals.append(row["goal"])
    assert origins == ["fitted in", "emergent"] and goals[0] != goals[1]
