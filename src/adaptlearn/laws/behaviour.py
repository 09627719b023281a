"""What learners do with an offer, apart from what they learn: accept, choose, finish, take time, like it, leave.

One module for all laws, so that "policy x law" varies the mind alone. Preference acts here and only here.
Forms and signs follow the sources named; where no number is published the coefficient is a judgement (grade C).
"""

from typing import NamedTuple

from adaptlearn.core.equations import exp, floor, formula, maximum, minimum, sigmoid, where
from adaptlearn.core.learner import liking


class Params(NamedTuple):
    """Coefficients; logits unless said otherwise. C = judgement."""

    accept: float = 1.1  # log-odds that a voluntary learner takes an assigned activity (C)
    accept_mandatory: float = 2.2  # more of it where the programme is mandatory (C)
    accept_liking: float = 0.7  # per SD of liking (C; sign Knoll et al. 2017)
    accept_motivation: float = 0.5  # per SD (C)
    accept_autonomy: float = 0.15  # less per SD of need for choice when there is none (sign Patall et al. 2008)
    choose_liking: float = 1.0  # utility of an activity to a learner who chooses, per SD of liking (C)
    choose_target: float = 1.0  # per unit of target weight taught (C)
    choose_ease: float = 0.5  # per unit of readiness (C)
    finish: float = 2.2  # log-odds of finishing what was begun (C)
    finish_mandatory: float = 0.8  # (C)
    finish_liking: float = 0.5  # per SD (C)
    finish_motivation: float = 0.4  # per SD (C)
    finish_conscientious: float = 0.3  # per SD (C)
    finish_minutes: float = 0.5  # less per 30 min (C; segmenting, Mayer 2017)
    finish_active: float = 0.3  # more for active formats (C)
    finish_hard: float = 1.0  # less with prerequisites wholly absent (C)
    minutes_sd: float = 0.5  # log-sd of time on task (van der Linden 2006)
    effort_unfinished: float = 0.4  # share of the minutes an unfinished activity takes
    mood_return: float = 0.15  # pull of motivation to the learner's own level, per decision
    mood_efficacy: float = 0.3  # that level per SD of self-efficacy
    mood_liking: float = 0.3  # per SD of liking
    mood_success: float = 0.25  # per unit of success above .6
    mood_easy: float = 0.25  # lost where the level is already above .85
    mood_hard: float = 0.30  # lost where prerequisites are missing
    mood_target: float = 0.05  # gained where the activity serves the destination
    mood_own: float = 0.05  # gained where it serves a goal of one's own (sign Sheldon & Elliot 1999; size C)
    mood_authentic: float = 0.05  # gained per unit of authenticity
    leave_scale: float = 41.3  # days, Weibull scale of a voluntary programme (Jordan 2015; a 5,000-employee case)
    leave_shape: float = 0.6  # front-loaded (form: Wintermute et al. 2021)
    leave_mandatory: float = 0.042  # hazard ratio of a mandatory programme
    leave_motivation: float = 0.5  # log-hazard less per SD
    leave_conscientious: float = 0.3  # log-hazard less per SD
    leave_strain: float = 0.5  # log-hazard more after failures (Sitzmann et al. 2010)
    reason: float = 0.28  # SD by which a reason lifts motivation for what it is given with (Steingut et al. 2017: task
    # value, engagement, performance and perceived autonomy rise by d = .16 to .40; the middle of that is taken)
    veto: float = -1.5  # log-odds that a skipped offer is struck off for good where one may (C)
    veto_liking: float = 0.7  # less of it per SD of liking (C)
    ask: float = -0.4  # log-odds that a colleague is asked after wholly failing, where there are any (C)
    ask_social: float = 0.4  # more per SD of liking company (C)
    ask_efficacy: float = 0.3  # more per SD of self-efficacy: who doubts themselves avoids help (sign Ryan et al. 2001)
    spirit_shared: float = 0.05  # pull towards the others' motivation in what is done together (sign Barsade 2002; C)
    spirit_showcase: float = 0.10  # gained where colleagues show their work (vicarious experience, Bandura 1997; C)
    spirit_mentor: float = 0.10  # gained with a mentor (sign Eby et al. 2008; C)
    rating_liking: float = 0.6  # points per SD of liking
    rating_success: float = 0.5  # points per unit of success above .6
    rating_halo: float = 0.7  # points per SD of halo: reaction noise sits on the learner
    rating_noise: float = 0.5  # points
    rating_share: float = 0.6  # of finished activities are rated at all (C)


@formula
def p_accept(activity, trait, life, mandatory, choice, p):
    """P(the learner takes the activity offered); choice = 1 where they had a say."""
    drive = p.accept_liking * liking(activity, trait) + p.accept_motivation * life.motivation
    pushed = p.accept_autonomy * trait.autonomy * (1.0 - choice)
    return sigmoid(p.accept + p.accept_mandatory * mandatory + drive - pushed)


