"""Seats, minutes and sessions that a cohort can run out of: who asked, who gets, what is left of the week.

Requests of one turn are granted in the order of priority and, where that is equal, of a ticket drawn by each learner's
own luck. Where a learner stands in an array, and how small their number is, decides nothing.

Axes: N rows of the classroom, C cohorts, S scarce activities, R resources, Q requests.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.core.cohorts import Scarcity
from adaptlearn.core.compiled import compiled

Ints, Bools, Reals = NDArray[np.int64], NDArray[np.bool_], NDArray[np.float64]


def _grant(who, what, cohort, use, once, left, opened, held, given):  # type: ignore[no-untyped-def]
    """Go through requests in the order given and grant each that still fits; of a slate only one place is taken, so it
    is granted the most it may need, not the sum.   left [C, R], opened [C, S], held [N, R] are used up in place"""
    for q in range(who.shape[0]):
        i, s = who[q], what[q]
        c, fits = cohort[i], True
        for r in range(use.shape[1]):
            more = use[s, r] * (not opened[c, s]) if once[r] else use[s, r] - held[i, r]
            fits = fits and more <= left[c, r]
        given[q] = fits
        if fits:
            for r in range(use.shape[1]):
                if once[r]:
                    left[c, r] -= use[s, r] * (not opened[c, s])
                else:
                    left[c, r] -= max(use[s, r] - held[i, r], 0.0)
                    held[i, r] = max(held[i, r], use[s, r])
            opened[c, s] = True


@lru_cache(maxsize=1)
def _kernel() -> Any:
    return compiled(_grant)


class Seats:
    """What is left of a week in every cohort."""

    def __init__(self, scarcity: Scarcity, cohorts: int, activities: int):
        self.table = scarcity
        self.left = np.tile(scarcity.limit, (cohorts, 1))  # [C, R]
        self.opened = np.zeros((cohorts, len(scarcity.activities)), bool)  # [C, S] taken by somebody this week
        self.column = np.full(activities, -1, np.int64)  # [A] a scarce activity's place in S, else -1
        self.column[scarcity.activities] = np.arange(len(scarcity.activities))

    def renew(self) -> None:
        """A week begins."""
        self.left[...], self.opened[...] = self.table.limit, False

    def full(self) -> Bools:
        """Activities for which one more learner has no room.   -> [C, S]"""
        need = np.where(self.table.once & self.opened[:, :, None], 0.0, self.table.use)  # [C, S, R]
        return np.asarray((need > self.left[:, None, :]).any(2))

    def grant(self, who: Ints, what: Ints, first: Reals, ticket: Reals, cohort: Ints) -> Bools:
        """Which requests are met, if all were made at once.

        Args:
            who, what: rows and scarce activities asked for.   [Q]
            first: priority of each request, largest first; then ``ticket``, smallest first.   [Q]
            cohort: of every row.   [N]
        """
        line = np.lexsort((what, who, ticket, -first))
        given = np.zeros(len(who), bool)
        met = np.zeros(len(who), bool)
        held = np.zeros((len(cohort), len(self.table.resources)))
        _kernel()(who[line], what[line], cohort, self.table.use, self.table.once, self.left.copy(), self.opened.copy(),
                  held, given)  # fmt: skip
        met[line] = given
        return met

    def spend(self, cohort: Ints, what: Ints) -> None:
        """Activities that were taken, by learners of these cohorts.   [Q], [Q]"""
        used = self.table.use[what]  # [Q, R]
        pairs, firsts = np.unique(np.stack([cohort, what], 1), axis=0, return_index=True)
        new = np.zeros(len(what), bool)
        new[firsts] = ~self.opened[pairs[:, 0], pairs[:, 1]]
        np.subtract.at(self.left, cohort, np.where(self.table.once, used * new[:, None], used))
        self.opened[cohort, what] = True
