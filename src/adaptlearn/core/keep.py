"""Files written whole or not at all."""

import os
import tempfile
from pathlib import Path


def keep(path: str | Path, content: str | bytes) -> Path:
    """Write a file beside its place and move it there, so that a reader never sees half of it.   -> the path"""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content.encode("utf-8") if isinstance(content, str) else content)
        os.chmod(draft, 0o644)
        os.replace(draft, target)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return target
