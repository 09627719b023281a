"""How often is what is planted in a log found, and how often is something found where nothing is?

    python benchmarks/insights.py [logs] [learners]     one JSON line per kind of fault; 200 logs of 1,000 learners

Logs are of simulated learners of tiny-v1, taught at random, each log with learners and luck of its own. Nothing is
wrong in them: tags are true, items tell who knows, no site differs, leaving is the learner's own. The share of such
logs in which a fault of a kind is named is to be at most .05; ``anything`` is that in which any is. Then one fault at a
time is planted, of the size that the line says: ``found`` is the share of logs in which it is named, and ``also`` how
many others of its kind are named beside it, per log. Tags are asked of every fifth log.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from _claims import least, most, say, sized

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
DRAWS, ANSWERS, RATE, POWER = 32, 8000, 0.05, 0.8
TAGS_EVERY = 5  #: logs of which tags are asked in one: that is a model in Pyro, and takes a hundred times as long
VIDEO, QUIZ, PAIRS = "greeting-video", "greeting-quiz", "listening-pairs"


def tags(log: Any, world: Any) -> dict[str, set[str]]:
    """Activities whose tags are doubted, in either way."""
    from adaptlearn.core.visits import of_log
    from adaptlearn.tracing.lessons import lessons

    found = lessons(of_log(log, world), world.teaches, draws=DRAWS, most=ANSWERS).found
    return {kind: {world.activities[one.activity].title for one in found if one.doubt == doubt}
            for kind, doubt in TAGS.items()}  # fmt: skip


def weak(log: Any, world: Any) -> set[str]:
    """Weak items."""
    from adaptlearn.core.visits import of_log
    from adaptlearn.evaluation import items

    return {one.name for one in items.analyse(of_log(log, world)) if one.found}


def unequal(log: Any, world: Any) -> set[str]:
    """Activities whose questions work differently for a group."""
    from adaptlearn.core.visits import of_log
    from adaptlearn.evaluation import dif

    return {one.activity for one in dif.examine(of_log(log, world)) if one.found}


def leavers(log: Any, world: Any) -> set[str]:
    """Activities after which more leave."""
    from adaptlearn.core.visits import of_log
    from adaptlearn.evaluation import dropoff

    return {one.activity for one in dropoff.points(of_log(log, world)) if one.found}


TAGS = {"missing tag": "teaches it too", "tag that teaches too little": "teaches too little"}
KINDS: dict[str, Callable[[Any, Any], set[str]]] = {
    "weak item": weak, "item unequal for a group": unequal, "place where people leave": leavers
}  # fmt: skip


def faults(log: Any, world: Any, dice: Any) -> Iterator[tuple[str, str, Any, str]]:
    """Kind, size in words, log, and what should be named."""
    at, title = world.activity_index, {a.id: a.title for a in world.activities}
    quiz = log["taken"] == at[QUIZ]
    for share, size in ((0.5, "half of its answers by coin"), (1.0, "all answers by coin")):
        rows = quiz & (dice.random(len(log)) < share)
        yield "weak item", size, changed(log, rows, lambda n: dice.binomial(6, 0.5, n.shape)), title[QUIZ]
    for lost in (0.2, 0.35):
        rows, size = quiz & (log["site"] == 1), f"{lost:.0%} of right answers lost at one site"
        planted = changed(log, rows, lambda n, lost=lost: n - dice.binomial(n, lost))
        yield "item unequal for a group", size, planted, title[QUIZ]
    for chance in (0.01, 0.03):
        size = f"{chance:.0%} more leave after it"
        yield "place where people leave", size, leaving(log, at[PAIRS], chance, dice), title[PAIRS]


def changed(log: Any, rows: Any, other: Callable[[Any], Any]) -> Any:
    """The log with other right answers on the first skill asked in these rows."""
    import numpy as np

    answers = log["answers"].copy()
    answers[rows, 0] = other(answers[rows, 0])
    columns = {"answers": answers, "correct": answers.sum(1).astype(np.int16)}
    return replace(log, columns={**log.columns, **columns})


def leaving(log: Any, activity: int, chance: float, dice: Any) -> Any:
    """The log in which some visits to an activity are somebody's last."""
    import numpy as np

    goes = (log["taken"] == activity) & (dice.random(len(log)) < chance)
    gone = np.cumsum(goes) - goes
    starts = np.flatnonzero(np.diff(log["learner"].astype(np.int64), prepend=-1))
    before = gone - gone[starts][np.searchsorted(starts, np.arange(len(log)), side="right") - 1]
    columns = {**log.columns, "left": log["left"] | goes}
    return replace(log, columns={name: column[before == 0] for name, column in columns.items()})


