"""What is watched says nothing while nothing changes, and says so when something does."""

import numpy as np
import pytest
from scipy import stats

from adaptlearn.core import shelf, world
from adaptlearn.export import bundle
from adaptlearn.export.runtime import Runtime
from adaptlearn.export.serve import alerts, drift, reliability, watch
from adaptlearn.export.serve.batch import Asked, Told
from adaptlearn.export.serve.desk import Desk
from adaptlearn.export.serve.policies import Policies
from adaptlearn.export.serve.settings import Settings
from adaptlearn.export.serve.standing import DAY
from adaptlearn.export.serve.store import Store
from adaptlearn.tracing import scoring


def binomial_most(n, p):
    """More than this many of n happen with chance 1e-4."""
    return stats.binom.isf(1e-4, n, p)


# --- drift ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["numbers", "words", "ties", "strata"])
def test_without_a_change_a_level_is_the_chance_of_an_alarm(kind):
    """Two spans of the same stream, many times: alarms are as rare as the level says, at .01 and in the tail."""
    dice, looks = np.random.default_rng(1), 1000
    ps = np.empty(looks)
    for look in range(looks):
        n, m = dice.integers(60, 400, 2)
        draw = {
            "numbers": lambda size: dice.normal(size=size),
            "words": lambda size: dice.choice(["a", "b", "c", "d"], size, p=[0.7, 0.2, 0.07, 0.03]),
            "ties": lambda size: dice.poisson(1.0, size).astype(float),
            "strata": lambda size: dice.normal(size=size),
        }[kind]
        bands = (dice.integers(0, 3, n), dice.integers(0, 3, m)) if kind == "strata" else None
        ps[look] = drift.compare("x", draw(n), draw(m), 1.0, bands).p
    for at in (0.01, 0.001):
        assert (ps < at).sum() <= binomial_most(looks, 1.5 * at), f"{(ps < at).mean()} at {at}"
    assert (ps < 0.5).mean() > 0.35  # and no more careful than that: it still has power


def test_an_older_cohort_is_no_drift():
    """The value depends on the step, and the recent span has later steps: strata take that out, nothing else would."""
    dice = np.random.default_rng(2)
    old, new = dice.integers(0, 3, 800), dice.choice(3, 800, p=[0.1, 0.2, 0.7])
    values = [band + dice.normal(size=800) for band in (old, new)]
    assert drift.compare("x", *values, 1e-4).verdict == "moved"
    assert drift.compare("x", *values, 1e-4, (old, new)).verdict == "steady"


@pytest.mark.parametrize("by", [0.6, 1.0])
def test_a_change_is_seen(by):
    dice = np.random.default_rng(3)
    found = drift.compare("x", dice.normal(size=600), dice.normal(by, size=300), drift.level(12))
    assert found.verdict == "moved" and found.size > drift.SIZE


def test_a_change_too_small_to_act_on_is_no_alarm_however_sure():
    dice = np.random.default_rng(4)
    found = drift.compare("x", dice.normal(size=60_000), dice.normal(0.1, size=60_000), 1e-4)
    assert found.p < 1e-12 and found.verdict == "steady"


def test_few_learners_are_too_early():
    found = drift.compare("x", np.arange(49.0), np.arange(100.0), 1e-4)
    assert found.verdict == "too early" and np.isnan(found.p)


def test_the_stability_index_is_symmetric_and_zero_for_equal_shares():
    table = np.array([[30.0, 50, 20], [10, 40, 50]])
    assert drift.stability([table]) == pytest.approx(drift.stability([table[::-1]]))
    assert drift.stability([np.array([[30.0, 50, 20]] * 2)]) == 0.0


# --- calibration ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("agent", ["mastery-onboarding", "linear-onboarding"])
def test_the_graph_says_with_what_guess_and_slip_it_reckons(agent):
    guess, slip = reliability.tracer_of(Runtime.load(shelf.where(agent, "agents") / "bundle", check=False))
    tracer = world.load("onboarding-v1").tracer
    np.testing.assert_allclose(guess, tracer[:, 2], atol=1e-5)
    np.testing.assert_allclose(slip, tracer[:, 3], atol=1e-5)


