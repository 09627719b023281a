"""Logs as one JSON object a line. What is said of a request is said by ``limits``; nothing names a person.

Exceptions are told by their kind and place, not by their words: words may hold what somebody sent.
"""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime

QUIET = ("uvicorn.access", "sqlalchemy.engine", "sqlalchemy.pool")  #: they would say what was asked, and of whom


class Lines(logging.Formatter):
    """A log record as a line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        said: dict[str, object] = {"at": when, "level": record.levelname.lower(), "from": record.name}
        own = record.name.startswith(("adaptlearn", "uvicorn.error"))
        said |= getattr(record, "told", {}) or {"message": record.getMessage() if own else "(not said)"}
        if record.exc_info and record.exc_info[1] is not None:
            last = traceback.extract_tb(record.exc_info[1].__traceback__)[-1:]
            said["fault"] = type(record.exc_info[1]).__name__
            said["where"] = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in last]
            if not own or "message" in said:
                said["message"] = "an exception"
        return json.dumps(said, ensure_ascii=False)


def to_stdout(level: int = logging.INFO) -> None:
    """Let every logger of this process write lines of JSON to standard output."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(Lines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).disabled = True
