"""Predictive checks and what they are worth: they pass on the truth, fail on a falsehood, and decide the grade."""

import numpy as np
import pytest

from adaptlearn.core.learner import Population
from adaptlearn.laws import bkt, logistic, workplace
from adaptlearn.tracing.abc import Free, coverage, learn, learn_in_rounds
from adaptlearn.tracing.people import held_out_checks, people
from adaptlearn.tracing.predictive import ACCURACY, KINDS, LEAVING, LENGTHS, check, grade, not_made
from adaptlearn.tracing.replay import Practices, figures, practices, replay, stopping

SKILLS = np.array([[0.0, 0.3, 0.15, 0.2, 0.1, 0.0], [0.0, 0.5, 0.1, 0.15, 0.1, 0.0], [0.0, 0.2, 0.2, 0.25, 0.1, 0.0]])


def begun(learners: int) -> Practices:
    """Everyone begins every skill."""
    who, what = np.repeat(np.arange(learners), 3), np.tile(np.arange(3), learners)
    return Practices(who, what, np.zeros((3 * learners, 1), np.int8))


HABIT = np.tile([0.04, 0.06, 0.2, 0.5], (10, 1))  # stops after right answers in a row, as mastery rules have it


def test_practices_are_a_log_by_learner_and_skill():
    seen, skills = practices([1, 0, 1, 1, 0], ["b", "a", "a", "b", "a"], [1, 0, 1, 0, 1])
    assert skills == ("a", "b") and seen.learner.tolist() == [0, 1, 1] and seen.skill.tolist() == [0, 0, 1]
    assert seen.right.tolist() == [[0, 1], [1, -1], [1, 0]] and seen.length.tolist() == [2, 1, 2]


def test_a_replay_under_bkt_has_the_answers_of_bkt():
    plain = Population().with_traits(ability=(0.0, 0.0), rate=(0.0, 0.0))
    again = replay(begun(6_000), bkt, SKILLS, np.zeros_like(HABIT), plain, seed=1)
    for k, (_, prior, learns, guess, slip, _) in enumerate(SKILLS):
        known = 1 - (1 - prior) * (1 - learns) ** np.arange(4)
        expected = guess + known * (1 - guess - slip)
        np.testing.assert_allclose(again.right[again.skill == k, :4].mean(0), expected, atol=0.025)


def test_the_habit_of_stopping_is_read_back():
    again = replay(begun(8_000), bkt, SKILLS, HABIT, Population(), seed=2)
    np.testing.assert_allclose(stopping(again)[2:5, 1:3], HABIT[2:5, 1:3], atol=0.03)
    assert figures(again)[LENGTHS]["practices longer than 20"] < 0.3


def test_a_check_passes_within_its_tolerance_and_names_what_fails():
    drawn = np.array([[0.50, 0.30], [0.52, 0.31], [0.51, 0.29]])
    fine = check(ACCURACY, ("a", "b"), (0.53, 0.33), drawn, 0.03)
    bad = check(ACCURACY, ("a", "b"), (0.53, 0.50), drawn, 0.03)
    assert fine.passed and not bad.passed and bad.failures() == ["b"] and "FAILS at 1 of 2" in bad.words()
    assert check(ACCURACY, ("a",), (np.nan,), drawn[:, :1], 0.03).absent


def test_grade_a_asks_for_every_check():
    made = [check(kind, ("x",), (0.5,), [[0.5], [0.51]], 0.03) for kind in KINDS]
    failed = check(LEAVING, ("x",), (0.9,), [[0.5], [0.51]], 0.03)
    assert grade(made)[0] == "A"
    assert grade(made[:-1]) == ("B", "not checked: leaving")
    assert grade([*made[:-1], failed])[1] == "fails: leaving"
    assert grade([*made[:-1], not_made(LEAVING, "no days")])[0] == "B"
    assert grade(made, simulated=True)[0] == "C"