def answered(dice, learners=200, shift=0.0, spread=0.0):
    """Answers of learners whose share correct is the prediction, moved by ``shift`` and by each one's own amount."""
    who = np.repeat(np.arange(learners), 8)
    p = dice.uniform(0.15, 0.85, len(who))
    items = dice.integers(1, 7, len(who))
    true = np.clip(p + shift + spread * dice.normal(size=learners)[who], 0.0, 1.0)
    return who, p, items, dice.binomial(items, true)


@pytest.mark.parametrize("spread", [0.0, 0.15])
def test_true_predictions_raise_no_alarm(spread):
    """At the edge of what is tolerated, with learners who differ: alarms stay below the level."""
    dice, looks, at = np.random.default_rng(5), 150, 0.02
    said = [reliability.calibration(*answered(dice, 80, -0.05, spread), at, draws=2).verdict for _ in range(looks)]
    assert sum(word == "too high" for word in said) <= binomial_most(looks, 1.5 * at)
    assert "too low" not in said


def test_predictions_that_are_off_are_told_with_their_sign():
    dice = np.random.default_rng(6)
    assert reliability.calibration(*answered(dice, shift=0.12), 1e-4).verdict == "too low"
    assert reliability.calibration(*answered(dice, shift=-0.12), 1e-4).verdict == "too high"


def test_the_table_holds_every_answer_and_its_error_is_that_of_the_definition():
    dice = np.random.default_rng(7)
    who, p, items, right = answered(dice)
    found = reliability.calibration(who, p, items, right, 0.01)
    assert sum(one.items for one in found.bins) == items.sum() == found.items
    assert all(one.low <= one.predicted <= one.high and one.observed.low <= one.observed.value <= one.observed.high
               for one in found.bins)  # fmt: skip
    gaps = [one.items * abs(one.observed.value - one.predicted) for one in found.bins]
    assert found.error.value == pytest.approx(sum(gaps) / items.sum())
    assert found.by_chance < 0.03  # of true predictions, so many answers
    assert abs(found.shift.value - (right - items * p).sum() / items.sum()) < 1e-12


def test_the_error_is_the_one_by_which_tracers_are_scored():
    dice = np.random.default_rng(10)
    who, p, _, _ = answered(dice)
    right = dice.random(len(p)) < p
    found = reliability.calibration(who, p, np.ones(len(p)), right, 0.01)
    assert found.error.value == pytest.approx(scoring.calibration_error(right.astype(float), p))


def test_the_interval_holds_the_truth_as_often_as_it_says():
    """Learners differ by chance; the interval of the shift is over learners and holds 0 in 95 % of samples."""
    dice, looks = np.random.default_rng(8), 150
    held = 0
    for _ in range(looks):
        shift = reliability.calibration(*answered(dice, 80, spread=0.1), 0.01, draws=2).shift
        held += shift.low <= 0.0 <= shift.high
    assert stats.binom.cdf(held, looks, 0.95) > 1e-3


# --- a service, looked at -------------------------------------------------------------------------------------------

TODAY = 20_000 * DAY + 5 * 3600.0  # five in the morning of some day


@pytest.fixture(scope="module")
def bundles(tiny, make_small, tmp_path_factory):
    """Two policies that draw, and what the tracer in them believes."""
    place = tmp_path_factory.mktemp("watched")
    return [bundle.write(make_small(len(tiny.skills), seed=j), tiny, place / f"b{j}") for j in range(2)]


