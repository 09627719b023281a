"""Routes that are described like every other and take the short way: key, body, endpoint, answer.

FastAPI looks at every request as if it might be anything: nested dependencies, forms, exit stacks. The doors that take
a thousand requests a second know what they get. Their endpoints are ``(body, request, caller) -> Response``; OpenAPI is
made of their signatures as usual.
"""

from collections.abc import Callable, Coroutine
from typing import Any, get_type_hints

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import ValidationError


class Swift(APIRoute):
    """A route of one body and one key."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The short way."""
        hints, endpoint = get_type_hints(self.endpoint, include_extras=True), self.endpoint
        model, door = hints["body"], hints["caller"].__metadata__[0].dependency

        async def handle(request: Request) -> Response:
            caller = await door(request)
            blob = await request.body()
            try:
                body = model.model_validate_json(blob)
            except ValidationError as wrong:
                raise RequestValidationError(wrong.errors(include_url=False, include_context=False)) from wrong
            answer: Response = await endpoint(body, request, caller)
            return answer

        return handle
