"""Processes: one worker or several on one port, started and ended in order."""

import gc
import json
import os
import signal
import tempfile
from dataclasses import asdict
from typing import TYPE_CHECKING

from .settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI

TOLD = "ADAPTLEARN_SERVE"  #: how workers are told the settings
RARELY = (50_000, 20, 1_000)  #: a look through everybody's records takes .1 s; the desk has it done when nobody asks
GRACE = 30  #: seconds for what is in flight, after SIGTERM
MADE = f"{__package__}.running:made"


def made() -> "FastAPI":
    """The application of this worker."""
    from .app import create_app
    from .logs import to_stdout

    to_stdout()
    app = create_app(Settings(**json.loads(os.environ[TOLD])))
    gc.collect()
    gc.freeze()  # what is there now stays: looking through it again and again would keep people waiting
    gc.set_threshold(*RARELY)
    return app


def run(settings: Settings, host: str, port: int, workers: int) -> None:
    """Serve until SIGTERM or SIGINT; then take nothing new, finish what was taken, and stop."""
    import uvicorn

    os.environ[TOLD] = json.dumps(asdict(settings))
    signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn raises it once more when all is done: that is no failure
    with tempfile.TemporaryDirectory(prefix="adaptlearn-metrics-") as place:
        if workers > 1:  # has to be said before prometheus_client is imported
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = place
        uvicorn.run(
            MADE, factory=True, host=host, port=port, workers=workers, access_log=False, log_config=None,
            timeout_graceful_shutdown=GRACE, server_header=False, proxy_headers=False,
        )  # fmt: skip
