"""Lives on a Ray cluster of two nodes on this machine: equal to those computed here, also when a node is lost half way.

    python benchmarks/cluster.py [learners]        one JSON line: calm, then with a node killed; needs adaptlearn[ray]

Both nodes share this machine's cores, so the seconds say what sharding costs, not what a second machine gains.
"""

import json
import os
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")
os.environ.setdefault("RAY_AUTH_MODE", "disabled")


def main() -> None:
    """Compute the same lives three times and compare every array."""
    import numpy as np
    from ray.cluster_utils import Cluster

    from adaptlearn.agents import shelf
    from adaptlearn.classroom.simulate import simulate
    from adaptlearn.envs.registry import rules
    from adaptlearn.lab.cluster import lives_on

    room, ids = rules("tiny-v1"), np.arange(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
    policy = shelf.build("random", room.world)
    began = time.perf_counter()
    here = simulate(policy, room, ids, 1)
    alone = time.perf_counter() - began
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    second = nodes.add_node(num_cpus=1)
    live = lives_on("ray", nodes.address)
    lost: list[int] = []

    def lose(done: int, of: int) -> None:
        if not lost and done >= of // 3:
            lost.append(done)
            nodes.remove_node(second, allow_graceful=False)

    for case, progress in (("two nodes", None), ("one killed after a third", lose)):
        began = time.perf_counter()
        there = live(policy, room, ids, 1, progress=progress)
        took = time.perf_counter() - began
        equal = all(np.array_equal(getattr(here, f), getattr(there, f), equal_nan=True)
                    for f in ("ids", "life", "traits", "start", "left", "stars", "reward"))  # fmt: skip
        print(json.dumps({"case": case, "learners": len(ids), "equal": equal, "lost_after": lost or None,
                          "ratio_to_one_process": round(took / alone, 2)}), flush=True)  # fmt: skip
    nodes.shutdown()


if __name__ == "__main__":
    main()
