"""A law: what is practised grows towards certainty by a fixed share, and nothing is forgotten."""

from typing import NamedTuple

from adaptlearn.core.equations import formula, maximum, minimum


class Mind(NamedTuple):
    """One skill of one learner."""

    grown: float  # 0 to 1


class Params(NamedTuple):
    """Constants."""

    pace: float = 0.3  # share of what is missing that one activity gives


@formula
def begin(skill, trait, z, u, p):
    """As much as newcomers know, more or less."""
    return Mind(minimum(maximum(skill.prior + 0.1 * trait.ability, 0.0), 1.0))


@formula
def forget(mind, days, p):
    """Nothing is."""
    return mind


@formula
def p_answer(mind, difficulty, skill, p):
    """P(correct on one item)."""
    return skill.guess + (1.0 - skill.guess - skill.slip) * mind.grown


@formula
def level(mind, skill, p):
    """P(correct on the reference item) now."""
    return mind.grown


@formula
def forecast(mind, days, skill, p):
    """The same in some days."""
    return mind.grown


@formula
def supports(mind, skill, p):
    """How far this skill carries what is built on it."""
    return mind.grown


@formula
def learn(mind, exposure, activity, skill, trait, z, u, p):
    """A share of what is missing."""
    share = minimum(p.pace * exposure.weight * exposure.fraction * exposure.readiness, 1.0)
    return Mind(mind.grown + (1.0 - mind.grown) * share)
