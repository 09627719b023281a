"""What a platform logs is the type that the laboratory reads, and a statement any learning record store takes."""

import json
import re
from datetime import UTC, datetime
from urllib.parse import urlparse
from uuid import UUID

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adaptlearn.core import log
from adaptlearn.core.log import EventLog
from adaptlearn.export import bundle
from adaptlearn.export.hindsight import retell
from adaptlearn.export.runtime import Refused, Runtime, lines
from adaptlearn.interchange import xapi, xapi_writing
from adaptlearn.lab import main

PROFILE = {"learner": "u-1", "role": "counter", "weekly_minutes": 90}
ASKED = {"items": {"greeting": 6}, "correct": {"greeting": 5}}


@pytest.fixture(scope="module")
def folder(tiny, small, tmp_path_factory):
    return bundle.write(small, tiny, tmp_path_factory.mktemp("agents") / "bundle")


@pytest.fixture(scope="module")
def runtime(folder):
    return Runtime.load(folder)


def life(runtime, learner, steps=6):
    """A learner who takes, skips and leaves unfinished in turn.   -> lines"""
    record, told = runtime.start(PROFILE | {"learner": learner}), []
    for step in range(steps):
        advice = runtime.recommend(record, day=2.0 * step, k=2)
        event = {"day": 2.0 * step, "offered": advice.ids}
        shown = [name for name in advice.ids if name != "nothing-now"]
        if step % 3 != 1 and shown:
            done = step % 3 == 0
            event |= {"taken": shown[0], "completed": done, "minutes": 8.5, "rating": 4 if done else 0}
            event |= ASKED if done else {}
        told.append(json.loads(json.dumps(runtime.line(advice, event))))
        record = runtime.observe(advice.record, event)
    return told


