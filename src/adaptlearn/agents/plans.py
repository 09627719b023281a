"""Plans: orders of visits, which read no answers while they are followed.

Searching plans for a crowd gives the best fixed programme (``programme``); searching them anew at every decision, for
this one learner as they are now or as their record says they may be, gives the planners (``planner``).

Axes: N learners, A activities, E visits of an order, R destinations.
"""

from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.classroom.rounds import newcomers
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core import luck
from adaptlearn.core.policy import Policy
from adaptlearn.core.world import World

Orders = NDArray[np.int16]
USUAL = 1024  # learners whose lives show a policy's usual order
NOWHERE = 120.0  # step at which a visit that is not made counts as made


def require_counts(who: str, settings: Any, **least: int) -> None:
    """Refuse settings of a search that count too few.   least: by name, where it is not 1

    Raises:
        ValueError: the first that is too small.
    """
    for field in fields(settings):
        found, needed = getattr(settings, field.name), least.get(field.name, 1)
        if found < needed:
            raise ValueError(f"{who}: {field.name} = {found}; needed a whole number >= {needed}, "
                             f"e.g. {field.default}")  # fmt: skip


def authored(world: World) -> Orders:
    """Per destination every visit that may be made, as the author has it: what serves it, then the same again, then the
    rest.   -> [R, E]"""
    visits = max(1, world.programme.repeats)
    offered = np.flatnonzero(world.allowed[1:]) + 1
    activity, nth = np.tile(offered, visits), np.repeat(np.arange(visits), len(offered))
    serves = (world.needed @ world.teaches.T > 0)[:, activity]
    rank = world.scalars[activity, -2]
    return np.array([activity[np.lexsort((rank, nth, ~useful))] for useful in serves], np.int16)


def usual(policy: Policy, rules: Any, seed: int) -> Orders:
    """The order in which a policy's visits come on average over learners, per destination.   -> [R, E]"""
    world, visits = rules.world, max(1, rules.world.programme.repeats)
    log = simulate(policy, rules, newcomers(world.cohorts, USUAL, seed, 0), seed, log=True).log
    assert log is not None
    shape = len(world.roles), len(world.activities), visits
    seen, place = np.zeros(shape), np.zeros(shape)
    taken, nth = log["taken"], np.zeros(len(log), int)
    order = np.lexsort((log["step"], taken, log["learner"]))
    same = (np.diff(log["learner"][order]) == 0) & (np.diff(taken[order]) == 0)
    for j in np.flatnonzero(same):  # rows of one learner and activity follow one another
        nth[order[j + 1]] = nth[order[j]] + 1
    kept = (taken > 0) & (nth < visits)
    at = log["role"][kept], taken[kept], nth[kept]
    np.add.at(seen, at, 1.0)
    np.add.at(place, at, log["step"][kept])
    share = seen / np.maximum([[[(log["role"][log["step"] == 0] == r).sum()]] for r in range(shape[0])], 1)
    mean = place / np.maximum(seen, 1.0) * share + NOWHERE * (1.0 - np.minimum(share, 1.0))
    first = authored(world)
    lines = enumerate(zip(first, numbered(first), strict=True))
    return np.array([line[np.argsort(mean[r, line, nth], kind="stable")] for r, (line, nth) in lines], np.int16)


def numbered(orders: Orders) -> NDArray[np.int64]:
    """Which visit to its activity each place of an order is, from 0.   [N, E] -> [N, E]"""
    from adaptlearn.agents.plan_kernels import numbered as count

    return count(orders)  # type: ignore[no-any-return]


def about(world: World) -> NDArray[np.bool_]:
    """Activities that teach something a destination rests on, or ask about it.   -> [R, A]"""
    return np.asarray(world.needed @ (world.teaches + world.assesses).T > 0)


def imagined_seed(seed: int, draw: int) -> int:
    """A seed for imagined luck: its own purpose, so no room that anyone lives in shares it."""
    with np.errstate(over="ignore"):
        key = luck.key_of(np.uint64(seed), np.uint64(0))
        return int(luck.bits_at(key, np.uint64(luck.IMAGINED), np.uint64(0), np.uint64(draw)))
