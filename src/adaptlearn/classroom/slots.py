"""Names that the generator fills in: the law, the behaviour, the reward, and the types read from rows.

``kernel`` and ``trials`` are written against these; ``generate`` replaces ``law.learn`` by the chosen law's text.
They are never called from Python.
"""

from typing import Any


class Slot:
    """A place in the story that a module of scalar text will take."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"the story is a template: slot.{name} exists only in a generated module (see generate)")


law: Any = Slot()
behaviour: Any = Slot()
reward: Any = Slot()
world: Any = Slot()
layout: Any = Slot()
learner: Any = Slot()
record: Any = Slot()
luck: Any = Slot()
each: Any = range  # every learner in turn; on a graphics card, those of one thread
claim: Any = Slot()  # the next free place of a list that every learner may write to
