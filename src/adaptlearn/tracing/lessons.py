"""What each activity teaches, by what its learners answer afterwards; and tags of the catalogue that do not fit.

An answer's logit is the learner's level on the skill plus

    easiness_item + slope_k log2(1 + v) + sum_a taught_ak w_ak log2(1 + v_a)

with v_a the finished visits to activity a before, v all of them together, and w_ak how much a says it is about k. The
hierarchical model in Pyro (``hierarchical``) gives each ``taught`` its shrinkage: without evidence an activity teaches
as much as the others do. Levels are per learner and skill, so that what somebody knows well anyway is no merit of what
they took.

Beside it stands one Newton step per activity and skill from the fitted model, with the variance between learners
(Rao 1948; White 1982): it needs no prior and asks the same of skills that an activity does not name. An effect is of
having taken the activity only where taking it was a matter of chance; else it is an association, and no tag is doubted.

Axes: Q answers of one item each, A activities, K skills, P effects, U levels (learner x skill).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.core.corrected import holm
from adaptlearn.core.posterior import Posterior
from adaptlearn.core.visits import Visits
from adaptlearn.tracing import hierarchical
from adaptlearn.tracing.design import Answers, Design
from adaptlearn.tracing.health import Health
from adaptlearn.tracing.sequences import by_lot

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
FEW = 30  #: learners who finished an activity before they answered on a skill
MOST = 20_000  #: answers that the hierarchical model reads; learners are taken by lot
OF_ONE = 2  #: items of one visit and skill that it reads: more of them say the same once more
ROWS = 200_000  #: rows of a log that are read
MATTERS = 0.5  #: of what activities usually teach: less is too little, and more is much for a skill nobody named
WHOLE = 0.5  #: weight of a tag from which it is doubted
DETERMINED = 0.2  #: least share of offers that were a matter of chance
ONE_SIDED = 1.645  #: standard errors, one test in twenty
SURE = 0.05  #: Holm's (1979) corrected chance of a false doubt


class Lesson(NamedTuple):
    """One activity and one skill."""

    activity: int
    skill: int
    declared: float  # weight in the catalogue, 0 = none
    learners: int  # who finished it before they answered on the skill
    effect: float  # of the first finished visit, logit; no prior
    error: float  # its standard error between learners
    shrunk: tuple[float, float, float] | None  # the same with shrinkage and 95 % interval; None: not declared
    points: float  # percentage points of P(correct) to one logit, on this skill
    doubt: str = ""  # "", "teaches too little", "teaches it too"


class Lessons(NamedTuple):
    """All of them, and how the fit went."""

    found: tuple[Lesson, ...]
    usual: float  # mean effect of what activities say they teach, logit
    posterior: Posterior
    health: Health
    notes: tuple[str, ...]


class _Read(NamedTuple):
    """Answers of one item each, sorted by level and time."""

    row: Ints
    skill: Ints
    item: Ints
    right: NDArray[np.uint8]
    level: Ints  # 0 .. U - 1
    learner: Ints


def lessons(
    visits: Visits, teaches: NDArray[np.float32], *, chance: bool = True, seed: int = 0, draws: int = 128,
    most: int = MOST, tell: Callable[[str], None] = lambda said: None,
) -> Lessons:  # fmt: skip
    """What activities teach.   teaches [A, K], as the catalogue says

    Args:
        chance: whether offers were a matter of chance; without it no tag is doubted.
        most: answers that the hierarchical model reads.

    Raises:
        ValueError: no answers, or no activity that enough learners finished before they answered.
    """
    if visits.done is None or not len(visits.answers.row):
        raise ValueError("a log without answers, or that does not say what was finished; needed both, with skills")
    some = visits.learner < _cut(visits)
    done = visits.done & some
    before = np.log2(1.0 + visits.earlier(done * 1.0)[some])
    every, fitted = (_read(visits, most, seed) for most in (10_000, OF_ONE))
    taught = _taught(fitted, before, teaches)
    if not len(taught):
        raise ValueError(f"no activity was finished by {FEW} learners before they answered on what it teaches; "
                         "needed a longer log, or one in the order of time")  # fmt: skip
    tell("what each activity teaches, in Pyro")
    posterior, health = hierarchical.of_design(
        _design(_some(fitted, most, seed), before, teaches, taught, visits),
        draws=draws,
        seed=seed,
        source=visits.source,
    )
    tell("tags that do not fit")
    whole = _design(every, before, teaches, taught, visits)
    found = _steps(every, whole, before, teaches, taught, posterior)
    usual = posterior.draws["taught.mean"]
    notes = () if chance else ("Offers were no matter of chance: effects are associations, and no tag is doubted.",)
    doubted = _doubted(found, float(usual.mean()), float(usual.std())) if chance else found
    return Lessons(tuple(doubted), float(usual.mean()), posterior, health, notes)


def by_chance(propensity: Floats) -> bool:
    """Whether a log's offers were a matter of chance.   propensity [M, places]"""
    return bool(np.mean(propensity[:, 0] < 0.9) >= DETERMINED)


