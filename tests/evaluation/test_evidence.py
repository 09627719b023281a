"""The evidence suite: its data are sound, its statistics are right, and the shipped law passes it."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from adaptlearn.agents import shelf
from adaptlearn.classroom.timetable import Trial, Visit
from adaptlearn.core.catalogue import FEATURES
from adaptlearn.core.learner import Exposure, Traits
from adaptlearn.core.refusal import Refusal
from adaptlearn.core.shelf import names
from adaptlearn.core.world import load
from adaptlearn.envs.registry import rules
from adaptlearn.evaluation.adopting import record_of
from adaptlearn.evaluation.bench import Bench, measure
from adaptlearn.evaluation.contrasts import conflicts, contrasts, file_of
from adaptlearn.evaluation.effects import average, correlation, half_life, hedges_g, normalised_gain
from adaptlearn.evaluation.evidence import (
    asked,
    broken,
    counted,
    evidence,
    fit_record,
    standing,
    table,
    verdict,
)
from adaptlearn.evaluation.evidence_page import BEGIN, END, inserted, part
from adaptlearn.evaluation.fitting import Free, constants_in, fit, free_constants
from adaptlearn.laws import behaviour, workplace
from adaptlearn.laws.shelf import OWN, law

TINY = rules("tiny-v1")
BY_ID = {c.id: c for c in contrasts(workplace)}
COMPILED = ("workplace", "bkt", "memory")  # by others of these tests, too
SINGLE = [c for c in BY_ID.values() if not c.programme]


@pytest.fixture(scope="module")
def bench() -> Bench:
    """A thousand learners before single-skill trials; the world plays no part in them."""
    return Bench(TINY, {}, n=1000, seed=3)


@pytest.fixture(scope="module")
def suite() -> list:
    """The whole suite as shipped, 4,000 learners an arm."""
    handed = rules("onboarding-v1")
    return evidence(handed, {name: shelf.build(name, handed.world) for name in ("syllabus", "mastery")})


# --- the data -------------------------------------------------------------------------------------------------------


def test_every_contrast_says_what_was_done_to_whom_and_who_says_so():
    assert len([c for c in BY_ID.values() if c.counted]) >= 20
    for contrast in BY_ID.values():
        for words in (contrast.protocol, contrast.source, contrast.pool, contrast.range):
            assert words.strip(), contrast.id
        assert contrast.low <= contrast.value <= contrast.high


def test_every_constant_a_contrast_decides_or_a_fit_moves_exists():
    known = {"law": set(workplace.Params._fields), "behaviour": set(behaviour.Params._fields)}
    either = known["law"] | known["behaviour"]
    assert {c.sets for c in BY_ID.values()} - {""} <= either
    for one in free_constants(file_of(workplace)):
        assert one.name in known[one.of] and one.why
        assert one.value(one.middle) == pytest.approx(one.centre)


@pytest.mark.parametrize(
    ("wrong", "field", "found"),
    [
        ('mark = "read"', "mark", 'mark = "surely"'),
        ("low = 0.4", "value", "low = 0.9"),
        ('statistic = "g"', "statistic", 'statistic = "feeling"'),
        ('source = "somebody"', "source", ""),
        ('do = "quiz"', "treated/control", 'do = "magic"'),
        ("high = 0.6", "hihg", "high = 0.6\nhihg = 0.7"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path, wrong, field, found):
    text = """
    [activity.quiz]
    minutes = 10
    [contrast.toy]
    quantity = "q"
    protocol = "p"
    statistic = "g"
    value = 0.5
    low = 0.4
    high = 0.6
    range = "r"
    source = "somebody"
    mark = "read"
    pool = "someone"
    treated = [{ do = "quiz", days = [1] }]
    control = [{ do = "quiz", days = [2] }]
    """
    file = tmp_path / "toy.toml"
    file.write_text(text, "utf-8")
    assert contrasts(file)[0].id == "toy"
    file.write_text(text.replace(wrong, found, 1), "utf-8")
    with pytest.raises(Refusal) as refusal:
        contrasts(file)
    assert refusal.value.field == f"contrast.toy.{field}"


def test_a_conflict_names_contrasts_that_exist(tmp_path, monkeypatch):
    for conflict in conflicts(workplace):
        assert set(conflict.anchors) <= set(BY_ID) and conflict.what.strip() and conflict.here.strip()
    file = tmp_path / "toy.toml"
    file.write_text('[contrast.a]\n[conflict.b]\nanchors = ["c"]\nwhat = "w"\nhere = "h"\n', "utf-8")
    monkeypatch.setattr("adaptlearn.evaluation.contrasts.file_of", lambda law: file)
    with pytest.raises(ValueError, match=r"\['c'\].*needed.*e\.g\."):
        conflicts(workplace)


def test_a_law_without_contrasts_is_told_so():
    with pytest.raises(ValueError, match=r"bkt.toml is not beside it"):
        evidence(replace(TINY, law=law("bkt")))


@pytest.mark.parametrize("wrong", [{"minutes": 0.0}, {"minuts": 10.0}])
def test_a_visit_needs_known_columns_and_minutes(wrong):
    with pytest.raises(ValueError, match="needed"):
        Visit(0.0, wrong)


# --- the statistics -------------------------------------------------------------------------------------------------


def test_intervals_hold_the_truth_nineteen_times_in_twenty():
    rng = np.random.default_rng(5)
    caught = np.zeros(3)
    for _ in range(400):
        common = rng.normal(size=300)
        x, y = common + rng.normal(size=300) + 0.5, common + rng.normal(size=300)
        truths = (0.5 / np.sqrt(2.0), 0.5, 0.5)
        for j, effect in enumerate((hedges_g(x, y), correlation(x, y), average(x))):
            caught[j] += effect.low <= truths[j] <= effect.high
    assert np.all(caught / 400 > 0.91) and np.all(caught / 400 < 0.985)


def test_half_life_of_exponential_decay_is_its_half_life():
    start = np.linspace(0.5, 1.5, 200)
    found = half_life(lambda days: start * 0.5 ** (days / 90.0), 2000.0)
    assert found.value == pytest.approx(90.0, abs=0.1)
    assert half_life(lambda days: start, 2000.0).value == 2000.0
    assert half_life(lambda days: -start, 2000.0).value == 0.0


def test_normalised_gain_knows_nothing_of_those_who_knew_everything():
    gain = normalised_gain([0.0, 0.5, 1.0], [0.5, 0.75, 1.0])
    np.testing.assert_allclose(gain, [0.5, 0.5, np.nan])


# --- the trials -----------------------------------------------------------------------------------------------------


def test_an_arm_against_itself_is_exactly_nothing(bench):
    for contrast in (c for c in SINGLE if c.statistic == "g"):
        twin = replace(contrast, control=contrast.treated)
        assert tuple(measure(twin, bench)) == (0.0, 0.0, 0.0), contrast.id


def test_matching_formats_is_exactly_nothing_in_the_null_world(bench):
    assert tuple(measure(BY_ID["meshing_null"], bench)) == (0.0, 0.0, 0.0)
    assert measure(BY_ID["meshing_contested"], bench).value > 0.1


@pytest.mark.parametrize("contrast", [c for c in SINGLE if c.value and c.low * c.high > 0], ids=lambda c: c.id)
def test_effects_point_the_published_way(contrast, bench):
    effect = measure(contrast, bench)
    assert effect.low <= effect.value <= effect.high
    assert np.sign(effect.value) == np.sign(contrast.value)


def test_a_test_teaches_nothing_and_forgets_nothing(bench):
    trial = bench.trial(0.0, "null")
    group = trial.teach([Visit(0.0, {"minutes": 30.0})])
    before = group.mind.copy()
    first = trial.test(group, 5.0, [20], sitting=1)
    np.testing.assert_array_equal(first, trial.test(group, 5.0, [20], sitting=1))
    np.testing.assert_array_equal(before, group.mind)
    assert not np.array_equal(first, trial.test(group, 5.0, [20], sitting=2))


def test_one_more_learner_changes_nobody_elses_trial():
    visits = [Visit(0.0, {"minutes": 30.0}), Visit(2.0, {"minutes": 15.0, "retrieval": 1.0}, (6,))]
    few, more = (Trial(TINY, np.arange(n, dtype=np.uint64), 8) for n in (50, 51))
    np.testing.assert_array_equal(few.teach(visits).mind, more.teach(visits).mind[:50])


def test_a_trial_is_what_the_law_says_when_luck_is_taken_out():
    """The compiled timetable against the law's own text, read by NumPy, one visit at a time."""
    still = workplace.Params()._replace(noise=0.0)
    trial = Trial(replace(TINY, law_params=still), np.arange(200, dtype=np.uint64), 8)
    columns = {"minutes": 20.0, "assistance": 0.5, "multimedia": 1.0}
    taught = trial.teach([Visit(0.0, columns), Visit(4.0, columns, repeats=1)])

    class Activity:
        pass

    for name in FEATURES:
        setattr(Activity, name, columns.get(name, 0.0))
    trait = Traits(*(trial.trait(name) for name in Traits._fields))
    mind = workplace.Mind(*np.moveaxis(trial.newcomers().mind[:, 0], 1, 0))
    for day, repeats in ((0.0, 0.0), (4.0, 1.0)):
        mind = workplace.forget(mind, 4.0 if day else 0.0, still)
        exposure = Exposure(1.0, 1.0, 1.0, 0.0, repeats, 0.0, 0.0, 0.0, 0.0)
        mind = workplace.learn(mind, exposure, Activity, trial.skills[0], trait, 0.0, 0.5, still)
    np.testing.assert_allclose(taught.mind[:, 0], np.stack(mind, 1), rtol=2e-4, atol=2e-4)


