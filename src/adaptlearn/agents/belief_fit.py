"""Training a belief on simulated histories: lives under many policies, whose minds are known to the training alone.

Every round a new cohort is taught by one of several policies, and the belief, run along each life, is scored at every
decision on every skill by the log density of the true level, today and at the retention check (a proper score: only
the true posterior does best). What it will meet is drawn anew each round: learners, the policy, the hidden errors of
the catalogue; so it learns the kind of world and no single one.

Axes: T decisions, N learners, K skills, C columns of sums, V view.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from adaptlearn.agents import shelf
from adaptlearn.agents.belief import TRAITS, Belief, Normal, State
from adaptlearn.agents.best import Best
from adaptlearn.agents.happened import Reader
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core import luck
from adaptlearn.core.learner import DRAWN, LOGGED, Traits

TEACHERS = ("mastery", "linear", "random", "linear", "syllabus", "linear")  # under whom histories arise
LEAST = 0.01  # levels nearer to 0 or 1 count as this far from it
OF_TRAITS = 0.2  # weight of the traits' score beside the levels'
WATCHED = 1 << 40  # first of the rounds whose learners are held out
AT = [Traits._fields.index(name) for name in TRAITS]
LOGS = LOGGED[[DRAWN.index(name) for name in TRAITS]] > 0


@dataclass(frozen=True)
class Settings:
    """Of the training."""

    rounds: int = 400  # of a new cohort each
    learners: int = 128  # in a cohort
    batch: int = 32  # of them a step
    hidden: int = 24  # units a skill
    context: int = 24  # units of the learner
    rate: float = 5e-3  # step size of Adam, falling to a hundredth
    check: int = 40  # rounds between looks at held-out learners; the best state is kept
    patience: int = 4  # looks without a better one, after which it ends
    device: str = "cpu"  # of the network: cpu | cuda

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name != "device" and not value > 0:
                raise ValueError(f"belief: {field.name} = {value}; needed more than 0, e.g. {field.default}")


@dataclass
class Histories:
    """Lives as a platform sees them, and what the minds behind them were; who lives longest comes first."""

    view: Tensor  # [T, N, V]
    told: Tensor  # [T, N, K, C] sums
    made: Tensor  # [T, N] bool: where a decision was made
    now: Tensor  # [T, N, K] true level
    later: Tensor  # [T, N, K] true forecast at the retention check
    traits: Tensor  # [N, 3] of TRAITS, on the scale on which they are normal
    rows: Tensor  # [N] which of those who were asked for each one is

    def every(self, n: int, first: int) -> "Histories":
        """Every n-th life."""
        along = (x[:, first::n] for x in (self.view, self.told, self.made, self.now, self.later))
        return Histories(*along, self.traits[first::n], self.rows[first::n])

    def to(self, device: str) -> "Histories":
        """The same on a device."""
        return Histories(*(getattr(self, field.name).to(device) for field in fields(self)))


def lived(policy: Any, rules: Any, ids: NDArray[np.uint64], seed: int, reader: Reader) -> Histories:
    """The lives of these learners under a policy, with every decision's view and the mind behind it."""
    catalogue, moments, people = torch.from_numpy(rules.world.features.copy()), [], []

    def look(room: Any) -> None:
        view = torch.from_numpy(room.view.copy())
        told = reader.told(view, catalogue, torch.from_numpy(room.history()))
        mind = room.mind.copy(), room.touched.copy(), room.now("day").copy()
        moments.append((view, told, torch.from_numpy(room.acting.copy()), mind))
        people.append(room.traits)

    simulate(policy, rules, ids, seed, before=look)
    view, told, made, minds = zip(*moments, strict=True)
    now, later = truth(rules, *(np.stack(one) for one in zip(*minds, strict=True)))
    acted = torch.stack(made)
    last = (acted * torch.arange(len(acted))[:, None]).amax(0)
    first = torch.argsort(last, descending=True, stable=True)
    along = (x[:, first] for x in (torch.stack(view), torch.stack(told), acted, now, later))
    return Histories(*along, traits_of(people[0])[first], first)


def truth(rules: Any, mind: Any, touched: Any, day: Any) -> tuple[Tensor, Tensor]:
    """True levels today and at the retention check.   mind [T, N, K, M], touched [T, N, K], day [T, N] -> [T, N, K]"""
    flat = mind.reshape(-1, *mind.shape[2:]), touched.reshape(-1, touched.shape[2])
    days = day.reshape(-1, 1), np.float32(rules.world.programme.retention_day)
    return tuple(torch.from_numpy(rules.levels(*flat, when)).view(touched.shape) for when in days)  # type: ignore


def traits_of(traits: NDArray[np.float32]) -> Tensor:
    """TRAITS on the scale on which they are normal.   -> [N, 3]"""
    drawn = traits[:, AT]
    return torch.from_numpy(np.where(LOGS, np.log(np.maximum(drawn, 1e-6)), drawn).astype(np.float32))


class Said(NamedTuple):
    """Posteriors at the decisions of some lives."""

    now: Normal  # [D, K] logit of the level
    later: Normal  # [D, K] logit of the level at the retention check
    traits: Normal  # [D, 3] of TRAITS


