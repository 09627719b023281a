"""Who may come in: a key for every door but /health and /ready, with the scope that the door asks for."""

from collections.abc import Awaitable, Callable
from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from .desk import Desk
from .keys import Caller, Keys
from .refusals import Denied
from .settings import Settings
from .store import Store

_bearer = HTTPBearer(auto_error=False, description="an API key, `Bearer al_...`; or Basic, its id and its secret")
Declared = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def allowed(scope: str) -> Callable[..., Awaitable[Caller]]:
    """A dependency: the caller, if their key is for this. Which tenant they ask for follows from the key alone."""

    async def enter(request: Request, _: Declared) -> Caller:
        keys = cast(Keys, request.app.state.keys)
        caller = keys.caller(request.headers.get("authorization", ""))
        if caller is None:
            raise Denied(401, "authorization", "a key that is valid, e.g. Authorization: Bearer al_...")
        if scope not in caller.scopes:
            raise Denied(403, "authorization", f"a key with the scope {scope!r}")
        return caller

    return enter


def desk_of(request: Request) -> Desk:
    """The desk of the app that is asked."""
    return cast(Desk, request.app.state.desk)


def store_of(request: Request) -> Store:
    """The store of the app that is asked."""
    return cast(Store, request.app.state.store)


def settings_of(request: Request) -> Settings:
    """The choices of whoever runs it."""
    return cast(Settings, request.app.state.settings)
