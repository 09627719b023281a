"""Held-out learners practise again, simulated: a log of answers as a law and a population would have written it.

For every practice (one learner, one skill) of the held-out learners a simulated one begins; answers come from the
law's own text under the fitted numbers, and the platform's habit of stopping is read off the other learners: the chance
to stop after an answer, by how many there were and how many right ones in a row. So the lengths of practice, who
stops on a wrong answer, and accuracy over opportunities (of those who still practise) all follow from the answers.
"""

from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.core.learner import Exposure, Population, Skill, Traits
from adaptlearn.tracing.predictive import ACCURACY, GAPS, LEAVING, LENGTHS, SHARE, Check, check, not_made
from adaptlearn.tracing.sequences import columns

STEPS = np.array([1, 2, 3, 4, 5, 6, 8, 11, 16, 31])  #: answers so far, where a new cell of the stopping habit begins
RUN = 4  #: right answers in a row that are told apart, 0 .. RUN - 1 and more
LONGEST = 200  #: answers in one simulated practice
SHOWN = 10  #: opportunities whose accuracy is compared
AFTER = (1, 3, 5, 10, 20)  #: answers after which we ask who goes on
ENOUGH = 10  #: answers of a learner whose share of right ones counts in the spread
LONG = 5  #: answers of a practice whose share of right ones counts in theirs
MINUTES = 15.0  #: of one opportunity: the dose at which a law's learning is the tracer's


class Practices(NamedTuple):
    """Answers by learner and skill, padded: what is compared between logs."""

    learner: NDArray[np.int64]  # [S]
    skill: NDArray[np.int64]  # [S]
    right: NDArray[np.int8]  # [S, T] 1 right, 0 wrong, -1 no more

    @property
    def length(self) -> NDArray[np.int64]:
        return np.asarray((self.right >= 0).sum(1))


def practices(learner: ArrayLike, skill: ArrayLike, correct: ArrayLike) -> tuple[Practices, tuple[object, ...]]:
    """A log, practice by practice; what lies beyond LONGEST is cut.   each [M] -> practices, skills"""
    who, what, right, _, skills = columns(learner, skill, correct)
    order = np.lexsort((np.arange(len(who)), what, who))
    new = np.r_[True, (np.diff(who[order]) != 0) | (np.diff(what[order]) != 0)]
    begin = np.flatnonzero(new)
    place = np.arange(len(who)) - np.repeat(begin, np.diff(np.r_[begin, len(who)]))
    table = np.full((len(begin), min(LONGEST, int(place.max()) + 1)), -1, np.int8)
    kept = place < table.shape[1]
    table[(np.cumsum(new) - 1)[kept], place[kept]] = right[order][kept]
    return Practices(who[order][begin], what[order][begin], table), skills


def _cells(so_far: int, streak: NDArray[np.int64]) -> tuple[int, NDArray[np.int64]]:
    return int(np.searchsorted(STEPS, so_far, side="right")) - 1, np.minimum(streak, RUN - 1)


def stopping(seen: Practices) -> NDArray[np.float64]:
    """P(no further answer | answers so far, right ones in a row).   -> [len(STEPS), RUN]"""
    asked, stopped = np.full((2, len(STEPS), RUN), [[[1.0]], [[0.5]]])  # half a stop imagined in each cell
    streak, length = np.zeros(len(seen.right), np.int64), seen.length
    for t in range(seen.right.shape[1]):
        there = length > t
        streak = np.where(seen.right[:, t] == 1, streak + 1, 0)
        row, run = _cells(t + 1, streak)
        np.add.at(asked[row], run[there], 1.0)
        np.add.at(stopped[row], run[there], length[there] == t + 1)
    return np.asarray(stopped / asked)


def replay(
    seen: Practices, law: Any, skills: NDArray[np.float64], habit: NDArray[np.float64], population: Population,
    seed: int, law_params: Any = None,
) -> Practices:  # fmt: skip
    """The same practices begun by simulated learners.   skills [K, 6] in the order of ``core.learner.Skill``"""
    rng, p = np.random.default_rng(seed), law.Params() if law_params is None else law_params
    if hasattr(p, "opportunities"):
        p = p._replace(opportunities=1.0)  # that one answer is, whatever a visit of MINUTES has
    people = population.draw(np.arange(int(seen.learner.max()) + 1), seed)
    trait = Traits(*people[seen.learner].astype(np.float64).T)
    skill = Skill(*skills[seen.skill].T)
    activity = SimpleNamespace(**PLAIN)
    S, T = len(seen.skill), LONGEST
    right, alive = np.full((S, T), -1, np.int8), np.ones(S, bool)
    mind = law.begin(skill, trait, rng.standard_normal(S), rng.random(S), p)
    streak = np.zeros(S, np.int64)
    for t in range(T):
        answer = (rng.random(S) < law.p_answer(mind, 0.0, skill, p)).astype(np.int8)
        right[alive, t] = answer[alive]
        streak = np.where(answer == 1, streak + 1, 0)
        row, run = _cells(t + 1, streak)
        alive &= rng.random(S) >= habit[row, run]
        if not alive.any():
            break
        exposure = Exposure(1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, answer.astype(np.float64), 0.0)
        mind = law.learn(mind, exposure, activity, skill, trait, rng.standard_normal(S), rng.random(S), p)
    return Practices(seen.learner, seen.skill, right)


PLAIN = dict(minutes=MINUTES, quality=0.0, assistance=0.5, elaborated=0.0, correct_answer=1.0, verification=0.0,
             coach=0.0, peer=0.0, multimedia=0.0, flipped=0.0, blended=0.0, difficulty=0.0)  # fmt: skip


def figures(seen: Practices) -> dict[str, dict[str, float]]:
    """What is compared, by kind of check."""
    length, right = seen.length, seen.right
    last = right[np.arange(len(right)), length - 1]
    got = (right == 1).sum(1)
    usual = np.bincount(seen.skill, got) / np.maximum(np.bincount(seen.skill, length), 1)
    beyond = got - length * usual[seen.skill]  # right answers beside what the skill makes likely
    surplus, counts = (np.bincount(seen.learner, values) for values in (beyond, length))
    many = counts >= ENOUGH
    with np.errstate(invalid="ignore", divide="ignore"):
        each = [(right[:, t] == 1).sum() / (right[:, t] >= 0).sum() if t < right.shape[1] else np.nan
                for t in range(SHOWN)]  # fmt: skip
        spread = float(np.std(surplus[many] / counts[many])) if many.sum() > 1 else float("nan")
        among = (beyond / length)[length >= LONG]
    return {
        ACCURACY: {f"right at opportunity {t + 1}": float(share) for t, share in enumerate(each)}
        | {
            "spread of learners around their skills' shares": spread,
            "spread of practices around their skills' shares": float(np.std(among)) if len(among) else float("nan"),
        },
        LENGTHS: {f"practices longer than {n}": float(np.mean(length > n)) for n in AFTER},
        LEAVING: {"practices left after a wrong answer": float(np.mean(last == 0))},
    }


def checks(held_out: Practices, simulated: list[Practices]) -> list[Check]:
    """Held-out practices against simulated ones, one log per posterior draw."""
    seen, drawn = figures(held_out), [figures(one) for one in simulated]
    made = [check(kind, list(named), list(named.values()), [list(one[kind].values()) for one in drawn], SHARE)
            for kind, named in seen.items()]  # fmt: skip
    return [*made, not_made(GAPS, "a log of answers says nothing of what the learner was offered between visits")]
