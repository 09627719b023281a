"""How often is what is planted in a log found, and how often is something found where nothing is?

    python benchmarks/insights.py [logs] [learners]     one JSON line per fault; 20 logs of 1,000 learners of tiny-v1

Per fault ``found``: share of logs in which the planted fault is named; ``false``: share of logs without any fault in
which one of that kind is named; ``also``: faults named beside the planted one, per log. Wanted: ``false`` at most .05
and what chance allows in so few logs.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
DRAWS, ANSWERS = 32, 8000


def named(log: Any, world: Any) -> dict[str, set[str]]:
    """What is named, by kind of fault."""
    from adaptlearn.core.visits import of_log
    from adaptlearn.evaluation import dif, dropoff, items
    from adaptlearn.tracing.lessons import lessons

    visits = of_log(log, world)
    found = lessons(visits, world.teaches, draws=DRAWS, most=ANSWERS).found
    return {
        "missing tag": {world.activity_ids[one.activity] for one in found if one.doubt == "teaches it too"},
        "weak item": {one.name for one in items.analyse(visits) if one.found},
        "DIF": {one.activity for one in dif.examine(visits) if one.found},
        "drop-off": {one.activity for one in dropoff.points(visits) if one.found},
    }


def faults(log: Any, world: Any, seed: int) -> Iterator[tuple[str, Any, Any, str]]:
    """Kind, log, catalogue, and what should be named."""
    import numpy as np

    dice = np.random.default_rng(seed)
    video, quiz = "greeting-video", world.activity_index["greeting-quiz"]
    wrong = tuple(replace(a, teaches=(("listening", 1.0),)) if a.id == video else a for a in world.activities)
    yield "missing tag", log, replace(world, activities=wrong), video
    title = world.activities[quiz].title
    yield "weak item", _changed(log, log["taken"] == quiz, lambda n: dice.binomial(6, 0.5, n.shape)), world, title
    harder = (log["taken"] == quiz) & (log["site"] == 1)
    yield "DIF", _changed(log, harder, lambda n: n - dice.binomial(n, 0.35)), world, title
    yield (
        "drop-off",
        _leaving(log, world.activity_index["listening-pairs"], dice),
        world,
        "Tell it back: practice in pairs",
    )


def _changed(log: Any, rows: Any, other: Callable[[Any], Any]) -> Any:
    """The log with other right answers on the first skill asked in these rows."""
    import numpy as np

    answers = log["answers"].copy()
    answers[rows, 0] = other(answers[rows, 0])
    changed = {"answers": answers, "correct": answers.sum(1).astype(np.int16)}
    return replace(log, columns={**log.columns, **changed})


def _leaving(log: Any, activity: int, dice: Any) -> Any:
    """The log in which every twentieth visit to an activity is somebody's last."""
    import numpy as np

    goes = (log["taken"] == activity) & (dice.random(len(log)) < 0.05)
    gone = np.cumsum(goes) - goes
    starts = np.flatnonzero(np.diff(log["learner"].astype(np.int64), prepend=-1))
    before = gone - gone[starts][np.searchsorted(starts, np.arange(len(log)), side="right") - 1]
    columns = {**log.columns, "left": log["left"] | goes}
    return replace(log, columns={name: column[before == 0] for name, column in columns.items()})


def main() -> None:
    """Plant, look, count."""
    import numpy as np

    from adaptlearn.agents.shelf import build
    from adaptlearn.classroom.simulate import simulate
    from adaptlearn.envs.registry import rules

    logs, learners = (int(sys.argv[j]) if len(sys.argv) > j else usual for j, usual in ((1, 20), (2, 1000)))
    room = rules("tiny-v1")
    hit: dict[str, list[bool]] = {}
    clean: dict[str, list[bool]] = {}
    also: dict[str, list[int]] = {}
    for seed in range(logs):
        log = simulate(build("random", room.world), room, np.arange(learners) + 10_000 * seed, seed, log=True).log
        for kind, faulty in named(log, room.world).items():
            clean.setdefault(kind, []).append(bool(faulty))
        for kind, planted, declared, wanted in faults(log, room.world, seed):
            said = named(planted, declared)[kind]
            hit.setdefault(kind, []).append(wanted in said)
            also.setdefault(kind, []).append(len(said - {wanted}))
    for kind in hit:
        case = {"fault": kind, "logs": logs, "learners": learners, "found": float(np.mean(hit[kind])),
                "false": float(np.mean(clean[kind])), "also": float(np.mean(also[kind]))}  # fmt: skip
        print(json.dumps(case), flush=True)


if __name__ == "__main__":
    main()
