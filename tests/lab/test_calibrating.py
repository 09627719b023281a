"""The verb that calibrates, and the one that tells what is stated from what is shown."""

import json

import pytest

from adaptlearn.agents import shelf
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.posterior import Posterior
from adaptlearn.core.world import load
from adaptlearn.envs.registry import rules
from adaptlearn.lab import calibrating, insights


@pytest.fixture(scope="module")
def event_log(tmp_path_factory):
    place = rules("tiny-v1")
    lives = simulate(shelf.build("random", place.world), place, range(60), 3, log=True)
    return lives.log.save(tmp_path_factory.mktemp("log") / "log.parquet")


def test_an_event_log_becomes_a_world_of_grade_c_since_it_is_simulated(event_log, tmp_path, capsys):
    to, kept = tmp_path / "mine", tmp_path / "people.npz"
    calibrating.run(calibrating.Config(log=str(event_log), world="tiny-v1", to=str(to), posterior=str(kept),
                                       populations=40, format="json"))  # fmt: skip
    rows = json.loads(capsys.readouterr().out)
    assert {"name", "mean", "low", "high", "moved_off_the_prior"} == set(rows[0])
    assert load(to).grade == "C" and "the log is simulated" in (to / "card.md").read_text("utf-8")
    assert "ability.mean" in Posterior.load(kept).draws
    with pytest.raises(ValueError, match="exists; needed a new folder"):
        calibrating.run(calibrating.Config(log=str(event_log), world="tiny-v1", to=str(to)))


def test_an_event_log_without_its_world_or_teacher_is_refused(event_log):
    with pytest.raises(ValueError, match="world is not given"):
        calibrating.run(calibrating.Config(log=str(event_log)))
    with pytest.raises(ValueError, match="agent 'nobody' is not known"):
        calibrating.run(calibrating.Config(log=str(event_log), world="tiny-v1", agent="nobody"))


def test_insights_read_a_log_and_a_survey(event_log, tmp_path, capsys):
    survey = tmp_path / "survey.csv"
    survey.write_text("learner,stated\n0,visual\n1,textual\n", "utf-8")
    config = insights.Config(log=str(event_log), world="tiny-v1", stated=str(survey), learners=3, format="json")
    insights.run(config)
    rows = json.loads(capsys.readouterr().out)
    assert [row["stated"] for row in rows] == ["visual", "textual", "–"] and rows[2]["verdict"] != "as stated"
    survey.write_text("learner,stated\n0,olfactory\n", "utf-8")
    with pytest.raises(ValueError, match="needed one of visual"):
        insights.run(config)
