"""Pilots keep what they promise, on test scores with drop-outs and teams, however often one looks."""

import numpy as np
import pytest
from scipy import stats

from adaptlearn.evaluation import monitor, pilot
from adaptlearn.evaluation.instrument import Instrument, lengthened
from adaptlearn.evaluation.monitor import BENEFIT, EARLY, FULL, GO_ON, HARM, SMALL, Scores, decide, look, path, watch
from adaptlearn.evaluation.pilot import Design, detectable, plan
from adaptlearn.evaluation.rehearsal import Pool, rehearse
from adaptlearn.evaluation.sequential import Always, bound, first_crossing


def logistic(x):
    return 1.0 / (1.0 + np.exp(-x))


def pool(team_spread=0.0):
    dice = np.random.default_rng(1)
    ability, gain = dice.normal(-0.2, 0.9, 20_000), 0.6 + 0.4 * dice.normal(size=20_000)
    return Pool(*(logistic(x) for x in (ability, ability + gain + 0.35, ability + gain)), team_spread)


# --- the test that may be looked at all along -----------------------------------------------------------------------


def test_a_bound_is_crossed_by_chance_in_fewer_than_alpha_of_all_trials():
    dice = np.random.default_rng(2)
    for tau in (0.1, 0.5, 2.0):
        when, _ = first_crossing(*dice.normal(size=(2, 3000, 300)), tau, 0.05, 6)
        assert (when <= 300).mean() < 0.05, tau


def test_a_bound_for_one_look_would_not_hold():
    """The reason for all this: looking after each of 300 pairs with 1.96 finds something in far more than 5 %."""
    a, b = np.random.default_rng(2).normal(size=(2, 3000, 300))
    n = np.arange(1, 301)
    z = (a - b).cumsum(1) / np.sqrt(2 * n)
    assert (np.abs(z[:, 5:]) > 1.96).any(1).mean() > 0.25


def test_the_bound_is_wider_than_one_look_and_widest_where_degrees_of_freedom_are_few():
    assert bound(0.05, 0.1, 0.05) > 1.96
    few, many = bound(0.05, 0.1, 0.05, [4, 400])
    assert few > many > bound(0.05, 0.1, 0.05)
    assert stats.t.sf(few, 4) == pytest.approx(stats.norm.sf(bound(0.05, 0.1, 0.05)), rel=1e-9)


# --- planning ---------------------------------------------------------------------------------------------------------


def test_looking_once_is_the_textbooks_sample_size():
    """Without pretest, teams or drop-outs: 2 (z + z)^2 / d^2 = 63 per arm at d = .5, one more by the t distribution."""
    assert plan(Design(0.5, 1.0, pretest=0.0, attrition=0.0)).once == 64


def test_what_helps_makes_a_pilot_smaller_and_what_hinders_larger():
    base = plan(Design(0.08, 0.2, attrition=0.0)).learners
    assert plan(Design(0.08, 0.2, pretest=0.8, attrition=0.0)).learners < 0.6 * base
    assert plan(Design(0.08, 0.2, attrition=0.3)).learners > 1.3 * base
    assert plan(Design(0.08, 0.2, attrition=0.0, team=10, icc=0.1)).learners > 1.5 * base


def test_the_detectable_effect_of_a_planned_pilot_is_the_planned_one():
    design = Design(0.08, 0.2)
    assert detectable(design, plan(design).learners) == pytest.approx(0.08, rel=0.04)


def test_a_unit_differs_by_what_pretest_teams_and_drop_outs_leave():
    dice = np.random.default_rng(0)
    design = Design(0.1, 2.0, pretest=0.6, team=5, icc=0.2, attrition=0.2)
    rest = 2.0 * np.sqrt(1 - 0.36)
    teams = rest * (np.sqrt(0.2) * dice.normal(size=(100_000, 1)) + np.sqrt(0.8) * dice.normal(size=(100_000, 4)))
    assert teams.mean(1).std() == pytest.approx(design.unit_sd, rel=0.01)


# --- whole pilots -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("team", "spread"), [(1, 0.0), (8, 0.3)])
def test_whole_pilots_keep_planned_power_and_false_alarms(team, spread):
    """A small version of benchmarks/pilots.py: 400 pilots each way."""
    people, test, pilots = pool(spread), Instrument(20), 400
    design = people.seen(test, team)
    planned = plan(design)
    ends = [rehearse(people, design, planned.units, test, seed).decision for seed in range(pilots)]
    null = [
        rehearse(people.without_effect(), design, planned.units, test, 9000 + seed).decision for seed in range(pilots)
    ]
    power, false = np.mean([end == BENEFIT for end in ends]), np.mean([end in (BENEFIT, HARM) for end in null])
    assert abs(power - planned.shown) < 0.03 + 3 * np.sqrt(0.16 / pilots)
    assert false < 0.05
    assert HARM not in ends


# --- monitoring -------------------------------------------------------------------------------------------------------


