"""``adaptlearn serve replay DECISION``: a decision again, from what was written down."""

from adaptlearn.export.serve import replaying
from adaptlearn.export.serve.replaying import Config
from adaptlearn.lab.serving import shown

WORDS = replaying.WORDS

__all__ = ["WORDS", "Config", "run"]


def run(config: Config) -> int:
    """Do it, and show what there is to see.   -> exit status"""
    return shown(replaying.run(config), config.format)
