"""Compiled kernels are cached by what they say: two processes may compile at once, and no folder need be writable."""

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from adaptlearn.classroom.generate import cache_folder

BIRTHS = """
import hashlib, numpy as np
from adaptlearn.classroom.room import Classroom
from adaptlearn.envs.registry import rules

room = Classroom(rules("tiny-v1", "bkt"), 40, 3).begin(np.arange(40))  # births alone: the quickest kernel to compile
born = room.mind.tobytes() + room.view.tobytes()
print(hashlib.blake2b(born).hexdigest(), room.kernels.__file__)
"""


def started(cache, **more):
    env = {**os.environ, "ADAPTLEARN_CACHE": str(cache), "NUMBA_NUM_THREADS": "1", **more}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", BIRTHS], env=env, **pipes)


def told(process):
    out, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors[-2000:]
    digest, _, file = out.strip().rpartition("\n")[2].partition(" ")
    return digest, file


def test_two_processes_compile_at_once_and_others_find_it_done_or_write_elsewhere(tmp_path):
    """All begin the same lives. The last has a cache folder that cannot be made: it works all the same."""
    shared, blocked = tmp_path / "cache", tmp_path / "file"
    blocked.write_text("not a folder")
    both = [started(shared) for _ in range(2)]
    one, two = (told(process) for process in both)
    assert one == two and one[1].startswith(str(shared))
    kinds = sorted(file.suffix for file in shared.iterdir() if file.is_file())
    assert kinds == [".py"]  # one text for both, and no draft left lying
    compiled = {file: file.stat().st_mtime_ns for file in (shared / "__pycache__").iterdir()}
    assert any(file.suffix == ".nbc" for file in compiled)
    assert told(started(shared)) == one
    assert {
        file: file.stat().st_mtime_ns for file in (shared / "__pycache__").iterdir()
    } == compiled  # found, not made anew
    digest, file = told(started(blocked / "cache"))
    assert digest == one[0] and not file.startswith(str(blocked))


def test_a_folder_that_cannot_be_written_is_not_used(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("ADAPTLEARN_CACHE", str(blocked / "cache"))
    elsewhere = cache_folder()
    assert elsewhere.is_dir() and os.access(elsewhere, os.W_OK) and elsewhere == cache_folder()


def test_a_read_only_folder_is_not_used(tmp_path, monkeypatch):
    """The system refuses the file, as it does on a read-only disk; who is root would not be refused by permissions."""
    real = tempfile.TemporaryFile

    def refused(*given, **more):
        if Path(more.get("dir") or ".") == tmp_path:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(tmp_path))
        return real(*given, **more)

    monkeypatch.setattr(tempfile, "TemporaryFile", refused)
    monkeypatch.setenv("ADAPTLEARN_CACHE", str(tmp_path))
    assert cache_folder() != tmp_path and os.access(cache_folder(), os.W_OK)


def test_the_users_cache_is_where_the_system_says(tmp_path, monkeypatch):
    monkeypatch.delenv("ADAPTLEARN_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "adaptlearn"
