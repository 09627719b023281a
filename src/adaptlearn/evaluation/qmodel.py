"""Fitted Q evaluation with a linear model per decision (Le et al. 2019), cross-fitted over learners, refitted in draws.

Backwards from the last decision, q_t = x_t w_t is fitted by ridge regression to r_t + g E[q_{t+1}], the mean over what
the target policy would choose. The mean of a linear model is the model at mean features, so a fit needs moments only,
and a bootstrap draw is another weighting of the same moments. One-hot features make it the tabular estimate.

Axes: N learners, T decisions, P features, B bootstrap draws, F folds.
"""

import numpy as np
from numpy.typing import NDArray

from adaptlearn.evaluation.offpolicy import Episodes, Floats, Values

RIDGE = 1.0  #: learners' worth of evidence that a coefficient is 0; features are of order 1


def folds_of(n: int, folds: int, seed: int) -> NDArray[np.int64]:
    """Which part each learner is in; parts of equal size.   -> [N]"""
    return np.random.default_rng(seed).permutation(np.arange(n) % folds)


def fit(lives: Episodes, count: Floats, part: NDArray[np.int64] | None = None, ridge: float = RIDGE) -> Values:
    """Values of every logged decision.   count [B, N] -> q, v [B, N, T]

    Args:
        part: [N] fold of each learner, whose values then come from a model that has not seen them; None: one model.
        ridge: penalty on coefficients beyond the first ``lives.free``; 0 leaves features that never occur at 0.
    """
    n, steps = lives.reward.shape
    members = [np.arange(n)] if part is None else [np.flatnonzero(part == name) for name in np.unique(part)]
    q, v = np.zeros((2, len(count), n, steps))
    size = lives.chosen.shape[2]
    ahead = np.zeros((len(count), len(members), size))  # coefficients of the next decision
    penalty = np.where(np.arange(size) < lives.free, 1e-6, 1.0) * ridge
    for t in reversed(range(steps)):
        gram, cross, paid = (_others(m) for m in _moments(lives, count, members, t))
        right = paid + lives.discount * np.einsum("bfpq,bfq->bfp", cross, ahead)
        ahead = _solved(gram, right, penalty)
        for place, mine in enumerate(members):
            q[:, mine, t] = ahead[:, place] @ lives.chosen[mine, t].T
            v[:, mine, t] = ahead[:, place] @ lives.expected[mine, t].T
    return Values(q, v)


def _moments(lives: Episodes, count: Floats, members: list[NDArray[np.int64]], t: int) -> tuple[Floats, Floats, Floats]:
    """Sums over each fold's learners of x x', x E[x_next]', x r.   -> [B, F, P, P], [B, F, P, P], [B, F, P]"""
    size = lives.chosen.shape[2]
    last = t + 1 == lives.reward.shape[1]
    gram, cross, paid = [], [], []
    for mine in members:
        x, c = lives.chosen[mine, t], count[:, mine]
        then = np.zeros_like(x) if last else lives.expected[mine, t + 1]
        gram.append(c @ (x[:, :, None] * x[:, None, :]).reshape(len(mine), -1))
        cross.append(c @ (x[:, :, None] * then[:, None, :]).reshape(len(mine), -1))
        paid.append(c @ (x * lives.reward[mine, t, None]))
    square = (len(count), len(members), size, size)
    return np.stack(gram, 1).reshape(square), np.stack(cross, 1).reshape(square), np.stack(paid, 1)


def _others(moment: Floats) -> Floats:
    """Everyone's sum less the fold's own; everyone's where there is one fold.   [B, F, ...]"""
    return moment if moment.shape[1] == 1 else moment.sum(1, keepdims=True) - moment


def _solved(gram: Floats, right: Floats, penalty: Floats) -> Floats:
    if penalty.all():
        return np.asarray(np.linalg.solve(gram + np.diag(penalty), right[..., None])[..., 0])
    return (np.linalg.pinv(gram, hermitian=True) @ right[..., None])[..., 0]


def marginal_ratio(lives: Episodes, count: Floats) -> Floats:
    """E[weight | state, choice] by regression on the features: weights of less variance.   count [N] -> [N, T]

    Xie et al. (2019), who average within cells; one-hot features do just that.
    """
    out = np.zeros_like(lives.weight)
    for t in range(out.shape[1]):
        x = lives.chosen[:, t]
        by = x * count[:, None]
        out[:, t] = x @ np.linalg.pinv(by.T @ x, hermitian=True) @ (by.T @ lives.weight[:, t])
    return np.maximum(out, 0.0)
