"""Half-life regression as a law: memory halves every h days, and practice multiplies h.   Settles & Meeder (2016)

    P(recall) = 2 ** (-elapsed / h),     log2 h = bias + right sqrt(1 + answered right) + wrong sqrt(1 + answered wrong)

In half-life regression the weight of wrong answers is free and comes out negative: difficult things have many of them.
In a mind asking does no harm, so both are at least 0. What is only shown counts in part as answered right.
"""

from typing import NamedTuple

from adaptlearn.core.equations import exp, formula, log, maximum, minimum, where

LIKELIHOOD = "exact"  # of answers: nothing is drawn after the start, which is one of two


class Mind(NamedTuple):
    """One skill of one learner, here a fact or a small set of them."""

    met: float  # 1 once it was met
    right: float  # answers right so far, and what counts as such
    wrong: float  # answers wrong so far
    elapsed: float  # days of forgetting so far, equivalent
    memory: float  # factor on every half-life: the learner's


class Params(NamedTuple):
    """Weights on the log2 scale of days. C = judgement."""

    bias: float = 0.5  # with right and wrong: about 2.3 days after one success, FSRS's good
    right: float = 0.5  # so that four successes make it about 3 days, sixteen some 7 (C)
    wrong: float = 0.05  # being told after a mistake helps a little (C)
    shortest: float = 0.0104  # days, a quarter of an hour (Duolingo's own bounds)
    longest: float = 274.0  # days, nine months
    shown: float = 0.5  # of a right answer: what was only shown (C)
    known: float = 200.0  # right answers of one who knew before: a half-life of half a year (C)
    ability_logit: float = 0.5  # logit of the prior per SD of ability / .95 (as in bkt)
    dose: float = 0.7  # exponent of minutes / 15
    gate_min: float = 0.1  # gain left with a prerequisite wholly absent (C)


@formula
def half_life(mind, p):
    """h in days."""
    power = p.bias + p.right * (1.0 + mind.right) ** 0.5 + p.wrong * (1.0 + mind.wrong) ** 0.5
    return minimum(p.longest, maximum(p.shortest, exp(power * 0.6931471805599453))) * mind.memory


@formula
def recall(mind, p):
    """P(recall) now; 0 for what was never met."""
    return where(mind.met > 0.5, exp(-0.6931471805599453 * mind.elapsed / half_life(mind, p)), 0.0)


@formula
def begin(skill, trait, z, u, p):
    """Met before the programme with the skill's prior, shifted by ability; else unknown."""
    odds = skill.prior / maximum(1.0 - skill.prior, 1e-6) * exp(p.ability_logit * trait.ability)
    known = where(u < odds / (1.0 + odds), 1.0, 0.0)
    return Mind(known, known * p.known, 0.0, 0.0, trait.memory)


@formula
def forget(mind, days, p):
    """Days go by."""
    return Mind(mind.met, mind.right, mind.wrong, mind.elapsed + days, mind.memory)


@formula
def p_answer(mind, difficulty, skill, p):
    """P(correct): recalled, or guessed."""
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
    """The mind after a visit; part of a visit closes part of the way to full recall."""
    dose = exposure.weight * exposure.fraction * exposure.readiness * maximum(0.0, 1.0 + exposure.match)
    share = minimum(1.0, dose * (activity.minutes / 15.0) ** p.dose * trait.rate * exp(activity.quality))
    good = where(exposure.tested > 0.5, exposure.success, p.shown)
    bad = where(exposure.tested > 0.5, 1.0 - exposure.success, 0.0)
    after = Mind(1.0, mind.right + share * good, mind.wrong + share * bad, 0.0, mind.memory)
    kept = recall(mind, p)
    now = maximum(kept + (1.0 - kept) * share, 0.001)
    elapsed = -log(now) / 0.6931471805599453 * half_life(after, p)
    return Mind(1.0, after.right, after.wrong, elapsed, mind.memory)
