"""Who learns better from which format cannot be told from an ordinary log; what would tell it.

Aptitude acts, if at all, on what is learned, and a log shows only what was learned from the formats that this learner
was given. Where formats follow a rule or the learner's taste, whoever gets more video also differs otherwise. A fair
coin at each decision breaks that tie: a micro-randomised trial (Klasnja et al. 2015; Liao, Klasnja, Tewari & Murphy
2016) between activities that teach the same skill in different formats.
"""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from adaptlearn.core.learner import MODES
from adaptlearn.core.log import EventLog
from adaptlearn.core.world import World

COIN = 0.5  #: chance of either format at a decision
POWER, ERROR = 0.8, 0.05
APART = 0.3  #: least difference in a mode's share for two activities to be a contrast of formats
OPEN = 0.05  #: an offer of chance within [OPEN, 1 - OPEN] was a draw


class Contrast(NamedTuple):
    """A coin to throw: two activities that teach the same skill, one with more of a mode than the other."""

    skill: str
    mode: str
    more: str  # activity with more of it
    less: str
    apart: float  # difference of the mode's share


def contrasts(world: World) -> list[Contrast]:
    """All pairs a micro-randomised trial could use; per skill and mode the widest."""
    shares = np.array([activity.access_mode for activity in world.activities])
    found = []
    for k, skill in enumerate(world.skill_ids):
        teach = np.flatnonzero(world.teaches[:, k] >= 0.5)
        for j, mode in enumerate(MODES):
            if len(teach) < 2:
                continue
            most, least = teach[shares[teach, j].argmax()], teach[shares[teach, j].argmin()]
            apart = float(shares[most, j] - shares[least, j])
            if apart >= APART:
                found.append(Contrast(skill, mode, world.activity_ids[most], world.activity_ids[least], apart))
    return found


class Size(NamedTuple):
    """What a trial needs to see an effect of a format on the next test of the skill."""

    effect: float  # SD of the test per decision
    decisions: int  # in all, for the mean effect, power .8
    each: int  # per learner, until one learner's own effect is told with reliability .5, if effects spread by `effect`


def sizes(effects: tuple[float, ...] = (0.1, 0.2, 0.31)) -> list[Size]:
    """Decisions needed, taking tests as independent given the learner: (z + z)^2 / (p (1 - p) effect^2)."""
    normal = NormalDist()
    both = (normal.inv_cdf(1.0 - ERROR / 2.0) + normal.inv_cdf(POWER)) ** 2
    spread = COIN * (1.0 - COIN)
    return [Size(e, int(np.ceil(both / (spread * e * e))), int(np.ceil(1.0 / (spread * e * e)))) for e in effects]


def exposure_in_words(log: EventLog, world: World) -> tuple[bool, str]:
    """Whether formats were drawn by chance in this log, and what follows for aptitude.   -> could it tell, why"""
    pairs = contrasts(world)
    if not pairs:
        return False, ("aptitude cannot be told: no two activities of this world teach the same skill in different "
                       "formats")  # fmt: skip
    index = world.activity_index
    these = {index[a] for pair in pairs for a in (pair.more, pair.less)}
    offered = np.isin(log["offered"][:, 0], list(these))
    chance = log["propensity"][:, 0]
    drawn = offered & (chance >= OPEN * 0.1) & (chance <= 1.0 - OPEN)
    share = float(drawn.sum() / max(offered.sum(), 1))
    if share < 0.5:
        return False, (
            f"aptitude cannot be told: {share:.0%} of the offers with a choice of format were drawn by chance; "
            "who got which format follows a rule, and so does whatever else decides learning"
        )
    need = sizes()[0]
    return True, (
        f"formats were drawn by chance in {share:.0%} of {int(offered.sum()):,} offers: their mean effect on the next "
        f"test can be estimated (an effect of {need.effect} SD takes {need.decisions:,} decisions); one learner's own "
        f"aptitude takes about {need.each} decisions each, so it stays as assumed"
    )
