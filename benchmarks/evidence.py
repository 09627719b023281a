"""How long the whole evidence suite takes at 4,000 learners an arm, warm.

    python benchmarks/evidence.py        one JSON line per number of threads

Wanted: under 2 s, whole programmes under the syllabus and under mastery learning included.
"""

import os
import time

from _claims import most, say, sized

os.environ.setdefault("OMP_NUM_THREADS", "1")
LEARNERS, REPEATS = sized(4000, 300), 3


def main() -> None:
    """Warm up on few learners, then take the least of a few runs."""
    from adaptlearn.agents.shelf import build
    from adaptlearn.envs.registry import rules
    from adaptlearn.evaluation.evidence import counted, evidence

    room = rules("onboarding-v1", "workplace", catalogue="as_written")
    policies = {name: build(name, room.world) for name in ("syllabus", "mastery")}
    evidence(room, policies, n=300)
    for threads in (1, 2):
        taken = []
        for _ in range(REPEATS):
            began = time.perf_counter()
            rows = evidence(room, policies, n=LEARNERS, threads=threads)
            taken.append(time.perf_counter() - began)
        inside = sum(bool(row["inside"]) for row in counted(rows))
        claim = most(f"the evidence suite at {LEARNERS:,} learners an arm, threads={threads}, s", min(taken), 2.0)
        say("evidence", claim, threads=threads, contrasts=len(rows), counted_inside=inside)


if __name__ == "__main__":
    main()
