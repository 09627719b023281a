"""Proximal policy optimisation (Schulman et al. 2017) with masks, on a classroom directly.

Learners live in rows; when one ends, the next begins in the same step. Rollouts are written in place, values of a
whole rollout are computed in one batch, and the step size follows the divergence from the policy that acted. The
programme's end lies in the view as time left and no reward follows it, so it ends an episode like leaving does; set
``bootstrap`` where the clock is only where we stopped looking.

Axes: T steps, N rows, A activities, V view, P pair features.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from adaptlearn.agents.best import Arrays, Best, under
from adaptlearn.agents.networks import WEIGHED, Pointer
from adaptlearn.agents.returns import advantages

Floats = NDArray[np.float32]
ILLEGAL = -1e9  # score of what may not be offered


@dataclass(frozen=True)
class Settings:
    """Of the training."""

    decisions: int = 600_000  # to learn from, in all
    seconds: float = float("inf")  # stop earlier after this much processor time
    rows: int = 256  # learners side by side
    steps: int = 32  # decisions per rollout
    epochs: int = 3
    batch: int = 2048
    rate: float = 3e-3  # first step size of Adam
    divergence: float = 0.015  # wanted KL of an update, nats; the step size follows it
    clip: float = 0.2
    entropy: float = 0.001  # price of certainty
    gamma: float = 1.0  # what counts is known at the end
    trace: float = 0.95  # lambda of generalised advantage estimation (Schulman et al. 2016)
    scale: float = 20.0  # of rewards, so that a life is worth about 1
    shaping: float = 1.0  # potential of needed prerequisites, fading with the time left
    hidden: int = 64
    width: int = 32
    bootstrap: bool = False
    check: int = 10  # updates between two looks at held-out learners, and between two states kept
    patience: float = float("inf")  # looks without a better one after which training stops

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name not in ("bootstrap", "entropy", "shaping") and not value > 0:
                raise ValueError(f"ppo: {field.name} = {value}; needed more than 0, e.g. {field.default}")


@dataclass
class Rollout:
    """What T steps of N rows left behind, in place."""

    view: Tensor  # [T, N, V]
    pairs: Tensor  # [T, N, A, P]
    mask: Tensor  # [T, N, A]
    action: Tensor  # [T, N]
    log_chance: Tensor  # [T, N]
    reward: Floats  # [T, N]
    ended: NDArray[np.bool_]  # [T, N] left
    cut: NDArray[np.bool_]  # [T, N] the clock
    beyond: Floats  # [T, N] value of the last view where the clock cut

    @staticmethod
    def room_for(steps: int, rows: int, activities: int, view: int) -> "Rollout":
        """Empty buffers."""
        shape = (steps, rows)
        return Rollout(
            torch.zeros(*shape, view), torch.zeros(*shape, activities, len(WEIGHED)),
            torch.zeros(*shape, activities, dtype=torch.bool), torch.zeros(shape, dtype=torch.long), torch.zeros(shape),
            np.zeros(shape, np.float32), np.zeros(shape, bool), np.zeros(shape, bool), np.zeros(shape, np.float32),
        )  # fmt: skip


class Training:
    """A training between two updates: everything that the next one depends on, and nothing else.

    What :meth:`state` gives, :meth:`restore` puts back, so that a training that was cut off goes on as if it had not
    been: the same updates, the same final weights, bit for bit on one CPU.
    """

    def __init__(
        self, rules: Any, classroom: Callable[..., Any], seed: int, settings: Settings, start: Any = None
    ):  # fmt: skip
        s = self.settings = settings
        self.net = Pointer.for_world(rules.world, hidden=s.hidden, width=s.width, seed=seed)
        if start is not None:
            self.net.begin_as(start)
        self.room = classroom(rules, s.rows, seed, autoreset=True).begin()
        self.catalogue = torch.from_numpy(rules.world.features.copy())
        self.dice = torch.Generator().manual_seed(seed)
        self.buffers = Rollout.room_for(s.steps, s.rows, len(self.catalogue), self.room.spec.size)
        self.optimiser = torch.optim.Adam(self.net.parameters(), lr=s.rate, eps=1e-5)
        self.seen, self.updates = 0, 0

    def advance(self) -> dict[str, float]:
        """One rollout and what is learned from it.   -> figures

        Raises:
            ArithmeticError: the loss is no longer a number.
        """
        s, net, out = self.settings, self.net, self.buffers
        collect(self.room, net, self.catalogue, out, s)
        figures = update(net, self.optimiser, self.catalogue, out, last_value(net, self.room), s, self.dice)
        if not np.isfinite(figures["loss"]):
            raise ArithmeticError(
                f"ppo: the loss is {figures['loss']} after {self.seen} decisions; needed a number, try a smaller rate"
            )
        follow(self.optimiser, figures["divergence"], s)
        self.seen, self.updates = self.seen + s.steps * s.rows, self.updates + 1
        lives = max(int((out.ended | out.cut).sum()), 1)
        return {"decisions": self.seen, "per_life": float(out.reward.sum()) / s.scale / lives, **figures}

    def state(self) -> Arrays:
        """Weights, moments and rate of the optimiser, the learners in the room, dice and counters, as arrays."""
        found = {f"net/{name}": value.numpy().copy() for name, value in self.net.state_dict().items()}
        found |= {f"room/{name}": value for name, value in self.room.snapshot().items()}
        for j, moments in self.optimiser.state_dict()["state"].items():
            found |= {f"adam/{j}/{name}": value.numpy().copy() for name, value in moments.items()}
        found["dice"], found["seen"] = self.dice.get_state().numpy(), np.array([self.seen, self.updates])
        return found | {"rate": np.array(self.optimiser.param_groups[0]["lr"])}

    def restore(self, state: Arrays) -> None:
        """Go on from what :meth:`state` gave.

        Raises:
            ValueError: it belongs to a training of other sizes.
        """
        try:
            self.net.load_state_dict({name: torch.from_numpy(v.copy()) for name, v in under(state, "net").items()})
            self.room.restore(under(state, "room"))
        except (RuntimeError, ValueError, KeyError) as error:
            raise ValueError(f"ppo: not a state of this training ({str(error).splitlines()[0]}); needed the same world "
                             "and settings, e.g. those it was begun with") from error  # fmt: skip
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in under(state, "adam").items():
            j, _, key = name.partition("/")
            moments.setdefault(int(j), {})[key] = torch.from_numpy(value.copy())
        groups = self.optimiser.state_dict()["param_groups"]
        groups[0]["lr"] = float(state["rate"])
        self.optimiser.load_state_dict({"state": moments, "param_groups": groups})
        self.dice.set_state(torch.from_numpy(state["dice"].copy()))
        self.seen, self.updates = (int(n) for n in state["seen"])


def train(
    rules: Any, classroom: Callable[..., Any], seed: int, settings: Settings | None = None, *,
    start: Any = None, resume: Arrays | None = None, judge: Callable[[Pointer], float] | None = None,
    keep: Callable[[Arrays], None] | None = None,
    progress: Callable[[dict[str, float]], None] | None = None,
) -> Pointer:  # fmt: skip
    """Train a pointer network.   Same seed and decisions, same weights on like machines.

    Args:
        rules: what happens; its reward is what is learned.
        classroom: makes a room from (rules, rows, seed, autoreset=True), as ``classroom.room.Classroom`` does.
        seed: of weights, minibatches, learners and luck.
        start: a fitted linear scorer that the network begins as; a designer's guess without.
        resume: what ``keep`` was given in an earlier training with the same arguments; it goes on from there.
        judge: worth of a network on learners it is not taught with; asked every ``check`` updates. The best is what
            comes back, and training stops early after ``patience`` checks without a better one.
        keep: told the whole state every ``check`` updates, to be written down.
        progress: told after each update: decisions, reward per life, entropy, divergence, rate, held_out.

    Raises:
        ArithmeticError: the loss is no longer a number; what ``keep`` was told last is still good.
    """
    s = settings or Settings()
    training, best = Training(rules, classroom, seed, s, start), Best()
    if resume is not None:
        training.restore(resume)
        best.restore(under(resume, "best"))
    began = time.process_time()
    while training.seen < s.decisions and time.process_time() - began < s.seconds and best.misses < s.patience:
        figures = training.advance()
        if training.updates % s.check == 0:
            if judge is not None:
                figures["held_out"] = best.judged(training.net, judge(training.net))
            if keep is not None:
                keep(training.state() | {f"best/{name}": value for name, value in best.state().items()})
        if progress is not None:
            progress(figures)
    if judge is not None:
        best.judged(training.net, judge(training.net))
    return best.into(training.net)


def collect(room: Any, net: Pointer, catalogue: Tensor, out: Rollout, s: Settings) -> None:
    """T decisions of every row, written into the buffers."""
    history = room.history()
    with torch.inference_mode():
        for t in range(s.steps):
            out.view[t] = torch.from_numpy(room.view)
            out.pairs[t] = net.pairs(out.view[t], catalogue, torch.from_numpy(room.history(history)))
            out.mask[t] = torch.from_numpy(room.mask > 0)
            room.choose(net.scores(out.view[t], catalogue, out.pairs[t]).numpy(), 1.0)
            out.action[t] = torch.from_numpy(room.offers[:, 0].astype(np.int64))
            out.log_chance[t] = torch.log(torch.from_numpy(room.propensity[:, 0]))
            before = potential(room, s)
            room.step()
            out.ended[t], out.cut[t] = room.flags[:, 0] > 0, room.flags[:, 1] > 0
            over = out.ended[t] | out.cut[t]
            out.reward[t] = s.scale * (room.pay + np.where(over, 0.0, potential(room, s)) - before)
            if s.bootstrap and out.cut[t].any():
                out.beyond[t] = net.value(torch.from_numpy(room.final_view)).numpy()


def potential(room: Any, s: Settings) -> Floats:
    """What foundations promise: worth of needed prerequisites, less as time runs out, 0 at the end, so that shaping
    changes no optimal policy (Ng, Harada & Russell 1999).   -> [N]
    """
    left = np.clip(1.0 - room.now("day") / room.terms.horizon, 0.0, 1.0)
    return s.shaping * left * (room.now("potential") - room.now("value"))  # type: ignore[no-any-return]


def last_value(net: Pointer, room: Any) -> Floats:
    """Value of where the rollout stopped.   -> [N]"""
    with torch.inference_mode():
        return net.value(torch.from_numpy(room.view)).numpy()  # type: ignore[no-any-return]


def update(
    net: Pointer, optimiser: Any, catalogue: Tensor, out: Rollout, last: Floats, s: Settings, dice: torch.Generator
) -> dict[str, float]:
    """A few passes over the rollout.   -> loss, entropy, divergence (of the last pass), rate"""
    flat = out.view.flatten(0, 1)
    with torch.inference_mode():
        value = net.value(flat).view(out.reward.shape).numpy()
    gain = advantages(out.reward, value, last, out.ended, out.cut, out.beyond, s.gamma, s.trace)
    wanted, gains = torch.from_numpy((gain + value).ravel()), torch.from_numpy(gain.ravel())
    pairs, mask = out.pairs.flatten(0, 1), out.mask.flatten(0, 1)
    action, log_chance = out.action.ravel(), out.log_chance.ravel()
    seen: list[tuple[float, ...]] = []
    for _ in range(s.epochs):
        seen.clear()
        for rows in torch.randperm(len(flat), generator=dice).split(s.batch):
            scores = net.scores(flat[rows], catalogue, pairs[rows]).masked_fill(~mask[rows], ILLEGAL)
            log_p = scores.log_softmax(1)
            moved = log_p.gather(1, action[rows, None])[:, 0] - log_chance[rows]
            ratio, gain_here = moved.exp(), gains[rows]
            gain_here = (gain_here - gain_here.mean()) / (gain_here.std() + 1e-8)
            clipped = ratio.clamp(1.0 - s.clip, 1.0 + s.clip)
            entropy = -(log_p.exp() * log_p).sum(1).mean()
            actor = -torch.minimum(ratio * gain_here, clipped * gain_here).mean()
            critic = ((net.value(flat[rows]) - wanted[rows]) ** 2).mean()
            loss = actor - s.entropy * entropy + 0.5 * critic
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
            seen.append(tuple(float(v.detach()) for v in (loss, entropy, (ratio - 1.0 - moved).mean())))
    loss_, entropy_, divergence = np.mean(seen, 0)
    return {"loss": float(loss_), "entropy": float(entropy_), "divergence": float(divergence),
            "rate": float(optimiser.param_groups[0]["lr"])}  # fmt: skip


def follow(optimiser: Any, divergence: float, s: Settings) -> None:
    """Larger steps when updates move the policy too little, smaller when too much."""
    for group in optimiser.param_groups:
        if divergence > 2.0 * s.divergence:
            group["lr"] = max(group["lr"] / 1.5, 1e-5)
        elif divergence < 0.5 * s.divergence:
            group["lr"] = min(group["lr"] * 1.5, 1e-2)
