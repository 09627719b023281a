"""The knowledge-structure law: what a skill rests on decides how much of a lesson arrives.

    state  <-  state + (top - state) * half * exp(- sum over prerequisites of (top - their state))
    P(right) = guess + (1 - guess) * sigmoid(1.7 * slope * (state - difficulty))

the learner of the Knowledge Structure based Simulator (KSS) of Liu, Tong, Liu, Zhao, Chen, Ma & Wang (2019, CSEAL), as
published in EduSim, with its three-parameter item response (Birnbaum 1968). The sum over prerequisites is exactly the
product of this law's ``supports``. Nothing is forgotten, and answers do not matter to learning.

Here, unlike there: a lesson passes nothing on to the skills built on its own (there, half per link: a law sees one
skill at a time); answers are drawn by their chance, not right whenever it is .5; some learners had the skill before;
difficulty follows the depth of a skill instead of a random order; and a visit has a dose.
"""

from typing import NamedTuple

from adaptlearn.core.equations import exp, formula, maximum, minimum, sigmoid, where

LIKELIHOOD = "exact"  # of answers: nothing is drawn after the start, which is known or one integral


class Mind(NamedTuple):
    """One skill of one learner."""

    state: float  # on the scale of item difficulties, at most top


class Params(NamedTuple):
    """Constants, as in EduSim unless marked C = judgement."""

    top: float = 5.0  # the most a state can be
    half: float = 0.5  # share of the way to the top that one visit covers, all prerequisites at the top
    lowest: float = -3.0  # states of newcomers are even from here ...
    highest: float = 0.0  # ... to here
    known: float = 4.5  # state of one who had the skill before (C)
    slope: float = 5.0  # discrimination of an item
    guess: float = 0.25  # P(right) of one far below an item
    first: float = 1.0  # difficulty of a skill without prerequisites (C; there, whole numbers 0 to 5 in order)
    layer_step: float = 1.0  # harder by this much per prerequisite layer (C) ...
    hardest: float = 4.0  # ... up to this (C)
    ability_logit: float = 0.5  # logit of the prior per SD of ability / .95 (as in bkt)
    dose: float = 0.7  # exponent of minutes / 15


@formula
def advantage(mind, skill, p):
    """How far above its items a state is, logit."""
    difficulty = minimum(p.first + p.layer_step * skill.layer, p.hardest)
    return 1.7 * p.slope * (mind.state - difficulty)


@formula
def begin(skill, trait, z, u, p):
    """A state before any lesson. One uniform serves two draws: given it is beyond the prior, the rest is uniform."""
    odds = skill.prior / maximum(1.0 - skill.prior, 1e-6) * exp(p.ability_logit * trait.ability)
    prior = odds / (1.0 + odds)
    rest = (u - prior) / maximum(1.0 - prior, 1e-6)
    return Mind(where(u < prior, p.known, p.lowest + (p.highest - p.lowest) * rest))


@formula
def forget(mind, days, p):
    """Days change nothing."""
    return Mind(mind.state + 0.0 * days)


@formula
def p_answer(mind, difficulty, skill, p):
    """P(correct) on an item this much harder than the skill's own: three-parameter logistic."""
    return p.guess + (1.0 - p.guess) * sigmoid(advantage(mind, skill, p) - difficulty)


@formula
def level(mind, skill, p):
    """P(correct on the reference item): of the skill's own difficulty, without guessing."""
    return sigmoid(advantage(mind, skill, p))


@formula
def forecast(mind, days, skill, p):
    """The level in some days without practice: the level now."""
    return level(forget(mind, days, p), skill, p)


@formula
def supports(mind, skill, p):
    """The factor exp(-(top - state)) of one prerequisite in the published discount."""
    return exp(mind.state - p.top)


@formula
def learn(mind, exposure, activity, skill, trait, z, u, p):
    """Part of the way to the top; several doses cover it as several visits would."""
    dose = exposure.weight * exposure.fraction * (activity.minutes / 15.0) ** p.dose * trait.rate
    visits = dose * maximum(0.0, 1.0 + exposure.match) * exp(activity.quality)
    covered = 1.0 - (1.0 - p.half * exposure.readiness) ** visits
    return Mind(mind.state + (p.top - mind.state) * covered)
