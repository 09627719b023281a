"""The best fixed programme: one order of visits per destination, found offline on simulated learners.

It reads no answers: the next visit is the first of the order that has not been made and is open. Whatever an adaptive
agent gains over the author's syllabus, this much of it is order; only what it gains over *this* comes from reading
learners. Found by local search in imagined lives: neighbours of the order teach the same crowd with the same luck, a
new crowd every round, and the order moves when one is better by more than chance. Where people meet, imagined lives
are still those of people alone, so a round's moves are kept only if whole cohorts, in weekly rounds and with their
seats, end better for them. Activities are known by their features, so a catalogue may change around the order: what is
new stands where a withdrawn activity stood that teaches nearly the same.

Axes: N learners, A activities, U activities that the order knows, F features, K skills, R destinations, E visits of an
order, M learners of a crowd.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from adaptlearn.agents.linear import Linear
from adaptlearn.agents.plans import Orders, about, authored, imagined_seed, numbered, require_counts, usual
from adaptlearn.agents.sight import Sight
from adaptlearn.classroom.imagined import Imagined, changes_of
from adaptlearn.classroom.rounds import newcomers
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core import luck
from adaptlearn.core.catalogue import FEATURES
from adaptlearn.core.learner import Traits
from adaptlearn.core.policy import GREEDY, Head, Orchestrator, Policy
from adaptlearn.core.world import World

ROLE = Traits._fields.index("role")
RANK = FEATURES.index("syllabus_rank") - len(FEATURES)  # among an activity's features
ALIKE = 0.7  # cosine of what two activities teach from which one may stand for the other (chosen in simulation: C)
FEW = 8  # lines, below which all of them are laid out rather than those that are wanted
CERTAIN = 1.0  # standard errors by which a neighbour must be better before the order moves


class Programme(nn.Module):
    """Follows the order of the nearest known destination; what has no place in it comes after, as the author has it."""

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
        mark = torch.randn(known.shape[1], 4, generator=dice)
        mark[RANK] = 0.0  # a row more moves the author's place of all that come after
        self.register_buffer("mark", mark)
        self.register_buffer("known", known @ self.mark)  # four random sums tell activities apart, whatever their place
        self.register_buffer("taught", directions(known[:, : targets.shape[1]]))

    def _load_from_state_dict(self, state: dict[str, Any], prefix: str, *more: Any) -> None:
        """Take older files, too. One from before ``taught`` is told it by the activities that it shares with the world
        this was made for; one whose sums hold the author's places is rid of them, or no revision would know them."""
        known, mark = state.get(f"{prefix}known"), state.get(f"{prefix}mark")
        if known is not None and mark is not None and f"{prefix}taught" not in state:
            state[f"{prefix}known"] = known = known - places(len(known))[:, None] * mark[RANK]
            state[f"{prefix}mark"] = mark.index_fill(0, torch.tensor(RANK), 0.0)
            state[f"{prefix}taught"] = recognised(known, self.known) @ self.taught
        nn.Module._load_from_state_dict(self, state, prefix, *more)

    @classmethod
    def for_world(cls, world: World, orders: Orders | None = None) -> "Programme":
        """Following ``orders`` [R, E], see ``plans``; without, the author's order."""
        order = authored(world) if orders is None else orders
        nth, count = numbered(order), len(world.activities)
        place = np.full((len(order), int(nth.max()) + 1, count), order.shape[1], np.float32)
        for r, line in enumerate(order):
            place[r, nth[r], line] = np.arange(len(line))
        return cls(
            Sight.for_world(world), torch.tensor(world.targets), torch.tensor(world.features), torch.from_numpy(place)
        )

    def orders(self, world: World) -> Orders:
        """The same as orders, for the world it was made for.   -> [R, E]"""
        first = authored(world)
        nth = numbered(first)
        rows = zip(self.place.numpy(), first, nth, strict=True)
        return np.array([line[place[n, line].argsort(kind="stable")] for place, line, n in rows], np.int16)

    def forward(
        self, view: Tensor, catalogue: Tensor, history: Tensor, memory: Tensor, luck: Tensor
    ) -> tuple[Tensor, Tensor]:
        """See ``core.policy``."""
        return self.ordered(self.destination(view), catalogue, history), memory

    def destination(self, view: Tensor) -> Tensor:
        """The nearest known one.   -> [N]"""
        wanted = view[:, self.sight.spec.at("target")]
        return (wanted[:, None, :] - self.targets).abs().sum(2).argmin(1)

    def ordered(self, line: Tensor, catalogue: Tensor, history: Tensor) -> Tensor:
        """Scores of following these lines of ``place``: what is due next has the largest.   line [N] -> [N, A]"""
        marked = (catalogue[:, :, None] * self.mark).sum(1)  # not a matmul, which a card may round to 11 bits
        stands = self.standing(recognised(self.known, marked), self.sight.shelf(catalogue).teaches)
        met = stands.sum(0).clamp(max=1.0)  # 1 where the activity has a place
        visits, far = 2.0 * history[:, :, 0], float(2 * self.place.shape[1] * self.place.shape[2])
        scores = -far - catalogue[:, RANK] - 4.0 * visits  # what has no place, or is fulfilled
        few = len(self.place) <= FEW
        for t in range(self.place.shape[1]):
            place = (self.place[:, t] @ stands)[line] if few else self.place[line, t] @ stands  # [N, A]
            due = (visits < t + 0.5).to(history.dtype) * met
            scores = torch.maximum(scores, -place * due - 4.0 * far * (1.0 - due))
        return scores - 10.0 * far * self.sight.shelf(catalogue).column["rest"]

    def standing(self, same: Tensor, teaches: Tensor) -> Tensor:
        """Whose place each activity has: its own, or if it is new, that of the withdrawn one which teaches most nearly
        the same, of equals the first, if it is alike.   same [U, A] 1 where it is that one, teaches [A, K] -> [U, A]"""
        gone, new = 1.0 - same.amax(1, keepdim=True), 1.0 - same.amax(0)
        alike = torch.round(1e3 * (self.taught @ directions(teaches).T) * gone) / 1e3  # equals are equal on any machine
        nearest = torch.arange(len(alike), device=alike.device)[:, None] == alike.argmax(0)
        return same + new * nearest.to(same.dtype) * (alike >= ALIKE).to(same.dtype)


