"""From scores to choices: softmax over what is legal, chances that are the true ones, slates without repeats."""

import numpy as np
import pytest
from plays import tiny
from scipy import stats

from adaptlearn.classroom.room import LIFE, Classroom
from adaptlearn.core import luck

MANY, SEED = 60_000, 21
SCORES = np.array([0.3, -1.2, 2.0, 0.0, 0.7, 2.0, -3.0, 1.1, 0.4, 0.9], np.float32)
CLOSED = [2, 6]  # what is not legal, the best included


@pytest.fixture(scope="module")
def room():
    """Many newcomers, for whom two activities are not legal."""
    return closed(Classroom(tiny(), MANY, SEED).begin(np.arange(MANY)))


@pytest.fixture(scope="module")
def slates():
    return closed(Classroom(tiny(decides="offer"), MANY, SEED).begin(np.arange(MANY)))


def closed(room):
    room.mask[:] = 1
    room.mask[:, CLOSED] = 0
    return room


def softmax(scores, temperature, legal):
    odds = np.where(legal, np.exp((scores.astype(np.float64) - scores[legal].max()) / temperature), 0.0)
    return odds / odds.sum()


def everyone(scores):
    return np.tile(scores, (MANY, 1))


LEGAL = ~np.isin(np.arange(10), CLOSED)


@pytest.mark.parametrize("temperature", [0.25, 1.0, 4.0])
def test_frequencies_and_propensities_are_the_softmax_over_the_legal(room, temperature):
    room.choose(everyone(SCORES), temperature)
    chosen, exact = room.offers[:, 0], softmax(SCORES, temperature, LEGAL)
    counts = np.bincount(chosen, minlength=10)
    assert not counts[CLOSED].any()
    assert stats.chisquare(counts[LEGAL], exact[LEGAL] * MANY).pvalue > 1e-5
    np.testing.assert_allclose(room.propensity[:, 0], exact[chosen], rtol=2e-6)


def test_a_choice_is_the_inverse_distribution_function_at_the_learners_luck(room):
    """Catalogue order, one uniform per learner, step and place: whoever has the scores can tell the choice again."""
    room.choose(everyone(SCORES), 1.0)
    u = luck.uniform(SEED, luck.POLICY, room.ids, 0, 0).astype(np.float64)
    edges = np.cumsum(softmax(SCORES, 1.0, LEGAL))
    clear = np.abs(u[:, None] - edges).min(1) > 1e-5
    assert clear.mean() > 0.99
    np.testing.assert_array_equal(room.offers[clear, 0], np.searchsorted(edges, u[clear], side="right"))


def test_temperature_nought_takes_the_largest_legal_and_the_first_of_equals(room):
    scores = SCORES.copy()
    scores[[4, 8]] = 2.5  # the largest that is legal, twice
    room.choose(everyone(scores), 0.0)
    assert (room.offers[:, 0] == 4).all() and (room.propensity == 1.0).all()


def test_cold_is_nearly_greedy_and_hot_is_nearly_even(room):
    room.choose(everyone(SCORES), 1e-3)
    assert (room.offers[:, 0] == 5).all() and (room.propensity > 0.999).all()
    room.choose(everyone(SCORES), 1e6)
    np.testing.assert_allclose(room.propensity, 1.0 / LEGAL.sum(), rtol=1e-4)


def test_adding_a_constant_to_all_scores_changes_nothing(room):
    room.choose(everyone(np.round(SCORES)), 1.0)
    before = room.offers.copy(), room.propensity.copy()
    room.choose(everyone(np.round(SCORES) + np.float32(4096.0)), 1.0)
    np.testing.assert_array_equal(room.offers, before[0])
    np.testing.assert_allclose(room.propensity, before[1], rtol=1e-6)


def test_scores_far_apart_neither_overflow_nor_lose_their_chances(room):
    room.choose(everyone(np.where(np.arange(10) == 3, 1e30, -1e30).astype(np.float32)), 1.0)
    assert (room.offers == 3).all() and (room.propensity == 1.0).all()


def test_a_policy_may_rule_everything_out(room):
    """Minus infinity for whatever is legal is nothing now, for sure."""
    room.choose(np.full((MANY, 10), -np.inf, np.float32), 1.0)
    assert (room.offers == 0).all() and (room.propensity == 1.0).all()


