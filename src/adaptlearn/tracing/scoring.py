"""How well a tracer foretells answers: AUC, RMSE, log-likelihood and calibration, in sample or by held-out learners.

Every score is pooled over answers. ``n_fallback`` counts answers on skills the tracer had never seen, which were
foretold by a typical skill instead.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.core import luck
from adaptlearn.tracing.sequences import answers, number

SURE = 1e-9  #: chances are kept this far from 0 and 1 in a log-likelihood
BINS = 10  #: equal-width bins of the calibration error


@dataclass(frozen=True)
class Scores:
    """Scores of P(correct) against the answers that followed."""

    n: int  # answers
    auc: float  # P(a right answer was given the higher chance), ties half; nan if one class only
    rmse: float  # root mean squared error of the chance, [0, 1]
    log_likelihood: float  # sum over answers, nats
    calibration_error: float  # mean |share right - mean chance| over ten bins, weighted, [0, 1]
    accuracy: float  # share foretold on the right side of .5
    base_rate: float  # share of right answers
    n_fallback: int = 0  # answers on skills the tracer had never seen

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


def score(correct: ArrayLike, chance: ArrayLike, n_fallback: int = 0) -> Scores:
    """Score chances of being right against answers.   both [M]

    Raises:
        ValueError: unequal lengths, or a chance outside [0, 1].
    """
    right, p = answers(correct), np.asarray(chance, np.float64)
    if p.shape != right.shape or not ((p >= 0.0) & (p <= 1.0)).all():
        low, high = (p.min(), p.max()) if p.size else (np.nan, np.nan)
        raise ValueError(
            f"chance: found shape {p.shape}, range {low:.17g} to {high:.17g}; "
            f"needed one chance in [0, 1] for each of the {len(right)} answers"
        )
    sure = np.clip(p, SURE, 1.0 - SURE)
    return Scores(
        n=len(right),
        auc=auc(right, p),
        rmse=float(np.sqrt(np.mean((right - p) ** 2))),
        log_likelihood=float(np.where(right, np.log(sure), np.log1p(-sure)).sum()),
        calibration_error=calibration_error(right, p),
        accuracy=float(np.mean((p >= 0.5) == right)),
        base_rate=float(right.mean()),
        n_fallback=n_fallback,
    )


def auc(right: NDArray, chance: NDArray) -> float:
    """Area under the ROC curve by ranks, ties counted half (Mann & Whitney 1947); nan if one class only."""
    _, place, size = np.unique(chance, return_inverse=True, return_counts=True)
    rank = (np.cumsum(size) - (size - 1) / 2.0)[place]
    n_right = int(right.sum())
    n_wrong = len(right) - n_right
    if n_right == 0 or n_wrong == 0:
        return float("nan")
    return float((rank[right == 1].sum() - n_right * (n_right + 1) / 2.0) / (n_right * n_wrong))


class Difference(NamedTuple):
    """A difference with half of its 95 % interval."""

    mean: float
    half: float


def auc_gain(learner: ArrayLike, correct: ArrayLike, chance: ArrayLike, other: ArrayLike) -> Difference:
    """How much more AUC one column of chances has than another on the same answers.   all [M]

    The interval is over learners, whose answers hang together: the influence of each answer on the AUC (DeLong,
    DeLong & Clarke-Pearson 1988) is summed by learner (Obuchowski 1997). nan where answers are of one kind.
    """
    right, (who, names) = answers(correct), number(learner, "learner")
    a, b = (np.asarray(column, np.float64) for column in (chance, other))
    mean = auc(right, a) - auc(right, b)
    moved = np.bincount(who, _influence(right, a) - _influence(right, b), len(names))
    half = 1.96 * float(np.sqrt(len(names) / max(len(names) - 1, 1) * (moved**2).sum()))
    return Difference(mean, half)


def _influence(right: NDArray[np.uint8], chance: NDArray) -> NDArray[np.float64]:
    """What each answer adds to the AUC beyond its share: the part of the other kind that it is ranked right against."""
    out = np.empty(len(right))
    for kind, sign in ((1, 1.0), (0, -1.0)):
        mine, others = chance[right == kind], np.sort(chance[right != kind])
        below = (np.searchsorted(others, mine, "left") + np.searchsorted(others, mine, "right")) / 2.0
        won = below / max(len(others), 1)
        out[right == kind] = sign * (won - won.mean()) / max(len(mine), 1)
    return out


def calibration_error(right: NDArray, chance: NDArray) -> float:
    """Expected calibration error with ten bins of equal width (Naeini, Cooper & Hauskrecht 2015)."""
    place = np.minimum((chance * BINS).astype(int), BINS - 1)
    gaps = np.bincount(place, right - chance, BINS)
    return float(np.abs(gaps).sum() / len(right))


class Tracer(Protocol):
    """What cross-validation asks of a tracer; each column is [M], rows in the order of time."""

    def clone(self) -> Self: ...
    def fit(self, learner: ArrayLike, skill: ArrayLike, correct: ArrayLike, **columns: ArrayLike) -> Self: ...
    def predict(
        self, learner: ArrayLike, skill: ArrayLike, correct: ArrayLike, *, unknown: str = "error", **columns: ArrayLike
    ) -> NDArray[np.float64]: ...
    def knows(self, skill: ArrayLike) -> NDArray[np.bool_]: ...


@dataclass(frozen=True)
class CrossValidation:
    """Scores on held-out learners: all answers pooled, and fold by fold."""

    pooled: Scores
    folds: tuple[Scores, ...]
    chance: NDArray[np.float64]  # [M] P(correct) of each answer, foretold by a tracer that never met its learner
    fold: NDArray[np.int64]  # [M] in which fold the answer was held out


def folds_of(learner: ArrayLike, folds: int, seed: int = 0) -> NDArray[np.int64]:
    """Deal learners into folds of equal size; the deal depends on learners' names and the seed only.   [M] -> [M]"""
    who, names = number(learner, "learner")
    if not 2 <= folds <= len(names):
        most = min(5, len(names))
        needed = f"e.g. folds={most}" if most > 1 else "and more than one learner"
        raise ValueError(f"folds = {folds}; needed 2 up to the number of learners, {len(names)}, {needed}")
    draws = luck.uniform(seed, luck.BOOTSTRAP, luck.addresses_of(str(name) for name in names), 0, 0)
    deal = np.empty(len(names), np.int64)
    deal[np.argsort(draws, kind="stable")] = np.arange(len(names)) % folds
    return deal[who]


