"""Plans: orders of visits, and what they are worth when they are lived.

A plan reads no answers while it is followed. Searching plans for a crowd gives the best fixed programme
(``programme``); searching them anew at every decision, for this one learner as they are now, gives the ``planner``.

Axes: N learners, A activities, E entries of an order, G groups that share an order, C candidates, R destinations.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.core import luck
from adaptlearn.core.world import World

CALM = {"minutes_sd": 0.0, "finish": 6.0, "accept": 6.0}  # of behaviour, in calm rooms
MOST_VISITS = 3  # entries per activity at most, however often a programme lets it be repeated
Orders = NDArray[np.int16]


@dataclass(frozen=True)
class Entries:
    """What orders are made of."""

    activity: NDArray[np.int16]  # [E]
    times: NDArray[np.uint8]  # [E] visits after which the entry is fulfilled

    @staticmethod
    def of(world: World) -> "Entries":
        """Every activity that may be offered, once per visit that the programme allows."""
        offered = np.flatnonzero(world.allowed[1:]) + 1
        visits = max(1, min(world.programme.repeats, MOST_VISITS))
        times = np.repeat(np.arange(1, visits + 1), len(offered))
        return Entries(np.tile(offered, visits).astype(np.int16), times.astype(np.uint8))

    def authored(self, world: World) -> Orders:
        """Per destination the author's order: what serves it, then the same again, then the rest.   -> [R, E]"""
        rank = world.scalars[self.activity, -2]
        serves = (world.needed @ world.teaches.T > 0)[:, self.activity]
        keys = [np.lexsort((rank, self.times, ~useful)) for useful in serves]
        return np.array(keys, np.int16)


class Stage:
    """A room in which learners live on under plans, again and again; nobody who plans lives in it."""

    def __init__(self, room: Any, rows: int, luck_seed: int, *, calm: bool = False):
        """room: a classroom to be like; rows: lives at once; calm: with less chance in them, see :func:`calmed`."""
        self.room = type(room)(calmed(room.rules) if calm else room.rules, rows, luck_seed)
        self.entries = Entries.of(room.rules.world)
        self.offers, self.steps = np.zeros_like(self.room.offers), np.zeros(rows, np.int32)

    def place(self, state: dict[str, NDArray[Any]], who: NDArray[np.int64], ids: NDArray[np.uint64]) -> None:
        """Put learners of a snapshot on stage; rows left over are empty.   who [n] rows of the snapshot, ids [n]"""
        room, n = self.room, len(who)
        for name, values in state.items():
            getattr(room, name)[:n] = values[who]
        room.ids[:n] = ids
        room.now("alive")[n:] = 0.0

    def live(self, orders: Orders, which: NDArray[np.int32]) -> NDArray[np.float32]:
        """Everyone on stage lives to the end.   orders [P, E], which [n, R] -> worth of their destination [n]"""
        from adaptlearn.agents.plan_kernels import follow

        room, n, entries = self.room, len(which), self.entries
        begin = np.zeros(which.shape, np.int32)
        self.steps[:] = 0
        while room.alive[:n].any():
            follow(orders, which, room.now("role"), begin, entries.activity, entries.times, room.visits, room.mask,
                   room.now("alive"), self.offers, self.steps)  # fmt: skip
            room.step(self.offers)
        return room.now("value")[:n].copy()


def calmed(rules: Any) -> Any:
    """The same rules with less chance: gains without noise, minutes as expected, offers accepted and finished.

    A plan's worth differs by thousandths from its neighbour's, and by hundredths from one imagined life to the next.
    Judged in a calm room four lives rank first visits better than sixteen in a plain one, at the price of a small bias
    that only the search sees: what a planner is worth is measured where nothing is calmed.
    """
    law, behaviour = rules.law, rules.behaviour
    mind = rules.law_params if rules.law_params is not None else law.Params()
    habits = rules.behaviour_params if rules.behaviour_params is not None else behaviour.Params()
    quiet = mind._replace(noise=0.0) if "noise" in mind._fields else mind
    return replace(rules, law_params=quiet, behaviour_params=habits._replace(**CALM))


def neighbours(base: Orders, lengths: NDArray[np.float64], u: NDArray[np.float32]) -> Orders:
    """Orders a few moves away, the order itself first.   base [G, E], lengths [G], u [G, C, 8] -> [G, C, E]"""
    from adaptlearn.agents.plan_kernels import varied

    out = np.empty((*u.shape[:2], base.shape[1]), np.int16)
    varied(base, lengths, u, out)
    return out


def chances(seed: int, who: NDArray[np.uint64], turn: NDArray[np.int64] | int, candidates: int) -> NDArray[np.float32]:
    """Uniforms of a search, addressed by whoever it is for and by turn.   -> [G, C, 8]"""
    turns = np.broadcast_to(np.asarray(turn), who.shape)
    draws = np.arange(8 * candidates).reshape(1, candidates, 8)
    return luck.uniform(seed, luck.RESTART, who[:, None, None], turns[:, None, None], draws)


def imagined_seed(seed: int, draw: int) -> int:
    """A seed for imagined luck: its own purpose, so no room that anyone lives in shares it."""
    with np.errstate(over="ignore"):
        key = luck.key_of(np.uint64(seed), np.uint64(0))
        return int(luck.bits_at(key, np.uint64(luck.IMAGINED), np.uint64(0), np.uint64(draw)))
