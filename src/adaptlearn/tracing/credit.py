"""Who taught what, by the law's own text: a log retold with a mind of average make.

Along each learner's record a mind lives as the law says, begun as an average newcomer's and taught what the catalogue
declares. What a visit adds to the logit of a skill's level is credited to the activity, and fades as what was added
fades. An answer's logit is then, to first order, the learner's own level and the item's easiness plus

    slope sum_a yield_ak credit_ak

with yield_ak = 1 where catalogue and law are right, and slope what guessing and slipping leave of a logit, on the way
from the untaught level to the one that was reached. Tags may be wrong: an activity is also credited with what it would
have added to the siblings of a skill that it declares.

Axes: M rows of a log, Q sets of items, N learners, K skills, P pairs of activity and skill.
"""

import itertools
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.core.catalogue import FEATURES
from adaptlearn.core.learner import DRAWN, LOGGED, Exposure, Skill
from adaptlearn.core.posterior import ARROW
from adaptlearn.core.visits import Visits
from adaptlearn.core.world import World

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NODES = ((-(3.0**0.5), 1.0 / 6.0), (0.0, 2.0 / 3.0), (3.0**0.5, 1.0 / 6.0))  #: of a standard normal, and their weights
REACH = 0.5  #: logits over which a slope is taken, at least
EDGE = 1e-6  #: from 0 and 1, for logits


class Pairs(NamedTuple):
    """Activities and skills that one may teach: declared tags first, then what a tag may be mistaken for."""

    activity: Ints  # [P]
    skill: Ints  # [P]
    weight: Floats  # [P] how much of the activity is about the skill, of a mistaken tag that of the tag itself
    declared: int  # the first so many are declared
    mistaken: tuple[Ints, ...]  # of each declared pair, the pairs that its tag may be mistaken for

    def names(self, world: World) -> tuple[str, ...]:
        """As a posterior's labels name them."""
        return tuple(ARROW.join((world.activity_ids[a], world.skill_ids[k]))
                     for a, k in zip(self.activity, self.skill, strict=True))  # fmt: skip


class Credit(NamedTuple):
    """Of every set of items, before its visit teaches."""

    pair: NDArray[np.int32]  # [Q, W] into the pairs; 0 where the value is 0
    value: Floats  # [Q, W] logit of an answer that the pair would have added, were its yield 1
    expected: Floats  # [Q] logit of an answer that an untaught learner gives, averaged over learners
    slope: Floats  # [Q] of it in the logit of the level


def pairs_of(world: World) -> Pairs:
    """Every tag of the catalogue, and every sibling that one may be mistaken for."""
    activity, skill = np.nonzero(world.teaches)
    pairs: dict[tuple[int, int], float] = {
        (int(a), int(k)): float(world.teaches[a, k]) for a, k in zip(activity, skill, strict=True)
    }
    at, mistaken = {pair: j for j, pair in enumerate(pairs)}, []
    for (a, k), weight in list(pairs.items()):
        others = [(a, world.skill_index[name]) for name in world.siblings(world.skill_ids[k])]
        others = [pair for pair in others if world.teaches[pair] == 0.0]
        for pair in others:
            pairs[pair] = max(weight, pairs.get(pair, 0.0))
            at.setdefault(pair, len(at))
        mistaken.append(np.array([at[pair] for pair in others], np.int64))
    whole = np.array(list(pairs), np.int64).reshape(-1, 2)
    return Pairs(whole[:, 0], whole[:, 1], np.array(list(pairs.values())), len(activity), tuple(mistaken))


def credited(visits: Visits, world: World, pairs: Pairs, rules: Any) -> Credit:
    """The log retold.

    Args:
        visits: of a log, with days and with what was finished.
        world: the catalogue as it is believed; minutes count.
        rules: law, constants and people as they are believed.
    """
    retold = _Retold(visits, world, pairs, rules)
    for t in range(int(visits.step.max(initial=-1)) + 1):
        retold.turn(np.flatnonzero(visits.step == t))
    return retold.credit()


