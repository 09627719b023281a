"""Whole lives: a policy, some rules, and the learners who live once each."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.classroom.layout import EVENT, SKIPPED
from adaptlearn.classroom.room import LIFE, Classroom, Rules
from adaptlearn.classroom.rounds import Alone, Rounds, portions
from adaptlearn.core import luck
from adaptlearn.core.learner import Life, Traits
from adaptlearn.core.log import EventLog
from adaptlearn.core.policy import Ceiling, Head, Orchestrator, Policy

BLOCK = 256  # rows per policy call: a matmul's rows change with batch size, so the size never changes
CHUNK = 8192  # learners in one classroom; a memory bound, invisible in results
T = TypeVar("T")
THOUGHT = 64  # policy luck begins at this draw index; the first 64 belong to the sampler


@dataclass(frozen=True)
class Lives:
    """What became of each learner, and the log if it was asked for.   rows follow ``ids``"""

    ids: NDArray[np.uint64]
    life: NDArray[np.float32]  # [N, len(Life)], at the end
    traits: NDArray[np.float32]  # [N, len(Traits)], latent; for analysis only
    start: NDArray[np.float32]  # [N] worth of the first destination at the start, untaught
    left: NDArray[np.bool_]  # [N] left before the programme ended
    stars: NDArray[np.float32]  # [N] mean rating, NaN if never rated
    reward: NDArray[np.float32]  # [N] sum of rewards
    mind: NDArray[np.float32]  # [N, K, M] as of ``touched``; latent, for analysis only
    touched: NDArray[np.float32]  # [N, K] day of the last learning on each skill
    visits: NDArray[np.uint8]  # [N, A] visits to each activity
    passed: NDArray[np.bool_]  # [N, M] what has a pass mark and was passed, in the order of the rules
    keys: NDArray[np.uint64]  # [N] of each learner's luck: what is drawn after a life is addressed by it
    log: EventLog | None = None

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        """A column of the end of life, e.g. lives["value"], lives["minutes"]."""
        return self.life[:, LIFE[name]]

    def in_order(self, rows: NDArray[np.int64]) -> "Lives":
        """The same learners in another order; a log has an order of its own."""
        moved = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name != "log"}
        return replace(self, **moved)

    def trait(self, name: str) -> NDArray[np.float32]:
        """A latent trait."""
        return self.traits[:, Traits._fields.index(name)]


class Thinker:
    """A policy applied to a classroom's living learners in padded blocks of one size; holds each one's memory."""

    def __init__(self, policy: Policy, room: Classroom):
        import torch

        self.torch, self.policy, self.room = torch, policy, room
        self.threads = torch.get_num_threads()
        n, a = room.mask.shape
        self.catalogue = torch.from_numpy(room.rules.world.features.copy())
        self.view, self.history = torch.zeros(BLOCK, room.spec.size), torch.zeros(BLOCK, a, 3)
        self.memory = torch.zeros(n, policy.memory_size)
        self.memory_here = torch.zeros(BLOCK, policy.memory_size)
        self.luck = torch.zeros(BLOCK, policy.luck_size)
        self.scores = np.zeros((n, a), np.float32)

    def decide(self) -> None:
        """Write offers and propensities for everyone alive into the room."""
        self.think()
        self.choose(None)

    def choose(self, whose: NDArray[np.bool_] | None) -> None:
        """Offers and propensities of all or of some, from scores that stand."""
        head = self.policy.head
        self.room.choose(self.scores, head.temperature, whose, getattr(head, "diversity", 0.0))

    def think(self) -> None:
        """Scores for everyone whose decision comes next; memories move on."""
        room = self.room
        alive = np.flatnonzero(room.acting)
        self.torch.set_num_threads(1)  # how a matmul is shared among threads moves its last bit
        try:
            with self.torch.inference_mode():
                for start in range(0, len(alive), BLOCK):
                    self._block(alive[start : start + BLOCK])
        finally:
            self.torch.set_num_threads(self.threads)

    def _block(self, rows: NDArray[np.int64]) -> None:
        room, m, at = self.room, len(rows), self.torch.from_numpy(rows)
        self.view[:m] = self.torch.from_numpy(room.view[rows])
        room.history(self.history.numpy(), rows)
        self.memory_here[:m] = self.memory[at]
        if self.policy.luck_size:
            draws, steps = THOUGHT + np.arange(self.policy.luck_size), room.now("step")[rows, None].astype(np.uint64)
            u = luck.uniform(room.seed, luck.POLICY, room.ids[rows, None], steps, draws)
            self.luck[:m] = self.torch.from_numpy(u)
        scores, memory = self.policy(self.view, self.catalogue, self.history, self.memory_here, self.luck)
        self.scores[rows], self.memory[at] = scores[:m].numpy(), memory[:m]


def simulate(
    policy: Policy | Ceiling,
    rules: Rules,
    ids: ArrayLike,
    seed: int,
    *,
    log: bool = False,
    threads: int = 1,
    before: Callable[[Classroom], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
    orchestrator: Orchestrator | None = None,
) -> Lives:
    """Each learner's whole life under a policy. A learner's life depends on (rules, policy, seed, id) and nothing else;
    where learners live in cohorts (``world.cohorts``), also on the ids of their cohort, and on no other.

    Args:
        policy: see ``core.policy``; a Ceiling is handed the classroom itself.
        ids: identities of the learners, any distinct non-negative integers.
        log: also keep one row per decision.
        before: called before every decision; may change what is shown then (``room.view``) or allowed (``room.mask``).
        progress: called with (learners done, learners in all).
        orchestrator: in cohorts, who gets what is scarce; None: first come, first served.

    Raises:
        ValueError: no learners, or one named twice.
    """
    who = np.asarray(ids, np.uint64).ravel()
    if len(who) == 0 or len(np.unique(who)) < len(who):
        raise ValueError(
            f"{len(who)} ids, {len(np.unique(who))} distinct; needed at least one, each once, e.g. range(1000)"
        )
    policy = policy if hasattr(policy, "head") else copy(policy)  # a ceiling plans for one room at a time
    parts, rows, done = [], portions(rules.world.cohorts, who, CHUNK), 0
    for part in rows:
        parts.append(_chunk(policy, rules, who[part], seed, log, threads, before, orchestrator))
        done += len(part)
        if progress is not None:
            progress(done, len(who))
    lives = _joined(parts, policy, rules, seed, log)
    return lives if rules.world.cohorts is None else lives.in_order(np.argsort(np.concatenate(rows)))


def side_by_side(calls: Sequence[Callable[[], T]], threads: int) -> list[T]:
    """Whole simulations shared among threads, in order of the calls; the same results as one after the other.

    Policies keep nothing between calls, so threads may share them; torch is held to one thread meanwhile, since how a
    matmul is shared among threads moves its last bit.
    """
    if threads < 2 or len(calls) < 2:
        return [call() for call in calls]
    import torch

    usual = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(threads, thread_name_prefix="lives") as pool:
            return list(pool.map(lambda call: call(), calls))
    finally:
        torch.set_num_threads(usual)


def _chunk(
    policy: Any, rules: Rules, ids: NDArray[np.uint64], seed: int, log: bool, threads: int, before: Any,
    orchestrator: Orchestrator | None,
) -> dict[str, Any]:  # fmt: skip
    room = Classroom(rules, len(ids), seed, threads=threads).begin(ids)
    rounds = Alone(room) if rules.world.cohorts is None else Rounds(room, orchestrator)
    thinker = Thinker(policy, room) if hasattr(policy, "head") else None
    part = {"ids": ids, "start": room.now("value").copy(), "left": np.zeros(len(ids), bool),
            "stars": np.zeros((2, len(ids)), np.float32), "reward": np.zeros(len(ids), np.float32),
            "rows": []}  # fmt: skip
    while (acting := rounds.turn()).any():
        shown = room.view.copy() if before is not None else None
        if before is not None:
            before(room)
        if thinker is not None:
            thinker.think()
        else:
            room.offers[:, 0], room.propensity[:] = policy.decide(room), 1.0
        rounds.decide(thinker.choose if thinker is not None else lambda whose: None)
        if shown is not None:
            room.view[...] = shown  # a step keeps a view up, it does not write it anew
        then = (room.now("step").copy(), room.now("role").copy(), rounds.full()) if log else None
        allowed = room.legal.copy() if log and rules.world.programme.veto else None
        room.step()
        rounds.settle()
        part["reward"] += room.pay
        part["left"] |= (room.flags[:, 0] > 0) & acting
        stars = np.where(acting, room.event[:, EVENT.index("stars")], 0.0)
        part["stars"] += np.stack([stars, stars > 0])
        if then is not None:
            part["rows"].append(_rows(room, acting, *then) | _vetoed(room, acting, allowed))
    part |= {"life": room.life, "traits": room.traits, "mind": room.mind, "touched": room.touched,
             "visits": room.visits, "passed": room.passed, "keys": luck.keys_of(seed, ids)}  # fmt: skip
    return part


def _vetoed(room: Classroom, acting: NDArray[np.bool_], before: Any) -> dict[str, NDArray[Any]]:
    """What each learner struck off in the step just made, where they may: what they skipped and is legal no more."""
    if before is None:
        return {}
    shown = room.offers[:, 0]
    gone = np.take_along_axis(before > room.legal, shown[:, None], 1)[:, 0]
    skipped = room.event[:, EVENT.index("outcome")] == SKIPPED
    return {"vetoed": np.where(gone & skipped, shown, 0)[acting].astype(np.int32)}


def _rows(room: Classroom, alive: NDArray[np.bool_], step: Any, role: Any, full: Any = None) -> dict[str, NDArray[Any]]:
    event = {name: room.event[alive, j] for j, name in enumerate(EVENT)}
    asked = event["items"] > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        score = np.where(asked, event["correct"] / event["items"], np.nan).astype(np.float32)
    return {
        "learner": room.ids[alive].copy(), "step": step[alive].astype(np.int32), "day": event["day"],
        "offered": room.offers[alive].copy(), "taken": event["taken"].astype(np.int32),
        "outcome": event["outcome"].astype(np.int8), "completed": event["completed"] > 0, "minutes": event["minutes"],
        "items": event["items"].astype(np.int16), "correct": event["correct"].astype(np.int16),
        "answers": room.answers[alive] * asked[:, None].astype(np.uint8), "score": score, "rating": event["stars"],
        "gap_days": event["gap"], "left": event["left"] > 0, "propensity": room.propensity[alive].copy(),
        "role": role[alive].astype(np.int8), "site": room.trait("site")[alive].astype(np.int8),
        "tenure": room.trait("tenure")[alive].astype(np.int8), "weekly_minutes": room.trait("weekly_minutes")[alive],
        "motive": room.trait("motive")[alive].astype(np.int8), "stated": room.trait("stated")[alive].astype(np.int8),
        "mandatory": np.full(int(alive.sum()), room.terms.mandatory > 0),
    } | ({} if full is None else {"full": full[alive].astype(np.int32)})  # fmt: skip


def _joined(parts: list[dict[str, Any]], policy: Any, rules: Rules, seed: int, log: bool) -> Lives:
    def whole(name: str, axis: int = 0) -> Any:
        return np.concatenate([part[name] for part in parts], axis)

    total, count = whole("stars", 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        stars = np.where(count > 0, total / count, np.nan).astype(np.float32)
    events = _event_log([row for part in parts for row in part["rows"]], policy, rules, seed) if log else None
    return Lives(
        whole("ids"),
        whole("life"),
        whole("traits"),
        whole("start"),
        whole("left"),
        stars,
        whole("reward"),
        whole("mind"),
        whole("touched"),
        whole("visits"),
        whole("passed"),
        whole("keys"),
        events,
    )


def _stacked(parts: list[NDArray[Any]]) -> NDArray[Any]:
    """Rows one below the other; lists are filled up with 0 to the longest."""
    if parts[0].ndim == 1:
        return np.concatenate(parts)
    widest = max(part.shape[1] for part in parts)
    return np.concatenate([np.pad(part, ((0, 0), (0, widest - part.shape[1]))) for part in parts])


def _event_log(rows: list[dict[str, NDArray[Any]]], policy: Any, rules: Rules, seed: int) -> EventLog:
    columns = {name: _stacked([row[name] for row in rows]) for name in rows[0]}
    order = np.lexsort((columns["step"], columns["learner"]))
    about = {"simulated": "yes", "world": rules.world.name, "law": rules.law.__name__, "catalogue": rules.catalogue,
             "seed": str(seed), "population": rules.population.provenance,
             "decides": rules.decides or rules.world.programme.decides}  # fmt: skip
    named = {name: column[order] for name, column in columns.items()}
    return EventLog(named, policy.name, getattr(policy, "version", "0"), about)


__all__ = ["Head", "Life", "Lives", "Thinker", "side_by_side", "simulate"]
