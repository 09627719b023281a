"""What a cohort can run out of, beside the obvious way: dictionaries, one request after another, by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptlearn.classroom.seats import Seats
from adaptlearn.core.cohorts import Scarcity

pytestmark = pytest.mark.kernels


@st.composite
def weeks(draw):
    """A table of what is scarce, some of it already used, and requests of one turn."""
    n, cohorts, scarce, resources = (draw(st.integers(1, most)) for most in (8, 3, 4, 3))
    dice = np.random.default_rng(draw(st.integers(0, 10_000)))
    use = dice.integers(0, 4, (scarce, resources)).astype(float)
    limit, once = dice.integers(0, 7, resources).astype(float), dice.random(resources) < 0.4
    use[:, once] = (use[:, once] > 0) * 1.0
    table = Scarcity(np.arange(scarce), tuple(map(str, range(resources))), use, limit, once)
    seats = Seats(table, cohorts, scarce)
    cohort = dice.integers(0, cohorts, n)
    pairs = np.array([(i, s) for i in range(n) for s in range(scarce)])
    asked = pairs[dice.permutation(len(pairs))[: draw(st.integers(1, len(pairs)))]]
    first = dice.integers(0, 3, len(asked)).astype(float)
    ticket = dice.random(n)[asked[:, 0]]
    return seats, asked[:, 0], asked[:, 1], first, ticket, cohort


def by_hand(seats, who, what, first, ticket, cohort):
    """Largest priority first, then the smallest ticket; of one learner's requests only the dearest is kept free for."""
    table, left, opened, held = seats.table, {}, set(zip(*np.nonzero(seats.opened), strict=True)), {}
    met = np.zeros(len(who), bool)
    for q in sorted(range(len(who)), key=lambda q: (-first[q], ticket[q], who[q], what[q])):
        i, s, c = int(who[q]), int(what[q]), int(cohort[who[q]])
        room = left.setdefault(c, seats.left[c].copy())
        mine = held.setdefault(i, np.zeros(len(room)))
        more = np.where(table.once, table.use[s] * ((c, s) not in opened), table.use[s] - mine)
        met[q] = (more <= room).all()
        if met[q]:
            room -= np.where(table.once, more, np.maximum(more, 0.0))
            held[i] = np.where(table.once, mine, np.maximum(mine, table.use[s]))
            opened.add((c, s))
    return met


@settings(max_examples=60, deadline=None)
@given(weeks())
def test_requests_are_met_as_by_hand(week):
    seats, *asked = week
    left = seats.left.copy()
    np.testing.assert_array_equal(seats.grant(*asked), by_hand(seats, *asked))
    np.testing.assert_array_equal(seats.left, left)  # a request is no visit: nothing is used up yet


@settings(max_examples=60, deadline=None)
@given(weeks(), st.integers(0, 10_000))
def test_whichever_one_request_each_learner_takes_up_nothing_is_sold_twice(week, seed):
    """What was granted may be taken, one activity a learner, and there is enough of everything."""
    seats, who, what, first, ticket, cohort = week
    met = np.flatnonzero(seats.grant(who, what, first, ticket, cohort))
    dice = np.random.default_rng(seed)
    taken = [int(dice.choice(met[who[met] == i])) for i in np.unique(who[met])]
    seats.spend(cohort[who[taken]], what[taken])
    assert (seats.left >= -1e-9).all()
    full = seats.full()
    for c in range(len(seats.left)):
        for s in range(full.shape[1]):
            need = np.where(seats.table.once & seats.opened[c, s], 0.0, seats.table.use[s])
            assert full[c, s] == (need > seats.left[c]).any()


@settings(max_examples=40, deadline=None)
@given(weeks(), st.integers(0, 10_000))
def test_where_a_request_stands_in_an_array_decides_nothing(week, seed):
    seats, who, what, first, ticket, cohort = week
    order = np.random.default_rng(seed).permutation(len(who))
    mixed = seats.grant(who[order], what[order], first[order], ticket[order], cohort)
    np.testing.assert_array_equal(mixed, seats.grant(who, what, first, ticket, cohort)[order])


@settings(max_examples=40, deadline=None)
@given(weeks())
def test_a_cohort_knows_nothing_of_another(week):
    seats, who, what, first, ticket, cohort = week
    whole = seats.grant(who, what, first, ticket, cohort)
    for c in np.unique(cohort):
        mine = cohort[who] == c
        if mine.any():
            np.testing.assert_array_equal(seats.grant(*(x[mine] for x in (who, what, first, ticket)), cohort),
                                          whole[mine])  # fmt: skip
