"""Deep Q-learning (Mnih et al. 2015), double (van Hasselt, Guez & Silver 2016), with n-step returns and masks.

Learners live in rows; what happens is kept step by step, so that the n-step return of any decision is read off the rows
below it. The worth of a decision is a value of the view plus what the activity's score says above the mean of what is
legal (Wang et al. 2016), so the policy is the pointer alone: the largest score is the largest worth.

    y_t = r_t + g r_t+1 + ... + g^n Q'(s_t+n, argmax_a Q(s_t+n, a)),   cut short where a life ends

Axes: L kept steps, N rows, A activities, V view, B minibatch.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from adaptlearn.agents.best import Arrays, Best, Diverged, array_of, packed, put_back, require_sound, under, unpacked
from adaptlearn.agents.networks import Critic, Pointer
from adaptlearn.agents.ppo import ILLEGAL, potential
from adaptlearn.agents.returns import ahead


@dataclass(frozen=True)
class Settings:
    """Of the training."""

    decisions: int = 300_000  # to learn from, in all
    rows: int = 64  # learners side by side
    kept: int = 512  # steps of every row that are remembered
    first: int = 64  # steps before the first update
    n: int = 3  # steps of reward before the bootstrap
    batch: int = 256
    rate: float = 3e-3  # step size of Adam
    pair_rate: float = 3.0  # times the rate for the weights of the pair features
    follow: float = 0.03  # share by which the slow network follows the quick one at every update
    explore: float = 1.0  # temperature of choosing while it learns
    unit: float = 0.1  # worth of one unit of score, in scaled reward
    gamma: float = 1.0
    scale: float = 20.0  # of rewards, so that a life is worth about 1
    shaping: float = 1.0  # potential of needed prerequisites, as in ppo
    hidden: int = 64
    width: int = 32
    check: int = 400  # updates between two looks at held-out learners
    patience: float = float("inf")  # looks without a better one after which training stops

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name != "shaping" and not value > 0:
                raise ValueError(f"dqn: {field.name} = {value}; needed more than 0, e.g. {field.default}")
        if self.first <= self.n or self.kept < self.first:
            raise ValueError(f"dqn: n = {self.n}, first = {self.first}, kept = {self.kept}; needed n < first <= kept, "
                             "e.g. 3, 64, 512")  # fmt: skip


class Worth(nn.Module):
    """Q(view, activity): a value of the view, and a pointer's scores around their mean over what is legal."""

    def __init__(self, net: Pointer, hidden: int, unit: float, dice: torch.Generator):
        nn.Module.__init__(self)
        self.net, self.unit = net, unit
        self.value = Critic(net.see[0].in_features, hidden, dice)  # type: ignore[arg-type]

    def forward(self, view: Tensor, catalogue: Tensor, pairs: Tensor, mask: Tensor) -> Tensor:
        """-> [N, A], very low where not legal"""
        scores, legal = self.net.scores(view, catalogue, pairs), mask.to(view.dtype)
        mean = (scores * legal).sum(1, keepdim=True) / legal.sum(1, keepdim=True)
        return (self.value(view)[:, None] + self.unit * (scores - mean)).masked_fill(~mask, ILLEGAL)


@dataclass
class Replay:
    """The last L steps of N rows; the place of step t is t modulo L."""

    view: Tensor  # [L, N, V]
    history: Tensor  # [L, N, A, 3]
    mask: Tensor  # [L, N, A]
    action: Tensor  # [L, N]
    reward: np.ndarray[Any, Any]  # [L, N]
    over: np.ndarray[Any, Any]  # [L, N] the life ended with this step
    count: int = 0  # steps written so far

    @staticmethod
    def room_for(kept: int, rows: int, activities: int, view: int) -> "Replay":
        """Empty."""
        shape = (kept, rows)
        return Replay(torch.zeros(*shape, view), torch.zeros(*shape, activities, 3),
                      torch.zeros(*shape, activities, dtype=torch.bool), torch.zeros(shape, dtype=torch.long),
                      np.zeros(shape, np.float32), np.zeros(shape, bool))  # fmt: skip

    def sample(self, size: int, n: int, gamma: float, dice: torch.Generator) -> tuple[Tensor, ...]:
        """Decisions at random, with n steps after them.   -> place, row, place n later, return [B], bootstrap [B]"""
        kept, rows = self.action.shape
        oldest = max(0, self.count - kept)
        step = torch.randint(oldest, self.count - n, (size,), generator=dice)
        row = torch.randint(0, rows, (size,), generator=dice)
        total, going = ahead(self.reward, self.over, step.numpy(), row.numpy(), n, gamma)
        return step % kept, row, (step + n) % kept, torch.from_numpy(total), torch.from_numpy(going)


