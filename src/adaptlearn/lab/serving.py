"""``adaptlearn serve``: a bundle on duty behind HTTP, and what is done with it there.

The service itself is ``export/serve`` and knows nothing of the laboratory; here it gets keys and tables as verbs do.
"""

from adaptlearn.export.serve import verbs
from adaptlearn.export.serve.verbs import Config
from adaptlearn.lab.tables import show

WORDS = verbs.WORDS

__all__ = ["WORDS", "Config", "run"]


def run(config: Config) -> int:
    """Do what the action says, and show what there is to see.   -> exit status"""
    return shown(verbs.run(config), config.format)


def shown(answer: verbs.Answer, format: str) -> int:
    """What a verb of the service has to say, as verbs say it.   -> exit status"""
    if answer.rows or answer.notes:
        show(answer.rows, format=format, notes=answer.notes, more=answer.more)
    return answer.code
