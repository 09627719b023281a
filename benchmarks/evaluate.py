"""How long a whole comparison takes: six shipped policies, four laws, three meshing worlds.

    python benchmarks/evaluate.py [learners]        one JSON line; 4,096 learners, two threads

Wanted on two idle cores: 60 s. ``cpu_s`` is processor time of all threads, ``compile_s`` the part of
``wall_s`` before it in which kernels are compiled or read from the cache (one learner per law).
"""

import os
import sys
import time

from _claims import most, say, sized

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
POLICIES = ("syllabus", "random", "evidenced", "mastery", "linear", "ppo")
LAWS = ("workplace", "bkt", "logistic", "memory")
MESHINGS = ("null", "contested", "adversarial")


def main() -> None:
    """Warm up, then compare once."""
    import numpy as np

    from adaptlearn.agents import shelf
    from adaptlearn.envs.registry import rules
    from adaptlearn.evaluation.matrix import gains, play

    learners = int(sys.argv[1]) if len(sys.argv) > 1 else sized(4096, 64)
    rooms = [({"law": law, "meshing": meshing}, rules("onboarding-v1", law=law, meshing=meshing))
             for law in LAWS for meshing in MESHINGS]  # fmt: skip
    policies = {name: shelf.build(name, rooms[0][1].world) for name in POLICIES}
    began = time.perf_counter()
    play(policies, rooms[:: len(MESHINGS)], np.arange(1), [1], baseline="syllabus", threads=2)
    warm, cpu = time.perf_counter(), time.process_time()
    table = play(policies, rooms, np.arange(learners), [1], baseline="syllabus", threads=2)
    gains(table)
    done = time.perf_counter()
    claim = most(f"{len(POLICIES)} policies, {len(rooms)} worlds, {learners:,} learners compared, s", done - warm, 60.0)
    say("play and gains", claim, lives=learners * len(POLICIES) * len(rooms), compile_s=round(warm - began, 1),
        cpu_s=round(time.process_time() - cpu, 1))  # fmt: skip


if __name__ == "__main__":
    main()
