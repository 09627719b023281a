"""A table as a stream of portions, whatever its kind, so that memory does not grow with the file."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.interchange.peek import Peek, Torn, lines_of
from adaptlearn.interchange.xapi import COLUMNS as STATEMENTS
from adaptlearn.interchange.xapi import rows

ROWS = 8_192  #: rows of a portion, where they come one by one

__all__ = ["Portion", "Torn", "portions"]


@dataclass(frozen=True)
class Portion:
    """Some rows of a table: cells as bytes, by the file's columns."""

    names: list[str]
    columns: list[Any]  # pyarrow arrays of binary, one per name, [m] each
    lines: NDArray[np.int64]  # [m] line of each row as a spreadsheet counts; a cell with line breaks counts once
    torn: list[tuple[int, str, list[str]]]  # rows with the wrong number of cells: line, reason, text

    def row(self, at: int) -> list[str]:
        """One row's cells as text."""
        return [(column[at].as_py() or b"").decode("utf-8", "backslashreplace") for column in self.columns]


def portions(file: Path, look: Peek, header: int, salt: str | None = None) -> Iterator[Portion]:
    """The rows below a table's header, which stands on line ``header``; at least one portion, perhaps empty.

    Raises:
        Torn: while reading.
    """
    from adaptlearn.interchange.delimited import portions as of_text

    if look.kind == "parquet":
        return _parquet(file)
    if look.kind == "book":
        return _book(file, look, header)
    if look.kind == "pykt":
        return gathered(PYKT, _pykt(file, look.encoding))
    if look.kind == "pykt sequences":
        return gathered(PYKT, _pykt_sequences(file, look.encoding))
    if look.kind == "statements":
        return gathered(STATEMENTS, rows(file, salt))
    return of_text(file, look, header)


def gathered(names: Sequence[str], rows: Iterable[tuple[int, Sequence[str], str]]) -> Iterator[Portion]:
    """Rows of text that come one by one, each with the reason why it cannot be used or "", as portions.

    Short rows are filled up, blank ones left out, rows that are too long cannot be used.
    """
    width, source = len(names), iter(rows)
    some = list(islice(source, ROWS))
    while True:
        judged = [(line, row, why or (f"{len(row)} cells instead of {width}" if any(row[width:]) else ""))
                  for line, row, why in some]  # fmt: skip
        torn = [(line, why, list(row)) for line, row, why in judged if why]
        good = [(line, [*row[:width], *[""] * (width - len(row))]) for line, row, why in judged if not why and any(row)]
        cells = list(zip(*(row for _, row in good), strict=True)) or [()] * width
        yield Portion(
            list(names), [_binary(column) for column in cells], np.array([n for n, _ in good], np.int64), torn
        )
        if not (some := list(islice(source, ROWS))):
            return


def _binary(cells: Sequence[str]) -> Any:
    import pyarrow

    return pyarrow.array([cell.encode("utf-8", "replace") for cell in cells], pyarrow.binary())


def _book(file: Path, look: Peek, header: int) -> Iterator[Portion]:
    from adaptlearn.interchange.workbook import rows_of

    names = next(row for line, row in look.rows if line == header)
    width = max(at for at, name in enumerate(names, start=1) if name)
    return gathered(names[:width], ((line, row, "") for line, row in rows_of(file) if line > header))


def _parquet(file: Path) -> Iterator[Portion]:
    import pyarrow
    from pyarrow import parquet

    try:
        table = parquet.ParquetFile(file)
        names, line = table.schema_arrow.names, 1
        for batch in table.iter_batches():
            columns = [_plain(column) for column in batch.columns]
            yield Portion(names, columns, np.arange(line + 1, line + 1 + len(batch)), [])
            line += len(batch)
    except (pyarrow.ArrowException, OSError) as error:
        raise Torn(str(error)) from error
    if line == 1:
        yield Portion(names, [pyarrow.array([], pyarrow.binary()) for _ in names], np.arange(0), [])


def _plain(column: Any) -> Any:
    """A column as text; of a list its values with blanks between."""
    import pyarrow
    from pyarrow import compute

    if pyarrow.types.is_list(column.type) or pyarrow.types.is_large_list(column.type):
        column = compute.binary_join(column.cast(pyarrow.list_(pyarrow.string())), " ")
    return column.cast(pyarrow.string()).fill_null("").cast(pyarrow.binary())


PYKT = ("uid", "questions", "concepts", "responses", "timestamps", "usetimes")


def _pykt(file: Path, encoding: str) -> Iterator[tuple[int, list[str], str]]:
    """pyKT's ``data.txt``, six lines a learner: ``uid,n``, then n questions, concepts, responses, times and durations.

    An answer's line is that of the learner's responses; ``NA`` means not known.
    """
    with lines_of(file) as stream:
        for number, head in enumerate(iter(stream.readline, b""), start=0):
            rest = [stream.readline().decode(encoding, "backslashreplace").strip() for _ in range(5)]
            uid, _, count = head.decode(encoding, "backslashreplace").strip().rpartition(",")
            line = 6 * number + 4
            if not uid or not count.isdigit():
                raise Torn(f"{head[:40]!r} on line {line - 3:,} instead of a learner and a number of answers")
            n = int(count)
            lists = [[""] * n if text == "NA" else text.split(",") for text in rest]
            if not all(rest) or any(len(values) != n for values in lists):
                raise Torn(f"lists that are not {n} long below line {line - 3:,}")
            yield from ((line, [uid, *values], "") for values in zip(*lists, strict=True))


def _pykt_sequences(file: Path, encoding: str) -> Iterator[tuple[int, list[str], str]]:
    """pyKT's ``train_valid_sequences.csv`` and the like: a row of lists per sequence, filled up with -1."""
    with io.TextIOWrapper(lines_of(file), encoding, "backslashreplace", newline="") as stream:
        for line, row in enumerate(csv.DictReader(stream), start=2):
            n = len((row["responses"] or "").split(","))
            lists = [(row.get(name) or ",".join(["-1"] * n)).split(",") for name in PYKT[1:]]
            if any(len(values) != n for values in lists):
                yield line, [str(row["uid"])], f"lists that are not {n} long"
                continue
            yield from (
                (line, [str(row["uid"]), *values], "") for values in zip(*lists, strict=True) if values[2] != "-1"
            )
