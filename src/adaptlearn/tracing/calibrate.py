"""From a log of answers to the numbers of a world: skills fitted by exact EM, the spread of ability, doubts in words.

    calibration = calibrate_bkt(log["learner"], log["skill"], log["correct"], source=log.source)
    calibration.skills[0].tracer, calibration.warnings, calibration.provenance

    calibrate_world(log, "envs/practice-v1")      # writes the fitted numbers into a world's folder

A fit does not earn a world more than grade B: grade A needs checks on held-out learners, see ``predictive``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.core.catalogue import Skill
from adaptlearn.core.posterior import Posterior
from adaptlearn.core.record import Tracer
from adaptlearn.tracing.bkt import BKT
from adaptlearn.tracing.bkt_fit import MILD, Priors, SkillFit
from adaptlearn.tracing.scoring import Scores, score
from adaptlearn.tracing.sequences import Sequences, sequences

FEW_ANSWERS, FEW_LEARNERS = 100, 20  #: below either, a skill's numbers rest on the priors
BLURRED = 0.6  #: guess + slip above this: an answer says little about knowing
FLAT = 0.01  #: learning below this chance per answer is not to be told from none
WIDE = 0.5  #: an interval of a chance wider than this says that the log does not tell
SPREAD_OUT = 0.9999  #: guess + slip stay below 1 in a world


class CalibratedSkill(NamedTuple):
    """One skill's numbers, with what stands behind them."""

    name: str  # as the log calls it
    tracer: Tracer
    low: Tracer  # 95 % intervals
    high: Tracer
    answers: int
    learners: int

    def row(self, id_: str) -> Skill:
        """As a row of a world's ``skills.csv``; rounded, without prerequisites."""
        prior, learn, guess, slip = (round(float(value), 4) for value in self.tracer[:4])
        guess = min(guess, round(SPREAD_OUT - slip, 4))
        return Skill(id_, self.name, (), prior, learn, guess, slip, 0.0)


@dataclass(frozen=True, eq=False)
class Calibration:
    """What a log says about its skills."""

    tracer: BKT
    skills: tuple[CalibratedSkill, ...]
    in_sample: Scores
    held_out: Scores  # pooled over learners that the fit had not met
    warnings: tuple[str, ...]  # what a reader should know before using the numbers
    provenance: dict[str, object]  # where they come from; without a date, so that the same log gives the same text

    def rows(self) -> list[Skill]:
        """Skills as rows of a world, ids made of the log's names."""
        return [skill.row(id_) for skill, id_ in zip(self.skills, ids_of([s.name for s in self.skills]), strict=True)]


def calibrate_bkt(
    learner: ArrayLike, skill: ArrayLike, correct: ArrayLike, *,
    source: str, notes: Sequence[str] = (), timed: bool = False,
    priors: Priors = MILD, restarts: int = 5, folds: int = 5, threads: int | None = None, seed: int = 0,
) -> Calibration:  # fmt: skip
    """Fit a log's skills and say how far to trust them.   each column [M], rows in the order of time

    Args:
        source: what the log is, for people.
        notes: warnings that came with the log, such as rows left out when it was read.
        timed: the log has days, not only an order.

    Raises:
        ValueError: empty, missing values, one kind of answer only; fewer learners than folds.
    """
    tracer = BKT(restarts=restarts, priors=priors, threads=threads, seed=seed).fit(learner, skill, correct)
    in_sample = tracer.evaluate(learner, skill, correct)
    held_out = tracer.cross_validate(learner, skill, correct, folds).pooled
    skills = tuple(_calibrated(fit) for fit in tracer.skills_.values())
    seqs = sequences(learner, skill, correct)
    base = _base_rates(seqs, skill, correct)
    warnings = [*notes, *_doubts(skills, timed), *_twins(seqs), *_beats(held_out, base)]
    provenance = {
        "source": source,
        "answers": in_sample.n,
        "learners": len(set(np.asarray(learner).tolist())),
        "skills": len(skills),
        "method": f"exact EM, {restarts} starts, Beta priors {_priors_in_words(priors)}",
        "log-likelihood in sample (nats)": round(in_sample.log_likelihood, 1),
        "AUC in sample": round(in_sample.auc, 4),
        f"AUC on held-out learners ({folds} folds)": round(held_out.auc, 4),
        "log-likelihood on held-out learners (nats per answer)": round(held_out.log_likelihood / held_out.n, 4),
        "the same from each skill's share of right answers": round(base.log_likelihood / base.n, 4),
        "calibration error on held-out learners": round(held_out.calibration_error, 4),
    }
    return Calibration(tracer, skills, in_sample, held_out, tuple(warnings), provenance)