class Training:
    """A training between two decisions: everything that the next one depends on, and nothing else, as in ``ppo``."""

    def __init__(self, rules: Any, classroom: Callable[..., Any], seed: int, settings: Settings):
        s = self.settings = settings
        self.dice = torch.Generator().manual_seed(seed)
        self.net = Pointer.for_world(rules.world, hidden=s.hidden, width=s.width, seed=seed)
        self.net.name = "dqn"
        self.quick = Worth(self.net, s.hidden, s.unit, self.dice)
        self.slow = deepcopy(self.quick)
        self.room = classroom(rules, s.rows, seed, autoreset=True).begin()
        self.catalogue = torch.from_numpy(rules.world.features.copy())
        self.replay = Replay.room_for(s.kept, s.rows, len(self.catalogue), self.room.spec.size)
        self.optimiser = optimiser_of(self.quick, s.rate, s.pair_rate)
        self.updates, self.reports, self.earned, self.lives = 0, 0, 0.0, 0

    @property
    def seen(self) -> int:
        """Decisions so far."""
        return self.replay.count * self.settings.rows

    def advance(self) -> dict[str, float] | None:
        """One decision of every row and, when enough is remembered, one step of learning.   -> figures, None before

        Raises:
            ArithmeticError: the loss is no longer a number.
        """
        s, replay = self.settings, self.replay
        paid, ended = live(self.room, self.net, self.catalogue, replay, s)
        self.earned, self.lives = self.earned + paid, self.lives + ended
        if replay.count < s.first:
            return None
        figures = learn(self.quick, self.slow, self.optimiser, self.catalogue, replay, s, self.dice)
        self.updates += 1
        require_sound("dqn", figures, self.seen)
        return figures

    def told(self, figures: dict[str, float]) -> dict[str, float]:
        """Figures with what was earned since the last ones."""
        per_life, self.earned, self.lives = self.earned / max(self.lives, 1), 0.0, 0
        self.reports += 1
        return {"decisions": self.seen, "per_life": per_life, **figures}

    def state(self) -> Arrays:
        """As arrays."""
        found = packed({"quick": self.quick, "slow": self.slow}, self.optimiser)
        found |= {f"room/{name}": value for name, value in self.room.snapshot().items()}
        found |= {f"replay/{name}": array_of(value) for name, value in vars(self.replay).items()}
        found["dice"], found["lived"] = self.dice.get_state().numpy(), np.array([self.earned, self.lives, self.updates])
        return found | {"seen": np.array([self.seen, self.reports])}

    def restore(self, state: Arrays) -> None:
        """Go on from what :meth:`state` gave.

        Raises:
            ValueError: it belongs to a training of other sizes.
        """
        with put_back("dqn"):
            unpacked(state, {"quick": self.quick, "slow": self.slow}, self.optimiser)
            self.room.restore(under(state, "room"))
            for name, value in under(state, "replay").items():
                if name != "count":
                    torch.as_tensor(getattr(self.replay, name)).copy_(torch.from_numpy(value))
        self.dice.set_state(torch.from_numpy(state["dice"].copy()))
        self.replay.count, self.reports = int(state["replay/count"]), int(state["seen"][1])
        self.earned, self.lives, self.updates = float(state["lived"][0]), *(int(n) for n in state["lived"][1:])


