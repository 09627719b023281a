"""How well a fit went: figures that a reader can hold against it, and doubts in words."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

TRUSTED = 0.7  #: Pareto k up to which a guide stands for the posterior (Vehtari et al. 2024; Yao et al. 2018)
MIXED = 1.05  #: largest split R-hat at which chains tell the same story; 1.01 wants longer runs (Vehtari et al. 2021)
ENOUGH = 100  #: least effective draws for a 95 % interval


class Health(NamedTuple):
    """Of one fit; None where the figure belongs to the other method."""

    method: str
    loss: NDArray[np.float64] | None = None  # [steps] minus the evidence bound, nats
    seconds_per_step: float | None = None  # of the processor
    k_hat: float | None = None  # of the importance weights of the guide's draws
    r_hat: float | None = None  # the largest over all numbers
    effective: float | None = None  # the least over all numbers
    divergences: int | None = None
    notes: tuple[str, ...] = ()

    def facts(self) -> dict[str, str]:
        """Figures in words, for provenance and cards."""
        named = [("Pareto k of the guide", self.k_hat, ".2f"), ("largest R-hat", self.r_hat, ".3f"),
                 ("least effective sample size", self.effective, ".0f"),
                 ("divergent transitions", self.divergences, "d")]  # fmt: skip
        return {name: format(value, spec) for name, value, spec in named if value is not None}

    def line(self) -> str:
        """How it was fitted and how it went, in one line."""
        figures = "; ".join(f"{name} {value}" for name, value in self.facts().items())
        return f"{self.method}: {figures}" + ("" if self.words() else "; nothing in these figures speaks against it")

    def words(self) -> tuple[str, ...]:
        """What a reader should know before using the numbers."""
        said = list(self.notes)
        if self.k_hat is not None and self.k_hat > TRUSTED:
            said.append(f"the guide's draws differ from the posterior (Pareto k {self.k_hat:.2f}, trusted up to "
                        f"{TRUSTED}): intervals may be off; take more steps, or nuts for a small log")  # fmt: skip
        if self.r_hat is not None and self.r_hat > MIXED:
            said.append(f"chains disagree (R-hat {self.r_hat:.2f}, needed at most {MIXED}): take more draws")
        if self.effective is not None and self.effective < ENOUGH:
            said.append(f"only {self.effective:.0f} effective draws for the least certain number, needed {ENOUGH}")
        if self.divergences:
            said.append(f"{self.divergences} divergent transitions: the sampler missed a narrow place, often a spread "
                        "near 0; its interval may be too high")  # fmt: skip
        return tuple(said)


def health_of_guide(log_weight: NDArray[np.float64], loss: NDArray[np.float64], seconds: float) -> Health:
    """From the importance weights of a guide's draws.   log_weight [J] = log joint - log guide"""
    return Health("full-rank normal guide", loss, seconds, k_hat=pareto_k(log_weight))


def pareto_k(log_weight: NDArray[np.float64]) -> float:
    """Shape of the tail of importance weights (Vehtari et al. 2024): how far a guide is from what it stands for."""
    import torch
    from pyro.ops.stats import fit_generalized_pareto

    weight = np.sort(np.exp(log_weight - log_weight.max()))
    tail = int(min(0.2 * len(weight), 3.0 * np.sqrt(len(weight))))
    if tail < 5:
        return float("nan")
    over = weight[-tail:] - weight[-tail - 1]
    if over[-1] <= 0.0:
        return 0.0  # all weights alike
    return float(fit_generalized_pareto(torch.from_numpy(over))[0])


def again(log_weight: NDArray[np.float64], draws: int) -> NDArray[np.int64]:
    """Draws taken again in proportion to their weights, the largest of which are cut (Ionides 2008).   [J] -> [n]"""
    weight = np.exp(log_weight - log_weight.max())
    weight = np.minimum(weight, weight.mean() * np.sqrt(len(weight)))
    places = (np.arange(draws) + 0.5) / draws
    return np.minimum(np.searchsorted(np.cumsum(weight) / weight.sum(), places), len(weight) - 1)


def health_of_chains(places: Any, divergences: int) -> Health:
    """From chains in the guide's units.   places [chains, J, D]"""
    from pyro.ops.stats import effective_sample_size, split_gelman_rubin

    worst, least = float(split_gelman_rubin(places).max()), float(effective_sample_size(places).min())
    return Health("no-U-turn sampler", r_hat=worst, effective=least, divergences=divergences)
