"""The best branching programme: at a few points the record decides by which order a learner goes on.

Branching programmes are as old as programmed instruction (Crowder 1959). At a decision that is a *fork* a learner is
put into a branch: by the destination, by the minutes a week that the learner has, and by how much of what the
destination needs is believed known, cut where the crowd that comes to the fork falls into equal parts. Between two
forks nothing is read; every branch has an order of visits, like a fixed programme.

Branches are found fork by fork. Newcomers are taught by the forks so far, whoever comes to the new one is put into its
branches, and each branch's order is improved by the programme's search (``programme``), in imagined lives that begin
where these learners stand. So what is gained at the first fork, before anybody has answered, is knowing people's time;
what is gained later is reading them. It can be printed (``adaptlearn show branches``), and a person can follow it.

Axes: N learners, A activities, K skills, S forks, P paces, L levels, R destinations, G = S P L branches, E visits of an
order.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from math import inf
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from adaptlearn.agents import programme
from adaptlearn.agents.plan_kernels import due
from adaptlearn.agents.plans import Orders, about, authored, imagined_seed, require_counts
from adaptlearn.agents.programme import CERTAIN, Programme
from adaptlearn.classroom.imagined import Imagined, changes_of
from adaptlearn.classroom.rounds import newcomers
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core import luck
from adaptlearn.core.policy import GREEDY, Head, Orchestrator
from adaptlearn.core.record import VIEW_TOTALS, Standing, Totals, view_totals
from adaptlearn.core.world import World

NEVER = 2.0  # the view shows less of any number of decisions
SPARE = 2  # newcomers taught for each learner that a branch's search asks for: not all come to every branch
Span = tuple[float, float]  #: above, up to
FEWEST = 16  # learners a branch is searched with; one that fewer come to stays as it is


class Branching(nn.Module):
    """Follows the order of the branch in which a learner was put at the last fork.

    Remembers two numbers: which fork was the last, from 1, and the branch taken there. Whoever comes with a record and
    no memory is put into a branch of the last fork that they have passed.
    """

    name = "branching"
    version = "1"
    head: Head = GREEDY
    memory_size = 2
    luck_size = 0

    def __init__(self, lines: Programme, at: tuple[int, ...], paces: int, levels: int):
        """lines: an order for each branch and destination, [G R]; at: decisions made before each fork, the first 0."""
        nn.Module.__init__(self)
        self.lines, self.sight = lines, lines.sight
        self.made_with = {"at": list(at), "paces": paces, "levels": levels}
        self.register_buffer("after", torch.tensor([shown_of(made - 0.5) for made in at], dtype=torch.float32))
        self.register_buffer("pace_edges", torch.zeros(len(at), paces - 1))
        self.register_buffer("level_edges", torch.zeros(len(at), paces, len(lines.targets), levels - 1))

    @classmethod
    def for_world(
        cls, world: World, at: tuple[int, ...] = (0,), paces: int = 1, levels: int = 1, orders: Orders | None = None
    ) -> "Branching":
        """Following ``orders`` [G, R, E]; without, the author's order in every branch."""
        branches = len(at) * paces * levels
        given = np.tile(authored(world), (branches, 1)) if orders is None else orders.reshape(-1, orders.shape[-1])
        return cls(Programme.for_world(world, given), tuple(at), paces, levels)

    def forward(
        self, view: Tensor, catalogue: Tensor, history: Tensor, memory: Tensor, luck: Tensor
    ) -> tuple[Tensor, Tensor]:
        """See ``core.policy``."""
        memory = self.put(view, memory)
        return self.lines.ordered(self.line(view, memory), catalogue, history), memory

    def put(self, view: Tensor, memory: Tensor) -> Tensor:
        """Where learners are: the last fork behind them, from 1, and their branch, a new one at a new fork.   [N, 2]"""
        passed = (self._total(view, "decisions")[:, None] > self.after).long()
        behind = (passed * torch.arange(1, len(self.after) + 1, device=view.device)).amax(1)
        fork = (behind - 1).clamp(min=0)
        pace = (self.pace(view)[:, None] > self.pace_edges[fork]).sum(1)
        edges = self.level_edges[fork, pace, self.lines.destination(view)]
        level = (self.level(view)[:, None] > edges).sum(1)
        paces, levels = self.level_edges.shape[1], edges.shape[1] + 1
        here = torch.stack([behind, (fork * paces + pace) * levels + level], 1).to(view.dtype)
        return torch.where(here[:, :1] > memory[:, :1], here, memory)

    def line(self, view: Tensor, memory: Tensor) -> Tensor:
        """Whose order each learner follows: branch by branch, within a branch by destination.   -> [N]"""
        return memory[:, 1].long() * len(self.lines.targets) + self.lines.destination(view)

    def pace(self, view: Tensor) -> Tensor:
        """Minutes a week, as the view scales them.   -> [N]"""
        return self._total(view, "weekly_minutes")

    def level(self, view: Tensor) -> Tensor:
        """Share of what is needed that is believed known; what is needed on the way counts half.   -> [N]"""
        learner = self.sight.learner(view)
        weight = learner.target + 0.5 * learner.rests
        return (weight * learner.belief).sum(1) / weight.sum(1).clamp(min=1e-6)

    def bounds(self, branch: int, destination: int) -> tuple[Span, Span]:
        """Who is put into a branch: pace and level, above and up to, as ``pace`` and ``level`` have them."""
        fork, part = divmod(branch, self.level_edges.shape[1] * (self.level_edges.shape[3] + 1))
        pace, level = divmod(part, self.level_edges.shape[3] + 1)
        cuts = (self.pace_edges[fork], pace), (self.level_edges[fork, pace, destination], level)
        whole = [([-inf, *edges.tolist(), inf], part) for edges, part in cuts]
        return tuple((edges[part], edges[part + 1]) for edges, part in whole)  # type: ignore[return-value]

    def _total(self, view: Tensor, name: str) -> Tensor:
        return view[:, self.sight.spec.total(name)]


