"""One pass over a log, portion by portion: which columns are ours, what the cells say, which rows cannot be used.

    for part in Reading("export.xlsx").parts():
        part["learner"], part["completed"]      # codes and numbers of some rows; memory does not grow with the file

``tables.read`` gathers the parts; ``facts`` counts over them and gathers nothing.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.core.refusal import Fault, Refusal, nearest, some_of
from adaptlearn.interchange.cells import Answer, Chance, Faulty, Number, Text
from adaptlearn.interchange.moments import Minutes, Moment, Unclear
from adaptlearn.interchange.peek import Peek, Torn, peek
from adaptlearn.interchange.portions import PYKT, Portion, portions
from adaptlearn.interchange.presets import PRESETS, TAKEN, TRACED, Preset, recognised, unit_of
from adaptlearn.interchange.rejects import RejectFile
from adaptlearn.interchange.xapi import COLUMNS as STATEMENTS

SHOWN = 20  #: rejected rows kept in memory as examples
PREAMBLE = 30  #: lines among which the names of columns are looked for

KINDS: dict[str, type[Text]] = {
    "learner": Text, "skill": Text, "correct": Answer, "item": Text, "activity": Text, "kind": Text, "verb": Text,
    "completed": Answer, "score": Number, "minutes": Minutes, "rating": Number, "order": Moment, "day": Moment,
    "assigned": Moment, "started": Moment, "finished": Moment, "due": Moment, "left": Moment, "offered": Text,
    "accepted": Answer, "propensity": Chance, "policy": Text, "stated": Text, "motive": Text, "role": Text,
    "group": Text, "split": Text,
}  # fmt: skip
"""Our columns, and how their cells are read."""
FILLED = frozenset(("learner", "skill", "correct", "activity", "completed"))  #: no blanks in these where needed
SORTING = ("order", "day")  #: nor ever in these


@dataclass
class Rejects:
    """Rows that could not be used."""

    count: int = 0
    reasons: Counter[str] = field(default_factory=Counter)  # what was wrong -> rows
    first: list[tuple[int, str]] = field(default_factory=list)  # line, reason; the first few

    def add(self, portion: Portion, faulty: Faulty, file: RejectFile) -> None:
        """Count a portion's rejects and write them down, in the order of lines."""
        odd = [(int(portion.lines[at]), reason, portion.row(at)) for at, reason in faulty.items()]
        for line, reason, cells in sorted([*odd, *portion.torn]):
            self.count += 1
            self.reasons[reason] += 1
            if len(self.first) < SHOWN:
                self.first.append((line, reason))
            file.write(line, reason, cells, portion.names)

    def words(self) -> str:
        """One sentence, or nothing where nothing was rejected."""
        if not self.count:
            return ""
        why = "; ".join(f"{reason}: {rows:,}" for reason, rows in self.reasons.most_common(5))
        rows = "1 row was" if self.count == 1 else f"{self.count:,} rows were"
        return f"{rows} left out ({why}), the first on line {self.first[0][0]}"


class Reading:
    """A log that is being read.

    Args:
        columns: our name -> the file's, over the preset's; names are those of KINDS.
        preset: one of PRESETS; None: the one whose columns the file has, where ``columns`` names too few.
        rejects: where to write rows that could not be used (line, reason, cells); only written if there are any.
        encoding: None: as the file itself shows.
        dates: ``dmy`` or ``mdy``, for dates such as 03/04/2024 where the file does not show it.
        salt: what people in xAPI statements are hashed with; None: another one each run.

    Raises:
        Refusal: no such file, an unknown preset, a missing column, no names of columns.
    """

    def __init__(
        self, path: str | Path, columns: Mapping[str, str] | None = None, preset: str | None = None, *,
        rejects: str | Path | None = None, encoding: str | None = None, dates: str | None = None,
        salt: str | None = None,
    ):  # fmt: skip
        self.file, self.salt = Path(path), salt
        if dates not in (None, "dmy", "mdy"):
            raise Refusal([Fault(self.file.name, None, "dates", repr(dates), "dmy, mdy or none", "dmy")])
        if rejects and self.file.exists() and Path(rejects).resolve() == self.file.resolve():
            raise Refusal([Fault(self.file.name, None, "rejects", "the log itself", "another file", "rejects.csv")])
        asked = _asked(preset, columns or {})
        try:
            self.look = peek(self.file, encoding)
        except Torn as torn:
            raise self._torn(torn) from torn
        self.header, self.names, self.preset, chosen = _chosen(self.file, self.look, preset, asked, columns or {})
        self.chosen: Preset = chosen
        self.places = _places(self.file, self.names, chosen)
        decimal, order = self.look.decimal(self.header), self.look.order(self.header)
        self.dates = dates or order or chosen.dates
        self.kinds = {name: self._kind(name, decimal) for name in self.places}
        self.rejects, self.read = Rejects(), 0
        self._reject_file = RejectFile(Path(rejects) if rejects else None)

    def _kind(self, name: str, decimal: str) -> Text:
        kind, blank = KINDS[name], name not in SORTING and not (name in FILLED and name in self.chosen.needs)
        if kind is Moment:
            return Moment(name, self.chosen, decimal=decimal, blank=blank, dates=self.dates)
        made = kind(name, self.chosen, decimal=decimal, blank=blank)
        if isinstance(made, Minutes) and name not in self.chosen.units:
            made.unit = unit_of(self.names[self.places[name]])
        return made

    def parts(self) -> Iterator[dict[str, NDArray[Any]]]:
        """Some rows at a time: codes of ``kinds[name].words`` for words, numbers for numbers, each [m].

        Raises:
            Refusal: no usable row, a file torn in the middle, dates that may be read in two ways.
        """
        try:
            for portion in portions(self.file, self.look, self.header, self.salt):
                part, faulty = self._part(portion)
                self.rejects.add(portion, faulty, self._reject_file)
                self.read += len(portion.lines) + len(portion.torn)
                yield part
            if self.read == self.rejects.count:
                found = self.rejects.words() or "a header and no rows"
                example = ",".join(self.chosen.needs)
                raise Refusal([Fault(self.file.name, None, "", found, "at least one usable row", example)])
            self._reject_file.close()
        except Torn as torn:
            raise self._torn(torn) from torn
        finally:
            self._reject_file.discard()

    def _part(self, portion: Portion) -> tuple[dict[str, NDArray[Any]], Faulty]:
        faulty: Faulty = {}
        part = {}
        for name, place in self.places.items():
            try:
                part[name] = self.kinds[name].read(portion.columns[place], faulty)
            except Unclear:
                needed = "to know whether the day or the month comes first"
                raise Refusal([Fault(self.file.name, None, self.names[place], "dates such as 03/04/2024", needed,
                                     "dates=dmy or dates=mdy")]) from None  # fmt: skip
        if faulty:
            good = np.ones(len(portion.lines), bool)
            good[list(faulty)] = False
            part = {name: values[good] for name, values in part.items()}
        return part, faulty

    def _torn(self, torn: Torn) -> Refusal:
        found = f"{torn}; {getattr(self, 'read', 0):,} rows were read before"
        return Refusal([Fault(self.file.name, None, "", found, "a whole table", "export it again")])


