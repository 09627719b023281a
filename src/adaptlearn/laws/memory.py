"""The memory law: facts that fade, after the free spaced repetition scheduler, version 6 (FSRS-6).

    R = (1 + factor elapsed / stability) ** -w20,     factor = .9 ** (-1 / w20) - 1

Stability S is the days after which R is .9; a review lengthens it, most when it comes late. Equations and weights
w0 to w20 are those of FSRS-6 (Ye 2025; the ``fsrs`` package, with which this text agrees review by review where a visit
is one question of 15 minutes); its power-law decay of .154 is for facts in a deck, not for skills (see ``workplace``).

One thing is read differently. FSRS shortens stability after a failure: it estimates, and a failure is news that the
estimate was too high. Here the mind is the truth and asking does no harm, so stability stays; ``lapse = 1`` is FSRS to
the letter. What is only shown, not asked, counts as a review graded *hard*.
"""

from typing import NamedTuple

from adaptlearn.core.equations import exp, formula, maximum, minimum, where

LIKELIHOOD = "exact"  # of answers: nothing is drawn after the start, which is one of two


class Mind(NamedTuple):
    """One skill of one learner, here a fact or a small set of them."""

    stability: float  # days until R = .9; 0 = never met
    difficulty: float  # 1 to 10
    elapsed: float  # days of forgetting so far, equivalent
    since: float  # days since the last visit


class Params(NamedTuple):
    """The default weights of FSRS-6 (``fsrs`` 6.3.2), and what a mind needs beside them."""

    w0: float = 0.212  # stability after a first review graded again, hard, good, easy: days
    w1: float = 1.2931
    w2: float = 2.3065
    w3: float = 8.2956
    w4: float = 6.4133  # difficulty after a first review graded again
    w5: float = 0.8334  # and how it falls with the grade
    w6: float = 3.0194  # difficulty: change per grade away from good
    w7: float = 0.001  # difficulty: pull back to that of easy
    w8: float = 1.8722  # growth of stability: its log level,
    w9: float = 0.1666  # less of it for what is stable already,
    w10: float = 0.796  # more of it for what is nearly forgotten
    w11: float = 1.4835  # stability after a failure: its level,
    w12: float = 0.0614  # less for what is difficult,
    w13: float = 0.2629  # more for what was stable,
    w14: float = 1.6483  # more for what was nearly forgotten
    w15: float = 0.6014  # factor on growth: hard
    w16: float = 1.8729  # factor on growth: easy
    w17: float = 0.5425  # same-day reviews: per grade,
    w18: float = 0.0912  # from just below good,
    w19: float = 0.0658  # less for what is stable already
    w20: float = 0.1542  # d, exponent of forgetting
    lapse: float = 0.0  # share of FSRS's loss of stability after a failure that is real: 0 none, 1 as FSRS has it
    ability_logit: float = 0.5  # logit of the prior per SD of ability / .95 (as in bkt)
    brought: float = 30.0  # stability and age in days of what was known before, so R = .9 (C)
    dose: float = 0.7  # exponent of minutes / 15
    gate_min: float = 0.1  # gain left with a prerequisite wholly absent (C)


@formula
def factor(p):
    """What makes R = .9 at elapsed = stability."""
    return 0.9 ** (-1.0 / p.w20) - 1.0


@formula
def retention(mind, p):
    """R, the chance of recall now; 0 for what was never met."""
    faded = (1.0 + factor(p) * mind.elapsed / maximum(mind.stability, 1e-6)) ** (-p.w20)
    return where(mind.stability > 0.0, faded, 0.0)


@formula
def first_difficulty(grade, p):
    """D0(G), not yet held within 1 and 10."""
    return p.w4 - exp(p.w5 * (grade - 1.0)) + 1.0


@formula
def bounded(difficulty):
    """Within 1 and 10."""
    return minimum(10.0, maximum(1.0, difficulty))


