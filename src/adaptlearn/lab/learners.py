"""``adaptlearn serve learner page|link|export|erase``: what one learner may see and have, and that they may go."""

from adaptlearn.export.serve import learners
from adaptlearn.export.serve.learners import Config
from adaptlearn.lab.tables import show

WORDS = learners.WORDS

__all__ = ["WORDS", "Config", "run"]


def run(config: Config) -> int:
    """Do it, and show what there is to see.   -> exit status"""
    answer = learners.run(config)
    if answer.rows or answer.notes:
        show(answer.rows, format=config.format, notes=answer.notes, more=answer.more)
    return answer.code
