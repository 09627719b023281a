"""The doors of whoever is on duty: is it alive, is it ready, how is it doing."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from .doors import Allowed, desk_of, store_of
from .keys import Caller
from .refusals import DESCRIBED, problem
from .wire import Health, Problem, Ready

router = APIRouter(tags=["duty"])


@router.get("/health", response_model=Health)
async def health() -> Health:
    """Is the process alive? Asks nothing of the database."""
    return Health()


@router.get("/ready", response_model=Ready, responses={503: {"model": Problem}})
def ready(request: Request) -> Ready | JSONResponse:
    """May requests be sent here? No, while the database does not answer."""
    desk = desk_of(request)
    if not store_of(request).reachable():
        return problem(503, "database", needed="a database that answers")
    champion = desk.fleet.champion
    return Ready(status="ready", policy=champion.runtime.policy, bundle=champion.digest, paused=desk.fleet.paused,
                 waiting=desk.waiting)  # fmt: skip


@router.get("/metrics", responses={**DESCRIBED, 200: {"content": {"text/plain": {}}}}, response_class=Response)
async def metrics(request: Request, _: Annotated[Caller, Depends(Allowed("metrics"))]) -> Response:
    """Counts and times for Prometheus; nothing about any one person."""
    text, kind = request.app.state.meters.text(desk_of(request))
    return Response(text, media_type=kind)
