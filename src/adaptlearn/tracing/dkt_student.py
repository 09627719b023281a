"""Weights of the dkt law from a log of answers: its own text, read by PyTorch, is unrolled along them.

    python -m adaptlearn.tracing.dkt_student answers.tsv learner=user_id skill=skill_id correct=correct day=timestamp \
        per_day=86400 to=people.toml

writes weights for ``law=dkt population=people.toml``; without ``to`` the law's own, ``laws/dkt.weights.toml``. What
learners bring along is not the net's: an ability per learner and an easiness per skill are fitted beside the weights,
all by maximum a posteriori with Adam. The last fifth of every learner's answers is held back, and says how well the net
foretells them beside item response alone, whose state never moves.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.core.equations import bind, torch_names
from adaptlearn.core.keep import keep
from adaptlearn.laws import dkt
from adaptlearn.tracing.features import earlier
from adaptlearn.tracing.scoring import Scores, score
from adaptlearn.tracing.sequences import number, sequences, since

GATES = tuple(f"{gate}{unit}" for gate in "zrc" for unit in (1, 2, 3))  #: of each unit: update, reset, candidate
INPUTS = ("right", "wrong", "h1", "h2", "h3", "bias")
FREE = tuple(f"{gate}_{word}" for gate in GATES for word in INPUTS)  #: weights of any sign
POSITIVE = {"v1": 0.5, "v2": 0.5, "v3": 0.5, "last1": 1.0, "last2": 7.0, "last3": 60.0}  #: > 0, and where they begin
ABILITY, EASINESS, WEIGHT = 0.95, 1.0, 1.0  #: SDs: of learners, logit; of skills, logit; of weights around their start
HELD_BACK = 0.2  #: of every learner's answers, the last ones


class Strip(NamedTuple):
    """Answers of learners on skills side by side, the longest first: step t is of the first ``size[t]`` of them."""

    who: NDArray[np.int64]  # [S] learner
    what: NDArray[np.int64]  # [S] skill
    size: NDArray[np.int64]  # [T]
    row: NDArray[np.int64]  # [answers] row of the log, step by step
    right: NDArray[np.float64]  # [answers]
    gap: NDArray[np.float64]  # [answers] days since the answer before, of the same learner on the same skill


@dataclass(frozen=True)
class Trained:
    """Weights, and how well they foretell what was held back."""

    weights: dict[str, float]
    held_back: Scores  # of the law
    alone: Scores  # of item response alone, fitted likewise: the state never moves
    answers: int
    learners: int
    steps: int
    seed: int


def train(
    learner: ArrayLike, skill: ArrayLike, correct: ArrayLike, day: ArrayLike, *, steps: int = 150, rate: float = 0.03,
    longest: int = 60, seed: int = 0, progress: Callable[[str], None] = lambda text: None,
) -> Trained:  # fmt: skip
    """Fit a log.   each column [M], rows in the order of time; day since any fixed moment

    Args:
        steps, rate: of Adam.
        longest: answers of one learner on one skill that are read.
        seed: of the first weights.
    """
    strip = strip_of(learner, skill, correct, day, longest)
    late = held_back(learner)[strip.row]
    p, moved = climb(strip, ~late, steps, rate, seed, True, progress)
    _, still = climb(strip, ~late, steps, rate, seed, False, progress)
    values = {name: float(f"{float(getattr(p, name).detach()):.4g}") for name in (*FREE, *POSITIVE)}
    held, alone = (score(strip.right[late], chance[late]) for chance in (moved, still))
    return Trained(values, held, alone, len(late), int(strip.who.max()) + 1, steps, seed)


def climb(
    strip: Strip, early: NDArray[np.bool_], steps: int, rate: float, seed: int, moves: bool,
    progress: Callable[[str], None],
) -> tuple[Any, NDArray[np.float64]]:  # fmt: skip
    """Weights, abilities and easinesses at their best for the early answers.   -> constants, P(correct) of all

    Args:
        moves: whether the state may move at all.
    """
    import torch

    dice = torch.Generator().manual_seed(seed)
    free = (0.3 * torch.randn(len(FREE), generator=dice, dtype=torch.float64)).requires_grad_()
    positive, ability, easiness = (
        torch.zeros(n, dtype=torch.float64, requires_grad=True)
        for n in (len(POSITIVE), strip.who.max() + 1, strip.what.max() + 1)
    )
    optimiser = torch.optim.Adam([free, positive, ability, easiness], rate)
    read, right = torch.from_numpy(early), torch.from_numpy(strip.right)
    for turn in range(steps):
        optimiser.zero_grad()
        chance = torch.cat([*along(strip, constants(free, positive, moves), ability, easiness)])
        like = (torch.where(right > 0.5, chance, 1.0 - chance).clamp(min=1e-9).log() * read).sum()
        doubt = (ability**2).sum() / ABILITY**2 + ((easiness - easiness.mean()) ** 2).sum() / EASINESS**2
        doubt = doubt + ((free**2).sum() + (positive**2).sum()) / WEIGHT**2
        (-(like - doubt / 2.0) / read.sum()).backward()
        optimiser.step()
        if turn % 10 == 0:
            progress(f"step {turn} of {steps}, log-likelihood per answer {float(like.detach() / read.sum()):.4f}")
    with torch.no_grad():
        p = constants(free, positive, moves)
        return p, torch.cat([*along(strip, p, ability, easiness)]).numpy()


def held_back(learner: ArrayLike) -> NDArray[np.bool_]:
    """The last answers of every learner.   [M] -> [M]"""
    who, _ = number(learner, "learner")
    place = earlier(who, np.ones(len(who)))
    return place >= (1.0 - HELD_BACK) * np.bincount(who)[who]


def strip_of(learner: ArrayLike, skill: ArrayLike, correct: ArrayLike, day: ArrayLike, longest: int) -> Strip:
    """A log as a strip."""
    seqs = sequences(learner, skill, correct)
    sequence = seqs.back(np.repeat(np.arange(len(seqs.start) - 1), np.diff(seqs.start)))
    gap = since(day, sequence)[seqs.order]
    length = np.minimum(np.diff(seqs.start), longest)
    order = np.argsort(-length, kind="stable")
    size = np.array([int((length > t).sum()) for t in range(int(length.max()))])
    place = np.concatenate([seqs.start[order[:n]] + t for t, n in enumerate(size)])
    who, what = number(learner, "learner")[0], number(skill, "skill")[0]
    first = seqs.order[seqs.start[order]]
    return Strip(who[first], what[first], size, seqs.order[place], seqs.right[place].astype(float), gap[place])


def constants(free: Any, positive: Any, moves: bool) -> Any:
    """The law's constants with these weights; the state weighs nothing if it may not move. Each tensor is a number."""
    import torch

    values = dict(zip(FREE, free, strict=True))
    for (name, start), moved in zip(POSITIVE.items(), positive, strict=True):
        values[name] = start * torch.exp(moved) * (1.0 if moves or name.startswith("last") else 0.0)
    return dkt.Params(**dkt.Judged()._asdict(), **values)


