"""The DASH law: item response whose practice fades at several scales of time.

    logit P(right) = start + sum over scales s of w_s log(1 + credit_s) - difficulty

after Lindsey, Shroyer, Pashler & Mozer (2014), in the form with counts that fade exponentially (DASH[MCM]), so that a
mind is a plain state and forgetting composes. A right answer is a credit on every scale, a wrong one a small part of
it. What was practised much in one sitting is soon gone; what was practised on many days stays for a year.
"""

from typing import NamedTuple

from adaptlearn.core.equations import exp, formula, log, maximum, minimum, sigmoid, where

LIKELIHOOD = "exact"  # of answers: nothing is drawn after the start, whose normal is one integral


class Mind(NamedTuple):
    """One skill of one learner."""

    start: float  # logit brought along
    day: float  # credits, fading in a day
    week: float
    month: float
    year: float


class Params(NamedTuple):
    """Weights in logit per log credit, from a logistic fit with ability, skills and fading successes.

    Measured on a fifth of the learners of two logs of school mathematics, first and second figure: ASSISTments 2017
    (342 learners, 90,586 answers) and KDD Cup 2010 Algebra 2005 (114 learners, 129,998 answers). C = judgement.
    """

    on_day: float = 0.43  # .36, .51
    on_week: float = 0.0  # -.03, .01
    on_month: float = 0.06  # .04, .09
    on_year: float = 0.09  # .07, .11
    wrong: float = 0.1  # of a credit: a wrong answer (C)
    shown: float = 0.3  # of a credit: an opportunity only shown (C)
    opportunities: float = 6.0  # in 15 minutes (C)
    dose: float = 0.7  # exponent of minutes / 15
    sd_skill: float = 0.6  # spread of a learner's skills around their ability (AFM on ASSISTments 2009: .6)
    gate_min: float = 0.1  # gain left with a prerequisite wholly absent (C)


@formula
def theta(mind, p):
    """Level now, logit."""
    soon = p.on_day * log(1.0 + mind.day) + p.on_week * log(1.0 + mind.week)
    return mind.start + soon + p.on_month * log(1.0 + mind.month) + p.on_year * log(1.0 + mind.year)


@formula
def begin(skill, trait, z, u, p):
    """A newcomer: the skill's prior share as a logit, the learner's ability, and luck; z ~ N(0, 1)."""
    share = minimum(maximum(skill.prior, 0.001), 0.999)
    return Mind(log(share / (1.0 - share)) + trait.ability + p.sd_skill * z, 0.0, 0.0, 0.0, 0.0)


@formula
def forget(mind, days, p):
    """Days go by; every count fades on its own scale."""
    return Mind(
        mind.start,
        mind.day * exp(-days),
        mind.week * exp(-days / 7.0),
        mind.month * exp(-days / 30.0),
        mind.year * exp(-days / 365.0),
    )


@formula
def p_answer(mind, difficulty, skill, p):
    """P(correct) on an item of some difficulty: one-parameter logistic."""
    return sigmoid(theta(mind, p) - difficulty)


@formula
def level(mind, skill, p):
    """P(correct on the reference item), of difficulty 0."""
    return sigmoid(theta(mind, p))


@formula
def forecast(mind, days, skill, p):
    """The level in some days without practice."""
    return level(forget(mind, days, p), skill, p)


@formula
def supports(mind, skill, p):
    """How far this skill carries what is built on it."""
    return p.gate_min + (1.0 - p.gate_min) * sigmoid(theta(mind, p))


@formula
def learn(mind, exposure, activity, skill, trait, z, u, p):
    """The mind after a visit: credits on every scale; a good memory earns more of them."""
    done = exposure.weight * exposure.fraction * exposure.readiness * maximum(0.0, 1.0 + exposure.match)
    count = p.opportunities * done * (activity.minutes / 15.0) ** p.dose
    each = where(exposure.tested > 0.5, p.wrong + (1.0 - p.wrong) * exposure.success, p.shown)
    new = trait.rate * trait.memory * exp(activity.quality) * count * each
    return Mind(mind.start, mind.day + new, mind.week + new, mind.month + new, mind.year + new)
