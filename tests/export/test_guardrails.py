"""The learning department's rules: a mask that holds in every life and needs no retraining; refused by name."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adaptlearn.core import luck
from adaptlearn.core.catalogue import DUE_MARGIN, Rules
from adaptlearn.export import bundle
from adaptlearn.export.runtime import Refused, Runtime, guardrails

PROFILE = {"learner": "u-1", "role": "counter", "weekly_minutes": 90}


@pytest.fixture(scope="module")
def folder(tiny, small, tmp_path_factory):
    return bundle.write(small, tiny, tmp_path_factory.mktemp("agents") / "bundle")


@pytest.fixture
def ruled(folder, tmp_path):
    def load(*lines):
        (tmp_path / "mine.toml").write_text("\n".join(("[rules]", *lines)))
        return Runtime.load(folder, rules=tmp_path / "mine.toml", check=False)

    return load


def took(runtime, record, activity, day):
    event = {"day": day, "offered": [activity], "taken": activity, "completed": True, "minutes": 10}
    return runtime.observe(record, event)


def offered(runtime, record, day):
    return {name for name, may in zip(runtime.shelf.catalogue.ids, runtime.legal(record, day), strict=True) if may}


def lives(runtime, n=40, seed=0):
    """Learners who take one of what may be offered, or wait, until the programme ends.   -> record, day, activity"""
    for i in range(n):
        record, day, step = runtime.start(PROFILE | {"learner": i}), 0.0, 0
        while day < 30.0:
            able = np.flatnonzero(runtime.legal(record, day))
            u = luck.uniform(seed, luck.TRIAL, i, step, np.arange(2))
            activity = runtime.shelf.catalogue.ids[able[int(float(u[0]) * len(able))]]
            yield record, day, activity
            if activity != "nothing-now":
                record = took(runtime, record, activity, day)
            day, step = day + 0.3 + float(u[1]), step + 1


def test_the_margin_is_the_same_in_the_wheel_and_in_the_laboratory():
    assert guardrails.DUE_MARGIN == DUE_MARGIN


def test_excluded_early_and_worn_out_activities_are_never_offered(ruled):
    runtime = ruled('excluded = ["greeting-video"]', "not_before = { counter-check = 4 }", "repeats = 1")
    for record, day, activity in lives(runtime):
        assert activity != "greeting-video"
        assert activity != "counter-check" or day >= 4.0
        assert activity not in record.visits


def test_what_lies_behind_a_gate_waits_for_it(ruled):
    runtime = ruled('after = { counter-check = "greeting-quiz" }')
    record = runtime.start(PROFILE)
    assert "counter-check" not in offered(runtime, record, 20.0)
    record = took(runtime, record, "greeting-quiz", 20.0)
    assert offered(runtime, record, 21.0) == offered(ruled(), record, 21.0)
    for record, _, activity in lives(runtime):
        assert activity != "counter-check" or "greeting-quiz" in record.visits


def test_what_is_pinned_comes_first_and_then_no_more(ruled):
    runtime = ruled('pinned = ["greeting-quiz", "listening-quiz"]')
    record = runtime.start(PROFILE)
    assert offered(runtime, record, 0.0) == {"nothing-now", "greeting-quiz", "listening-quiz"}
    reasons = [
        choice.why for choice in runtime.recommend(record, day=0.0, k=5).choices if choice.activity == "nothing-now"
    ]
    assert "nothing else" in reasons[-1] and len(reasons) >= 3
    record = took(runtime, record, "listening-quiz", 0.0)
    assert offered(runtime, record, 1.0) == {"nothing-now", "greeting-quiz"}
    record = took(runtime, record, "greeting-quiz", 1.0)
    assert offered(runtime, record, 2.0) == offered(ruled(), record, 2.0)


@pytest.mark.parametrize("cap", [0, 1, 3])
def test_live_activities_are_spread_over_weeks(tiny, small, tmp_path, cap):
    """In a world where every other activity is live: at most so many a week, none of them twice in it."""
    activities = [replace(a, timing="sync_scheduled") if j % 2 else a for j, a in enumerate(tiny.activities)]
    world = replace(tiny, activities=tuple(activities), programme=replace(tiny.programme, repeats=9),
                    rules=Rules(live_per_week=cap))  # fmt: skip
    runtime, weeks = Runtime.load(bundle.write(small, world, tmp_path / "b"), check=False), {}
    for record, day, activity in lives(runtime, 20):
        if activity in {a.id for a in activities if a.timing == "sync_scheduled"}:
            weeks.setdefault((record.learner, int(day // 7)), []).append(activity)
    assert max(map(len, weeks.values()), default=0) == cap
    assert all(len(set(taken)) == len(taken) for taken in weeks.values())


def test_time_is_kept_for_what_is_due(ruled):
    """Earliest due day first; what would leave too little time for it is not offered; met once taken."""
    runtime = ruled("due = { resolving-case = 10, greeting-quiz = 10 }")
    free = ruled()
    minutes = dict(zip(runtime.shelf.catalogue.ids, runtime.shelf.catalogue.minutes.tolist(), strict=True))
    need = float(DUE_MARGIN) * (minutes["resolving-case"] + minutes["greeting-quiz"])
    record = runtime.start(PROFILE)
    for day in (0.0, 3.0, 6.0, 7.0, 8.0, 9.0, 9.9, 10.0, 15.0):
        spare = max(10.0 - day, 0.0) * 90.0 / 7.0 - need
        others = offered(runtime, record, day) - {"nothing-now", "resolving-case", "greeting-quiz"}
        fits = {name for name in offered(free, record, day) if minutes[name] <= spare}
        assert others == fits - {"nothing-now", "resolving-case", "greeting-quiz"}
        assert offered(runtime, record, day) & {"resolving-case", "greeting-quiz"}
    for activity in ("resolving-case", "greeting-quiz"):
        record = took(runtime, record, activity, 10.0)
    assert offered(runtime, record, 11.0) == offered(free, record, 11.0)


def test_whoever_never_waits_meets_every_date(ruled):
    """The theorem behind the rule, for minutes as declared: earliest due day first misses nothing that can be met."""
    runtime = ruled("due = { counter-final = 20, listening-quiz = 9, resolving-case = 14 }", "repeats = 1")
    due = {"counter-final": 20.0, "listening-quiz": 9.0, "resolving-case": 14.0}
    cat = runtime.shelf.catalogue
    for i in range(60):
        record, day, step, met = runtime.start(PROFILE | {"learner": i}), 0.0, 0, {}
        while day < 28.0:
            able = [a for a in np.flatnonzero(runtime.legal(record, day)) if a]
            if not able:
                day += 0.25
                continue
            u = float(luck.uniform(1, luck.TRIAL, i, step, 0))
            a = able[int(u * len(able))]
            record = took(runtime, record, cat.ids[a], day)
            day, step = day + float(cat.minutes[a]) * 7.0 / 90.0, step + 1
            met.setdefault(cat.ids[a], day)
        assert all(met[name] <= by for name, by in due.items())


@pytest.mark.parametrize(
    "text",
    ["after = { greeting-quiz = 'no-such' }", "after = 3",
     "excluded = ['no-such']", "at_most = 3", "repeats = 0", "live_per_week = 1.5", "live_per_week = -1",
     "due = { greeting-quiz = 'May' }", "due = 3", "pinned = 'greeting-quiz'", "]"],
)  # fmt: skip
def test_rules_that_cannot_be_honoured_are_refused(ruled, text):
    with pytest.raises(Refused, match="rules.toml"):
        ruled(text)


def test_the_rules_of_a_bundle_are_those_of_its_world(tiny):
    rules = Rules(("greeting-quiz",), ("counter-check",), (("counter-final", 20.0),), (("resolving-case", 3.5),), 2,
                  (("resolving-case", "greeting-quiz"),))  # fmt: skip
    world = replace(tiny, rules=rules)
    made = bundle.rules_of(world)
    at = type("Catalogue", (), {"at": world.activity_index})()
    found = guardrails.read_rules(made.encode(), at)
    assert (found.pinned, found.excluded, found.due, found.not_before, found.after) == (
        rules.pinned, rules.excluded, rules.due, rules.not_before, rules.after)  # fmt: skip
    assert found.live_per_week == 2 and found.repeats == world.programme.repeats


TOML = st.recursive(
    st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=6)
    | st.sampled_from(["greeting-quiz"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["greeting-quiz", "counter-check", "x"]), inner, max_size=2)
    ),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from([*guardrails.RULES, "at_most"]), TOML, max_size=4), st.binary(max_size=30))
def test_whatever_stands_in_a_rules_file_it_is_honoured_or_refused_by_name(tiny, given, noise):
    at = type("Catalogue", (), {"at": tiny.activity_index})()
    text = "[rules]\n" + "".join(f"{name} = {toml(value)}\n" for name, value in given.items())
    for blob in (text.encode("utf-8", "surrogatepass"), noise, text.encode("utf-8", "surrogatepass") + noise):
        try:
            assert isinstance(guardrails.read_rules(blob, at), guardrails.Rules)
        except Refused as refusal:
            assert refusal.field.startswith("rules.toml") and refusal.needed


def toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {toml(inner)}" for name, inner in value.items()) + " }"
    return f"[{', '.join(map(toml, value))}]" if isinstance(value, list) else json.dumps(value)
