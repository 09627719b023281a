"""The outermost layer: how much may be sent, how long it took, and one line of log about it.

Plain ASGI, as it is passed by every request. A line says which door, which status, how long, and the number of the
request; never who asked about whom.
"""

import itertools
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from fastapi import Request, Response

from .metrics import Meters
from .refusals import KINDS, answer, problem
from .settings import Settings

log = logging.getLogger("adaptlearn.serve")
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Door = Callable[[Request], Awaitable[Response]]


class TooLarge(Exception):
    """More bytes than may be sent."""


class Limited:
    """Around an application: sizes, times, the access log; and the doors in a hurry, which it opens itself."""

    def __init__(self, app: Any, settings: Settings, meters: Meters, doors: Mapping[tuple[str, str], Door]):
        self.app, self.settings, self.meters, self.doors = app, settings, meters, doors
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0
        most = self.settings.most_statements_body if scope["path"].startswith("/xapi/") else self.settings.most_body
        door = self.doors.get((scope["method"], scope["path"]))
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
            if door is None:
                await self.app(scope, counted, noted)
            else:
                said = await _opened(door, Request(scope, counted))
                await said(scope, counted, noted)
        except TooLarge:
            refusal = problem(413, "body", needed=f"at most {most} bytes", headers={"Connection": "close"})
            await refusal(scope, receive, noted)
        finally:
            route = scope["path"] if door else getattr(scope.get("route"), "path", "none")
            self._note(scope["method"], route, status, time.perf_counter() - began)

    def _note(self, method: str, route: str, status: int, seconds: float) -> None:
        self.meters.request(route, status, seconds)
        if log.isEnabledFor(logging.INFO):
            told = {"request": next(self._numbers), "method": method, "route": route, "status": status,
                    "ms": round(1000 * seconds, 2)}  # fmt: skip
            log.info("request", extra={"told": told})


async def _opened(door: Door, request: Request) -> Response:
    """What is behind a door, or why it stays shut."""
    try:
        return await door(request)
    except KINDS as trouble:
        return answer(trouble)


def _declared(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