def _cut(visits: Visits) -> int:
    """Learners that are read: as many as have ROWS rows together."""
    ends = np.searchsorted(visits.learner, np.arange(visits.learners), side="right")
    return max(int(np.searchsorted(ends, ROWS, side="right")), 1)


def _read(visits: Visits, most: int, seed: int) -> _Read:
    """Answers one by one, at most so many of one visit and skill, drawn without replacement."""
    answers = visits.answers
    kept = visits.learner[answers.row] < _cut(visits)
    row, skill, item, asked, right = (column[kept] for column in answers)
    n = np.minimum(asked, most)
    drawn = np.random.default_rng(seed).hypergeometric(right, asked - right, n)
    place = np.repeat(np.arange(len(row)), n)
    turn = np.arange(len(place)) - np.repeat(np.cumsum(n) - n, n)
    level = visits.learner[row] * (int(skill.max()) + 1) + skill
    order = np.lexsort((place, level[place]))
    place, turn = place[order], turn[order]
    number = np.unique(level[place], return_inverse=True)[1]
    hit = (turn < drawn[place]).astype(np.uint8)
    return _Read(row[place], skill[place], item[place], hit, number, visits.learner[row[place]])


def _some(read: _Read, most: int, seed: int) -> _Read:
    """At most so many answers, of learners taken by lot."""
    if len(read.row) <= most:
        return read
    kept = by_lot(read.learner, most, seed)
    part = _Read(*(column[kept] for column in read))
    return part._replace(level=np.unique(part.level, return_inverse=True)[1])


def _exposed(read: _Read, before: Floats, k: int) -> Ints:
    """Learners who finished each activity before they answered on a skill.   -> [A]"""
    mine = read.skill == k
    _, who = np.unique(read.learner[mine], return_inverse=True)
    met = np.zeros((int(who.max(initial=-1)) + 1, before.shape[1]), bool)
    np.logical_or.at(met, who, before[read.row[mine]] > 0)
    return np.asarray(met.sum(0))


def _taught(read: _Read, before: Floats, teaches: NDArray[np.float32]) -> Ints:
    """Pairs of activity and skill that the catalogue declares and the log can tell of.   -> [P, 2]"""
    pairs = [(a, k) for k in np.unique(read.skill) for a in np.flatnonzero(
        (teaches[:, k] > 0) & (_exposed(read, before, k) >= FEW))]  # fmt: skip
    return np.array(pairs, np.int64).reshape(-1, 2)


def _design(read: _Read, before: Floats, teaches: NDArray[np.float32], taught: Ints, visits: Visits) -> Design:
    """The answers as the hierarchical model reads them."""
    skills, items = len(visits.skills), len(visits.items)
    a, k = taught.T
    value = before[read.row][:, a] * teaches[a, k] * (read.skill[:, None] == k)
    width = max(int((value > 0).sum(1).max()), 1)
    place = np.argsort(value <= 0, 1, kind="stable")[:, :width]
    every = _practice(before)[read.row]
    index = np.concatenate([read.item[:, None], items + read.skill[:, None], items + skills + place], 1)
    values = np.concatenate([np.ones((len(every), 1)), every[:, None], np.take_along_axis(value, place, 1)], 1)
    start = np.searchsorted(read.level, np.arange(int(read.level[-1]) + 2))
    answers = Answers(start.astype(np.int64), index.astype(np.int32), np.ascontiguousarray(values), read.right)
    named = tuple(f"{visits.activities[i]} → {visits.skills[j]}" for i, j in taught)
    labels = {"easiness": visits.items, "slope": visits.skills, "taught": named}
    return Design(answers, labels, tuple(str(n) for n in range(len(start) - 1)))


def _practice(before: Floats) -> Floats:
    """log2(1 + finished visits so far).   [M, A] -> [M]"""
    return np.log2(1.0 + (2.0**before - 1.0).sum(1))


# --- one step from the fitted model ----------------------------------------------------------------------------------


def _steps(
    read: _Read, design: Design, before: Floats, teaches: NDArray[np.float32], taught: Ints, posterior: Posterior
) -> list[Lesson]:
    """Effect and error of every activity on every skill that enough learners answered after it."""
    effects = np.concatenate([posterior.mean(name) for name in design.labels])
    spread, answers = float(posterior.mean("ability.sd")), design.answers
    level = hierarchical.abilities(design, posterior)[0][read.level]
    p = 1.0 / (1.0 + np.exp(-((answers.value * effects[answers.index]).sum(1) + level)))
    found, at = [], {(int(a), int(k)): j for j, (a, k) in enumerate(taught)}
    practice = _practice(before)
    for k in np.unique(read.skill):
        here = np.flatnonzero(read.skill == k)
        known, exposed = [a for a, kk in at if kk == k], _exposed(read, before, k)
        wanted = [int(a) for a in np.flatnonzero(exposed >= FEW)]
        items = np.unique(read.item[here], return_inverse=True)[1]
        fixed = np.concatenate([np.eye(int(items.max()) + 1)[items], practice[read.row[here], None]], 1)
        one = Step(before[read.row[here]], fixed, p[here], read.right[here], read.level[here], read.learner[here],
                    spread)  # fmt: skip
        for a in wanted:
            others = [b for b in known if b != a]
            step = one.of(a, others)
            if step is None:
                continue
            j, weight = at.get((a, int(k))), float(teaches[a, k])
            draws = None if j is None else weight * posterior.draws["taught"][:, j]
            shrunk = None if draws is None else (float(draws.mean()), *map(float, np.quantile(draws, [0.025, 0.975])))
            effect = step[0] + (0.0 if shrunk is None else shrunk[0])
            points = 100.0 * float(np.mean(p[here] * (1.0 - p[here])))
            found.append(Lesson(a, int(k), weight, int(exposed[a]), effect, step[1], shrunk, points))
    return found


