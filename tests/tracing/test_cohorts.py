"""A posterior over worlds: it narrows, it finds what was planted, and where law and catalogue are right it says so."""

from dataclasses import replace

import numpy as np
import pytest

from adaptlearn.agents.shelf import build
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.visits import of_log
from adaptlearn.envs.registry import rules
from adaptlearn.tracing.cohorts import infer, shrunk
from adaptlearn.tracing.credit import _Retold, credited, pairs_of


@pytest.fixture(scope="module")
def place():
    return rules("tiny-v1")


def log_of(room, learners, seed=3):
    return simulate(build("random", room.world), room, np.arange(learners), seed, log=True).log


@pytest.fixture(scope="module")
def planted(place):
    """A world whose video teaches a fifth as much, whose quiz takes twice as long and whose people are stronger."""
    world = place.world
    changed = {
        "greeting-video": {"quality": float(np.log(0.2))},
        "listening-quiz": {"time_required": 24.0},
        "resolving-case": {"difficulty": 1.2},
    }
    truth = replace(world, activities=tuple(replace(a, **changed.get(a.id, {})) for a in world.activities))
    strong = place.population.with_traits(ability=(0.8, 0.95), weekly_minutes=(4.5, 0.3))
    room = replace(place, truth=truth, population=strong)
    return infer(place, [log_of(room, 500)], draws=32, steps=60), infer(place, [], draws=400)


def test_the_posterior_is_narrower_than_the_prior(planted):
    after, before = planted
    for name in ("ability.mean", "rate.mean", "weekly_minutes.mean"):
        assert after.draws[name].std() < 0.5 * before.draws[name].std()
    for name in ("minutes", "difficulty"):
        assert (after.draws[name][:, 1:].std(0) < 0.8 * before.draws[name][:, 1:].std(0)).mean() > 0.7


def test_weaker_people_and_harder_items_are_told_apart_only_as_far_as_catalogues_err(place, planted):
    draws, asked = planted[0].draws, place.world.assesses.sum(1) > 0
    harder = draws["difficulty"][:, asked].mean(1)
    assert np.corrcoef(draws["ability.mean"], harder)[0, 1] > 0.5 and harder.std() > 0.05


def test_what_was_planted_is_found(place, planted):
    after, world = planted[0], place.world
    at = dict(zip(after.labels["minutes"], range(len(world.activities)), strict=True))
    minutes, harder = after.mean("minutes"), after.mean("difficulty")
    assert minutes.argmax() == at["listening-quiz"] and abs(minutes.max() - np.log(2.0)) < 0.15
    assert harder.argmax() == at["resolving-case"] and harder.max() > 0.4
    pairs = pairs_of(world)
    share = (after.mean("teaches") / pairs.weight)[: pairs.declared]
    assert after.labels["teaches"][int(share.argmin())] == "greeting-video → greeting" and share.min() < 0.8
    assert abs(after.mean("ability.mean") - 0.8) < 0.35
    assert abs(after.mean("weekly_minutes.mean") - 4.5) < 0.05


def test_credit_is_what_the_law_says_where_all_is_as_believed(place):
    """The mean learner's logit moves one for one with what is credited: yields are 1, at whatever pace."""
    after = infer(place, [log_of(place, 800)], draws=32, steps=60)
    pairs = pairs_of(place.world)
    share = (after.draws["teaches"] / pairs.weight)[:, : pairs.declared]
    assert np.abs(share.mean(0) - 1.0).max() < 0.35 and np.abs(share.mean() - 1.0) < 0.1
    assert np.abs(after.draws["teaches"].mean(0)[pairs.declared :]).max() < 0.1
    assert abs(after.mean("rate.mean")) < 0.25 and abs(after.mean("ability.mean")) < 0.25


def test_the_retold_mind_is_the_classrooms_where_nothing_is_drawn(place):
    """Learners all alike, gains without noise or zeal: what the classroom did to minds, the retelling does again."""
    alike = replace(place.population, sd=(0.0,) * len(place.population.sd))
    calm = replace(place, population=alike, law_params=place.law.Params(noise=0.0, sd_skill=0.0, zeal=0.0))
    lives = simulate(build("random", place.world), calm, np.arange(40), 3, log=True)
    visits = of_log(lives.log, place.world)
    retold = _Retold(visits, place.world, pairs_of(place.world), calm)
    for t in range(int(visits.step.max()) + 1):
        retold.turn(np.flatnonzero(visits.step == t))
    for name in ("start", "gain", "stability"):
        at = place.law.Mind._fields.index(name)
        np.testing.assert_allclose(retold.mind[at], lives.mind[:, :, at], rtol=2e-3, atol=2e-4)


def test_nothing_is_credited_before_it_was_taken_and_it_fades_with_days(place):
    visits = of_log(log_of(place, 60), place.world)
    credit = credited(visits, place.world, pairs_of(place.world), place)
    row, skill = visits.answers.row, visits.answers.skill
    first = visits.step[row] == 0
    assert first.any() and (credit.value[first] == 0).all() and (credit.value >= 0).all()
    pairs = pairs_of(place.world)
    owed = credit.value > 0
    assert (pairs.skill[credit.pair[owed]] == np.broadcast_to(skill[:, None], owed.shape)[owed]).all()
    late = replace(visits, day=visits.day + 200.0 * (visits.step >= 4))
    later = credited(late, place.world, pairs, place)
    after = visits.step[row] == 4
    assert later.value[after].sum() < 0.6 * credit.value[after].sum()


def test_a_drawn_catalogue_is_the_draw_and_a_silent_posterior_is_the_catalogue(place):
    prior = infer(place, [], draws=8, seed=2)
    worlds = prior.catalogues(place.world, 8)
    for j, world in enumerate(worlds):
        told = dict(zip(prior.labels["teaches"], prior.draws["teaches"][j], strict=True))
        weight = {f"{a.id} → {k}": w * np.exp(a.quality) for a in world.activities for k, w in a.teaches}
        assert weight == pytest.approx({name: w for name, w in told.items() if w > 0})
        assert all(0 < w <= 1 for a in world.activities for _, w in a.teaches)
        assert world.features.shape == place.world.features.shape
    nothing = replace(prior, draws={"ability.mean": np.zeros(3)}, labels={})
    assert nothing.catalogues(place.world, 1)[0].activities == place.world.activities


def test_draws_are_pulled_to_zero_by_what_they_leave_open():
    dice = np.random.default_rng(0)
    wide, narrow = dice.normal(1.0, 3.0, 4000), dice.normal(1.0, 0.01, 4000)
    found = shrunk(np.stack([wide, narrow], 1), 0.3)
    assert found[:, 0].std() == pytest.approx(0.3, rel=0.05) and abs(found[:, 0].mean()) < 0.05
    assert found[:, 1].mean() == pytest.approx(1.0, abs=0.01)


def test_a_log_without_answers_is_refused(place):
    silent = log_of(place, 30)
    mute = replace(silent, columns=dict(silent.columns) | {"items": silent["items"] * 0})
    with pytest.raises(ValueError, match="without an answer"):
        infer(place, [mute])