def lived(desk, guess, slip, *, shift=0.0, minutes=(60, 90, 120), learners=240, days=(-35.0, 0.0), name="u", seed=0):
    """Learners who begin on some day and answer as their record says they will, or better by ``shift``."""
    dice, skill, champion = np.random.default_rng(seed), "greeting", desk.fleet.champion
    runtime, k = champion.runtime, champion.runtime.contract.skill_at["greeting"]
    who = [f"{name}-{j}" for j in range(learners)]
    started = TODAY + DAY * dice.uniform(*days, learners)
    at, weekly = started.copy(), dice.choice(minutes, learners).astype(float)
    told = [{"role": "counter", "weekly_minutes": m, "started": s} for m, s in zip(weekly, started, strict=True)]
    desk.serve([Told("acme", w, "profile", f"{w}-p", p, p["started"]) for w, p in zip(who, told, strict=True)])
    for step in range(3):
        at += DAY * dice.uniform(0.1, 0.6, learners)
        said = desk.serve([Asked("acme", w, now) for w, now in zip(who, at, strict=True)])
        records = [desk.held.standing(("acme", w, champion.layout)).record for w in who]
        known = runtime.graph(runtime.feeds(records, ((at - started) / DAY).tolist()))["mastery"][:, k]
        right = dice.binomial(5, np.clip(known * (1 - slip[k]) + (1 - known) * guess[k] + shift, 0.0, 1.0))
        events = []
        for j, advice in enumerate(said):
            event = {"taken": advice["choices"][0]["activity"], "completed": True, "minutes": 9.0}
            event |= {"day": (at[j] - started[j]) / DAY, "items": {skill: 5}, "correct": {skill: int(right[j])}}
            if event["taken"] != "nothing-now":
                key = f"{who[j]}-{step}"
                events.append(Told("acme", who[j], "observed", key, event, at[j] + 60.0, advice["decision"]))
        assert not [answer for answer in desk.serve(events) if isinstance(answer, Exception)]


@pytest.fixture
def watched(tmp_path, bundles):
    """A service with 35 days behind it, in which nothing has changed."""
    store = Store(f"sqlite:///{tmp_path}/learners.db")
    policies = Policies(store)
    for path in reversed(bundles):
        policies.set("champion", policies.add(path).digest)
    desk = Desk(store, policies, Settings(store.url))
    yield desk, *reliability.tracer_of(desk.fleet.champion.runtime)
    store.close()


def alarms(desk):
    seen = watch.look(desk.store, desk.policies.fleet(), TODAY)
    checks, predictions = seen.judged()
    assert len({check.what for check in checks}) == len(checks) == watch.COMPARISONS + 2
    assert all(one.same for one in seen.again)
    return {alert.name for alert, _ in alerts.raised(checks)}, {check.what: check for check in checks}, predictions


def test_a_service_in_which_nothing_changes_is_quiet_and_one_that_changes_is_not(watched):
    """First 28 days as the last 7; then others who begin, and answers better than predicted."""
    desk, guess, slip = watched
    lived(desk, guess, slip, learners=300)
    found, checks, predictions = alarms(desk)
    assert found == set()
    assert {check.verdict for check in checks.values()} == {"steady", "true"}
    assert predictions.learners >= reliability.FEWEST and predictions.items > 500
    lived(desk, guess, slip, minutes=(240, 300), shift=0.3, days=(-6.0, -2.0), name="v", seed=1)
    found, checks, predictions = alarms(desk)
    assert {"AdaptlearnOtherPeople", "AdaptlearnWrongPredictions"} <= found
    assert checks["weekly_minutes"].alarm and checks["P(correct)"].verdict == "too low" and predictions.shift.low > 0
    assert not checks["role"].alarm and not checks["policy failed"].alarm
    seen = watch.look(desk.store, desk.policies.fleet(), TODAY)
    (row,) = seen.by_skill()  # of the one skill that is asked about, all that the table has
    assert row["skill"] == "greeting" and row["shift"] == pytest.approx(predictions.shift.value)
    assert row["answers"] == predictions.items


def test_a_policy_that_is_not_the_one_before_is_seen_at_the_same_steps(watched, monkeypatch):
    """The graph under the same digest decides otherwise, as on a machine that errs: shares move, nothing replays."""
    desk, guess, slip = watched
    lived(desk, guess, slip, days=(-35.0, -9.0))
    champion, before = desk.fleet.champion, desk.policies.listed()
    other = desk.policies.open(next(row["digest"] for row in before if row["digest"] != champion.digest))
    honest = champion.runtime.graph
    monkeypatch.setattr(champion.runtime, "graph", other.runtime.graph)
    lived(desk, guess, slip, days=(-6.5, -2.0), name="v", seed=1)
    monkeypatch.setattr(champion.runtime, "graph", honest)
    seen = watch.look(desk.store, desk.policies.fleet(), TODAY)
    checks, _ = seen.judged()
    raised = {alert.name for alert, _ in alerts.raised(checks)}
    assert {"AdaptlearnOtherPolicy", "AdaptlearnNoReplay"} <= raised
    assert any(not one.same for one in seen.again)


