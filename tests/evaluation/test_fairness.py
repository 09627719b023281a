"""Groups in a report: what each is offered, whom the tracer misjudges; what is planted is found, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from adaptlearn.agents.shelf import build
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core import attributes
from adaptlearn.core.learner import FORMATS, Population, Traits
from adaptlearn.envs.registry import rules
from adaptlearn.evaluation import fairness
from adaptlearn.lab.reporting import traced

IDS = np.arange(600)


@pytest.fixture(scope="module")
def room():
    return rules("tiny-v1")


@pytest.fixture(scope="module")
def lives(room):
    return [simulate(build(name, room.world), room, IDS, 3, log=True) for name in ("mastery", "syllabus")]


@pytest.fixture(scope="module")
def known(lives, room):
    return fairness.labels(lives[0], room.world)


def test_attributes_are_the_learners_own_and_hang_on_what_they_like():
    traits = Population().draw(np.arange(20_000), 7)
    said, need = (
        attributes.languages(traits, np.arange(20_000), 7),
        attributes.access_needs(traits, np.arange(20_000), 7),
    )
    part = attributes.languages(traits[50:60], np.arange(50, 60), 7)
    np.testing.assert_array_equal(part, said[50:60])
    text, sound = (traits[:, Traits._fields.index(f"like_{mode}")] for mode in ("textual", "auditory"))
    assert text[said == 1].mean() < text[said == 0].mean() - 0.5
    assert sound[need == 1].mean() < sound[need == 0].mean() - 0.5
    assert 0.15 < said.mean() < 0.3 and all(0.01 < (need == j).mean() < 0.1 for j in (1, 2, 3))


def test_offers_are_counted_as_the_catalogue_has_them(lives, room):
    """The slow way for one learner."""
    log, world = lives[0].log, room.world
    one = log["offered"][(log["learner"] == 5), 0]
    share = fairness.shown(lives[0], world)[5]
    wanted = np.mean([world.activities[a].access_mode for a in one[one > 0]], 0)
    np.testing.assert_allclose(share[:4], 100 * wanted, rtol=1e-4)
    live = np.mean([world.activities[a].timing in ("sync_scheduled", "cohort_paced") for a in one[one > 0]])
    assert share[FORMATS.index("live")] == pytest.approx(100 * live, abs=1e-3)


def test_without_a_cause_no_group_is_offered_other_formats(lives, room, known):
    said = fairness._offered(*lives, room.world, known, ("mastery", "syllabus"))
    assert said == ["No group is offered other formats than the rest, as far as chance can tell."]


def test_groups_dealt_at_random_are_named_one_time_in_twenty_over_all_formats(lives, room, known):
    dice, said = np.random.default_rng(0), []
    for _ in range(20):
        dealt = {"site": dice.permutation(known["site"])}
        said.append(fairness._offered(*lives, room.world, dealt, ("mastery", "syllabus")))
    assert sum("No group" not in one[0] for one in said) <= 4  # P = .003 at one in twenty


def test_a_group_that_is_fobbed_off_with_reading_is_named(lives, room, known):
    """One site's offers turned into the reading."""
    new = lives[0]
    reading = room.world.activity_index["listening-reading"]
    mine = np.isin(new.log["learner"], new.ids[known["site"] == "1"])
    offered = np.where(mine[:, None] & (new.log["offered"] > 0), reading, new.log["offered"]).astype(np.int32)
    planted = replace(new, log=replace(new.log, columns={**new.log.columns, "offered": offered}))
    said = fairness._offered(planted, lives[1], room.world, known, ("mastery", "syllabus"))
    (text,) = [word for word in said if "textual" in word]  # of two sites either may be named
    assert text.startswith(("site 1 is offered +", "site 0 is offered \N{MINUS SIGN}"))
    assert all(word.startswith("site") for word in said)


def test_the_tracer_is_as_right_about_each_group(lives, room, known):
    rows = fairness.calibration(traced(lives[0], room.world), lives[0], known)
    assert {row["attribute"] for row in rows} >= {"site", "tenure", "language"}
    assert not [row for row in rows if row["clear"]]


def test_a_group_whom_the_tracer_misjudges_is_named(lives, room, known):
    seen = traced(lives[0], room.world)
    mine = np.isin(seen.learner, lives[0].ids[known["language"] == "second language"])
    planted = replace(seen, right=np.where(mine, np.maximum(seen.right - 0.15, 0), seen.right))
    found = {(row["attribute"], row["group"]): row for row in fairness.calibration(planted, lives[0], known)}
    row = found["language", "second language"]
    assert row["clear"] and row["less the others"].high < -0.05
    assert not [key for key, row in found.items() if row["clear"] and key[0] != "language"]
    section = fairness.section(*lives, room.world, ("mastery", "syllabus"), planted)
    assert any("thinks too much of language second language" in point for point in section.points)


def test_what_is_foretold_is_bkts_chance():
    p = fairness.foretold(np.array([[0.0, 1.0]]), np.array([[1.0, 3.0]]), np.array([0.2, 0.1]), np.array([0.1, 0.2]))
    np.testing.assert_allclose(p, [(0.2 + 3 * 0.8) / 4])
