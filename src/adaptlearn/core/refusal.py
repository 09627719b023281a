"""How the house says no: what was found, what is needed, and an example, each with its place."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

MOST_SHOWN = 20  #: faults spelled out in one refusal; the rest are counted


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a folder of a person's own data."""

    file: str  # name of the file inside the folder
    row: int | None  # row as a spreadsheet counts it, the header being row 1; None where a file has no rows
    field: str  # column, or dotted key
    found: str
    needed: str
    example: str

    def __str__(self) -> str:
        place = self.file if self.row is None else f"{self.file} row {self.row}"
        place = f"{place}, {self.field}" if self.field else place
        return f"{place}: found {self.found}; needed {self.needed}; e.g. {self.example}"


class Refusal(ValueError):
    """All faults found, not only the first; ``file row field found needed example`` are those of the first."""

    def __init__(self, faults: Iterable[Fault], about: str = ""):
        self.faults = tuple(faults)
        if not self.faults:
            raise ValueError("Refusal: found no fault; needed at least one, e.g. Refusal([Fault(...)])")
        self.about = about
        more = len(self.faults) - MOST_SHOWN
        lines = [f"- {fault}" for fault in self.faults[:MOST_SHOWN]]
        lines += [f"- and {more} more"] if more > 0 else []
        count = "1 fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        super().__init__("\n".join([f"{about or self.faults[0].file}: {count}", *lines]))

    def __reduce__(self) -> tuple[type["Refusal"], tuple[tuple[Fault, ...], str]]:
        return Refusal, (self.faults, self.about)

    @property
    def file(self) -> str:
        return self.faults[0].file

    @property
    def row(self) -> int | None:
        return self.faults[0].row

    @property
    def field(self) -> str:
        return self.faults[0].field

    @property
    def found(self) -> str:
        return self.faults[0].found

    @property
    def needed(self) -> str:
        return self.faults[0].needed

    @property
    def example(self) -> str:
        return self.faults[0].example


def nearest(word: str, known: Sequence[str]) -> str:
    """The known word most like the given one; the first known word where nothing is like it."""
    folded = {name.casefold(): name for name in reversed(known)}
    close = get_close_matches(word.casefold(), list(folded), n=1, cutoff=0.3)
    return folded[close[0]] if close else (known[0] if known else "")


def some_of(words: Sequence[str], most: int = 8) -> str:
    """A list of words for a sentence, cut after ``most``."""
    more = f" ... ({len(words)} in all)" if len(words) > most else ""
    return " ".join(words[:most]) + more