def test_lines_become_an_event_log(runtime, folder, tmp_path, capsys):
    told = [line for learner in ("u-1", "u-2", "Zoë") for line in life(runtime, learner)]
    (tmp_path / "decisions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in reversed(told)))
    with pytest.raises(SystemExit) as stop:
        words = ["bundle", "log", str(folder), f"lines={tmp_path / 'decisions.jsonl'}", f"to={tmp_path / 'l.parquet'}"]
        main.main(words)
    assert stop.value.code == 0 and "18 decisions of 3 learners" in capsys.readouterr().out
    found = log.load(tmp_path / "l.parquet")
    assert set(found.columns) == {*log.COLUMNS, *log.PROFILE} and found.policy == "small"
    assert set(found["weekly_minutes"]) == {90.0} and set(found["motive"]) == set(found["stated"]) == {-1}
    ids, rows = runtime.shelf.catalogue.ids, {(line["learner"], line["step"]): line for line in told}
    assert len(found) == len(rows)
    per_learner = [found["step"][found["learner"] == one].tolist() for one in np.unique(found["learner"])]
    assert all(steps == list(range(6)) for steps in per_learner)
    first = next(line for line in told if lines._identity(line["learner"]) == found["learner"][0])
    assert [ids[a] for a in found["offered"][0]] == first["offered"]
    np.testing.assert_allclose(found["propensity"][0], first["propensity"], rtol=1e-6)
    np.testing.assert_allclose(np.nan_to_num(found["gap_days"][:6], nan=-1.0), [2, 2, 2, 2, 2, -1])
    answered = found["items"] > 0
    np.testing.assert_allclose(found["score"][answered], 5 / 6)
    assert answered.any() and np.isnan(found["score"][~answered]).all()
    assert set(found["outcome"].tolist()) <= {0, 1, 3} and (found["role"] == 0).all()


def test_vetoes_and_full_seats_reach_the_log_and_the_statements(runtime):
    record, told = runtime.start(PROFILE), []
    for step in range(3):
        advice = runtime.recommend(record, day=2.0 * step, k=3)
        shown = [name for name in advice.ids if name != "nothing-now"]
        event = {"day": 2.0 * step, "offered": advice.ids}
        event |= {"vetoed": shown[0]} if step == 1 else {"full": shown[1:]} if step == 2 else {}
        told.append(json.loads(json.dumps(runtime.line(advice, event))))
        record = runtime.observe(advice.record, event)
    again = lines.read_lines("\n".join(map(json.dumps, told)))
    made, at = lines.columns(again, runtime.shelf.catalogue, runtime.contract), runtime.shelf.catalogue.at
    assert made["vetoed"].tolist() == [0, at[told[1]["vetoed"]], 0]
    assert made["full"][2].tolist() == [at[name] for name in told[2]["full"]] and not made["full"][:2].any()
    said = [lines.statement(one, home="https://lms.example.org", started=datetime(2026, 1, 1, tzinfo=UTC),
                            catalogue=runtime.shelf.catalogue, contract=runtime.contract) for one in told]  # fmt: skip
    short = [{k.removeprefix(lines.EXTENSIONS): v for k, v in one["context"]["extensions"].items()} for one in said]
    assert [one.get("vetoed") for one in short] == [None, told[1]["vetoed"], None]
    assert [one.get("full") for one in short] == [None, None, told[2]["full"]]


def played(runtime, learner, profile, dice, steps=8):
    """A learner who takes what is offered three times of four and answers by chance.   -> lines"""
    record, told, day = runtime.start(profile | {"learner": learner}), [], 0.0
    catalogue, skills = runtime.shelf.catalogue, runtime.contract.skills
    for _ in range(steps):
        advice = runtime.recommend(record, day=day)
        event, asks = {"day": day, "offered": advice.ids}, catalogue.asks[catalogue.at[advice.ids[0]]]
        if advice.ids[0] != "nothing-now" and dice.random() < 0.75:
            items = {skills[k]: round(n) for k, n in asks}
            items |= {skill: int(dice.integers(1, n + 1)) for skill, n in items.items() if len(items) == 1}
            event |= {"taken": advice.ids[0], "completed": True, "minutes": 9.5, "rating": int(dice.integers(6)),
                      "items": items, "correct": {s: int(dice.integers(n + 1)) for s, n in items.items()}}  # fmt: skip
        told.append(json.loads(json.dumps(runtime.line(advice, event))))
        record, day = runtime.observe(advice.record, event), day + float(dice.integers(1, 5))
    return told


def many(runtime):
    """Forty learners, of whom the first says nothing of themselves."""
    dice = np.random.default_rng(5)
    motives, modes = (lines._words(what, runtime.contract) for what in ("motive", "stated"))
    said = [PROFILE | ({"motive": motives[j % 4], "stated": modes[j % 3], "weekly_minutes": 30.0 + j} if j else {})
            for j in range(40)]  # fmt: skip
    return [line for j, profile in enumerate(said) for line in played(runtime, f"u-{j}", profile, dice)]


def test_a_platforms_lines_give_back_the_chances_of_their_policy(runtime, small, tiny):
    """What a line says of the learner, their answers and days is all that the policy knew."""
    made = EventLog(lines.columns(many(runtime), runtime.shelf.catalogue, runtime.contract), "small", "1")
    told = retell(made, tiny, small, lambda view, catalogue, history: history)
    assert len(told.row) == 320 and (np.ptp(told.chance) > 0.1)
    np.testing.assert_allclose(told.chance, told.logged, rtol=2e-4)


def test_a_platforms_lines_are_judged(runtime, folder, tmp_path, capsys):
    (tmp_path / "d.jsonl").write_text("".join(json.dumps(line) + "\n" for line in many(runtime)))
    with pytest.raises(SystemExit):
        main.main(["bundle", "log", str(folder), f"lines={tmp_path / 'd.jsonl'}", f"to={tmp_path / 'l.parquet'}"])
    capsys.readouterr()
    words = [f"log={tmp_path / 'l.parquet'}", "agent=random", "decisions=2", "estimators=[WIS]", "draws=20"]
    with pytest.raises(SystemExit) as stop:
        main.main(["judge", "env=tiny-v1", "format=json", *words])
    (row,) = json.loads(capsys.readouterr().out)
    assert stop.value.code == 0 and row["estimator"] == "WIS" and row["effective"] > 0


def test_lines_of_an_older_runtime_say_nothing_of_the_learner_and_are_read(runtime):
    old = [{k: v for k, v in line.items() if k not in lines.TOLD} for line in life(runtime, "u-1")]
    read = lines.read_lines("".join(json.dumps(line) + "\n" for line in old))
    assert set(lines.columns(read, runtime.shelf.catalogue, runtime.contract)) == set(log.COLUMNS)


def test_a_propensity_in_the_log_is_the_chance_the_graph_gave(runtime):
    record = runtime.start(PROFILE)
    advice = runtime.recommend(record, day=0.0, k=2)
    line = runtime.line(advice, {"day": 0.0, "offered": advice.ids})
    assert line["propensity"] == [choice.propensity for choice in advice.choices]
    assert line["outcome"] == "skipped" and line["role"] == "counter" and line["fallback"] == ""


STARTED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOME = "https://lms.example.org"


def spoken(runtime, told):
    where = {"catalogue": runtime.shelf.catalogue, "contract": runtime.contract}
    return [lines.statement(one, home=HOME, started=STARTED, **where) for one in told]


def test_statements_are_as_xapi_asks(runtime):
    """Experience API 1.0.3, part 2: required properties, IRIs, ISO 8601, scores in range; one id each."""
    made = spoken(runtime, life(runtime, "u-1"))
    assert {one["verb"]["display"]["en"] for one in made} >= {"completed", "skipped", "progressed"}
    assert len({one["id"] for one in made}) == len(made)
    assert spoken(runtime, life(runtime, "u-1")) == made
    for one in made:
        assert UUID(one["id"]) and datetime.fromisoformat(one["timestamp"]).tzinfo
        iris = [one["verb"]["id"], one["object"]["id"], one["actor"]["account"]["homePage"]]
        iris += [*one["context"]["extensions"], *one.get("result", {}).get("extensions", {})]
        assert all(urlparse(iri).scheme and urlparse(iri).netloc for iri in iris)
        result = one.get("result", {})
        assert not result or re.fullmatch(r"PT[\d.]+S", result["duration"])
        score = result.get("score", {"scaled": 0, "raw": 0, "min": 0, "max": 1})
        assert -1 <= score["scaled"] <= 1 and score["min"] <= score["raw"] <= score["max"]


def test_the_laboratory_reads_a_platforms_statements_back(runtime, tmp_path):
    """The words are those of the laboratory's own statements, and its reader takes every one of them."""
    assert lines.EXTENSIONS == xapi.EXTENSIONS and lines.VERBS == xapi_writing.VERBS
    told = life(runtime, "u-1")
    (tmp_path / "s.jsonl").write_text("".join(json.dumps(one) + "\n" for one in spoken(runtime, told)))
    read = list(xapi.rows(tmp_path / "s.jsonl", "salt"))
    assert [why for _, _, why in read] == [""] * len(told)
    for line, (_, cells, _) in zip(told, read, strict=True):
        row = dict(zip(xapi.COLUMNS, cells, strict=True))
        assert row["offered"].split() == line["offered"] and row["policy"] == line["policy"]
        np.testing.assert_allclose([float(p) for p in row["propensity"].split()], line["propensity"])
        assert row["completed"] == str(int(line["completed"]))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"line_version": 9}', '{"line_version": 1, "learner": "u"}'])
def test_lines_that_are_none_are_refused(runtime, text):
    with pytest.raises(Refused, match="line"):
        lines.columns(lines.read_lines(text), runtime.shelf.catalogue, runtime.contract)


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
                    max_leaves=5)  # fmt: skip


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([*lines.NEEDED, *lines.TOLD, "line_version"]), JSON)
def test_whatever_stands_in_a_line_it_is_read_or_refused_by_name(runtime, field, value):
    whole = life(runtime, "u-1", 1)[0]
    try:
        told = lines.read_lines(json.dumps(whole | {field: value}))
        lines.columns(told, runtime.shelf.catalogue, runtime.contract)
    except Refused as refusal:
        assert "line" in refusal.field and refusal.needed
