"""The transition-matrix law: a skill is at one of three levels, and a visit may lift it by one.

                    to none     to part     to whole
    from none        1 - a         a            0
    from part          0         1 - b          b          a, b: one pair for lessons, one for practice
    from whole         0           0            1

    P(right) = guess + (1 - guess - slip) * worth,     worth = 0, .5 or 1 by level

after the transition-matrix students of Chen, Li, Liu & Ying (2018) and Tang, Chen, Li, Liu & Ying (2019), also the TMS
of EduSim: a profile of mastery moves by a matrix per learning material, never down, and answers err by guess and slip.
A prerequisite below whole stops the way as far as ``supports`` says: nothing passes where it is at none (their
attribute hierarchy). Nothing is forgotten.

Here, unlike there: three levels per skill instead of two; one matrix per kind of activity (asked or only shown), raised
to the power of the dose; and the matrix of a whole profile is the product of those of its skills.
"""

from typing import NamedTuple

from adaptlearn.core.equations import exp, formula, maximum, minimum, where

LIKELIHOOD = "exact"  # of answers: a hidden Markov model with three states per skill


class Mind(NamedTuple):
    """One skill of one learner."""

    level: float  # 0 none, 1 part, 2 whole


class Params(NamedTuple):
    """Chances of one visit of 15 minutes, all prerequisites whole. C = judgement; the papers' matrices are made up."""

    shown_part: float = 0.5  # from none to part by a lesson (C)
    shown_whole: float = 0.15  # from part to whole (C)
    asked_part: float = 0.3  # from none to part by practice (C)
    asked_whole: float = 0.35  # from part to whole (C)
    halfway: float = 0.3  # of those who do not have the skill before: share at part (C)
    part: float = 0.5  # what part is worth: of the way from guessing to knowing, and to a ready successor (C)
    ability_logit: float = 0.5  # logit of the prior per SD of ability / .95 (as in bkt)
    dose: float = 0.7  # exponent of minutes / 15


@formula
def worth(mind, p):
    """A level as a share of mastery."""
    return where(mind.level > 1.5, 1.0, where(mind.level > 0.5, p.part, 0.0))


@formula
def begin(skill, trait, z, u, p):
    """Whole with the skill's prior, shifted by ability; of the others some at part, the rest at none."""
    odds = skill.prior / maximum(1.0 - skill.prior, 1e-6) * exp(p.ability_logit * trait.ability)
    whole = odds / (1.0 + odds)
    return Mind(where(u < whole, 2.0, where(u < whole + (1.0 - whole) * p.halfway, 1.0, 0.0)))


@formula
def forget(mind, days, p):
    """Days change nothing."""
    return Mind(mind.level + 0.0 * days)


@formula
def p_answer(mind, difficulty, skill, p):
    """P(correct): between guess and 1 - slip by level; there is no item difficulty, so it is ignored."""
    return skill.guess + (1.0 - skill.guess - skill.slip) * worth(mind, p)


@formula
def level(mind, skill, p):
    """P(correct on the reference item): open, with neither guess nor slip."""
    return worth(mind, p)


@formula
def forecast(mind, days, skill, p):
    """The level in some days without practice: the level now."""
    return worth(forget(mind, days, p), p)


@formula
def supports(mind, skill, p):
    """How far this skill carries what is built on it: nothing at none."""
    return worth(mind, p)


@formula
def up(mind, exposure, p):
    """The matrix's entry above the diagonal in the row of this level."""
    part = where(exposure.tested > 0.5, p.asked_part, p.shown_part)
    whole = where(exposure.tested > 0.5, p.asked_whole, p.shown_whole)
    return where(mind.level > 1.5, 0.0, where(mind.level > 0.5, whole, part))


@formula
def learn(mind, exposure, activity, skill, trait, z, u, p):
    """One step up, or none; a dose of n visits moves with the chance of n tries."""
    dose = exposure.weight * exposure.fraction * (activity.minutes / 15.0) ** p.dose * trait.rate
    tries = dose * exposure.readiness * maximum(0.0, 1.0 + exposure.match) * exp(activity.quality)
    chance = 1.0 - (1.0 - minimum(up(mind, exposure, p), 0.999)) ** tries
    return Mind(mind.level + where(u < chance, 1.0, 0.0))