def test_a_policy_that_fails_is_told_from_learners_who_chose_the_syllabus(watched, monkeypatch):
    desk, guess, slip = watched
    for out in (True, False):
        desk.serve(
            [Told("acme", "w", "profile", f"p{out}", {"role": "counter", "weekly_minutes": 60.0}, TODAY - 3 * DAY)]
        )
        desk.serve([Told("acme", "w", "opted", f"o{out}", {"out": out}, TODAY - 3 * DAY)])
        desk.serve([Asked("acme", "w", TODAY - 2 * DAY + j) for j in range(4)])
        assert "AdaptlearnFallback" not in alarms(desk)[0]

    def broken(feeds):
        raise RuntimeError("no memory")

    broken.quiet = desk.fleet.champion.runtime.graph.quiet
    monkeypatch.setattr(desk.fleet.champion.runtime, "graph", broken)
    desk.serve([Asked("acme", "w", TODAY - 2 * DAY + 9)])
    monkeypatch.undo()
    seen = watch.look(desk.store, desk.policies.fleet(), TODAY)
    assert "AdaptlearnFallback" in {alert.name for alert, _ in alerts.raised(seen.judged()[0])}


def test_a_day_has_one_answer_however_often_it_is_asked():
    """Spans end at midnight, so looking more often is not more chances to cry wolf."""
    first = watch.spans(TODAY)
    assert all(watch.spans(TODAY + hour * 3600.0) == first for hour in range(-4, 18))
    assert watch.spans(TODAY + 20 * 3600.0) != first
    (a, b), (c, d) = first
    assert b == c and d % DAY == 0 and (d - c, b - a) == (7 * DAY, 28 * DAY) and d <= TODAY


def test_a_year_of_quiet_days_cries_wolf_as_often_as_is_borne():
    """Streams in which nothing changes, a look a day, all comparisons together: 1 alarm a year at most in the mean.

    Eleven streams of newcomers, five years of days; runs of days with one cause count each day.
    """
    dice, years, daily, at = np.random.default_rng(9), 5, 15, drift.level(watch.COMPARISONS)
    streams = watch.COMPARISONS - 1
    days = 35 + 365 * years
    values = dice.normal(size=(streams, days * daily))
    crying = 0
    for day in range(35, days, 5):  # every fifth day stands for five
        for stream in values:
            old, new = stream[(day - 35) * daily : (day - 7) * daily], stream[(day - 7) * daily : day * daily]
            crying += drift.compare("x", old, new, at).verdict == "moved"
    assert 5 * crying <= binomial_most(years * 365, drift.A_YEAR / 365) + 5


def test_every_alarm_has_its_place_in_the_rules_and_every_check_has_an_alarm():
    names = [alert.name for alert in alerts.ALERTS]
    assert len(set(names)) == len(names)
    spoken = {check for alert in alerts.ALERTS for check in alert.checks}
    checks = {*watch.PEOPLE, *watch.STATE, *watch.POLICY, "P(correct)", "policy failed", "decisions that do not replay"}
    assert spoken == checks
    assert all(alert.expr or alert.checks for alert in alerts.ALERTS)
    assert all(alert.meaning and alert.first_look and alert.commands and alert.roll_back for alert in alerts.ALERTS)


def test_the_file_for_the_collector_is_what_prometheus_reads(watched):
    from prometheus_client.parser import text_string_to_metric_families

    checks = [watch.Check("role", "population", 0.3, 0.1, 1e-6, "moved", True)]
    found = {family.name: family.samples for family in text_string_to_metric_families(alerts.textfile(checks, 12.0))}
    assert found["adaptlearn_watch_alarm"][0].labels == {"check": "role"}
    assert found["adaptlearn_watch_alarm"][0].value == 1.0
    assert found["adaptlearn_watch_looked_seconds"][0].value == 12.0
