"""Do estimates from a log hit the truth, and do their intervals cover it? Logs of a process whose values are known.

    python benchmarks/offpolicy.py [logs]        one JSON line per estimator and size; 2,000 logs each

``bias_z``: mean error over its Monte-Carlo error, |z| < 4 wanted of the unbiased ones (IS, PDIS, DR, MDR is nearly so).
``coverage``: of nominal 95 % intervals, with half of its Monte-Carlo 95 % interval; the default estimator is to reach
.90 at 50 learners and 5 decisions, .85 at 200 and 20.
"""

import os
import sys
import time

from _claims import least, most, say, sized

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
SIZES = ((50, 5, 0.6), (200, 20, 0.3))  # learners, decisions, how far the target is from the log's policy
NAMES = ("WDR", "DR", "WPDIS", "PDIS", "IS", "DM", "MAGIC")
UNBIASED, USUAL = ("DR", "PDIS", "IS"), "WDR"
COVERED = {50: 0.90, 200: 0.85}  #: learners: what the usual estimator's intervals are to reach
DRAWS = 200


def main() -> None:
    """Judge every log by every estimator and count."""
    import numpy as np

    from adaptlearn.evaluation.judge import judge
    from adaptlearn.evaluation.known import Known

    logs = int(sys.argv[1]) if len(sys.argv) > 1 else sized(2000, 30)
    for learners, decisions, apart in SIZES:
        world = Known.drawn(7, steps=decisions, apart=apart)
        truth = world.worth(world.target)
        for name in NAMES:
            began, found, hits, refused = time.process_time(), [], 0, 0
            for seed in range(logs):
                said = judge(world.log(learners, seed), name, draws=DRAWS, seed=seed)
                found.append(said.value.value - truth)
                hits += said.value.low <= truth <= said.value.high
                refused += bool(said.refusals)
            error, share = np.array(found), hits / logs
            chance = float(1.96 * np.sqrt(share * (1 - share) / logs))
            z = float(error.mean() / (error.std(ddof=1) / np.sqrt(logs)))
            of, claims = f"{name}, {learners} learners x {decisions}", []
            if name in UNBIASED:
                claims.append(most(f"{of}: bias, |z|", abs(z), 4.0))
            if name == USUAL:
                claims.append(least(f"{of}: coverage of 95 % intervals", share, COVERED[learners]))
            say(of, *claims, logs=logs, coverage=share, monte_carlo=chance, bias_z=z,
                rmse=float(np.sqrt((error**2).mean())), truth=float(truth), refused=refused / logs,
                cpu_ms_a_log=round(1e3 * (time.process_time() - began) / logs, 1))  # fmt: skip


if __name__ == "__main__":
    main()
