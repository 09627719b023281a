"""Stated against evidenced, and what nobody can tell from a log."""

import numpy as np
import pytest

from adaptlearn.agents import shelf
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.learner import MODES
from adaptlearn.envs.registry import rules
from adaptlearn.tracing.randomised import contrasts, exposure_in_words, sizes
from adaptlearn.tracing.styles import LIKES, Reader, events_to_tell, evidence, reactions


@pytest.fixture(scope="module")
def place():
    return rules("onboarding-v1")


@pytest.fixture(scope="module")
def lives(place):
    return simulate(shelf.build("random", place.world), place, np.arange(40), 3, log=True)


@pytest.fixture(scope="module")
def table(place):
    return events_to_tell(place, shelf.build("random", place.world), learners=80, after=(0, 10, 40))


def test_reactions_tell_liking_more_and_more_and_aptitude_never(table):
    nothing, few, many = table
    assert nothing["r_liking"] == 0.0 < few["r_liking"] < many["r_liking"] and many["r_liking"] > 0.4
    assert abs(many["r_aptitude"]) < 0.2 and many["aptitude_left"] > 0.9
    assert nothing["favourite_by_reactions"] < nothing["favourite_by_survey"]
    assert many["favourite_by_both"] >= nothing["favourite_by_survey"]


def test_a_learners_interval_covers_what_they_like(place, lives):
    told = evidence(lives.log, place, lives.ids, lives.trait("stated"))
    true = lives.traits[:, LIKES]
    z = np.array([[(true[i, j] - m) / s for j, (m, s) in enumerate(one.liking)] for i, one in enumerate(told)])
    assert np.mean(np.abs(z) < 1.96) == pytest.approx(0.95, abs=0.07) and 0.75 < z.std() < 1.3
    assert {one.verdict for one in told} <= {"as stated", "differs from what was stated", "cannot tell yet"}
    assert [one.reactions for one in told] == [len(rows) for rows in reactions(lives.log, lives.ids).values()]


def test_chances_of_a_favourite_mean_what_they_say(place, lives):
    """Pooled over learners: as many favourites are right as the chances promise."""
    told = evidence(lives.log, place, lives.ids, np.full(40, -1))
    best = lives.traits[:, LIKES].argmax(1)
    right = [MODES[int(true)] == one.evidenced for one, true in zip(told, best, strict=True)]
    assert np.mean(right) == pytest.approx(np.mean([one.chance for one in told]), abs=0.25)
    assert all(one.stated == "–" for one in told)


def test_a_crowd_without_reactions_is_the_population_and_a_survey_cuts_it(place):
    reader = Reader(place, crowd=2_000)
    assert np.ptp(reader.weights([])) == 0.0
    said = reader.weights([], stated=2)
    assert said.sum() == pytest.approx(1.0) and (reader.trait.stated[said > 0] == 2).all()


def test_a_rule_tells_nothing_of_aptitude_and_a_coin_would(place, lives):
    ruled = simulate(shelf.build("syllabus", place.world), place, np.arange(40), 3, log=True).log
    could, words = exposure_in_words(ruled, place.world)
    assert not could and "cannot be told" in words
    could, words = exposure_in_words(lives.log, place.world)
    assert could and "stays as assumed" in words
    world = place.world
    for pair in contrasts(world):
        taught = world.teaches[:, world.skill_index[pair.skill]]
        assert all(taught[world.activity_index[name]] >= 0.5 for name in (pair.more, pair.less)) and pair.apart >= 0.3


def test_the_size_of_a_trial_has_its_power():
    """A coin before each test, many times over: four times in five the effect is seen."""
    rng, size = np.random.default_rng(0), sizes((0.2,))[0]
    seen = []
    for _ in range(400):
        coin = rng.random(size.decisions) < 0.5
        test = 0.2 * coin + rng.standard_normal(size.decisions)
        gap = test[coin].mean() - test[~coin].mean()
        seen.append(abs(gap) > 1.96 * 2 / np.sqrt(size.decisions))
    assert np.mean(seen) == pytest.approx(0.8, abs=0.07)
