"""Who may come in: a key for every door but /health and /ready, with the scope that the door asks for."""

from typing import cast

from fastapi import Request
from fastapi.security import HTTPBearer

from .desk import Desk
from .keys import Caller, Keys
from .refusals import Denied
from .settings import Settings
from .store import Store


class Allowed(HTTPBearer):
    """A dependency: the caller, if their key is for this. Which tenant they ask for follows from the key alone."""

    def __init__(self, scope: str):
        super().__init__(scheme_name="key", auto_error=False,
                         description="an API key, `Bearer al_...`; or Basic, its id and its secret")  # fmt: skip
        self.scope = scope

    async def __call__(self, request: Request) -> Caller:  # type: ignore[override]
        """The caller.

        Raises:
            Denied: no valid key, or one for something else.
        """
        keys = cast(Keys, request.app.state.keys)
        caller = keys.caller(request.headers.get("authorization", ""))
        if caller is None:
            raise Denied(401, "authorization", "a key that is valid, e.g. Authorization: Bearer al_...")
        if self.scope not in caller.scopes:
            raise Denied(403, "authorization", f"a key with the scope {self.scope!r}")
        return caller


def desk_of(request: Request) -> Desk:
    """The desk of the app that is asked."""
    return cast(Desk, request.app.state.desk)


def store_of(request: Request) -> Store:
    """The store of the app that is asked."""
    return cast(Store, request.app.state.store)


def settings_of(request: Request) -> Settings:
    """The choices of whoever runs it."""
    return cast(Settings, request.app.state.settings)
