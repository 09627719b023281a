"""What a policy would have been worth on learners whom another policy taught: estimators for a log with propensities.

A life is a row of decisions; after its end come decisions that change nothing (ratio 1, reward 0, features 0), so that
every row is as long as the longest. ``ratio`` is the target policy's chance of the logged choice over the chance it was
logged with; ``weight`` is its running product.

    IS    Precup et al. (2000): the whole life weighed by its last weight; WIS: with weights that sum to one
    PDIS  Precup et al. (2000): each reward by the weight so far; WPDIS: with weights that sum to one at each step
    DM    the model alone: fitted Q evaluation (``qmodel``; Le et al. 2019)
    DR    Jiang & Li (2016); WDR and MAGIC: Thomas & Brunskill (2016)
    MIS   Xie et al. (2019): weights averaged within state and choice; MDR: doubly robust (Kallus & Uehara 2020)

With one decision a life these are IPW, SNIPS (Swaminathan & Joachims 2015), DM and DR of the contextual bandit.

Axes: N learners, T decisions, P features of a state and a choice, B bootstrap draws. ``count`` [..., N] says how often
each learner is in a sample; estimates have its leading axes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Shape = Callable[[Floats], Floats]  #: weights -> weights of less variance and some bias


@dataclass(frozen=True)
class Episodes:
    """Logged lives as arrays.

    Raises:
        ValueError: shapes that do not fit, or a ratio that is negative or not finite.
    """

    reward: Floats  # [N, T] of each decision, 0 after the end
    ratio: Floats  # [N, T] target chance / logged chance of the logged choice, 1 after the end
    chosen: Floats  # [N, T, P] features of state and logged choice, 0 after the end
    expected: Floats  # [N, T, P] their mean over the target policy's choices in the same state, 0 after the end
    discount: float = 1.0  # per decision, (0, 1]
    free: int = 0  # leading features whose coefficients a model does not shrink, e.g. 1 for a constant

    def __post_init__(self) -> None:
        shape = self.reward.shape
        if len(shape) != 2 or self.ratio.shape != shape or self.chosen.shape[:2] != shape:
            found = f"reward {shape}, ratio {self.ratio.shape}, chosen {self.chosen.shape}"
            raise ValueError(f"{found}; needed [N, T], [N, T], [N, T, P], e.g. (400, 5), (400, 5), (400, 5, 15)")
        if self.expected.shape != self.chosen.shape:
            raise ValueError(f"expected {self.expected.shape}; needed the shape of chosen, e.g. {self.chosen.shape}")
        if not (np.isfinite(self.ratio).all() and (self.ratio >= 0).all()):
            raise ValueError("ratio has values that are negative or not finite; needed chance / propensity, e.g. 0.8")

    @cached_property
    def weight(self) -> Floats:
        """Running product of ratios.   [N, T]"""
        return np.cumprod(self.ratio, 1)

    @cached_property
    def discounts(self) -> Floats:
        """discount ** t.   [T]"""
        return self.discount ** np.arange(self.reward.shape[1])

    @cached_property
    def returns(self) -> Floats:
        """Discounted sum of rewards.   [N]"""
        return self.reward @ self.discounts


class Values(NamedTuple):
    """A model's word on each logged decision, made without that learner where it is cross-fitted."""

    q: Floats  # [..., N, T] worth of the logged choice under the target policy from there on
    v: Floats  # [..., N, T] worth of the state: q averaged over the target policy's choices


def before(weight: Floats) -> Floats:
    """The weight up to the decision before; 1 before the first.   [..., N, T]"""
    return np.concatenate([np.ones_like(weight[..., :1]), weight[..., :-1]], -1)


def average(values: Floats, count: Floats) -> Floats:
    """Mean over learners.   [..., N], count [..., N] -> [...]"""
    return np.asarray((values * count).sum(-1) / count.sum(-1))


def normalised(weight: Floats, count: Floats) -> Floats:
    """Weights over their mean at each step; a step that nobody of the sample reaches keeps weight 0.   [..., N, T]"""
    mean = (weight * count[..., None]).sum(-2) / count.sum(-1)[..., None]
    return np.divide(
        weight, mean[..., None, :], out=np.zeros(mean.shape[:-1] + weight.shape[-2:]), where=mean[..., None, :] > 0
    )


# --- shapes: less variance, some bias ------------------------------------------------------------------------------


def clipped(most: float) -> Shape:
    """min(w, most).   Ionides (2008)"""
    return lambda w: np.minimum(w, most)


def switched(most: float) -> Shape:
    """w where w <= most, else 0: beyond it the model alone speaks.   Wang et al. (2017)"""
    return lambda w: w * (w <= most)


def shrunk(strength: float) -> Shape:
    """strength w / (w^2 + strength): optimistic shrinkage.   Su et al. (2020)"""
    return lambda w: strength * w / (w * w + strength)


def subgaussian(mix: float) -> Shape:
    """w / (1 - mix + mix w).   Metelli et al. (2021)"""
    return lambda w: w / (1.0 - mix + mix * w)


