"""What the logs of cohorts say of a catalogue and of its people: a posterior over worlds, in Pyro.

    before = infer(believed, [])                        # nobody was taught yet: what is assumed
    after = infer(believed, logs)
    after.catalogues(world, 4), after.populations(people, 4)    # four worlds that the logs allow

How much each activity teaches of each skill is the ``taught`` of the hierarchical model (``hierarchical``), in multiples
of what law and catalogue make of it (``credit``); on siblings of a declared skill it is ``strayed``, which is 0 unless
answers say otherwise. What all activities share is the learners' pace. What items have in common beyond the law's
newcomer is the learners' level; what is left of an item is its activity's difficulty. Minutes of finished visits are
lognormal around the true ones, whose posterior is exact; the week's minutes stand in the profile.

What no answer tells stays as assumed: how fast learners forget, who accepts, finishes and stays.

Axes: J draws, A activities, P pairs of activity and skill, I items.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.core.log import EventLog
from adaptlearn.core.posterior import Posterior
from adaptlearn.core.visits import Visits, of_log
from adaptlearn.core.world import CATALOGUES, World
from adaptlearn.tracing import hierarchical
from adaptlearn.tracing.credit import Credit, Pairs, credited, pairs_of
from adaptlearn.tracing.design import Answers, Design

Floats = NDArray[np.float64]
ERROR = CATALOGUES["usual_error"]  #: what a platform takes its catalogue's errors to be like before it has seen any
PEOPLE = {"ability": 0.7, "rate": 0.4, "memory": 0.3, "weekly_minutes": 0.4}  #: sd of the prior of a trait's mean
OF_ONE = 4  #: items of one visit and skill that are read: more of them say the same once more
MOST = 120_000  #: answers that are read; learners are taken by lot
LEAST = 0.05  #: share of a declared weight below which an activity is taken to teach nothing of it
STRAYED = 0.4  #: and of a mistaken tag's weight from which it is taken to teach that


def infer(believed: Any, logs: Sequence[EventLog], *, draws: int = 64, seed: int = 0, steps: int = 150) -> Posterior:
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
    design = _design(visits, credit, pairs, labels["teaches"], seed)
    fitted, health = hierarchical.of_design(design, draws=draws, seed=seed, steps=steps)
    told = {"minutes": minutes} | _weeks(logs, draws, dice) | _taught(fitted, pairs, believed)
    told |= _levels(fitted, visits, credit, believed, assumed["difficulty"])
    about = {"source": f"{visits.learners} learners", "model": "hierarchical, in Pyro, on credit by the law"}
    return Posterior(assumed | told, about | health.facts(), labels)


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
    longer = [[t.time_required / max(a.time_required, 1e-9) for a, t in zip(world.activities, truth.activities, strict=True)]
              for truth in truths]
    quality = np.array([[a.quality for a in truth.activities] for truth in truths])
    weights = np.array([truth.teaches[pairs.activity, pairs.skill] for truth in truths])
    hard = np.array([[a.difficulty for a in truth.activities] for truth in truths])
    return found | {
        "minutes": np.log(np.maximum(longer, 1e-9)) * (np.arange(len(world.activities)) > 0),
        "difficulty": hard - [a.difficulty for a in world.activities],
        "teaches": weights * np.exp(quality[:, pairs.activity]),
    }


def _minutes(visits: Visits, world: World, draws: int, dice: np.random.Generator) -> Floats:
    """Log of true over declared minutes: lognormal times of finished visits, mean preserved.   -> [J, A]"""
    assert visits.done is not None and visits.minutes is not None
    rows = np.flatnonzero(visits.done & (visits.activity > 0) & (visits.minutes > 0))
    a, size = visits.activity[rows], len(world.activities)
    declared = np.array([max(one.time_required, 1e-9) for one in world.activities])
    seen = np.log(visits.minutes[rows] / declared[a])
    count = np.maximum(np.bincount(a, minlength=size), 1)
    spread = float(np.sqrt(np.mean((seen - (np.bincount(a, seen, size) / count)[a]) ** 2)))
    told = np.bincount(a, seen + 0.5 * spread**2, size) / spread**2  # times precision
    precision = np.bincount(a, minlength=size) / spread**2 + 1.0 / ERROR.minutes**2
    return np.asarray((told / precision + dice.standard_normal((draws, size)) / np.sqrt(precision)) * (np.arange(size) > 0))


def _timed(world: World, minutes: Floats) -> World:
    """The catalogue with the minutes that its activities take."""
    factor = np.exp(minutes)
    changed = [replace(a, time_required=a.time_required * float(f)) for a, f in zip(world.activities, factor, strict=True)]
    return replace(world, activities=tuple(changed))


def _weeks(logs: Sequence[EventLog], draws: int, dice: np.random.Generator) -> dict[str, Floats]:
    """The week's minutes, which the profile says, if the log has one."""
    if not all(log.profiled for log in logs):
        return {}
    weeks = np.log(np.concatenate([log["weekly_minutes"][log["step"] == 0] for log in logs]).astype(np.float64))
    spread = float(weeks.std())
    return {"weekly_minutes.mean": weeks.mean() + spread / np.sqrt(len(weeks)) * dice.standard_normal(draws),
            "weekly_minutes.sd": np.full(draws, spread)}  # fmt: skip


