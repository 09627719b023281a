"""From the command line: what was decided is made again, looked at, told to the laboratory, and erased."""

import csv
import json

import numpy as np
import pytest

from adaptlearn.core import log

PROFILE = {"role": "counter", "weekly_minutes": 90, "motive": "project", "stated": "visual"}


@pytest.fixture
def service(small_served):
    """Learners of whom most can be told by decisions alone, and three who cannot."""
    dice = np.random.default_rng(3)
    for j in range(30):
        live(small_served, f"u-{j}", dice)
    live(small_served, "v-word", dice)
    small_served.post("/learners/correct", {"id": "w", "learner": "v-word", "skill": "greeting", "knows": True})
    live(small_served, "v-other", dice)
    alone = {"offered": ["greeting-video"], "taken": "greeting-video"}
    small_served.observe("alone", "v-other", **alone, completed=True, minutes=3,
                         day=20)  # fmt: skip
    small_served.post(
        "/recommend", {"learner": "v-goal", "profile": {"targets": {"greeting": 1}, "weekly_minutes": 60}}
    )
    small_served.observe("goal", "v-goal", day=1)
    return small_served


def live(service, learner, dice, steps=4):
    """A learner who takes what is offered first and answers all that is asked."""
    runtime, day = service.desk.fleet.champion.runtime, 0.0
    for step in range(steps):
        advice = service.recommend(learner, day=day, profile=PROFILE, k=1)
        activity = advice["choices"][0]["activity"]
        told, asked = {}, {}
        if activity != "nothing-now":
            catalogue, skills = runtime.shelf.catalogue, runtime.contract.skills
            asked = {skills[k]: round(n) for k, n in catalogue.asks[catalogue.at[activity]]}
            told = {"taken": activity, "completed": True, "minutes": 9, "items": asked,
                    "correct": {skill: int(dice.integers(n + 1)) for skill, n in asked.items()}}  # fmt: skip
        service.observe(f"{learner}-{step}", learner, decision=advice["decision"], day=day, **told)
        day += 1.0
    return advice["decision"]


def test_a_decision_is_made_again_by_its_id(service, command):
    name = live(service, "u-31", np.random.default_rng(1))
    where = f"database={service.database}"
    code, out, _ = command("serve", "replay", name, where)
    assert code == 0 and "the same choice with the same chance" in out
    code, out, _ = command("serve", "replay", name, where, "format=json")
    assert code == 0 and json.loads(out)["same"] is True
    code, _, err = command("serve", "replay", "0" * 32, where)
    assert code == 2 and "decision: found" in err and err.count("\n") == 1


def test_a_store_that_is_not_there_is_not_made(tmp_path, command):
    for words in (["replay", "x"], ["watch"], ["log"], ["learner", "export", "u"]):
        code, _, err = command("serve", *words, f"database=sqlite:///{tmp_path}/none.db")
        assert code == 2 and "none.db" in err, words
    assert list(tmp_path.iterdir()) == []


def test_the_ring_closes_from_the_service_to_the_laboratory(service, tmp_path, command):
    """The log of the service is judged and its answers traced; what it cannot tell is left out and counted."""
    where, file = f"database={service.database}", tmp_path / "log.parquet"
    code, out, _ = command("serve", "log", where, f"to={file}")
    assert code == 0 and "120 decisions of 30 learners" in out
    for why in ("own word", "no decision offered", "no role"):
        assert why in out
    found = log.load(file)
    assert found.profiled and set(found["weekly_minutes"]) == {90.0} and ((found["propensity"] > 0).all())
    words = [f"log={file}", "agent=random", "decisions=2", "estimators=[WIS]", "draws=20", "format=json"]
    code, out, err = command("judge", "env=tiny-v1", *words)
    assert code == 0, err
    assert json.loads(out)[0]["estimator"] == "WIS" and json.loads(out)[0]["effective"] > 0
    answers = tmp_path / "answers.csv"
    code, out, _ = command("serve", "log", where, f"to={answers}")
    rows = list(csv.DictReader(answers.open()))
    assert code == 0 and f"{len(rows):,} answers" in out and {row["correct"] for row in rows} == {"0", "1"}
    code, out, err = command("trace", f"log={answers}", "model=[shares]", "baseline=shares", "folds=3", "format=json")
    assert code == 0, err
    assert json.loads(out)[0]["model"] == "shares"
    code, _, _ = command("serve", "log", where, f"to={tmp_path / 'd.jsonl'}")
    first = json.loads((tmp_path / "d.jsonl").read_text().splitlines()[0])
    assert code == 0 and first["learner"].startswith("u-") and first["motive"] == "project"


def test_an_answer_is_told_as_often_as_it_was_given(service, tmp_path, command):
    """Row by row, right and wrong add up to the counts in the events; learners are numbers."""
    command("serve", "log", f"database={service.database}", f"to={tmp_path / 'a.csv'}")
    rows = list(csv.DictReader((tmp_path / "a.csv").open()))
    with service.app.state.store.reading() as t:
        bodies = [json.loads(row.body) for who in service.app.state.store.learners(t)
                  for row in service.app.state.store.events(t, *who) if row.kind == "observed"]  # fmt: skip
    assert len(rows) == sum(sum((body.get("items") or {}).values()) for body in bodies)
    assert sum(int(row["correct"]) for row in rows) == sum(sum((b.get("correct") or {}).values()) for b in bodies)
    assert all(row["learner"].isdigit() for row in rows)


def test_a_learner_has_a_page_a_link_a_file_and_may_go(service, tmp_path, command):
    where = f"database={service.database}"
    code, out, _ = command("serve", "learner", "page", "u-1", where)
    assert code == 0 and out.startswith("<!doctype html>") and "<form" not in out
    code, out, _ = command("serve", "learner", "link", "u-1", where, "format=json")
    path = json.loads(out)[0]["path"]
    assert code == 0 and service.client.get(path).status_code == 200
    file = tmp_path / "u-1.json"
    code, out, _ = command("serve", "learner", "export", "u-1", where, f"to={file}")
    assert code == 0 and json.loads(file.read_text())["learner"] == "u-1"
    code, out, _ = command("serve", "learner", "erase", "u-1", where)
    assert code == 0 and "nothing of this learner is left" in out
    code, _, err = command("serve", "learner", "erase", "u-1", where)
    assert code == 2 and "learner: found u-1" in err
    code, out, _ = command("serve", "learner", "erase", where, "idle_days=400")
    assert code == 0 and "0 learners erased" in out
    code, _, err = command("serve", "learner", "forget", "u-2", where)
    assert code == 2 and "e.g. serve learner" in err


def test_a_look_says_that_it_is_too_early(service, tmp_path, command):
    words = [f"database={service.database}", f"textfile={tmp_path / 'watch.prom'}"]
    code, out, _ = command("serve", "watch", *words)
    assert code == 0 and "too early" in out and "nothing to be looked at" in out
    assert 'adaptlearn_watch_alarm{check="role"} 0' in (tmp_path / "watch.prom").read_text()
    code, _, err = command("serve", "watch", *words, "a_year=0")
    assert code == 2 and "a_year" in err


def test_the_small_wheels_command_has_what_a_learner_may_ask_for(service, capsys):
    from adaptlearn.export.serve.__main__ import main as small

    where = f"database={service.database}"
    name = live(service, "u-40", np.random.default_rng(1))
    assert small(["replay", name, where]) == 0 and "the same choice" in capsys.readouterr().out
    assert small(["learner", "erase", "u-40", where]) == 0 and "nothing of this learner" in capsys.readouterr().out
    assert small(["learner", "erase", "u-40", where]) == 2
