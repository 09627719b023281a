"""Doors in a hurry: described like every other route, opened without FastAPI's machinery: key, body, endpoint, answer.

FastAPI looks at every request as if it might be anything, through a dozen layers; that costs more than a decision. The
doors that take a thousand requests a second know what they get. Their endpoints are ``(body, request, caller) ->
Response``; OpenAPI is made of their signatures as usual, and ``limits`` calls them directly (``doors_of``).
"""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, get_type_hints

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import ValidationError

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Swift(APIRoute):
    """A route of one body and one key."""

    def get_route_handler(self) -> Handler:
        """The short way."""
        hints, endpoint = get_type_hints(self.endpoint, include_extras=True), self.endpoint
        model, allowed = hints["body"], hints["caller"].__metadata__[0].dependency

        async def handle(request: Request) -> Response:
            caller = await allowed(request)
            blob = await request.body()
            try:
                body = model.model_validate_json(blob)
            except ValidationError as wrong:
                raise RequestValidationError(wrong.errors(include_url=False, include_context=False)) from wrong
            answer: Response = await endpoint(body, request, caller)
            return answer

        return handle


def doors_of(routers: Sequence[APIRouter]) -> dict[tuple[str, str], Handler]:
    """The handlers of every swift route, by method and path."""
    swift = [route for router in routers for route in router.routes if isinstance(route, Swift)]
    return {(method, route.path): route.get_route_handler() for route in swift for method in route.methods or ()}
