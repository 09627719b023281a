"""What a policy reaches for the same spending: learners' minutes, and the staff minutes that go with them.

At every decision it is known what a destination would be worth at the retention check if nothing more were taught
(``Life.value``). So what a policy has reached by a number of minutes is the worth at the last decision, or at the end,
by which no more were spent. Activities are not cut: who has 10 minutes left and is offered 20 has not begun them.

Axes: N learners, B budgets.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.classroom.room import Classroom, Rules
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.policy import Orchestrator

Floats = NDArray[np.float32]


class Reached(NamedTuple):
    """By each budget.   each [B, N]"""

    value: Floats  # forecast worth of the destination, 0 to 1
    minutes: Floats  # spent by then, at most the budget
    staff_minutes: Floats


def reached(
    policy: Any, rules: Rules, ids: ArrayLike, seed: int, budgets: Sequence[float],
    orchestrator: Orchestrator | None = None,
) -> Reached:  # fmt: skip
    """What each learner has reached within each budget of minutes; see ``simulate``.

    Raises:
        ValueError: a budget below 0, or none.
    """
    if not len(budgets) or min(budgets) < 0:
        raise ValueError(f"minutes = {[*budgets]}; needed budgets from 0 on, e.g. [150,300,600]")
    who = np.asarray(ids, np.uint64).ravel()
    limit, order = np.asarray(budgets, np.float32)[:, None], np.argsort(who, kind="stable")
    found = np.zeros((len(Reached._fields), len(budgets), len(who)), np.float32)

    def note(columns: Any, rows: Any) -> None:
        now = np.stack([columns[name] for name in Reached._fields])
        found[:, :, rows] = np.where(now[1] <= limit, now[:, None], found[:, :, rows])

    def before(room: Classroom) -> None:
        columns = {name: room.now(name) for name in Reached._fields}
        note(columns, order[np.searchsorted(who[order], room.ids)])

    lives = simulate(policy, rules, who, seed, before=before, orchestrator=orchestrator)
    note(lives, np.arange(len(who)))
    return Reached(*found)