# --- the fit --------------------------------------------------------------------------------------------------------


def test_a_planted_constant_is_recovered():
    planted = {"k_retrieval": 1.6, "k_multimedia": 0.5}
    free = tuple(Free(name, 0.9, 3.0, "log", "planted") for name in planted)
    world = Bench(constants_in(TINY, planted), {}, n=500, seed=97)
    seen = []
    for name in ("quiz", "multimedia"):
        value = measure(BY_ID[name], world).value
        seen.append(replace(BY_ID[name], value=value, low=value - 0.02, high=value + 0.02))
    found = fit(TINY, targets=seen, free=free, n=500, seed=97)
    for name, value in planted.items():
        assert found.values[name] == pytest.approx(value, rel=0.06)
    assert found.held_out == () and set(found.fitted) == {"quiz", "multimedia"}


def test_a_held_out_contrast_pulls_nothing():
    """Its ingredient is converted from the published number at the rate the others show; its own trial is never run."""
    free = tuple(one for one in free_constants(file_of(workplace)) if one.name in ("k_multimedia", "k_peer"))
    targets = [BY_ID["multimedia"], BY_ID["peer"]]
    found = fit(TINY, targets=targets, free=free, hold_out=["peer"], n=200, rounds=2)
    assert found.fitted == ("multimedia",) and found.converted == {"k_peer": "peer"}
    rate = found.values["k_peer"] / BY_ID["peer"].value
    assert rate == pytest.approx(found.values["k_multimedia"] / BY_ID["multimedia"].value, rel=0.02)
    wild = [targets[0], replace(targets[1], low=-9.0, high=9.0)]
    assert fit(TINY, targets=wild, free=free, hold_out=["peer"], n=200, rounds=2).values == found.values
    assert 'held_out = ["peer"]' in record_of(found, "a command")


