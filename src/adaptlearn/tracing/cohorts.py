"""What the logs of cohorts say of a catalogue and of its people: a posterior over worlds, in Pyro.

    before = infer(believed, [])                        # nobody was taught yet: what is assumed
    after = infer(believed, logs)
    after.catalogues(world, 4), after.populations(people, 4)    # four worlds that the logs allow

What activities teach is the ``taught`` of the hierarchical model (``hierarchical``), in multiples of what law and
catalogue make of it (``credit``). What all of them share is the learners' pace. Beside the pace each tag is either
right, and its yield about 1, or mistaken for a sibling; one Newton step from the fitted model says how likely answers
make the one and the other. What items have in common beyond the law's newcomer is the learners' level; what is left of
an item is its activity's difficulty. Minutes of finished visits are lognormal around the true ones, whose posterior is
exact; the week's minutes stand in the profile.

What no answer tells stays as assumed: how fast learners forget, who accepts, finishes and stays.

Axes: J draws, A activities, P pairs of activity and skill, I items.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.core.catalogue import FEATURES
from adaptlearn.core.log import EventLog
from adaptlearn.core.posterior import Posterior
from adaptlearn.core.visits import Visits, of_log
from adaptlearn.core.world import CATALOGUES, World
from adaptlearn.tracing import hierarchical
from adaptlearn.tracing.credit import Credit, Pairs, credited, pairs_of
from adaptlearn.tracing.design import Answers, Design
from adaptlearn.tracing.lessons import Step

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ERROR = CATALOGUES["usual_error"]  #: what a platform takes its catalogue's errors to be like before it has seen any
PEOPLE = {"ability": 0.7, "rate": 0.4, "memory": 0.3, "weekly_minutes": 0.4}  #: sd of the prior of a trait's mean
OF_ONE = 4  #: items of one visit and skill that are read: more of them say the same once more
MOST = 120_000  #: answers that are read; learners are taken by lot
LEAST = 0.05  #: least yield of a tag that is right, and least pace
FEW = 60  #: answers after a visit, from which its pair of activity and skill has an effect of its own


def infer(believed: Any, logs: Sequence[EventLog], *, draws: int = 64, seed: int = 0, steps: int = 80) -> Posterior:
    """Draws of catalogue and people; names as ``Posterior.catalogues`` and ``Posterior.populations`` read them.

    Args:
        believed: law, declared world and people as they are assumed; of no room that anyone lives in.
        logs: of all cohorts so far; none: the prior.

    Raises:
        ValueError: logs in which nobody answered anything.
    """
    world, dice = believed.world, np.random.default_rng([seed, len(logs)])
    pairs = pairs_of(world)
    labels = {"minutes": world.activity_ids, "difficulty": world.activity_ids, "teaches": pairs.names(world)}
    assumed = _assumed(believed, pairs, draws, dice)
    if not logs:
        return Posterior(assumed, {"source": "nobody yet: as assumed"}, labels)
    visits = of_log(joined(logs), world)
    if len(visits.answers.row) == 0:
        raise ValueError(f"logs of {visits.learners} learners without an answer; needed some, "
                         "e.g. a catalogue with quizzes")  # fmt: skip
    minutes = _minutes(visits, world, draws, dice)
    credit = credited(visits, _timed(world, minutes.mean(0)), pairs, believed)
    names, read = labels["teaches"], _read(visits, seed)
    design = _design(read, visits, credit, pairs, names)
    fitted, health = hierarchical.of_design(design, draws=draws, seed=seed, steps=steps)
    pace = np.maximum(fitted.draws["taught.mean"], LEAST)
    effect, error = (x / pace.mean() for x in _likelihood(read, design, fitted, visits, credit, pairs, names))
    found = {"minutes": minutes, "rate.mean": believed.population.trait("rate")[0] + np.log(pace),
             "teaches": _tags(effect, error, pairs, draws, dice) * pairs.weight}  # fmt: skip
    found |= _weeks(logs, draws, dice) | _levels(fitted, visits, credit, believed, assumed["difficulty"], dice)
    about = {"source": f"{visits.learners} learners", "model": "hierarchical, in Pyro, on credit by the law"}
    return Posterior(assumed | found, about | health.facts(), labels)


def joined(logs: Sequence[EventLog]) -> EventLog:
    """Several logs as one, under the last one's name."""
    columns = {name: np.concatenate([log[name] for log in logs]) for name in logs[0].columns}
    return replace(logs[-1], columns=columns)


