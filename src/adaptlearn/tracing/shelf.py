"""The tracers by name, and how well each foretells the same held-out learners."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.tracing import logistic
from adaptlearn.tracing.bkt import BKT
from adaptlearn.tracing.estimator import Estimator, Floats
from adaptlearn.tracing.features import earlier
from adaptlearn.tracing.memory import Memory
from adaptlearn.tracing.neural import DKT
from adaptlearn.tracing.scoring import Difference, Scores, auc_gain
from adaptlearn.tracing.sequences import number

Log = Mapping[str, NDArray]  #: learner, skill, correct and, where the log has them, item and day; [M] each
NULL = "shares"  #: the tracer that traces nothing


class Kind(NamedTuple):
    """One tracer of the shelf."""

    about: str
    make: Callable[[], Estimator]
    reads: Mapping[str, Callable[[Log], NDArray]]  # its further columns, made from the log
    needs: tuple[str, ...] = ()  # columns without which it cannot be fitted


def column(name: str) -> Callable[[Log], NDArray]:
    """A column of the log as it is."""
    return lambda log: log[name]


def standing(log: Log) -> NDArray:
    """How the learner has done so far on anything: in five bands, or new.   -> [M] names

    With it as ``group``, BKT's prior is one per student in the sense of Pardos & Heffernan (2010), known when a
    sequence begins and known for learners whom fit never met.
    """
    who, _ = number(log["learner"], "learner")
    right = np.asarray(log["correct"], np.float64)
    before, good = earlier(who, np.ones(len(who))), earlier(who, right)
    band = np.minimum(5.0 * (good + 1.0) / (before + 2.0), 4.0).astype(int)
    return np.where(before > 0, np.array([f"{20 * b} to {20 * b + 20} % right" for b in range(5)])[band], "new")


def _item() -> dict[str, Callable[[Log], NDArray]]:
    return {"item": column("item")}


KINDS: Mapping[str, Kind] = {
    NULL: Kind("each skill's share of right answers: the null, which traces nothing",
               lambda: logistic.Logistic(("skill",)), {}),
    "bkt": Kind("Bayesian knowledge tracing, plain", BKT, {}),
    "bkt_forget": Kind("BKT with forgetting between answers", lambda: BKT(forgets=True), {}),
    "bkt_item": Kind("BKT with guess and slip per item", BKT, _item(), ("item",)),
    "bkt_prior": Kind("BKT with a prior by how the learner has done so far", BKT, {"group": standing}),
    "bkt_full": Kind("BKT with forgetting, items and priors together", lambda: BKT(forgets=True),
                     {"group": standing, **_item()}, ("item",)),
    "irt": Kind("item response: ability against items, no growth", logistic.irt, _item(), ("item",)),
    "afm": Kind("additive factors: ability, skills, practice", logistic.afm, {}),
    "pfa": Kind("performance factors: successes and failures", logistic.pfa, {}),
    "best_lr": Kind("the best logistic regression of Gervet et al. 2020", logistic.best_lr, _item(), ("item",)),
    "growth": Kind("item response with growth and recent success", logistic.growth, _item(), ("item",)),
    "dash": Kind("ability, skill, and counts that fade with time", logistic.dash, {"day": column("day")}, ("day",)),
    "das3h": Kind("DASH with items", logistic.das3h, {"day": column("day"), **_item()}, ("day", "item")),
    "fsrs": Kind("the memory law (FSRS-6) as a filter", Memory, {"day": column("day")}, ("day",)),
    "hlr": Kind("half-life regression", lambda: Memory("hlr"), {"day": column("day")}, ("day",)),
    "dkt": Kind("deep knowledge tracing, a gated recurrent unit", DKT, {}),
}  # fmt: skip


@dataclass(frozen=True)
class Standing:
    """One tracer on held-out learners."""

    model: str
    scores: Scores
    gain: Difference | None  # AUC over the baseline's on the same answers; None for the baseline itself
    seconds: float  # of fitting and foretelling, all folds


def named(names: Sequence[str], log: Log) -> dict[str, Kind]:
    """The kinds asked for.

    Raises:
        ValueError: an unknown name, or a tracer that needs a column the log does not have.
    """
    unknown = [name for name in names if name not in KINDS]
    if unknown:
        raise ValueError(f"model: found {', '.join(unknown)}; needed some of {', '.join(KINDS)}, e.g. bkt")
    for name in names:
        lacking = [need for need in KINDS[name].needs if need not in log]
        if lacking:
            raise ValueError(
                f"model {name} reads {' and '.join(lacking)}, which the log does not have; needed the column, "
                f"e.g. columns.{lacking[0]}=..., or other models"
            )
    return {name: KINDS[name] for name in names}


def able(log: Log) -> list[str]:
    """The tracers that a log has the columns for."""
    return [name for name, kind in KINDS.items() if all(need in log for need in kind.needs)]


def compare(
    log: Log, names: Sequence[str], baseline: str = "bkt", folds: int = 5, seed: int = 0,
    tell: Callable[[str], None] = lambda text: None,
) -> list[Standing]:  # fmt: skip
    """Every tracer on the same held-out learners, fold by fold; one row each, the baseline first.

    Raises:
        ValueError: see :func:`named`; a log that cannot be fitted; fewer learners than folds.
    """
    kinds = named([baseline, *(name for name in names if name != baseline)], log)
    chances: dict[str, Floats] = {}
    rows = []
    for at, (name, kind) in enumerate(kinds.items(), 1):
        tell(f"{name} ({at} of {len(kinds)}), {folds} folds")
        begin = time.perf_counter()
        tracer = kind.make().set_params(seed=seed)
        further = {key: make(log) for key, make in kind.reads.items()}
        result = tracer.cross_validate(log["learner"], log["skill"], log["correct"], folds, **further)
        chances[name] = result.chance
        first = None if name == baseline else auc_gain(log["learner"], log["correct"], result.chance, chances[baseline])
        rows.append(Standing(name, result.pooled, first, time.perf_counter() - begin))
    return rows
