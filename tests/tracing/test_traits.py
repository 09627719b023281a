"""From an event log to its people and back: calibrate(simulate(population)) covers the population."""

from dataclasses import replace

import numpy as np
import pytest

from adaptlearn.agents import shelf
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.learner import DRAWN
from adaptlearn.envs.registry import rules
from adaptlearn.tracing.abc import Free
from adaptlearn.tracing.events import SEEN, figures, formats, per_learner
from adaptlearn.tracing.traits import calibrate_events, free_traits

FREE = (Free("ability.mean", 0.0, 0.7), Free("ability.sd", 0.95, 0.35, log=True),
        Free("weekly_minutes.mean", float(np.log(90.0)), 0.4), Free("halo.mean", 0.0, 0.5),
        Free("autonomy.mean", 0.0, 0.5))  # fmt: skip
TRUTHS = [{"ability": (0.6, 0.7), "weekly_minutes": (np.log(60.0), 0.4), "halo": (0.5, 1.0)},
          {"ability": (-0.5, 1.2), "weekly_minutes": (np.log(120.0), 0.4), "halo": (-0.4, 1.0)}]  # fmt: skip


@pytest.fixture(scope="module")
def place():
    return rules("tiny-v1")


@pytest.fixture(scope="module")
def policy(place):
    return shelf.build("random", place.world)


@pytest.fixture(scope="module")
def fits(place, policy):
    """Two known populations, each simulated, and each learned from its log alone."""
    found = []
    for number, traits in enumerate(TRUTHS):
        truth = place.population.with_traits(**traits)
        lives = simulate(policy, replace(place, population=truth), np.arange(250), 70 + number, log=True)
        fit = calibrate_events(lives.log, place, policy, free=FREE, populations=100, rounds=1, seed=number)
        found.append((truth, fit))
    return found


def test_the_posterior_covers_the_population(fits):
    for truth, fit in fits:
        for one in FREE:
            trait, _, part = one.name.partition(".")
            true = truth.trait(trait)[part == "sd"]
            low, high = fit.posterior.interval(one.name, 0.99)
            assert low <= true <= high, (one.name, low, true, high)
        assert {"ability.mean", "weekly_minutes.mean", "halo.mean"} <= set(fit.told)


def test_what_leaves_no_trace_stays_as_assumed_and_is_named(fits):
    for _, fit in fits:
        assert "autonomy.mean" in fit.silent and fit.posterior.draws["autonomy.mean"].std() > 0.3
        assert any("aptitude stays as assumed" in words for words in fit.warnings)
        assert "autonomy.mean" not in fit.posterior.provenance["moved off the prior"]


def test_a_simulated_log_earns_no_grade_and_its_people_pass_the_checks(fits):
    for _, fit in fits:
        assert fit.grade == "C" and "simulated" in fit.why
        assert all(one.passed for one in fit.checks), [one.words() for one in fit.checks]


def test_each_learner_is_read_apart_from_the_others(place, policy):
    log = simulate(policy, place, np.arange(30), 3, log=True).log
    every = per_learner(log, place.world, np.arange(30, dtype=np.uint64))
    some = per_learner(log, place.world, np.array([17, 4], np.uint64))
    np.testing.assert_array_equal(some, every[[17, 4]])
    assert every.shape == (30, len(SEEN)) and formats(place.world).shape == (len(place.world.activities), 8)


def test_figures_say_what_a_log_shows(place, policy):
    lives = simulate(policy, place, np.arange(200), 3, log=True)
    shown = figures(lives.log, place.world, lives.ids)
    assert shown["leaving"]["left before the end"] == pytest.approx(float(lives.left.mean()))
    assert np.exp(shown["session lengths"]["log visits per learner"]) == pytest.approx(
        float((lives.log["minutes"] > 0.5).sum() / 200)
    )


def test_few_learners_are_refused(place, policy):
    log = simulate(policy, place, np.arange(10), 3, log=True).log
    with pytest.raises(ValueError, match="needed at least 30"):
        calibrate_events(log, place, policy)


def test_all_traits_are_looked_for_but_aptitude(place):
    names = {one.name.partition(".")[0] for one in free_traits(place.population)}
    assert {name for name in DRAWN if name not in names} == {name for name in DRAWN if name.startswith("aptitude")}