def test_what_is_ruled_out_is_never_drawn(room):
    scores = SCORES.copy()
    scores[[0, 7]] = -np.inf
    room.choose(everyone(scores), 1.0)
    open_ = LEGAL & ~np.isin(np.arange(10), [0, 7])
    counts = np.bincount(room.offers[:, 0], minlength=10)
    assert not counts[~open_].any()
    np.testing.assert_allclose(room.propensity[:, 0], softmax(SCORES, 1.0, open_)[room.offers[:, 0]], rtol=2e-6)


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_places_of_a_slate_are_drawn_one_after_the_other_without_repeats(slates, temperature):
    """The second place is the softmax over what the first left, and so on; so are the propensities."""
    slates.choose(everyone(SCORES), temperature)
    offers = slates.offers
    assert offers.shape == (MANY, 3) and (np.diff(np.sort(offers, 1), axis=1) > 0).all()
    assert not np.isin(offers, CLOSED).any()
    for j in range(3):
        left = np.tile(LEGAL, (MANY, 1))
        for before in range(j):
            left[np.arange(MANY), offers[:, before]] = False
        odds = np.where(left, np.exp(SCORES.astype(np.float64) / temperature), 0.0)
        exact = odds / odds.sum(1, keepdims=True)
        np.testing.assert_allclose(slates.propensity[:, j], exact[np.arange(MANY), offers[:, j]], rtol=5e-6)
        counts = np.bincount(offers[:, j], minlength=10)[LEGAL]
        assert stats.chisquare(counts, exact.sum(0)[LEGAL]).pvalue > 1e-5


def test_a_greedy_slate_is_the_best_in_order(slates):
    slates.choose(everyone(SCORES), 0.0)
    assert (slates.offers == [5, 7, 9]).all() and (slates.propensity == 1.0).all()


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_in_a_diverse_slate_likeness_costs_and_propensities_are_those_of_the_draws(slates, temperature):
    """Maximal marginal relevance by brute force: every place is a softmax of scores less the closest one's likeness."""
    plain = slates.propensity.copy()
    slates.choose(everyone(SCORES), temperature, None, 1.5)
    offers, alike = slates.offers, slates.pack.alike.astype(np.float64)
    np.testing.assert_allclose(np.diag(alike)[1:], 1.0, atol=1e-6)
    np.testing.assert_allclose(alike, alike.T, atol=1e-6)
    everybody = np.arange(MANY)
    for j in range(3):
        left, closest = np.tile(LEGAL, (MANY, 1)), np.zeros((MANY, 10))
        for before in range(j):
            left[everybody, offers[:, before]] = False
            closest = np.maximum(closest, alike[:, offers[:, before]].T)
        odds = np.where(left, np.exp((SCORES - 1.5 * closest) / temperature), 0.0)
        exact = odds / odds.sum(1, keepdims=True)
        np.testing.assert_allclose(slates.propensity[:, j], exact[everybody, offers[:, j]], rtol=1e-5)
        counts = np.bincount(offers[:, j], minlength=10)[LEGAL]
        assert stats.chisquare(counts, exact.sum(0)[LEGAL]).pvalue > 1e-5
    assert plain.shape == slates.propensity.shape


def test_more_diversity_makes_slates_less_alike(slates):
    def likeness(diversity):
        slates.choose(everyone(SCORES), 1.0, None, diversity)
        a, b, c = slates.offers.T
        alike = slates.pack.alike
        return (alike[a, b] + alike[a, c] + alike[b, c]).mean()

    likenesses = [likeness(diversity) for diversity in (0.0, 1.0, 3.0, 30.0)]
    assert all(more > less for more, less in zip(likenesses[:-1], likenesses[1:], strict=True))


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_slate_longer_than_what_is_legal_ends_in_nothing_now(temperature):
    """There is no third thing to offer: those places say so, for sure, and nothing is repeated but nothing."""
    room = Classroom(tiny(decides="offer"), 500, SEED).begin(np.arange(500))
    room.mask[:] = 0
    room.mask[:, [0, 4]] = 1
    room.choose(np.tile(SCORES, (500, 1)), temperature)
    assert (np.sort(room.offers[:, :2], 1) == [0, 4]).all() and (room.offers[:, 2] == 0).all()
    assert np.isfinite(room.propensity).all() and (room.propensity[:, 2] == 1.0).all()


def test_wandering_is_even_over_the_legal(room):
    room.wander()
    counts = np.bincount(room.offers[:, 0], minlength=10)
    assert not counts[CLOSED].any() and stats.chisquare(counts[LEGAL]).pvalue > 1e-5
    np.testing.assert_allclose(room.propensity, 1.0 / LEGAL.sum(), rtol=1e-6)


def test_a_choice_depends_on_who_when_and_the_seed_and_not_on_the_row(room):
    few = closed(Classroom(tiny(), 50, SEED).begin(np.arange(100, 150)[::-1]))
    few.choose(np.tile(SCORES, (50, 1)), 1.0)
    room.choose(everyone(SCORES), 1.0)
    np.testing.assert_array_equal(few.offers[::-1], room.offers[100:150])
    few.life[:, LIFE["step"]] = 3.0
    few.choose(np.tile(SCORES, (50, 1)), 1.0)
    assert (few.offers[::-1] != room.offers[100:150]).any()