def as_is(w: Floats) -> Floats:
    """No shape."""
    return w


# --- estimators: (lives, values, count) -> [...] ----------------------------------------------------------------------


def trajectory(
    lives: Episodes, values: Values, count: Floats, *, shape: Shape = as_is, sum_to_one: bool = False
) -> Floats:
    """IS, WIS.   w_T sum_t g^t r_t"""
    last = shape(lives.weight[:, -1:])
    return average((normalised(last, count) if sum_to_one else last)[..., 0] * lives.returns, count)


def per_decision(
    lives: Episodes, values: Values, count: Floats, *, shape: Shape = as_is, sum_to_one: bool = False
) -> Floats:
    """PDIS, WPDIS.   sum_t g^t w_t r_t"""
    weight = shape(lives.weight)
    return average(((normalised(weight, count) if sum_to_one else weight) * lives.reward) @ lives.discounts, count)


def direct(lives: Episodes, values: Values, count: Floats) -> Floats:
    """DM.   v(s_0)"""
    return average(values.v[..., 0], count)


def doubly_robust(
    lives: Episodes, values: Values, count: Floats, *, shape: Shape = as_is, sum_to_one: bool = False
) -> Floats:
    """DR, WDR.   sum_t g^t (w_t (r_t - q_t) + w_{t-1} v_t)"""
    weight = shape(lives.weight)
    return _robust(lives, values, count, weight, before(weight), sum_to_one)


def marginalised(
    lives: Episodes, values: Values, count: Floats, *, ratio: Floats, robust: bool = False, sum_to_one: bool = False
) -> Floats:
    """MIS, MDR: the same sums with marginal weights.   ratio [..., N, T], see ``qmodel.marginal_ratio``"""
    if robust:
        return _robust(lives, values, count, ratio, before(ratio), sum_to_one)
    return average(((normalised(ratio, count) if sum_to_one else ratio) * lives.reward) @ lives.discounts, count)


def _robust(
    lives: Episodes, values: Values, count: Floats, weight: Floats, earlier: Floats, sum_to_one: bool
) -> Floats:
    if sum_to_one:
        weight, earlier = normalised(weight, count), normalised(earlier, count)
    return average((weight * (lives.reward - values.q) + earlier * values.v) @ lives.discounts, count)


def partial_returns(lives: Episodes, values: Values, count: Floats) -> Floats:
    """WDR for the first j decisions, the model for the rest, j = 0 .. T; first DM, last WDR.   -> [..., N, T + 1]

    Its mean over learners is g^(j-1) of Thomas & Brunskill (2016).
    """
    weight, earlier = normalised(lives.weight, count), normalised(before(lives.weight), count)
    own = (weight * (lives.reward - values.q) + earlier * values.v) * lives.discounts
    ahead = earlier * values.v * lives.discounts  # what the model says from decision j on, for those who got there
    done = np.concatenate([np.zeros_like(own[..., :1]), np.cumsum(own, -1)], -1)
    return done + np.concatenate([ahead, np.zeros_like(ahead[..., :1])], -1)


class Magic(NamedTuple):
    """MAGIC's answer and how much of it is model."""

    value: float
    blend: Floats  # [T + 1] weights of WDR up to decision j, the model after; the first is DM, the last WDR


def magic(lives: Episodes, values: Values, count: Floats, wdr_draws: Floats) -> Magic:
    """MAGIC: the blend of DM and WDR of least estimated squared error.   Thomas & Brunskill (2016)

    Args:
        wdr_draws: [B] bootstrap draws of WDR; a blend's bias is its distance to their middle 90 %.
    """
    from scipy.optimize import nnls

    rows = partial_returns(lives, values, count)  # [N, T + 1]
    mean = average(rows.T, count)
    spread = np.cov(rows.T, aweights=count) / count.sum()
    low, high = np.percentile(wdr_draws, [5.0, 95.0])
    bias = np.maximum(mean - high, 0.0) - np.maximum(low - mean, 0.0)
    error = spread + np.outer(bias, bias)
    # min x' E x on the simplex, as least squares with x >= 0 and a heavy row for sum x = 1
    size = len(error)
    root = np.linalg.cholesky(error + 1e-12 * np.trace(error) * np.eye(size)).T
    heavy = 1e3 * np.sqrt(np.abs(error).max())
    found, _ = nnls(np.vstack([root, np.full((1, size), heavy)]), np.append(np.zeros(size), heavy))
    blend = found / found.sum()
    return Magic(float(blend @ mean), blend)


# --- diagnostics ----------------------------------------------------------------------------------------------------


def effective_size(weight: Floats) -> Floats:
    """(sum w)^2 / sum w^2 over learners: how many equal weights say as much.   Kong (1992).   [N, ...] -> [...]"""
    total, squares = weight.sum(0), (weight**2).sum(0)
    return np.divide(total**2, squares, out=np.zeros_like(total), where=squares > 0)


def largest_share(weight: Floats) -> float:
    """The largest learner's share of the last weights.   [N, T]"""
    last = weight[:, -1]
    return float(last.max() / last.sum()) if last.sum() > 0 else 1.0
