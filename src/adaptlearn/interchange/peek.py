"""What a table looks like before it is read: kind, encoding, what parts its cells, the first rows.

Nobody should have to know whether a spreadsheet wrote cp1252, ``;`` and decimal commas: the file says so itself.
"""

import codecs
import csv
import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from adaptlearn.core.refusal import Fault, Refusal

BLOCK = 1 << 22  #: bytes of text held at once (the parser reads some blocks ahead); no row may be longer
FIRST = 200  #: lines that are looked at
LOOKED_THROUGH = 128 * BLOCK  #: bytes of a text that are searched for its first letter outside ASCII
TEXT = (".csv", ".tsv", ".txt")
STATEMENTS = (".json", ".jsonl", ".ndjson")
BOOKS = (".xlsx", ".xlsm")

COMMA = re.compile(r"-?\d+,\d+")
THOUSANDS = re.compile(r"-?\d{1,3}(,\d{3})+")
SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/\d{2,4}\b")


class Torn(ValueError):
    """The file ends in the middle, or a quote is never closed."""


@dataclass(frozen=True)
class Peek:
    """The first rows of a table and how it is written."""

    kind: str  # text | book | parquet | pykt | pykt sequences | statements
    rows: tuple[tuple[int, tuple[str, ...]], ...]  # line, cells; the first few lines of the file
    encoding: str = "utf8"
    delimiter: str = ","

    def decimal(self, below: int) -> str:
        """The decimal sign of the rows below a line: a comma where cells such as ``12,5`` show it."""
        cells = [cell.strip() for line, row in self.rows if line > below for cell in row]
        commas = [cell for cell in cells if COMMA.fullmatch(cell)]
        unclear = [cell for cell in commas if THOUSANDS.fullmatch(cell)]  # 1,234 is a thousand in English
        return "," if len(commas) > len(unclear) or (commas and self.delimiter == ";") else "."

    def order(self, below: int) -> str | None:
        """Whether dates such as 13/01/2024 put the day or the month first; None where the first rows do not tell."""
        found = [match for line, row in self.rows if line > below for cell in row if (match := SLASHED.match(cell))]
        days = any(int(match[1]) > 12 for match in found)
        months = any(int(match[2]) > 12 for match in found)
        return None if days == months else "dmy" if days else "mdy"


def peek(file: Path, encoding: str | None = None) -> Peek:
    """Look at a CSV, TSV (also .gz), XLSX or Parquet file.

    Raises:
        Refusal: no such file, an empty one, a kind that is not read, an encoding that does not exist.
        Torn: the very beginning cannot be read.
    """
    if not file.is_file():
        found = "a folder" if file.is_dir() else "no such file"
        raise Refusal([Fault(str(file), None, "", found, "a log", "export.csv")])
    kinds = [suffix.lower() for suffix in file.suffixes]
    plain = kinds[-2:-1] if kinds[-1:] == [".gz"] else kinds[-1:]
    if plain and plain[0] in STATEMENTS:
        return Peek("statements", ())
    if kinds and kinds[-1] == ".parquet":
        return _parquet(file)
    if kinds and kinds[-1] in BOOKS:
        return _book(file)
    if plain and plain[0] in TEXT:
        return _text(file, encoding)
    needed = "a table: .csv .tsv .txt (or .gz of these), .xlsx, .parquet; or statements: .json .jsonl (or .gz)"
    found = f"a file of kind {''.join(kinds[-2:]) or 'none'}"
    raise Refusal([Fault(file.name, None, "", found, needed, "in a spreadsheet: Save as, Excel workbook (.xlsx)")])


def lines_of(file: Path) -> Any:
    """The bytes of a text file, unpacked where it is packed."""
    return gzip.open(file, "rb") if file.suffix.lower() == ".gz" else file.open("rb")


def _text(file: Path, encoding: str | None) -> Peek:
    try:
        named = codecs.lookup(encoding).name if encoding else _encoding(file)
        with lines_of(file) as stream:
            raw = list(islice(iter(lambda: stream.readline(BLOCK), b""), FIRST))
    except LookupError:
        needed = "a known encoding, or none: the file then says itself"
        raise Refusal([Fault(file.name, None, "encoding", repr(encoding), needed, "cp1252")]) from None
    except EOFError as error:
        raise Torn("a packed file that is truncated") from error
    except (OSError, zlib.error) as error:
        raise Torn(f"a beginning that cannot be read ({error})") from error
    lines = b"".join(raw).decode(named, "replace").removeprefix("\ufeff").splitlines(keepends=True)
    if not any(line.strip() for line in lines):
        raise Refusal([Fault(file.name, 1, "", "an empty file", "names of columns and rows", "learner,skill,correct")])
    delimiter = _delimiter(lines)
    if _is_pykt(lines):
        return Peek("pykt", (), named)
    rows = tuple(_records(lines, delimiter))
    if {"uid", "concepts", "responses"} <= set(rows[0][1]):
        return Peek("pykt sequences", (), named)
    return Peek("text", rows, named, delimiter)


def _records(lines: Sequence[str], delimiter: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    reader, before = csv.reader(lines, delimiter=delimiter), 0
    csv.field_size_limit(1 << 30)
    for row in reader:
        yield before + 1, tuple(row)
        before = reader.line_num


def _encoding(file: Path) -> str:
    """UTF-8, unless the first letters outside ASCII are none in it: then what Windows writes in the West."""
    seen = 0
    with lines_of(file) as stream, suppress(EOFError):  # a file that is cut off is refused when it is read
        while (block := stream.read(BLOCK)) and seen < LOOKED_THROUGH:
            seen += len(block)
            if block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                return "utf-16"
            if not block.isascii():
                return "utf-8" if any(ord(letter) > 127 for letter in block.decode("utf-8", "ignore")) else "cp1252"
    return "utf-8"


def _delimiter(lines: Sequence[str]) -> str:
    """What parts cells: of tab ; , | the one that stands as often in line after line."""

    def weight(sign: str) -> int:
        often = Counter(line.count(sign) for line in lines)
        return max((count * times for count, times in often.items() if count), default=0)

    return max("\t;,|", key=lambda sign: (weight(sign), lines[0].count(sign)))


def _is_pykt(lines: Sequence[str]) -> bool:
    """Six lines a learner: ``uid,n`` and five lines of n values or NA."""
    counts = [line.strip().count(",") + 1 for line in lines[:6]]
    head = lines[0].strip().split(",")
    if len(lines) < 6 or len(head) != 2 or not head[1].strip().isdigit():
        return False
    n = int(head[1])
    whole = all(count == n or line.strip() == "NA" for count, line in zip(counts[1:], lines[1:6], strict=True))
    return whole and set(lines[3].strip().split(",")) <= {"0", "1", "-1"}


def _book(file: Path) -> Peek:
    from adaptlearn.interchange.workbook import rows_of

    rows = tuple(islice(rows_of(file), FIRST))
    if not any(any(row) for _, row in rows):
        raise Refusal([Fault(file.name, 1, "", "an empty sheet", "names of columns and rows", "learner,skill,correct")])
    return Peek("book", rows)


def _parquet(file: Path) -> Peek:
    import pyarrow
    from pyarrow import parquet

    try:
        return Peek("parquet", ((1, tuple(parquet.ParquetFile(file).schema_arrow.names)),))
    except (pyarrow.ArrowException, OSError) as error:
        raise Torn(str(error)) from error
