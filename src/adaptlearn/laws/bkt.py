"""Bayesian knowledge tracing as a law: a skill is known or it is not (Corbett & Anderson 1995).

    P(known at first) = prior, shifted by ability on the logit scale
    P(unknown -> known in a visit) = 1 - (1 - learn) ** dose
    P(right) = 1 - slip if it is known, guess if not
    days it stays known: exponential, at rate forget / memory of the learner

Forgetting is an exponential lifetime drawn when the skill becomes known, so that a mind stays a plain state and
forgetting composes. The constants are the true world's ``skills`` columns; the record's tracer has its own.
"""

from typing import NamedTuple

from adaptlearn.core.equations import exp, formula, log, maximum, minimum, where

LIKELIHOOD = "exact"  # of answers: a hidden Markov model with one state per skill


class Mind(NamedTuple):
    """One skill of one learner."""

    known: float  # 1 if it was known when last seen
    left: float  # days it stays known


class Params(NamedTuple):
    """Constants that are not a skill's own."""

    ability_logit: float = 0.5  # logit of the prior per SD of ability / .95
    dose: float = 0.7  # exponent of minutes / 15 in the learning probability
    gate_min: float = 0.1  # learning left with an unknown prerequisite
    forever: float = 1e6  # days that a skill without forgetting stays known


@formula
def chance(prior, logit_shift):
    """A probability shifted on the logit scale."""
    odds = prior / maximum(1.0 - prior, 1e-6) * exp(logit_shift)
    return odds / (1.0 + odds)


@formula
def lifetime(u, forget_rate, memory, p):
    """Days a newly known skill stays known: exponential, memoryless as in the hidden Markov model."""
    return where(forget_rate > 0.0, minimum(p.forever, -log(1.0 - u) * memory / maximum(forget_rate, 1e-9)), p.forever)


@formula
def begin(skill, trait, z, u, p):
    """Known with the skill's prior, shifted by ability. One uniform serves two draws: given known, u / P is uniform."""
    prior = chance(skill.prior, p.ability_logit * trait.ability)
    known = where(u < prior, 1.0, 0.0)
    return Mind(known, lifetime(minimum(u / maximum(prior, 1e-6), 0.999999), skill.forget, trait.memory, p))


@formula
def forget(mind, days, p):
    """Days go by; what outlives its time is no longer known."""
    return Mind(mind.known, mind.left - days)


@formula
def knows(mind):
    """1 if the skill is known now."""
    return where(mind.left > 0.0, mind.known, 0.0)


@formula
def p_answer(mind, difficulty, skill, p):
    """P(correct); BKT has no item difficulty, so it is ignored."""
    return where(knows(mind) > 0.5, 1.0 - skill.slip, skill.guess)


@formula
def level(mind, skill, p):
    """P(correct on the reference item): open, with neither guess nor slip."""
    return knows(mind)


@formula
def forecast(mind, days, skill, p):
    """The level in some days without practice."""
    return knows(forget(mind, days, p))


@formula
def supports(mind, skill, p):
    """How far this skill carries what is built on it."""
    return p.gate_min + (1.0 - p.gate_min) * knows(mind)


@formula
def learn(mind, exposure, activity, skill, trait, z, u, p):
    """Unknown becomes known with the skill's P(T), scaled by dose, readiness, format match and the learner's rate."""
    already = knows(mind)
    dose = exposure.weight * exposure.fraction * (activity.minutes / 15.0) ** p.dose * trait.rate
    factor = dose * exposure.readiness * maximum(0.0, 1.0 + exposure.match) * exp(activity.quality)
    transit = 1.0 - (1.0 - minimum(skill.learn, 0.999)) ** factor
    learns = where(u < transit, 1.0, 0.0)
    fresh = lifetime(minimum(u / maximum(transit, 1e-6), 0.999999), skill.forget, trait.memory, p)
    return Mind(maximum(already, learns), where(already > 0.5, mind.left, fresh))
