"""Logs of answers from the tables people have: CSV, TSV (also .gz) and Parquet, with a map of columns.

    log = read("export.csv", columns={"learner": "Student", "skill": "Topic", "correct": "Score"})
    log = read("assist2009_updated.csv", preset="assistments2009", rejects="rejects.csv")
    log["learner"], log["skill"], log["correct"]      # flat columns in the order of time

The file is read in portions, so memory grows with the columns kept, not with the file. A row that cannot be used is
counted and written to the reject file with its line and the reason; nothing is dropped without a trace.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.core.refusal import Fault, Refusal, nearest, some_of
from adaptlearn.interchange.cells import KINDS, Faulty
from adaptlearn.interchange.portions import Portion, Torn, portions
from adaptlearn.interchange.presets import PRESETS, Preset
from adaptlearn.interchange.rejects import RejectFile

SHOWN = 20  #: rejected rows kept in memory as examples


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
        return f"{self.count:,} rows were left out ({why}), the first on line {self.first[0][0]}"


@dataclass(frozen=True)
class Table:
    """Columns of a log by our names, equally long, in the order of time."""

    source: str  # file name
    columns: dict[str, NDArray[Any]]
    read: int  # rows of the file, without the header
    rejects: Rejects
    sorted_by: str = ""  # our name of the column that put the rows in order; "" = as in the file

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.columns[name]

    def __contains__(self, name: str) -> bool:
        return name in self.columns

    def __len__(self) -> int:
        return self.read - self.rejects.count


def read(
    path: str | Path, columns: Mapping[str, str] | None = None, preset: str | None = None,
    rejects: str | Path | None = None, encoding: str = "utf8",
) -> Table:  # fmt: skip
    """Read a log of answers.

    Args:
        columns: our name -> the file's, over the preset's; names are learner, skill, correct and, if there, item,
            group, split, order, day. ``order`` or ``day`` sorts the rows; without either they stand as in the file.
        preset: one of PRESETS; without it ``columns`` must name learner, skill and correct.
        rejects: where to write rows that could not be used (line, reason, cells); only written if there are any.

    Raises:
        Refusal: no such file, an unknown preset, a missing column, no usable row, a file torn in the middle.
    """
    file, chosen = Path(path), _preset(preset, columns or {})
    table, reject_file = Rejects(), RejectFile(Path(rejects) if rejects else None)
    kept: dict[str, list[NDArray[Any]]] = {}
    rows = 0
    try:
        for portion in portions(file, encoding):
            if not kept:
                places = _places(file, portion.names, chosen)
                kinds = {name: KINDS[name](name, chosen) for name in places}
                kept = {name: [] for name in places}
            parts, faulty = _keep(portion, places, kinds)
            for name, part in parts.items():
                kept[name].append(part)
            table.add(portion, faulty, reject_file)
            rows += len(portion.lines) + len(portion.torn)
        if rows == table.count:
            found = table.words() or "a header and no rows"
            raise Refusal([Fault(file.name, None, "", found, "at least one answer", "learner,skill,correct / 7,Add,1")])
        reject_file.close()
    except Torn as torn:
        found = f"{torn}; {rows:,} rows were read before"
        raise Refusal([Fault(file.name, None, "", found, "a whole table", "export it again")]) from torn
    finally:
        reject_file.discard()
    joined = {name: kinds[name].join(parts) for name, parts in kept.items()}
    by = next((name for name in ("order", "day") if name in joined), "")
    if by:
        order = np.argsort(joined[by], kind="stable")
        joined = {name: column[order] for name, column in joined.items()}
    return Table(file.name, joined, rows, table, by)


# --- what is asked for -----------------------------------------------------------------------------------------------


def _preset(name: str | None, columns: Mapping[str, str]) -> Preset:
    if name is not None and name not in PRESETS:
        raise Refusal([Fault("presets", None, "preset", repr(name), f"one of {some_of(list(PRESETS))}",
                             nearest(name, list(PRESETS)))])  # fmt: skip
    base = PRESETS[name] if name else Preset("a table with a map of columns", {})
    chosen = base.with_columns(columns)
    lacking = [need for need in ("learner", "skill", "correct") if need not in chosen.columns]
    if lacking:
        example = '{"learner": "Student", "skill": "Topic", "correct": "Score"}'
        nameless = "no name of the file's column"
        raise Refusal([Fault("columns", None, need, nameless, "our name -> the file's", example) for need in lacking])
    unknown = [name for name in chosen.columns if name not in KINDS]
    if unknown:
        raise Refusal([Fault("columns", None, name, "a name that is not ours", f"one of {some_of(list(KINDS), 12)}",
                             nearest(name, list(KINDS))) for name in unknown])  # fmt: skip
    return chosen


def _places(file: Path, header: list[str], chosen: Preset) -> dict[str, int]:
    """Where each of our columns stands in the file; optional ones may be missing."""
    names = [name.strip() for name in header]
    faults = []
    for ours, theirs in chosen.columns.items():
        if theirs not in names and ours not in chosen.optional:
            needed = f"a column for {ours} among: {some_of(names, 20)}"
            faults.append(Fault(file.name, 1, theirs, "no such column", needed, nearest(theirs, names)))
    if faults:
        raise Refusal(faults, f"{file.name}: columns")
    return {ours: names.index(theirs) for ours, theirs in chosen.columns.items() if theirs in names}


def _keep(
    portion: Portion, places: Mapping[str, int], kinds: Mapping[str, Any]
) -> tuple[dict[str, NDArray[Any]], Faulty]:
    """Read our cells of a portion.   -> columns by our name without the faulty rows; what is faulty, and why"""
    faulty: Faulty = {}
    parts = {name: kinds[name].read(portion.columns[place], faulty) for name, place in places.items()}
    if faulty:
        good = np.ones(len(portion.lines), bool)
        good[list(faulty)] = False
        parts = {name: part[good] for name, part in parts.items()}
    return parts, faulty
