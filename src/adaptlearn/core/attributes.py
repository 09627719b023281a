"""Language and access needs: whom a platform may treat otherwise without meaning to. No policy or law reads them.

Both are drawn beside the traits and hang on them, so that groups differ in what they like as people do: who reads in a
second language likes text less, who hears or sees little likes that mode less. The shares and shifts are assumed (grade
C); that one in twenty has a hearing loss that disables is WHO's (2021) figure.

Axes: N learners.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adaptlearn.core import luck
from adaptlearn.core.learner import Traits

LANGUAGES = ("first language", "second language")
ACCESS = ("no need told", "hearing", "sight", "movement")
SECOND, SHIFT = 0.2, 0.8  #: share who read in a second language; logit by which one SD of liking text moves it
NEEDS = {"hearing": (0.05, "like_auditory"), "sight": (0.04, "like_visual"), "movement": (0.03, "like_kinesthetic")}
DRAW = 2  #: step of the address under POPULATION; the population itself draws at 0 and 1


def languages(traits: NDArray[np.float32], ids: ArrayLike, seed: int) -> NDArray[np.int64]:
    """Index into LANGUAGES.   traits [N, len(Traits)], ids [N] -> [N]"""
    likes = traits[:, Traits._fields.index("like_textual")]
    return (_uniform(ids, seed, 0) < _share(SECOND, likes)).astype(np.int64)


def access_needs(traits: NDArray[np.float32], ids: ArrayLike, seed: int) -> NDArray[np.int64]:
    """Index into ACCESS.   traits [N, len(Traits)], ids [N] -> [N]"""
    likes = (traits[:, Traits._fields.index(name)] for _, name in NEEDS.values())
    ends = np.cumsum([_share(share, like) for (share, _), like in zip(NEEDS.values(), likes, strict=True)], 0)
    return np.asarray((1 + (_uniform(ids, seed, 1) >= ends).sum(0)) % len(ACCESS))


def _share(share: float, likes: NDArray[np.float32]) -> NDArray[np.float64]:
    """The share among people who like a mode so much."""
    return np.asarray(1.0 / (1.0 + np.exp(-(np.log(share / (1.0 - share)) - SHIFT * likes))), np.float64)


def _uniform(ids: ArrayLike, seed: int, draw: int) -> NDArray[np.float32]:
    return luck.uniform(seed, luck.POPULATION, np.asarray(ids, np.uint64), DRAW, draw)
