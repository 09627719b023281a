"""The memory law is FSRS-6, review by review, but that a failure is news and not harm."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from fsrs import Card, Rating, Scheduler
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptlearn.core.catalogue import FEATURES
from adaptlearn.core.learner import Exposure, Skill, Traits
from adaptlearn.laws import memory
from adaptlearn.laws.memory import Mind, Params

P = Params()
LETTER = P._replace(lapse=1.0)
SKILL = Skill(layer=0.0, prior=0.0, learn=0.2, guess=0.15, slip=0.08, forget=0.0)
MEDIAN = Traits(*[0.0] * len(Traits._fields))._replace(rate=1.0, memory=1.0)
QUARTER_HOUR = SimpleNamespace(**dict.fromkeys(FEATURES, 0.0) | {"minutes": 15.0})
NEWCOMER = memory.begin(SKILL, MEDIAN, 0.0, 0.5, P)


def asked(mind, right, p=P):
    """After one question of a quarter of an hour."""
    exposure = Exposure(1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, right, 0.0)
    return memory.learn(mind, exposure, QUARTER_HOUR, SKILL, MEDIAN, 0.0, 0.5, p)


def shown(mind, p=P):
    """After a visit without questions."""
    return memory.learn(mind, Exposure(1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0), QUARTER_HOUR, SKILL, MEDIAN, 0.0,
                        0.5, p)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 90), st.sampled_from((Rating.Again, Rating.Hard, Rating.Good))), min_size=1,
                max_size=15))  # fmt: skip
def test_every_review_leaves_what_the_fsrs_package_leaves(reviews):
    """Again is a wrong answer, good a right one; hard, a review without a question, leaves the difficulty to FSRS."""
    scheduler, card, now = Scheduler(enable_fuzzing=False), Card(), datetime(2026, 1, 1, tzinfo=UTC)
    mind = NEWCOMER
    for days, rating in reviews:
        now += timedelta(days=days)
        mind = memory.forget(mind, float(days), P)
        if card.stability is not None:
            assert memory.retention(mind, P) == pytest.approx(scheduler.get_card_retrievability(card, now), rel=1e-9)
        card, _ = scheduler.review_card(card, rating, now)
        hard = rating is Rating.Hard
        mind = shown(mind, LETTER) if hard else asked(mind, float(rating is Rating.Good), LETTER)
        assert mind.stability == pytest.approx(card.stability, rel=1e-9)
        if hard:  # what is only shown says nothing about difficulty
            card.difficulty = float(mind.difficulty)
        assert mind.difficulty == pytest.approx(card.difficulty, rel=1e-9)


def test_stability_is_the_day_on_which_nine_of_ten_recall():
    mind = memory.forget(Mind(12.0, 5.0, 0.0, 0.0), 12.0, P)
    assert memory.retention(mind, P) == pytest.approx(0.9)
    assert memory.retention(NEWCOMER, P) == 0.0 and memory.level(shown(NEWCOMER), SKILL, P) == 1.0


def test_a_failure_is_news_and_not_harm_unless_told_otherwise():
    mind = memory.forget(asked(NEWCOMER, 1.0), 20.0, P)
    assert asked(mind, 0.0).stability == mind.stability
    assert asked(mind, 0.0, LETTER).stability < asked(mind, 0.0, P._replace(lapse=0.5)).stability < mind.stability
    assert asked(mind, 1.0).stability > mind.stability


@pytest.mark.parametrize("gap", [2.0, 10.0, 40.0])
def test_the_later_a_review_succeeds_the_longer_it_lasts(gap):
    mind = asked(NEWCOMER, 1.0)
    soon, late = (asked(memory.forget(mind, days, P), 1.0).stability for days in (gap, 2.0 * gap))
    assert late > soon > mind.stability
    assert asked(mind, 1.0).stability < soon  # the same day gives least


def test_part_of_a_visit_goes_part_of_the_way():
    mind = memory.forget(asked(NEWCOMER, 1.0), 10.0, P)
    half = Exposure(0.5, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0)
    after, whole = memory.learn(mind, half, QUARTER_HOUR, SKILL, MEDIAN, 0.0, 0.5, P), asked(mind, 1.0)
    assert after.stability - mind.stability == pytest.approx((whole.stability - mind.stability) / 2.0)
    assert memory.retention(after, P) == pytest.approx((1.0 + memory.retention(mind, P)) / 2.0)


def test_what_was_known_before_follows_prior_ability_and_memory():
    u = (np.arange(100_000) + 0.5) / 100_000
    known = memory.begin(SKILL._replace(prior=0.3), MEDIAN, 0.0, u, P)
    assert memory.retention(known, P).mean() == pytest.approx(0.3 * 0.9, abs=1e-4)
    able = memory.begin(SKILL._replace(prior=0.3), MEDIAN._replace(ability=2.0), 0.0, u, P)
    odds = 0.3 / 0.7 * np.exp(2.0 * P.ability_logit)
    assert (able.stability > 0).mean() == pytest.approx(odds / (1.0 + odds), abs=1e-4)
    good = memory.begin(SKILL._replace(prior=1.0), MEDIAN._replace(memory=2.0), 0.0, 0.5, P)
    assert good.stability == 2.0 * P.brought


def test_answers_are_recalled_or_guessed():
    mind = Mind(np.array([0.0, 10.0, 10.0]), 5.0, np.array([0.0, 0.0, 10.0]), 0.0)
    expected = [0.15, 1.0 - 0.08, 0.15 + 0.77 * 0.9]
    np.testing.assert_allclose(memory.p_answer(mind, 3.0, SKILL, P), expected)
