"""What the cells of a log may say, and how each kind is read: text, yes or no, a number. Times are in ``moments``."""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.interchange.presets import Preset

LONGEST = 10_000  #: characters; a longer name is free text or a torn file
MISSING = frozenset(("", "nan", "null", "none", "n/a", "\\n"))
YES_NO = {"1": 1, "0": 0, "1.0": 1, "0.0": 0, "true": 1, "false": 0, "correct": 1, "incorrect": 0}

TORN = "\ufdd0"  #: stands before bytes that are no text in the encoding of the file
UNKNOWN = 255  #: neither yes nor no was said

Faulty = dict[int, str]  #: place within a portion -> why that row cannot be used


class Unusable(ValueError):
    """A cell that cannot be used; the argument says why."""


class Text:
    """Words as they stand, without the blanks around them; each distinct cell is looked at once.

    A column is an array of codes, portion by portion; ``words`` says what they stand for.
    """

    kind: type = np.int32
    unknown: object = None  # what a blank cell means where it may be blank

    def __init__(self, name: str, chosen: Preset, *, decimal: str = ".", blank: bool = False):
        self.name, self.chosen, self.decimal, self.blank = name, chosen, decimal, blank
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
        return np.array(meant, self.kind)[places] if distinct else np.empty(0, self.kind)

    def _meaning(self, cell: bytes) -> object:
        word = cell.decode("utf-8").strip()
        if TORN in word:
            return Unusable(f"{self.name} is not text in the encoding of the file")
        low = word.casefold()
        if low in MISSING or low in self.chosen.missing:
            return self.nothing() if self.blank else Unusable(f"no {self.name}")
        if len(word) > LONGEST:
            return Unusable(f"{self.name} has more than {LONGEST:,} characters")
        return self.value(word)

    def nothing(self) -> object:
        """What a blank cell means."""
        return self.value("")

    def value(self, word: str) -> object:
        if word not in self.code:
            self.code[word] = len(self.words)
            self.words.append(word)
        return self.code[word]

    def spelt(self, codes: NDArray[Any]) -> NDArray[Any]:
        """What the codes stand for.   [m] -> [m]"""
        words = np.empty(len(self.words), object)
        words[:] = self.words
        return words[codes]


class Answer(Text):
    """Yes or no, right or wrong, as 1 and 0; UNKNOWN where a blank is allowed and found."""

    kind = np.uint8

    def nothing(self) -> object:
        return UNKNOWN

    def value(self, word: str) -> object:
        low = re.sub(r"[\s_.\u00a0-]+", " ", word.casefold()).strip() if self.chosen.answers else word.casefold()
        value = self.chosen.answers.get(low, YES_NO.get(word.casefold(), self.chosen.otherwise))
        if value is not None:
            return value
        return Unusable(f"{self.name} is neither right nor wrong" if self.name == "correct"
                        else f"{self.name} is an unknown word: {word[:40]!r}")  # fmt: skip

    def spelt(self, codes: NDArray[Any]) -> NDArray[Any]:
        return codes


class Number(Answer):
    """A finite number; NaN where a blank is allowed and found."""

    kind = np.float64
    least, most = -np.inf, np.inf  # what it may be

    def __init__(self, name: str, chosen: Preset, *, decimal: str = ".", blank: bool = False):
        super().__init__(name, chosen, decimal=decimal, blank=blank)
        self.unit = chosen.units.get(name, 1.0)

    def read(self, cells: Any, faulty: Faulty) -> NDArray[Any]:
        if self.decimal == ".":
            try:
                values = np.array(cells.to_pylist()).astype(np.float64)  # most are distinct: looking each up is slower
                if (np.isfinite(values) & (values >= self.least) & (values <= self.most)).all():
                    return values * self.unit
            except ValueError:
                pass
        values = super().read(cells, faulty)
        self.known.clear()
        return values

    def nothing(self) -> object:
        return np.nan

    def value(self, word: str) -> object:
        try:
            value = float(number_of(word, self.decimal))
        except ValueError:
            hint = (
                f" with a decimal {'point' if self.decimal == '.' else 'comma'}" if "," in word or "." in word else ""
            )
            return Unusable(f"{self.name} is not a number{hint}")
        if not np.isfinite(value):
            return Unusable(f"{self.name} is not a finite number")
        if not self.least <= value <= self.most:
            span = f"below {self.least:g}" if self.most == np.inf else f"not from {self.least:g} to {self.most:g}"
            return Unusable(f"{self.name} is {span}")
        return value * self.unit


class Chance(Number):
    """A probability from 0 to 1; of a list, as a slate has one per place, the first."""

    least, most = 0.0, 1.0

    def value(self, word: str) -> object:
        return super().value(word.split()[0])


def number_of(word: str, decimal: str) -> str:
    """A number as Python writes it: ``1.234,5`` with a decimal comma, ``1,234.5`` with a point, ``85 %``."""
    bare = word.removesuffix("%").strip()
    sign, other = (",", ".") if decimal == "," else (".", ",")
    if re.fullmatch(rf"[-+]?\d{{1,3}}(\{other}\d{{3}})+(\{sign}\d+)?", bare):
        bare = bare.replace(other, "")
    return bare.replace(",", ".") if decimal == "," else bare
