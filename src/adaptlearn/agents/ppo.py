"""Proximal policy optimisation (Schulman et al. 2017) with masks, on a classroom directly.

Learners live in rows; when one ends, the next begins in the same step. Rollouts are written in place, values of a
whole rollout are computed in one batch, and the actor's step size follows the divergence from the policy that acted.
The programme's end lies in the view as time left and no reward follows it, so it ends an episode like leaving does.

The actor sees the record. The critic is thrown away after training and sees the simulated learner too (asymmetric
actor-critic: Pinto et al. 2018): rewards are changes of what is known, so most of their spread is the mind, and a
critic that does not know it leaves that spread to the actor as noise.

Axes: T steps, N rows, A activities, V view, P pair features, M memory, C what the critic sees.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from adaptlearn.agents.best import Arrays, Best, Diverged, array_of, packed, put_back, require_sound, under, unpacked
from adaptlearn.agents.follower import begun
from adaptlearn.agents.networks import MEMORY, Critic
from adaptlearn.agents.pace import follow, optimiser_of
from adaptlearn.agents.returns import advantages
from adaptlearn.agents.rollout import Parts, Rollout, Shelves, blocks, hold_memory, minibatches, shelves_of, taken

ILLEGAL = -1e9  # score of what may not be offered


@dataclass(frozen=True)
class Settings:
    """Of the training."""

    decisions: int = 600_000  # to learn from, in all
    seconds: float = float("inf")  # stop earlier after this much processor time; on a card, time by the clock
    rows: int = 256  # learners side by side
    steps: int = 16  # decisions per rollout
    epochs: int = 3
    batch: int = 512
    rate: float = 3e-3  # first step size of the actor's Adam
    most: float = 3.0  # times the first rate is the largest
    pair_rate: float = 10.0  # times the rate for the weights of the pair features, which have the furthest to go
    value_rate: float = 2e-3  # step size of the critic's Adam
    divergence: float = 0.015  # wanted KL of an update, nats; the rate follows it
    clip: float = 0.2
    entropy: float = 0.001  # price of certainty
    gamma: float = 1.0  # what counts is known at the end
    trace: float = 0.95  # lambda of generalised advantage estimation (Schulman et al. 2016)
    scale: float = 20.0  # of rewards, so that a life is worth about 1
    sharpness: float = 2.0  # times as far apart as a guided scorer's are the scores of who begins as a programme
    shaping: float = 1.0  # potential of needed prerequisites, fading with the time left
    hidden: int = 64
    width: int = 32
    memory: int = 0  # units that remember earlier views; 0 has none, and sees the record alone
    privileged: bool = True  # the critic sees the mind; the actor never does
    check: int = 10  # updates between two looks at held-out learners, and between two states kept
    patience: float = float("inf")  # looks without a better one after which training stops
    device: str = "cpu"  # of the room; cuda: everything happens on a graphics card

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name not in ("privileged", "entropy", "shaping", "memory", "device") and not value > 0:
                raise ValueError(f"ppo: {field.name} = {value}; needed more than 0, e.g. {field.default}")


class Training:
    """A training between two updates: everything that the next one depends on, and nothing else.

    What :meth:`state` gives, :meth:`restore` puts back, so that a training that was cut off goes on as if it had not
    been: the same updates, the same final weights, bit for bit on one CPU.
    """

    def __init__(self, rules: Any, classroom: Callable[..., Any], seed: int, settings: Settings, start: Any = None):
        s = self.settings = settings
        hold_memory()
        self.room = classroom(rules, s.rows, seed, autoreset=True).begin()
        here = self.device = torch.as_tensor(self.room.pay).device  # everything is where the learners are
        if here.type == "cuda":
            torch.set_float32_matmul_precision("high")  # 11 bits of each factor are enough for scores and values
        shape = {"hidden": s.hidden, "width": s.width, "memory": s.memory, "seed": seed}
        self.net = begun(rules.world, start, s.sharpness, **shape).to(here)
        self.shelves = shelves_of(self.room, rules.world.features, here)
        dice = torch.Generator().manual_seed(seed)
        a, sees = len(rules.world.features), insight(self.room, s).shape[1]
        self.critic = Critic(sees, s.hidden, dice).to(here)
        self.dice = dice if here.type == "cpu" else torch.Generator(here).manual_seed(seed)
        sizes = s.steps, s.rows, a, self.room.spec.size, sees, (a, self.net.pairs_size), s.memory
        self.buffers = Rollout.room_for(*sizes, like=self.room.pay)
        self.optimiser = optimiser_of(self.net, self.critic, s)
        self.seen, self.updates = 0, 0

    def advance(self) -> dict[str, float]:
        """One rollout and what is learned from it.   -> figures

        Raises:
            ArithmeticError: the loss is no longer a number, or the policy ran away.
        """
        s, net, out = self.settings, self.net, self.buffers
        memory, earned = collect(self.room, net, self.shelves, out, s)
        figures = update(net, self.critic, self.optimiser, self.shelves, out, insight(self.room, s), s, self.dice)
        out.memory.copy_(memory)
        require_sound("ppo", figures, self.seen)
        follow(self.optimiser, figures["divergence"], s)
        self.seen, self.updates = self.seen + s.steps * s.rows, self.updates + 1
        lives = max(int((out.ended | out.cut).sum()), 1)
        return {"decisions": self.seen, "per_life": earned / lives, **figures}

    def state(self) -> Arrays:
        """Weights, moments and rates of the optimiser, the learners in the room and what is remembered of them, dice
        and counters, as arrays."""
        found = packed({"net": self.net, "critic": self.critic}, self.optimiser)
        found |= {f"room/{name}": array_of(value) for name, value in self.room.snapshot().items()}
        found["dice"], found["seen"] = self.dice.get_state().numpy(), np.array([self.seen, self.updates])
        return found | {"memory": array_of(self.buffers.memory)}

    def restore(self, state: Arrays) -> None:
        """Go on from what :meth:`state` gave.

        Raises:
            ValueError: it belongs to a training of other sizes.
        """
        with put_back("ppo"):
            unpacked(state, {"net": self.net, "critic": self.critic}, self.optimiser)
            self.room.restore(under(state, "room"))
        self.dice.set_state(torch.from_numpy(state["dice"].copy()))
        self.buffers.memory.copy_(torch.from_numpy(state["memory"]))
        self.seen, self.updates = (int(n) for n in state["seen"])


def train(
    rules: Any, classroom: Callable[..., Any], seed: int, settings: Settings | None = None, *,
    start: Any = None, resume: Arrays | None = None, judge: Callable[[Any], float] | None = None,
    keep: Callable[[Arrays], None] | None = None,
    progress: Callable[[dict[str, float]], None] | None = None,
) -> Any:  # fmt: skip
    """Train a network.   Same seed and decisions, same weights on like machines.

    Args:
        rules: what happens; its reward is what is learned.
        classroom: makes a room from (rules, rows, seed, autoreset=True), as ``classroom.room.Classroom`` does, or
            ``classroom.card.CardRoom``: the training is where the room's arrays are.
        seed: of weights, minibatches, learners and luck.
        start: what the network begins as: a fixed programme, a guided or a linear scorer, a network that goes on
            learning; a designer's guess without.
        resume: what ``keep`` was given in an earlier training with the same arguments; it goes on from there.
        judge: worth of a network on learners it is not taught with; asked every ``check`` updates. The best is what
            comes back, and training stops early after ``patience`` checks without a better one.
        keep: told the whole state every ``check`` updates, to be written down.
        progress: told after each update: decisions, per_life (mean reward of a life), loss, entropy, divergence,
            explained (share of the returns' spread that the critic foresaw), rate, held_out.

    Raises:
        Diverged: the loss is no longer a number, or the policy ran away; it holds the best network before that, and
            what ``keep`` was told last is still good.
    """
    s = settings or Settings()
    training, best = Training(rules, classroom, seed, s, start), Best()
    if resume is not None:
        training.restore(resume)
        best.restore(under(resume, "best"))
    clock = time.process_time if training.device.type == "cpu" else time.monotonic
    began = clock()
    while training.seen < s.decisions and clock() - began < s.seconds and best.misses < s.patience:
        try:
            figures = training.advance()
        except ArithmeticError as error:
            raise Diverged(str(error), best.into(training.net).cpu() if best.weights else None) from error
        if training.updates % s.check == 0:
            if judge is not None:
                figures["held_out"] = best.judged(training.net, judge(training.net))
            if keep is not None:
                keep(training.state() | {f"best/{name}": value for name, value in best.state().items()})
        if progress is not None:
            progress(figures)
    if judge is not None:
        best.judged(training.net, judge(training.net))
    return best.into(training.net).cpu()  # type: ignore[no-any-return]


def train_recurrent(
    rules: Any, classroom: Callable[..., Any], seed: int, settings: Settings | None = None, *,
    start: Any = None, resume: Arrays | None = None, judge: Callable[[Any], float] | None = None,
    keep: Callable[[Arrays], None] | None = None,
    progress: Callable[[dict[str, float]], None] | None = None,
) -> Any:  # fmt: skip
    """:func:`train` with a memory, of ``networks.MEMORY`` units unless the settings say otherwise."""
    s = settings or Settings()
    s = replace(s, memory=s.memory or MEMORY)
    net = train(rules, classroom, seed, s, start=start, resume=resume, judge=judge, keep=keep, progress=progress)
    net.name = "recurrent"
    return net


def collect(room: Any, net: Any, shelves: Shelves, out: Rollout, s: Settings) -> tuple[Tensor, float]:
    """T decisions of every row, written into the buffers.   -> memory after them [N, M], reward earned in all"""
    history, memory, earned = room.history(), out.memory, 0.0
    with torch.inference_mode():
        for t in range(s.steps):
            out.view[t], out.insight[t] = torch.as_tensor(room.view), insight(room, s)
            seen, view, pairs = torch.as_tensor(room.history(history)), out.view[t], out.pairs[t]
            for rows, shelf in shelves:
                pairs[rows] = net.pairs(view[rows], shelf, seen[rows])
            out.mask[t] = torch.as_tensor(room.mask > 0)
            memory = net.remember(view, memory)
            found = [considered(net, view[rows], shelf, pairs[rows], memory[rows]) for rows, shelf in shelves]
            room.choose(out.like(torch.cat(found)), 1.0)
            out.action[t] = torch.as_tensor(room.offers[:, 0])
            out.log_chance[t] = torch.as_tensor(room.propensity[:, 0])
            before = potential(room, s)
            room.step()
            out.ended[t], out.cut[t] = room.flags[:, 0] > 0, room.flags[:, 1] > 0
            going = ~(out.ended[t] | out.cut[t])
            out.reward[t] = s.scale * (room.pay + going * potential(room, s) - before)
            memory, earned = memory * torch.as_tensor(going)[:, None], earned + room.pay.sum()
        out.log_chance.log_()
    return memory, float(earned)


def considered(net: Any, view: Tensor, catalogue: Tensor, pairs: Tensor, memory: Tensor) -> Tensor:
    """A network's scores, block by block.   -> [N, A]"""
    score = quick(scored, view.device)
    parts = zip(*(blocks(x, net.block) for x in (view, pairs, memory)), strict=True)
    return torch.cat([score(net, seen, catalogue, x, held) for seen, x, held in parts])


def potential(room: Any, s: Settings) -> Any:
    """What foundations promise: worth of needed prerequisites, less as time runs out, 0 at the end, so that shaping
    changes no optimal policy (Ng, Harada & Russell 1999).   -> [N]
    """
    left = (1.0 - room.now("day") / room.terms.horizon).clip(0.0, 1.0)
    return s.shaping * left * (room.now("potential") - room.now("value"))


def insight(room: Any, s: Settings) -> Tensor:
    """What the critic sees: the view; if privileged, who the learner is, where they stand, their mind.   -> [N, C]"""
    if not s.privileged:
        return torch.as_tensor(room.view)
    since = room.now("day")[:, None] - room.touched
    seen = room.view, room.life, room.traits, room.mind.reshape(len(since), -1), since
    return torch.cat([torch.as_tensor(x) for x in seen], 1)


def update(
    net: Any, critic: Critic, optimiser: Any, shelves: Shelves, out: Rollout, last: Tensor, s: Settings,
    dice: torch.Generator,
) -> dict[str, float]:  # fmt: skip
    """A few passes over the rollout, fewer if the policy runs away.   last [N, C]: what the critic sees after it

    -> loss, entropy and divergence (of the last pass), explained, rate
    """
    view, pairs, mask, seen = (x.flatten(0, 1) for x in (out.view, out.pairs, out.mask, out.insight))
    for part in blocks(seen, critic.block):
        critic.follow(part)
    with torch.inference_mode():
        value = torch.cat([critic(part) for part in blocks(seen, critic.block)]).view(out.action.shape)
        value, after = out.like(value), critic(last)
    gain = out.like(advantages(out.reward, value, after, out.ended, out.cut, out.beyond, s.gamma, s.trace))
    wanted = torch.as_tensor((gain + value).ravel())
    gains = torch.as_tensor((gain.ravel() - gain.mean()) / (gain.std() + 1e-8))
    lived = view, pairs, mask, seen, out.action.ravel(), out.log_chance.ravel(), gains, wanted
    for _ in range(s.epochs):
        told: list[Tensor] = []
        for parts in minibatches(net, out, shelves, s.batch, dice):
            optimiser.zero_grad()
            told.append(downhill(net, critic, shelves, parts, lived, s))
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            torch.nn.utils.clip_grad_norm_(critic.parameters(), 10.0)
            optimiser.step()
        loss_, entropy_, divergence = np.mean(torch.stack(told).tolist(), 0)
        if not divergence < 4.0 * s.divergence:
            break
    explained = 1.0 - float(gain.var() / max(float((gain + value).var()), 1e-12))
    return {"loss": float(loss_), "entropy": float(entropy_), "divergence": float(divergence), "explained": explained,
            "rate": float(optimiser.param_groups[0]["lr"])}  # fmt: skip


def downhill(net: Any, critic: Critic, shelves: Shelves, parts: Parts, lived: Sequence[Tensor], s: Settings) -> Tensor:
    """Gradients of a minibatch's loss, shelf by shelf and block by block.   -> loss, entropy, divergence"""
    lost, total = quick(losses, lived[0].device), torch.zeros(3, device=lived[0].device)
    whole = sum(len(rows) for rows, _ in parts)
    for (_, shelf), (rows, memory) in zip(shelves, parts, strict=True):
        for some in blocks(rows, net.block) if memory is None else (rows,):
            if len(some):
                figures = torch.stack(lost(net, critic, shelf, memory, [taken(x, some) for x in lived], s))
                share = figures * (len(some) / whole)
                share[0].backward()
                total += share.detach()
    return total


@cache
def quick(function: Callable[..., Any], here: torch.device) -> Callable[..., Any]:
    """Compiled on a card, where most of the time would go into writing out what pairs make of their features."""
    return torch.compile(function, dynamic=False) if here.type == "cuda" else function


def scored(net: Any, view: Tensor, catalogue: Tensor, pairs: Tensor, memory: Tensor) -> Tensor:
    """A network's scores.   -> [N, A]"""
    return net.scores(view, catalogue, pairs, memory)  # type: ignore[no-any-return]


def losses(
    net: Any, critic: Critic, catalogue: Tensor, memory: Tensor | None, lived: list[Tensor], s: Settings
) -> list[Tensor]:
    """The clipped surrogate with the price of certainty and what the critic missed; entropy; divergence."""
    view, pairs, mask, seen, action, log_chance, gains, wanted = lived
    log_p = net.scores(view, catalogue, pairs, memory).masked_fill(~mask, ILLEGAL).log_softmax(1)
    moved = log_p.gather(1, action[:, None])[:, 0] - log_chance
    ratio = moved.exp()
    clipped = ratio.clamp(1.0 - s.clip, 1.0 + s.clip)
    entropy = -(log_p.exp() * log_p).sum(1).mean()
    actor = -torch.minimum(ratio * gains, clipped * gains).mean()
    missed = ((critic(seen) - wanted) ** 2).mean()
    return [actor - s.entropy * entropy + missed, entropy, (ratio - 1.0 - moved).mean()]