@dataclass(frozen=True)
class Settings:
    """Of the search."""

    forks: int = 11  # the first before the first decision
    every: int = 4  # decisions between two
    paces: int = 3  # parts into which minutes a week are cut
    levels: int = 3  # parts into which what is known is cut
    rounds: int = 8  # of each fork, each with a crowd of its own
    neighbours: int = 1000  # orders tried in a round, per branch and destination
    learners: int = 256  # of a branch's crowd; a neighbour that does badly is given up after a few

    def __post_init__(self) -> None:
        require_counts("branching", self, learners=FEWEST)

    @property
    def at(self) -> tuple[int, ...]:
        """Decisions made before each fork."""
        return tuple(range(0, self.forks * self.every, self.every))


def fit(
    rules: Any, classroom: Callable[..., Any], seed: int, settings: Settings | None = None, *,
    start: Programme | None = None, progress: Callable[[dict[str, float]], None] | None = None,
    orchestrator: Orchestrator | None = None,
) -> Branching:  # fmt: skip
    """Search fork by fork.   Same seed, same branches.

    Args:
        rules: what happens; orders are judged by the worth of the destination at the end of a life.
        classroom: makes a room from (rules, rows, seed), as ``classroom.room.Classroom`` does.
        seed: of moves, learners and luck.
        start: the programme that every branch begins as; without, one is searched for first.
        progress: told after each fork: fork, worth (of what is still to come, mean over branches).
        orchestrator: in cohorts, who gets what is scarce; None: first come, first served.

    Where people meet, imagined lives are those of people alone; a fork is kept only if whole cohorts end better for it.
    """
    s = settings or Settings()
    found = start or programme.fit(rules, classroom, seed, progress=progress, orchestrator=orchestrator)
    search = Search(rules, classroom, seed, s, programme.required(found, "branching").orders(rules.world))
    for fork in range(s.forks):
        kept, old = search.kept(), search.met(fork, orchestrator) if rules.world.cohorts is not None else -np.inf
        worth = search.grow(fork)
        if rules.world.cohorts is not None and search.met(fork, orchestrator) <= old:
            search.back(*kept)
        if progress is not None:
            progress({"fork": fork + 1, "worth": worth})
    return search.policy


