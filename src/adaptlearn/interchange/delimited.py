"""Delimited text as portions: pyarrow parses, rows with the wrong number of cells are kept aside with their line."""

import codecs
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.interchange import peek
from adaptlearn.interchange.cells import TORN
from adaptlearn.interchange.peek import Peek, Torn, lines_of
from adaptlearn.interchange.portions import Portion

FEW_LINES = 100  #: a row with more lines than this began with a quote that is not closed
ASCII_IS_ITSELF = ("utf-8", "ascii", "cp1252", "iso8859-1")  #: encodings in which bytes of ASCII need no look


def _marked(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return TORN + repr(error.object[error.start : error.end])[2:-1], error.end


codecs.register_error("adaptlearn.torn", _marked)


class Decoded(io.RawIOBase):
    """A file in any encoding as UTF-8; bytes that are none in it are marked, so that a row is lost and not the file."""

    def __init__(self, stream: Any, encoding: str):
        self.stream = stream
        self.decoder = codecs.getincrementaldecoder(encoding)("adaptlearn.torn")
        self.plain = codecs.lookup(encoding).name in ASCII_IS_ITSELF

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """About so many bytes; none at the end."""
        while True:
            raw = self.stream.read(size)
            if self.plain and raw and raw.isascii() and not self.decoder.getstate()[0]:
                return raw
            text = self.decoder.decode(raw, final=not raw)
            if text or not raw:
                return text.encode()

    def close(self) -> None:
        self.stream.close()
        super().close()


def portions(file: Path, look: Peek, header: int) -> Iterator[Portion]:
    """The rows below the header, which stands on line ``header``.

    Raises:
        Torn: while reading.
    """
    import pyarrow
    from pyarrow import csv as arrow

    names = list(next(row for line, row in look.rows if line == header))
    ragged: list[Any] = []

    def keep(row: Any) -> str:
        ragged.append(row)
        return "skip"

    line, places = header, [str(at) for at in range(len(names))]  # two columns may have one name
    try:
        reader = arrow.open_csv(
            Decoded(lines_of(file), look.encoding),
            arrow.ReadOptions(block_size=peek.BLOCK, use_threads=False, skip_rows=header, column_names=places),
            arrow.ParseOptions(
                delimiter=look.delimiter, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=keep
            ),
            arrow.ConvertOptions(column_types={place: pyarrow.binary() for place in places}),
        )
        for batch in reader:
            among = _among(ragged, line, len(batch))
            yield _numbered(names, batch.columns, line, among)
            line += len(batch) + len(among)
    except EOFError as error:
        raise Torn("a packed file that is truncated") from error
    except (pyarrow.ArrowException, OSError, UnicodeError, zlib.error) as error:
        if "straddling" in str(error):
            longest = f"or a row of more than {peek.BLOCK:,} bytes"
            raise Torn(f"a quote that is opened on line {line + 1:,} and never closed, {longest}") from error
        raise Torn(str(error)) from error
    if ragged or line == header:
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

    lines: NDArray[np.int64] = np.arange(line + 1, line + 1 + len(columns[0]) + len(ragged))
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
