"""Bayesian knowledge tracing in scikit-learn's manner: the constructor stores settings, ``fit`` learns.

    tracer = BKT(restarts=5).fit(learner, skill, correct)       # flat columns; the order of rows is the order of time
    tracer.skills_["Circumference"].tracer.learn                # P(unknown -> known) at one answer
    chance = tracer.predict(learner, skill, correct)            # P(correct) before each answer
    belief = tracer.update(belief, "Circumference", correct=1)  # one step, constant time

Exact expectation-maximisation, one skill at a time, from several starting points (Corbett & Anderson 1995; compiled
in ``bkt_kernels``). Given an ``item``, guess and slip are per item; given a ``lesson`` (what the learner was doing),
learning is per lesson; given a ``group``, the prior is per group of learners, or per learner (Pardos & Heffernan
2010). Each of these is pulled towards its skill, and a name that fit never saw is treated as its skill is.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from typing import ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.core import luck
from adaptlearn.core.record import Tracer, after_items
from adaptlearn.tracing.bkt_fit import COINS, FAINT, STARTS, Priors, Settings, SkillFit, Variants, data_of, fit_skill
from adaptlearn.tracing.estimator import Estimator, Floats
from adaptlearn.tracing.sequences import Sequences, beside, both_kinds, sequences


class Trace(NamedTuple):
    """What a tracer believes before each answer, from the same learner's earlier answers on the same skill."""

    correct: Floats  # [M] P(correct)
    known: Floats  # [M] P(known)


