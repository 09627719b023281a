"""Deep knowledge tracing as a law: a gated recurrent unit whose hidden state is the mind.

    z, r = sigmoid(W x + U h + b)                            update and reset gate, each
    c    = sigmoid(W x + U (r h) + b)                        candidate
    h   <- h + (1 - (1 - z) ** n) * maximum(0, c - h)        after n opportunities, x = share right, share wrong
    h   <- h * exp(- days / last)                            while nothing happens
    logit P(right) = start + v . h - difficulty

after Piech et al. (2015) with gated units (Cho et al. 2014) that decay between answers (GRU-D: Che et al. 2018). Its
weights lie in ``dkt.weights.toml``; ``python -m adaptlearn.tracing.dkt_student`` trained them on a log of answers,
through this very text read by PyTorch. In a classroom it is compiled like every law.

Here, unlike there: the state is one skill's, not one learner's, so what learners bring along (their ability) is drawn
at birth instead of being inferred; the state only rises at a visit and only falls between visits (``maximum``, v >= 0),
for a mind is not harmed by a wrong answer, while a tracer's belief in it is; and three units stand where tracers take
sixty-four and more.
"""

import tomllib
from pathlib import Path
from typing import NamedTuple

from adaptlearn.core.equations import exp, formula, log, maximum, minimum, sigmoid, where

LIKELIHOOD = "exact"  # of answers: nothing is drawn after the start, whose normal is one integral
WEIGHTS = Path(__file__).with_suffix(".weights.toml")  #: written by the training, never by hand


class Mind(NamedTuple):
    """One skill of one learner."""

    start: float  # logit brought along
    h1: float  # hidden state, [0, 1]: the unit that fades soonest, as trained
    h2: float  # the next
    h3: float  # the one that stays longest


class Judged(NamedTuple):
    """Constants that no log of answers tells. C = judgement."""

    shown: float = 0.3  # of an opportunity answered right: one only shown (C)
    opportunities: float = 6.0  # in 15 minutes (C)
    dose: float = 0.7  # exponent of minutes / 15
    sd_skill: float = 0.6  # spread of a learner's skills around their ability (AFM on ASSISTments 2009: .6)
    gate_min: float = 0.1  # gain left with a prerequisite wholly absent (C)


_TRAINED = {name: float(value) for name, value in tomllib.loads(WEIGHTS.read_text("utf-8"))["weights"].items()}
Params = NamedTuple("Params", [(name, float) for name in (*Judged._fields, *_TRAINED)])  # type: ignore[misc]
Params.__new__.__defaults__ = (*Judged(), *_TRAINED.values())
Params._field_defaults = Judged._field_defaults | _TRAINED


@formula
def theta(mind, p):
    """Level now, logit."""
    return mind.start + p.v1 * mind.h1 + p.v2 * mind.h2 + p.v3 * mind.h3


@formula
def begin(skill, trait, z, u, p):
    """A newcomer, who has seen nothing: the skill's prior share as a logit, ability, and luck; z ~ N(0, 1)."""
    share = minimum(maximum(skill.prior, 0.001), 0.999)
    return Mind(log(share / (1.0 - share)) + trait.ability + p.sd_skill * z, 0.0, 0.0, 0.0)


@formula
def forget(mind, days, p):
    """Days go by; every unit fades at its own pace."""
    one, two, three = exp(-days / p.last1), exp(-days / p.last2), exp(-days / p.last3)
    return Mind(mind.start, mind.h1 * one, mind.h2 * two, mind.h3 * three)


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
def unit(right, h1, h2, h3, on_right, on_wrong, on_h1, on_h2, on_h3, bias):
    """One gate of one unit: what was answered, the state, a bias."""
    answered = on_right * right + on_wrong * (1.0 - right)
    return sigmoid(answered + on_h1 * h1 + on_h2 * h2 + on_h3 * h3 + bias)


@formula
def risen(h, z, c, n):
    """A unit after n opportunities: part of the way to its candidate, if that is higher."""
    return h + (1.0 - (1.0 - z) ** n) * maximum(0.0, c - h)


@formula
def seen(mind, right, n, p):
    """The mind after n opportunities of which a share was answered right."""
    a, b, c = mind.h1, mind.h2, mind.h3
    z1 = unit(right, a, b, c, p.z1_right, p.z1_wrong, p.z1_h1, p.z1_h2, p.z1_h3, p.z1_bias)
    z2 = unit(right, a, b, c, p.z2_right, p.z2_wrong, p.z2_h1, p.z2_h2, p.z2_h3, p.z2_bias)
    z3 = unit(right, a, b, c, p.z3_right, p.z3_wrong, p.z3_h1, p.z3_h2, p.z3_h3, p.z3_bias)
    r1 = a * unit(right, a, b, c, p.r1_right, p.r1_wrong, p.r1_h1, p.r1_h2, p.r1_h3, p.r1_bias)
    r2 = b * unit(right, a, b, c, p.r2_right, p.r2_wrong, p.r2_h1, p.r2_h2, p.r2_h3, p.r2_bias)
    r3 = c * unit(right, a, b, c, p.r3_right, p.r3_wrong, p.r3_h1, p.r3_h2, p.r3_h3, p.r3_bias)
    c1 = unit(right, r1, r2, r3, p.c1_right, p.c1_wrong, p.c1_h1, p.c1_h2, p.c1_h3, p.c1_bias)
    c2 = unit(right, r1, r2, r3, p.c2_right, p.c2_wrong, p.c2_h1, p.c2_h2, p.c2_h3, p.c2_bias)
    c3 = unit(right, r1, r2, r3, p.c3_right, p.c3_wrong, p.c3_h1, p.c3_h2, p.c3_h3, p.c3_bias)
    return Mind(mind.start, risen(a, z1, c1, n), risen(b, z2, c2, n), risen(c, z3, c3, n))


@formula
def learn(mind, exposure, activity, skill, trait, z, u, p):
    """The mind after a visit: so many opportunities, answered or only shown."""
    done = exposure.weight * exposure.fraction * exposure.readiness * maximum(0.0, 1.0 + exposure.match)
    count = p.opportunities * done * (activity.minutes / 15.0) ** p.dose * trait.rate * exp(activity.quality)
    told = exposure.tested > 0.5
    return seen(mind, where(told, exposure.success, 1.0), where(told, count, count * p.shown), p)
