"""What a policy does differently: lives beside the same lives under the syllabus, what is offered, and oddities.

A designer can veto a policy here, and a policy that exploits the simulator gives itself away.

Axes: N learners, D decisions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adaptlearn.classroom.simulate import Lives
from adaptlearn.core.log import EventLog
from adaptlearn.core.world import World

SHOWN = 10  # activities of a journey
OFTEN = 0.3  # share of all visits to one activity from which it is odd
RESTING = 0.2  # share of "nothing now" from which it is odd


@dataclass(frozen=True)
class Journey:
    """One learner's first activities under both policies."""

    about: str  # why this learner is shown
    learner: int
    gain: float  # in what is known at the retention check
    new: tuple[str, ...]  # "day 3 · title · finished"
    old: tuple[str, ...]


def journeys(new: Lives, old: Lives, world: World) -> list[Journey]:
    """Six learners: who gains most, who loses most, the middle one, and three by chance (the first of the rest)."""
    gap = new["value"].astype(float) - old["value"]
    order = np.argsort(gap, kind="stable")
    chosen = {int(order[-1]): "gains most", int(order[0]): "loses most", int(order[len(order) // 2]): "in the middle"}
    for row in range(len(gap)):
        if len(chosen) == 6:
            break
        chosen.setdefault(row, "by chance")
    assert new.log is not None and old.log is not None
    return [
        Journey(why, int(new.ids[row]), float(gap[row]), _walk(new.log, int(new.ids[row]), world),
                _walk(old.log, int(old.ids[row]), world)) for row, why in chosen.items()
    ]  # fmt: skip


def _walk(log: EventLog, learner: int, world: World) -> tuple[str, ...]:
    """The first decisions of one life, in words."""
    rows = np.flatnonzero(log["learner"] == learner)
    words = ("rested", "finished", "chose this instead, finished", "declined")
    said = []
    for row in rows[:SHOWN]:
        outcome, a = int(log["outcome"][row]), int(log["taken"][row] or log["offered"][row, 0])
        ending = words[outcome] if outcome in (0, 3) or log["completed"][row] else "left it unfinished"
        score = f", {int(log['correct'][row])} of {int(log['items'][row])} right" if log["items"][row] else ""
        said.append(f"day {log['day'][row]:.0f} · {world.activities[a].title} · {ending}{score}")
    tail = "left the programme" if log["left"][rows[-1]] else "stayed to the end"
    more = len(rows) - SHOWN
    return (*said, f"{more} more decisions, {tail}" if more > 0 else tail)


def shares(log: EventLog, world: World) -> dict[str, float]:
    """Share of visits by type of activity, the largest first."""
    taken = log["taken"][log["taken"] > 0]
    kinds = np.array([activity.learning_resource_type for activity in world.activities])[taken]
    names, count = np.unique(kinds, return_counts=True)
    order = np.argsort(-count, kind="stable")
    return {str(names[j]): float(count[j] / count.sum()) for j in order}


def oddities(log: EventLog, world: World) -> list[str]:
    """What a designer should look at before trusting the gain; empty where nothing stands out."""
    said, taken = [], log["taken"][log["taken"] > 0]
    count = np.bincount(taken, minlength=len(world.activities))
    share = count / max(count.sum(), 1)
    for a in np.flatnonzero(share > OFTEN):
        said.append(f"{share[a]:.0%} of all visits go to one activity, {world.activities[a].title}")
    rest = float((log["outcome"] == 0).mean())
    if rest > RESTING:
        said.append(f"in {rest:.0%} of decisions nothing is offered")
    never = _never(count, world)
    if never:
        said.append(
            f"{len(never)} of {len(world.activities) - 1} activities are never taken, e.g. {', '.join(never[:3])}"
        )
    again = _repeats(log)
    if again > 0.5:
        said.append(f"{again:.0%} of visits repeat an activity that the learner has taken before")
    return said


def _never(count: NDArray[np.int64], world: World) -> list[str]:
    return [world.activities[a].title for a in range(1, len(world.activities)) if count[a] == 0 and world.allowed[a]]


def _repeats(log: EventLog) -> float:
    """Share of visits to an activity the learner has visited before."""
    took = log["taken"] > 0
    pairs = np.stack([log["learner"][took], log["taken"][took].astype(np.uint64)], 1)
    return 1.0 - len(np.unique(pairs, axis=0)) / max(len(pairs), 1)


def side_by_side(journey: Journey) -> Sequence[tuple[str, str]]:
    """Rows of a table: new beside old."""
    length = max(len(journey.new), len(journey.old))
    pad = [(*walk, *[""] * (length - len(walk))) for walk in (journey.new, journey.old)]
    return list(zip(*pad, strict=True))
