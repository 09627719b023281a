"""The logistic law: item response with growth, and nothing forgotten.

    logit P(right) = start + grown - difficulty

Each practised opportunity adds a little on the logit scale: the same after success and failure in the additive factor
model (Cen, Koedinger & Junker 2006), more after success in performance factors analysis (Pavlik, Cen & Koedinger
2009); with both at 0 it is item response (Rasch 1960). The growth is linear in practice, so what saturates is the
chance alone. Spacing, massing and delay do nothing here: a policy that gains from them gains nothing under this law.
"""

from typing import NamedTuple

from adaptlearn.core.equations import exp, formula, log, maximum, minimum, sigmoid, where

LIKELIHOOD = "exact"  # of answers: nothing is drawn after the start, whose normal is one integral


class Mind(NamedTuple):
    """One skill of one learner."""

    start: float  # logit brought along
    grown: float  # logit added by practice, >= 0


class Params(NamedTuple):
    """Constants, logit unless said otherwise. C = judgement."""

    success: float = 0.15  # gained per opportunity answered right (.12 to .22 on ASSISTments 2009, PFA, 63 skills)
    failure: float = 0.03  # and per one answered wrong (C; PFA finds < 0, which is ability seen late, not harm)
    shown: float = 0.05  # and per one only shown (C)
    opportunities: float = 6.0  # in 15 minutes (C)
    dose: float = 0.7  # exponent of minutes / 15
    sd_skill: float = 0.6  # spread of a learner's skills around their ability (AFM on ASSISTments 2009: .6)
    gate_min: float = 0.1  # gain left with a prerequisite wholly absent (C)


@formula
def theta(mind):
    """Level now, logit."""
    return mind.start + mind.grown


@formula
def begin(skill, trait, z, u, p):
    """A newcomer: the skill's prior share as a logit, the learner's ability, and luck; z ~ N(0, 1)."""
    share = minimum(maximum(skill.prior, 0.001), 0.999)
    return Mind(log(share / (1.0 - share)) + trait.ability + p.sd_skill * z, 0.0)


@formula
def forget(mind, days, p):
    """Days change nothing."""
    return Mind(mind.start, mind.grown)


@formula
def p_answer(mind, difficulty, skill, p):
    """P(correct) on an item of some difficulty: one-parameter logistic."""
    return sigmoid(theta(mind) - difficulty)


@formula
def level(mind, skill, p):
    """P(correct on the reference item), of difficulty 0."""
    return sigmoid(theta(mind))


@formula
def forecast(mind, days, skill, p):
    """The level in some days without practice: the level now."""
    return level(forget(mind, days, p), skill, p)


@formula
def supports(mind, skill, p):
    """How far this skill carries what is built on it."""
    return p.gate_min + (1.0 - p.gate_min) * sigmoid(theta(mind))


@formula
def per_opportunity(exposure, p):
    """Logit from one opportunity: by answers where there were any."""
    answered = p.failure + (p.success - p.failure) * exposure.success
    return where(exposure.tested > 0.5, answered, p.shown)


@formula
def learn(mind, exposure, activity, skill, trait, z, u, p):
    """The mind after a visit: so many opportunities, each worth what its answer says."""
    done = exposure.weight * exposure.fraction * exposure.readiness * maximum(0.0, 1.0 + exposure.match)
    count = p.opportunities * done * (activity.minutes / 15.0) ** p.dose
    return Mind(mind.start, mind.grown + trait.rate * exp(activity.quality) * count * per_opportunity(exposure, p))
