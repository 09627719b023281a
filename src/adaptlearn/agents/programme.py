"""The best fixed programme: one order of visits per destination, found offline on simulated learners.

It reads no answers: the next visit is the first of the order that has not been made and is open. Whatever an adaptive
agent gains over the author's syllabus, this much of it is order; only what it gains over *this* comes from reading
learners. Found by local search: neighbours of the order teach the same learners with the same luck, new learners every
round, and the order moves when one is better. Activities are known by their features, so a catalogue may change around
the order.

Axes: N learners, A activities, F features, R destinations, L visits of an order, M learners of a round, C candidates.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from adaptlearn.agents.linear import Linear
from adaptlearn.agents.plans import Entries, Orders, Stage, chances, neighbours
from adaptlearn.agents.sight import Sight
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core import luck
from adaptlearn.core.learner import Traits
from adaptlearn.core.policy import GREEDY, Head, Policy
from adaptlearn.core.world import World

ROLE = Traits._fields.index("role")
USUAL = 1024  # learners whose lives show a policy's usual order
NOWHERE = 120.0  # step at which a visit that is not made counts as made
CERTAIN = 1.0  # standard errors by which a neighbour must be better before the order moves


class Programme(nn.Module):
    """Follows the order of the nearest known destination; what stands in no order comes after, as the author has it."""

    name = "fixed"
    version = "1"
    head: Head = GREEDY
    memory_size = 0
    luck_size = 0

    def __init__(self, sight: Sight, targets: Tensor, known: Tensor, place: Tensor):
        """targets [R, K] of each destination; known [U, F] activities; place [R, T, U] of each one's first T visits."""
        nn.Module.__init__(self)
        self.sight = sight
        dice = torch.Generator().manual_seed(0)
        self.register_buffer("targets", targets)
        self.register_buffer("place", place)
        self.register_buffer("mark", torch.randn(known.shape[1], 4, generator=dice))
        self.register_buffer("known", known @ self.mark)  # four random sums tell activities apart, whatever their place

    @classmethod
    def for_world(cls, world: World, orders: Orders | None = None) -> "Programme":
        """Following ``orders`` [R, E] of ``Entries.of(world)``; without, the author's order."""
        entries = Entries.of(world)
        order = entries.authored(world) if orders is None else orders
        count, visits = len(world.activities), int(entries.times.max())
        place = np.full((len(order), visits, count), len(entries.times), np.float32)
        for r, line in enumerate(order):
            place[r, entries.times[line] - 1, entries.activity[line]] = np.arange(len(line))
        return cls(
            Sight.for_world(world), torch.tensor(world.targets), torch.tensor(world.features), torch.from_numpy(place)
        )

    def orders(self, world: World) -> Orders:
        """The same as orders of ``Entries.of(world)``, for the world it was made for.   -> [R, E]"""
        entries = Entries.of(world)
        place = self.place.numpy()[:, entries.times - 1, entries.activity]
        return place.argsort(1, kind="stable").astype(np.int16)

    def forward(
        self, view: Tensor, catalogue: Tensor, history: Tensor, memory: Tensor, luck: Tensor
    ) -> tuple[Tensor, Tensor]:
        """See ``core.policy``."""
        wanted = view[:, self.sight.spec.at("target")]
        here = (wanted[:, None, :] - self.targets).abs().sum(2).argmin(1)  # [N]
        apart = (self.known[:, None, :] - catalogue @ self.mark).abs().amax(2)  # [U, A]
        same = (apart < 1e-3).to(view.dtype)
        met = same.sum(0).clamp(max=1.0)  # 1 where the order knows the activity
        visits, far = 2.0 * history[:, :, 0], float(2 * self.place.shape[1] * self.place.shape[2])
        scores = -far - catalogue[:, -2] - 4.0 * visits  # what is in no order, or fulfilled
        for t in range(self.place.shape[1]):
            place = (self.place[:, t] @ same)[here]  # [N, A]
            due = (visits < t + 0.5).to(view.dtype) * met
            scores = torch.maximum(scores, -place * due - 4.0 * far * (1.0 - due))
        return scores - 10.0 * far * self.sight.shelf(catalogue).column["rest"], memory


@dataclass(frozen=True)
class Settings:
    """Of the search."""

    rounds: int = 360  # per destination
    candidates: int = 16  # orders tried in a round, the current one among them
    learners: int = 192  # who each candidate teaches in a round

    def __post_init__(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) < 1 + (field.name == "candidates"):
                raise ValueError(f"fixed: {field.name} = {getattr(self, field.name)}; needed a whole number >= "
                                 f"{1 + (field.name == 'candidates')}, e.g. {field.default}")  # fmt: skip