# --- what is asked for -----------------------------------------------------------------------------------------------


def _asked(preset: str | None, columns: Mapping[str, str]) -> Preset | None:
    """The preset with the names that were given; None where the file must say what it is."""
    if preset is not None and preset not in PRESETS:
        raise Refusal([Fault("presets", None, "preset", repr(preset), f"one of {some_of(list(PRESETS), 20)}",
                             nearest(preset, list(PRESETS)))])  # fmt: skip
    unknown = [name for name in columns if name not in KINDS]
    if unknown:
        raise Refusal([Fault("columns", None, name, "a name that is not ours", f"one of {some_of(list(KINDS), 30)}",
                             nearest(name, list(KINDS))) for name in unknown])  # fmt: skip
    if preset is not None:
        return PRESETS[preset].with_columns(columns)
    needs = TAKEN if "activity" in columns and "correct" not in columns else TRACED
    if set(needs) <= set(columns):
        return Preset("a table with a map of columns", {}, needs, PRESETS["transcript"].answers
                      if needs is TAKEN else {}).with_columns(columns)  # fmt: skip
    return None


def _chosen(
    file: Path, look: Peek, name: str | None, asked: Preset | None, columns: Mapping[str, str]
) -> tuple[int, list[str], str, Preset]:
    """Where the names of columns stand, what they are, and which preset reads them."""
    fixed = {"pykt": PYKT, "pykt sequences": PYKT, "statements": STATEMENTS}.get(look.kind)
    rows = [(1, fixed)] if fixed else [(line, row) for line, row in look.rows if any(row)][:PREAMBLE]
    for line, row in rows:
        found = name if asked is not None else recognised(row)
        chosen = asked if asked is not None else PRESETS[found].with_columns(columns) if found else None
        if chosen is not None and set(chosen.needs) <= set(chosen.places(row)):
            return line, list(row), found or "", chosen
    line, row = rows[0]
    if asked is not None:
        return line, list(row), name or "", asked
    lacking = [need for need in TRACED if need not in columns]
    if columns:
        example = '{"learner": "Student", "skill": "Topic", "correct": "Score"}'
        raise Refusal([Fault("columns", None, need, "no name of the file's column", "our name -> the file's", example)
                       for need in lacking])  # fmt: skip
    needed = "columns of a known kind of export, or their names: columns.learner, and columns.activity or columns.skill"
    first = next((word for word in row if word.strip()), "user")
    raise Refusal([Fault(file.name, line, "", f"the columns {some_of(row, 20)}", needed, f"columns.learner={first!r}")],
                  f"{file.name}: columns")  # fmt: skip


def _places(file: Path, header: Sequence[str], chosen: Preset) -> dict[str, int]:
    """Where each of our columns stands in the file; those that are not needed may be missing."""
    places, names = chosen.places(header), [name.strip() for name in header]
    faults = []
    for ours in chosen.needs:
        if ours not in places:
            theirs = chosen.columns[ours]
            first = theirs if isinstance(theirs, str) else theirs[0]
            needed = f"a column for {ours} among: {some_of(names, 20)}"
            faults.append(Fault(file.name, 1, first, "no such column", needed, nearest(first, names)))
    if faults:
        raise Refusal(faults, f"{file.name}: columns")
    return places
