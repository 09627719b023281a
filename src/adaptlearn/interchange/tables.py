"""Logs from the tables people have: CSV, TSV (also .gz), XLSX and Parquet, with a map of columns.

    log = read("export.csv", columns={"learner": "Student", "skill": "Topic", "correct": "Score"})
    log = read("assist2009_updated.csv", preset="assistments2009", rejects="rejects.csv")
    log = read("transcript.xlsx")                     # a known kind of export is recognised by its columns
    log["learner"], log["skill"], log["correct"]      # flat columns in the order of time

The file is read in portions, so memory grows with the columns kept (words as numbers), not with the file. A row that
cannot be used is counted and written to the reject file with its line and the reason; nothing is dropped without a
trace.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.core.refusal import Fault, Refusal, some_of
from adaptlearn.interchange.cells import UNKNOWN, Text
from adaptlearn.interchange.reading import KINDS, Reading, Rejects

__all__ = ["KINDS", "Rejects", "Table", "read"]


class Coded(NamedTuple):
    """A column of words as numbers."""

    codes: NDArray[np.int32]  # [m]
    kind: Text


@dataclass(frozen=True)
class Table:
    """Columns of a log by our names, equally long, in the order of time."""

    source: str  # file name
    columns: Mapping[str, NDArray[Any] | Coded]
    read: int  # rows of the file, without the header
    rejects: Rejects
    sorted_by: str = ""  # our name of the column that put the rows in order; "" = as in the file
    preset: str = ""  # the kind of export it was read as; "" = by a map of columns
    backwards: int = 0  # rows that stood below a later one of the same learner, before they were put in order

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self.columns:
            needed = f"a log with that column; this one has {some_of(list(self.columns), 20)}"
            raise Refusal([Fault(self.source, 1, name, "no such column", needed, f"columns.{name}=...")])
        column = self.columns[name]
        return column.kind.spelt(column.codes) if isinstance(column, Coded) else column

    def answers(self) -> "Table":
        """The rows that have an answer and a skill: what tracing reads. xAPI mixes them with others."""
        right, skill = self["correct"], self["skill"]
        told = (right != UNKNOWN) & (skill != "")
        if told.all():
            return self
        kept = {
            name: Coded(c.codes[told], c.kind) if isinstance(c, Coded) else c[told] for name, c in self.columns.items()
        }
        return replace(self, columns=kept, read=int(told.sum()) + self.rejects.count)

    def __contains__(self, name: str) -> bool:
        return name in self.columns

    def __len__(self) -> int:
        return self.read - self.rejects.count


def read(
    path: str | Path, columns: Mapping[str, str] | None = None, preset: str | None = None,
    rejects: str | Path | None = None, encoding: str | None = None, dates: str | None = None,
    salt: str | None = None,
) -> Table:  # fmt: skip
    """Read a log of answers or of activities.

    Args:
        columns: our name -> the file's, over the preset's; names are those of KINDS. ``order`` or ``day`` sorts the
            rows; without either they stand as in the file.
        preset: one of PRESETS; None: by ``columns`` alone, or the kind of export that the file's columns are.
        rejects: where to write rows that could not be used (line, reason, cells); only written if there are any.
        encoding: None: UTF-8, or what Windows writes in the West where the file is plainly not UTF-8.
        dates: ``dmy`` or ``mdy``, for dates such as 03/04/2024 where the file does not show it.
        salt: what people in xAPI statements are hashed with; None: another one each run.

    Raises:
        Refusal: no such file, an unknown preset, a missing column, no usable row, a file torn in the middle.
    """
    reading = Reading(path, columns, preset, rejects=rejects, encoding=encoding, dates=dates, salt=salt)
    kept: dict[str, list[NDArray[Any]]] = {name: [] for name in reading.places}
    for part in reading.parts():
        for name, values in part.items():
            kept[name].append(values)
    joined = {name: np.concatenate(kept.pop(name)) for name in list(kept)}
    by = next((name for name in ("order", "day") if name in joined), "")
    backwards = 0
    if by:
        backwards = _backwards(joined["learner"], joined[by])
        order = np.argsort(joined[by], kind="stable")
        for name in joined:
            joined[name] = joined[name][order]
    made = {name: Coded(values, reading.kinds[name]) if reading.kinds[name].words else values
            for name, values in joined.items()}  # fmt: skip
    return Table(reading.file.name, made, reading.read, reading.rejects, by, reading.preset, backwards)


def _backwards(learner: NDArray[Any], when: NDArray[Any]) -> int:
    """Rows that are earlier than the row of the same learner before them.   [m], [m] -> count"""
    order = np.argsort(learner, kind="stable")
    same = np.diff(learner[order]) == 0
    return int((np.diff(when[order])[same] < 0).sum())
