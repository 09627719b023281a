"""A table as a stream of portions, whatever its kind, so that memory does not grow with the file."""

import codecs
import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.core.refusal import Fault, Refusal

BLOCK = 1 << 23  #: bytes of text held at once; no row may be longer
FEW_LINES = 100  #: a row with more lines than this began with a quote that is not closed
TEXT = (".csv", ".tsv", ".txt")


class Torn(ValueError):
    """The file ends in the middle, or a quote is never closed."""


@dataclass(frozen=True)
class Portion:
    """Some rows of a table: cells as bytes, by the file's columns."""

    names: list[str]
    columns: list[Any]  # pyarrow arrays of binary, one per name, [m] each
    lines: NDArray[np.int64]  # [m] line of each row; the header is line 1, a cell with line breaks counts once
    torn: list[tuple[int, str, list[str]]]  # rows with the wrong number of cells: line, reason, text

    def row(self, at: int) -> list[str]:
        """One row's cells as text."""
        return [column[at].as_py().decode("utf-8", "backslashreplace") for column in self.columns]


def portions(file: Path, encoding: str) -> Iterator[Portion]:
    """The rows of a CSV, TSV (also .gz) or Parquet file.

    Raises:
        Refusal: no such file, a kind that is not read, no header.
        Torn: while reading.
    """
    kinds = [suffix.lower() for suffix in file.suffixes]
    if not file.is_file():
        raise Refusal([Fault(str(file), None, "", "no such file", "a log of answers", "export.csv")])
    if kinds and kinds[-1] == ".parquet":
        return _parquet(file)
    if kinds and (kinds[-1] in TEXT or (kinds[-1] == ".gz" and kinds[-2:-1] and kinds[-2] in TEXT)):
        return _text(file, encoding)
    needed = "a table: .csv .tsv .txt (or .gz of these), .parquet"
    found = f"a file of kind {''.join(kinds[-2:]) or 'none'}"
    raise Refusal([Fault(file.name, None, "", found, needed, "in a spreadsheet: Save as, CSV UTF-8")])


def _text(file: Path, encoding: str) -> Iterator[Portion]:
    import pyarrow
    from pyarrow import csv as arrow

    names, delimiter = _header(file, encoding)
    encoding = "utf8" if codecs.lookup(encoding).name == "utf-8" else encoding  # the name that skips transcoding
    ragged: list[Any] = []

    def keep(row: Any) -> str:
        ragged.append(row)
        return "skip"

    reader = None
    line = 1
    try:
        reader = arrow.open_csv(
            file,
            arrow.ReadOptions(block_size=BLOCK, use_threads=False, skip_rows=1, column_names=names, encoding=encoding),
            arrow.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=keep
            ),
            arrow.ConvertOptions(column_types={name: pyarrow.binary() for name in names}),
        )
        for batch in reader:
            among = _among(ragged, line, len(batch))
            yield _numbered(names, batch.columns, line, among)
            line += len(batch) + len(among)
    except (pyarrow.ArrowException, OSError, UnicodeError) as error:
        raise Torn(str(error)) from error
    if ragged or line == 1:
        yield _numbered(names, [pyarrow.array([], pyarrow.binary()) for _ in names], line, ragged)


def _among(ragged: list[Any], line: int, n: int) -> list[Any]:
    """Take out the ragged rows that stand among the next n good ones; the parser may be a portion ahead."""
    count = 0
    while count < len(ragged) and ragged[count].number <= line + n + count + 1:
        count += 1
    among, ragged[:] = ragged[:count], ragged[count:]
    return among


def _numbered(names: list[str], columns: list[Any], line: int, ragged: list[Any]) -> Portion:
    """Give rows their lines: what stands between them are the ragged rows, whose lines are known; blank rows go."""
    from pyarrow import compute

    lines = np.arange(line + 1, line + 1 + len(columns[0]) + len(ragged))
    lines = np.setdiff1d(lines, [row.number for row in ragged], assume_unique=True)
    written = np.sum([compute.binary_length(column).to_numpy() for column in columns], 0) > 0
    if not written.all():
        columns, lines = [column.filter(written) for column in columns], lines[written]
    return Portion(names, columns, lines, [_torn(row) for row in ragged])


def _torn(row: Any) -> tuple[int, str, list[str]]:
    swallowed = row.text.count("\n")
    if swallowed > FEW_LINES:
        raise Torn(f"a quote that is opened on line {row.number:,} and never closed")
    inside = f", {swallowed} line breaks inside a quote" if swallowed else ""
    return row.number, f"{row.actual_columns} cells instead of {row.expected_columns}{inside}", [row.text]


def _header(file: Path, encoding: str) -> tuple[list[str], str]:
    """Names of the columns, and what parts them: the commonest of tab ; , | in the header."""
    try:
        with (gzip.open if file.suffix.lower() == ".gz" else open)(file, "rb") as stream:
            first = stream.readline(BLOCK).decode(encoding).removeprefix("\ufeff")
    except (UnicodeDecodeError, EOFError, OSError, LookupError) as error:
        raise Torn(f"a header that cannot be read ({error})") from error
    if not first.strip():
        raise Refusal([Fault(file.name, 1, "", "an empty first line", "names of columns", "learner,skill,correct")])
    delimiter = max("\t;,|", key=first.count)
    return next(csv.reader([first], delimiter=delimiter)), delimiter


def _parquet(file: Path) -> Iterator[Portion]:
    import pyarrow
    from pyarrow import parquet

    try:
        table = parquet.ParquetFile(file)
        names, line = table.schema_arrow.names, 1
        for batch in table.iter_batches():
            columns = [column.cast(pyarrow.string()).fill_null("").cast(pyarrow.binary()) for column in batch.columns]
            yield Portion(names, columns, np.arange(line + 1, line + 1 + len(batch)), [])
            line += len(batch)
    except (pyarrow.ArrowException, OSError) as error:
        raise Torn(str(error)) from error
    if line == 1:
        yield Portion(names, [pyarrow.array([], pyarrow.binary()) for _ in names], np.arange(0), [])