@cache
def law_in_torch() -> SimpleNamespace:
    """The law's text read with PyTorch's names, once."""
    return bind(dkt, torch_names())


def along(strip: Strip, p: Any, ability: Any, easiness: Any) -> Iterator[Any]:
    """P(correct) before each answer, step by step."""
    import torch

    text, n_before = law_in_torch(), 0
    right, gap = torch.from_numpy(strip.right), torch.from_numpy(strip.gap)
    start = ability[torch.from_numpy(strip.who)] + easiness[torch.from_numpy(strip.what)]
    mind = dkt.Mind(start, *[torch.zeros_like(start)] * 3)
    for n in strip.size.tolist():
        place = slice(n_before, n_before + n)
        n_before += n
        mind = text.forget(dkt.Mind(*(part[:n] for part in mind)), gap[place], p)
        yield text.p_answer(mind, torch.zeros(()), None, p)
        mind = text.seen(mind, right[place], 1.0, p)


def told(trained: Trained, source: str, command: str) -> list[str]:
    """How weights came about, as lines of TOML."""
    held, alone = trained.held_back, trained.alone
    return [
        f'command = "{command}"', f'source = "{source}"', f"answers = {trained.answers}",
        f"learners = {trained.learners}", f"steps = {trained.steps}", f"seed = {trained.seed}",
        f"auc = {held.auc:.4f}  # on the last fifth of every learner's answers, held back",
        f"auc_alone = {alone.auc:.4f}  # of item response alone, fitted likewise: the state never moves",
        f"log_likelihood = {held.log_likelihood / held.n:.4f}  # per answer held back, nats",
        f"log_likelihood_alone = {alone.log_likelihood / alone.n:.4f}",
    ]  # fmt: skip


def as_weights(trained: Trained, source: str, command: str) -> str:
    """The law's own file of weights."""
    head = ["# Written by the training, never by hand: weights of the dkt law.", "", "[trained]"]
    weights = [f"{name} = {value!r}" for name, value in trained.weights.items()]
    return "\n".join([*head, *told(trained, source, command), "", "[weights]", *weights]) + "\n"


def as_people(trained: Trained, source: str, command: str) -> str:
    """A population whose minds have these weights; all else about it is the default."""
    about = [f"# {line}" for line in told(trained, source, command)]
    weights = [f"{name} = {value!r}" for name, value in trained.weights.items()]
    head = ["[population]", f'provenance = "dkt trained on {source}; traits assumed (grade C)"', "", "[laws.dkt]"]
    return "\n".join([*about, "", *head, f'source = "{source}"', *weights]) + "\n"


def main(words: list[str]) -> Path:
    """Read a log, train, keep the weights.   -> the file"""
    from adaptlearn.interchange.tables import read

    path, columns = words[0], dict(word.split("=", 1) for word in words[1:])
    per_day = float(columns.pop("per_day", 1.0))  # what the column of days counts
    to = columns.pop("to", "")
    log: Mapping[str, Any] = read(path, columns=columns)
    day = np.asarray(log["day"], np.float64) / per_day
    done = train(log["learner"], log["skill"], log["correct"], day, progress=print)
    file = Path(path)
    command = " ".join(["python -m adaptlearn.tracing.dkt_student", file.name, *words[1:]])
    source = file.resolve().parent.name
    return keep(to, as_people(done, source, command)) if to else keep(dkt.WEIGHTS, as_weights(done, source, command))


if __name__ == "__main__":
    print(main(sys.argv[1:]))
