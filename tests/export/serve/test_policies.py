"""Who decides can be changed while the service runs, looked back upon, and undone."""

import contextlib
import json
import time

import numpy as np
import pytest

from adaptlearn.export.runtime import Refused
from adaptlearn.export.serve.agreement import agreement, wilson
from adaptlearn.export.serve.policies import Policies, drawn
from adaptlearn.export.serve.rebuild import prepare, refolded
from adaptlearn.export.serve.store import Store


@contextlib.contextmanager
def policies_of(service):
    """What another process does: a store of its own."""
    with contextlib.closing(Store(service.database)) as store:
        yield Policies(store)


def seen(service, digest, seconds=5.0):
    """Wait until the service has seen a change.   -> seconds it took"""
    began = time.perf_counter()
    while service.desk.fleet.champion.digest != digest:
        assert time.perf_counter() - began < seconds, "the change does not arrive"
        time.sleep(0.01)
    return time.perf_counter() - began


def test_promoted_by_another_process_it_decides_without_a_restart_and_rollback_undoes_it(served, bundles):
    served.live("u-1", 3)
    with policies_of(served) as policies:
        first, second = policies.fleet().champion.digest, policies.add(bundles["two"]).digest
        policies.set("champion", second, note="looks better")
        seen(served, second)
        served.live("u-1", 2, start=3)
        assert policies.rollback() == first
        seen(served, first)
        served.live("u-1", 2, start=5)
        assert [row["bundle"] for row in policies.history("champion")] == [first, second, first]
        assert policies.rollback() == second, "back from there is where one was before"
    with contextlib.closing(Store(served.database)) as store, store.reading() as t:
        rows = store.decisions(t, "acme", "u-1", 9)
        assert [row.bundle for row in reversed(rows)] == [first] * 3 + [second] * 2 + [first] * 2
        assert [json.loads(row.body)["step"] for row in reversed(rows)] == list(range(7)), "one history, no gap"


def test_there_is_nothing_behind_the_first_champion(served):
    with policies_of(served) as policies, pytest.raises(Refused, match="no other one before"):
        policies.rollback()


def test_a_canary_decides_for_its_share_and_always_for_the_same(small_served, bundles):
    with policies_of(small_served) as policies:
        canary = policies.add(bundles["two"]).digest
        policies.set("canary", canary, share=0.3)
    small_served.desk.refresh()
    fleet, names = small_served.desk.fleet, [f"u-{i}" for i in range(4000)]
    chosen = np.array([fleet.decider("acme", name)[0] == "canary" for name in names])
    assert abs(chosen.mean() - 0.3) < 4 * np.sqrt(0.3 * 0.7 / len(names))
    assert (chosen == [fleet.decider("acme", name)[0] == "canary" for name in names]).all()
    others = np.array([drawn(fleet.champion.digest, "acme", name) < 0.3 for name in names])
    assert abs((chosen & others).mean() - 0.09) < 0.03, "another canary draws anew"
    wider = np.array([drawn(canary, "acme", name) < 0.5 for name in names])
    assert (wider | ~chosen).all(), "with a larger share nobody falls out"


def test_canary_decisions_are_logged_as_such(small_served, bundles):
    with policies_of(small_served) as policies:
        canary = policies.add(bundles["two"]).digest
        policies.set("canary", canary, share=1.0)
        small_served.desk.refresh()
        small_served.live("u-1", 2)
        with policies.store.reading() as t:
            assert {(row.alias, row.bundle) for row in policies.store.decisions(t, "acme", "u-1", 9)} == {
                ("canary", canary)
            }


@pytest.mark.parametrize("shadow", ["one", "two", "wider"])
def test_a_shadow_is_asked_and_never_heard(shadow, served, bundles, tmp_path, start_service):
    alone = start_service(f"sqlite:///{tmp_path}/alone.db", bundles["one"])
    with policies_of(served) as policies:
        policies.set("shadow", policies.add(bundles[shadow]).digest)
        served.desk.refresh()
        with alone.client:
            assert [served.live(f"u-{i}", 4) for i in range(3)] == [alone.live(f"u-{i}", 4) for i in range(3)]
        (row,) = agreement(policies.store)
    assert (row["decisions"], row["troubles"]) == (12, 0)
    assert row["low"] <= row["first"] <= row["high"]
    if shadow == "one":
        assert (row["first"], row["slate"]) == (1.0, 1.0), "it agrees with itself"