def test_a_fit_refuses_what_it_cannot_do():
    with pytest.raises(ValueError, match="needed some of"):
        fit(TINY, hold_out=["nobody"])
    with pytest.raises(ValueError, match="none left"):
        fit(TINY, hold_out=["quiz"], targets=[BY_ID["quiz"]])
    with pytest.raises(ValueError, match="policies that were not handed in"):
        fit(TINY, targets=[BY_ID["pathway"]], n=100)


# --- what is shipped ------------------------------------------------------------------------------------------------


def test_the_shipped_constants_are_the_fitted_ones():
    record = fit_record(workplace)
    assert not record["fit"]["half"] and fit_record(workplace, half=True)["fit"]["half"]
    for of, module in (("law", workplace), ("behaviour", behaviour)):
        shipped = module.Params()._asdict()
        for name, value in record["constants"][of].items():
            assert shipped[name] == value, f"{name} is {shipped[name]} in the law, {value} in the record of its fit"
    everyone = {c.id for c in BY_ID.values() if c.counted and c.high > c.low}
    assert set(record["fit"]["held_out"]) | set(record["fit"]["fitted"]) == everyone
    assert not set(record["fit"]["held_out"]) & set(record["fit"]["fitted"])


def test_what_was_fitted_is_inside_and_most_of_what_was_held_out_too(suite):
    """A held-out effect outside its range is a finding, and stands in the verdict; a fitted one would be a fault."""
    assert not broken(suite), table(suite)
    held = [r for r in counted(suite) if r["standing"] == "held out"]
    assert len(counted(suite)) >= 24 and len(held) >= 6
    missed = [r["contrast"] for r in held if not r["inside"]]
    assert len(missed) <= len(held) // 4 and all(name in verdict(suite) for name in missed), table(suite)