class Search:
    """A branching programme while it grows: the policy, and its orders [G, R, E]."""

    def __init__(self, rules: Any, classroom: Callable[..., Any], seed: int, settings: Settings, base: Orders):
        s = self.settings = settings
        self.rules, self.classroom, self.seed = rules, classroom, seed
        self.orders = np.tile(base, (s.forks * s.paces * s.levels, 1, 1))
        self.policy = Branching.for_world(rules.world, s.at, s.paces, s.levels, self.orders)
        self.policy.after[1:] = NEVER  # forks that have not grown yet; one that is refused stays so

    def grow(self, fork: int) -> float:
        """Cut the crowd that comes to a fork, and improve the order of each of its branches.   -> mean worth to come"""
        room, before = self.crowd(fork, 0)
        view, going = torch.from_numpy(room.view), torch.from_numpy(room.alive)
        self.policy.after[fork] = shown_of(self.settings.at[fork] - 0.5)
        self.cut(fork, view[going])
        now, bound_for = self.policy.put(view, before), self.policy.lines.destination(view)
        self.inherit(fork, now[going, 1], before[going, 1], bound_for[going])
        worth = [self.improved(fork, turn) for turn in range(1, self.settings.rounds + 1)]
        self.policy.lines = Programme.for_world(self.rules.world, self.orders.reshape(-1, self.orders.shape[-1]))
        return worth[-1]

    def crowd(self, fork: int, turn: int) -> tuple[Any, Tensor]:
        """Newcomers who have come to a fork by those before it.   -> their room, their memory [M, 2]"""
        s, roles = self.settings, self.orders.shape[1]
        people = luck.rebirth(
            self.seed, np.arange(SPARE * s.learners * s.paces * s.levels * roles), self.address(fork, turn)
        )
        room = self.classroom(self.rules, len(people), self.seed).begin(people)
        memory, orders = torch.zeros(len(people), 2), self.orders.reshape(-1, self.orders.shape[-1])
        for _ in range(s.at[fork]):
            view = torch.from_numpy(room.view)
            memory = self.policy.put(view, memory)
            chosen = due(orders[self.policy.line(view, memory).numpy()], room.visits, room.mask)
            room.step(np.repeat(chosen[:, None], room.offers.shape[1], 1))
        return room, memory

    def address(self, fork: int, turn: int) -> int:
        """Of a crowd and of its imagined luck, beside those of the programme's search."""
        return (fork + 1) * (1 << 16) + turn

    def cut(self, fork: int, view: Tensor) -> None:
        """Edges between equal parts of those who come to a fork: by pace, and by level among those of one pace and
        destination."""
        policy, s = self.policy, self.settings
        pace, level, bound_for = policy.pace(view), policy.level(view), policy.lines.destination(view)
        policy.pace_edges[fork] = between(pace, s.paces)
        part = (pace[:, None] > policy.pace_edges[fork]).sum(1)
        for p, r in product(range(s.paces), range(self.orders.shape[1])):
            if (here := (part == p) & (bound_for == r)).any():
                policy.level_edges[fork, p, r] = between(level[here], s.levels)

    def inherit(self, fork: int, branch: Tensor, before: Tensor, bound_for: Tensor) -> None:
        """A branch begins with the order by which most come to it, destination by destination.   all [M]"""
        for here, r in product(self.branches(fork) if fork else (), range(self.orders.shape[1])):
            came = before[(branch == here) & (bound_for == r)].long()
            if len(came):
                self.orders[here, r] = self.orders[int(came.bincount().argmax()), r]

    def improved(self, fork: int, turn: int) -> float:
        """One round of a fork: a new crowd, whose branches are improved in place.   -> mean worth to come"""
        s, worth, useful = self.settings, [], about(self.rules.world)
        room, memory = self.crowd(fork, turn)
        branch, role = self.policy.put(torch.from_numpy(room.view), memory)[:, 1].numpy(), room.now("role")
        imagined = Imagined(self.rules, s.learners, imagined_seed(self.seed, self.address(fork, turn)))
        imagined.reckon(room)
        for here, r in product(self.branches(fork), range(self.orders.shape[1])):
            rows = np.flatnonzero(room.alive & (branch == here) & (role == r))[: s.learners]
            if len(rows) < FEWEST:
                continue
            gained, _ = imagined.improve(
                room, rows[None], room.ids[rows][None], room.ids[rows[:1]], changes_of(room)[rows][None], useful[[r]],
                self.orders[here, r : r + 1], np.zeros(1, np.int64), s.neighbours, CERTAIN,
            )  # fmt: skip
            worth.append(float(gained[0]))
        return float(np.mean(worth)) if worth else 0.0

    def branches(self, fork: int) -> range:
        """Those of a fork."""
        each = self.settings.paces * self.settings.levels
        return range(fork * each, (fork + 1) * each)

    def met(self, fork: int, orchestrator: Orchestrator | None) -> float:
        """What the branches are worth to whole cohorts of newcomers, who live in rounds."""
        ids = newcomers(self.rules.world.cohorts, self.settings.learners, self.seed, self.address(fork, 0))
        return float(simulate(self.policy, self.rules, ids, self.seed, orchestrator=orchestrator)["value"].mean())

    def kept(self) -> tuple[Orders, dict[str, Tensor]]:
        """A copy of what a fork changes."""
        return self.orders.copy(), {name: value.clone() for name, value in self.policy.state_dict().items()}

    def back(self, orders: Orders, state: dict[str, Tensor]) -> None:
        """Put a copy back."""
        self.orders = orders
        self.policy.load_state_dict(state)


def shown_of(decisions: float) -> float:
    """What the view shows of so many decisions."""
    old = Totals(*(decisions if name == "decisions" else 0.0 for name in Totals._fields))
    return float(view_totals(old, Standing(0.0, 0.0, 1.0, 1.0), 0.0, 0.0)[VIEW_TOTALS.index("decisions")])


def between(x: Tensor, parts: int) -> Tensor:
    """What cuts numbers into parts of equal size.   [M] -> [parts - 1]"""
    return torch.quantile(x, torch.arange(1, parts, dtype=x.dtype) / parts)