def test_a_posterior_by_regression_covers_and_is_as_narrow_as_the_exact_one():
    """Means of twenty normals: the exact posterior is known."""
    rng = np.random.default_rng(0)

    def simulate(z, _turn):
        data = z[:, None, :2] + rng.normal(0, 1, (len(z), 20, 2))
        return np.concatenate([data.mean(1), data.std(1)], 1)

    z = rng.standard_normal((500, 3))  # the third number leaves no trace
    sheet = simulate(z, 0)
    names = ("m1", "m2", "s1", "s2")
    exact = (1 + 20) ** -0.5
    found = learn(z, sheet, sheet[0], names)
    np.testing.assert_allclose(found.draws.std(0)[:2], exact, rtol=0.35)
    assert found.told().tolist() == [True, True, False] and found.draws[:, 2].std() == pytest.approx(1, abs=0.2)
    np.testing.assert_allclose(coverage(z, sheet, names, trials=60), 0.9, atol=0.12)
    truth = np.array([[2.5, -0.5, 0.0]])
    far = learn_in_rounds(simulate, simulate(truth, 0)[0], names, 3, populations=200)
    assert far.draws.mean(0)[:2] == pytest.approx(truth[0, :2], abs=0.6) and not far.strange
    odd = learn(z, sheet, np.array([50.0, 0.0, 1.0, 1.0]), names)
    assert odd.strange == ("m1",)


def test_free_numbers_keep_their_scale():
    assert Free("a.mean", 1.0, 0.5).value(np.array([2.0])) == pytest.approx(2.0)
    assert Free("a.sd", 1.0, 0.5, log=True).value(np.array([-1.0])) == pytest.approx(np.exp(-0.5))


@pytest.fixture(scope="module")
def answered():
    """Practices written by the workplace law with a known people, and as many by others to check on."""
    truth = Population().with_traits(ability=(0.0, 0.8))
    constants = workplace.Params()._replace(mu0=0.6, eta=0.4)
    seen = replay(begun(400), workplace, SKILLS, HABIT, truth, 3, constants)
    held_out = replay(begun(200), workplace, SKILLS, HABIT, truth, 4, constants)
    return seen, held_out


def test_people_of_a_log_are_found_and_pass_their_checks(answered):
    seen, held_out = answered
    them = people(seen, workplace, SKILLS, Population(), populations=80)
    for name, true in {"workplace.mu0": 0.6, "ability.sd": 0.8, "workplace.eta": 0.4}.items():
        low, high = them.posterior.interval(name, 0.99)
        assert low <= true <= high, (name, low, true, high)
    assert "workplace.mu0" in them.told and not them.strange
    checks = held_out_checks(held_out, seen, workplace, SKILLS, Population(), them.posterior, 5)
    assert all(one.passed for one in checks if not one.absent), [one.words() for one in checks]
    mark, why = grade(checks)
    assert mark == "B" and why == "not checked: gaps"


def test_people_who_grow_by_practice_are_found():
    """Under the logistic law, success and failure are told per answer, however many a visit of 15 minutes has."""
    truth = Population().with_traits(ability=(0.5, 0.8))
    constants = logistic.Params()._replace(success=0.25, failure=0.05, sd_skill=0.5)
    seen, held_out = (replay(begun(n), logistic, SKILLS, HABIT, truth, n, constants) for n in (400, 200))
    them = people(seen, logistic, SKILLS, Population(), populations=60)
    for name, true in {"ability.mean": 0.5, "ability.sd": 0.8, "logistic.success": 0.25}.items():
        low, high = them.posterior.interval(name, 0.99)
        assert name in them.told and low <= true <= high, (name, low, true, high)
    checks = held_out_checks(held_out, seen, logistic, SKILLS, Population(), them.posterior, 5)
    assert not them.strange and all(one.passed for one in checks if not one.absent), [one.words() for one in checks]
    busy = replay(seen, logistic, SKILLS, HABIT, truth, 1, constants._replace(opportunities=60.0))
    np.testing.assert_array_equal(busy.right, replay(seen, logistic, SKILLS, HABIT, truth, 1, constants).right)


def test_the_wrong_people_fail_the_checks(answered):
    from adaptlearn.core.posterior import Posterior

    seen, held_out = answered
    wrong = Posterior({"workplace.mu0": np.full(24, -0.7), "ability.sd": np.full(24, 0.8)})
    checks = held_out_checks(held_out, seen, workplace, SKILLS, Population(), wrong, 5)
    assert not next(one for one in checks if one.kind == ACCURACY).passed and "fails" in grade(checks)[1]
