"""xAPI in and out: taken generously, given strictly; what was decided survives the journey."""

import gzip
import json
import re
from datetime import UTC, datetime
from uuid import UUID, uuid4

import numpy as np
import pytest

from adaptlearn.core.log import COLUMNS, EventLog
from adaptlearn.core.refusal import Refusal
from adaptlearn.core.world import load
from adaptlearn.interchange.tables import read
from adaptlearn.interchange.xapi_writing import EXTENSIONS, VERSIONS, Writing, statements, write

ADL = "http://adlnet.gov/expapi/verbs/"


def said(verb="completed", who="ann", what="https://x.org/a1", when="2024-03-04T09:00:00Z", **more):
    return {"id": str(uuid4()), "actor": {"mbox": f"mailto:{who}@x.org"}, "verb": {"id": ADL + verb},
            "object": {"id": what}, "timestamp": when, "stored": "2031-01-01T00:00:00Z"} | more  # fmt: skip


def stored(tmp_path, *given, name="log.json"):
    (tmp_path / name).write_text(json.dumps(list(given)), "utf-8")
    return tmp_path / name


SHAPES = {
    "array.json": lambda s: json.dumps(s),
    "pretty.json": lambda s: "\ufeff\n" + json.dumps(s, indent=2),
    "lines.jsonl": lambda s: "".join(json.dumps(one) + "\n\n" for one in s),
    "lines.json": lambda s: "\r\n".join(json.dumps(one) for one in s),
    "page.json": lambda s: json.dumps({"statements": s, "more": "/xapi/statements?more=1"}),
    "pretty-page.json": lambda s: json.dumps({"statements": s, "more": ""}, indent=1),
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("packed", [False, True])
def test_every_shape_of_file_says_the_same(tmp_path, name, packed):
    given = [said(who=f"p{n % 3}", what=f"https://x.org/a{n}", when=f"2024-03-{n + 1:02d}T09:00:00Z") for n in range(9)]
    content = SHAPES[name](given).encode()
    path = tmp_path / (name + ".gz" * packed)
    path.write_bytes(gzip.compress(content) if packed else content)
    table = read(path, salt="s")
    plain = read(stored(tmp_path, *given, name="plain.json"), salt="s")
    assert len(table) == 9 and not table.rejects.count and table.preset == "statements"
    for column in plain.columns:
        np.testing.assert_array_equal(table[column], plain[column])


@pytest.mark.parametrize("block", [1, 2, 3, 61])
def test_arrays_are_cut_anywhere_and_be_it_within_a_letter(tmp_path, monkeypatch, block):
    from adaptlearn.interchange import json_stream

    given = [said(who=f"ä€😀{n}", result={"score": {"scaled": n / 7}}) for n in range(7)]
    path = tmp_path / "log.json"
    path.write_text("[\n" + json.dumps(given, ensure_ascii=False)[1:], "utf-8")
    whole = read(path, salt="s")
    monkeypatch.setattr(json_stream, "BLOCK", block)
    cut = read(path, salt="s")
    for column in ("learner", "score"):
        assert cut[column].tolist() == whole[column].tolist()
    assert len(set(whole["learner"])) == 7


def test_a_success_is_no_completion_and_a_completion_no_success(tmp_path):
    table = read(stored(
        tmp_path,
        said("passed", result={"success": True}), said("completed"), said("completed", result={"completion": False}),
        said("answered", result={"success": False, "completion": True}), said("failed", result={"success": False}),
    ))  # fmt: skip
    assert table["completed"].tolist() == [0, 1, 0, 1, 0]
    assert table["correct"].tolist() == [255, 255, 255, 0, 255]  # only the answer to a question is one


def test_the_moment_is_the_timestamp_and_never_the_day_of_storage(tmp_path):
    table = read(stored(tmp_path, said(when="1970-01-02T12:00:00+12:00"), said(when=""), said()))
    assert table["day"][0] == 1.0 and table.rejects.reasons == {"no timestamp": 1}


def test_numbers_stay_numbers(tmp_path):
    scores = [0.1, 1, 0.3333333333333333, 1e-9, {"raw": 3, "max": 12}, {"raw": 5, "min": 5, "max": 10}, "high", True]
    given = [said(result={"score": s if isinstance(s, dict) else {"scaled": s}}) for s in scores]
    got = read(stored(tmp_path, *given))["score"]
    assert got[:6].tolist() == [0.1, 1.0, 0.3333333333333333, 1e-9, 0.25, 0.0] and np.isnan(got[6:]).all()
    assert read(stored(tmp_path, said(result={"duration": "PT1H0M1.5S"})))["minutes"].tolist() == [60.025]


def test_what_cannot_be_used_is_left_out_with_its_reason(tmp_path):
    gone, twice = said(), said()
    voiding = said("voided", object={"objectType": "StatementRef", "id": gone["id"].upper()})
    group = said(actor={"objectType": "Group", "mbox": "mailto:t@x.org", "member": []})
    nobody, about = said(actor={"name": "Ann"}), said(object={"objectType": "Agent", "mbox": "mailto:b@x.org"})
    odd = said(result="fine", context=[1], actor={"account": {"name": 7, "homePage": None}, "mbox": ""})
    path = stored(tmp_path, gone, twice, twice, voiding, group, nobody, about, 5, odd)
    table = read(path, rejects=tmp_path / "rejects.csv")
    assert table.rejects.reasons == {
        "voided": 1, "the same id as a statement before": 1, "a statement that voids another": 1,
        "the actor is a group, not a person": 1, "no actor that can be told from others": 1,
        "the object is no activity but a Agent": 1, "not a statement in JSON": 1,
    }  # fmt: skip
    assert len(table) == 2 and table.read == 9
    assert "@x.org" not in (tmp_path / "rejects.csv").read_text()


def test_a_broken_line_is_one_row_and_a_broken_array_is_refused(tmp_path):
    lines = [json.dumps(said()), '{"id": ', '{"a": NaN}', json.dumps(said())]
    (tmp_path / "log.jsonl").write_text("\n".join(lines))
    table = read(tmp_path / "log.jsonl")
    assert len(table) == 2 and [line for line, _ in table.rejects.first] == [2, 3]
    (tmp_path / "torn.json").write_text(json.dumps([said() for _ in range(50)])[:-100])
    (tmp_path / "torn.json.gz").write_bytes(gzip.compress(json.dumps([said()] * 500).encode())[:-30])
    for name in ("torn.json", "torn.json.gz"):
        with pytest.raises(Refusal, match="breaks off|truncated"):
            read(tmp_path / name, rejects=tmp_path / "r.csv")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    with pytest.raises(Refusal):
        read(tmp_path / "deep.json")
    assert not (tmp_path / "r.csv").exists()


def test_people_are_the_same_under_the_same_salt_and_unknown_under_another(tmp_path):
    account = {"account": {"name": "ann", "homePage": "https://hr"}}
    path = stored(tmp_path, said(), said(who="ANN"), said(who="bob"), said(actor=account))
    one, same, other = (read(path, salt=salt)["learner"] for salt in ("s", "s", "t"))
    assert one.tolist() == same.tolist() and set(one).isdisjoint(other)
    assert one[0] == one[1] and len(set(one)) == 3
    assert not any("ann" in who or "bob" in who for who in one)
    assert set(read(path)["learner"]).isdisjoint(one)  # without a salt, one of this run


# --- out -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def log():
    """A log by hand: every outcome, two offers a decision, two learners."""
    rows = {
        "learner": [0, 0, 0, 0, 7], "step": [0, 1, 2, 3, 0], "day": [0.0, 1.25, 2.5, 3.0, 0.5],
        "offered": [[1, 2], [2, 3], [3, 4], [0, 1], [4, 5]], "taken": [1, 4, 0, 0, 5], "outcome": [1, 2, 3, 0, 1],
        "completed": [True, False, False, False, True], "minutes": [6.25, 10.0, 0.0, 0.0, 33.3],
        "items": [6, 0, 0, 0, 4], "correct": [2, 0, 0, 0, 4],
        "answers": [[1, 1, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [4, 0, 0]],
        "score": [2 / 6, np.nan, np.nan, np.nan, 1.0], "rating": [4, 0, 0, 0, 5],
        "gap_days": [1.25, 1.25, 0.5, 1.0, 1.0],
        "left": [False] * 5, "propensity": [[0.5, 0.25]] * 5, "role": [0] * 5,
        "site": [0, 0, 0, 0, 1], "tenure": [0] * 5,
    }  # fmt: skip
    columns = {name: np.array(rows[name]) for name in COLUMNS}
    return EventLog(columns, "mastery", "3", {"simulated": "yes", "world": "tiny-v1"})


WORLD = load("tiny-v1")
IRI = re.compile(r"[a-z][a-z0-9+.-]*:\S+")


def faults_of(s):
    """The musts of xAPI-Data.md (1.0.3, parts 2.4 and 4) that concern what we write."""
    actor, about = s["actor"], s["object"]
    yield from ("id" for _ in [0] if str(UUID(s["id"])) != s["id"])
    yield from ("actor" for _ in [0] if len({"mbox", "mbox_sha1sum", "openid", "account"} & set(actor)) != 1)
    yield from (
        "account" for _ in [0] if not (IRI.fullmatch(actor["account"]["homePage"]) and actor["account"]["name"])
    )
    yield from ("iri" for iri in (s["verb"]["id"], about["id"], about["definition"]["type"]) if not IRI.fullmatch(iri))
    yield from ("key" for part in (s["context"], s.get("result", {}), about["definition"])
                for key in part.get("extensions", {}) if not IRI.fullmatch(key))  # fmt: skip
    yield from ("null" for _ in [0] if "null" in json.dumps(s))
    result = s.get("result", {})
    yield from ("completion" for _ in [0] if not isinstance(result.get("completion", True), bool))
    yield from ("duration" for _ in [0] if not re.fullmatch(r"PT\d+(\.\d+)?S", result.get("duration", "PT0S")))
    if score := result.get("score"):
        yield from ("number" for value in score.values() if isinstance(value, (str, bool)))
        yield from (
            "score" for _ in [0] if not (-1 <= score["scaled"] <= 1 and score["min"] <= score["raw"] <= score["max"])
        )
    yield from ("time" for _ in [0] if datetime.fromisoformat(s["timestamp"]).utcoffset() is None)
    yield from ("version" for _ in [0] if s["version"] not in VERSIONS)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_statement_is_valid(log, version):
    made = list(statements(log, WORLD, Writing("s", version=version)))
    assert [list(faults_of(s)) for s in made] == [[]] * 5
    assert len({s["id"] for s in made}) == 5 and {s["version"] for s in made} == {version}
    verbs = [s["verb"]["display"]["en"] for s in made]
    assert verbs == ["completed", "progressed", "skipped", "rested", "completed"]
    assert "success" not in json.dumps(
        made
    )  # a share of right answers is a score, whether it suffices is not ours to say
    chances = made[0]["context"]["extensions"][f"{EXTENSIONS}propensity"]
    assert chances == [0.5, 0.25] and all(isinstance(chance, float) for chance in chances)


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.json.gz", "a.jsonl.gz"])
def test_what_is_written_is_read_again(tmp_path, log, name):
    start = datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert write(log, WORLD, tmp_path / name, Writing("s", start=start)) == 5
    table = read(tmp_path / name, salt="another")
    back = np.lexsort((log["step"], log["day"]))  # reading sorts by time
    assert len(table) == 5 and not table.rejects.count
    np.testing.assert_allclose(table["day"] - start.timestamp() / 86_400, log["day"][back], atol=1e-7)
    np.testing.assert_array_equal(table["completed"], log["completed"][back])
    np.testing.assert_allclose(table["score"], log["score"][back], atol=1e-6)
    assert table["propensity"].tolist() == [0.5] * 5 and set(table["policy"]) == {"mastery"}
    assert table["offered"].tolist() == [" ".join(WORLD.activity_ids[a] for a in log["offered"][row]) for row in back]
    taken = [int(log["taken"][row]) or (3 if log["outcome"][row] == 3 else 0) for row in back]
    assert [a.rpartition("/")[2] for a in table["activity"]] == [WORLD.activity_ids[a] for a in taken]
    assert len(set(table["learner"])) == 2


def test_the_same_log_gives_the_same_bytes_and_failure_leaves_nothing(tmp_path, log):
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        write(log, WORLD, tmp_path / name, Writing("s"))
    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()
    foreign = EventLog({**log.columns, "offered": log["offered"] + 50}, "p", "1", {})
    with pytest.raises(Refusal, match="the world that the log comes from"):
        write(foreign, WORLD, tmp_path / "c.json", Writing("s"))
    with pytest.raises(Refusal, match="salt"):
        Writing("")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl.gz", "b.jsonl.gz"]


def test_answers_are_what_tracing_reads(tmp_path, capsys):
    """Statements mix answers with the rest; a tracer gets the answers."""
    from adaptlearn.lab import main

    skill = {"extensions": {f"{EXTENSIONS}skill": ["add"]}}
    about = {"id": "https://x.org/q", "definition": skill}
    given = [said("answered", who=f"p{n}", when=f"2024-03-{1 + k:02d}T09:00:00Z", object=about,
                  result={"success": (n + k) % 3 > 0}) for n in range(9) for k in range(5)]  # fmt: skip
    table = read(stored(tmp_path, *given, said("completed")), salt="s")
    assert len(table) == 46 and len(table.answers()) == 45 and set(table.answers()["skill"]) == {"add"}
    with pytest.raises(SystemExit) as end:
        main.main(["calibrate", f"log={tmp_path / 'log.json'}", "steps=5", "format=json"])
    assert end.value.code == 0, capsys.readouterr().err


@pytest.mark.reallog
def test_real_statements(real_logs):
    videos = read(real_logs / "xapi" / "statements.json.gz", salt="s")
    assert len(videos) == videos.read == 22_000 and len(set(videos["learner"])) == 1_452
    assert set(videos["kind"]) == {"video"} and np.isnan(videos["score"]).all() and (videos["correct"] == 255).all()
    assert videos["completed"].sum() == (videos["verb"] == "completed").sum() == 636
    spec = read(real_logs / "xapi" / "xapi_spec_examples.json", salt="s")
    assert len(spec) == 3 and spec.read == 10 and spec.rejects.reasons["a statement that voids another"] == 1
    work = read(real_logs / "xapi" / "adaptlearn_workplace_example.json", salt="s")
    assert work["propensity"].tolist() == [0.214] and work["offered"].tolist() == ["3 9 17"]
    assert len(work.answers()) == 1 and len(spec.answers()) == 0
