"""Cohorts: is anything sold twice in a million random decisions, and what do weekly rounds cost?

    python benchmarks/cohorts.py            all cases, one JSON line each

Targets: in 10^6 decisions with random offers, legal or not: 0 weeks in which more is taken than there is (counted
anew from events) and 0 learners in two places; a decision in cohorts, rounds and seats included, <= 8 x one alone.
"""

import os
import time
from dataclasses import replace

from _claims import exactly, most, say, sized

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
DECISIONS, SIZE, LEARNERS = sized(1_000_000, 20_000), 8, sized(6000, 600)


def world():
    """Onboarding with hardly anything to be had, on days."""
    from adaptlearn.core.world import Calendar, Cohorts, load

    few = Cohorts(SIZE, coach_minutes=60.0, lab_seats=2, live_sessions=2)
    return replace(load("onboarding-v1"), cohorts=few, calendar=Calendar())


class Ledger:
    """What was taken, counted a second time from events; and where everybody was."""

    def __init__(self, place, n: int):
        import numpy as np

        from adaptlearn.core.cohorts import scarcity

        self.table = scarcity(place.activities, place.cohorts)
        self.column = np.full(len(place.activities), -1)
        self.column[self.table.activities] = np.arange(len(self.table.activities))
        self.starts = place.calendar.sessions(place.activities).astype(float)
        self.busy, self.twice, self.over, self.decisions = np.zeros(n), 0, 0, 0
        self.begin(n)

    def begin(self, n: int) -> None:
        """A week begins."""
        import numpy as np

        self.spent = np.zeros((-(-n // SIZE), len(self.table.limit)))
        self.joined = np.zeros((len(self.spent), len(self.column)), bool)

    def note(self, rows, days, taken, minutes) -> None:
        """One turn of some learners: decisions on these days, what was taken, for how long."""
        import numpy as np

        self.decisions += len(rows)
        self.twice += int((days < self.busy[rows] - 2e-5).sum())  # float32 days
        monday, start = 7.0 * np.floor(days / 7.0), self.starts[taken]
        held = np.where(start >= 0.0, monday + start + 7.0 * (monday + start < days), days)
        self.busy[rows] = np.where(taken > 0, held + minutes / 1440.0, self.busy[rows])
        scarce = self.column[taken] >= 0
        for i, a in zip(rows[scarce].tolist(), taken[scarce].tolist(), strict=True):
            new = not self.joined[i // SIZE, a]
            self.spent[i // SIZE] += self.table.use[self.column[a]] * np.where(self.table.once, new, True)
            self.joined[i // SIZE, a] = True
        self.over += int((self.spent > self.table.limit + 1e-9).any(1).sum())


def audited() -> tuple[int, int, int]:
    """Random offers until there were enough decisions.   -> decisions, weeks oversold, times in two places"""
    import numpy as np

    from adaptlearn.classroom.layout import EVENT
    from adaptlearn.classroom.room import Classroom
    from adaptlearn.classroom.rounds import Rounds
    from adaptlearn.envs.registry import rules

    place, done, over, twice = world(), 0, 0, 0
    terms, rng, at = rules(place, decides="offer"), np.random.default_rng(0), {name: j for j, name in enumerate(EVENT)}
    for batch in range(100):
        room = Classroom(terms, LEARNERS, batch).begin(np.arange(LEARNERS))
        rounds, ledger, week = Rounds(room), Ledger(place, LEARNERS), -1
        while (acting := rounds.turn()).any() and done + ledger.decisions < DECISIONS:
            if rounds.week > week:
                week = rounds.week
                ledger.begin(LEARNERS)
            room.offers[...] = rng.integers(0, room.mask.shape[1], room.offers.shape)
            rows = np.flatnonzero(acting)
            rounds.decide(lambda whose: None)
            room.step()
            rounds.settle()
            event = room.event[rows]
            ledger.note(
                rows, event[:, at["day"]].astype(float), event[:, at["taken"]].astype(int), event[:, at["minutes"]]
            )
        done, over, twice = done + ledger.decisions, over + ledger.over, twice + ledger.twice
        if done >= DECISIONS:
            break
    return done, over, twice


def cost() -> tuple[float, float]:
    """Processor time of a decision alone and in cohorts, mastery learning, the same learners.   -> us, us"""
    from adaptlearn.agents import shelf
    from adaptlearn.classroom.simulate import simulate
    from adaptlearn.core.world import load
    from adaptlearn.envs.registry import rules

    took = []
    for place in (load("onboarding-v1"), world()):
        policy, terms = shelf.build("mastery", place), rules(place)
        simulate(policy, terms, range(SIZE), 1)
        runs = []
        for _ in range(3):
            start = time.process_time()
            lives = simulate(policy, terms, range(sized(2048, 64)), 1)
            runs.append((time.process_time() - start) / float(lives["step"].sum()) * 1e6)
        took.append(min(runs))
    return took[0], took[1]


def main() -> None:
    """Print one JSON line per case."""
    alone, together = cost()
    say("a decision", most("a decision in cohorts, times one alone", together / alone, 8.0),
        us_alone=alone, us_in_cohorts=together)  # fmt: skip
    done, over, twice = audited()
    say("random decisions", exactly(f"weeks oversold in {done:,} random decisions", over, 0),
        exactly("learners in two places at once, in the same", twice, 0), decisions=done)  # fmt: skip


if __name__ == "__main__":
    main()