@formula
def begin(skill, trait, z, u, p):
    """Met before the programme with the skill's prior, shifted by ability; else unknown."""
    odds = skill.prior / maximum(1.0 - skill.prior, 1e-6) * exp(p.ability_logit * trait.ability)
    known = where(u < odds / (1.0 + odds), 1.0, 0.0)
    return Mind(known * p.brought * trait.memory, bounded(first_difficulty(3.0, p)), known * p.brought, p.brought)


@formula
def forget(mind, days, p):
    """Days go by."""
    return Mind(mind.stability, mind.difficulty, mind.elapsed + days, mind.since + days)


@formula
def p_answer(mind, difficulty, skill, p):
    """P(correct): recalled, or guessed; a fact has no item difficulty, so it is ignored."""
    return skill.guess + (1.0 - skill.guess - skill.slip) * retention(mind, p)


@formula
def level(mind, skill, p):
    """P(correct on the reference item): open, with neither guess nor slip."""
    return retention(mind, p)


@formula
def forecast(mind, days, skill, p):
    """The level in some days without practice."""
    return retention(forget(mind, days, p), p)


@formula
def supports(mind, skill, p):
    """How far this skill carries what is built on it."""
    return p.gate_min + (1.0 - p.gate_min) * retention(mind, p)


@formula
def recalled(mind, hard, p):
    """Stability after a review that succeeded.   S' of FSRS-6; hard = 1 where it was graded so"""
    S, D = maximum(mind.stability, 1e-6), mind.difficulty
    growth = exp(p.w8) * (11.0 - D) * S ** (-p.w9) * (exp(p.w10 * (1.0 - retention(mind, p))) - 1.0)
    long = 1.0 + growth * (1.0 + hard * (p.w15 - 1.0))
    short = maximum(1.0, exp(p.w17 * (p.w18 - hard)) * S ** (-p.w19))
    return S * where(mind.since < 1.0, short, long)


@formula
def lapsed(mind, p):
    """Stability after a review that failed.   S' of FSRS-6, of which only the share ``lapse`` may take away"""
    S, D = maximum(mind.stability, 1e-6), mind.difficulty
    late = p.w11 * D ** (-p.w12) * ((S + 1.0) ** p.w13 - 1.0) * exp(p.w14 * (1.0 - retention(mind, p)))
    long = minimum(late, S / exp(p.w17 * p.w18))
    short = S * exp(p.w17 * (p.w18 - 2.0)) * S ** (-p.w19)
    told = maximum(where(mind.since < 1.0, short, long), 0.001)
    return where(told < S, S + p.lapse * (told - S), told)


@formula
def next_difficulty(mind, grade, p):
    """D after a review."""
    moved = mind.difficulty - p.w6 * (grade - 3.0) * (10.0 - mind.difficulty) / 9.0
    return bounded(p.w7 * first_difficulty(4.0, p) + (1.0 - p.w7) * moved)


@formula
def learn(mind, exposure, activity, skill, trait, z, u, p):
    """The mind after a visit; part of a visit closes part of the way to what the whole would leave."""
    minutes = (activity.minutes / 15.0) ** p.dose
    dose = exposure.weight * exposure.fraction * exposure.readiness * maximum(0.0, 1.0 + exposure.match)
    share = minimum(1.0, dose * minutes * trait.rate * exp(activity.quality))
    asked, right, new = exposure.tested > 0.5, exposure.success, mind.stability <= 0.0
    first = where(asked, p.w0 + right * (p.w2 - p.w0), p.w1) * trait.memory
    again = where(asked, lapsed(mind, p) + right * (recalled(mind, 0.0, p) - lapsed(mind, p)), recalled(mind, 1.0, p))
    stability = where(new, first, mind.stability + share * (again - mind.stability))
    grade = 1.0 + 2.0 * right
    harder = where(new, bounded(first_difficulty(grade, p)), next_difficulty(mind, grade, p))
    difficulty = where(asked, mind.difficulty + share * (harder - mind.difficulty), mind.difficulty)
    kept = retention(mind, p)
    now = maximum(kept + (1.0 - kept) * share, 0.01)
    return Mind(stability, difficulty, stability / factor(p) * (now ** (-1.0 / p.w20) - 1.0), 0.0)