def retagged(world: Any) -> tuple[Any, str]:
    """The catalogue in which a video on one skill says that it teaches another.   -> world, the video's title"""
    wrong = tuple(replace(a, teaches=(("listening", 1.0),)) if a.id == VIDEO else a for a in world.activities)
    return replace(world, activities=wrong), next(a.title for a in world.activities if a.id == VIDEO)


class Counted:
    """What was named in log after log."""

    def __init__(self) -> None:
        self.false: dict[str, list[bool]] = {}
        self.anything: list[bool] = []
        self.hits: dict[tuple[str, str], list[bool]] = {}
        self.also: dict[tuple[str, str], list[int]] = {}

    def clean(self, named: dict[str, set[str]]) -> None:
        """A log without a fault, by kind."""
        for kind, said in named.items():
            self.false.setdefault(kind, []).append(bool(said))

    def planted(self, kind: str, size: str, said: set[str], wanted: str) -> None:
        """A log with a fault."""
        self.hits.setdefault((kind, size), []).append(wanted in said)
        self.also.setdefault((kind, size), []).append(len(said - {wanted}))

    def tell(self, learners: int) -> None:
        """One line per kind, and per size of a fault; the largest is wanted to be found."""
        for kind, found in self.false.items():
            chance = 1.96 * (RATE * (1.0 - RATE) / len(found)) ** 0.5
            claim = most(f"{kind}: named in logs without a fault", share(found), RATE, chance)
            say("nothing planted", claim, kind=kind, logs=len(found), learners=learners)
        say("nothing planted", kind="anything", false=share(self.anything), logs=len(self.anything), learners=learners)
        largest = dict(self.hits.keys())  # kind -> the size said last
        for (kind, size), found in self.hits.items():
            claims = [least(f"{kind}, {size}: found", share(found), POWER)] if largest[kind] == size else []
            say("planted", *claims, kind=kind, size=size, found=share(found), also=share(self.also[kind, size]),
                logs=len(found), learners=learners)  # fmt: skip


def share(found: Sequence[float]) -> float:
    """Their mean."""
    return sum(found) / len(found)


def main() -> None:
    """Plant, look, count."""
    import numpy as np

    from adaptlearn.agents.shelf import build
    from adaptlearn.classroom.simulate import simulate
    from adaptlearn.envs.registry import rules

    usual = sized((200, 1000), (5, 400))
    logs, learners = (int(sys.argv[j + 1]) if len(sys.argv) > j + 1 else usual[j] for j in (0, 1))
    room = rules("tiny-v1")
    (other, video), counted = retagged(room.world), Counted()
    for seed in range(logs):
        log = simulate(build("random", room.world), room, np.arange(learners) + 10_000 * seed, seed, log=True).log
        named = {kind: look(log, room.world) for kind, look in KINDS.items()}
        for kind, size, planted, wanted in faults(log, room.world, np.random.default_rng(seed)):
            counted.planted(kind, size, KINDS[kind](planted, room.world), wanted)
        if seed % TAGS_EVERY == 0:
            named |= tags(log, room.world)
            counted.anything.append(any(named.values()))
            for kind, said in tags(log, other).items():
                counted.planted(kind, "the tag names another skill", said, video)
        counted.clean(named)
    counted.tell(learners)


if __name__ == "__main__":
    main()
