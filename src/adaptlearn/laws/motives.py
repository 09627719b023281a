"""Why people learn, as behaviour: the same content, consumed and assessed otherwise by motive.

A behaviour around ``laws.behaviour``, put in its place where a population says ``[laws.motives]``; without it nothing
here is compiled, and a world without motives pays nothing. Four motives (``core.learner.MOTIVES``):

* *project*: a piece of work needs it by a day. What serves it is wanted, and more so as the day comes near (temporal
  motivation, Steel & König 2006); afterwards the reason is gone. Practical before expository (Knowles 1984).
* *leadership*: a role grown into over months. No day presses, and time is taken.
* *personal*: own interest. Liking leads the choice, what is studied is studied deeply (intrinsic goals, Vansteenkiste
  et al. 2004), and people leave freely: of MOOC learners who meant to finish 19.5 % did, of the others 5.4 % (Reich
  2014).
* *compliance*: it must be done by a day. People come, click through (surface approach, Marton & Säljö 1976), take no
  care over questions that do not count (low stakes cost more than half an SD, Wise & DeMars 2005) and stay.

The directions are from the sources named; every size is assumed (C). The goal that a motive comes with (depth, breadth,
open-ended) is a destination of the world: ``role_by_motive`` of ``population.toml`` says who heads where.
"""

from collections import namedtuple
from typing import Any, NamedTuple

from adaptlearn.core.equations import exp, formula, maximum, minimum, where
from adaptlearn.core.learner import liking
from adaptlearn.laws import behaviour
from adaptlearn.laws.behaviour import appeal as plain_appeal
from adaptlearn.laws.behaviour import home_mood as plain_home_mood
from adaptlearn.laws.behaviour import minutes_taken as plain_minutes_taken
from adaptlearn.laws.behaviour import mood as plain_mood
from adaptlearn.laws.behaviour import p_accept as plain_p_accept
from adaptlearn.laws.behaviour import p_finish as plain_p_finish
from adaptlearn.laws.behaviour import p_leave as plain_p_leave

AROUND = behaviour  #: the behaviour that this one changes: what is not said here, it says


class Reasons(NamedTuple):
    """What a motive adds. All of it assumed (C); four numbers where all four motives differ."""

    due_project: float = 45.0  # day on which the work needs it
    due_compliance: float = 60.0  # day by which it must be done
    urgency: float = 1.0  # logit of accepting and finishing more, on the day itself
    impatience: float = 7.0  # days ahead at which half of the urgency is felt
    past: float = 0.8  # logit of accepting less when a project's day has gone by
    relevance_project: float = 0.15  # SD of motivation more after a visit that serves the destination ...
    relevance_leadership: float = 0.05
    relevance_personal: float = 0.0  # ... which interests itself does not ask for
    relevance_compliance: float = -0.05
    practical: float = 0.6  # logit of finishing more for active formats, on a project
    curiosity: float = 0.5  # more weight of liking in a personal choice, as a share
    home_personal: float = 0.3  # SD of motivation that interest brings along
    home_compliance: float = -0.3  # SD that duty takes
    come_compliance: float = 1.0  # logit of accepting more: it must be done
    hurry_project: float = 0.9  # factor on the minutes of a visit ...
    hurry_leadership: float = 1.15
    hurry_personal: float = 1.05
    hurry_compliance: float = 0.7  # ... that is clicked through
    depth_project: float = 0.95  # share taken up of what is there to be learned, (0, 1] ...
    depth_leadership: float = 1.0
    depth_personal: float = 1.0
    depth_compliance: float = 0.7  # ... in a surface approach (.7 of the minutes alone would be .78, by the dose)
    careless_project: float = 0.2  # logit that items which do not count are harder ...
    careless_leadership: float = 0.0
    careless_personal: float = 0.0
    careless_compliance: float = 0.5  # ... for those who take no care
    stay_project: float = 1.0  # hazard ratio of leaving ...
    stay_leadership: float = 0.7
    stay_personal: float = 1.6
    stay_compliance: float = 0.5
    gone_project: float = 2.0  # ... and of a project once its day has gone by


Params = namedtuple(  # type: ignore[misc]  # the constants of both texts, in one row
    "Params", (*behaviour.Params._fields, *Reasons._fields), defaults=(*behaviour.Params(), *Reasons()),
    module=__name__,
)  # fmt: skip


def __getattr__(name: str) -> Any:
    """What motives leave as it is."""
    return getattr(AROUND, name)