def train(
    rules: Any, classroom: Callable[..., Any], seed: int, settings: Settings | None = None, *,
    resume: Arrays | None = None, judge: Callable[[Pointer], float] | None = None,
    keep: Callable[[Arrays], None] | None = None, progress: Callable[[dict[str, float]], None] | None = None,
) -> Pointer:  # fmt: skip
    """Train a pointer network by Q-learning.   Same seed, same weights on like machines.

    Args:
        rules: what happens; its reward is what is learned.
        classroom: makes a room from (rules, rows, seed, autoreset=True), as ``classroom.room.Classroom`` does.
        seed: of weights, minibatches, learners and luck.
        resume: what ``keep`` was given in an earlier training with the same arguments; it goes on from there.
        judge: worth of a network on learners it is not taught with, asked every ``check`` updates; the best comes back.
        keep: told the whole state every ``check`` updates, to be written down.
        progress: told every tenth of ``check`` updates: decisions, loss, worth (mean of the decisions learned from),
            per_life, held_out.

    Raises:
        Diverged: the loss is no longer a number; it holds the best network before that.
    """
    s = settings or Settings()
    training, best, often = Training(rules, classroom, seed, s), Best(), max(1, s.check // 10)
    if resume is not None:
        training.restore(resume)
        best.restore(under(resume, "best"))
    while training.seen < s.decisions and best.misses < s.patience:
        try:
            figures = training.advance()
        except ArithmeticError as error:
            raise Diverged(str(error), best.into(training.net) if best.weights else None) from error
        if figures is None:
            continue
        if training.updates % s.check == 0 and judge is not None:
            figures["held_out"] = best.judged(training.net, judge(training.net))
        if training.updates % often == 0 and progress is not None:
            progress(training.told(figures))
        if training.updates % s.check == 0 and keep is not None:
            keep(training.state() | {f"best/{name}": value for name, value in best.state().items()})
    if judge is not None:
        best.judged(training.net, judge(training.net))
    return best.into(training.net)  # type: ignore[no-any-return]


def live(room: Any, net: Pointer, catalogue: Tensor, replay: Replay, s: Settings) -> tuple[float, int]:
    """One decision of every row, kept.   -> reward, lives that ended"""
    at = replay.count % s.kept
    with torch.inference_mode():
        replay.view[at], replay.mask[at] = torch.from_numpy(room.view), torch.from_numpy(room.mask > 0)
        room.history(replay.history[at].numpy())
        scores = net.scores(replay.view[at], catalogue, net.pairs(replay.view[at], catalogue, replay.history[at]))
        room.choose(scores.numpy(), s.explore)
        replay.action[at] = torch.from_numpy(room.offers[:, 0].astype(np.int64))
        before = potential(room, s)
        room.step()
    replay.over[at] = room.flags.any(1)
    replay.reward[at] = s.scale * (room.pay + np.where(replay.over[at], 0.0, potential(room, s)) - before)
    replay.count += 1
    return float(room.pay.sum()), int(replay.over[at].sum())


def learn(
    quick: Worth, slow: Worth, optimiser: Any, catalogue: Tensor, replay: Replay, s: Settings, dice: torch.Generator
) -> dict[str, float]:
    """One step towards y; the slow network follows.   -> loss, worth"""
    at, row, later, total, going = replay.sample(s.batch, s.n, s.gamma, dice)
    view, mask, action = replay.view[at, row], replay.mask[at, row], replay.action[at, row]
    quick.value.follow(view)
    following = (x[later, row] for x in (replay.view, replay.history, replay.mask))
    wanted = total + going * bootstrap(quick, slow, catalogue, *following)
    pairs = quick.net.pairs(view, catalogue, replay.history[at, row])
    worth = quick(view, catalogue, pairs, mask).gather(1, action[:, None])[:, 0]
    loss = nn.functional.smooth_l1_loss(worth, wanted)
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(quick.parameters(), 10.0)
    optimiser.step()
    approach(slow, quick, s.follow)
    return {"loss": float(loss.detach()), "worth": float(worth.detach().mean())}


def bootstrap(quick: Worth, slow: Worth, catalogue: Tensor, view: Tensor, history: Tensor, mask: Tensor) -> Tensor:
    """What the slow network thinks of the quick one's choice.   -> [B]"""
    with torch.no_grad():
        pairs = quick.net.pairs(view, catalogue, history)
        chosen = quick(view, catalogue, pairs, mask).argmax(1, keepdim=True)
        return slow(view, catalogue, pairs, mask).gather(1, chosen)[:, 0]  # type: ignore[no-any-return]


def approach(slow: nn.Module, quick: nn.Module, share: float) -> None:
    """Weights a share of the way; figures of the view's scale at once."""
    with torch.no_grad():
        for ours, theirs in zip(slow.parameters(), quick.parameters(), strict=True):
            ours.lerp_(theirs, share)
        for ours, theirs in zip(slow.buffers(), quick.buffers(), strict=True):
            ours.copy_(theirs)


def optimiser_of(worth: Worth, rate: float, pair_rate: float) -> torch.optim.Adam:
    """Adam, with a rate of its own for the weights of the pair features."""
    far = [worth.net.weights]
    near = [p for p in worth.parameters() if p is not worth.net.weights]
    return torch.optim.Adam([{"params": near, "lr": rate}, {"params": far, "lr": rate * pair_rate}], eps=1e-5)
