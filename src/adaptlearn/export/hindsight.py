"""A log retold: what a policy would have seen, and with what chance it would have offered what was offered.

The learner's record is built again from the logged events by the lines that a bundle runs (``record.Keeper``), the
legal activities from the rules that the classroom keeps, and the chances by the lines that draw a slate. Nothing is
simulated: days, answers and ratings are those of the log.

Axes: D decisions in the order of learner and step, N learners, A activities, K skills, P features.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from adaptlearn.classroom.guardrails import ALIVE, DAY, WEEKLY, Guardrails
from adaptlearn.classroom.simulate import BLOCK
from adaptlearn.core import record
from adaptlearn.core.catalogue import FEATURES
from adaptlearn.core.cohorts import WEEK, scarcity
from adaptlearn.core.learner import MODES, MOTIVES, Life, Traits
from adaptlearn.core.log import PROFILE, EventLog
from adaptlearn.core.world import World
from adaptlearn.export import sampler
from adaptlearn.export.ops import TORCH
from adaptlearn.export.record import Event, Keeper

Floats = NDArray[np.float64]
Features = Callable[[Tensor, Tensor, Tensor], Tensor]  #: view, catalogue, history -> [N, A, P]


@dataclass(frozen=True)
class Hindsight:
    """One row per decision of the log, in the order of learner and step."""

    row: NDArray[np.int64]  # [D] row of the log
    learner: NDArray[np.int64]  # [D] 0 .. N - 1
    first: NDArray[np.bool_]  # [D] the learner's first decision
    chance: Floats  # [D] of the whole slate that was offered, under the policy
    logged: Floats  # [D] the same under the log's policy
    before: Floats  # [D] believed worth of the destination when deciding, [0, 1]
    after: Floats  # [D] the same for the same destination when the next decision is due
    view: NDArray[np.float32]  # [D, V]
    mask: NDArray[np.bool_]  # [D, A] what was legal
    chosen: Floats  # [D, P] features of the first place offered
    expected: Floats  # [D, P] their mean over the policy's choices


def retell(log: EventLog, world: World, policy: Any, features: Features) -> Hindsight:
    """Every decision of the log under another policy.

    Raises:
        ValueError: the log lacks profiles, speaks of another world, was decided by learners alone, has steps missing,
            or the policy draws luck of its own, so that its chances cannot be had from its scores.
    """
    _require(log, world, policy)
    order = np.lexsort((log["step"], log["learner"]))
    _, learner = np.unique(log["learner"][order], return_inverse=True)
    step = log["step"][order]
    starts = np.flatnonzero(np.diff(learner, prepend=-1))
    if not np.array_equal(step, np.arange(len(step)) - starts[learner]):
        raise ValueError(
            "steps are missing or doubled in the log; needed 0, 1, 2 ... for every learner: a record is built from all"
        )
    story = _Retelling(log, world, policy, features, len(starts))
    parts = []
    with torch.inference_mode():
        for turn in range(int(step.max()) + 1):
            here = np.flatnonzero(step == turn)
            parts.append((here, *story.decision(order[here], learner[here])))
    place = np.argsort(np.concatenate([part[0] for part in parts]), kind="stable")
    columns = [np.concatenate([part[j] for part in parts])[place] for j in range(1, len(parts[0]))]
    return Hindsight(order, learner, step == 0, *columns)


def _require(log: EventLog, world: World, policy: Any) -> None:
    said = log.provenance.get("world", world.name)
    if said != world.name:
        raise ValueError(f"the log is of {said}; needed {world.name}, e.g. env={said}")
    if len(log) == 0:
        raise ValueError("the log has no decision; needed some hundreds of learners")
    if not log.profiled:
        raise ValueError(
            f"the log does not say {', '.join(PROFILE)}; needed them, as policies are told them, e.g. log them anew"
        )
    if log.provenance.get("decides") == "self":
        raise ValueError(
            "in this log learners decided alone, so no offer was drawn; needed a log with decides=assign or offer"
        )
    if log["offered"].max() >= len(world.activities):
        raise ValueError(
            f"the log offers activity {log['offered'].max()}; needed 0 to {len(world.activities) - 1}, rows of the "
            f"catalogue of {world.name}"
        )
    roles, needed = log["role"], len(world.roles)
    if roles.min() < 0 or roles.max() >= needed:
        raise ValueError(
            f"roles {int(roles.min())} to {int(roles.max())} in the log; needed 0 to {needed - 1} in every decision, "
            f"the roles of {world.name}"
        )
    asked = world.assesses[log["taken"]]
    unclear = (log["items"] > 0) & ((asked > 0).sum(1) != 1) & (log["items"] != asked.sum(1))
    if unclear.any():
        raise ValueError(
            f"{int(unclear.sum())} decisions answer other items than their activities declare, and a log does not say "
            "on which skills; needed all items of an activity that asks about several, or none"
        )
    _require_seats(log, world)
    if policy.luck_size:
        raise ValueError(
            f"{policy.name} draws luck of its own, so its scores hold no chances; needed luck_size 0, e.g. mastery"
        )


def _require_seats(log: EventLog, world: World) -> None:
    scarce = world.cohorts is not None and len(scarcity(world.activities, world.cohorts).activities) > 0
    if scarce and "full" not in log.columns:
        raise ValueError(
            f"seats are scarce in {world.name}, and the log does not say what was full; needed a column full, "
            "e.g. a log of adaptlearn simulate, or of decision lines with it"
        )


class _Retelling:
    """Records, visits and memories of all learners, as they were at each decision."""

    def __init__(self, log: EventLog, world: World, policy: Any, features: Features, n: int):
        self.log, self.world, self.policy, self.features = log, world, policy, features
        self.keeper, self.guardrails = Keeper(world.tracer), Guardrails(world)
        self.catalogue = torch.from_numpy(world.features.copy())
        a = len(world.activities)
        self.records = torch.from_numpy(np.tile(self.keeper.spec.newcomer(world.tracer), (n, 1)))
        self.memory = torch.zeros(n, policy.memory_size)
        self.visits, self.last = np.zeros((n, a), np.int64), np.zeros((n, a), np.float32)
        self.passed = np.zeros((n, len(self.guardrails.marked)), bool)
        self.vetoed = np.zeros((n, a), bool)
        self.heed = np.float32(log.provenance.get("heed", world.programme.heed))

    def decision(self, rows: NDArray[np.int64], who: NDArray[np.int64]) -> tuple[NDArray[Any], ...]:
        """One decision of the named learners, then what became of it.   -> columns of Hindsight from ``chance`` on"""
        log, at = self.log, torch.from_numpy(who)
        day = torch.from_numpy(log["day"][rows])[:, None]
        profile = self._profile(rows)
        view, mastery, _ = self.keeper.view(self.records[at], profile, day)
        history, mask = self._history(rows, who), torch.from_numpy(self._legal(rows, who))
        scores = self._scores(view, history, at)
        offered = torch.from_numpy(log["offered"][rows].astype(np.int64))
        chance, chances = _chances(scores, mask, sampler.temperature_of(self.policy), offered)
        pairs = self.features(view, self.catalogue, history)
        chosen = pairs[torch.arange(len(rows)), offered[:, 0]]
        expected = (chances[:, :, None] * pairs).sum(1)
        self.records[at] = self.keeper.observe(self.records[at], self._event(rows))
        self._count(rows, who)
        gap = np.nan_to_num(log["gap_days"][rows])  # a platform does not know yet when the next decision will be due
        _, later, _ = self.keeper.view(self.records[at], profile, day + torch.from_numpy(gap)[:, None])
        target = profile[:, : mastery.shape[1]]
        logged = log["propensity"][rows].astype(np.float64).prod(1)
        numbers = [
            x.double().numpy() for x in (chance, (target * mastery).sum(1), (target * later).sum(1), chosen, expected)
        ]
        return numbers[0], logged, numbers[1], numbers[2], view.numpy(), mask.numpy(), numbers[3], numbers[4]

    def _profile(self, rows: NDArray[np.int64]) -> Tensor:
        """What the platform was told.   -> [N, P] by core.record: target weights, then PROFILE"""
        log, programme = self.log, self.world.programme
        terms = np.full((len(rows), 4), (0.0, 0.0, programme.horizon_days, programme.retention_day), np.float32)
        terms[:, 0], terms[:, 1] = log["mandatory"][rows], log["weekly_minutes"][rows]
        motive, stated = (_shares(log[name][rows], len(words)) for name, words in (("motive", MOTIVES),
                                                                                   ("stated", MODES)))  # fmt: skip
        target = self.world.targets[log["role"][rows].astype(int)]
        if "wish" in log.columns and self.heed > 0.0:
            wish = log["wish"][rows].astype(int)
            said = np.where(wish[:, None] < 0, target, self.world.targets[wish])
            target = record.heeded(target, said, self.heed)  # type: ignore[no-untyped-call]
        return torch.from_numpy(np.concatenate([target, terms, motive, stated], 1))

    def _history(self, rows: NDArray[np.int64], who: NDArray[np.int64]) -> Tensor:
        """Twin of ``classroom.platform.recall``.   -> [N, A, 3]"""
        seen = (self.visits[who] > 0).astype(np.float32)
        since = self.log["day"][rows, None] - self.last[who]
        done = self.guardrails.met(self.visits[who], self.passed[who]).astype(np.float32)
        return torch.from_numpy(
            np.stack([0.5 * self.visits[who].astype(np.float32), seen / (1.0 + since / np.float32(7.0)), done], 2)
        )

    def _legal(self, rows: NDArray[np.int64], who: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Twin of ``classroom.platform.allow``; the department's rules are the classroom's own pass.   -> [N, A]"""
        log, world, visits = self.log, self.world, self.visits[who]
        today, weekly = log["day"][rows], log["weekly_minutes"][rows]
        left = np.maximum(np.float32(world.programme.horizon_days) - today, 0) * weekly / np.float32(7)
        whole = np.minimum(np.floor(today), np.ceil(world.programme.horizon_days))[:, None]
        open_now = (whole >= np.floor(world.opens)) & (whole <= world.closes)
        open_now &= world.weekdays.T[whole[:, 0].astype(int) % WEEK]
        fits = world.scalars[:, FEATURES.index("minutes")] <= left[:, None]
        mask = (world.allowed > 0) & open_now & fits & (visits < world.programme.repeats) & ~self.vetoed[who]
        mask[:, 0] = True
        life, traits = np.zeros((len(rows), len(Life._fields))), np.zeros((len(rows), len(Traits._fields)), np.float32)
        life[:, ALIVE], life[:, DAY], traits[:, WEEKLY] = 1.0, today, weekly
        room: Any = SimpleNamespace(n=len(rows), life=life.astype(np.float32), traits=traits, visits=visits,
                                    mask=mask.astype(np.uint8), last=self.last[who],
                                    passed=self.passed[who])  # fmt: skip
        self.guardrails.narrow(room, slice(None))
        mask = np.asarray(room.mask > 0)
        if "full" in log.columns:
            np.put_along_axis(mask, log["full"][rows].astype(int), False, 1)
            mask[:, 0] = True
        return mask

    def _scores(self, view: Tensor, history: Tensor, at: Tensor) -> Tensor:
        """The policy in padded blocks of one size, as the classroom runs it.   -> [N, A]"""
        out = torch.empty(history.shape[:2])
        for start in range(0, len(view), BLOCK):
            part = slice(start, start + BLOCK)
            m = len(view[part])
            padded = [
                torch.cat([x, x.new_zeros(BLOCK - m, *x.shape[1:])])
                for x in (view[part], history[part], self.memory[at[part]])
            ]
            scores, memory = self.policy(padded[0], self.catalogue, padded[1], padded[2], torch.zeros(BLOCK, 0))
            out[part], self.memory[at[part]] = scores[:m], memory[:m]
        return out

    def _event(self, rows: NDArray[np.int64]) -> Event:
        log, world = self.log, self.world
        taken = log["taken"][rows].astype(int)
        items, correct = np.zeros((2, len(rows), len(world.skills)), np.float32)
        for a in np.unique(taken[log["items"][rows] > 0]):
            who, asked = np.flatnonzero((taken == a) & (log["items"][rows] > 0)), np.flatnonzero(world.assesses[a])
            items[who] = (
                world.assesses[a] if len(asked) > 1 else np.outer(log["items"][rows[who]], world.assesses[a] > 0)
            )
            correct[np.ix_(who, asked)] = log["answers"][rows[who], : len(asked)]
        happened = np.stack(
            [
                np.ones(len(rows)),
                log["day"][rows],
                log["outcome"][rows],
                log["completed"][rows],
                log["minutes"][rows],
                log["rating"][rows],
            ],
            1,
        )
        shown = world.features[log["offered"][rows]]
        parts = (
            happened,
            shown,
            world.features[taken] * (taken > 0)[:, None],
            np.zeros_like(shown[:, 0]),
            items,
            correct,
        )
        return Event(*(torch.from_numpy(np.ascontiguousarray(part, np.float32)) for part in parts))

    def _count(self, rows: NDArray[np.int64], who: NDArray[np.int64]) -> None:
        taken = self.log["taken"][rows].astype(int)
        took = taken > 0
        self.visits[who[took], taken[took]] += 1
        self.last[who[took], taken[took]] = self.log["day"][rows[took]]
        if "vetoed" in self.log.columns:
            struck = self.log["vetoed"][rows].astype(int)
            self.vetoed[who, struck] |= struck > 0
        event = (self.log[name][rows] for name in ("taken", "completed", "items", "correct"))
        self.passed[who] |= self.guardrails.passing(*event)


def _shares(said: NDArray[Any], n: int) -> NDArray[np.float32]:
    """One for the word said; even shares where nothing was, as a bundle's profile has it.   said [N] -> [N, n]"""
    rows = np.full((n + 1, n), 1.0 / n, np.float32)  # the last row is that of -1
    rows[:n] = np.eye(n, dtype=np.float32)
    return np.asarray(rows[said.astype(int)])


def _chances(scores: Tensor, mask: Tensor, temperature: float, offered: Tensor) -> tuple[Tensor, Tensor]:
    """Chance of the slates offered, place after place, and of every activity in the first.   -> [N], [N, A]"""
    legal, floor = sampler.admitted(TORCH, scores, mask)
    warm, luck = torch.tensor([temperature]), torch.zeros(len(scores), 1)
    chance, first = torch.ones(len(scores)), None
    for place in offered.split(1, 1):
        chances = sampler.draw(TORCH, legal, floor, warm, luck)[3]
        first = chances if first is None else first
        chance = chance * chances.gather(1, place)[:, 0]
        legal = legal.scatter(1, place, floor.expand_as(legal).gather(1, place))
    assert first is not None
    return chance, first


__all__ = ["Features", "Hindsight", "retell"]
