"""The doors of a learner's own page. Its address holds the learner's link, and no name.

Forms of plain HTML: a page without a script can be read, printed and used by everybody. A link is let in by nothing but
itself, so nothing here stands in OpenAPI; whoever holds a key has the same by the doors of ``explaining``.
"""

import time
import uuid
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool

from . import links
from .batch import Told
from .bundled import Refused
from .desk import Desk
from .doors import desk_of, store_of
from .explaining import file_of, looked_at
from .page import Standing, ended_page, learner_page
from .store import now

router = APIRouter(prefix="/me", include_in_schema=False)
At = Annotated[Desk, Depends(desk_of)]
DONE = {"said": "Thank you: your word is taken in, and the numbers have moved.",
        "out": "Recommendations are off.", "in": "Recommendations are on."}  # fmt: skip
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}  # fmt: skip


async def _holder(link: str, request: Request) -> links.Held | None:
    return await run_in_threadpool(links.holder, store_of(request), link)


Whose = Annotated[links.Held | None, Depends(_holder)]


@router.get("/{link}/")
async def page(whose: Whose, desk: At, done: str = "") -> HTMLResponse:
    """What is believed, why this is next, and how to put it right."""
    if whose is None:
        return HTMLResponse(ended_page(), 404, dict(HEADERS))
    seen = await looked_at(desk, whose.tenant, whose.learner)
    day = time.strftime("%d %B %Y", time.gmtime(whose.until)).lstrip("0")
    beside = Standing(seen.standing.opted_out, seen.said, DONE.get(done, ""), desk.settings.contact, day)
    return HTMLResponse(learner_page(seen.served.runtime, seen.advice, beside), headers=dict(HEADERS))


@router.post("/{link}/know")
async def know(request: Request, whose: Whose, desk: At) -> Response:
    """The learner's own word on a skill."""
    form = parse_qs((await request.body()).decode("utf-8", "replace"))
    skill, knows = (form.get(name, [""])[0] for name in ("skill", "knows"))
    if knows not in ("yes", "no"):
        raise Refused("knows", repr(knows), "yes or no", "yes")
    return await _told(request, whose, desk, "said", {"skill": skill, "knows": knows == "yes"}, "said")


@router.post("/{link}/opt-out")
async def out(request: Request, whose: Whose, desk: At) -> Response:
    """The author's syllabus from now on."""
    return await _told(request, whose, desk, "opted", {"out": True}, "out")


@router.post("/{link}/opt-in")
async def back(request: Request, whose: Whose, desk: At) -> Response:
    """The policy again."""
    return await _told(request, whose, desk, "opted", {"out": False}, "in")


@router.get("/{link}/data")
async def data(request: Request, whose: Whose, desk: At) -> Response:
    """Everything kept about the learner."""
    if whose is None:
        return HTMLResponse(ended_page(), 404, dict(HEADERS))
    text = await run_in_threadpool(file_of, store_of(request), desk.fleet, whose.tenant, whose.learner)
    named = {"Content-Disposition": "attachment; filename=my-learning.json"}
    return Response(text, media_type="application/json", headers={**HEADERS, **named})


async def _told(
    request: Request, whose: links.Held | None, desk: Desk, kind: str, body: dict[str, object], done: str
) -> Response:
    if whose is None:
        return HTMLResponse(ended_page(), 404, dict(HEADERS))
    await desk.ask(Told(whose.tenant, whose.learner, kind, f"{kind}-{uuid.uuid4().hex}", body, now()))
    page = request.url.path.rpartition("/")[0]
    return RedirectResponse(f"{page}/?done={done}", 303, dict(HEADERS))


__all__ = ["router"]
