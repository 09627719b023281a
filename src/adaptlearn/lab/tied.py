"""Processes side by side that do not outlive the command that began them.

A command that is killed cannot tell its workers. Left alone they would go on, and race with the same command given
again for the files of a job; so each looks every moment whether its parent is still there.
"""

import os
import threading
import time
from functools import lru_cache

EVERY = 0.2  # seconds between two looks: far less than a command takes to start again
LOST = "a worker was killed; what has ended is kept, and the same command carries on from there"


@lru_cache
def tied(parent: int) -> None:
    """End this process as soon as ``parent`` is gone; nothing half-written is left, as ``core.keep`` sees to.

    Where ``parent`` is not the parent, nothing happens: in the command itself, or on a cluster.
    """
    if os.getppid() == parent:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(EVERY)
    os._exit(1)
