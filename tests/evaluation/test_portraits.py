"""Portraits tell what was lived: the same lives as anywhere, and sums that come out."""

import numpy as np
import pytest

from adaptlearn.agents import shelf
from adaptlearn.classroom.simulate import simulate
from adaptlearn.envs.registry import rules
from adaptlearn.evaluation import figures, pictures, portraits

PLACE = rules("tiny-v1", catalogue="usual_error", mandatory=False)
MASTERY = shelf.build("mastery", PLACE.world)
IDS = np.arange(60)


def test_being_portrayed_changes_no_life():
    course, lives = portraits.courses(MASTERY, PLACE, IDS, 4), simulate(MASTERY, PLACE, IDS, 4, log=True)
    assert lives.log is not None
    for name in ("learner", "taken", "day", "minutes", "completed"):
        np.testing.assert_array_equal(course.log[name], lives.log[name])


def test_a_course_begins_untaught_and_ends_with_what_became_of_everyone():
    course, lives = portraits.courses(MASTERY, PLACE, IDS, 4), simulate(MASTERY, PLACE, IDS, 4)
    np.testing.assert_array_equal(course.worth[:, 0].astype(np.float32), lives.start)
    np.testing.assert_array_equal(course.worth[:, -1].astype(np.float32), lives["value"])
    assert np.isfinite(course.worth).all()


def test_between_decisions_a_course_stands_still():
    """Worth is a forecast for one fixed day, so only a decision moves it: it changes at most once per decision."""
    course = portraits.courses(MASTERY, PLACE, IDS, 4, moments=400)
    for row, learner in enumerate(IDS):
        assert (np.diff(course.worth[row]) != 0).sum() <= (course.log["learner"] == learner).sum()


def test_groups_are_thirds_in_order_of_what_they_knew():
    course = portraits.courses(MASTERY, PLACE, IDS, 4)
    who = course.groups()
    assert np.bincount(who).tolist() == [20, 20, 20]
    assert course.start[who == 0].max() <= course.start[who == 1].min()
    assert course.start[who == 1].max() <= course.start[who == 2].min()


def test_minutes_add_up_to_those_of_the_learners():
    lives = simulate(MASTERY, PLACE, IDS, 4, log=True)
    names, spent = portraits.minutes_by_type(lives.log, PLACE, 5)
    assert len(names) == len(set(names)) == len(spent)
    assert spent.sum() == pytest.approx(lives["minutes"].mean(), rel=1e-4)


def test_a_walk_is_one_life_with_a_moment_per_decision_and_one_at_the_end():
    life = portraits.walk(MASTERY, PLACE, 7, 4)
    assert len(life.days) == len(life.log["day"]) + 1 and (np.diff(life.days) >= 0).all()
    assert life.known.shape == life.believed.shape == (len(life.days), len(PLACE.world.skills))
    assert ((life.known >= 0) & (life.known <= 1)).all()
    visits, taken = life.visits(PLACE.world.teaches), life.log["taken"][life.log["completed"]]
    assert sum(map(len, visits)) == (PLACE.world.teaches[taken] > 0).sum()


@pytest.mark.parametrize("world", ["tiny-v1", "onboarding-v1"])
def test_pictures_are_the_same_bytes_from_the_same_lives(world):
    place = rules(world)
    agent = shelf.build("mastery", place.world)
    life = portraits.walk(agent, place, 3, 1)
    new = portraits.courses(agent, place, range(12), 1)
    spent = portraits.minutes_by_type(new.log, place, 9)
    table = [{"policy": p, "meshing": m, "gain": g, "half": "0.01"}
             for p, m, g in (("a", "null", "0.1"), ("b", "null", "-0.1"), ("a", "weak", "0.0"))]  # fmt: skip
    for draw in (lambda: pictures.learner(life, place.world, "one"),
                 lambda: pictures.world(place.world, 0, "graph", life.visits(place.world.teaches), life.known[-1]),
                 lambda: pictures.policy(new, new, spent, ("new", "old")),
                 lambda: pictures.gains(table, "meshing", "syllabus")):  # fmt: skip
        assert figures.svg(draw()) == figures.svg(draw())
        assert figures.svg(draw()).startswith('<svg role="img" aria-label="')
        assert figures.png(draw()).startswith(b"\x89PNG")


def test_a_skill_stands_to_the_right_of_all_it_builds_on():
    for world in ("tiny-v1", "onboarding-v1"):
        place = rules(world).world
        spots = pictures._places(place)
        for k, j in zip(*np.nonzero(place.prerequisites), strict=True):
            assert spots[k, 0] > spots[j, 0]
        assert len(np.unique(spots, axis=0)) == len(spots)
