"""Everything that goes wrong, as one shape: RFC 9457, with the field that it is about."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from .batch import Taken, Unknown
from .bundled import Refused
from .desk import Busy
from .wire import Problem

KIND = "application/problem+json"
TITLES = {
    400: "not understood", 401: "no valid key", 403: "not what this key is for", 404: "not found",
    405: "another method", 409: "something else was sent under this key", 413: "too large", 422: "refused",
    500: "a fault of the service", 503: "not now",
}  # fmt: skip
SOON = {"Retry-After": "1"}
DESCRIBED: Mapping[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": TITLES[status],
             "content": {KIND: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for status in (400, 401, 403, 404, 409, 413, 422, 503)
}  # fmt: skip


class Denied(Exception):
    """A key that is missing, wrong, or for something else."""

    def __init__(self, status: int, field: str, needed: str):
        self.status, self.field, self.needed = status, field, needed
        super().__init__(needed)


def problem(
    status: int, field: str, detail: str = "", *, found: str = "", needed: str = "", example: str = "",
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:  # fmt: skip
    """One refusal as a response."""
    title = TITLES.get(status, TITLES[400])
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail or f"{field}: {title}",
            "field": field, "found": found[:200], "needed": needed, "example": example}  # fmt: skip
    return JSONResponse(body, status, headers=dict(headers or {}), media_type=KIND)


def answer(trouble: Exception) -> JSONResponse:
    """What is said of an error of one of the ``KINDS``."""
    if isinstance(trouble, Refused):
        status = 404 if isinstance(trouble, Unknown) else 409 if isinstance(trouble, Taken) else 422
        field = trouble.field.removeprefix("event ").removeprefix("profile ") or "body"
        return problem(status, field, str(trouble), found=trouble.found, needed=trouble.needed, example=trouble.example)
    if isinstance(trouble, Denied):
        headers = {"WWW-Authenticate": "Bearer"} if trouble.status == 401 else {}
        return problem(trouble.status, trouble.field, needed=trouble.needed, headers=headers)
    if isinstance(trouble, Busy):
        return problem(503, "service", needed="patience: nothing was taken, send it again", headers=SOON)
    if isinstance(trouble, SQLAlchemyError):
        return problem(503, "database", needed="a database that answers; nothing was taken", headers=SOON)
    if isinstance(trouble, RequestValidationError):
        return _invalid(trouble)
    if isinstance(trouble, HTTPException):
        field = {404: "path", 405: "method", 413: "body"}.get(trouble.status_code, "request")
        return problem(trouble.status_code, field, headers=trouble.headers)
    return problem(500, "service", needed="a look at the log: this is a fault of the service, not of the request")


KINDS = (Refused, Denied, Busy, SQLAlchemyError, RequestValidationError, HTTPException)


def install(app: FastAPI) -> None:
    """Let every error of an app leave it as a problem."""

    async def said(_: Request, trouble: Exception) -> JSONResponse:
        return answer(trouble)

    for kind in (*KINDS, Exception):
        app.add_exception_handler(kind, said)


def _invalid(trouble: RequestValidationError) -> JSONResponse:
    """A body that is not of its schema: the first thing that is wrong."""
    first = trouble.errors()[0]
    where = [str(part) for part in first["loc"] if part not in ("body", "query", "path", "header")]
    field = ".".join(where) if where and first["type"] != "json_invalid" else "body"
    return problem(422, field, f"{field}: {first['msg']}", found=_short(first.get("input")), needed=first["msg"])


def _short(value: object) -> str:
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        text = type(value).__name__
    return text.encode("utf-8", "backslashreplace").decode()[:200]


__all__ = ["DESCRIBED", "KINDS", "Denied", "answer", "install", "problem"]