class _Retold:
    """The minds of a log's learners, all at once."""

    def __init__(self, visits: Visits, world: World, pairs: Pairs, rules: Any):
        law = rules.law
        self.visits, self.world, self.pairs, self.law, self.people = visits, world, pairs, law, rules.population
        self.p = rules.law_params if rules.law_params is not None else law.Params()
        self.skill = Skill(*np.concatenate([world.layer[:, None], world.tracer], 1).T.astype(np.float64))
        mean = np.where(LOGGED > 0, np.exp(rules.population.mean), rules.population.mean)
        self.trait = SimpleNamespace(**dict(zip(DRAWN, mean, strict=True)))
        self.undone = (rules.behaviour_params or rules.behaviour.Params()).effort_unfinished
        n, k = visits.learners, len(world.skills)
        newcomer = law.begin(self.skill, self.trait, 0.0, 0.5, self.p)
        self.mind = [np.broadcast_to(np.asarray(part, np.float64), (n, k)).copy() for part in newcomer]
        self.start = _logit(law.level(law.Mind(*self.mind), self.skill, self.p))
        self.owed, self.day = np.zeros((n, len(pairs.skill))), np.zeros(n)
        self.taken = np.zeros((n, len(world.activities)))
        self.weights = np.zeros((len(world.activities), k))
        self.weights[pairs.activity, pairs.skill] = pairs.weight
        self.at = np.full((len(world.activities), k), -1)
        self.at[pairs.activity, pairs.skill] = np.arange(len(pairs.skill))
        self.of_skill = [np.flatnonzero(pairs.skill == j) for j in range(k)]
        self._answers()

    def _answers(self) -> None:
        row, skill, _, asked, right = self.visits.answers
        width = max((len(rows) for rows in self.of_skill), default=1)
        self.pair, self.value = np.zeros((len(row), width), np.int32), np.zeros((len(row), width))
        self.first = np.searchsorted(row, np.arange(len(self.visits.learner) + 1))
        self.share = right / asked

    def _answered(self, added: Any) -> Floats:
        """Logit of an answer, averaged over learners to whose level so much was added.   [Q] -> [Q]"""
        row, asked, people = self.visits.answers.row, self.visits.answers.skill, self.people
        hard = self.world.scalars[:, FEATURES.index("difficulty")][self.visits.activity[row]] - added
        own, (middle, spread) = Skill(*(column[asked] for column in self.skill)), people.trait("ability")
        found = np.zeros(len(row))
        for (able, share), (z, part) in itertools.product(NODES, NODES):
            someone = SimpleNamespace(**vars(self.trait) | {"ability": middle + spread * able})
            newcomer = self.law.begin(own, someone, z, 0.5, self.p)
            found += share * part * _logit(self.law.p_answer(newcomer, hard, own, self.p))
        return found

    def turn(self, rows: Ints) -> None:
        """The same row number of every learner who has one: days pass, answers are given, the visit teaches."""
        visits, who = self.visits, self.visits.learner[rows]
        assert visits.day is not None and visits.done is not None
        mind = self.law.Mind(*(part[who] for part in self.mind))
        mind = self._fade(mind, who, visits.day[rows] - self.day[who])
        self.day[who] = visits.day[rows]
        tested, success = self._asked(rows, who)
        took = np.flatnonzero(visits.activity[rows] >= 0)
        new = self._learned(mind, who, took, rows[took], tested, success)
        for part, now in zip(self.mind, new, strict=True):
            part[who] = now
        self.taken[who[took], visits.activity[rows[took]]] += 1.0

    def _fade(self, mind: Any, who: Ints, days: Floats) -> Any:
        later = self.law.Mind(*(np.broadcast_to(part, mind[0].shape)
                                for part in self.law.forget(mind, days[:, None], self.p)))  # fmt: skip
        was, now = (_logit(self.law.level(one, self.skill, self.p)) - self.start[who] for one in (mind, later))
        left = np.where(was > EDGE, np.clip(now / np.maximum(was, EDGE), 0.0, 1.0), 1.0)
        self.owed[who] *= left[:, self.pairs.skill]
        return later

    def _asked(self, rows: Ints, who: Ints) -> tuple[Floats, Floats]:
        """Note what had been added before each answer.   -> 1 where a skill was asked, share of right answers [n, K]"""
        counts = self.first[rows + 1] - self.first[rows]
        place = np.repeat(np.arange(len(rows)), counts)
        sets = np.repeat(self.first[rows] - np.cumsum(counts) + counts, counts) + np.arange(len(place))
        skill = self.visits.answers.skill[sets]
        for k in np.unique(skill):
            mine, here = skill == k, self.of_skill[k]
            self.pair[sets[mine], : len(here)] = here
            self.value[sets[mine], : len(here)] = self.owed[who[place[mine]]][:, here]
        tested, success = np.zeros((2, len(rows), len(self.world.skills)))
        tested[place, skill], success[place, skill] = 1.0, self.share[sets]
        return tested, success

    def _learned(self, mind: Any, who: Ints, took: Ints, rows: Ints, tested: Floats, success: Floats) -> Any:
        """The minds after these visits; what they added is credited, to mistaken tags without being learned."""
        a, visits = self.visits.activity[rows], self.visits
        assert visits.done is not None
        here = self.law.Mind(*(part[took] for part in mind))
        columns = {name: column[a][:, None] for name, column in zip(FEATURES, self.world.scalars.T, strict=True)}
        fraction = np.where(visits.done[rows], 1.0, self.undone)[:, None]
        exposure = Exposure(
            self.weights[a], fraction, self._readiness(here, a), 0.0, self.taken[who[took], a][:, None], 0.0,
            tested[took], success[took], 0.0,
        )  # fmt: skip
        after = self.law.learn(here, exposure, SimpleNamespace(**columns), self.skill, self.trait, 0.0, 0.5, self.p)
        added = _logit(self.law.level(self.law.Mind(*after), self.skill, self.p)) - _logit(
            self.law.level(here, self.skill, self.p)
        )
        row, k = np.nonzero(self.weights[a])
        self.owed[who[took][row], self.at[a[row], k]] += np.maximum(added[row, k], 0.0)
        taught = self.world.teaches[a] > 0
        new = [np.array(part) for part in mind]
        for part, old, now in zip(new, here, after, strict=True):
            part[took] = np.where(taught, now, old)
        return self.law.Mind(*new)

    def _readiness(self, mind: Any, a: Ints) -> Floats:
        """Product of what the skills carry on which learning rests, the activity's own among them.   -> [n, K]"""
        carries = np.log(np.maximum(self.law.supports(mind, self.skill, self.p), EDGE))
        rests = np.maximum(self.world.prerequisites[None], self.world.requires[a][:, None, :])
        rests = rests * (1.0 - np.eye(rests.shape[1]))
        return np.asarray(np.exp(np.einsum("nkj,nj->nk", rests, np.broadcast_to(carries, (len(a), rests.shape[1])))))

    def credit(self) -> Credit:
        """Of every set of items; only what was added is kept."""
        total = (self.value * (self.pair < self.pairs.declared)).sum(1)
        untaught, taught = self._answered(0.0), self._answered(np.maximum(total, REACH))
        along = (taught - untaught) / np.maximum(total, REACH)  # a logit of the level, in logits of the answer
        width = max(int((self.value > 0).sum(1).max(initial=0)), 1)
        place = np.argsort(self.value <= 0, 1, kind="stable")[:, :width]
        owed = np.take_along_axis(self.value, place, 1)
        pair = np.where(owed > 0, np.take_along_axis(self.pair, place, 1), 0)
        slope = (self._answered(REACH) - self._answered(-REACH)) / (2.0 * REACH)
        return Credit(pair, owed * along[:, None], untaught, slope)


def _logit(p: Any) -> Floats:
    p = np.clip(p, EDGE, 1.0 - EDGE)
    return np.asarray(np.log(p / (1.0 - p)))
