"""Logistic tracers: easiness, practice and ability on one scale, in scikit-learn's manner.

    tracer = pfa().fit(learner, skill, correct)
    tracer = best_lr().fit(learner, skill, correct, item=item)
    chance = tracer.predict(learner, skill, correct, item=item)     # P(correct) before each answer

    logit P(right) = intercept + features w + ability of the learner

One class, and a recipe for each model of the literature: the additive factor model (Cen, Koedinger & Junker 2006),
performance factors (Pavlik, Cen & Koedinger 2009), item response with growth, and the best logistic regression of
Gervet, Koedinger, Schneider & Mitchell (2020). Weights have a normal prior. Where a model has an ability it is a
random effect, integrated out in fit and believed in predict as the earlier answers of the learner leave it, so that
a learner whom fit never met is traced like any other.
"""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.tracing.estimator import Estimator, Floats
from adaptlearn.tracing.features import WINDOWS, Coded, Design, check, design, needs_days, needs_items, spans
from adaptlearn.tracing.sequences import Columns, beside, both_kinds, columns, number, since

GRID = 41  #: points of ability
REACH = 4.0  #: the grid ends this many spreads from 0
FAINT = 1e-4  #: precision of the intercept's prior
LEAST = 1e-3  #: an ability's spread below this is none


@dataclass
class Logistic(Estimator):
    """A logistic tracer over the named features.

    Fitted attributes: ``weights_`` [D], ``spread_`` (SD of ability, logit), ``skills_`` and ``items_`` (name -> index),
    ``log_likelihood_`` (nats, in sample, ability integrated out), ``history_`` (log-posterior along the fit).
    """

    reads: ClassVar[tuple[str, ...]] = ("item", "day")
    features: tuple[str, ...] = ("skill", "skill_right", "skill_wrong")  # names of features.FEATURES
    ability: bool = False  # has the learner an ability of their own
    prior: float = 1.0  # SD of every weight's normal prior, logit, > 0
    tolerance: float = 0.1  # nats; fit ends when a step gains less
    sweeps: int = 100  # most steps, >= 1
    seed: int = 0  # of the deal into folds; the fit itself draws nothing

    def fit(
        self, learner: ArrayLike, skill: ArrayLike, correct: ArrayLike, *,
        item: ArrayLike | None = None, day: ArrayLike | None = None,
    ) -> Self:  # fmt: skip
        """Fit a log.   each column [M], rows in the order of time

        Raises:
            ValueError: empty log, missing values, unequal lengths, answers of one kind only; items or days that a
                feature reads are missing.
        """
        check(self.features)
        self.at_least(prior=1e-9, tolerance=1e-12, sweeps=1)
        log = columns(learner, skill, correct)
        both_kinds(log.right)
        codes, names = self._items(item, len(log.right))
        self.skills_ = {name: k for k, name in enumerate(log.skills)}
        self.items_ = {name: j for j, name in enumerate(names)}
        order = np.argsort(log.who, kind="stable")
        X = self._design(Coded(log.who, log.what, codes, log.what, codes, log.right, self._days(log, day)), order)
        self._climb(X, log.right[order], _starts(log.who[order]))
        return self

    def predict(
        self, learner: ArrayLike, skill: ArrayLike, correct: ArrayLike, *, unknown: str = "error",
        item: ArrayLike | None = None, day: ArrayLike | None = None,
    ) -> Floats:  # fmt: skip
        """P(correct) before each answer.   -> [M]; a name that fit never saw is as easy as the average one"""
        from adaptlearn.tracing import logistic_kernels as kernels

        log = columns(learner, skill, correct)
        self.check_names(log.skills, unknown)
        order = np.argsort(log.who, kind="stable")
        X = self._design(self._coded(log, item)._replace(day=self._days(log, day)), order)
        eta, chance = np.empty(len(order)), np.empty(len(order))
        kernels.predictor(*X, self.weights_, eta)
        kernels.foretell(eta, log.right[order], _starts(log.who[order]), *_grid(self.spread_), chance)
        out = np.empty(len(order))
        out[order] = chance
        return out

    def weights(self, feature: str) -> dict[object, float]:
        """The fitted weights of one feature by name, logit; a weight for all is named ``all``."""
        at = self.features.index(feature) + 1
        first = np.cumsum([0, *spans(self.features, len(self.skills_), len(self.items_))])
        part = self.weights_[first[at] : first[at + 1]]
        names: list[object] = list(self.skills_ if len(part) == len(self.skills_) else self.items_)
        return dict(zip(names if len(part) > 1 else ["all"], part.tolist(), strict=True))

    def _items(self, item: ArrayLike | None, n: int) -> tuple[NDArray[np.int64], tuple[object, ...]]:
        if item is not None and needs_items(self.features):
            return number(beside(item, "item", n), "item")
        if needs_items(self.features):
            raise ValueError(f"item: found none; needed a column of items for features {self.features}, e.g. item=ids")
        return np.full(n, -1), ()

    def _days(self, log: Columns, day: ArrayLike | None) -> Floats | None:
        if not needs_days(self.features):
            return None
        since(day, log.who)  # a learner's days never go back
        return np.asarray(day, np.float64)

    def _coded(self, log: Columns, item: ArrayLike | None) -> Coded:
        codes, names = self._items(item, len(log.right))
        of_skill = np.array([self.skills_.get(name, -1) for name in log.skills], np.int64)
        of_item = np.array([self.items_.get(name, -1) for name in names], np.int64)
        known = of_item[codes] if len(names) else codes
        return Coded(log.who, of_skill[log.what], known, log.what, codes, log.right)

    def _design(self, log: Coded, order: NDArray[np.int64]) -> Design:
        place, value = design(log, self.features, len(self.skills_), len(self.items_))
        return Design(place[order], value[order])

    def _climb(self, X: Design, right: NDArray[np.uint8], start: NDArray[np.int64]) -> None:
        """Newton steps on the expected log-posterior, each halved until it gains, and EM for the spread of ability."""
        from adaptlearn.tracing import logistic_kernels as kernels

        ridge = np.full(sum(spans(self.features, len(self.skills_), len(self.items_))), self.prior**-2.0)
        ridge[0] = FAINT
        weights, spread, history = np.zeros(len(ridge)), 1.0 if self.ability else 0.0, []
        eta, slope, bend, pull = (np.empty(n) for n in (len(right), len(right), len(right), len(ridge)))

        def value(at: Floats, sd: float) -> tuple[float, float]:
            kernels.predictor(*X, at, eta)
            like, squares = kernels.expect(eta, right, start, *_grid(sd), slope, bend)
            return like - 0.5 * float(ridge @ (at * at)), squares / (len(start) - 1)

        now, square = value(weights, spread)
        for _ in range(self.sweeps):
            kernels.gather(*X, slope, pull)
            step = kernels.solve(*X, bend, ridge, pull - ridge * weights, 0.05, 60)
            far, wider = 1.0, float(np.sqrt(square)) if self.ability else 0.0
            wider = wider if wider > LEAST else 0.0
            after, square_after = value(weights + step, wider)
            while not after >= now and far > 1e-6:
                far /= 2.0
                after, square_after = value(weights + far * step, wider if far > 0.3 else spread)
            if not after >= now:
                break
            gained, now, square = after - now, after, square_after
            weights, spread = weights + far * step, wider if far > 0.3 else spread
            history.append(now)
            if gained < self.tolerance:
                break
        self.weights_, self.spread_, self.history_ = weights, spread, tuple(history)
        self.log_likelihood_ = now + 0.5 * float(ridge @ (weights * weights))


