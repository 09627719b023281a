"""Claim: one step of variational inference on 4,000 learners x 100 answers takes at most .15 s of one processor.

    python benchmarks/hierarchical.py

Pyro's step (sample, likelihood, gradient, optimiser) with abilities integrated out by the compiled likelihood; its
kernel is also timed alone. Compiling is outside. One JSON line per case, with the recovered spread of ability.
"""

import time

import numpy as np
import torch
from _claims import most, say, sized

from adaptlearn.tracing.design import arrange
from adaptlearn.tracing.growth import Likelihood
from adaptlearn.tracing.hierarchical import run

LEARNERS, ANSWERS, SKILLS, SPREAD, STEPS = sized(4_000, 100), 100, 24, 0.7, sized(100, 5)


def log() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    learner, skill = np.repeat(np.arange(LEARNERS), ANSWERS), rng.integers(0, SKILLS, LEARNERS * ANSWERS)
    level = rng.normal(0, SPREAD, LEARNERS)[learner] + rng.normal(0.3, 0.8, SKILLS)[skill]
    return learner, skill, (rng.random(len(level)) < 1 / (1 + np.exp(-level))).astype(int)


def main() -> None:
    torch.set_num_threads(1)
    columns = log()
    run(*(column[:500] for column in columns), method="svi", steps=2, draws=2, seed=0, source="warming up")
    design = arrange(*columns)
    given = (torch.zeros(2 * SKILLS).double(), torch.tensor(SPREAD).double())
    likelihood, times = Likelihood(design.answers), []
    for _ in range(10):
        begin = time.process_time()
        likelihood.of(*given)
        times.append(time.process_time() - begin)
    say("likelihood and gradient", cpu_s=min(times), answers=len(columns[0]))
    posterior, went = run(*columns, method="svi", steps=STEPS, draws=100, seed=0, source="a simulation")
    claim = most(f"a step of inference, {LEARNERS:,} learners x {ANSWERS} answers, s", went.seconds_per_step, 0.15)
    say("step of variational inference", claim, ability_sd=float(posterior.mean("ability.sd")), true=SPREAD)


if __name__ == "__main__":
    main()
