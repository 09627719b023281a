"""``adaptlearn serve learner page|link|export|erase``: what one learner may see and have, and that they may go."""

from adaptlearn.export.serve import learners
from adaptlearn.export.serve.learners import Config
from adaptlearn.lab.serving import shown

WORDS = learners.WORDS

__all__ = ["WORDS", "Config", "run"]


def run(config: Config) -> int:
    """Do it, and show what there is to see.   -> exit status"""
    return shown(learners.run(config), config.format)
