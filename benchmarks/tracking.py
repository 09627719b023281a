"""What tracking costs: processor time spent telling MLflow, as a share of training, and the numbers told per second.

    python benchmarks/tracking.py [seconds]        one JSON line per agent

The clock runs inside the tracker: from the first number told to the last, on a sqlite store that is made beforehand.
Start and end of a run (tags, files, a picture; independent of how long it trains) are given apart.
"""

import os
import sys
import tempfile
import time

from _claims import most, say, sized

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")


def main() -> None:
    """Train once per agent with every number tracked."""
    from adaptlearn.lab import tracking
    from adaptlearn.lab.compose import Agent
    from adaptlearn.lab.outbox import make
    from adaptlearn.lab.pieces import rules_of, trained
    from adaptlearn.lab.training import Config

    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else sized(60.0, 3.0)
    with tempfile.TemporaryDirectory() as folder:
        store = f"sqlite:///{folder}/mlflow.db"
        make(store)
        for agent in (
            Agent("ppo", {"seconds": seconds, "decisions": 10**9}),
            Agent("linear", {"rounds": sized(40, 2)}),
        ):
            config = Config(agent=agent, store=store)
            rules, spent, told = rules_of(config), [0.0], [0]
            began = time.process_time()
            with tracking.tracked("train", config, agent.name) as run:
                entered = time.process_time()

                def report(step, values, run=run, spent=spent, told=told):
                    at = time.process_time()
                    run.metrics(values, step)
                    spent[0] += time.process_time() - at
                    told[0] += len(values)

                trained(agent, rules, 1, report)
                at = time.process_time()
                run.send()
                spent[0] += time.process_time() - at
                left = time.process_time()
            ended = time.process_time()
            claim = most(f"tracking {agent.name}, share of training", spent[0] / (left - entered), 0.03)
            say(agent.name, claim, training_s=round(left - entered, 1), numbers=told[0],
                start_and_end_s=round(entered - began + ended - left, 2))  # fmt: skip


if __name__ == "__main__":
    main()
