"""The file of rows that could not be used: line, reason, cells."""

import csv
from pathlib import Path

from adaptlearn.interchange.cells import TORN

LONGEST_SHOWN = 1_000  #: characters of a cell that are written


class RejectFile:
    """Opened at the first reject, put in place when all is read, gone if reading fails: nothing partial is left."""

    def __init__(self, path: Path | None):
        self.path = path
        self.part = path.with_name(path.name + ".part") if path else None
        self.stream = None

    def write(self, line: int, reason: str, cells: list[str], header: list[str]) -> None:
        if self.part is None:
            return
        if self.stream is None:
            self.part.parent.mkdir(parents=True, exist_ok=True)
            self.stream = self.part.open("w", encoding="utf-8", errors="backslashreplace", newline="")
            self.writer = csv.writer(self.stream)
            self.writer.writerow(["line", "reason", *header])
        self.writer.writerow([line, reason, *(cell[:LONGEST_SHOWN].replace(TORN, "") for cell in cells)])

    def close(self) -> None:
        """All was read: put the file in its place."""
        if self.stream is not None and self.part is not None and self.path is not None:
            self.stream.close()
            self.part.replace(self.path)
            self.stream = None

    def discard(self) -> None:
        """Reading failed: leave nothing. Does nothing after ``close``."""
        if self.stream is not None and self.part is not None:
            self.stream.close()
            self.part.unlink()
            self.stream = None
