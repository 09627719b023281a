"""A store of one's own, and commands that are killed."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest


@pytest.fixture
def store(template, tmp_path) -> str:
    """The address of a store of one's own."""
    shutil.copy(template, tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


KILLED = """
import os, signal, sys
from importlib import import_module

module, name = import_module(sys.argv[1]), sys.argv[2]
real, left = getattr(module, name), [int(sys.argv[3])]

def dies(*args):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*args)

setattr(module, name, dies)
sys.argv[1:] = sys.argv[4:]
from adaptlearn.lab.main import main
main()
"""


@pytest.fixture
def killed() -> Callable[..., None]:
    """A command that SIGKILL ends as it calls a function of ours once more than ``times``; its workers end with it."""

    def run(module: str, name: str, times: int, *words: str) -> None:
        command = [sys.executable, "-c", KILLED, f"adaptlearn.lab.{module}", name, str(times), *words]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            began = time.monotonic()
            said = process.communicate()[1]  # its workers hold the other end: this returns when the last is gone
        assert process.returncode == -signal.SIGKILL, said
        assert time.monotonic() - began < 60

    return run
