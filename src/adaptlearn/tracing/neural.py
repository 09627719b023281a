"""Deep knowledge tracing: a small recurrent net reads a learner's answers and foretells the next one.

    tracer = DKT().fit(learner, skill, correct)       # some ten seconds per 300,000 answers on one core
    chance = tracer.predict(learner, skill, correct)  # P(correct) before each answer

After Piech et al. (2015) with gated units (Cho et al. 2014). One tenth of the learners is held back in fit: their
log-likelihood says after which pass over the rest to stop, and the best pass is kept.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.tracing.estimator import Estimator, Floats
from adaptlearn.tracing.features import earlier
from adaptlearn.tracing.scoring import folds_of
from adaptlearn.tracing.sequences import both_kinds, columns

HELD_BACK = 10  #: one learner in so many says when to stop
PATIENCE = 2  #: passes without a better one before fit ends


class Answers(NamedTuple):
    """Answers of learners side by side, padded; skill 0 stands for no answer and for a skill that fit never saw."""

    skill: NDArray[np.int64]  # [C, T] 1 + skill
    right: NDArray[np.int64]  # [C, T]
    there: NDArray[np.bool_]  # [C, T]
    row: NDArray[np.int64]  # [C, T] row of the log

    def cut(self, most: int) -> list["Answers"]:
        """The same in parts of at most so many rows."""
        parts = np.array_split(np.arange(len(self.skill)), -(-len(self.skill) // most))
        return [Answers(*(values[rows] for values in self)) for rows in parts]


@dataclass
class DKT(Estimator):
    """Deep knowledge tracing with a gated recurrent unit.

    Fitted attributes: ``net_`` (a torch module), ``skills_`` (name -> index from 1), ``history_`` (log-likelihood
    per held-back answer after each pass).
    """

    hidden: int = 64  # width of the state, >= 1
    passes: int = 20  # most passes over the log, >= 1
    batch: int = 32  # stretches of answers per step, >= 1
    longest: int = 128  # answers in one stretch of training, >= 2
    rate: float = 2e-3  # of Adam, > 0
    decay: float = 1e-5  # of weights, >= 0
    seed: int = 0
    progress: Callable[[str], None] | None = None  # told after each pass

    def fit(self, learner: ArrayLike, skill: ArrayLike, correct: ArrayLike) -> Self:
        """Fit a log.   each column [M], rows in the order of time

        Raises:
            ValueError: empty log, missing values, unequal lengths, answers of one kind, fewer than two learners.
        """
        import torch

        self.at_least(hidden=1, passes=1, batch=1, longest=2, rate=1e-12, decay=0)
        log = columns(learner, skill, correct)
        both_kinds(log.right)
        self.skills_ = {name: k for k, name in enumerate(log.skills, 1)}
        back = folds_of(learner, min(HELD_BACK, len(log.learners)), self.seed) == 0
        dice = torch.Generator().manual_seed(self.seed)
        self.net_ = network(len(log.skills), self.hidden, dice)
        kept, held = (stretches(log.who, log.what + 1, log.right, part, self.longest) for part in (~back, back))
        self._train(kept, held, dice)
        with torch.no_grad():  # a skill that fit never saw is the average one
            for weights in (self.net_.ask.weight, self.net_.easiness.weight):
                weights[0] = weights[1:].mean(0)
        return self

    def predict(self, learner: ArrayLike, skill: ArrayLike, correct: ArrayLike, *, unknown: str = "error") -> Floats:
        """P(correct) before each answer.   -> [M]"""
        import torch

        log = columns(learner, skill, correct)
        self.check_names(log.skills, unknown)
        of_skill = np.array([self.skills_.get(name, 0) for name in log.skills], np.int64)
        chance = np.empty(len(log.right))
        with torch.no_grad():
            for part in stretches(log.who, of_skill[log.what], log.right, np.ones(len(chance), bool), None):
                p = torch.sigmoid(self.net_(torch.from_numpy(part.skill), torch.from_numpy(part.right))).numpy()
                chance[part.row[part.there]] = p[part.there]
        return chance

    def _train(self, kept: list[Answers], held: list[Answers], dice: Any) -> None:
        import torch

        optimiser = torch.optim.Adam(self.net_.parameters(), self.rate, weight_decay=self.decay)
        best, self.history_, since = None, [], 0
        batches = [part for block in kept for part in block.cut(self.batch)]
        for turn in range(self.passes):
            for i in torch.randperm(len(batches), generator=dice).tolist():
                optimiser.zero_grad()
                (-likelihood(self.net_, batches[i]) / batches[i].there.sum()).backward()
                torch.nn.utils.clip_grad_norm_(self.net_.parameters(), 1.0)
                optimiser.step()
            with torch.no_grad():
                told = sum(float(likelihood(self.net_, part)) for part in held) / sum(p.there.sum() for p in held)
            if not self.history_ or told > max(self.history_):
                best, since = {name: w.clone() for name, w in self.net_.state_dict().items()}, 0
            else:
                since += 1
            self.history_.append(float(told))
            if self.progress is not None:
                self.progress(f"pass {turn + 1}, log-likelihood per held-back answer {told:.4f}")
            if since >= PATIENCE:
                break
        self.net_.load_state_dict(best)


def likelihood(net: Any, part: Answers) -> Any:
    """Log-likelihood of the answers that are there, nats, as a tensor."""
    import torch

    logit = net(torch.from_numpy(part.skill), torch.from_numpy(part.right))
    right, there = torch.from_numpy(part.right).float(), torch.from_numpy(part.there)
    return -torch.nn.functional.binary_cross_entropy_with_logits(logit[there], right[there], reduction="sum")


def stretches(
    who: NDArray, skill: NDArray, right: NDArray, keep: NDArray[np.bool_], longest: int | None, together: int = 256
) -> list[Answers]:
    """A log cut by learner, and into stretches of at most ``longest`` answers, padded to blocks of like length."""
    order = np.flatnonzero(keep)[np.argsort(who[keep], kind="stable")]
    if not len(order):
        return []
    step = earlier(who[order], np.ones(len(order))).astype(np.int64)
    new = step == 0 if longest is None else step % longest == 0
    start = np.flatnonzero(new)
    length = np.diff(np.r_[start, len(order)])
    blocks = []
    by_length = np.argsort(length, kind="stable")
    for some in np.array_split(by_length, -(-len(by_length) // together)):
        T = int(length[some].max())
        at = start[some][:, None] + np.arange(T)
        there = np.arange(T) < length[some][:, None]
        row = order[np.minimum(at, len(order) - 1)]
        blocks.append(Answers(*(np.where(there, part[row], 0).astype(np.int64) for part in (skill, right)), there, row))
    return blocks


def network(n_skills: int, hidden: int, dice: Any) -> Any:
    """A recurrent net from answers to the logit of the next; all first weights from ``dice``."""
    from torch import nn

    class Net(nn.Module):
        """What came before decides the state; the skill asked now decides what is read from it."""

        def __init__(self) -> None:
            super().__init__()
            self.told = nn.Embedding(2 * (n_skills + 1), hidden)
            self.state = nn.GRU(hidden, hidden, batch_first=True)
            self.ask = nn.Embedding(n_skills + 1, hidden)
            self.easiness = nn.Embedding(n_skills + 1, 1)

        def forward(self, skill: Any, right: Any) -> Any:
            said = self.told(2 * skill + right)
            before = nn.functional.pad(said[:, :-1], (0, 0, 1, 0))  # what was said at the step before; nothing at first
            state, _ = self.state(before)
            return (state * self.ask(skill)).sum(-1) + self.easiness(skill)[..., 0]

    net = Net()
    for name, weights in net.named_parameters():
        size = 0.0 if name.startswith("easiness") else hidden**-0.5
        nn.init.uniform_(weights, -size, size, generator=dice)
    return net