def cross_validate(
    tracer: Tracer, learner: ArrayLike, skill: ArrayLike, correct: ArrayLike,
    folds: int = 5, seed: int = 0, columns: Mapping[str, ArrayLike] = MappingProxyType({}),
) -> CrossValidation:  # fmt: skip
    """Fit on the other learners, foretell these; fold by fold.   each column [M], ``columns`` the further ones"""
    right, who, what = answers(correct), np.asarray(learner), np.asarray(skill)
    more = {name: np.asarray(values) for name, values in columns.items()}
    fold, chance, unseen = folds_of(who, folds, seed), np.empty(len(right)), np.zeros(len(right), bool)
    for f in range(folds):
        out = fold == f
        inside = {name: values[~out] for name, values in more.items()}
        fitted = tracer.clone().fit(who[~out], what[~out], right[~out], **inside)
        outside = {name: values[out] for name, values in more.items()}
        chance[out] = fitted.predict(who[out], what[out], right[out], unknown="typical", **outside)
        unseen[out] = ~fitted.knows(what[out])
    parts = [(fold == f) for f in range(folds)]
    scores = tuple(score(right[part], chance[part], int(unseen[part].sum())) for part in parts)
    return CrossValidation(score(right, chance, int(unseen.sum())), scores, chance, fold)
