"""Every folder under envs/ is a valid world with an honest card and a population whose numbers have sources."""

import re
import tomllib

import numpy as np
import pytest

from adaptlearn.core import world as worlds
from adaptlearn.core.cells import ACTIVITY_CELLS, SKILL_CELLS, column_of
from adaptlearn.core.learner import load_population
from adaptlearn.core.shelf import SHELVES

ENVS = SHELVES[0] / "envs"
FOLDERS = sorted(path for path in ENVS.iterdir() if path.is_dir() and not path.name.startswith("."))
COLUMNS = {column_of(name) for name in (*SKILL_CELLS, *ACTIVITY_CELLS)} | {"deadline_day"}


def folders(check):
    return pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)(check)


@folders
def test_it_loads_under_its_own_name(folder):
    world = worlds.load(folder.name)
    assert world.name == folder.name
    assert re.fullmatch(r"[a-z0-9-]+-v\d+", world.name)
    assert world == worlds.load(folder)
    assert f"`{folder.name}`" in (ENVS / "README.md").read_text("utf-8")


@folders
def test_it_survives_being_written(folder, tmp_path):
    world = worlds.load(folder)
    assert worlds.load(worlds.save(world, tmp_path / "copy")) == world


@folders
def test_every_truth_behind_it_can_be_taught(folder):
    world = worlds.load(folder)
    for kind in ("usual_error", "careless"):
        for seed in range(5):
            truth = world.true(kind, seed)
            assert np.isfinite(truth.features).all()
            assert truth.features.shape == world.features.shape
            assert (truth.scalars[1:, 0] > 0).all()


@folders
def test_every_need_can_be_met_within_the_programme(folder):
    """Each needed skill has an activity short enough to be taken, on a day on which it is open."""
    world = worlds.load(folder)
    open_some_day = (world.opens <= world.programme.horizon_days) & (world.allowed > 0)
    for role, needed in zip(world.roles, world.needed, strict=True):
        taught = (world.teaches[open_some_day] > 0).any(0)
        assert taught[needed > 0].all(), role.id


@folders
def test_its_card_says_what_it_is(folder):
    world, card = worlds.load(folder), (folder / "card.md").read_text("utf-8")
    assert card.startswith(f"# {world.name}")
    assert f"**Grade {world.grade}**" in card
    assert f"**Version {world.version}.**" in card
    listed = re.search(r"^\*\*Information only:\*\* (.+)$", card, re.MULTILINE)
    assert listed, "a card needs the line **Information only:** `column`, ..."
    assert set(re.findall(r"`(\w+)`", listed[1])) <= COLUMNS


@folders
def test_every_number_about_its_learners_has_a_source_and_a_grade(folder):
    world, file = worlds.load(folder), folder / "population.toml"
    said = tomllib.loads(file.read_text("utf-8"))
    assert said["population"]["provenance"]
    for name, trait in said["traits"].items():
        assert trait["source"], name
        assert trait["grade"] in ("A", "B", "C"), name
    for name in (*said["shares"], *said["change"]):
        assert said["sources"][name], name
    population = load_population(file, world.role_ids)
    assert population.draw(np.arange(100), 1).shape[0] == 100


@folders
def test_no_text_is_left_unfinished(folder):
    for path in folder.iterdir():
        assert not re.search(r"\b(TODO|FIXME|XXX|lorem)\b", path.read_text("utf-8"), re.IGNORECASE), path.name


def test_onboarding_is_as_large_and_varied_as_it_claims():
    world = worlds.load("onboarding-v1")
    assert len(world.skills) >= 24
    assert len(world.activities) - 1 >= 96
    assert world.layer.max() >= 3
    assert ((world.needed.sum(1) >= 10) & (world.needed.sum(1) <= 16)).all()
    targets = (world.targets > 0).sum(1)
    assert ((targets >= 6) & (targets <= 8)).all()
    assert 15 <= np.median(world.scalars[1:, 0]) <= 20
    for column, words in worlds.WORDS.items():
        if column not in ("decides", "grade", "goal"):
            used = {getattr(a, re.sub("([A-Z])", lambda m: "_" + m[1].lower(), column)) for a in world.activities[1:]}
            assert used == set(words), f"{column}: {set(words) - used} is never used"
    varied = ["teaches", "assesses", "competency_required", "access_mode", "assistance", "difficulty", "time_required", "window",
              "authenticity", "staff_minutes", "cost", "capacity"]  # fmt: skip
    for name in varied:
        assert len({getattr(a, name) for a in world.activities[1:]}) >= 5, f"{name} hardly varies"


PATHWAYS = ("leadership-v1", "compliance-v1", "field-safety-v1", "upskilling-v1")


@pytest.mark.parametrize("name", PATHWAYS)
def test_a_pathway_is_as_large_as_it_claims_and_says_why_and_what_for(name):
    world, people = worlds.load(name), load_population(ENVS / name / "population.toml", worlds.load(name).role_ids)
    assert len(world.skills) >= 16 and len(world.activities) - 1 >= 64
    assert ((world.teaches > 0).sum(0) >= 3).all()
    assert {"motives", "transfer"} <= set(people.constants) and people.destinations
    assert people.constants["transfer"]["day"] >= world.programme.horizon_days
    assert min(people.shares["motive"]) > 0.0
    said = tomllib.loads((ENVS / name / "population.toml").read_text("utf-8"))["laws"]
    assert all(text["source"] and text["grade"] in ("A", "B", "C") for text in said.values())


@pytest.mark.parametrize(("name", "word"), [
    ("leadership-v1", {"social": {"coach", "cohort", "peer", "mentor"}, "learning_resource_type": {"coaching_session"}}),
    ("field-safety-v1", {"place": {"lab", "job_site"}, "assessment_role": {"summative", "capstone"}}),
    ("compliance-v1", {"assessment_role": {"summative", "diagnostic"}}),
    ("upskilling-v1", {"social": {"community", "mentor", "solo"}}),
])  # fmt: skip
def test_a_pathway_has_what_it_is_about(name, word):
    activities = worlds.load(name).activities[1:]
    for field, needed in word.items():
        assert needed <= {getattr(activity, field) for activity in activities}


def test_narrow_destinations_of_upskilling_share_no_target_and_the_goals_are_of_all_kinds():
    world = worlds.load("upskilling-v1")
    assert {role.goal for role in world.roles} == set(worlds.WORDS["goal"])
    narrow = world.targets[[j for j, role in enumerate(world.roles) if role.goal == "depth"]] > 0
    assert (narrow.sum(0) <= 1).all()


@pytest.mark.parametrize("name", ["tiny-v1", "onboarding-v1", *PATHWAYS])
def test_the_counts_on_the_card_are_the_worlds(name):
    world, card = worlds.load(name), (ENVS / name / "card.md").read_text("utf-8")
    assert re.search(rf"\b{len(world.skills)} (skills )?in\b", card)
    if name == "onboarding-v1":
        assert f"{world.prerequisites.sum():.0f} prerequisites" in card
    assert re.search(rf"\b{len(world.activities) - 1} (activities )?and \"nothing now\"", card)