def _design(visits: Visits, credit: Credit, pairs: Pairs, names: tuple[str, ...], seed: int) -> Design:
    """Answers of one item each as the hierarchical model reads them; a level for every learner and skill."""
    row, skill, item, asked, right = visits.answers
    n = np.minimum(asked, OF_ONE)
    drawn = np.random.default_rng(seed).hypergeometric(right, asked - right, n)
    place = np.repeat(np.arange(len(row)), n)
    hit = np.arange(len(place)) - np.repeat(np.cumsum(n) - n, n) < drawn[place]
    lot = np.random.default_rng([seed, 1]).permutation(visits.learners)[visits.learner[row[place]]]
    kept = lot <= np.sort(lot)[min(MOST, len(lot)) - 1]
    level = visits.learner[row] * len(visits.skills) + skill
    order = np.flatnonzero(kept)[np.argsort(level[place[kept]], kind="stable")]
    place, items = place[order], len(visits.items)
    index = np.concatenate([item[:, None], items + credit.pair], 1).astype(np.int32)[place]
    value = np.concatenate([np.ones((len(row), 1)), credit.value], 1)[place]
    _, number = np.unique(level[place], return_inverse=True)
    start = np.searchsorted(number, np.arange(int(number[-1]) + 2)).astype(np.int64)
    labels = {"easiness": visits.items, "taught": names[: pairs.declared], "strayed": names[pairs.declared :]}
    answers = Answers(start, index, np.ascontiguousarray(value), hit[order].astype(np.uint8))
    return Design(answers, {k: v for k, v in labels.items() if v}, tuple(str(j) for j in range(len(start) - 1)))


def _taught(fitted: Posterior, pairs: Pairs, believed: Any) -> dict[str, Floats]:
    """Pace of the people, and what is left of each activity's yield beside it."""
    pace = np.maximum(fitted.draws["taught.mean"], LEAST)
    share = fitted.draws["taught"] / pace[:, None]
    share = np.where(share >= LEAST, share, 0.0)
    if "strayed" in fitted.draws:
        stray = fitted.draws["strayed"] / pace[:, None]
        share = np.concatenate([share, np.where(stray >= STRAYED, stray, 0.0)], 1)
    return {"rate.mean": believed.population.trait("rate")[0] + np.log(pace), "teaches": share * pairs.weight}


def _levels(fitted: Posterior, visits: Visits, credit: Credit, believed: Any, assumed: Floats) -> dict[str, Floats]:
    """Level of the people, and how much harder each activity's items are than declared, beside it."""
    row, _, item, asked, _ = visits.answers
    items, size = len(visits.items), assumed.shape[1]
    count = np.bincount(item, asked, items)
    expected, slope = (np.bincount(item, asked * x, items) / np.maximum(count, 1.0) for x in (credit.expected, credit.slope))
    easier = (fitted.draws["easiness"] - expected) / np.maximum(slope, LEAST)  # [J, I] logit of the level
    level = easier @ count / count.sum()
    of = np.zeros(items, np.int64)
    of[item] = visits.activity[row]
    weight = np.zeros((items, size))
    weight[np.arange(items), of] = count
    asked_of = weight.sum(0)
    harder = (level[:, None] - easier) @ weight / np.maximum(asked_of, 1.0)
    return {"ability.mean": believed.population.trait("ability")[0] + level,
            "difficulty": np.where(asked_of > 0, shrunk(harder, ERROR.difficulty), assumed)}  # fmt: skip


def shrunk(draws: Floats, spread: float) -> Floats:
    """Draws of normals whose prior was flat, as they are under a prior around 0.   draws [J, A]"""
    own = draws.var(0) + 1e-12
    trust = spread**2 / (spread**2 + own)
    return np.asarray(trust * draws.mean(0) + np.sqrt(trust) * (draws - draws.mean(0)))
