"""The workplace law: how adults get better at skills of a job, and lose them again.

A skill's level on the logit scale is what the learner brought plus what the programme added and memory kept,

    theta = start + gain * R,     R = (1 + elapsed / stability) ** -d
    P(right) = guess + (1 - guess - slip) * sigmoid(theta - difficulty)
    gain  <-  gain + eta * rate * (minutes / 15) ** dose * readiness * assistance * (1 + ingredients)
                   * (2 - 2 level) ** room / (1 + massed) ** mass * luck
    stability  <-  stability * (1 + growth), most when success comes late

with power-law forgetting (Wixted & Ebbesen 1991) at d = .5: facts in a deck fade at .154 (FSRS-6), skill accuracy
does not (Tatel & Ackerman 2025: half of the gain is gone after 5 to 9 months). Sources of the single effects stand
beside the trials in ``laws/workplace.toml``; most defaults below were fitted to them, see ``workplace.fit.toml``.
"""

from typing import NamedTuple

from adaptlearn.core.equations import exp, formula, log, maximum, minimum, sigmoid, where

LIKELIHOOD = "particles"  # of answers: every gain is drawn, so minds must be drawn along


class Mind(NamedTuple):
    """One skill of one learner."""

    start: float  # logit brought along, never forgotten
    gain: float  # logit added by the programme, before forgetting
    stability: float  # days until retention of the gain falls to 2 ** -d; FSRS's S (R = .9) is .2346 of it at d = .5
    elapsed: float  # days of forgetting so far, equivalent
    massed: float  # recent exposures on this skill, each fading with massed_days


class Params(NamedTuple):
    """Constants of the law. Logit unless said otherwise; fitted through the evidence suite, see docs."""

    mu0: float = -0.772  # level of a median newcomer on a first-layer skill
    layer_step: float = 0.15  # harder by this much per prerequisite layer
    sd_skill: float = 1.08  # spread of a learner's skills around their ability
    eta: float = 0.3  # gain of 15 plain minutes
    dose: float = 0.7  # exponent of minutes / 15
    noise: float = 0.322  # log-sd of a single gain
    room: float = 0.366  # exponent of the room left, 2 (1 - level)
    repeat: float = 0.021  # exponent of 1 + earlier visits to the same activity
    mass: float = 0.399  # exponent of 1 + recent exposures: massed practice teaches less
    massed_days: float = 1.03  # days in which a recent exposure fades
    partial: float = 0.4  # share of the gain an unfinished activity still gives
    zeal: float = 0.15  # log-gain per SD of motivation
    k_retrieval: float = 0.582  # additions to the gain factor ...
    k_elaborated: float = 1.45
    k_correct: float = 0.766
    k_verification: float = 0.136
    k_multimedia: float = 0.853
    k_coach: float = 0.62
    k_peer: float = 0.689
    k_flipped: float = 0.848
    k_blended: float = 0.585
    cap: float = 3.05  # ... and the most they add together
    k_assist: float = 2.64  # strength of the expertise reversal
    m_assist: float = 0.405  # level at which assistance stops helping
    gate_min: float = 0.163  # gain left with a prerequisite wholly absent
    gate_slope: float = 1.12  # 1/logit
    guess: float = 0.18  # P(correct) of one who knows nothing (BKT on ASSISTments 2009, median .176)
    slip: float = 0.10  # P(wrong) of one who knows (Corbett & Anderson's convention)
    decay: float = 0.5  # d, exponent of forgetting
    s0: float = 3.26  # stability of new material, days
    s_cap: float = 57.9  # largest stability, days
    s_growth: float = 4.48  # growth of stability at a review
    s_success: float = 1.37  # more growth after successful retrieval
    s_failure: float = 0.3  # less after a failure
    recover: float = 0.516  # share of the forgetting that a review undoes


@formula
def retention(mind, p):
    """Share of the gain still there.   Wixted & Ebbesen (1991)"""
    return (1.0 + mind.elapsed / mind.stability) ** (-p.decay)


@formula
def theta(mind, p):
    """Level now, logit."""
    return mind.start + mind.gain * retention(mind, p)


@formula
def begin(skill, trait, z, u, p):
    """A newcomer's mind for one skill; z ~ N(0, 1)."""
    return Mind(p.mu0 - p.layer_step * skill.layer + trait.ability + p.sd_skill * z, 0.0, p.s0 * trait.memory, 0.0, 0.0)


