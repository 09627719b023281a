"""Stated against evidenced: what a learner says they like, what their reactions show, and what nobody can know.

    told = evidence(log, rules, learners)         # one row per learner
    events_to_tell(rules, policy)                 # how many reactions it takes, by simulation

The posterior of one learner is a weighted crowd: people drawn from the population, each weighted by how likely it is
that they would have reacted as this learner did (importance sampling), with the behaviour's own text as likelihood.
So liking and aptitude are told together, and whatever the reactions do not speak of stays as the population has it.
Motivation is taken to stay at the person's own level.
"""

from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.classroom.room import Rules
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.catalogue import FEATURES
from adaptlearn.core.learner import MODES, Traits
from adaptlearn.core.log import EventLog

Floats = NDArray[np.float64]
CROWD = 20_000  #: people drawn from the population
FEW = 100  #: effective people below which a learner's posterior is rough
NODES = 11  #: of the noise of a rating
LEAST = 0.01  #: chance of any rating, whatever the person
SURE = 0.6  #: P(favourite) from which evidence is said to tell
READ = 60  #: latest reactions that are read
LIKES = tuple(Traits._fields.index(f"like_{mode}") for mode in MODES)
APTITUDES = tuple(Traits._fields.index(f"aptitude_{mode}") for mode in MODES)
STATED = Traits._fields.index("stated")


class Reader:
    """A crowd from a population, against which reactions are read."""

    def __init__(self, rules: Rules, seed: int = 0, crowd: int = CROWD):
        self.rules = rules
        self.people = rules.population.draw(np.arange(crowd) + (1 << 40), seed).astype(np.float64)
        self.trait = Traits(*self.people.T)
        self.params = rules.behaviour_params if rules.behaviour_params is not None else rules.behaviour.Params()
        terms = rules.terms()
        self.mandatory, self.choice = terms.mandatory, float(terms.decides > 0)
        self.life = SimpleNamespace(motivation=rules.behaviour.home_mood(self.trait, self.params))
        self.known: dict[tuple[Any, ...], Floats] = {}

    def surprise(self, activity: int, outcome: int, completed: bool, rating: float, success: float) -> Floats:
        """Log-chance of one reaction, for everyone in the crowd.   -> [C]"""
        key = (activity, outcome, completed, rating, round(success, 1))
        if key not in self.known:
            self.known[key] = self._surprise(activity, outcome, completed, rating, success)
        return self.known[key]

    def _surprise(self, activity: int, outcome: int, completed: bool, rating: float, success: float) -> Floats:
        behaviour: Any = self.rules.behaviour
        it = SimpleNamespace(**dict(zip(FEATURES, self.rules.world.scalars[activity].astype(float), strict=True)))
        accepts = behaviour.p_accept(it, self.trait, self.life, self.mandatory, self.choice, self.params)
        if outcome == 3:
            return np.asarray(np.log1p(-accepts))
        chance = np.log(accepts)
        finishes = behaviour.p_finish(it, self.trait, self.life, self.mandatory, 1.0, self.params)
        chance = chance + np.log(finishes if completed else 1.0 - finishes)
        if rating > 0:
            z = _normal_nodes(NODES)[:, None]
            tested = float(success >= 0)
            stars = behaviour.rating(it, self.trait, max(success, 0.0), tested, z, self.params)
            chance = chance + np.log(np.mean(stars == rating, 0) + LEAST)
        return np.asarray(chance)

    def weights(self, rows: list[tuple[Any, ...]], stated: int | None = None) -> Floats:
        """How alike each of the crowd is to someone with these reactions and, if given, this survey answer.   -> [C]"""
        log_weight = sum((self.surprise(*row) for row in rows[-READ:]), np.zeros(len(self.people)))
        if stated is not None:
            log_weight = np.where(self.people[:, STATED] == stated, log_weight, -np.inf)
        weight = np.exp(log_weight - log_weight.max())
        return np.asarray(weight / weight.sum())


def _normal_nodes(n: int) -> Floats:
    from statistics import NormalDist

    return np.array([NormalDist().inv_cdf((j + 0.5) / n) for j in range(n)])


class Told(NamedTuple):
    """What is known of one learner."""

    learner: int
    reactions: int
    stated: str  # the survey's word
    evidenced: str  # favourite mode by reactions alone
    chance: float  # that it is the favourite
    both: str  # favourite mode by reactions and the survey
    effective: float  # people of the crowd that are like this learner
    liking: tuple[tuple[float, float], ...]  # mean and sd per mode, reactions and survey
    aptitude: tuple[tuple[float, float], ...]  # the same; the population's where nothing tells

    @property
    def verdict(self) -> str:
        """In words."""
        if self.chance < SURE:
            return "cannot tell yet"
        if self.stated not in MODES:
            return "did not say"
        return "as stated" if self.stated == self.evidenced else "differs from what was stated"


