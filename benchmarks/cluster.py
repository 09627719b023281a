"""An evaluation on a Ray cluster of two nodes on this machine: equal to the local one, also when some of it is killed.

    python benchmarks/cluster.py [learners]        one JSON line per case; needs adaptlearn[ray]

Two agents on the same learners, 1,000,000 unless said otherwise: computed here, then on two nodes left in peace, then
with a worker process killed (SIGKILL) after a third of the blocks, then with a whole node. ``equal`` compares every row
of the table and every array of every life, bit for bit. Both nodes share this machine's cores, so the seconds say what
sharding costs, not what a second machine gains.
"""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from _claims import elsewhere, exactly, say, sized, unknown

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")
os.environ.setdefault("RAY_AUTH_MODE", "disabled")
CLAIM = "equal to one process bit for bit, {}"
CASES = ("two nodes", "a worker killed", "a node killed")


def main() -> None:
    """Evaluate the same agents four times and compare all that came of it."""
    import numpy as np

    try:
        import ray
        from ray.cluster_utils import Cluster
    except ImportError:
        elsewhere(*(unknown(CLAIM.format(case), "= True", "Ray, e.g. pip install 'adaptlearn[ray]'") for case in CASES))

    from adaptlearn.agents import shelf
    from adaptlearn.envs.registry import rules
    from adaptlearn.evaluation.compare import evaluate
    from adaptlearn.lab.cluster import lives_on
    from adaptlearn.lab.pieces import labels_of
    from adaptlearn.lab.simulating import Config

    room, ids = rules("tiny-v1"), np.arange(int(sys.argv[1]) if len(sys.argv) > 1 else sized(1_000_000, 200_000))
    policies = {name: shelf.build(name, room.world) for name in ("syllabus", "random")}

    def timed(**where: Any) -> tuple[Any, float]:
        began = time.perf_counter()
        done = evaluate(policies, [(labels_of(Config()), room)], ids, 1, baseline="syllabus", **where)
        return done, time.perf_counter() - began

    here, alone = timed()
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    second = nodes.add_node(num_cpus=1)
    live = lives_on("ray", nodes.address)
    losses = (None, kill_a_worker, lambda: nodes.remove_node(second, allow_graceful=False))
    for case, lose in zip(CASES, losses, strict=True):
        lost: list[float] = []
        there, took = timed(live=after_a_third(live, lose, lost) if lose else live)
        say(case, exactly(CLAIM.format(case), same(here, there), True), learners=len(ids), lost_after=lost or None,
            ratio_to_one_process=took / alone)  # fmt: skip
    ray.shutdown()
    nodes.shutdown()


def after_a_third(live: Callable[..., Any], lose: Callable[[], None], lost: list[float]) -> Callable[..., Any]:
    """The same, but something is lost once, when a third of a policy's learners is done.   lost: share done by then"""

    def lived(*args: Any, **more: Any) -> Any:
        tell = more.pop("progress", None)

        def progress(done: int, of: int) -> None:
            if not lost and done >= of // 3:
                lost.append(round(done / of, 3))
                lose()
            if tell is not None:
                tell(done, of)

        return live(*args, progress=progress, **more)

    return lived


def kill_a_worker() -> None:
    """SIGKILL to one process of this cluster that is computing a block."""
    import psutil

    for process in psutil.Process().children(recursive=True):
        if process.cmdline()[:1] == ["ray::_block"]:
            return process.kill()
    raise RuntimeError(
        "no worker was computing a block; needed more learners, e.g. python benchmarks/cluster.py 200000"
    )


def same(one: Any, other: Any) -> bool:
    """Whether two evaluations have the same rows and the same lives, bit for bit."""
    import numpy as np

    (rows, lives), (theirs, others) = one, other
    return repr(rows) == repr(theirs) and lives.keys() == others.keys() and all(
        np.array_equal(getattr(lives[key], f.name), getattr(others[key], f.name), equal_nan=True)
        for key in lives for f in fields(lives[key]) if f.name != "log"
    )  # fmt: skip


if __name__ == "__main__":
    main()
