"""The verb that calibrates, and the one that tells what is stated from what is shown."""

import json

import numpy as np
import pytest

from adaptlearn.agents import shelf
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.posterior import Posterior
from adaptlearn.core.world import load
from adaptlearn.envs.registry import rules
from adaptlearn.lab import calibrating, insights
from adaptlearn.tracing import health


@pytest.fixture(scope="module")
def event_log(tmp_path_factory):
    place = rules("tiny-v1")
    lives = simulate(shelf.build("random", place.world), place, range(60), 3, log=True)
    return lives.log.save(tmp_path_factory.mktemp("log") / "log.parquet")


def test_an_event_log_becomes_a_world_of_grade_c_since_it_is_simulated(event_log, tmp_path, capsys):
    to, kept = tmp_path / "mine", tmp_path / "people.npz"
    calibrating.run(calibrating.Config(log=str(event_log), world="tiny-v1", to=str(to), posterior=str(kept),
                                       populations=40, format="json"))  # fmt: skip
    told = json.loads(capsys.readouterr().out)
    assert {"name", "mean", "low", "high", "moved_off_the_prior"} == set(told["rows"][0]) and told["health"] == {}
    assert load(to).grade == "C" and "the log is simulated" in (to / "card.md").read_text("utf-8")
    assert "ability.mean" in Posterior.load(kept).draws
    with pytest.raises(ValueError, match="exists; needed a new folder"):
        calibrating.run(calibrating.Config(log=str(event_log), world="tiny-v1", to=str(to)))


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """Keys that name a small table of answers on the skills of tiny-v1."""
    rng, file = np.random.default_rng(1), tmp_path_factory.mktemp("answers") / "answers.csv"
    lines = [f"{n},{skill},{int(rng.random() < 0.3 + 0.1 * t)}"
             for n in range(60) for skill in ("greeting", "listening", "resolving") for t in range(5)]  # fmt: skip
    file.write_text("\n".join(["learner,skill,correct", *lines]), "utf-8")
    return dict(log=str(file), columns={name: name for name in ("learner", "skill", "correct")})


@pytest.mark.parametrize(
    ("method", "figures", "name", "easy", "hard", "doubt"),
    [
        ("svi", {"k_hat"}, "TRUSTED", 99.0, -99.0, "note: the guide's draws differ from the posterior"),
        ("nuts", {"r_hat", "effective", "divergences"}, "ENOUGH", 0, 10**9, "effective draws for the least certain"),
    ],
)
def test_how_the_fit_went_is_shown_and_a_bad_one_is_a_warning(
    answers, tmp_path, monkeypatch, capsys, method, figures, name, easy, hard, doubt
):
    config = dict(**answers, method=method, steps=30)
    monkeypatch.setattr(health, name, easy)
    calibrating.run(calibrating.Config(**config, format="json"))
    told = json.loads(capsys.readouterr().out)
    assert figures < set(told["health"]) and told["rows"][0]["skill"] == "greeting"
    assert not any(doubt in note for note in told["notes"])
    monkeypatch.setattr(health, name, hard)  # now no fit is good enough
    calibrating.run(calibrating.Config(**config, to=str(tmp_path / "new")))
    said = " ".join(capsys.readouterr().out.split())
    card = (tmp_path / "new" / "card.md").read_text("utf-8")
    assert doubt in said and doubt.removeprefix("note: t") in card
    fitted = health.Health(method, **{key: 1 for key in figures})
    assert all(f"{name} " in said and f"| {name} |" in card for name in fitted.facts())


def test_a_law_without_a_fit_is_refused_before_the_work(answers, tmp_path):
    with pytest.raises(ValueError, match="law 'memory' .* answers in order, without days; needed one of"):
        calibrating.run(calibrating.Config(**answers, world="tiny-v1", law="memory", to=str(tmp_path / "x")))
    assert not (tmp_path / "x").exists()


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
    survey.write_text("who,says\n0,visual\n", "utf-8")
    with pytest.raises(ValueError, match=r"survey.csv: found the columns who, says; needed learner and stated"):
        insights.run(config)
    survey.write_text("learner,stated\n0,olfactory\n", "utf-8")
    with pytest.raises(ValueError, match="needed one of visual"):
        insights.run(config)
