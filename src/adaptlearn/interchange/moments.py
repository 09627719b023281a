"""When something happened and how long it took, in the many ways that exports write it."""

import re
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.interchange import statement
from adaptlearn.interchange.cells import Faulty, Number, Unusable, number_of
from adaptlearn.interchange.presets import Preset

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MONTHS = {name: month for month, names in enumerate((
    "jan januar january", "feb februar february", "mar mär mrz märz march maerz", "apr april", "mai may",
    "jun juni june",
    "jul juli july", "aug august", "sep sept september", "okt oct oktober october", "nov november",
    "dez dec dezember december",
), start=1) for name in names.split()}  # fmt: skip
CLOCK = r"(?:[ ,T]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*(am|pm)?(?: uhr)?)?"
NUMERIC = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})" + CLOCK, re.I)
NAMED = re.compile(r"(?:\w+, )?(\d{1,2})[. -]+([^\W\d]+)[. ,-]+(\d{4}|\d{2})" + CLOCK, re.I)
AMERICAN = re.compile(r"(?:\w+, )?([^\W\d]+)[. -]+(\d{1,2}),?[ -]+(\d{4})" + CLOCK, re.I)


class Unclear(ValueError):
    """A date that may be read in two ways."""


class Moment(Number):
    """Days since 1970 (UTC where the file names a zone), or plain numbers of days as they stand.

    Plain numbers that can only be seconds or milliseconds since 1970 are taken as such, unless a preset says the unit.
    """

    def __init__(self, name: str, chosen: Preset, *, decimal: str = ".", blank: bool = False, dates: str | None = None):
        super().__init__(name, chosen, decimal=decimal, blank=blank)
        self.dates = dates

    def read(self, cells: Any, faulty: Faulty) -> NDArray[Any]:
        days = _in_one_go(cells)
        return days if days is not None else self._by_number(super().read(cells, faulty))

    def _by_number(self, values: NDArray[Any]) -> NDArray[Any]:
        if self.name in self.chosen.units:
            return values
        return np.where(values > 1e11, values / 86_400_000, np.where(values > 1e8, values / 86_400, values))

    def value(self, word: str) -> object:
        number = super().value(word)
        if not isinstance(number, Unusable):
            return number
        try:
            return moment(word, self.dates)
        except Unclear:
            raise
        except ValueError:
            kind = "a number or a date" if self.name != "order" else "a number"
            return Unusable(f"{self.name} is not {kind}")


class Minutes(Number):
    """Minutes, from a number in the unit of the column's name, ``1:20:00``, ``1 h 20 min`` or ISO 8601 ``PT14M32S``."""

    least = 0.0

    def value(self, word: str) -> object:
        spelt = minutes(word)
        return spelt if spelt is not None else super().value(word)


def _in_one_go(cells: Any) -> NDArray[Any] | None:
    """A whole portion of dates written alike, or None."""
    import pyarrow
    from pyarrow import compute

    first = next((cell for cell in cells.to_pylist()[:100] if cell), b"").decode("ascii", "replace").strip()
    try:
        text = cells.cast(pyarrow.string())
        if re.match(r"\d{4}-\d\d-\d\d", first):
            zoned = "UTC" if re.search(r"(Z|[+-]\d\d:?\d\d)$", first) and len(first) > 10 else None
            stamps = text.cast(pyarrow.timestamp("us", zoned))
        elif match := re.fullmatch(r"\d\d?\.\d\d?\.\d{4}( \d\d?:\d\d(:\d\d)?)?", first):
            clock = "" if match[1] is None else " %H:%M" if match[2] is None else " %H:%M:%S"
            stamps = compute.strptime(text, format=f"%d.%m.%Y{clock}", unit="us")
        else:
            return None
    except (pyarrow.ArrowException, UnicodeError):
        return None
    if stamps.null_count:
        return None
    return stamps.cast(pyarrow.int64()).to_numpy(zero_copy_only=False) / 86_400e6


def moment(word: str, order: str | None = None) -> float:
    """Days since 1970 of a date, with or without a time.

    Args:
        order: ``dmy`` or ``mdy``, for 03/04/2024; dates with dots are always day first.

    Raises:
        Unclear: a date with slashes that may be read in two ways.
        ValueError: no date.
    """
    if re.match(r"\d{4}-\d\d-\d\d", word):
        return _days(datetime.fromisoformat(word.replace(" UTC", "+00:00").replace(" ", "T", 1)))
    if match := NUMERIC.fullmatch(word):
        first, sign, second, year, *clock = match.groups()
        day_first = sign == "." or _day_first(int(first), int(second), order)
        day, month = (first, second) if day_first else (second, first)
        return _at(year, int(month), day, clock)
    if match := NAMED.fullmatch(word):
        day, name, year, *clock = match.groups()
    elif match := AMERICAN.fullmatch(word):
        name, day, year, *clock = match.groups()
    else:
        raise ValueError(word)
    if name.casefold() not in MONTHS:
        raise ValueError(word)
    return _at(year, MONTHS[name.casefold()], day, clock)


def _day_first(first: int, second: int, order: str | None) -> bool:
    if first > 12 or second > 12:
        return first > 12
    if order is None and first != second:
        raise Unclear
    return order != "mdy"


def _at(year: str, month: int, day: str, clock: list[str | None]) -> float:
    hour, minute, second, half = clock
    hours = int(hour or 0)
    if half:
        hours = hours % 12 + (12 if half.casefold() == "pm" else 0)
    whole = int(year) + (2000 if len(year) == 2 else 0)
    return _days(datetime(whole, month, int(day), hours, int(minute or 0), int(second or 0)))


def _days(when: datetime) -> float:
    zoned = when if when.tzinfo else when.replace(tzinfo=UTC)
    return (zoned - EPOCH).total_seconds() / 86_400


def minutes(word: str) -> float | None:
    """Minutes of a duration that is spelt out; None for a plain number or anything else."""
    if match := re.fullmatch(r"(\d+):(\d{2})(?::(\d{2})(?:\.\d+)?)?", word):
        hours, mins, seconds = (int(part or 0) for part in match.groups())
        return hours * 60.0 + mins + seconds / 60.0
    if (found := statement.minutes(word)) is not None:
        return found
    match = re.fullmatch(
        r"(?:([\d.,]+)\s*d\w*\s*)?(?:([\d.,]+)\s*(?:h|std|stunden?|hours?|hrs?)\.?\s*)?"
        r"(?:([\d.,]+)\s*m(?:in\w*)?\.?\s*)?(?:([\d.,]+)\s*s(?:e[ck]\w*)?\.?)?", word.casefold()
    )  # fmt: skip
    if not match or not any(match.groups()):
        return None
    try:
        days, hours_, mins_, seconds_ = (float(number_of(part or "0", "," if "," in (part or "") else "."))
                                         for part in match.groups())  # fmt: skip
    except ValueError:  # 1.2.3 min
        return None
    return days * 1440.0 + hours_ * 60.0 + mins_ + seconds_ / 60.0