def test_where_a_row_stands_is_read_from_the_record_of_the_fit(suite):
    record = fit_record(workplace)
    stands = {r["contrast"]: r["standing"] for r in suite}
    converted = set(record["converted"].values())
    assert {name for name, kind in stands.items() if kind == "fitted"} == set(record["fit"]["fitted"])
    assert {name for name, kind in stands.items() if kind == "converted"} == converted
    assert {name for name, kind in stands.items() if kind == "held out"} == set(record["fit"]["held_out"]) - converted
    other = replace(TINY, law_params=workplace.Params()._replace(eta=0.31))
    assert all(r["standing"] == "own constants" for r in evidence(other, n=100, only=("quiz",)))


def test_a_programme_in_another_world_was_not_fitted_there():
    pathway, quiz = BY_ID["pathway"], BY_ID["quiz"]
    assert standing(pathway, rules("onboarding-v1")) == "fitted" and standing(pathway, TINY) == "held out"
    assert standing(quiz, TINY) == "fitted"


def test_neither_recalled_nor_converted_nor_exact_effects_count(suite):
    kinds = {r["standing"] for r in suite if r not in counted(suite)}
    assert kinds == {"shown only", "converted", "by construction"}
    assert {r["contrast"] for r in suite if r["mark"] == "recalled"} == {"mandatory", "reaction"}


def test_a_world_brings_its_own_effects(tmp_path):
    """An effect in its ``evidence.toml`` is asked instead of the law's, and was not fitted."""
    (tmp_path / "evidence.toml").write_text(
        """
        [contrast.pathway]
        quantity = "leadership training against none"
        protocol = "as in the law's file"
        statistic = "path_g"
        value = 0.73
        low = 0.63
        high = 0.82
        range = "published interval"
        source = "Lacerenza et al. 2017"
        mark = "read"
        pool = "leaders at work"
        treated = { policy = "syllabus", mandatory = true }
        """,
        "utf-8",
    )
    there = replace(rules("onboarding-v1"), world=replace(rules("onboarding-v1").world, folder=tmp_path))
    found = {c.id: c for c in asked(there)}
    assert set(found) == set(BY_ID) and found["pathway"].value == 0.73 and found["quiz"] == BY_ID["quiz"]
    assert standing(found["pathway"], there) == "held out"


def test_half_effects_halve_what_compares_treatments_and_nothing_else():
    for contrast in asked(TINY, half=True):
        whole = BY_ID[contrast.id]
        share = 0.5 if whole.statistic in ("g", "g_mode", "path_g") else 1.0
        assert (contrast.low, contrast.value, contrast.high) == (
            share * whole.low,
            share * whole.value,
            share * whole.high,
        )


def test_an_arm_may_be_tested_on_a_day_of_its_own(bench):
    """Without it, an arm that ends sooner would be tested sooner, with less forgotten."""
    contrast = BY_ID["quiz_none"]
    assert contrast.test_day == 13.0
    for arm in (contrast.treated, contrast.control):
        assert contrast.tested([visit for line in arm for visit in line.visits()]) == 13.0
    early = replace(contrast, test_day=0.0)
    assert measure(early, bench).value < measure(contrast, bench).value


def test_the_page_shows_what_the_suite_shows(suite):
    page = (Path(__file__).parents[2] / "docs" / "evidence.md").read_text("utf-8")
    lines = [line.strip("| \n").split(" | ") for line in page.splitlines() if line.startswith("| ")]
    shown = {cells[0]: float(cells[3].replace("−", "-")) for cells in lines if cells[0] in BY_ID}
    assert shown == pytest.approx({r["contrast"]: r["effect"] for r in suite}, abs=0.02)


