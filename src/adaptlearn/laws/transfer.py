"""Transfer (Kirkpatrick's level 3): how much of what is known is used on the job, and how a manager sees it.

    application = mastery x authenticity x opportunity x support x motivation

after the model of Baldwin & Ford (1988): what was learned, how practice was designed and the workplace decide together.
A factor that is absent leaves a share of itself, so that no single one has a veto. Acts only where a population says
``[laws.transfer]``; worked out once, at the end of a life. The platform sees none of it but the manager's check.

Anchors. Blume, Ford, Baldwin & Huang (2010), 89 studies: cognitive ability, conscientiousness, motivation and a
supportive environment go with transfer, each in the order of r = .2 to .4, more so for open skills; ratings by the
same source at the same time inflate that. Similar elements: Thorndike & Woodworth (1901). Opportunity: Ford, Quinones,
Sego & Sorra (1992). Two supervisors agree at .52 on the same person's work (Viswesvaran, Ones & Schmidt 1996). The
directions are theirs; that factors multiply, and every size below, is assumed (C).
"""

from typing import NamedTuple

from adaptlearn.core.equations import floor, formula, maximum, minimum, sigmoid


class Params(NamedTuple):
    """Constants. All of them assumed (C)."""

    day: float = 120.0  # of the manager's check, counted from the start of the programme
    apart: float = 0.6  # share of mastery used where practice looked nothing like the job
    opportunity: float = 1.0  # logit of the chance to use a skill at all ...
    opportunity_sd: float = 1.5  # ... and its spread between workplaces
    manager: float = 0.2  # logit of a manager's support: time, questions, examples
    manager_sd: float = 2.0
    peers: float = 0.4  # logit of colleagues' support
    peers_sd: float = 1.0
    alone: float = 0.4  # share that is used without any support
    lead: float = 0.7  # of support, what the manager's is worth beside colleagues'
    will: float = 0.8  # logit of bothering to use it, at level motivation
    will_motivation: float = 0.8  # logit per SD of motivation at the end
    idle: float = 0.5  # share that is used without any will
    blur: float = 0.09  # sd of a manager's judgement of the same work: two of them agree at about .5
    best: float = 0.6  # application that earns full points


class Workplace(NamedTuple):
    """Where a learner works; each in [0, 1]."""

    opportunity: float
    manager: float
    peers: float


@formula
def workplace(z_opportunity, z_manager, z_peers, p):
    """A learner's workplace, from standard normals."""
    return Workplace(
        sigmoid(p.opportunity + p.opportunity_sd * z_opportunity),
        sigmoid(p.manager + p.manager_sd * z_manager),
        sigmoid(p.peers + p.peers_sd * z_peers),
    )


@formula
def at_least(share, x):
    """A factor that leaves a share of itself where its cause is absent.   [0, 1] -> [share, 1]"""
    return share + (1.0 - share) * x


@formula
def support(place, p):
    """How far the people around carry it."""
    return at_least(p.alone, p.lead * place.manager + (1.0 - p.lead) * place.peers)


@formula
def application(mastery, authenticity, place, motivation, p):
    """How much of one skill shows in the work, [0, 1]."""
    similar = at_least(p.apart, authenticity)
    willing = at_least(p.idle, sigmoid(p.will + p.will_motivation * motivation))
    return mastery * similar * place.opportunity * support(place, p) * willing


@formula
def check(applied, z, p):
    """What a manager notes down, 1 to 5 points."""
    seen = minimum(maximum((applied + p.blur * z) / p.best, 0.0), 1.0)
    return 1.0 + floor(4.0 * seen + 0.5)
