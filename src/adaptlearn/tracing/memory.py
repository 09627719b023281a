"""A law of memory as a tracer: its own text, read by PyTorch, filters answers and is fitted to them.

    tracer = Memory().fit(learner, skill, correct, day=day)           # FSRS-6, laws/memory.py
    tracer = Memory(law="hlr").fit(learner, skill, correct, day=day)  # half-life regression, laws/hlr.py
    chance = tracer.predict(learner, skill, correct, day=day)         # P(correct) before each answer

A learner either knew the skill before or did not (``begin`` with a low and a high draw). Both minds are carried along
every answer by ``forget``, ``p_answer`` and ``learn`` as the law has them, and weighed by what was answered, which is
exact. Fitted are the law's own weights, each pulled towards its default, and per skill the prior, guess and slip.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.core.catalogue import FEATURES
from adaptlearn.core.equations import bind, torch_names
from adaptlearn.core.learner import Exposure, Skill, Traits
from adaptlearn.laws.shelf import law as law_named
from adaptlearn.tracing.estimator import Estimator, Floats
from adaptlearn.tracing.sequences import Sequences, both_kinds, sequences, since

FREE: Mapping[str, tuple[str, ...]] = {
    "memory": ("w0", "w2", "w8", "w9", "w10", "w11", "w14", "w17", "w20"),
    "hlr": ("bias", "right", "wrong"),
}  #: weights that a log may move, all > 0
LETTER = {"memory": {"lapse": 1.0}}  #: a filter, unlike a mind, learns from failures
START = (-0.5, -1.5, -2.0)  #: logit of prior, guess and slip, about which skills vary
SPREAD = 1.0  #: SD of a skill's prior, guess and slip around the average skill, logit
LOOSE = 0.5  #: log-SD of a weight around its default
ASKED = (0.0, 1.0 - 1e-6)  #: draws of ``begin`` that make one who knew and one who did not


class Strip(NamedTuple):
    """Answers of sequences side by side, the longest first: step t belongs to the first ``size[t]`` of them."""

    skill: NDArray[np.int64]  # [S] skill, 0 = one that fit never saw
    size: NDArray[np.int64]  # [T]
    row: NDArray[np.int64]  # [answers] place in the sorted log, step by step
    right: Floats  # [answers]
    gap: Floats  # [answers] days since the same learner's answer before on the skill


@dataclass
class Memory(Estimator):
    """A tracer that is a law of memory.

    Fitted attributes: ``weights_`` (name -> value of the law's constants), ``table_`` [1 + K, 3] (prior, guess, slip
    of those who do not guess; row 0 the average skill), ``skills_`` (name -> row), ``history_`` (log-posterior per
    answer along the fit).
    """

    reads: ClassVar[tuple[str, ...]] = ("day",)
    law: str = "memory"  # memory | hlr
    steps: int = 100  # of Adam, >= 1
    rate: float = 0.05  # of Adam, > 0
    longest: int = 40  # answers of a sequence that fit reads, >= 2; predict reads all
    seed: int = 0  # of the deal into folds; the fit itself draws nothing
    progress: Callable[[str], None] | None = None  # told now and then

    def fit(self, learner: ArrayLike, skill: ArrayLike, correct: ArrayLike, *, day: ArrayLike | None = None) -> Self:
        """Fit a log.   each column [M], rows in the order of time; day since any fixed moment

        Raises:
            ValueError: empty log, missing values, unequal lengths, answers of one kind, no days or days that go back.
        """
        import torch

        self.at_least(steps=1, rate=1e-12, longest=2)
        if self.law not in FREE:
            raise ValueError(f"law = {self.law!r}; needed one of {', '.join(FREE)}, e.g. 'memory'")
        seqs = sequences(learner, skill, correct)
        both_kinds(seqs.right)
        self.skills_ = {name: k for k, name in enumerate(seqs.skills, 1)}
        strip = self._strip(seqs, day, self.longest)
        move = torch.zeros(len(FREE[self.law]), dtype=torch.float64, requires_grad=True)
        centre = torch.tensor(START, dtype=torch.float64, requires_grad=True)
        apart = torch.zeros((1 + len(seqs.skills), 3), dtype=torch.float64, requires_grad=True)
        optimiser, history = torch.optim.Adam([move, centre, apart], self.rate), []
        for turn in range(self.steps):
            optimiser.zero_grad()
            like = sum(self._weigh(strip, move, centre + apart, lambda place, p: None))
            doubt = (move**2).sum() / LOOSE**2 + (apart**2).sum() / SPREAD**2
            (-(like - doubt / 2.0) / len(strip.right)).backward()
            optimiser.step()
            history.append(float((like - doubt / 2.0).detach()) / len(strip.right))
            if self.progress is not None and turn % 10 == 0:
                self.progress(f"step {turn} of {self.steps}, log-posterior per answer {history[-1]:.4f}")
        with torch.no_grad():
            apart[0] = 0.0
            self._move, self._skill_logits = move.detach(), (centre + apart).detach()
        constants = self._constants(self._move)
        self.weights_ = {name: float(getattr(constants, name)) for name in FREE[self.law]}
        self.table_, self.history_ = torch.sigmoid(self._skill_logits).numpy(), tuple(history)
        return self

    def predict(
        self, learner: ArrayLike, skill: ArrayLike, correct: ArrayLike, *, unknown: str = "error",
        day: ArrayLike | None = None,
    ) -> Floats:  # fmt: skip
        """P(correct) before each answer.   -> [M]"""
        import torch

        seqs = sequences(learner, skill, correct)
        self.check_names(seqs.skills, unknown)
        strip, chance = self._strip(seqs, day, None), np.empty(len(seqs.right))

        def note(place: slice, p: Any) -> None:
            chance[strip.row[place]] = p.numpy()

        with torch.no_grad():
            for _ in self._weigh(strip, self._move, self._skill_logits, note):
                pass
        return seqs.back(chance)

    def _strip(self, seqs: Sequences, day: ArrayLike | None, longest: int | None) -> Strip:
        sequence = seqs.back(np.repeat(np.arange(len(seqs.start) - 1), np.diff(seqs.start)))
        gap = since(day, sequence)[seqs.order]
        length = np.diff(seqs.start) if longest is None else np.minimum(np.diff(seqs.start), longest)
        order = np.argsort(-length, kind="stable")
        size = np.array([int((length > t).sum()) for t in range(int(length.max()))])
        row = np.concatenate([seqs.start[order[:n]] + t for t, n in enumerate(size)])
        of_skill = np.repeat([self.skills_.get(name, 0) for name in seqs.skills], np.diff(seqs.first))
        return Strip(of_skill[order], size, row, seqs.right[row].astype(float), gap[row])

    def _constants(self, move: Any) -> Any:
        """The law's constants with the free ones moved on the log scale."""
        import torch

        P = law_named(self.law).Params(**LETTER.get(self.law, {}))
        values = {name: torch.tensor(value, dtype=torch.float64) for name, value in P._asdict().items()}
        free = zip(FREE[self.law], torch.exp(move), strict=True)
        return P._replace(**values | {name: values[name] * factor for name, factor in free})

    def _weigh(self, strip: Strip, move: Any, logits: Any, note: Callable[[slice, Any], None]) -> Iterator[Any]:
        """Along the answers, step by step: the log-likelihood of each; P(correct) before it is told to ``note``."""
        import torch

        text, p = bind(law_named(self.law), torch_names()), self._constants(move)
        gap, right, n_before = torch.from_numpy(strip.gap), torch.from_numpy(strip.right), 0
        prior, guess, slip = torch.sigmoid(logits[torch.from_numpy(strip.skill)]).T
        skill, trait, visit, activity = self._setting(prior, guess, slip * (1.0 - guess))
        draws = torch.tensor(ASKED, dtype=torch.float64)[:, None]
        mind = text.begin(skill, trait, draws * 0.0, draws, p)
        mind = _wide(mind, len(prior))
        belief = torch.stack([prior, 1.0 - prior])
        for n in strip.size.tolist():
            place = slice(n_before, n_before + n)
            n_before += n
            mind, belief = type(mind)(*(v[:, :n] for v in mind)), belief[:, :n]
            skill = skill._replace(guess=skill.guess[:n], slip=skill.slip[:n])
            mind = text.forget(mind, gap[place], p)
            says = text.p_answer(mind, draws * 0.0, skill, p)
            chance = (belief * says).sum(0).clamp(1e-9, 1.0 - 1e-9)
            note(place, chance)
            y = right[place]
            belief = belief * torch.where(y > 0.5, says, 1.0 - says).clamp(min=1e-12)
            belief = belief / belief.sum(0)
            mind = text.learn(mind, visit._replace(success=y), activity, skill, trait, draws * 0.0, draws, p)
            mind = _wide(mind, n)
            yield torch.where(y > 0.5, torch.log(chance), torch.log1p(-chance)).sum()

    def _setting(self, prior: Any, guess: Any, slip: Any) -> tuple[Any, Any, Any, Any]:
        """A median learner asked one question, for a quarter of an hour: what the law needs to know beside the mind."""
        import torch

        nought, one = torch.zeros((), dtype=torch.float64), torch.ones((), dtype=torch.float64)
        # ``begin`` takes the low draw for one who knew and the high one for one who did not, whatever the prior is.
        skill = Skill(nought, nought + 0.5, nought, guess, slip, nought)
        trait = Traits(*[nought] * len(Traits._fields))._replace(rate=one, memory=one)
        visit = Exposure(one, one, one, nought, nought, nought, one, one, nought)
        return skill, trait, visit, SimpleNamespace(**dict.fromkeys(FEATURES, nought) | {"minutes": 15.0 * one})


def _wide(mind: Any, n: int) -> Any:
    """Both minds of n sequences, also where the law says one number for all.   -> fields [2, n]"""
    import torch

    return type(mind)(*(torch.as_tensor(v, dtype=torch.float64).expand(2, n) for v in mind))