def recognised(known: Tensor, marked: Tensor) -> Tensor:
    """1 where it is the same activity, by their sums.   known [U, 4], marked [A, 4] -> [U, A]"""
    return ((known[:, None, :] - marked).abs().amax(2) < 1e-3).to(known.dtype)


def places(rows: int) -> Tensor:
    """The author's places of a whole catalogue, 0 to 1, "nothing now" last: see ``World.scalars``.   -> [A]"""
    return torch.cat([torch.ones(1), torch.arange(rows - 1) / max(rows - 2, 1)])


def directions(rows: Tensor) -> Tensor:
    """Rows of length 1; a row of zeros stays.   [., K]"""
    return rows / rows.norm(dim=1, keepdim=True).clamp(min=1e-6)


@dataclass(frozen=True)
class Settings:
    """Of the search."""

    rounds: int = 24  # each with a crowd of its own
    neighbours: int = 1000  # orders tried in a round, per destination
    learners: int = 256  # of a destination's crowd; a neighbour that does badly is given up after a few

    def __post_init__(self) -> None:
        require_counts("fixed", self, learners=2)


def fit(
    rules: Any, classroom: Callable[..., Any], seed: int, settings: Settings | None = None, *,
    start: Policy | None = None, progress: Callable[[dict[str, float]], None] | None = None,
    orchestrator: Orchestrator | None = None,
) -> Programme:  # fmt: skip
    """Search for orders.   Same seed, same orders.

    Args:
        rules: what happens; orders are judged by the worth of the destination at the end of a life.
        classroom: makes a room from (rules, rows, seed), as ``classroom.room.Classroom`` does.
        seed: of moves, learners and luck.
        start: a policy whose usual order to begin with; without, a linear scorer's with a designer's weights.
        progress: told after each round over all destinations: round, worth.
        orchestrator: in cohorts, who gets what is scarce; None: first come, first served.
    """
    s = settings or Settings()
    orders = usual(start or Linear.for_world(rules.world), rules, seed)
    for turn in range(s.rounds):
        before = orders.copy()
        worth = crowded(rules, classroom, orders, seed, turn, s)
        if rules.world.cohorts is not None:
            new, old = (met(rules, one, seed, turn, s, orchestrator) for one in (orders, before))
            orders, worth = (orders, new) if new > old else (before, old)
        if progress is not None:
            progress({"round": turn + 1, "worth": worth})
    return Programme.for_world(rules.world, orders)


def required(start: Any, who: str) -> Programme:
    """The programme that somebody begins with.

    Raises:
        ValueError: it is something else.
    """
    if not isinstance(start, Programme):
        raise ValueError(f"{who}: start is a {start.name}; needed a fixed programme, e.g. one of agent=fixed")
    return start


def met(rules: Any, orders: Orders, seed: int, turn: int, s: Settings, orchestrator: Orchestrator | None) -> float:
    """What orders are worth to whole cohorts of newcomers, who live in rounds.   orders [R, E] -> mean worth"""
    ids = newcomers(rules.world.cohorts, s.learners, seed, turn)
    lives = simulate(Programme.for_world(rules.world, orders), rules, ids, seed, orchestrator=orchestrator)
    return float(lives["value"].mean())


def crowded(rules: Any, classroom: Callable[..., Any], orders: Orders, seed: int, turn: int, s: Settings) -> float:
    """One round: a new crowd for every destination, whose order is improved in place.   orders [R, E] -> mean worth"""
    imagined = Imagined(rules, s.learners, imagined_seed(seed, turn))
    people = luck.rebirth(seed, np.arange(16 * s.learners), turn)
    bound_for, useful, worth = rules.population.draw(people, seed)[:, ROLE], about(rules.world), []
    for role in range(len(orders)):
        ids = people[bound_for == role][: s.learners]
        if len(ids) < 2:
            continue
        room = classroom(rules, len(ids), seed).begin(ids)
        gained, _ = imagined.improve(
            room, np.arange(len(ids))[None], ids[None], ids[:1], changes_of(room)[None], useful[[role]],
            orders[role : role + 1], np.zeros(1, np.int64), s.neighbours, CERTAIN,
        )  # fmt: skip
        worth.append(float(gained[0] + room.now("value").mean()))
    return float(np.mean(worth))