def test_the_onboarding_card_shows_what_the_suite_shows(suite):
    """Its part on evidence is written by ``adaptlearn evidence programmes=true into=envs/onboarding-v1/card.md``."""
    card = (Path(__file__).parents[2] / "envs" / "onboarding-v1" / "card.md").read_text("utf-8")
    lines = [line.strip("| ").split(" | ") for line in card.splitlines() if line.startswith("| ")]
    shown = [(cells[0], cells[3], cells[5]) for cells in lines if cells[0] in BY_ID]
    wanted = {r["contrast"]: r for r in suite if BY_ID[r["contrast"]].programme}
    assert {name for name, _, _ in shown} == set(wanted)
    for name, effect, stands in shown:
        assert float(effect.replace("−", "-")) == pytest.approx(wanted[name]["effect"], abs=0.02)
        assert stands == wanted[name]["standing"]


@pytest.mark.parametrize("name", names())
def test_every_card_shows_its_programmes_beside_published_effects(name):
    """Each programme contrast once, and the verdict; the numbers are held to the suite above for onboarding alone."""
    text = (load(name).folder / "card.md").read_text("utf-8")
    written = text[text.index(BEGIN) : text.index(END)]
    assert f"`adaptlearn evidence env={name} programmes=true`" in written
    for contrast in asked(rules(name)):
        assert written.count(f"| {contrast.id} | ") == int(contrast.programme)


@pytest.mark.parametrize("name", [name if name in COMPILED else pytest.param(name, marks=pytest.mark.long)
                                  for name in OWN])  # fmt: skip
def test_the_page_on_laws_shows_what_each_law_shows_of_the_trials(name):
    """``adaptlearn evidence law=NAME trials=workplace``; no other law was fitted to them, so all of it is held out."""
    page = (Path(__file__).parents[2] / "docs" / "laws.md").read_text("utf-8")
    asked_for = ("quiz", "longer", "spacing", "interleaved_month", "decay_year", "opportunity")
    rows = evidence(rules("tiny-v1", name), only=asked_for, trials=workplace)
    assert name == "workplace" or all(r["standing"] == "held out" for r in rows)
    (line,) = (one for one in page.splitlines() if re.match(rf"\| `{name}` (\| −?\d\.\d\d ){{6}}", one))
    cells = [float(cell.replace("−", "-")) for cell in line.strip("| ").split(" | ")[1:]]
    by_id = {r["contrast"]: r["effect"] for r in rows}
    assert cells == pytest.approx([by_id[one] for one in asked_for], abs=0.02)


def test_a_part_of_a_page_is_rewritten_in_its_place():
    rows = evidence(TINY, n=200, only=("quiz", "half_life"))
    new = part(rows, conflicts(workplace), "a command")
    assert "| half_life | " in new and "not run" in new and "FSRS-6" in new  # the conflict near half_life
    assert "Alfieri" not in new  # one that concerns neither
    card = "# a world\n\nwords\n\n## History\n\n- 1.0\n"
    once = inserted(card, new)
    assert inserted(once, new) == once and once.endswith("## History\n\n- 1.0\n") and once.startswith("# a world")


def test_programmes_side_by_side_are_the_programmes_one_by_one():
    handed = {name: shelf.build(name, TINY.world) for name in ("syllabus", "mastery")}
    one, two = (evidence(TINY, handed, n=1500, threads=threads, only=("adaptive", "voluntary")) for threads in (1, 2))
    assert one == two


def test_closing_up_rows_changes_nobodys_life():
    handed = {"syllabus": shelf.build("syllabus", TINY.world)}
    arm = BY_ID["voluntary"].treated
    many, few = (Bench(TINY, handed, n=n, seed=3).played(arm) for n in (2500, 300))  # 300: one block, as it is
    np.testing.assert_array_equal(many.room.mind[:300], few.room.mind)
    np.testing.assert_array_equal(many.left[:300], few.left)
    np.testing.assert_array_equal(many.stars[:300], few.stars)


def test_rows_without_their_policy_stay_empty():
    (row,) = evidence(TINY, n=50, only=("pathway",))
    assert row["effect"] is None and row["inside"] is None and "not run" in table([row])
    with pytest.raises(ValueError, match="do not exist"):
        evidence(TINY, only=("magic",))
