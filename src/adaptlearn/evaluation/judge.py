"""A judgement on a policy from another policy's log: one estimate with an interval and diagnostics, or a refusal.

The interval is a bootstrap over learners, never over decisions: a learner's decisions hang together. Each draw refits
the q-model. The gain over what the log's own policy reached is taken within the same draws.
"""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from adaptlearn.evaluation import offpolicy, qmodel
from adaptlearn.evaluation.offpolicy import Episodes, Floats, Values
from adaptlearn.evaluation.resample import Z95, Interval

CHUNK = 8_000_000  # floats of values held at once


@dataclass(frozen=True)
class Thin:
    """What is too thin to be judged. Each limit is judgement (C), and stands in the refusal."""

    learners: int = 40  # fewer say nothing about the spread between learners
    effective: float = 25.0  # effective sample size of the last weights
    share: float = 0.2  # largest learner's share of the last weights
    mean_weight: tuple[float, float] = (0.5, 2.0)  # 1 on average where the log's policy could do what the target does


@dataclass(frozen=True)
class Judgement:
    """What the log says of the target policy. Where ``refusals`` is not empty, the numbers are no answer."""

    estimator: str
    value: Interval  # worth of a life under the target policy
    logged: float  # mean worth of a life under the log's policy
    gain: Interval  # value - logged, in the same draws
    learners: int
    decisions: int  # most of a life
    effective: Floats  # [T] effective sample size by decision
    largest_share: float  # of the last weights
    mean_weight: float  # of the last weights; 1 in expectation
    zero_weight: float  # share of learners whose last weight is 0: lives that the target policy would never lead
    refusals: tuple[str, ...] = field(default=())


ESTIMATORS: dict[str, Any] = {
    "DM": offpolicy.direct,
    "IS": offpolicy.trajectory,
    "WIS": partial(offpolicy.trajectory, sum_to_one=True),
    "PDIS": offpolicy.per_decision,
    "WPDIS": partial(offpolicy.per_decision, sum_to_one=True),
    "DR": offpolicy.doubly_robust,
    "WDR": partial(offpolicy.doubly_robust, sum_to_one=True),
    "switch-DR": partial(offpolicy.doubly_robust, shape=offpolicy.switched(10.0)),
    "shrunk-DR": partial(offpolicy.doubly_robust, shape=offpolicy.shrunk(100.0)),
}
WITH_MARGINALS = ("MIS", "MDR")
NAMES = (*ESTIMATORS, *WITH_MARGINALS, "MAGIC")
MODEL_FREE = ("IS", "WIS", "PDIS", "WPDIS")
DEFAULT = "WDR"


def estimate(name: str, lives: Episodes, values: Values, count: Floats) -> Floats:
    """One estimator on weighted samples.   count [B, N], values [B, N, T] -> [B]"""
    if name in WITH_MARGINALS:
        ratio = np.stack([qmodel.marginal_ratio(lives, c) for c in count])
        return offpolicy.marginalised(lives, values, count, ratio=ratio, robust=name == "MDR")
    return ESTIMATORS[name](lives, values, count)


def judge(
    lives: Episodes,
    estimator: str = DEFAULT,
    *,
    draws: int = 400,
    folds: int = 5,
    seed: int = 0,
    thin: Thin | None = None,
    ridge: float = qmodel.RIDGE,
) -> Judgement:
    """The target policy's worth, its interval, and whether the log can carry it.

    Args:
        estimator: one of NAMES.
        draws: bootstrap draws over learners.
        folds: of cross-fitting; 1 fits the model to the learners it judges.

    Raises:
        ValueError: an unknown estimator, or fewer than two learners.
    """
    n = len(lives.reward)
    if estimator not in NAMES:
        raise ValueError(f"estimator {estimator!r}; needed one of {', '.join(NAMES)}, e.g. {DEFAULT}")
    if n < 2:
        raise ValueError(f"{n} learners in the log; needed at least 2, and some hundreds to learn anything, e.g. 400")
    part = qmodel.folds_of(n, min(folds, n), seed) if folds > 1 else None
    fit = partial(qmodel.fit, lives, part=part, ridge=ridge)
    everyone = np.ones((1, n))
    dice = np.random.default_rng(seed)
    count = dice.multinomial(n, np.full(n, 1.0 / n), size=draws).astype(np.float64)
    value, drawn = _drawn(estimator, lives, fit, everyone, count)
    logged = lives.returns
    apart = drawn - offpolicy.average(logged, count)
    return Judgement(
        estimator, _interval(value, drawn), float(logged.mean()), _interval(value - float(logged.mean()), apart), n,
        lives.reward.shape[1], offpolicy.effective_size(lives.weight), offpolicy.largest_share(lives.weight),
        float(lives.weight[:, -1].mean()), float((lives.weight[:, -1] == 0).mean()), refusals(lives, thin or Thin()),
    )  # fmt: skip


def _drawn(name: str, lives: Episodes, fit: Any, everyone: Floats, count: Floats) -> tuple[float, Floats]:
    """The estimate, and bootstrap draws of it. MAGIC's draws keep the blend of the whole sample."""
    size = max(1, CHUNK // lives.reward.size)
    chunks = [count[i : i + size] for i in range(0, len(count), size)]
    if name in MODEL_FREE:
        fit = _no_values
    if name != "MAGIC":
        value = float(estimate(name, lives, fit(everyone), everyone)[0])
        return value, np.concatenate([estimate(name, lives, fit(c), c) for c in chunks])
    own = fit(everyone)
    drawn = np.concatenate([
        offpolicy.average(np.moveaxis(offpolicy.partial_returns(lives, fit(c), c), -1, 0), c).T for c in chunks
    ])  # fmt: skip
    found = offpolicy.magic(lives, Values(own.q[0], own.v[0]), everyone[0], drawn[:, -1])
    return found.value, drawn @ found.blend


def _no_values(count: Floats) -> Values:
    return Values(np.zeros((1, 1, 1)), np.zeros((1, 1, 1)))


def _interval(value: float, drawn: Floats) -> Interval:
    half = Z95 * float(drawn.std(ddof=1))
    return Interval(value, value - half, value + half)


def refusals(lives: Episodes, thin: Thin) -> tuple[str, ...]:
    """What keeps this log from judging this policy, each in a sentence; none where it can."""
    n, last = len(lives.reward), lives.weight[:, -1]
    effective, share, mean = (
        float(offpolicy.effective_size(last)),
        offpolicy.largest_share(lives.weight),
        float(last.mean()),
    )
    said = []
    if n < thin.learners:
        said.append(f"{n} learners in the log; needed {thin.learners} or more")
    if effective < thin.effective:
        said.append(f"{n} learners weigh as much as {effective:.1f}; needed {thin.effective:g} or more. Judge fewer "
                    "decisions, a policy nearer to the log's, or log more chance")  # fmt: skip
    if share > thin.share:
        said.append(f"one learner carries {share:.0%} of the weight; needed {thin.share:.0%} or less")
    low, high = thin.mean_weight
    if not low <= mean <= high:
        said.append(f"weights average {mean:.2f}; needed {low:g} to {high:g}: they average 1 wherever the log's policy "
                    "could have done what this one does")  # fmt: skip
    return tuple(said)
