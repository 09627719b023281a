"""Files written whole or not at all, and arrays read back from one that may not be whole."""

import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray


@contextmanager
def keeping(path: str | Path) -> Iterator[BinaryIO]:
    """A file to write bit by bit, beside its place and moved there at the end; gone if anything goes wrong."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle, draft = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:  # told of the file that was asked for, not of the draft
        raise OSError(error.errno, error.strerror, str(target)) from error
    try:
        with os.fdopen(handle, "wb") as out:
            yield out
        os.chmod(draft, 0o644)
        os.replace(draft, target)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def keep(path: str | Path, content: str | bytes) -> Path:
    """Write a file beside its place and move it there, so that a reader never sees half of it.   -> the path"""
    with keeping(path) as out:
        out.write(content.encode("utf-8") if isinstance(content, str) else content)
    return Path(path)


def arrays_in(path: str | Path, needed: str) -> dict[str, NDArray[Any]]:
    """All arrays of an ``.npz`` file, by name; nothing is unpickled.

    Args:
        needed: what belongs there, with an example, e.g. "a posterior of `adaptlearn calibrate`, e.g. people.npz".

    Raises:
        ValueError: there is no such file, it is not whole, or it holds something else.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, EOFError, ValueError, TypeError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
        found = "no such file" if isinstance(error, FileNotFoundError) else "something else, or only a part"
        raise ValueError(f"{path}: found {found}; needed {needed}") from error