def _assumed(believed: Any, pairs: Pairs, draws: int, dice: np.random.Generator) -> dict[str, Floats]:
    """Draws of the prior: a catalogue with its usual errors, people whose means are open."""
    world = believed.world
    truths = [world.true("usual_error", int(seed)) for seed in dice.integers(1, 1 << 62, draws)]
    found = {f"{name}.mean": believed.population.trait(name)[0] + width * dice.standard_normal(draws)
             for name, width in PEOPLE.items()}  # fmt: skip
    minutes, hard, quality = (np.array([truth.scalars[:, FEATURES.index(name)] for truth in truths], np.float64)
                              for name in ("minutes", "difficulty", "quality"))  # fmt: skip
    weights = np.array([truth.teaches[pairs.activity, pairs.skill] for truth in truths])
    longer = np.zeros_like(minutes)
    longer[:, 1:] = np.log(minutes[:, 1:] / _declared(world)[1:])
    return found | {"minutes": longer, "difficulty": hard - world.scalars[:, FEATURES.index("difficulty")],
                    "teaches": weights * np.exp(quality[:, pairs.activity])}  # fmt: skip


def _declared(world: World) -> Floats:
    """Minutes as the catalogue has them; those of "nothing now" count as one.   -> [A]"""
    return np.asarray(np.where(np.arange(len(world.activities)) > 0, world.scalars[:, FEATURES.index("minutes")], 1.0))


def _minutes(visits: Visits, world: World, draws: int, dice: np.random.Generator) -> Floats:
    """Log of true over declared minutes: lognormal times of finished visits, mean preserved.   -> [J, A]"""
    assert visits.done is not None and visits.minutes is not None
    rows = np.flatnonzero(visits.done & (visits.activity > 0) & (visits.minutes > 0))
    a, size = visits.activity[rows], len(world.activities)
    seen = np.log(visits.minutes[rows] / _declared(world)[a])
    count = np.maximum(np.bincount(a, minlength=size), 1)
    spread = float(np.sqrt(np.mean((seen - (np.bincount(a, seen, size) / count)[a]) ** 2)))
    told = np.bincount(a, seen + 0.5 * spread**2, size) / spread**2  # times precision
    precision = np.bincount(a, minlength=size) / spread**2 + 1.0 / ERROR.minutes**2
    found = told / precision + dice.standard_normal((draws, size)) / np.sqrt(precision)
    found[:, 0] = 0.0
    return np.asarray(found)


def _timed(world: World, minutes: Floats) -> World:
    """The catalogue with the minutes that its activities take."""
    pairs = zip(world.activities, np.exp(minutes), strict=True)
    return replace(world, activities=tuple(replace(a, time_required=a.time_required * float(f)) for a, f in pairs))


def _weeks(logs: Sequence[EventLog], draws: int, dice: np.random.Generator) -> dict[str, Floats]:
    """The week's minutes, which the profile says, if the log has one."""
    if not all(log.profiled for log in logs):
        return {}
    weeks = np.log(np.concatenate([log["weekly_minutes"][log["step"] == 0] for log in logs]).astype(np.float64))
    spread = float(weeks.std())
    return {"weekly_minutes.mean": weeks.mean() + spread / np.sqrt(len(weeks)) * dice.standard_normal(draws),
            "weekly_minutes.sd": np.full(draws, spread)}  # fmt: skip