def test_every_look_of_the_path_is_ordinary_least_squares():
    """For learners alone: the arm's coefficient with the pretest in, its error apart from the pretest's imbalance."""
    scores = pool().enrol(Design(0.05, 0.2), 40, Instrument(20), np.random.default_rng(3))
    seen = path(scores)
    for n in (14, 41, len(scores.score)):
        x = np.column_stack([np.ones(n), scores.treated[:n], scores.pretest[:n]])
        beta, rest, *_ = np.linalg.lstsq(x, scores.score[:n], rcond=None)
        assert seen.effect[n - 1] == pytest.approx(beta[1], abs=1e-9)
        assert seen.df[n - 1] == n - 3
        arms = scores.treated[:n].sum(), n - scores.treated[:n].sum()
        assert seen.se[n - 1] == pytest.approx(np.sqrt(rest[0] / (n - 3) * (1 / arms[0] + 1 / arms[1])), rel=1e-9)


def test_teams_count_as_one():
    one = Scores(np.repeat([True, False], 8), np.tile([0.5, 0.7, 0.6, 0.2], 4), None, np.repeat(np.arange(8), 2))
    seen = path(one)
    assert len(seen.se) == 8 and seen.treated[-1] == seen.control[-1] == 4 and seen.df[-1] == 6
    mixed = Scores(np.array([True, False]), np.array([0.5, 0.7]), None, np.array(["a", "a"]))
    with pytest.raises(ValueError, match="team a has learners in both arms"):
        path(mixed)


@pytest.mark.parametrize(
    ("interval", "full", "decision"),
    [
        ((-0.2, -0.3, -0.1), False, HARM),
        ((0.2, 0.1, 0.3), False, BENEFIT),
        ((0.01, -0.02, 0.04), False, SMALL),
        ((0.03, -0.02, 0.08), True, FULL),
        ((0.03, -0.02, 0.08), False, GO_ON),
    ],
)
def test_the_rules(interval, full, decision):
    said, words = decide(Always(*interval), Design(0.05, 0.2), full)
    assert said == decision and f"{interval[0]:+.3f}" in words


def test_watching_ends_at_the_first_look_that_says_so():
    people = pool()
    design = people.seen(Instrument(20))
    scores = people.enrol(design, 300, Instrument(20), np.random.default_rng(5))
    said = watch(scores, design, 300)
    n = sum(said.units)
    upto = [Scores(*(x[:m] for x in (scores.treated, scores.score, scores.pretest))) for m in (n, n - 1)]
    assert look(upto[0], design, 300).decision == said.decision == BENEFIT
    assert look(upto[1], design, 300).decision in (GO_ON, EARLY)
    assert look(Scores(*(x[:0] for x in (scores.treated, scores.score, scores.pretest))), design, 9).decision == EARLY
    assert monitor.FIRST == pilot.FIRST


# --- the instrument ---------------------------------------------------------------------------------------------------


def test_reliability_is_the_correlation_of_two_tests():
    level, dice = np.random.default_rng(1).beta(3, 2, 200_000), np.random.default_rng(2)
    for items in (5, 40):
        test = Instrument(items)
        twice = [test.scores(level, dice) for _ in range(2)]
        assert np.corrcoef(*twice)[0, 1] == pytest.approx(test.reliability(level), abs=0.01)
    assert lengthened(Instrument(5).reliability(level), 8) == pytest.approx(Instrument(40).reliability(level), rel=1e-9)
    assert Instrument(5).reliability(np.full(9, 0.5)) == 0.0


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Instrument(0), "needed 1 or more"),
        (lambda: Design(0.0, 0.2), "effect=0.0"),
        (lambda: Design(0.1, 0.2, attrition=1.0), "attrition=1.0"),
        (lambda: Design(0.1, 0.2, team=0), "team >= 1"),
        (lambda: plan(Design(1e-6, 0.2)), "nobody runs"),
        (lambda: plan(Design(0.1, 0.2), intake=0.0), "intake=0.0"),
        (lambda: detectable(Design(0.1, 0.2, team=10), 30), "3 units per arm"),
        (lambda: pool().without_effect().seen(Instrument(20)), "needed a gain"),
    ],
)
def test_what_makes_no_pilot_is_refused(make, says):
    with pytest.raises(ValueError, match=says):
        make()


def test_reliability_is_told_from_scores_alone():
    """Kuder and Richardson's formula 21 finds what Instrument knows, where items are of equal difficulty."""
    dice = np.random.default_rng(8)
    level, test = dice.beta(4, 3, 40_000), Instrument(12)
    assert test.observed(test.scores(level, dice)) == pytest.approx(test.reliability(level), abs=0.02)
    assert np.isnan(Instrument(1).observed([0.0, 1.0])) and np.isnan(test.observed([0.5, 0.5]))
    assert test.observed([0.2, 0.8, 0.5]) <= 1.0
