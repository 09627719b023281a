"""Learning numbers that have no likelihood: simulate many populations, see which look like the log.

Approximate Bayesian computation with regression. Numbers are drawn from a prior and simulated; a regression on summary
statistics makes one learned statistic per number (Fearnhead & Prangle 2012); the populations nearest to the log in
these are moved onto it by a local regression (Beaumont, Zhang & Balding 2002), whose residuals are the uncertainty.
What the log does not tell stays as wide as the prior, and is said to.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
RIDGES = np.geomspace(1e-1, 1e4, 11)  #: strengths tried, in rows
FOLDS = 5  #: of the regression, so that no population foretells itself
NEAR = 0.3  #: share of populations that are kept
FEWEST = 100  #: populations kept at least
STRANGE = 5.0  #: standard deviations of the simulated summaries: beyond, the simulator does not know this log
FARTHEST = 3.0  #: standard deviations of the prior, beyond which no number is looked for
SLACK = 0.25  #: of the range of the last round's draws, added on both sides of its box
TOLD = 0.65  #: posterior sd below this share of the prior's: the log has moved this number


class Free(NamedTuple):
    """A number to be learned and its prior."""

    name: str  # <trait>.mean, <trait>.sd, or <law>.<constant>
    centre: float
    width: float  # standard deviation of the prior; of its logarithm where ``log``
    log: bool = False
    unit: str = ""

    def value(self, z: Floats) -> Floats:
        """From the standard normal scale."""
        return np.asarray(self.centre * np.exp(self.width * z) if self.log else self.centre + self.width * z)


class Learned(NamedTuple):
    """Draws on the standard normal scale of the prior."""

    draws: Floats  # [J, D]
    strange: tuple[str, ...]  # summaries that no simulated population shows
    covers: float = float("nan")  # share of simulated populations whose numbers lie within their 90 % intervals

    def told(self) -> NDArray[np.bool_]:
        """Which numbers the log has moved: narrower than the prior, or elsewhere.   -> [D]"""
        return np.asarray((self.draws.std(0) < TOLD) | (np.abs(self.draws.mean(0)) > 1.0))


def learn_in_rounds(
    simulate: Callable[[Floats, int], Floats], observed: Floats, names: Sequence[str], numbers: int, *,
    populations: int, rounds: int = 2, draws: int = 256, seed: int = 0,
) -> Learned:  # fmt: skip
    """The posterior given the observed summaries; each round simulates where the last one found the log's people.

    The prior is cut to a box around the last round's draws (Deistler, Gonçalves & Macke 2022), so nothing needs to be
    reweighted; the box is generous, and never wider than FARTHEST.

    Args:
        simulate: (z [S, D], number of the round) -> summaries [S, F].
        populations: simulated in each round.
    """
    low, high = np.full((2, numbers), [[-FARTHEST], [FARTHEST]])
    found = Learned(np.zeros((1, numbers)), ())
    for turn in range(rounds):
        z = _within(np.random.default_rng([seed, turn]).random((populations, numbers)), low, high)
        sheet = simulate(z, turn)
        found = learn(z, sheet, observed, names, draws, seed)
        found = found._replace(draws=np.clip(found.draws, low, high))
        if turn == rounds - 1:
            found = found._replace(covers=float(coverage(z, sheet, names).mean()))
        least, most = found.draws.min(0), found.draws.max(0)
        low, high = np.maximum(low, least - SLACK * (most - least)), np.minimum(high, most + SLACK * (most - least))
    return found


def _within(u: Floats, low: Floats, high: Floats) -> Floats:
    """Standard normals cut to a box, by inversion.   u [S, D] uniform"""
    from statistics import NormalDist

    normal = NormalDist()
    ends = np.array([[normal.cdf(float(v)) for v in end] for end in (low, high)])
    places = np.clip(ends[0] + u * (ends[1] - ends[0]), 1e-9, 1.0 - 1e-9)
    return np.asarray(np.vectorize(normal.inv_cdf)(places), np.float64)


def learn(
    z: Floats, summaries: Floats, observed: Floats, names: Sequence[str], draws: int = 256, seed: int = 0
) -> Learned:
    """The posterior of z given the observed summaries.   z [S, D] ~ N(0, 1), summaries [S, F], observed [F]"""
    usable = np.isfinite(observed) & (np.isfinite(summaries).mean(0) > 0.9)
    mean, sd = np.nanmean(summaries[:, usable], 0), np.nanstd(summaries[:, usable], 0) + 1e-12
    given = np.nan_to_num((summaries[:, usable] - mean) / sd)
    here = (observed[usable] - mean) / sd
    strange = tuple(name for name, far in zip(np.asarray(names)[usable], np.abs(here), strict=True) if far > STRANGE)
    guess, guess_here = _foretell(_bent(given), z, _bent(np.clip(here, -STRANGE, STRANGE)[None]))
    return Learned(_around(z, guess, guess_here, draws, seed), strange)


def coverage(z: Floats, summaries: Floats, names: Sequence[str], level: float = 0.9, trials: int = 40) -> Floats:
    """Share of simulated populations, left out in turn, whose number lies within its interval.   -> [D]"""
    tail, inside = 0.5 * (1.0 - level), []
    for one in range(min(trials, len(z) // 4)):
        rest = np.arange(len(z)) != one
        low, high = np.quantile(learn(z[rest], summaries[rest], summaries[one], names).draws, [tail, 1 - tail], axis=0)
        inside.append((low <= z[one]) & (z[one] <= high))
    return np.asarray(np.mean(inside, 0))


def _bent(x: Floats) -> Floats:
    """Summaries and their squares."""
    return np.concatenate([np.ones((len(x), 1)), x, np.clip(x, -3, 3) ** 2 - 1.0], 1)


def _foretell(x: Floats, z: Floats, here: Floats) -> tuple[Floats, Floats]:
    """Ridge regression, each population foretold by the others; the ridge that foretells best.   -> [S, D], [D]"""
    fold = np.arange(len(x)) % FOLDS
    best, least = np.zeros_like(z), np.inf
    strength = RIDGES[0]
    for ridge in RIDGES:
        guess = np.empty_like(z)
        for f in range(FOLDS):
            guess[fold == f] = x[fold == f] @ _ridge(x[fold != f], z[fold != f], ridge)
        miss = float(np.mean((guess - z) ** 2))
        if miss < least:
            best, least, strength = guess, miss, ridge
    return best, (here @ _ridge(x, z, strength))[0]


def _ridge(x: Floats, z: Floats, strength: float) -> Floats:
    penalty = strength * np.eye(x.shape[1])
    penalty[0, 0] = 1e-9  # the intercept is free
    return np.asarray(np.linalg.solve(x.T @ x + penalty, x.T @ z))


def _around(z: Floats, guess: Floats, here: Floats, draws: int, seed: int) -> Floats:
    """What this log foretells, plus what was left over for populations foretold to be like it.   -> [draws, D]"""
    away = (guess - here) / (guess.std(0) + 1e-9)
    distance = np.sqrt((away**2).sum(1))
    near = np.argsort(distance, kind="stable")[: max(int(NEAR * len(z)), min(FEWEST, len(z)))]
    return np.asarray(here + (z - guess)[np.random.default_rng(seed).choice(near, draws)])
