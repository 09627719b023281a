"""What a log says of the catalogue: what is planted is found and named, without it nothing is."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kstest

from adaptlearn.agents.shelf import build
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.visits import Answers, Visits, of_log
from adaptlearn.envs.registry import rules
from adaptlearn.evaluation import coverage, dropoff, feedback, items, render
from adaptlearn.evaluation.insights import Found, look_first, write_up
from adaptlearn.evaluation.resample import Interval

N = 800


@pytest.fixture(scope="module")
def world():
    return rules("tiny-v1").world


@pytest.fixture(scope="module")
def log(world):
    return simulate(build("random", world), rules("tiny-v1"), np.arange(N), 3, log=True).log


@pytest.fixture(scope="module")
def visits(log, world):
    return of_log(log, world)


def answered(log, at, right):
    """The log with other right answers in the rows of one activity.   right: answers [n, J] -> [n, J]"""
    answers, rows = log["answers"].copy(), log["taken"] == at
    answers[rows] = right(answers[rows])
    columns = {"answers": answers, "correct": answers.sum(1).astype(np.int16)}
    return replace(log, columns={**log.columns, **columns})


# --- items -----------------------------------------------------------------------------------------------------------


def test_without_a_weak_item_none_is_found(visits):
    said = items.analyse(visits)
    assert len(said) == 11 and not [one for one in said if one.found]
    assert all(one.weakest.value < one.right.value < one.strongest.value for one in said)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (
            lambda right: np.random.default_rng(0).binomial(6, 0.5, right.shape) * (right >= 0),
            "does not tell who knows",
        ),
        (lambda right: 6 - right, "key or wording"),
        (lambda right: np.full_like(right, 6), "too easy"),
        (lambda right: np.random.default_rng(0).binomial(right, 0.3), "too hard, or slips"),
    ],
)
def test_a_weak_item_is_found_and_named(log, world, spoil, says):
    at = world.activity_index["greeting-quiz"]
    planted = answered(log, at, lambda right: np.where([True, False, False], spoil(right), 0).astype(np.uint8))
    found = [one for one in items.analyse(of_log(planted, world)) if one.found]
    assert [one.name for one in found] == [world.activities[at].title] and says in found[0].verdict


def test_discrimination_does_not_hang_on_how_many_items_are_asked():
    """Of one answer: the same whether three or thirty of its kind are asked."""
    dice = np.random.default_rng(4)
    ability = dice.normal(size=20_000)
    p = 1.0 / (1.0 + np.exp(-ability))
    rest = ability + 0.3 * dice.normal(size=len(ability))
    few, many = (items._told(dice.binomial(n, p) / n, rest)[1] for n in (3, 30))
    assert few.value == pytest.approx(many.value, abs=0.01) and few.value > 0.3


# --- leaving ---------------------------------------------------------------------------------------------------------


def test_staying_is_kaplan_and_meiers_by_hand():
    found = dropoff.staying([1, 2, 2, 3, 4], [True, True, False, False, True])
    np.testing.assert_allclose(found.stay, [4 / 5, 4 / 5 * 3 / 4, 0.0])
    np.testing.assert_array_equal(found.at_risk, [5, 4, 1])
    assert (found.low <= found.stay).all() and (found.stay <= found.high).all()


def test_staying_covers_the_truth():
    """Exponential leaving, exponential censoring: the 95 % band holds the truth at one time in 95 of 100 logs."""
    dice, hit = np.random.default_rng(2), 0
    for _ in range(300):
        leave, censor = dice.exponential(10, 120), dice.exponential(20, 120)
        found = dropoff.staying(np.minimum(leave, censor), leave <= censor)
        at = np.searchsorted(found.time, 7.0, side="right") - 1
        hit += found.low[at] <= np.exp(-0.7) <= found.high[at]
    assert abs(hit / 300 - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 300)


def test_nobody_leaves_more_after_one_activity_than_chance_explains(visits):
    assert not [one for one in dropoff.points(visits) if one.found]


def test_a_place_where_people_leave_is_found(log, world):
    at = world.activity_index["listening-pairs"]
    visits = of_log(log, world)
    goes = (visits.activity == at) & (np.random.default_rng(1).random(len(visits.activity)) < 0.06)
    gone = np.r_[np.cumsum(goes)[:-1] - np.cumsum(goes)[np.flatnonzero(visits.first)][visits.learner[1:]], 0]
    kept = ~np.r_[False, (gone[:-1] > 0) & (visits.learner[1:] == visits.learner[:-1])]
    planted = replace(visits, left=visits.left | goes)
    planted = replace(planted, **{name: getattr(planted, name)[kept] for name in
                                  ("learner", "activity", "offered", "done", "day", "left")})  # fmt: skip
    found = [one.activity for one in dropoff.points(planted) if one.found]
    assert found == [world.activities[at].title]


def left_by(times, seed, n=1000, steps=8, base=0.02):
    """A log in which so many times as many as usual leave after each activity, taken by lot."""
    dice = np.random.default_rng(seed)
    activity = dice.integers(0, len(times), (n, steps))
    left = dice.random((n, steps)) < base * np.array(times)[activity]
    there = np.cumsum(left, 1) - left == 0
    nothing = np.zeros(0, np.int64)
    names = tuple(f"a{a}" for a in range(len(times)))
    return Visits("made", np.nonzero(there)[0], activity[there], names, ("s",), ("i",),
                  Answers(nothing, nothing, nothing, nothing, nothing), left=left[there])  # fmt: skip


def test_places_with_a_few_more_leavers_are_seldom_named_and_those_with_many_often():
    """Half as many again matters; a place that has no more than that is named in at most one of twenty logs."""
    few = [any(one.found for one in dropoff.points(left_by([1.4, *[1.0] * 7], seed))) for seed in range(200)]
    assert np.mean(few) <= 0.05
    many = [[one.activity for one in dropoff.points(left_by([4.0, *[1.0] * 7], seed)) if one.found]
            for seed in range(50)]  # fmt: skip
    assert np.mean([named == ["a0"] for named in many]) >= 0.8


def test_leavers_ratio_has_byars_interval():
    """Breslow & Day (1987), the exact Poisson interval of 10 events is 4.80 to 18.39."""
    one = dropoff._byar(10.0, 10.0)
    assert (one.low, one.high) == (pytest.approx(0.480, abs=0.002), pytest.approx(1.839, abs=0.002))


# --- skills, ratings -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tiny-v1", "onboarding-v1", "practice-v1"])
def test_a_shipped_world_teaches_and_asks_all_that_a_role_needs(name):
    assert not [one for one in coverage.cover(rules(name).world) if one.found and one.roles]


@pytest.mark.parametrize(("column", "says"), [("teaches", "nobody teaches it"), ("assesses", "nobody asks about it")])
def test_a_skill_that_is_left_out_is_found(world, column, says):
    cut = tuple(replace(a, **{column: tuple(pair for pair in getattr(a, column) if pair[0] != "resolving")})
                for a in world.activities)  # fmt: skip
    (found,) = [one for one in coverage.cover(replace(world, activities=cut)) if one.found]
    assert found.skill == "Agree on a solution and check it" and says in found.verdict


def test_ratings_beside_outcomes_are_spearmans(visits):
    rated = [feedback.Rated(a, 50, Interval(float(a), 0.0, 1.0)) for a in range(12)]
    up, down = ({a: sign * a**3 for a in range(12)} for sign in (1.0, -1.0))
    said = feedback.beside(rated, {"finishing": up, "learning": down, "thin": {0: 1.0}})
    assert [one.r.value for one in said] == [pytest.approx(1.0), pytest.approx(-1.0)]
    assert "more finishing" in said[0].words and "less learning" in said[1].words
    stars = feedback.rated(visits)
    assert len(stars) == 9 and all(1 <= one.stars.value <= 5 for one in stars)


def test_chances_of_items_are_even_where_discrimination_is_just_half(world):
    """Where an item tells exactly half as much as the others, its uncorrected chance is uniform."""
    dice, p = np.random.default_rng(3), []
    for _ in range(300):
        rest = dice.normal(size=200)
        share = dice.binomial(1, np.clip(0.5 + 0.1 * rest, 0, 1)).astype(float)
        true = 0.1 / 0.5  # cov / (sd of an answer x sd of rest)
        p.append(items._lower(items._told(share, rest)[1], true))
    assert kstest(p, "uniform").pvalue > 1e-3


# --- written up ------------------------------------------------------------------------------------------------------


def test_nothing_found_is_said_and_what_was_not_asked_too(visits):
    report = write_up(Found(visits, items=items.analyse(visits), silent={"Teaching": "needed the catalogue"}))
    assert report.decision == "Nothing stands out that chance does not explain."
    assert "needed the catalogue" in render.markdown(report) and "needed the catalogue" in render.html(report)


def test_what_harms_most_comes_first(log, world, visits):
    cut = tuple(replace(a, teaches=tuple(pair for pair in a.teaches if pair[0] != "resolving"))
                for a in world.activities)  # fmt: skip
    at = world.activity_index["greeting-quiz"]
    weak = of_log(answered(log, at, lambda right: (np.array([6, 0, 0]) - right).clip(0).astype(np.uint8)), world)
    first = look_first(Found(visits, covered=coverage.cover(replace(world, activities=cut)), items=items.analyse(weak)))
    assert "nobody teaches it" in first[0] and "key or wording" in first[1] and len(first) == 2
