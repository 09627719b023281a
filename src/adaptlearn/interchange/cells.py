"""What the cells of a log may say, and how each kind is read: text, right or wrong, a number."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.interchange.presets import Preset

LONGEST = 10_000  #: characters; a longer name is free text or a torn file
MISSING = frozenset(("", "nan", "null", "none", "n/a", "\\n"))
RIGHT_WRONG = {"1": 1, "0": 0, "1.0": 1, "0.0": 0, "true": 1, "false": 0, "correct": 1, "incorrect": 0}

Faulty = dict[int, str]  #: place within a portion -> why that row cannot be used


class Unusable(ValueError):
    """A cell that cannot be used; the argument says why."""


class Text:
    """Words as they stand, without the blanks around them; each distinct cell is looked at once.

    A column is an array of codes, portion by portion, until ``join`` makes words of them.
    """

    kind = np.int32

    def __init__(self, name: str, chosen: Preset):
        self.name, self.chosen = name, chosen
        self.words: list[str] = []
        self.known: dict[bytes, Any] = {}  # cell -> what it means, or Unusable
        self.code: dict[str, int] = {}

    def read(self, cells: Any, faulty: Faulty) -> NDArray[Any]:
        """A portion's cells, pyarrow binary [m] -> [m]; unusable ones are 0 and go into ``faulty``."""
        coded = cells.dictionary_encode()
        distinct, places = coded.dictionary.to_pylist(), coded.indices.to_numpy()
        for cell in distinct:
            if cell not in self.known:
                self.known[cell] = self._meaning(cell)
        meant = [self.known[cell] for cell in distinct]
        odd = np.array([isinstance(value, Unusable) for value in meant], bool)
        if odd.any():
            for at in np.flatnonzero(odd[places]).tolist():
                faulty[at] = str(meant[places[at]])
            meant = [0 if unusable else value for value, unusable in zip(meant, odd, strict=True)]
        return np.array(meant, self.kind)[places]

    def _meaning(self, cell: bytes) -> object:
        try:
            word = cell.decode("utf-8").strip()
        except UnicodeDecodeError:
            return Unusable(f"{self.name} is not text in the encoding of the file")
        if word.casefold() in MISSING:
            return Unusable(f"no {self.name}")
        if len(word) > LONGEST:
            return Unusable(f"{self.name} has more than {LONGEST:,} characters")
        return self.value(word)

    def value(self, word: str) -> object:
        if word not in self.code:
            self.code[word] = len(self.words)
            self.words.append(word)
        return self.code[word]

    def join(self, parts: list[NDArray[Any]]) -> NDArray[Any]:
        words = np.empty(len(self.words), object)
        words[:] = self.words
        return words[np.concatenate(parts)]


class Answer(Text):
    """Right or wrong, as 1 and 0."""

    kind = np.uint8

    def value(self, word: str) -> object:
        low = word.casefold()
        value = self.chosen.answers.get(low, RIGHT_WRONG.get(low))
        return Unusable(f"{self.name} is neither right nor wrong") if value is None else value

    def join(self, parts: list[NDArray[Any]]) -> NDArray[Any]:
        return np.concatenate(parts)


class Number(Answer):
    """A finite number with a decimal point."""

    kind = np.float64

    def read(self, cells: Any, faulty: Faulty) -> NDArray[Any]:
        try:
            values = np.array(cells.to_pylist()).astype(np.float64)  # most are distinct: looking each up is slower
            if np.isfinite(values).all():
                return values
        except ValueError:
            pass
        values = super().read(cells, faulty)
        self.known.clear()
        return values

    def value(self, word: str) -> object:
        try:
            value = float(word)
        except ValueError:
            return Unusable(f"{self.name} is not a number")
        return value if np.isfinite(value) else Unusable(f"{self.name} is not a finite number")


KINDS: dict[str, type[Text]] = {
    "learner": Text, "skill": Text, "correct": Answer, "item": Text, "group": Text, "split": Text,
    "order": Number, "day": Number,
}  # fmt: skip
"""Our columns, and how their cells are read."""
