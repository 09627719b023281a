"""Sweeps that begin at once from no store: 2 seeds x 2 agents over joblib, one parent and four children, no race.

    python benchmarks/sweeps.py [times]        one JSON line per sweep

Each line says how many parents and linked children the store holds, how many ended well, and what was left unsent.
"""

import json
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    """Sweep again and again, each time from an empty folder."""
    from adaptlearn.lab import outbox, simulating, sweeping

    for number in range(int(sys.argv[1]) if len(sys.argv) > 1 else 10):
        with tempfile.TemporaryDirectory() as folder:
            store, began = f"sqlite:///{folder}/mlflow.db", time.perf_counter()
            words = ["agent=random,syllabus", "seed=1,2", "env=tiny-v1", "learners=64", "launcher=joblib",
                     "hydra.launcher.n_jobs=4", f"store={store}", "format=json"]  # fmt: skip
            status = sweeping.sweep("simulate", simulating, words)
            client = outbox.client(store)
            runs = client.search_runs([client.get_experiment_by_name("adaptlearn").experiment_id])
            tops = {r.info.run_id for r in runs if "mlflow.parentRunId" not in r.data.tags}
            linked = [r for r in runs if r.data.tags.get("mlflow.parentRunId") in tops]
            unsent = len(list((Path(folder) / "outputs" / "unsent").glob("*")))
            case = {"case": number + 1, "status": status, "parents": len(tops), "children": len(linked),
                    "finished": sum(r.info.status == "FINISHED" for r in runs), "unsent": unsent,
                    "seconds": round(time.perf_counter() - began, 1)}  # fmt: skip
            print(json.dumps(case), file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