class _Read(NamedTuple):
    """Answers of one item each, sorted by level: those of one learner on one skill."""

    place: Ints  # [R] into the sets of items
    level: Ints  # [R] 0 .. U - 1
    right: NDArray[np.uint8]  # [R]


def _read(visits: Visits, seed: int) -> _Read:
    """At most so many answers of one set, and so many in all, of learners taken by lot."""
    row, skill, _, asked, right = visits.answers
    n = np.minimum(asked, OF_ONE)
    drawn = np.random.default_rng(seed).hypergeometric(right, asked - right, n)
    place = np.repeat(np.arange(len(row)), n)
    hit = np.arange(len(place)) - np.repeat(np.cumsum(n) - n, n) < drawn[place]
    lot = np.random.default_rng([seed, 1]).permutation(visits.learners)[visits.learner[row[place]]]
    kept = np.flatnonzero(lot <= np.sort(lot)[min(MOST, len(lot)) - 1])
    level = visits.learner[row] * len(visits.skills) + skill
    kept = kept[np.argsort(level[place[kept]], kind="stable")]
    number = np.unique(level[place[kept]], return_inverse=True)[1]
    return _Read(place[kept], number, hit[kept].astype(np.uint8))


def _design(read: _Read, visits: Visits, credit: Credit, pairs: Pairs, names: tuple[str, ...]) -> Design:
    """Answers as the hierarchical model reads them: easiness of the item, and what was taught as declared."""
    pair, owed, items = credit.pair[read.place], credit.value[read.place], len(visits.items)
    told = np.flatnonzero(np.bincount(pair[owed > 0], minlength=len(names))[: pairs.declared] >= FEW)
    at = np.full(len(names), -1)
    at[told] = np.arange(len(told))
    owed = np.where(at[pair] >= 0, owed, 0.0)
    index = np.concatenate([visits.answers.item[read.place, None], items + np.maximum(at[pair], 0)], 1)
    value = np.concatenate([np.ones((len(pair), 1)), owed], 1)
    start = np.searchsorted(read.level, np.arange(int(read.level[-1]) + 2)).astype(np.int64)
    labels = {"easiness": visits.items, "taught": tuple(names[j] for j in told)}
    return Design(Answers(start, index.astype(np.int32), np.ascontiguousarray(value), read.right), labels,
                  tuple(str(j) for j in range(len(start) - 1)))  # fmt: skip


def _likelihood(
    read: _Read, design: Design, fitted: Posterior, visits: Visits, credit: Credit, pairs: Pairs, names: tuple[str, ...]
) -> tuple[Floats, Floats]:
    """What answers alone say of each pair: a Newton step from the fitted model (``lessons.Step``), no prior.

    -> effect, standard error [P]; 0 and infinite where they say nothing
    """
    effects = np.concatenate([fitted.mean(name) for name in design.labels])
    level, answers = hierarchical.abilities(design, fitted)[0][read.level], design.answers
    p = 1.0 / (1.0 + np.exp(-((answers.value * effects[answers.index]).sum(1) + level)))
    told = dict(zip(design.labels["taught"], fitted.mean("taught"), strict=True))
    effect, error = np.zeros(len(names)), np.full(len(names), np.inf)
    skill, item, spread = (
        visits.answers.skill[read.place],
        visits.answers.item[read.place],
        float(fitted.mean("ability.sd")),
    )
    for k in np.unique(skill):
        here, mine = np.flatnonzero(skill == k), np.flatnonzero(pairs.skill == k)
        owed = np.zeros((len(here), len(mine)))
        at = np.searchsorted(mine, credit.pair[read.place[here]]).clip(max=len(mine) - 1)
        np.put_along_axis(owed, at, credit.value[read.place[here]], 1)
        asked = np.unique(item[here], return_inverse=True)[1]
        learner = visits.learner[visits.answers.row[read.place[here]]]
        step = Step(
            owed, np.eye(int(asked.max()) + 1)[asked], p[here], read.right[here], read.level[here], learner, spread
        )
        known = [j for j, pair in enumerate(mine) if names[pair] in told]
        for j in np.flatnonzero((owed > 0).sum(0) >= FEW):
            found = step.of(int(j), [other for other in known if other != j])
            if found is not None:
                effect[mine[j]], error[mine[j]] = found[0] + told.get(names[mine[j]], 0.0), found[1]
    return effect, error


