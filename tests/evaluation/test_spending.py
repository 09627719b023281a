"""What is reached for the same minutes: monotone in what was spent, the whole life where there is enough."""

from dataclasses import replace

import numpy as np
import pytest

from adaptlearn.agents.orchestrate import orchestrator
from adaptlearn.agents.shelf import build
from adaptlearn.classroom.simulate import simulate
from adaptlearn.envs.registry import rules
from adaptlearn.evaluation.spending import reached

PLACE = rules("tiny-v1")
IDS = np.arange(64)[::-1]
POLICY = build("mastery", PLACE.world)


def test_nothing_is_what_they_began_with_and_enough_is_the_whole_life():
    found = reached(POLICY, PLACE, IDS, 3, [0.0, 1e6])
    lives = simulate(POLICY, PLACE, IDS, 3)
    np.testing.assert_allclose(found.value[0], lives.start, atol=1e-6)
    for name, column in (("value", found.value), ("minutes", found.minutes), ("staff_minutes", found.staff_minutes)):
        np.testing.assert_array_equal(column[1], lives[name])


def test_no_budget_is_overspent_and_a_larger_one_spends_more():
    budgets = [20.0, 40.0, 80.0, 160.0]
    found = reached(POLICY, PLACE, IDS, 3, budgets)
    assert (found.minutes <= np.array(budgets)[:, None]).all()
    assert (np.diff(found.minutes, axis=0) >= 0).all() and (np.diff(found.staff_minutes, axis=0) >= 0).all()
    assert found.value[-1].mean() > found.value[0].mean()


def test_where_people_meet_they_spend_in_the_same_company():
    place = rules("leadership-v1")
    ids = np.arange(2 * place.world.cohorts.size)
    shares = orchestrator("most-gained", place.world)
    whole = simulate(build("mastery", place.world), place, ids, 3, orchestrator=shares)
    found = reached(build("mastery", place.world), place, ids, 3, [1e6], shares)
    np.testing.assert_array_equal(found.value[0], whole["value"])
    alone = reached(build("mastery", place.world), place, ids, 3, [1e6])
    assert (alone.value != found.value).any()


def test_it_is_what_a_log_of_the_same_lives_adds_up_to():
    """The slow way: minutes of the log's rows, learner by learner."""
    log = simulate(POLICY, PLACE, IDS, 3, log=True).log
    found = reached(POLICY, PLACE, IDS, 3, [60.0])
    for j, learner in enumerate(IDS):
        spent = np.cumsum(log["minutes"][log["learner"] == learner])
        assert found.minutes[0, j] == pytest.approx(max([0.0, *spent[spent <= 60.0]]), abs=1e-3)


def test_budgets_that_make_no_sense_are_refused():
    for budgets in ([], [-1.0]):
        with pytest.raises(ValueError, match="needed budgets from 0 on"):
            reached(POLICY, replace(PLACE), IDS, 3, budgets)
