"""What shows in the work: each factor helps, none has a veto, and the sizes lie where published ones do."""

import numpy as np
import pytest

from adaptlearn.laws import transfer

P = transfer.Params()
N = 40_000
Z = np.random.default_rng(3).normal(size=(5, N))
PLACE = transfer.workplace(*Z[:3], P)
FULL = transfer.Workplace(1.0, 1.0, 1.0)


def crowd():
    """People whose mastery, likeness, motivation and workplace vary independently.   -> application [N]"""
    mastery = 1.0 / (1.0 + np.exp(-Z[3]))
    return transfer.application(mastery, np.full(N, 0.5), PLACE, Z[4], P), mastery


def test_application_and_its_factors_lie_between_0_and_1():
    used, mastery = crowd()
    assert ((used >= 0.0) & (used <= mastery)).all()
    assert all(((factor > 0.0) & (factor < 1.0)).all() for factor in PLACE)


@pytest.mark.parametrize("what", ["mastery", "authenticity", "opportunity", "manager", "peers", "motivation"])
def test_more_of_any_factor_shows_more(what):
    at = {"mastery": 0.5, "authenticity": 0.5, "motivation": 0.0}
    place = transfer.Workplace(0.5, 0.5, 0.5)

    def used(value):
        where = place._replace(**{what: value}) if what in place._fields else place
        given = at | ({what: value} if what in at else {})
        return transfer.application(given["mastery"], given["authenticity"], where, given["motivation"], P)

    seen = [used(value) for value in (0.1, 0.4, 0.7, 0.9)]
    assert (np.diff(seen) > 0).all()


def test_nothing_is_used_that_is_not_known_and_nothing_where_there_is_no_occasion():
    assert transfer.application(0.0, 1.0, FULL, 3.0, P) == 0.0
    assert transfer.application(1.0, 1.0, FULL._replace(opportunity=0.0), 3.0, P) == 0.0


def test_no_other_factor_has_a_veto():
    bare = transfer.Workplace(1.0, 0.0, 0.0)
    assert transfer.application(1.0, 0.0, bare, -40.0, P) == pytest.approx(P.apart * P.alone * P.idle)


def test_the_environment_and_the_will_go_with_transfer_as_much_as_published():
    """Blume et al. (2010): in the order of .2 to .4 each; assumed sizes, so the range is wide."""
    used, _ = crowd()
    support = transfer.support(PLACE, P)
    for factor in (support, Z[4]):
        assert 0.1 < np.corrcoef(factor, used)[0, 1] < 0.45


def test_two_managers_agree_about_as_much_as_published():
    """Viswesvaran et al. (1996): .52 between two supervisors of the same work."""
    used, _ = crowd()
    dice = np.random.default_rng(8)
    notes = [transfer.check(used, dice.normal(size=N), P) for _ in range(2)]
    assert 0.4 < np.corrcoef(*notes)[0, 1] < 0.65


def test_a_check_is_a_whole_number_of_points_from_1_to_5():
    notes = transfer.check(np.linspace(0.0, 1.0, N), Z[0], P)
    assert set(np.unique(notes)) == {1.0, 2.0, 3.0, 4.0, 5.0}
    blind = transfer.check(np.array([0.0, 0.5 * P.best, 1.0]), 0.0, P)
    assert blind.tolist() == [1.0, 3.0, 5.0]