def _tags(effect: Floats, error: Floats, pairs: Pairs, draws: int, dice: np.random.Generator) -> Floats:
    """What each activity teaches of each skill, in multiples of what is declared; tags are right or mistaken.

    A tag is right, and its yield is about 1, or it stands for one of its siblings, which then has the yield: drawn by
    Bayes' rule, tag by tag.   effect, error [P], in multiples of the pace -> [J, P]
    """
    precision, size = error**-2.0, ERROR.quality
    right = _log_normal(effect, 1.0, size**2, error) - _log_normal(effect, 0.0, 0.0, error)
    whole = precision + size**-2.0
    mean = (effect * precision + size**-2.0) / whole
    yields = np.maximum(mean + dice.standard_normal((draws, len(effect))) / np.sqrt(whole), LEAST)
    share = yields * (np.arange(len(effect)) < pairs.declared)
    for tag, others in enumerate(pairs.mistaken):
        if not len(others):
            continue
        odds = np.r_[np.log(1.0 - ERROR.mistagged) + right[tag],
                     np.log(ERROR.mistagged / len(others)) + right[others]]  # fmt: skip
        chance = np.exp(odds - odds.max())
        chosen = dice.choice(len(odds), draws, p=chance / chance.sum())
        wrong = np.flatnonzero(chosen > 0)
        share[wrong, tag] = 0.0
        meant = others[chosen[wrong] - 1]
        share[wrong, meant] = yields[wrong, meant]
    return share


def _log_normal(x: Floats, mean: float, variance: float, error: Floats) -> Floats:
    """Log-density at x, seen with an error, of a normal; 0 where the error is infinite."""
    both = variance + np.where(np.isfinite(error), error, 1.0) ** 2
    return np.where(np.isfinite(error), -0.5 * (x - mean) ** 2 / both - 0.5 * np.log(both), 0.0)


def _levels(
    fitted: Posterior, visits: Visits, credit: Credit, believed: Any, assumed: Floats, dice: np.random.Generator
) -> dict[str, Floats]:
    """Level of the people, and how much harder each activity's items are than declared.

    Answers tell the one less the other: a catalogue that is too hard as a whole looks like weaker people, as far as its
    errors allow. Both move together by that much.
    """
    row, _, item, asked, _ = visits.answers
    items, size = len(visits.items), assumed.shape[1]
    count = np.bincount(item, asked, items)
    expected, slope = (np.bincount(item, asked * of_set, items) / np.maximum(count, 1.0)
                       for of_set in (credit.expected, credit.slope))  # fmt: skip
    easier = (fitted.draws["easiness"] - expected) / np.maximum(slope, LEAST)  # [J, I] logit of the level
    weight = np.zeros((items, size))
    weight[item, visits.activity[row]] = count[item]
    told = np.flatnonzero(weight.sum(0))
    of_activity = easier @ (weight[:, told] / weight[:, told].sum(0))
    level = of_activity.mean(1)
    both = ERROR.difficulty / np.sqrt(len(told)) * dice.standard_normal(len(level))
    difficulty = assumed.copy()
    difficulty[:, told] = shrunk(level[:, None] - of_activity, ERROR.difficulty) + both[:, None]
    return {"ability.mean": believed.population.trait("ability")[0] + level + both, "difficulty": difficulty}


def shrunk(draws: Floats, spread: float) -> Floats:
    """Draws of normals whose prior was flat, as they are under a prior around 0.   draws [J, A]"""
    own = draws.var(0) + 1e-12
    trust = spread**2 / (spread**2 + own)
    return np.asarray(trust * draws.mean(0) + np.sqrt(trust) * (draws - draws.mean(0)))
