"""The exponential forgetting curve as a law: every attempt makes forgetting slower by the same step.

    P(recall) = exp(-rate * elapsed / attempts)

the memory student of Reddy, Levine & Dragan (2017), after Ebbinghaus (1885) and Mozer & Lindsey (2016). It knows no
success and no failure: being asked is worth as much as being shown. Here, unlike there, the clock runs in days (there,
in seconds); the rate is drawn for every learner and skill, not once per item for all learners; part of a visit is part
of an attempt; a learner can come new to a skill, and then answers by guessing; and some knew it before.
"""

from typing import NamedTuple

from adaptlearn.core.equations import exp, formula, log, maximum, minimum, where

LIKELIHOOD = "exact"  # of answers: nothing is drawn after the start: known or not, and a rate that is one integral


class Mind(NamedTuple):
    """One skill of one learner."""

    met: float  # 1 once it was met
    attempts: float  # so far, >= 0; part of a visit is part of one
    rate: float  # of forgetting per day after one attempt, this learner's on this skill
    elapsed: float  # days of forgetting so far, equivalent


class Params(NamedTuple):
    """Constants. C = judgement."""

    rate: float = 0.077  # per day, median: the paper's number, per second there; half is gone after nine days
    rate_sd: float = 1.0  # log-sd (the paper's, over items)
    least: float = 0.1  # attempts that the faintest memory counts as (C)
    known: float = 20.0  # attempts of one who knew before: a median half-life of half a year (C)
    ability_logit: float = 0.5  # logit of the prior per SD of ability / .95 (as in bkt)
    dose: float = 0.7  # exponent of minutes / 15
    gate_min: float = 0.1  # gain left with a prerequisite wholly absent (C)


@formula
def fading(mind, p):
    """Rate of forgetting now, per day."""
    return mind.rate / maximum(mind.attempts, p.least)


@formula
def recall(mind, p):
    """P(recall) now; 0 for what was never met."""
    return where(mind.met > 0.5, exp(-mind.elapsed * fading(mind, p)), 0.0)


@formula
def begin(skill, trait, z, u, p):
    """Met before the programme with the skill's prior, shifted by ability; else unknown. z ~ N(0, 1) sets the rate."""
    odds = skill.prior / maximum(1.0 - skill.prior, 1e-6) * exp(p.ability_logit * trait.ability)
    known = where(u < odds / (1.0 + odds), 1.0, 0.0)
    return Mind(known, known * p.known, p.rate * exp(p.rate_sd * z) / trait.memory, 0.0)


@formula
def forget(mind, days, p):
    """Days go by."""
    return Mind(mind.met, mind.attempts, mind.rate, mind.elapsed + days)


@formula
def p_answer(mind, difficulty, skill, p):
    """P(correct): recalled, or guessed; the items of a fact are all alike, so difficulty is ignored."""
    return skill.guess + (1.0 - skill.guess - skill.slip) * recall(mind, p)


@formula
def level(mind, skill, p):
    """P(correct on the reference item): open, with neither guess nor slip."""
    return recall(mind, p)


@formula
def forecast(mind, days, skill, p):
    """The level in some days without practice."""
    return recall(forget(mind, days, p), p)


@formula
def supports(mind, skill, p):
    """How far this skill carries what is built on it."""
    return p.gate_min + (1.0 - p.gate_min) * recall(mind, p)


@formula
def learn(mind, exposure, activity, skill, trait, z, u, p):
    """The mind after a visit, whatever was answered; part of a visit closes part of the way to full recall."""
    dose = exposure.weight * exposure.fraction * exposure.readiness * maximum(0.0, 1.0 + exposure.match)
    share = minimum(1.0, dose * (activity.minutes / 15.0) ** p.dose * trait.rate * exp(activity.quality))
    kept = recall(mind, p)
    now = maximum(kept + (1.0 - kept) * share, 0.001)
    after = Mind(1.0, mind.attempts + share, mind.rate, 0.0)
    return Mind(1.0, after.attempts, mind.rate, -log(now) / fading(after, p))