@dataclass
class BKT(Estimator):
    """A tracer of knowledge, one two-state hidden Markov model per skill.

    Fitted attributes: ``skills_`` (name -> SkillFit), ``log_likelihood_`` (nats, in sample), ``n_answers_``,
    ``typical_`` (the median skill, for skills nobody has data on).
    """

    reads: ClassVar[tuple[str, ...]] = ("item", "lesson", "group")
    restarts: int = 5  # starting points per skill, >= 1
    forgets: bool = False  # may what is known become unknown between answers
    priors: Priors = FAINT
    pull: float = 5.0  # imagined answers that pull an item, lesson or group towards its skill, > 0
    tolerance: float = 1e-3  # EM ends when a step gains less than this many nats on a skill, > 0
    sweeps: int = 500  # most passes over a skill's answers per start, >= 4
    threads: int | None = None  # None = one per core; the result does not depend on it
    seed: int = 0  # of the starting points

    def fit(
        self, learner: ArrayLike, skill: ArrayLike, correct: ArrayLike, *,
        item: ArrayLike | None = None, lesson: ArrayLike | None = None, group: ArrayLike | None = None,
    ) -> Self:  # fmt: skip
        """Fit every skill of a log.   each column [M], rows in the order of time

        Raises:
            ValueError: empty log, missing values, unequal lengths, answers other than 0 and 1, or of one kind only.
        """
        self._check()
        seqs = sequences(learner, skill, correct)
        both_kinds(seqs.right)
        columns = _sorted_columns(seqs, item, lesson, group)
        how = Settings(self.priors, self.forgets, self.pull, self.tolerance, self.sweeps)
        starts = self._starts(seqs.skills)
        largest_first = np.argsort([seqs.of(k)[0].start - seqs.of(k)[0].stop for k in range(len(seqs.skills))])

        def one(k: int) -> SkillFit:
            return fit_skill(seqs, k, columns, starts[k], how)

        with ThreadPoolExecutor(self.threads or cpu_count() or 1) as pool:
            fits = dict(zip(largest_first.tolist(), pool.map(one, largest_first.tolist()), strict=True))
        self.skills_: dict[object, SkillFit] = {seqs.skills[k]: fits[k] for k in range(len(seqs.skills))}
        self.log_likelihood_ = float(sum(fit.log_likelihood for fit in self.skills_.values()))
        self.n_answers_ = len(seqs.right)
        self.typical_ = _typical(fit.tracer for fit in self.skills_.values())
        return self

    @classmethod
    def of(cls, tracers: Mapping[object, Tracer]) -> Self:
        """A tracer with given parameters, such as the columns of a world's ``skills.csv``; ``forget`` is per answer."""
        made = cls(forgets=any(tracer.forget > 0.0 for tracer in tracers.values()))
        blank = Tracer(*[float("nan")] * 5)
        made.skills_ = {
            name: SkillFit(name, t, blank, 0, 0, 0, 0.0, (), (), np.array([getattr(t, coin) for coin in COINS]),
                           (1, 1, 1), {}, {}, {})
            for name, t in tracers.items()
        }  # fmt: skip
        made.log_likelihood_, made.n_answers_, made.typical_ = 0.0, 0, _typical(tracers.values())
        return made

    def trace(
        self, learner: ArrayLike, skill: ArrayLike, correct: ArrayLike, *, unknown: str = "error",
        item: ArrayLike | None = None, lesson: ArrayLike | None = None, group: ArrayLike | None = None,
    ) -> Trace:  # fmt: skip
        """P(correct) and P(known) before each answer.   each column [M] -> two of [M], in the order of the log

        Args:
            unknown: what to do with a skill that fit never saw: ``error``, or ``typical`` (the median skill).

        Raises:
            UnknownSkill: a skill was not in the log of fit and ``unknown`` is ``error``.
        """
        from adaptlearn.tracing import bkt_kernels as kernels

        seqs = sequences(learner, skill, correct)
        known, right = np.empty(len(seqs.right)), np.empty(len(seqs.right))
        for rows, fit, data in self._skill_by_skill(seqs, _sorted_columns(seqs, item, lesson, group), unknown):
            kernels.trace(fit.theta, fit.sizes, *data, known[rows], right[rows])
        return Trace(seqs.back(right), seqs.back(known))

    def predict(
        self, learner: ArrayLike, skill: ArrayLike, correct: ArrayLike, *, unknown: str = "error",
        item: ArrayLike | None = None, lesson: ArrayLike | None = None, group: ArrayLike | None = None,
    ) -> Floats:  # fmt: skip
        """P(correct) before each answer, see :meth:`trace`.   -> [M]"""
        return self.trace(learner, skill, correct, unknown=unknown, item=item, lesson=lesson, group=group).correct

    def smooth(
        self, learner: ArrayLike, skill: ArrayLike, correct: ArrayLike, *,
        item: ArrayLike | None = None, lesson: ArrayLike | None = None, group: ArrayLike | None = None,
    ) -> Floats:  # fmt: skip
        """P(known when answering | all answers of that learner on that skill, later ones too).   -> [M]"""
        from adaptlearn.tracing import bkt_kernels as kernels

        seqs = sequences(learner, skill, correct)
        known = np.empty(len(seqs.right))
        for rows, fit, data in self._skill_by_skill(seqs, _sorted_columns(seqs, item, lesson, group), "error"):
            kernels.smooth(fit.theta, fit.sizes, *data, known[rows])
        return seqs.back(known)

    def viterbi(
        self, learner: ArrayLike, skill: ArrayLike, correct: ArrayLike, *,
        item: ArrayLike | None = None, lesson: ArrayLike | None = None, group: ArrayLike | None = None,
    ) -> NDArray[np.uint8]:  # fmt: skip
        """The most likely hidden path: 1 where the skill was known when answering.   -> [M]"""
        from adaptlearn.tracing import bkt_kernels as kernels

        seqs = sequences(learner, skill, correct)
        path = np.empty(len(seqs.right), np.uint8)
        for rows, fit, data in self._skill_by_skill(seqs, _sorted_columns(seqs, item, lesson, group), "error"):
            kernels.viterbi(fit.theta, fit.sizes, *data, path[rows])
        return seqs.back(path)

    def begin(self, skill: object, *, group: object = None) -> float:
        """P(known) of a learner nobody has seen."""
        return self._fit_of(skill).coins(group=group).prior

    def update(
        self, known: ArrayLike, skill: object, correct: ArrayLike, *, item: object = None, lesson: object = None
    ) -> Floats:
        """P(known) after one more answer and what was learned from it.   known [N] or one, correct likewise"""
        tracer = self._fit_of(skill).coins(item, lesson)
        told = after_items(np.asarray(known, np.float64), 1.0, np.asarray(correct, np.float64), tracer)
        return told * (1.0 - tracer.forget) + (1.0 - told) * tracer.learn

    def table(self, level: float = 0.95) -> list[dict[str, object]]:
        """One row per skill: chances, their intervals, answers, learners, log-likelihood."""
        rows = []
        for name, fit in self.skills_.items():
            row: dict[str, object] = {"skill": name, "answers": fit.answers, "learners": fit.learners}
            for coin in COINS:
                low, high = fit.interval(coin, level)
                row |= {coin: getattr(fit.tracer, coin), f"{coin}_low": low, f"{coin}_high": high}
            rows.append(row | {"log_likelihood": fit.log_likelihood})
        return rows

    def _starts(self, skills: tuple[object, ...]) -> Floats:
        """Starting points, addressed by the skill's name: another skill more changes nobody's start.   -> [K, R, 5]"""
        who = luck.addresses_of(str(name) for name in skills)[:, None, None]
        draws = luck.uniform(self.seed, luck.RESTART, who, np.arange(self.restarts)[:, None], np.arange(len(COINS)))
        low, high = np.array(STARTS).T
        return low + (high - low) * draws.astype(np.float64)

    def _check(self) -> None:
        self.at_least(restarts=1, pull=1e-9, tolerance=1e-12, sweeps=4)
        for coin, (no, yes) in zip(Priors._fields, self.priors, strict=True):
            if not (no >= 0.0 and yes >= 0.0):
                raise ValueError(f"BKT.priors.{coin} = ({no}, {yes}); needed imagined events >= 0, e.g. (16, 4)")

    def _fit_of(self, skill: object) -> SkillFit:
        if skill not in self.skills_:
            raise self.stranger([skill])
        return self.skills_[skill]

    def _skill_by_skill(self, seqs: Sequences, columns: Variants, unknown: str):  # type: ignore[no-untyped-def]
        strangers = self.check_names(seqs.skills, unknown)
        stand_in = BKT.of({None: self.typical_}).skills_[None] if strangers else None
        for k, name in enumerate(seqs.skills):
            fit = self.skills_.get(name) or stand_in
            yield seqs.of(k)[0], fit, data_of(seqs, k, columns, fit.items, fit.lessons, fit.groups)


def _typical(tracers) -> Tracer:  # type: ignore[no-untyped-def]
    return Tracer(*(float(middle) for middle in np.median(np.array(list(tracers)), 0)))


def _sorted_columns(seqs: Sequences, *columns: ArrayLike | None) -> Variants:
    given = zip(Variants._fields, columns, strict=True)
    found = [None if values is None else beside(values, name, len(seqs.right))[seqs.order] for name, values in given]
    return Variants(*found)
