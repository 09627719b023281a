"""A report at export says what the lives say, and nothing is promoted that gains nothing."""

import json

import numpy as np
import pytest

from adaptlearn.agents import shelf
from adaptlearn.classroom.simulate import simulate
from adaptlearn.envs import registry
from adaptlearn.evaluation.compare import paired
from adaptlearn.lab import assessing, main

IDS = np.arange(220)
ROOM = {"law": "workplace", "meshing": "null", "catalogue": "usual_error"}


@pytest.fixture(scope="module")
def rules():
    return registry.rules("tiny-v1", law="workplace", meshing="null", catalogue="usual_error")


def test_gains_and_subgroups_are_paired_differences_of_the_same_lives(rules):
    policy, syllabus = (shelf.build(name, rules.world) for name in ("mastery", "syllabus"))
    report = assessing.assess(policy, syllabus, [(ROOM, rules)], IDS, 7)
    ours, base = (simulate(p, rules, IDS, 7) for p in (policy, syllabus))
    gain = paired(ours["value"], base["value"])
    assert report["rows"][0]["gain"] == pytest.approx(gain.mean, abs=1e-4)
    assert report["rows"][0]["half of 95 %"] == pytest.approx(gain.half, abs=1e-4)
    worst = min(report["subgroups"].items(), key=lambda item: item[1][0])
    assert report["worst_subgroup"].startswith(worst[0]) and worst[1][0] <= gain.mean + 1e-4
    low = ours.trait("weekly_minutes") <= np.quantile(ours.trait("weekly_minutes"), 0.25)
    expected = paired(ours["value"][low], base["value"][low]).mean
    assert report["subgroups"]["the quarter with least time"][0] == pytest.approx(expected, abs=1e-4)
    assert json.loads(json.dumps(report)) == report


def test_the_syllabus_gains_nothing_over_itself_and_the_gate_stays_shut(rules):
    syllabus = shelf.build("syllabus", rules.world)
    report = assessing.assess(syllabus, syllabus, [(ROOM, rules)], IDS, 7)
    assert report["rows"][0]["gain"] == report["rows"][0]["half of 95 %"] == 0.0
    assert all(gain == [0.0, 0.0] for gain in report["subgroups"].values())
    assert any("not clear of 0" in line for line in assessing.gate(report))


def test_export_with_learners_carries_report_and_card(tmp_path, capsys):
    words = ["env=tiny-v1", "agent=mastery", "learners=120", "laws=[bkt]", "meshings=[null]", f"to={tmp_path / 'b'}"]
    with pytest.raises(SystemExit) as stop:
        main.main(["export", *words])
    assert stop.value.code == 0, capsys.readouterr().err
    report, card = (tmp_path / "b" / "report.json").read_text(), (tmp_path / "b" / "card.md").read_text()
    assert json.loads(report)["rows"][0]["law"] == "bkt"
    assert "**Failure cases**" in card and "not trained: a rule" in card and "120 learners" in card
