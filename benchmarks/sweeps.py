"""Sweeps that begin at once from no store: 2 seeds x 2 agents over joblib, one parent and four children, no race.

    python benchmarks/sweeps.py [times]        one JSON line per sweep

Each line says how many parents and linked children the store holds, how many ended well, and what was left unsent.
"""

import contextlib
import sys
import tempfile
import time
from pathlib import Path

from _claims import exactly, say, sized


def main() -> None:
    """Sweep again and again, each time from an empty folder."""
    from adaptlearn.lab import outbox, simulating, sweeping

    times, whole = int(sys.argv[1]) if len(sys.argv) > 1 else sized(10, 1), 0
    for number in range(times):
        with tempfile.TemporaryDirectory() as folder:
            store, began = f"sqlite:///{folder}/mlflow.db", time.perf_counter()
            words = ["agent=random,syllabus", "seed=1,2", "env=tiny-v1", "learners=64", "launcher=joblib",
                     "hydra.launcher.n_jobs=4", f"store={store}", "format=json"]  # fmt: skip
            with contextlib.redirect_stdout(sys.stderr):  # its table is not what is asked here
                status = sweeping.sweep("simulate", simulating, words)
            client = outbox.client(store)
            runs = client.search_runs([client.get_experiment_by_name("adaptlearn").experiment_id])
            tops = {r.info.run_id for r in runs if "mlflow.parentRunId" not in r.data.tags}
            linked = [r for r in runs if r.data.tags.get("mlflow.parentRunId") in tops]
            unsent = len(list((Path(folder) / "outputs" / "unsent").glob("*")))
            kept = {"status": status, "parents": len(tops), "children": len(linked), "unsent": unsent,
                    "finished": sum(r.info.status == "FINISHED" for r in runs)}  # fmt: skip
            whole += kept == {"status": 0, "parents": 1, "children": 4, "unsent": 0, "finished": 5}
            say(f"sweep {number + 1}", **kept, seconds=round(time.perf_counter() - began, 1))
    say("all sweeps", exactly(f"of {times} sweeps at once into no store, whole ones", whole, times))


if __name__ == "__main__":
    main()