def reactions(log: EventLog, learners: ArrayLike) -> dict[int, list[tuple[Any, ...]]]:
    """Each learner's reactions in order: activity, outcome, completed, rating, success (-1: nothing was asked)."""
    wanted, found = {int(n) for n in np.asarray(learners)}, {int(n): [] for n in np.asarray(learners)}
    score = np.where(log["items"] > 0, log["correct"] / np.maximum(log["items"], 1), -1.0)
    offered = log["offered"][:, 0]
    for row in np.flatnonzero(np.isin(log["learner"], list(wanted)) & (log["outcome"] > 0)):
        activity = int(log["taken"][row]) or int(offered[row])
        found[int(log["learner"][row])].append(
            (activity, int(log["outcome"][row]), bool(log["completed"][row]), float(log["rating"][row]), score[row])
        )
    return found


def evidence(log: EventLog, rules: Rules, learners: ArrayLike, stated: ArrayLike, seed: int = 0) -> list[Told]:
    """What each of these learners says and shows.   learners, stated [N]; stated indexes MODES, -1 = did not say"""
    reader, told = Reader(rules, seed), []
    shown = reactions(log, learners)
    for learner, said in zip(np.asarray(learners).tolist(), np.asarray(stated).astype(int).tolist(), strict=True):
        rows = shown[int(learner)]
        alone = reader.weights(rows)
        joint = reader.weights(rows, said if said >= 0 else None)
        best = _favourite(reader, alone)
        told.append(Told(
            int(learner), len(rows), MODES[said] if said >= 0 else "–", MODES[int(best.argmax())], float(best.max()),
            MODES[int(_favourite(reader, joint).argmax())], 1.0 / float((joint**2).sum()),
            _moments(reader, joint, LIKES), _moments(reader, joint, APTITUDES),
        ))  # fmt: skip
    return told


def _favourite(reader: Reader, weight: Floats) -> Floats:
    """P(each mode is the one liked most).   -> [4]"""
    return np.bincount(reader.people[:, LIKES].argmax(1), weight, len(MODES))


def _moments(reader: Reader, weight: Floats, columns: tuple[int, ...]) -> tuple[tuple[float, float], ...]:
    values = reader.people[:, columns]
    mean = weight @ values
    sd = np.sqrt(np.maximum(weight @ (values - mean) ** 2, 0.0))
    return tuple(zip(mean.tolist(), sd.tolist(), strict=True))


def events_to_tell(
    rules: Rules, policy: Any, *, learners: int = 200, after: tuple[int, ...] = (0, 5, 10, 20, 40), seed: int = 0
) -> list[dict[str, float]]:
    """By simulation, where the truth is known: what the first n reactions say, beside the survey's word.

    One row per n: correlation of the posterior's mean with true liking and with true aptitude over the four modes, the
    share of learners whose favourite is found by reactions, by the survey, by both, and the spread of aptitude that
    is left (1 = nothing was learned).
    """
    lives = simulate(policy, rules, np.arange(learners), seed + 11, log=True)
    assert lives.log is not None
    reader, shown = Reader(rules, seed, CROWD // 4), reactions(lives.log, lives.ids)
    truth, said = lives.traits.astype(np.float64), lives.trait("stated").astype(int)
    best = truth[:, LIKES].argmax(1)
    width = reader.people[:, APTITUDES].std(0)
    table = []
    for n in after:
        likes, talents, left, alone, both = [], [], [], [], []
        for i, learner in enumerate(lives.ids.tolist()):
            rows = shown[int(learner)][:n]
            weight, joint = reader.weights(rows), reader.weights(rows, int(said[i]))
            likes.append([m for m, _ in _moments(reader, weight, LIKES)])
            talent = _moments(reader, weight, APTITUDES)
            talents.append([m for m, _ in talent])
            left.append([s for _, s in talent] / width)
            alone.append(_favourite(reader, weight).argmax())
            both.append(_favourite(reader, joint).argmax())
        table.append({
            "reactions": float(n), "r_liking": _r(likes, truth[:, LIKES]),
            "r_aptitude": _r(talents, truth[:, APTITUDES]),
            "favourite_by_reactions": float(np.mean(np.array(alone) == best)),
            "favourite_by_survey": float(np.mean(said == best)),
            "favourite_by_both": float(np.mean(np.array(both) == best)), "aptitude_left": float(np.mean(left)),
        })  # fmt: skip
    return table


def _r(found: Any, true: Floats) -> float:
    guess = np.asarray(found)
    if np.ptp(guess) < 1e-9:
        return 0.0
    pairs = [np.corrcoef(guess[:, j], true[:, j])[0, 1] for j in range(true.shape[1]) if np.std(guess[:, j]) > 1e-9]
    return float(np.mean(pairs)) if pairs else 0.0