@formula
def by_motive(trait, project, leadership, personal, compliance):
    """The value that belongs to the learner's motive, in the order of ``MOTIVES``."""
    work = where(trait.motive < 0.5, project, leadership)
    return where(trait.motive < 1.5, work, where(trait.motive < 2.5, personal, compliance))


@formula
def pressing(trait, day, p):
    """How much a coming deadline presses, 0 to 1: hyperbolic in the days ahead.   after Steel & König (2006)"""
    ahead = by_motive(trait, p.due_project, 1e9, 1e9, p.due_compliance) - day
    return where(ahead < 0.0, 0.0, p.impatience / (p.impatience + maximum(ahead, 0.0)))


@formula
def over(trait, day, p):
    """1 where a project's day has gone by: nobody needs it any more."""
    return by_motive(trait, where(day > p.due_project, 1.0, 0.0), 0.0, 0.0, 0.0)


@formula
def shifted(chance, logit):
    """A chance moved by a logit.   sigmoid(log(q / (1 - q)) + x) without the detour"""
    odds = chance * exp(logit)
    return odds / (1.0 - chance + odds)


@formula
def p_accept(activity, trait, life, mandatory, choice, p):
    """P(the learner takes the activity offered)."""
    duty = by_motive(trait, 0.0, 0.0, 0.0, p.come_compliance)
    push = p.urgency * pressing(trait, life.day, p) - p.past * over(trait, life.day, p)
    return shifted(plain_p_accept(activity, trait, life, mandatory, choice, p), duty + push)


@formula
def appeal(activity, trait, target, readiness, p):
    """How an activity appeals to a learner who may choose."""
    wish = p.choose_liking * liking(activity, trait) * by_motive(trait, 0.0, 0.0, p.curiosity, 0.0)
    return plain_appeal(activity, trait, target, readiness, p) + wish


@formula
def p_finish(activity, trait, life, mandatory, readiness, p):
    """P(what was begun is finished)."""
    practical = by_motive(trait, p.practical * (activity.active - 0.5), 0.0, 0.0, 0.0)
    push = p.urgency * pressing(trait, life.day, p)
    return shifted(plain_p_finish(activity, trait, life, mandatory, readiness, p), practical + push)


@formula
def minutes_taken(activity, trait, finished, z, p):
    """Minutes on task."""
    pace = by_motive(trait, p.hurry_project, p.hurry_leadership, p.hurry_personal, p.hurry_compliance)
    return pace * plain_minutes_taken(activity, trait, finished, z, p)


@formula
def hardness(activity, trait, p):
    """Difficulty of the activity's items as they are met: without care where they do not count.   logit"""
    counts = maximum(maximum(activity.summative, activity.capstone), where(activity.authenticity > 0.75, 1.0, 0.0))
    careless = by_motive(trait, p.careless_project, p.careless_leadership, p.careless_personal, p.careless_compliance)
    return activity.difficulty + careless * (1.0 - counts)


@formula
def depth(activity, trait, p):
    """Share of what is there to be learned that is taken up, (0, 1]: skimmed, or studied."""
    return by_motive(trait, p.depth_project, p.depth_leadership, p.depth_personal, p.depth_compliance)


@formula
def home_mood(trait, p):
    """The level motivation starts at and returns to."""
    return plain_home_mood(trait, p) + by_motive(trait, 0.0, 0.0, p.home_personal, p.home_compliance)


@formula
def mood(life, trait, activity, success, tested, best, readiness, target, p):
    """Motivation after a visit; what serves the destination moves it by motive."""
    plain = plain_mood(life, trait, activity, success, tested, best, readiness, target, p)
    home = p.mood_return * (home_mood(trait, p) - plain_home_mood(trait, p))
    relevance = by_motive(
        trait, p.relevance_project, p.relevance_leadership, p.relevance_personal, p.relevance_compliance
    )
    moved = plain + home + where(target > 0.0, relevance, 0.0)
    return maximum(-3.0, minimum(3.0, moved))


@formula
def p_leave(trait, life, days, mandatory, p):
    """P(leaving in the coming days): the plain hazard, times the motive's ratio.   1 - (1 - q)^h"""
    gone = where(life.day > p.due_project, p.gone_project, p.stay_project)
    ratio = by_motive(trait, gone, p.stay_leadership, p.stay_personal, p.stay_compliance)
    return 1.0 - (1.0 - plain_p_leave(trait, life, days, mandatory, p)) ** ratio
