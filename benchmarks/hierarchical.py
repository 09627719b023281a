"""Claim: one step of variational inference on 4,000 learners x 100 answers takes at most .15 s of one processor.

    python benchmarks/hierarchical.py

Pyro's step (sample, likelihood, gradient, optimiser) with abilities integrated out by the compiled likelihood; its
kernel is also timed alone. Compiling is outside. One JSON line per case, with the recovered spread of ability.
"""

import json
import time

import numpy as np
import torch

from adaptlearn.tracing.design import arrange
from adaptlearn.tracing.hierarchical import Likelihood, run

LEARNERS, ANSWERS, SKILLS, SPREAD = 4_000, 100, 24, 0.7


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
    print(json.dumps({"case": "likelihood and gradient", "seconds": round(min(times), 4), "answers": len(columns[0])}))
    posterior, went = run(*columns, method="svi", steps=100, draws=100, seed=0, source="a simulation")
    seconds = round(went.seconds_per_step, 4)
    print(json.dumps({"case": "step of variational inference", "seconds": seconds, "needed": 0.15,
                      "holds": went.seconds_per_step <= 0.15, "learners": LEARNERS, "answers_each": ANSWERS,
                      "ability_sd": round(float(posterior.mean("ability.sd")), 3), "true": SPREAD}))  # fmt: skip


if __name__ == "__main__":
    main()
