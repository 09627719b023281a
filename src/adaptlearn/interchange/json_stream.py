"""JSON values one after another, from an array, from lines or from a page of an LRS: never the whole file at once."""

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adaptlearn.interchange.peek import BLOCK, Torn, lines_of

LONGEST = 1 << 24  #: characters of one value; a longer one is a file that does not end where it should


class Broken(str):
    """A piece of text that is no JSON; the text is its beginning."""


def values(file: Path) -> Iterator[tuple[int, Any]]:
    """Line and value; a line of JSON Lines that cannot be read is a Broken and reading goes on.

    Raises:
        Torn: an array that breaks off or goes wrong in the middle, a packed file that is truncated.
    """
    try:
        with lines_of(file) as stream:
            yield from _values(stream)
    except (EOFError, OSError) as error:
        raise Torn(f"a file that is truncated or cannot be unpacked ({error})") from error


def _values(stream: Any) -> Iterator[tuple[int, Any]]:
    line, first = 0, b""
    while not first.strip().removeprefix(b"\xef\xbb\xbf"):
        line, first = line + 1, stream.readline(LONGEST)
        if not first:
            return
    text = first.decode("utf-8-sig", "replace")
    if text.lstrip().startswith("["):
        yield from _array(stream, first, line)
        return
    begun = _load(text)
    if isinstance(begun, Broken) and text.strip() in ("{", "{ "):  # one value over many lines
        yield from _unpacked(line, _load(text + stream.read(LONGEST).decode("utf-8", "replace")))
        return
    yield from _unpacked(line, begun)
    for number, raw in enumerate(iter(lambda: stream.readline(LONGEST), b""), start=line + 1):
        if raw.strip():
            yield from _unpacked(number, _load(raw.decode("utf-8", "replace")))


def _unpacked(line: int, value: Any) -> Iterator[tuple[int, Any]]:
    """A page of an LRS is its statements."""
    if isinstance(value, dict) and isinstance(value.get("statements"), list):
        yield from ((line, one) for one in value["statements"])
    else:
        yield line, value


def _array(stream: Any, first: bytes, line: int) -> Iterator[tuple[int, Any]]:
    letters = codecs.getincrementaldecoder("utf-8-sig")("replace")  # a block may end within a letter
    decode, text = json.JSONDecoder(parse_constant=_refuse).raw_decode, letters.decode(first)
    at = text.index("[") + 1
    while True:
        skipped = len(text[at:]) - len(text[at:].lstrip(" \t\r\n,")) if at < len(text) else 0
        line, at = line + text.count("\n", at, at + skipped), at + skipped
        if text.startswith("]", at):
            return
        try:
            value, end = decode(text, at)
            if end < len(text):  # a number may go on in the next block
                yield line, value
                line, at = line + text.count("\n", at, end), end
                continue
        except (ValueError, RecursionError):
            pass
        more = stream.read(BLOCK)
        if not more or len(text) - at > LONGEST:
            raise Torn(f"an array of JSON that goes wrong or breaks off on line {line:,}")
        text, at = text[at:] + letters.decode(more), 0


def _load(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return Broken(text[:200])


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")