class Step:
    """One Newton step on one skill, other effects and levels held fair (generalised least squares)."""

    def __init__(self, taken: Floats, fixed: Floats, p: Floats, right: NDArray[np.uint8], level: Ints, learner: Ints,
                 spread: float):  # fmt: skip
        self.taken, self.fixed, self.residual, self.weight = taken, fixed, right - p, p * (1.0 - p)
        self.level = np.unique(level, return_inverse=True)[1]
        self.learner = np.unique(learner, return_inverse=True)[1]
        self.share = 1.0 / (np.bincount(self.level, self.weight) + 1.0 / spread**2)
        self.known: dict[tuple[int, ...], tuple[Floats, Floats, Floats]] = {}

    def whitened(self, x: Floats) -> Floats:
        """V^-1 x, with V the covariance of working answers of one level.   [Q, C] -> [Q, C]"""
        heavy = self.weight[:, None] * x
        mean = np.stack([np.bincount(self.level, column) * self.share for column in heavy.T], 1)
        return np.asarray(heavy - self.weight[:, None] * mean[self.level])

    def of(self, activity: int, others: list[int]) -> tuple[float, float] | None:
        """Step and standard error of an activity beside others; None: the log cannot tell them apart."""
        key = tuple(others)
        if key not in self.known:
            beside = np.concatenate([self.fixed, self.taken[:, others]], 1)
            white = self.whitened(beside)
            self.known[key] = beside, white, np.linalg.pinv(beside.T @ white, rcond=1e-8, hermitian=True)
        beside, white, inverse = self.known[key]
        x = self.taken[:, [activity]]
        own = x - beside @ (inverse @ (white.T @ x))
        told = float((own * self.whitened(own)).sum())
        if told < 1.0:  # less than a standard error of one logit
            return None
        each = np.bincount(self.learner, own[:, 0] * self.residual)
        return float(each.sum() / told), float(np.sqrt((each**2).sum()) / told)


def _doubted(found: list[Lesson], usual: float, error: float) -> list[Lesson]:
    """The same, with doubts where chance does not explain them.

    Args:
        usual: what activities usually teach, logit; it is not known better than its standard ``error``.
    """
    from scipy.stats import norm

    few = [one for one in found if one.declared >= WHOLE]
    many = [one for one in found if one.declared == 0.0]
    z = np.array([one.effect / one.error for one in many])
    middle, wide = usual_noise(z)
    half = [MATTERS * one.declared for one in few]
    low = [float(norm.cdf((one.effect - part * usual) / np.hypot(one.error, part * error) / wide))
           for one, part in zip(few, half, strict=True)]  # fmt: skip
    high = norm.sf((z - middle) / wide).tolist()
    more = [one for one, p in zip(many, holm(high), strict=True) if p < SURE and one.effect > MATTERS * usual]
    better = {one.activity: one for one in sorted(more, key=lambda one: one.effect)}
    less = [one for one, p in zip(few, holm(low), strict=True) if p < SURE or _replaced(one, better.get(one.activity))]
    doubts = dict.fromkeys(map(id, more), "teaches it too") | dict.fromkeys(map(id, less), "teaches too little")
    return [one._replace(doubt=doubts.get(id(one), "")) for one in found]


def _replaced(named: Lesson, other: Lesson | None) -> bool:
    """Whether an activity teaches a skill that it does not name clearly more than one that it names, if that at all."""
    if other is None:
        return False
    gap, error = other.effect - named.effect, np.hypot(other.error, named.error)
    return bool(gap > ONE_SIDED * error and named.effect < ONE_SIDED * named.error)


def usual_noise(z: Floats) -> tuple[float, float]:
    """Where chance puts what nobody declared: median, and spread of the middle, never less than theory's (Efron 2004).

    What all skills gain by whatever is taken, and whatever else makes learners alike, is no tag that is missing.
    """
    if not len(z):
        return 0.0, 1.0
    middle = float(np.median(z))
    return max(middle, 0.0), max(float(1.4826 * np.median(np.abs(z - middle))), 1.0)
