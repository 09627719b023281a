"""``adaptlearn serve replay DECISION``: a decision again, from what was written down."""

from adaptlearn.export.serve import replaying
from adaptlearn.export.serve.replaying import Config
from adaptlearn.lab.tables import show

WORDS = replaying.WORDS

__all__ = ["WORDS", "Config", "run"]


def run(config: Config) -> int:
    """Do it, and show what there is to see.   -> exit status"""
    answer = replaying.run(config)
    if answer.rows or answer.notes:
        show(answer.rows, format=config.format, notes=answer.notes, more=answer.more)
    return answer.code