def fit(
    rules: Any, classroom: Callable[..., Any], seed: int, settings: Settings | None = None, *,
    start: Policy | None = None, progress: Callable[[dict[str, float]], None] | None = None,
) -> Programme:  # fmt: skip
    """Search for orders.   Same seed, same orders.

    Args:
        rules: what happens; orders are judged by the worth of the destination at the end of a life.
        classroom: makes a room from (rules, rows, seed), as ``classroom.room.Classroom`` does.
        seed: of moves, learners and luck.
        start: a policy whose usual order to begin with; without, a linear scorer's with a designer's weights.
        progress: told after each round over all destinations: round, worth, moved.
    """
    s = settings or Settings()
    stage = Stage(classroom(rules, 1, seed), s.candidates * s.learners, seed)
    newborn = classroom(rules, s.learners, seed)
    orders = usual(start or Linear.for_world(rules.world), rules, seed, stage.entries)
    lengths = np.full(len(orders), 50.0)
    for turn in range(s.rounds):
        people = luck.rebirth(seed, np.arange(16 * s.learners), turn)
        bound_for = rules.population.draw(people, seed)[:, ROLE]
        worth, moves = [], 0
        for role in range(len(orders)):
            ids = people[bound_for == role][: s.learners]
            if len(ids) == s.learners:
                tried = neighbours(orders[[role]], lengths[[role]], chances(seed, ids[:1], turn, s.candidates))[0]
                lived = lessons(stage, newborn.begin(ids), orders, role, tried)
                best = chosen(lived)
                orders[role], lengths[role] = tried[best], stage.steps[: s.learners].mean()
                worth.append(lived[best].mean())
                moves += int(best > 0)
        if progress is not None:
            progress({"round": turn + 1, "worth": float(np.mean(worth)), "moves": moves})
    return Programme.for_world(rules.world, orders)


def usual(policy: Policy, rules: Any, seed: int, entries: Entries) -> Orders:
    """The order in which a policy's visits come on average over learners, per destination.   -> [R, E]"""
    log = simulate(policy, rules, luck.rebirth(seed, np.arange(USUAL), 0), seed, log=True).log
    assert log is not None
    worlds = len(rules.world.roles), len(rules.world.activities), int(entries.times.max())
    seen, place = np.zeros(worlds), np.zeros(worlds)
    taken, nth = log["taken"], np.zeros(len(log), int)
    order = np.lexsort((log["step"], taken, log["learner"]))
    same = (np.diff(log["learner"][order]) == 0) & (np.diff(taken[order]) == 0)
    for j in np.flatnonzero(same):  # rows of one learner and activity follow one another
        nth[order[j + 1]] = nth[order[j]] + 1
    kept = (taken > 0) & (nth < worlds[2])
    at = log["role"][kept], taken[kept], nth[kept]
    np.add.at(seen, at, 1.0)
    np.add.at(place, at, log["step"][kept])
    share = seen / np.maximum([[[(log["role"][log["step"] == 0] == r).sum()]] for r in range(worlds[0])], 1)
    mean = place / np.maximum(seen, 1.0) * share + NOWHERE * (1.0 - np.minimum(share, 1.0))
    ranks = rules.world.scalars[entries.activity, -2]
    return np.array(
        [np.lexsort((ranks, mean[r, entries.activity, entries.times - 1])) for r in range(worlds[0])], np.int16
    )


def lessons(stage: Stage, room: Any, orders: Orders, role: int, tried: Orders) -> NDArray[np.float32]:
    """What each candidate is worth to each learner; those moved elsewhere go on by that order.   [C, E] -> [C, M]"""
    count, n = len(tried), room.n
    stage.place(room.snapshot(), np.tile(np.arange(n), count), np.tile(room.ids, count))
    which = np.tile(np.arange(len(orders), dtype=np.int32), (count * n, 1))
    which[:, role] = len(orders) + np.repeat(np.arange(count), n)
    return stage.live(np.concatenate([orders, tried]), which).reshape(count, n)


def chosen(lived: NDArray[np.float32]) -> int:
    """The best candidate, if it is better than the order itself by more than chance; else the order, 0.   [C, M]"""
    gap = lived - lived[0]
    sure = gap.mean(1) / np.maximum(gap.std(1) / np.sqrt(lived.shape[1]), 1e-9)
    best = int(gap.mean(1).argmax())
    return best if sure[best] > CERTAIN else 0