@formula
def appeal(activity, trait, target, readiness, p):
    """How an activity appeals to a learner who may choose; the largest appeal plus Gumbel luck is taken."""
    return p.choose_liking * liking(activity, trait) + p.choose_target * target + p.choose_ease * readiness


@formula
def p_finish(activity, trait, life, mandatory, readiness, p):
    """P(what was begun is finished)."""
    person = p.finish_motivation * life.motivation + p.finish_conscientious * trait.conscientiousness
    design = p.finish_active * activity.active - p.finish_minutes * activity.minutes / 30.0
    fit = p.finish_liking * liking(activity, trait) - p.finish_hard * (1.0 - readiness)
    return sigmoid(p.finish + p.finish_mandatory * mandatory + person + design + fit)


@formula
def minutes_taken(activity, trait, finished, z, p):
    """Minutes on task; lognormal around the true time, mean preserved."""
    share = where(finished > 0.5, 1.0, p.effort_unfinished)
    return activity.minutes * share * exp(p.minutes_sd * z - 0.5 * p.minutes_sd * p.minutes_sd)


@formula
def hardness(activity, trait, p):
    """Difficulty of the activity's items as they are met, logit. As declared or truly: with care."""
    return activity.difficulty


@formula
def depth(activity, trait, p):
    """Share of what is there to be learned that is taken up, (0, 1]."""
    return 1.0


@formula
def home_mood(trait, p):
    """The level motivation starts at and returns to."""
    return p.mood_efficacy * trait.efficacy


@formula
def mood(life, trait, activity, success, tested, best, readiness, target, p):
    """Motivation after a visit; best = level on what was taught."""
    home = home_mood(trait, p)
    joy = p.mood_liking * liking(activity, trait) + p.mood_success * tested * (success - 0.6)
    bored = p.mood_easy * where(best > 0.85, 1.0, 0.0)
    lost = p.mood_hard * where(readiness < 0.5, 1.0, 0.0)
    sense = p.mood_target * where(target > 0.0, 1.0, 0.0) + p.mood_authentic * activity.authenticity
    moved = life.motivation + p.mood_return * (home - life.motivation) + joy - bored - lost + sense
    return maximum(-3.0, minimum(3.0, moved))


@formula
def persuaded(motivation, p):
    """Motivation for an offer that comes with a reason; it is gone when the offer is done with."""
    return minimum(3.0, motivation + p.reason)


@formula
def wanted(motivation, target, p):
    """Motivation after a visit, by what of it serves a goal of the learner's own."""
    return minimum(3.0, motivation + where(target > 0.0, p.mood_own, 0.0))


@formula
def p_veto(activity, trait, p):
    """P(a skipped offer is struck off for good): what is disliked rather than what came at a bad time."""
    return sigmoid(p.veto - p.veto_liking * liking(activity, trait))


@formula
def p_ask(trait, tested, success, p):
    """P(a colleague is asked for help): only after trouble, the more of it the likelier."""
    eager = p.ask + p.ask_social * trait.like_social + p.ask_efficacy * trait.efficacy
    return tested * (1.0 - success) * sigmoid(eager)


@formula
def spirit(motivation, activity, meeting, others, theirs, p):
    """Motivation after a visit among others; ``theirs`` is their mean. Without others only a mentor moves it."""
    shared = p.spirit_shared * activity.peer * (theirs - motivation) + p.spirit_showcase * meeting.showcase
    moved = motivation + where(others > 0.5, shared, 0.0) + p.spirit_mentor * meeting.mentor
    return maximum(-3.0, minimum(3.0, moved))


@formula
def p_leave(trait, life, days, mandatory, p):
    """P(leaving in the coming days): Weibull hazard, scaled by motivation, conscientiousness, failure."""
    before = (life.day / p.leave_scale) ** p.leave_shape
    hazard = ((life.day + days) / p.leave_scale) ** p.leave_shape - before
    person = p.leave_strain * life.strain - p.leave_motivation * life.motivation
    eager = exp(person - p.leave_conscientious * trait.conscientiousness)
    return 1.0 - exp(-hazard * eager * where(mandatory > 0.5, p.leave_mandatory, 1.0))


@formula
def rating(activity, trait, success, tested, z, p):
    """Stars, 1 to 5."""
    felt = 3.4 + p.rating_liking * liking(activity, trait) + p.rating_success * tested * (success - 0.6)
    return minimum(5.0, maximum(1.0, floor(felt + p.rating_halo * trait.halo + p.rating_noise * z + 0.5)))
