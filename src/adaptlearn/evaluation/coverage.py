"""Skills that people train for and nobody teaches, or nobody asks about; and what is taught on paper alone.

Axes: A activities, K skills, R roles.
"""

from dataclasses import dataclass

import numpy as np

from adaptlearn.core.visits import Visits
from adaptlearn.core.world import World


@dataclass(frozen=True)
class Covered:
    """One skill."""

    skill: str
    roles: int  # whose goal rests on it
    taught_by: int  # activities of the catalogue that may be offered
    asked_by: int
    finished: int  # visits of the log to what teaches it
    answered: int  # learners of the log who were asked about it
    verdict: str  # "" where nothing is missing

    @property
    def found(self) -> bool:
        return bool(self.verdict)


def cover(world: World, visits: Visits | None = None) -> list[Covered]:
    """Every skill, those with something missing first."""
    open_now = world.allowed > 0
    teaches, asks = (world.teaches > 0) & open_now[:, None], (world.assesses > 0) & open_now[:, None]
    done, answered = _in_log(world, visits)
    needed = (world.needed > 0).sum(0)
    found = []
    for k, skill in enumerate(world.skills):
        taught, asked = int(teaches[:, k].sum()), int(asks[:, k].sum())
        finished = int((done * (world.teaches[:, k] > 0)).sum())
        words = _missing(taught, asked, visits is not None and finished == 0, visits is not None and answered[k] == 0)
        found.append(Covered(skill.title, int(needed[k]), taught, asked, finished, int(answered[k]), words))
    return sorted(found, key=lambda one: (not one.found, -one.roles))


def _in_log(world: World, visits: Visits | None) -> tuple[np.ndarray, np.ndarray]:
    """Finished visits by activity, learners asked by skill.   -> [A], [K]"""
    if visits is None:
        return np.zeros(len(world.activities)), np.zeros(len(world.skills))
    took = (visits.activity >= 0) & (True if visits.done is None else visits.done)
    done = np.bincount(visits.activity[took], minlength=len(world.activities))
    pairs = np.unique(np.stack([visits.answers.skill, visits.learner[visits.answers.row]]), axis=1)
    return done, np.bincount(pairs[0], minlength=len(world.skills))


def _missing(taught: int, asked: int, never_finished: bool, never_answered: bool) -> str:
    words = [] if taught else ["nobody teaches it"]
    words += [] if asked else ["nobody asks about it"]
    words += ["taught, but never finished"] if taught and never_finished else []
    words += ["asked, but never answered"] if asked and never_answered else []
    return "; ".join(words)