def test_wilsons_interval_holds_the_share_in_19_of_20_draws():
    rng, held = np.random.default_rng(1), []
    for p in (0.02, 0.3, 0.9):
        draws = rng.binomial(60, p, 4000)
        held.append(np.mean([wilson(int(k), 60)[0] <= p <= wilson(int(k), 60)[1] for k in draws]))
    assert min(held) > 0.92


def test_the_kill_switch_gives_everybody_the_syllabus_and_says_so(served, bundles):
    before = served.recommend("u-2", day=0.0)
    with policies_of(served) as policies:
        policies.pause("looks wrong")
        served.desk.refresh()
        advice = served.recommend("u-1", day=0.0)
        assert advice["fallback"].endswith("looks wrong")
        runtime = served.desk.fleet.champion.runtime
        record = runtime.start({"learner": "u-1", "role": "counter", "weekly_minutes": 90})
        legal, catalogue = runtime.legal(record, 0.0), runtime.shelf.catalogue
        order = sorted(np.flatnonzero(legal)[1:], key=lambda a: catalogue.rank[a])
        assert [c["activity"] for c in advice["choices"]] == [catalogue.ids[a] for a in order[:2]]
        assert [c["propensity"] for c in advice["choices"]] == [1.0, 1.0]
        assert served.client.get("/ready").json()["paused"] == "looks wrong"
        policies.resume()
        served.desk.refresh()
    after = served.recommend("u-2", day=0.0)
    assert (after["fallback"], after["choices"]) == ("", before["choices"])


def test_a_bundle_with_another_layout_takes_over_with_everybodys_history(served, bundles):
    """Other skills, activities and roles: what it can understand of the history, it has; and back again."""
    for i in range(5):
        served.live(f"u-{i}", 6)
    with policies_of(served) as policies, policies.store.reading() as t:
        old = policies.fleet().champion
        kept = {i: refolded(policies.store, t, "acme", f"u-{i}", old, policies.words()) for i in range(5)}
    with policies_of(served) as policies:
        wider = policies.add(bundles["wider"])
        assert wider.layout != old.layout
        assert prepare(policies.store, wider, policies.words()) == 5
        served.live("u-0", 1, start=6)  # meanwhile life goes on
        policies.set("champion", wider.digest)
        seen(served, wider.digest)
        advice = served.recommend("u-0", day=8.0, profile={"role": "desk", "weekly_minutes": 90})
        assert advice["step"] == 7, "what happened between preparing and promoting is in it, too"
        with policies.store.reading() as t:
            for i in range(1, 5):
                now = refolded(policies.store, t, "acme", f"u-{i}", wider, policies.words())
                assert now.record.step == kept[i].record.step == 6
                assert now.record.visits == kept[i].record.visits, "all that was taken, withdrawn activities as well"
        assert served.recommend("u-3", day=8.0)["step"] == 6, "the role it has no more is told by its targets"
        policies.rollback()
        seen(served, old.digest)
        assert served.recommend("u-0", day=9.0)["step"] == 7
        with policies.store.reading() as t:
            again = refolded(policies.store, t, "acme", "u-1", old, policies.words())
            assert again.record.to_json() == kept[1].record.to_json(), "back, bit for bit"


def test_prepared_records_are_those_that_are_made_when_a_learner_is_met(served, bundles):
    for i in range(3):
        served.live(f"u-{i}", 5)
    with policies_of(served) as policies:
        wider, words = policies.add(bundles["wider"]), policies.words()
        with policies.store.reading() as t:
            met = [refolded(policies.store, t, "acme", f"u-{i}", wider, words).to_json() for i in range(3)]
        prepare(policies.store, wider, policies.words())
        with policies.store.reading() as t:
            rows = policies.store.records(t, "acme", [f"u-{i}" for i in range(3)], wider.layout)
            assert [row.body for row in sorted(rows, key=lambda row: row.learner)] == met


def test_a_bundle_that_was_changed_is_refused_and_the_champion_stays(served, bundles, tmp_path):
    import shutil

    broken = shutil.copytree(bundles["two"], tmp_path / "broken")
    (broken / "rules.toml").write_text("[rules]\nrepeats = 9\n")
    with policies_of(served) as policies:
        with pytest.raises(Refused, match=r"rules\.toml"):
            policies.add(broken)
        assert len(policies.listed()) == 1


def test_nothing_is_on_duty_without_a_champion(database, start_service):
    with pytest.raises(Refused, match="champion"):
        start_service(database, None)
