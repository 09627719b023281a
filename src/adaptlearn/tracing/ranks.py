"""Simulation-based calibration: does a fit mean what it says?   Talts, Betancourt, Simpson, Vehtari & Gelman (2018)

Truths are drawn from the model's own priors, answers from the truths, and the model is fitted to the answers. If the
posterior is right, the truth's rank among its draws is uniform, whatever the number is about. Ranks heaped at both
ends say that intervals are too narrow, heaped in the middle too wide, heaped at one end that there is a bias.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.core.posterior import Posterior
from adaptlearn.tracing.design import arrange
from adaptlearn.tracing.hierarchical import model

BINS = 10  #: of a histogram of ranks


class Truth(NamedTuple):
    """One draw of everything."""

    values: dict[str, NDArray[np.float64]]  # by the names of a posterior's draws
    correct: NDArray[np.int64]  # [M]


def from_prior(learner: ArrayLike, skill: ArrayLike, seed: int, **columns: ArrayLike) -> Truth:
    """Populations, effects, abilities and answers from the priors.   each [M], sorted by learner and time

    columns: day, activity, format, as for ``hierarchical.fit``
    """
    import pyro
    import torch

    design = arrange(learner, skill, np.arange(len(np.asarray(skill))) % 2, **columns)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        nodes = pyro.poutine.trace(model).get_trace(design.sizes, lambda effects, spread: torch.zeros(())).nodes
    values = {name: node["value"].double().numpy() for name, node in nodes.items()
              if node["type"] == "sample" and not name.endswith(".score") and hasattr(node["value"], "numpy")
              and name not in ("answers",) and not name.endswith(" plate")}  # fmt: skip
    rng, answers = np.random.default_rng(seed), design.answers
    effects = np.concatenate([values[name] for name in design.sizes])
    ability = np.repeat(rng.normal(0.0, values["ability.sd"], len(design.learners)), np.diff(answers.start))
    logit = ability + (answers.value * effects[answers.index]).sum(1)
    return Truth(values, (rng.random(len(logit)) < 1.0 / (1.0 + np.exp(-logit))).astype(np.int64))


def rank(truth: Truth, posterior: Posterior) -> dict[str, NDArray[np.float64]]:
    """Share of draws below the truth, ties half: uniform on [0, 1] if the posterior is right."""
    below = {name: (draws < truth.values[name]) + 0.5 * (draws == truth.values[name])
             for name, draws in posterior.draws.items()}  # fmt: skip
    return {name: np.atleast_1d(share.mean(0)) for name, share in below.items()}


def uniformity(ranks: ArrayLike, bins: int = BINS) -> tuple[float, NDArray[np.int64]]:
    """P(a histogram as uneven as this | the ranks are uniform and independent), and the histogram.   chi-square test"""
    import torch

    counts, _ = np.histogram(np.asarray(ranks), bins, (0.0, 1.0))
    expected = counts.sum() / bins
    uneven: Any = float(((counts - expected) ** 2 / expected).sum())
    tail = torch.special.gammaincc(torch.tensor((bins - 1) / 2.0), torch.tensor(uneven / 2.0))
    return float(tail), counts


def coverage(ranks: ArrayLike, level: float) -> float:
    """Share of truths within the central interval of this level."""
    tail = (1.0 - level) / 2.0
    inside = (np.asarray(ranks) >= tail) & (np.asarray(ranks) <= 1.0 - tail)
    return float(inside.mean())
