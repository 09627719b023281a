"""What the slow story stands on: a person in dicts, questions about a world by name, and the platform's bookkeeping."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np

from adaptlearn.core import learner, record
from adaptlearn.core.catalogue import FEATURES, scalar_row
from adaptlearn.core.learner import Life, Skill, Traits
from adaptlearn.core.record import AXES, PER_SKILL, TOTALS, Standing, Totals, Tracer

NEAR = 1e-5  # how close to a threshold a uniform may fall
NEAR_TIME = 3e-4  # ... a day or a number of minutes
NEAR_LIFETIME = 0.02  # ... the day on which something known is lost


@dataclass
class Person:
    """One learner, as the slow story keeps them."""

    who: int
    trait: Traits
    life: Life
    totals: Totals | None = None
    mind: dict = field(default_factory=dict)  # skill -> law's Mind, as of the day in ``touched``
    touched: dict = field(default_factory=dict)  # skill -> day
    beliefs: dict = field(default_factory=dict)  # skill -> record.Belief
    taste: dict = field(default_factory=dict)  # axis -> (mean, variance): what the record believes of preferences
    visits: dict = field(default_factory=dict)  # activity -> number of visits
    last: dict = field(default_factory=dict)  # activity -> day of the last one
    left: bool = False
    over: bool = False
    unsure: bool = False
    reward: float = 0.0

    def below(self, x, limit, near=NEAR):
        """x < limit, remembering whether that was clear."""
        self.unsure |= bool(abs(x - limit) < near)
        return bool(x < limit)


class Places:
    """A world's skills, activities and destinations by name."""

    def __init__(self, world):
        self.world = world
        self.rest = world.activities[0].id
        self.activity = {activity.id: activity for activity in world.activities}
        self.scalars = {name: scalars(activity) for name, activity in self.activity.items()}
        self.skill = {skill.id: skill for skill in world.skills}
        self.order = list(self.skill)

    def as_a_law_has_it(self, name):
        s = self.skill[name]
        return Skill(float(self.depth(name)), s.prior, s.learn, s.guess, s.slip, s.forget)

    def depth(self, name):
        return max((1 + self.depth(below) for below in self.skill[name].requires), default=0)

    def rests_on(self, name):
        """Every skill below a skill."""
        below = set(self.skill[name].requires)
        return below.union(*(self.rests_on(other) for other in below)) if below else below

    def targets(self, role):
        """What a destination asks for, shares of 1."""
        total = sum(weight for _, weight in self.world.roles[role].targets)
        return {name: weight / total for name, weight in self.world.roles[role].targets}

    def needs(self, role):
        """The same, with every skill below a target counted like the largest target."""
        targets = self.targets(role)
        below = set().union(*(self.rests_on(name) for name in targets)) - set(targets)
        return targets | {name: max(targets.values()) for name in below}

    def gates(self, activity, name):
        """What learning a skill in an activity rests on: the skill's and the activity's requirements, each once."""
        return sorted({*self.skill[name].requires, *activity.competency_required} - {name})

    def serves(self, person, activity):
        targets = self.targets(int(person.life.role))
        return sum(weight * targets.get(name, 0.0) for name, weight in activity.teaches)


class Platform:
    """What the platform knows of a person, in terms of the declared catalogue."""

    def __init__(self, places, mandatory):
        self.places, self.mandatory, self.programme = places, mandatory, places.world.programme
        self.tracer = {s.id: Tracer(s.prior, s.learn, s.guess, s.slip, s.forget) for s in places.world.skills}

    def meet(self, person):
        """Somebody nobody knows anything about."""
        person.beliefs = {name: record.begin_belief(tracer) for name, tracer in self.tracer.items()}
        person.totals = Totals(*[0.0] * len(TOTALS))._replace(pace=1.0)
        person.taste = {axis: (0.0, 1.0) for axis in AXES}

    def remember(self, person, event):
        """The record is told what happened, in terms of the declared catalogue."""
        name, day = event["taken"], event["day"]
        shown = self.places.activity[name or self.places.rest]
        taught, asked = dict(shown.teaches), dict(shown.assesses) if event["answers"] else {}
        share = float(record.share_done(float(event["completed"])))
        for skill in self.places.order if name else ():
            person.beliefs[skill] = record.observe_skill(
                person.beliefs[skill], self.tracer[skill], day, taught.get(skill, 0.0), share,
                float(asked.get(skill, 0)), float(event["answers"].get(skill, 0)),
            )  # fmt: skip
        skipped, done = float(event["outcome"] == "skipped"), float(event["completed"])
        success = event["correct"] / event["items"] if event["items"] else 0.0
        person.totals = record.observe_totals(
            person.totals, day, skipped, done, event["minutes"], shown.time_required, shown.staff_minutes, shown.cost,
            float(event["items"] > 0), success, event["stars"],
        )  # fmt: skip
        if event["outcome"] != "rest":
            self.lean(person, event["about"], float(record.reaction_of(skipped, done, event["stars"])))

    def lean(self, person, about, reaction):
        """One reaction to one activity's format."""
        x = dict(zip(AXES, (*learner.format_of(self.places.scalars[about]), 1.0), strict=True))
        expected = sum(person.taste[axis][0] * x[axis] for axis in AXES)
        total = float(record.FORMAT_NOISE) + sum(person.taste[axis][1] * x[axis] ** 2 for axis in AXES)
        person.taste = {
            axis: record.observe_format(*person.taste[axis], x[axis], reaction - expected, 1.0 / total) for axis in AXES
        }

    def believed(self, person):
        """What the record believes the destination to be worth now."""
        targets = self.places.targets(int(person.life.role)).items()
        return sum(w * float(record.faded(person.beliefs[n], self.tracer[n], person.life.day)) for n, w in targets)

    def record_row(self, person):
        """The record as the platform keeps it, in the order of ``ViewSpec``.   -> [R]"""
        skills = [getattr(person.beliefs[name], part) for part in PER_SKILL for name in self.places.order]
        taste = [person.taste[axis][part] for part in (0, 1) for axis in AXES]
        return np.array([*skills, *taste, *person.totals], np.float64)

    def view(self, person):
        """What a policy sees.   -> [V]"""
        day, targets = person.life.day, self.places.targets(int(person.life.role))
        skills = [
            record.view_skill(person.beliefs[name], self.tracer[name], day, targets.get(name, 0.0))
            for name in self.places.order
        ]
        taste = [person.taste[axis][0] for axis in AXES] + [np.sqrt(person.taste[axis][1]) for axis in AXES]
        said = [float(j == person.trait.motive) for j in range(len(learner.MOTIVES))]
        said += [float(j == person.trait.stated) for j in range(len(learner.MODES))]
        standing = Standing(float(self.mandatory), person.trait.weekly_minutes, self.programme.horizon_days,
                            self.programme.retention_day)  # fmt: skip
        totals = record.view_totals(person.totals, standing, self.believed(person), day)
        return np.array([*(skill[j] for j in range(5) for skill in skills), *taste, *said, *totals], np.float64)


def scalars(activity):
    """An activity's scalar columns by name, as the formulas ask for them."""
    return SimpleNamespace(**dict(zip(FEATURES, scalar_row(activity), strict=True)))
