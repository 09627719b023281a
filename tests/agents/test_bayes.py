"""Posterior sampling over cohorts: it believes what it was told and what logs show, and nothing else."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from adaptlearn.agents import bayes
from adaptlearn.classroom.room import Classroom
from adaptlearn.core.learner import Population
from adaptlearn.envs.registry import rules
from adaptlearn.tracing.cohorts import infer

FEW = bayes.Settings(cohorts=2, learners=48, draws=2, rounds=1, last=1)
QUICK = partial(infer, draws=16, steps=20)


@pytest.fixture(scope="module")
def place():
    return rules("tiny-v1", catalogue="usual_error", catalogue_seed=4)


@pytest.fixture(scope="module")
def taught(place):
    """Two cohorts, and every room in which something was searched for."""
    rooms = []

    def classroom(room, n, seed):
        rooms.append(room)
        return Classroom(room, n, seed)

    return list(bayes.cohorts(place, classroom, 1, FEW, QUICK)), rooms


def orders(cohort, world):
    return [policy.orders(world).tolist() for policy in cohort.policies]


def test_it_searches_in_believed_rooms_alone(place, taught):
    """True people and the true catalogue are met by learners, and by no search."""
    truth = place.true_world().activities
    assert len(taught[1]) == FEW.draws * FEW.cohorts * FEW.rounds
    for room in taught[1]:
        assert room.truth is not None and room.population.mean != place.population.mean
        assert (room.catalogue, room.catalogue_seed) == ("as_written", 0)
        quality = [(a.quality, b.quality) for a, b in zip(room.truth.activities[1:], truth[1:], strict=True)]
        assert all(a != b for a, b in quality)


def test_the_first_cohort_is_taught_alike_in_every_truth(place, taught):
    other = replace(place, catalogue="careless", catalogue_seed=9, law_params=place.law.Params(eta=0.1),
                    population=place.population.with_traits(ability=(2.0, 0.1), weekly_minutes=(3.0, 0.1)))  # fmt: skip
    first = next(bayes.cohorts(other, Classroom, 1, FEW, QUICK))
    assert orders(first, place.world) == orders(taught[0][0], place.world)
    assert not np.array_equal(first.logs[0]["day"], taught[0][0].logs[0]["day"])


def test_no_learner_is_taught_twice_and_each_draw_teaches_its_share(taught):
    parts = [np.unique(log["learner"]) for cohort in taught[0] for log in cohort.logs]
    assert [len(part) for part in parts] == [24] * 4 and len(np.unique(np.concatenate(parts))) == 96


def test_same_seed_same_programme_and_another_seed_another(place, taught):
    again = list(bayes.cohorts(place, Classroom, 1, FEW, QUICK))
    for one, two in zip(taught[0], again, strict=True):
        assert orders(one, place.world) == orders(two, place.world) and one.worth == two.worth
    other = next(bayes.cohorts(place, Classroom, 2, FEW, QUICK))
    assert orders(other, place.world) != orders(taught[0][0], place.world)


def test_what_is_believed_has_nothing_of_the_truth(place):
    poisoned = replace(place, population=Population(mean=(float("nan"),) * 20), law_params="not for you",
                       behaviour_params="nor this", truth="least of all this")  # fmt: skip
    held = bayes.believed(poisoned)
    assert np.isfinite(held.population.mean).all() and held.law_params is held.behaviour_params is held.truth is None


def test_what_is_kept_is_a_programme_that_a_checkpoint_brings_back(place, taught, tmp_path):
    from adaptlearn.lab import checkpoint

    logs = [log for cohort in taught[0] for log in cohort.logs]
    assumed = bayes.believed(place)
    kept = bayes.planned(assumed, Classroom, QUICK(assumed, logs), 1, FEW)
    back = checkpoint.load(checkpoint.save(tmp_path / "bayes.npz", kept, "bayes", {}, {}), place.world)
    assert isinstance(back, bayes.Bayes) and (back.orders(place.world) == kept.orders(place.world)).all()


def test_without_what_infers_and_with_more_draws_than_learners_it_says_so(place):
    with pytest.raises(ValueError, match="infer is not given"):
        bayes.fit(place, Classroom, 1, FEW)
    with pytest.raises(ValueError, match="4 learners for 8 draws"):
        bayes.Settings(learners=4, draws=8)
