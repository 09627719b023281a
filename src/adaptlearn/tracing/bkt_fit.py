"""One skill's BKT model: from a slice of the log to fitted coins, with errors and the road that led there."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.core.record import Tracer
from adaptlearn.tracing.sequences import Sequences, sort_names

COINS = ("prior", "learn", "forget", "guess", "slip")  #: the order of a model's blocks, see bkt_kernels
STARTS = ((0.1, 0.9), (0.02, 0.5), (0.01, 0.2), (0.05, 0.4), (0.05, 0.4))  #: range of starting values, one per coin
Floats = NDArray[np.float64]
Names = Mapping[object, int]


class Priors(NamedTuple):
    """Beta priors, as events imagined before the data: (how often no, how often yes).

    ``Priors(guess=(16, 4))`` says "as if twenty answers of people who did not know had been seen, four of them lucky",
    and holds guessing near .2 where data are few; without any prior guess + slip passes .7 on several skills of real
    logs. The defaults only keep chances off 0 and 1: over the 110 skills of ASSISTments 2009-10 they cost 1.4 nats.
    """

    prior: tuple[float, float] = (0.05, 0.05)
    learn: tuple[float, float] = (0.05, 0.02)
    forget: tuple[float, float] = (0.05, 0.02)
    guess: tuple[float, float] = (0.2, 0.05)
    slip: tuple[float, float] = (0.2, 0.02)


FAINT = Priors()
MILD = Priors(prior=(1.0, 1.0), learn=(5.0, 1.0), forget=(9.0, 1.0), guess=(4.0, 1.0), slip=(4.5, 0.5))
"""What a typical school skill looks like, worth a handful of answers. On ASSISTments 2009-10 it costs 46 nats in sample
and wins 60 to 120 on held-out learners: for calibration, where small skills must not run to extremes."""


class Settings(NamedTuple):
    """What EM needs to know beside the data."""

    priors: Priors
    forgets: bool
    pull: float  # imagined answers that pull an item, lesson or group towards its skill
    tolerance: float  # nats
    sweeps: int


class Variants(NamedTuple):
    """Optional columns in the order of the sequences, [M] each."""

    item: NDArray | None = None
    lesson: NDArray | None = None
    group: NDArray | None = None


@dataclass(frozen=True, eq=False)
class SkillFit:
    """What was learned about one skill."""

    skill: object
    tracer: Tracer  # prior, learn, guess, slip, forget: chances per answer, of the skill itself
    error: Tracer  # their standard errors on the logit scale; nan where the data do not bend, or with a variant
    answers: int
    learners: int
    right: int
    log_likelihood: float  # nats, of the answers under the fitted coins
    history: tuple[float, ...]  # log-posterior along EM of the start that won; never falls
    starts: tuple[float, ...]  # log-posterior at which each start ended
    theta: Floats  # [D] all coins, see bkt_kernels
    sizes: tuple[int, int, int]
    items: Names  # item -> its index; the last index of a block is "any other"
    lessons: Names
    groups: Names

    def interval(self, coin: str, level: float = 0.95) -> tuple[float, float]:
        """Interval of a coin's chance, symmetric on the logit scale; (0, 1) where the data do not tell."""
        chance, error = getattr(self.tracer, coin), getattr(self.error, coin)
        if not np.isfinite(error):
            return (0.0, 1.0)
        reach = NormalDist().inv_cdf(0.5 + level / 2.0) * error
        centre = np.log(chance / (1.0 - chance))
        low, high = 1.0 / (1.0 + np.exp(-(centre + np.array([-reach, reach]))))
        return (float(low), float(high))

    def coins(self, item: object = None, lesson: object = None, group: object = None) -> Tracer:
        """The chances that apply to an item, a lesson and a group; those of the skill where a name is unknown."""
        n_prior, n_learn, n_item = self.sizes
        at = (
            self.groups.get(group, n_prior - 1),
            self.lessons.get(lesson, n_learn - 1),
            self.items.get(item, n_item - 1),
        )
        return _coins(self.theta, self.sizes, *at)


def _coins(theta: Floats, sizes: tuple[int, int, int], group: int, lesson: int, item: int) -> Tracer:
    n_prior, n_learn, n_item = sizes
    at = (
        group,
        n_prior + lesson,
        n_prior + 2 * n_learn + item,
        n_prior + 2 * n_learn + n_item + item,
        n_prior + n_learn + lesson,
    )
    return Tracer(*(float(theta[d]) for d in at))


class Data(NamedTuple):
    """One skill's answers as the kernels read them."""

    start: NDArray[np.int64]  # [S + 1]
    answer: NDArray[np.int32]  # [M] 2 item + right
    lesson: NDArray[np.int32]  # [M]
    group: NDArray[np.int32]  # [S]


def names_in(values: NDArray | None) -> Names:
    """The names in a column, numbered in sorted order."""
    return {} if values is None else {name: j for j, name in enumerate(sort_names(set(values.tolist())))}


