"""Every refusal names the file, the row, the field, what was found, what is needed, and an example."""

import pickle
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adaptlearn.core import world as worlds
from adaptlearn.core.refusal import MOST_SHOWN, Fault, Refusal

TINY = worlds.where("tiny-v1")


@pytest.fixture
def folder(tmp_path):
    copy = tmp_path / "mine"
    shutil.copytree(TINY, copy)
    return copy


def change(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text("utf-8")
    assert old in text, f"{file} has no {old!r}: the test is out of date"
    (folder / file).write_text(text.replace(old, new, 1), "utf-8")


A, S, W = "activities.csv", "skills.csv", "world.toml"
VIDEO = "greeting:1,,,video,visual:0.6;auditory:0.4,expositive,0.7,none,0,10,async_self_paced,,none,anywhere,online,0.3,solo,0,0,"
FAULTS = {
    # name: (file, old, new, file named, row, field, found, needed or example)
    "circle": (S, "conversation,,", "conversation,resolving,", S, None, "requires", " requires ", "without a circle"),
    "self circle": (S, "conversation,,", "conversation,greeting,", S, 2, "requires", "greeting requires greeting", "circle"),
    "unknown prerequisite": (S, "customer needs,greeting", "customer needs,greetin", S, 3, "requires", "'greetin'", "greeting"),
    "unknown skill taught": (A, "greeting:0.8", "greting:0.8", A, 4, "teaches", "'greting'", "greeting"),
    "unknown skill assessed": (A, "listening:4,discussion", "listning:4,discussion", A, 6, "assesses", "'listning'", "listening"),
    "unknown skill required": (A, ",listening,resolving:3", ",listens,resolving:3", A, 8, "competencyRequired", "'listens'", "listening"),
    "skill twice": (A, "listening:1;greeting:0.2", "listening:1;listening:0.2", A, 5, "teaches", "twice", "once"),
    "off the simplex": (A, "visual:0.6;auditory:0.4", "visual:0.6;auditory:0.5", A, 3, "accessMode", "sum 1.1", "sum to 1"),
    "negative mode": (A, "visual:0.6;auditory:0.4", "visual:1.2;auditory:-0.2", A, 3, "accessMode", "-0.2", ">= 0"),
    "unknown mode": (A, "visual:0.6;auditory:0.4", "visual:0.6;audio:0.4", A, 3, "accessMode", "audio", "auditory"),
    "negative minutes": (A, ",0,10,async_self_paced,,none", ",0,-10,async_self_paced,,none", A, 3, "timeRequired", "-10", "above 0"),
    "no minutes": (A, ",0,10,async_self_paced,,none", ",0,,async_self_paced,,none", A, 3, "timeRequired", "blank", "15"),
    "infinite minutes": (A, ",0,10,async_self_paced,,none", ",0,inf,async_self_paced,,none", A, 3, "timeRequired", "inf", "finite"),
    "not a number": (A, ",0,10,async_self_paced,,none", ",0,NaN,async_self_paced,,none", A, 3, "timeRequired", "NaN", "finite"),
    "words for a number": (A, ",0,10,async_self_paced,,none", ",0,ten,async_self_paced,,none", A, 3, "timeRequired", "'ten'", "a number"),
    "decimal comma": (A, "expositive,0.7,", 'expositive,"0,7",', A, 3, "assistance", "'0,7'", "0.7"),
    "negative staff minutes": (A, "coach,20,8,6", "coach,-20,8,6", A, 9, "staffMinutes", "-20", ">= 0"),
    "negative cost": (A, "coach,20,8,6", "coach,20,-8,6", A, 9, "cost", "-8", ">= 0"),
    "no seats": (A, "coach,20,8,6", "coach,20,8,0", A, 9, "capacity", "0", "1 seat"),
    "half a seat": (A, "coach,20,8,6", "coach,20,8,6.5", A, 9, "capacity", "6.5", "whole"),
    "duplicate activity": (A, "greeting-quiz,", "greeting-video,", A, 4, "id", "second time", "greeting-video-2"),
    "duplicate skill": (S, "\nresolving,Agree", "\nlistening,Again,,0.2,0.1,0.2,0.1,0,\nresolving,Agree", S, 4, "id", "second time", "listening-2"),
    "unspeakable id": (A, "greeting-quiz,", "greeting quiz;1,", A, 4, "id", "greeting quiz;1", "greeting-quiz-1"),
    "reserved id": (A, "greeting-quiz,", "nothing-now,", A, 4, "id", "nothing-now", "another id"),
    "unknown kind": (A, ",video,visual", ",vidoe,visual", A, 3, "learningResourceType", "'vidoe'", "video"),
    "unknown feedback": (A, "correct_answer,-0.3", "correct,-0.3", A, 4, "feedback", "'correct'", "correct_answer"),
    "unknown timing": (A, "on_demand,5-30", "ondemand,5-30", A, 9, "timing", "'ondemand'", "on_demand"),
    "unknown place": (A, "job_site", "site", A, 9, "place", "'site'", "job_site"),
    "unknown company": (A, "1,coach,20", "1,trainer,20", A, 9, "social", "'trainer'", "mentor"),
    "weight above one": (A, "greeting:0.8", "greeting:8", A, 4, "teaches", "greeting:8", "at most 1"),
    "no weight": (A, "greeting:0.8", "greeting", A, 4, "teaches", "'greeting'", "name:value"),
    "half an item": (A, "listening:4,discussion", "listening:4.5,discussion", A, 6, "assesses", "4.5", "whole"),
    "too many items": (A, "listening:4,discussion", "listening:40,discussion", A, 6, "assesses", "listening:40", "1 to 20"),
    "no use": (A, VIDEO, VIDEO.replace("greeting:1", ""), A, 3, "teaches", "neither", "greeting:1"),
    "a test of nothing": (A, "greeting:2;listening:2;resolving:2", "", A, 2, "assesses", "diagnostic", "items"),
    "window reversed": (A, "5-30", "30-5", A, 9, "window", "30-5", "5-30"),
    "window too late": (A, "5-30", "40-50", A, 9, "window", "day 40", "of the programme"),
    "window in words": (A, "5-30", "May", A, 9, "window", "'May'", "0-14"),
    "guess and slip": (S, "0.20,0.10,", "0.60,0.40,", S, 2, "guess", "= 1", "< 1"),
    "prior above one": (S, "0.30,0.12", "30,0.12", S, 2, "prior", "30", "0 to 1"),
    "negative forgetting": (S, "0.004", "-0.004", S, 2, "forget", "-0.004", ">= 0"),
    "unknown column": (A, ",cost,", ",costs,", A, 1, "cost", "'costs' instead", "cost"),
    "missing column": (S, "id,title,requires,", "id,title,", S, 1, "requires", "no such column", "prior"),
    "column twice": (S, "id,title,requires,", "id,title,requires,title,", S, 1, "title", "twice", "once"),
    "notes": (A, ",capacity\n", ",capacity,notes\n", A, 1, "notes", "unknown column", "#notes"),
    "short row": (S, "0.12,0.008,", "0.12,0.008", S, 4, "", "8 cells", "9"),
    "semicolons": (S, "id,title,requires,prior,learn,guess,slip,forget,iri", "id;title;requires", S, 1, "", "commas", "commas"),
    "unquoted comma": (S, "Open the conversation", "Open, then listen", S, 2, "", "10 cells", "quotes"),
    "no title": (S, "Open the conversation", "", S, 2, "title", "blank", "a value"),
    "role without targets": (W, "targets = { listening = 0.5, resolving = 1.0 }", "", W, None, "roles.counter.targets", "without", "greeting = 1.0"),
    "unknown target": (W, "resolving = 1.0", "resolvin = 1.0", W, None, "roles.counter.targets.resolvin", "'resolvin'", "resolving"),
    "negative target": (W, "resolving = 1.0", "resolving = -1.0", W, None, "roles.counter.targets.resolving", "-1", "above 0"),
    "no roles": (W, '[roles.counter]\ntitle = "Counter assistant"\ntargets = { listening = 0.5, resolving = 1.0 }', "", W, None, "roles", "no roles", "role"),
    "pinned unknown": (W, "[roles.counter]", '[rules]\npinned = ["greeting-vid"]\n[roles.counter]', W, None, "rules.pinned", "'greeting-vid'", "greeting-video"),
    "due unknown": (W, "[roles.counter]", "[rules]\ndue = {listen = 5}\n[roles.counter]", W, None, "rules.due", "'listen'", "listening"),
    "pinned and excluded": (W, "[roles.counter]", '[rules]\npinned = ["greeting-quiz"]\nexcluded = ["greeting-quiz"]\n[roles.counter]', W, None, "rules.pinned", "takes away", "one or the other"),
    "due before it opens": (W, "[roles.counter]", "[rules]\ndue = {resolving-counter = 2}\n[roles.counter]", W, None, "rules.due.resolving-counter", "opens on day 5", "12"),
    "excluded until unreachable": (W, "[roles.counter]", '[rules]\nexcluded = ["resolving-case", "resolving-counter"]\n[roles.counter]', W, None, "roles.counter.targets", "'resolving', a target", "teaches"),
    "unknown grade": (W, 'grade = "C"', 'grade = "D"', W, None, "world.grade", "'D'", "assumed"),
    "no grade": (W, 'grade = "C"', "", W, None, "world.grade", "nothing", "C"),
    "unknown decides": (W, '"assign"', '"asign"', W, None, "programme.decides", "'asign'", "assign"),
    "no horizon": (W, "horizon_days = 30", "horizon_days = 0", W, None, "programme.horizon_days", "0", "above 0"),
    "yes for true": (W, "mandatory = true", 'mandatory = "yes"', W, None, "programme.mandatory", "'yes'", "true or false"),
    "true for a number": (W, "repeats = 2", "repeats = true", W, None, "programme.repeats", "True", "whole number"),
    "no repeats": (W, "repeats = 2", "repeats = 0", W, None, "programme.repeats", "0", "at least 1"),
    "retention too early": (W, "retention_day = 60", "retention_day = 20", W, None, "programme.retention_day", "day 20", "last day"),
    "unknown key": (W, "repeats = 2", "repeat = 2", W, None, "programme.repeat", "unknown key", "repeats"),
    "unknown table": (W, "[programme]", "[program]", W, None, "program", "unknown key", "programme"),
    "broken toml": (W, "[programme]", "[programme", W, None, "", "not TOML", "TOML"),
    "unknown role in shares": ("population.toml", "{ counter = 1.0 }", "{ counter = 0.5, floor = 0.5 }", "population.toml", None, "shares.role.floor", "unknown role", "counter"),
    "unknown trait": ("population.toml", "[traits.rate]", "[traits.speed]", "population.toml", None, "", "speed", "traits"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_found_and_placed(folder, name):
    file, old, new, named, row, field, found, help_ = FAULTS[name]
    change(folder, file, old, new)
    with pytest.raises(Refusal) as caught:
        worlds.load(folder)
    faults = caught.value.faults
    matching = [f for f in faults if f.file == named and f.field == field and found in f.found]
    assert matching, f"not among:\n{caught.value}"
    fault = matching[0]
    assert row is None or fault.row == row
    assert help_ in f"{fault.needed} {fault.example}"
    assert str(fault) in str(caught.value)
    assert all(f.found and f.needed and f.example for f in faults)
    assert len(faults) == 1, f"one mistake, one fault:\n{caught.value}"


def test_an_untaught_prerequisite_of_a_target_is_named(folder):
    change(
        folder,
        A,
        "listening-reading,Open and closed questions,listening:1;greeting:0.2",
        "listening-reading,Open,greeting:0.2",
    )
    change(folder, A, "pairs,listening:1", "pairs,greeting:1")
    change(folder, A, "ask?,listening:0.8", "ask?,greeting:0.8")
    change(folder, A, "resolving:1;listening:0.3", "resolving:1")
    change(folder, A, "resolving:1;listening:0.4", "resolving:1")
    change(folder, W, "listening = 0.5, ", "")
    with pytest.raises(Refusal) as caught:
        worlds.load(folder)
    assert "a prerequisite of its target 'resolving'" in caught.value.found
    assert (caught.value.file, caught.value.field) == (W, "roles.counter.targets")


@pytest.mark.parametrize("file", [A, S, W])
def test_a_missing_file_is_named(folder, file):
    (folder / file).unlink()
    with pytest.raises(Refusal, match="no such file") as caught:
        worlds.load(folder)
    assert caught.value.file == file


@pytest.mark.parametrize("file", [A, S])
def test_an_empty_table_is_refused(folder, file):
    header = (folder / file).read_text("utf-8").splitlines()[0]
    (folder / file).write_text(header + "\n", "utf-8")
    with pytest.raises(Refusal) as caught:
        worlds.load(folder)
    assert any(fault.file == file and fault.found.startswith("no ") for fault in caught.value.faults)


def test_all_faults_are_collected_and_at_most_twenty_are_spelled_out(folder):
    change(folder, W, "repeats = 2", "repeats = 0")
    change(folder, S, "0.004", "-1")
    text = (folder / A).read_text("utf-8")
    (folder / A).write_text(
        text.replace("async_self_paced", "asynch").replace("online", "on-line").replace("solo", "alone")
    )
    with pytest.raises(Refusal) as caught:
        worlds.load(folder)
    refusal = caught.value
    assert {fault.file for fault in refusal.faults} == {W, S, A}
    assert len(refusal.faults) == 2 + 6 + 7 + 7
    assert len(str(refusal).splitlines()) == 1 + MOST_SHOWN + 1
    assert str(refusal).endswith(f"and {len(refusal.faults) - MOST_SHOWN} more")
    assert pickle.loads(pickle.dumps(refusal)).faults == refusal.faults


def test_rows_are_counted_as_a_spreadsheet_does(folder):
    change(folder, S, "\nlistening", "\n\n,,,\nlistening")
    change(folder, S, "0.15,0.08", "0.15,8")
    with pytest.raises(Refusal) as caught:
        worlds.load(folder)
    assert (caught.value.row, caught.value.field) == (6, "learn")


def test_spreadsheet_habits_are_forgiven(folder):
    for file in (A, S):
        text = (folder / file).read_text("utf-8")
        lines = [line + "," + ("#my notes" if row == 0 else "x") for row, line in enumerate(text.splitlines())]
        (folder / file).write_bytes(("\ufeff" + "\r\n".join(lines).replace("5-30", "5..30") + "\r\n\r\n").encode())
    assert worlds.load(folder) == worlds.load("tiny-v1")


def test_an_unknown_world_is_answered_with_the_nearest_name():
    with pytest.raises(Refusal) as caught:
        worlds.load("tiny-v")
    assert caught.value.example == "tiny-v1"


def test_a_refusal_needs_a_fault():
    with pytest.raises(ValueError, match="at least one"):
        Refusal([])
    assert "row" not in str(Fault("world.toml", None, "x", "a", "b", "c"))


CELLS = [(file, row, at) for file in (A, S) for row in range(1, 4) for at in range(9 if file == S else 22)]
ODD = st.one_of(
    st.text(max_size=12), st.sampled_from(["nan", "-1", "1e400", ":", ";", "a:b:c", ":1", "0-", "greeting:nan", "\x00", "True"]),
    st.floats().map(str), st.integers().map(str),
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.sampled_from(CELLS), text=ODD)
def test_whatever_stands_in_a_cell_the_world_loads_or_is_refused_by_name(folder, place, text):
    import csv

    file, row, at = place
    with (TINY / file).open(newline="", encoding="utf-8") as source:
        table = list(csv.reader(source))
    table[row][at] = text
    with (folder / file).open("w", newline="", encoding="utf-8", errors="replace") as out:
        csv.writer(out).writerows(table)
    try:
        worlds.load(folder)
    except Refusal as refusal:
        assert all(fault.found and fault.needed and fault.example for fault in refusal.faults)


VALUES = st.one_of(
    st.booleans(), st.integers(-5, 5), st.floats(), st.text(max_size=5), st.lists(st.integers(), max_size=2)
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(line=st.integers(0, 20), value=VALUES)
def test_whatever_stands_in_world_toml_the_world_loads_or_is_refused_by_name(folder, line, value):
    import json

    lines = (TINY / W).read_text("utf-8").splitlines()
    line %= len(lines)
    key = lines[line].split("=")[0]
    shown = str(value).lower() if isinstance(value, (bool, float)) else json.dumps(value)
    lines[line] = f"{key}= {shown}" if "=" in lines[line] else ""
    (folder / W).write_text("\n".join(lines), "utf-8", errors="replace")
    try:
        worlds.load(folder)
    except Refusal as refusal:
        assert all(fault.found and fault.needed and fault.example for fault in refusal.faults)
