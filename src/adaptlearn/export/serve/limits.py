"""The outermost layer: how much may be sent, how long it took, and one line of log about it.

Plain ASGI, as it is passed by every request. A line says which door, which status, how long, and the number of the
request; never who asked about whom.
"""

import itertools
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from .metrics import Meters
from .refusals import problem
from .settings import Settings

log = logging.getLogger("adaptlearn.serve")
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class TooLarge(Exception):
    """More bytes than may be sent."""


class Limited:
    """Around an application: sizes, times and the access log."""

    def __init__(self, app: Any, settings: Settings, meters: Meters):
        self.app, self.settings, self.meters, self._numbers = app, settings, meters, itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0
        most = self.settings.most_statements_body if scope["path"].startswith("/xapi/") else self.settings.most_body
        got = 0

        async def counted() -> MutableMapping[str, Any]:
            nonlocal got
            message = await receive()
            got += len(message.get("body", b""))
            if got > most:
                raise TooLarge
            return message

        async def noted(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            if _declared(scope) > most:
                raise TooLarge
            await self.app(scope, counted, noted)
        except TooLarge:
            refusal = problem(413, "body", needed=f"at most {most} bytes", headers={"Connection": "close"})
            await refusal(scope, receive, noted)
        finally:
            took = time.perf_counter() - began
            route = getattr(scope.get("route"), "path", "none")
            self.meters.request(route, status, took)
            if log.isEnabledFor(logging.INFO):
                told = {"request": next(self._numbers), "method": scope["method"], "route": route, "status": status,
                        "ms": round(1000 * took, 2)}  # fmt: skip
                log.info("request", extra={"told": told})


def _declared(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