def _starts(sorted_who: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.r_[np.flatnonzero(np.r_[True, np.diff(sorted_who) != 0]), len(sorted_who)]


def _grid(spread: float) -> tuple[Floats, Floats]:
    """Points of ability and their prior shares."""
    if spread == 0.0:
        return np.zeros(1), np.ones(1)
    points = np.linspace(-REACH, REACH, GRID)
    share = np.exp(-0.5 * points**2)
    return spread * points, share / share.sum()


def irt() -> Logistic:
    """Item response: ability against item and skill, without growth.   Rasch (1960)"""
    return Logistic(("skill", "item"), ability=True)


def afm() -> Logistic:
    """Additive factors: ability, easiness of the skill, gain per (log) try.   Cen, Koedinger & Junker (2006)"""
    return Logistic(("skill", "skill_tries"), ability=True)


def pfa() -> Logistic:
    """Performance factors on log counts: gains per success and per failure.   Pavlik, Cen & Koedinger (2009)"""
    return Logistic(("skill", "skill_right", "skill_wrong"))


def best_lr() -> Logistic:
    """Skill, item, and log counts of successes and failures on the skill and on anything.   Gervet et al. (2020)"""
    return Logistic(("skill", "item", "skill_right", "skill_wrong", "right", "wrong"))


def growth() -> Logistic:
    """Item response with growth: ability, item, gains per success and failure, and how the last answers went."""
    return Logistic(("skill", "item", "skill_right", "skill_wrong", "item_right", "item_wrong", "recent",
                     "recent_skill"), ability=True)  # fmt: skip


def dash() -> Logistic:
    """Ability, skill, and counts of successes and tries that fade at several scales of time.

    DASH[MCM] of Lindsey, Shroyer, Pashler & Mozer (2014), with one set of weights for all skills.
    """
    return Logistic(("skill", *WINDOWS), ability=True)


def das3h() -> Logistic:
    """DASH with items beside skills.   after Choffin, Popineau, Bourda & Vie (2019)"""
    return Logistic(("skill", "item", *WINDOWS), ability=True)