def coins(calibration: Calibration, ids: Sequence[str], draws: int = 256, seed: int = 0) -> Posterior:
    """What the log left uncertain of each skill's coins, as draws: normal on the logit scale around the fit.

    Names ``prior`` ``learn`` ``guess`` ``slip`` [J, K], labelled by ``ids``. Where the data do not bend the likelihood
    the prior's spread of about one logit is taken; guess + slip stay below 1.
    """
    rng, found = np.random.default_rng(seed), {}
    for coin in ("prior", "learn", "guess", "slip"):
        chance = np.array([getattr(skill.tracer, coin) for skill in calibration.skills]).clip(1e-6, 1.0 - 1e-6)
        error = np.array([getattr(calibration.tracer.skills_[skill.name].error, coin) for skill in calibration.skills])
        noise = np.nan_to_num(error, nan=1.0).clip(0.0, 2.0) * rng.standard_normal((draws, len(chance)))
        found[coin] = 1.0 / (1.0 + (1.0 - chance) / chance * np.exp(-noise))
    found["guess"] = np.minimum(found["guess"], SPREAD_OUT - found["slip"])
    about = {key: str(value) for key, value in calibration.provenance.items()}
    return Posterior(found, about, {coin: tuple(ids) for coin in found})


def ids_of(names: Sequence[str]) -> list[str]:
    """Ids that a world accepts, one per name and no two alike: ``Add & subtract (1)`` -> ``add-subtract-1``."""
    taken: dict[str, int] = {}
    found = []
    for name in names:
        base = re.sub(r"[^a-z0-9]+", "-", str(name).lower()).strip("-") or "skill"
        taken[base] = taken.get(base, 0) + 1
        found.append(base if taken[base] == 1 else f"{base}-{taken[base]}")
    return found


def _calibrated(fit: SkillFit) -> CalibratedSkill:
    ends = [fit.interval(coin) for coin in Tracer._fields]
    low, high = (Tracer(*(end[side] for end in ends)) for side in (0, 1))
    return CalibratedSkill(str(fit.skill), fit.tracer, low, high, fit.answers, fit.learners)


def _priors_in_words(priors: Priors) -> str:
    pairs = [(coin, *getattr(priors, coin)) for coin in priors._fields if coin != "forget"]
    return ", ".join(f"{coin} {yes:g} of {yes + no:g}" for coin, no, yes in pairs)


def _base_rates(seqs: Sequences, skill: ArrayLike, correct: ArrayLike) -> Scores:
    """Scores of always foretelling a skill's share of right answers, its own answers included."""
    share = np.empty(len(seqs.right))
    for k in range(len(seqs.skills)):
        rows, _ = seqs.of(k)
        share[rows] = seqs.right[rows].mean()
    return score(correct, seqs.back(share))


def _names(skills: Sequence[CalibratedSkill], most: int = 5) -> str:
    shown = ", ".join(f"{skill.name!r}" for skill in skills[:most])
    return shown + (f" and {len(skills) - most} more" if len(skills) > most else "")


def _doubts(skills: Sequence[CalibratedSkill], timed: bool) -> list[str]:
    """What the numbers themselves give reason to doubt."""
    thin = [s for s in skills if s.answers < FEW_ANSWERS or s.learners < FEW_LEARNERS]
    solid = [s for s in skills if s not in thin]
    blurred = [s for s in solid if s.tracer.guess + s.tracer.slip > BLURRED]
    flat = [s for s in solid if s.tracer.learn < FLAT]
    wide = [s for s in solid if max(h - low for h, low in zip(s.high[:4], s.low[:4], strict=True)) > WIDE]
    said = [
        (thin, f"fewer than {FEW_ANSWERS} answers or {FEW_LEARNERS} learners: the numbers rest on the priors"),
        (blurred, f"guess + slip above {BLURRED:g}: an answer says little about knowing, and mastery is hard to tell"),
        (flat, f"learning below {FLAT:g} per answer: no progress is seen, perhaps since people stop once they know"),
        (wide, f"an interval wider than {WIDE:g}: several readings of the same answers fit about as well"),
    ]
    found = [f"{len(which)} of {len(skills)} skills ({_names(which)}) have {what}" for which, what in said if which]
    if not timed:
        found.append("the log has an order but no days: forgetting is not fitted, and stays as the world has it")
    return found


def _twins(seqs: Sequences) -> list[str]:
    """Skills with the very same answers of the same learners: one answer logged under several names."""
    seen: dict[tuple[bytes, bytes], list[str]] = {}
    for k, name in enumerate(seqs.skills):
        rows, which = seqs.of(k)
        seen.setdefault((seqs.learner[which].tobytes(), seqs.right[rows].tobytes()), []).append(str(name))
    groups = [names for names in seen.values() if len(names) > 1]
    return [
        f"{' and '.join(repr(name) for name in names)} have the same answers: one answer is logged under each of them, "
        "and pooled scores count it more than once"
        for names in groups
    ]


def _beats(held_out: Scores, base: Scores) -> list[str]:
    if held_out.log_likelihood > base.log_likelihood:
        return []
    return [
        "held-out learners are foretold no better than by each skill's share of right answers: do not trace with it"
    ]


def of_world(skill: ArrayLike, world_skills: Sequence[Skill]) -> tuple[NDArray[np.bool_], dict[str, Skill]]:
    """Which answers are on skills of a world, by title, else by id.   [M] -> [M], the log's name -> skill"""
    names = np.asarray(skill).tolist()
    spoken = {str(name).casefold(): name for name in set(names)}
    matched = {}
    for one in world_skills:
        found = next((text for text in (one.title.casefold(), one.id.casefold()) if text in spoken), None)
        if found is not None:
            matched[spoken[found]] = one
    return np.array([name in matched for name in names], bool), matched