def along(belief: Belief, told: Histories) -> Said:
    """Posteriors at the decisions of these lives, in the order of ``told.made``."""
    state, made = belief.unpacked(told.view.new_zeros(told.view.shape[1], belief.memory_size)), told.made
    levels, states = [], []
    for view, now, acting in zip(told.view, told.told, made, strict=True):
        if not acting.any():
            continue
        n = int(acting.nonzero().max()) + 1  # who lives longest comes first
        state = State(*(part[:n] for part in state))
        level, moved = belief.step(view[:n], now[:n], state)
        pairs = zip(moved, state, strict=True)
        state = State(*(torch.where(acting[:n].view(-1, *[1] * (old.dim() - 1)), new, old) for new, old in pairs))
        levels.append([part[acting[:n]] for part in level])
        states.append([part[acting[:n]] for part in state])
    state = State(*(torch.cat(part) for part in zip(*states, strict=True)))
    now = Normal(*(torch.cat(part) for part in zip(*levels, strict=True)))
    return Said(now, belief.later(told.view[made], state), belief.traits(state))


def score(belief: Belief, told: Histories) -> tuple[Tensor, Tensor]:
    """Mean log score of levels over decisions and skills, and of traits over decisions."""
    said, made = along(belief, told), told.made
    now, later = (one.log_score(logits(truth[made])) for one, truth in ((said.now, told.now), (said.later, told.later)))
    traits = said.traits.log_score(told.traits.expand(*made.shape, len(TRAITS))[made])
    return 0.5 * (now.mean() + later.mean()), traits.mean()


def logits(level: Tensor) -> Tensor:
    """Of levels, as far as they are told apart."""
    return torch.logit(level.clamp(LEAST, 1.0 - LEAST))


def teachers(world: Any, seed: int) -> Iterator[tuple[int, Any]]:
    """Without end: a round and who teaches in it, the linear scorer with new weights each time."""
    made = {name: shelf.build(name, world) for name in TEACHERS}
    usual = made["linear"].weights.clone()
    turn = 0
    while True:
        policy = made[TEACHERS[turn % len(TEACHERS)]]
        if policy.name == "linear":
            z = luck.normal(seed, luck.RESTART, turn, 0, np.arange(len(usual)))
            policy.weights.copy_(usual + 0.5 * torch.from_numpy(z))
        yield turn, policy
        turn += 1


def fit(
    rooms: Sequence[Any], seed: int, settings: Settings | None = None, *,
    progress: Callable[[dict[str, float]], None] | None = None,
) -> Belief:  # fmt: skip
    """Train a belief.   Same seed, same weights on like machines.

    Args:
        rooms: rules of one world, taken in turn: laws, populations, terms under which histories arise.
        seed: of weights, learners, catalogues and luck.
        progress: told after each round: round, score (mean log density of the logit of a true level), held_out.
    """
    s, world = settings or Settings(), rooms[0].world
    belief, reader = Belief.for_world(world, hidden=s.hidden, context=s.context, seed=seed).to(s.device), Reader(world)
    optimiser, best = torch.optim.Adam(belief.parameters(), lr=s.rate), Best()
    first = islice(teachers(world, seed), len(TEACHERS))
    watched = [cohort(one, rooms, WATCHED + turn, seed, s, reader) for turn, one in first]
    for turn, policy in islice(teachers(world, seed), s.rounds):
        if best.misses >= s.patience:
            break
        optimiser.param_groups[0]["lr"] = fallen(turn, s)
        figures = learned(
            belief, optimiser, cohort(policy, rooms, turn, seed, s, reader), max(s.learners // s.batch, 1)
        )
        if (turn + 1) % s.check == 0 or turn + 1 == s.rounds:
            with torch.inference_mode():
                worth = float(np.mean([float(score(belief, one)[0]) for one in watched]))
            figures["held_out"] = best.judged(belief, worth)
        if progress is not None:
            progress({"round": turn + 1, **figures})
    return best.into(belief).cpu()


def fallen(turn: int, s: Settings) -> float:
    """The step size of a round: a cosine, from all of it to a hundredth (Loshchilov & Hutter 2017)."""
    return s.rate * (0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * turn / s.rounds)))


def learned(belief: Belief, optimiser: Any, told: Histories, parts: int) -> dict[str, float]:
    """Steps along the score of a cohort's lives, a part of them at a time.   -> score, traits"""
    found = []
    for part in range(parts):
        levels, traits = score(belief, told.every(parts, part))
        optimiser.zero_grad()
        (-levels - OF_TRAITS * traits).backward()
        torch.nn.utils.clip_grad_norm_(belief.parameters(), 1.0)
        optimiser.step()
        found.append((float(levels.detach()), float(traits.detach())))
    levels_, traits_ = np.mean(found, 0)
    return {"score": float(levels_), "traits": float(traits_)}


def cohort(policy: Any, rooms: Sequence[Any], turn: int, seed: int, s: Settings, reader: Reader) -> Histories:
    """A round's lives: in the next room, over a catalogue with errors of its own."""
    rules = replace(rooms[(turn // len(TEACHERS)) % len(rooms)],
                    catalogue_seed=int(luck.rebirth(seed, 0, turn)) % (1 << 31))  # fmt: skip
    ids = luck.rebirth(seed, 1 + np.arange(s.learners), turn)
    return lived(policy, rules, ids, seed, reader).to(s.device)