@formula
def forget(mind, days, p):
    """Days go by. Composes: forget(forget(m, a), b) = forget(m, a + b)."""
    return Mind(mind.start, mind.gain, mind.stability, mind.elapsed + days, mind.massed * exp(-days / p.massed_days))


@formula
def p_answer(mind, difficulty, skill, p):
    """P(correct) on an item: three-parameter logistic with an upper asymptote (Barton & Lord 1981)."""
    return p.guess + (1.0 - p.guess - p.slip) * sigmoid(theta(mind, p) - difficulty)


@formula
def level(mind, skill, p):
    """P(correct on the reference item): open, of difficulty 0, with neither guess nor slip."""
    return sigmoid(theta(mind, p))


@formula
def forecast(mind, days, skill, p):
    """The level in some days without practice."""
    return level(forget(mind, days, p), skill, p)


@formula
def supports(mind, skill, p):
    """How far this skill carries what is built on it."""
    return p.gate_min + (1.0 - p.gate_min) * sigmoid(p.gate_slope * theta(mind, p))


@formula
def ingredients(activity, exposure, p):
    """What the design of the activity adds to the gain factor, capped."""
    tested = p.k_retrieval * exposure.tested
    feedback = p.k_elaborated * activity.elaborated + p.k_correct * activity.correct_answer
    told = exposure.tested * (feedback + p.k_verification * activity.verification)
    together = maximum(activity.peer, exposure.helped)
    people = p.k_coach * activity.coach + p.k_peer * together * (1.0 + exposure.peers)
    form = p.k_multimedia * activity.multimedia + p.k_flipped * activity.flipped + p.k_blended * activity.blended
    return minimum(tested + told + people + form, p.cap)


@formula
def log_gain(level, mind, exposure, activity, z, p):
    """What multiplies every gain, as a sum of logarithms: dose, room, staleness, massing, zeal, quality, chance."""
    effort = p.dose * log(activity.minutes / 15.0) + p.room * log(2.0 * (1.0 - level)) + activity.quality
    stale = p.repeat * log(1.0 + exposure.repeats) + p.mass * log(1.0 + mind.massed)
    return effort - stale + p.zeal * exposure.motivation + p.noise * z


@formula
def gained(mind, exposure, activity, trait, z, p):
    """New logit from one visit."""
    now = minimum(sigmoid(theta(mind, p)), 0.999999)
    assistance = maximum(0.0, 1.0 + p.k_assist * (2.0 * activity.assistance - 1.0) * 2.0 * (p.m_assist - now))
    design = (1.0 + ingredients(activity, exposure, p)) * maximum(0.0, 1.0 + exposure.match)
    done = where(exposure.fraction < 1.0, p.partial, 1.0) * exposure.readiness
    base = p.eta * trait.rate * exposure.weight
    return base * assistance * design * done * exp(log_gain(now, mind, exposure, activity, z, p))


@formula
def stabler(mind, exposure, trait, p):
    """Stability after a visit: it grows most when success comes late.   after FSRS-6's S'"""
    lost = 1.0 - retention(mind, p)
    retrieved = p.s_failure + (1.0 + p.s_success - p.s_failure) * exposure.success
    effort = where(exposure.tested > 0.5, retrieved, 1.0)
    growth = p.s_growth * mind.stability ** (-0.1666) * (exp(0.796 * lost) - 1.0)
    return minimum(p.s_cap * trait.memory, mind.stability * (1.0 + effort * growth))


@formula
def learn(mind, exposure, activity, skill, trait, z, u, p):
    """The mind after a visit: old gain is refreshed in part, new gain enters fresh."""
    new = gained(mind, exposure, activity, trait, z, p)
    kept = retention(mind, p)
    refreshed = kept + (1.0 - kept) * p.recover * exposure.fraction
    total = mind.gain + new
    blend = where(total > 0.0, (mind.gain * refreshed + new) / maximum(total, 1e-9), 1.0)
    stability = stabler(mind, exposure, trait, p)
    elapsed = stability * (minimum(blend, 1.0) ** (-1.0 / p.decay) - 1.0)
    return Mind(mind.start, total, stability, elapsed, mind.massed + exposure.weight)