def data_of(seqs: Sequences, k: int, columns: Variants, items: Names, lessons: Names, groups: Names) -> Data:
    """Skill k of a log; names that are not among the given become "any other"."""
    rows, which = seqs.of(k)
    start = seqs.start[which.start : which.stop + 1] - rows.start

    def coded(values: NDArray | None, names: Names, at: slice | NDArray, n: int) -> NDArray[np.int32]:
        if values is None or not names:
            return np.zeros(n, np.int32)
        return np.array([names.get(value, len(names)) for value in values[at].tolist()], np.int32)

    n = rows.stop - rows.start
    answer = 2 * coded(columns.item, items, rows, n) + seqs.right[rows]
    group = coded(columns.group, groups, seqs.start[which], len(start) - 1)
    return Data(start, answer.astype(np.int32), coded(columns.lesson, lessons, rows, n), group)


def fit_skill(seqs: Sequences, k: int, columns: Variants, starts: Floats, how: Settings) -> SkillFit:
    """Fit skill k: the plain model from every start, then its items, lessons and groups from there.

    starts [R, 5] of COINS
    """
    from adaptlearn.tracing import bkt_kernels as kernels

    data = data_of(seqs, k, columns, {}, {}, {})
    longest = int(np.diff(data.start).max())
    free = np.array([True, True, how.forgets, True, True])
    imagined = np.array([getattr(how.priors, coin) for coin in COINS], np.float64)
    theta = np.where(free, starts, 0.0)
    history = np.empty((len(theta), how.sweeps))
    common = (imagined, free, how.tolerance, how.sweeps, longest)
    written = [kernels.climb(theta[r], (1, 1, 1), *data, *common, history[r]) for r in range(len(theta))]
    ends = [float(history[r, written[r] - 1]) for r in range(len(theta))]
    best = int(np.argmax(ends))
    road, plain = history[best, : written[best]], theta[best]
    sizes, names, coins = (1, 1, 1), ({}, {}, {}), plain
    if any(values is not None for values in columns):
        coins, sizes, names, data, road = _spread(seqs, k, columns, plain, how)
        errors = Tracer(*[float("nan")] * 5)
    else:
        errors = _errors(plain, data, imagined, free, longest)
    counts = np.empty((len(coins), 2))
    log_likelihood = kernels.count(coins, sizes, *data, counts, np.empty((longest, 3)))
    rows, which = seqs.of(k)
    return SkillFit(
        seqs.skills[k], _coins(coins, sizes, *(size - 1 for size in sizes)), errors,
        rows.stop - rows.start, which.stop - which.start, int(seqs.right[rows].sum()),
        float(log_likelihood), tuple(road.tolist()), tuple(ends), coins, sizes, *names,
    )  # fmt: skip


def _spread(
    seqs: Sequences, k: int, columns: Variants, plain: Floats, how: Settings
) -> tuple[Floats, tuple[int, int, int], tuple[Names, Names, Names], Data, Floats]:
    """Give items, lessons and groups coins of their own, each pulled towards its skill's.

    The last coin of a block is the skill's own and stays: it serves names that fit never saw.
    """
    from adaptlearn.tracing import bkt_kernels as kernels

    rows, which = seqs.of(k)
    cut = Variants(*(None if values is None else values[rows] for values in columns))
    first = None if columns.group is None else columns.group[seqs.start[which]]
    items, lessons, groups = names_in(cut.item), names_in(cut.lesson), names_in(first)
    sizes = (len(groups) + 1, len(lessons) + 1, len(items) + 1)
    spans = (sizes[0], sizes[1], sizes[1], sizes[2], sizes[2])
    coins, block = np.repeat(plain, spans), np.repeat(np.arange(5), spans)
    free = np.ones(len(coins), bool)
    free[np.cumsum(spans) - 1] = np.array([not groups, not lessons, not lessons, not items, not items])
    free &= (block != 2) | how.forgets
    own = np.array([getattr(how.priors, coin) for coin in COINS])[block]
    pulled = how.pull * np.stack([1.0 - coins, coins], 1)
    named = np.repeat([bool(groups), bool(lessons), bool(lessons), bool(items), bool(items)], spans)
    imagined = np.where(named[:, None], pulled, own)
    data = data_of(seqs, k, columns, items, lessons, groups)
    longest, history = int(np.diff(data.start).max()), np.empty(how.sweeps)
    common = (imagined, free, how.tolerance, how.sweeps, longest)
    written = kernels.climb(coins, sizes, *data, *common, history)
    return coins, sizes, (items, lessons, groups), data, history[:written]


def _errors(theta: Floats, data: Data, imagined: Floats, free: NDArray[np.bool_], longest: int) -> Tracer:
    """Standard errors on the logit scale: the inverse of the curvature of the log-posterior."""
    from adaptlearn.tracing import bkt_kernels as kernels

    bend = kernels.curvature(theta, (1, 1, 1), *data, imagined, free, longest)[np.ix_(free, free)]
    values, vectors = np.linalg.eigh(-(bend + bend.T) / 2.0)
    errors = np.full(len(theta), np.nan)
    if values[0] > 0.0:
        errors[free] = np.sqrt((vectors**2 / values).sum(1))
    prior, learn, forget, guess, slip = (float(error) for error in errors)
    return Tracer(prior, learn, guess, slip, forget)
