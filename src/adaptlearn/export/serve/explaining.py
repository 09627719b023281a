"""The doors of whoever has to explain: replay, a learner's page, their word, their wish, their file, their leaving."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from . import leaving, links
from .batch import OPTED_OUT, Batch, Told, Unknown
from .bundled import Recommendation, Refused
from .desk import Desk, Errand
from .doors import Allowed, desk_of, store_of
from .keys import Caller
from .lives import decided, folded, life, told
from .page import Standing as Beside
from .page import learner_page
from .policies import Fleet, Served
from .refusals import DESCRIBED
from .replay import Replay, replayed
from .standing import Standing, moment
from .store import Store, now
from .wire import Key, Name, Observed, Strict

router = APIRouter(responses=dict(DESCRIBED), tags=["explain"])
At = Annotated[Desk, Depends(desk_of)]
MayRead = Annotated[Caller, Depends(Allowed("read"))]
MayCorrect = Annotated[Caller, Depends(Allowed("correct"))]
MayErase = Annotated[Caller, Depends(Allowed("erase"))]
PLACES = 3  #: recommendations on a page


class WhoBody(Strict):
    """One learner."""

    learner: Name = Field(examples=["u-1041"])


class CorrectBody(WhoBody):
    """The learner's own word on one skill. It counts as one answer."""

    id: Key = Field(description="idempotency key")
    skill: Name
    knows: bool


class OptBody(WhoBody):
    """The learner's wish: the author's syllabus, or recommendations again."""

    id: Key = Field(description="idempotency key")
    out: bool


class LinkBody(WhoBody):
    """A link to the learner's own page."""

    days: float = Field(links.DAYS, gt=0, le=links.MOST_DAYS, allow_inf_nan=False, description="until it ends")


class Link(BaseModel):
    """Whoever has it sees one learner's page and may put it right."""

    path: str = Field(description="below the address of the service")
    until: str


class Left(BaseModel):
    """Nothing of the learner is left."""

    rows: int = Field(description="that were deleted")


class Differing(BaseModel):
    """One thing that is not as it was written down."""

    what: str
    logged: Any
    now: Any


class Again(BaseModel):
    """A decision made again from what was written down."""

    decision: str
    same: bool
    differences: list[Differing]
    why: list[str] = Field(description="of each place, in words")


class Looked(NamedTuple):
    """A learner as they are now."""

    served: Served
    standing: Standing
    advice: Recommendation
    said: Mapping[str, bool]  # skill -> their own last word


async def looked_at(desk: Desk, tenant: str, learner: str) -> Looked:
    """A learner as they are now, and what would be recommended; nothing is written down.

    Raises:
        Unknown: no such learner.
    """

    def look(batch: Batch) -> Looked:
        _, served = batch.fleet.decider(tenant, learner)
        standing = batch.standing(tenant, learner, served)
        events = [told(row) for row in batch.store.events(batch.t, tenant, learner)]
        return _looked(batch.fleet, learner, served, standing, events)

    seen = await desk.ask(Errand(tenant, learner, look))
    assert isinstance(seen, Looked)
    return seen


def looked_up(store: Store, fleet: Fleet, tenant: str, learner: str) -> Looked:
    """The same without a desk.

    Raises:
        Unknown: no such learner.
    """
    _, served = fleet.decider(tenant, learner)
    with store.reading() as t:
        events = life(t, tenant, learner).events
    return _looked(fleet, learner, served, folded(events, len(events), served.runtime, fleet.words), events)


def _looked(
    fleet: Fleet, learner: str, served: Served, standing: Standing | None, events: Sequence[Mapping[str, Any]]
) -> Looked:
    if standing is None:
        raise Unknown("learner", learner, "a learner with a profile")
    why = fleet.paused or (OPTED_OUT if standing.opted_out else "")
    day = max(standing.day(now()), standing.record.day)  # a platform may count days by another clock
    advice = served.runtime.recommend_many([standing.record], k=PLACES, days=[day], syllabus=why)[0]
    words = [event["body"] for event in events if event["kind"] == "said"]
    return Looked(served, standing, advice, {word["skill"]: word["knows"] for word in words})


def file_of(store: Store, fleet: Fleet, tenant: str, learner: str) -> str:
    """Everything kept about a learner, as text.

    Raises:
        Unknown: no such learner.
    """
    _, served = fleet.decider(tenant, learner)
    with store.reading() as t:
        if not life(t, tenant, learner).events:
            raise Unknown("learner", learner, "a learner with a profile")
        return leaving.as_text(leaving.exported(t, tenant, learner, served.runtime, fleet.words))


def again(store: Store, fleet: Fleet, name: str, tenant: str | None = None) -> Replay:
    """A decision made again, whoever's it is, or one of one tenant.

    Raises:
        Unknown: no such decision.
    """
    with store.reading() as t:
        decision = decided(t, name, tenant)
        if decision is None:
            raise Unknown("decision", name, "the id of a decision, as recommend gave it")
        one = life(t, decision["tenant"], decision["learner"])
    return replayed(decision, one, {digest: served.runtime for digest, served in fleet.known.items()}, fleet.words)


@router.get("/decisions/{decision}/replay", response_model=Again)
async def replay(decision: Key, request: Request, desk: At, caller: MayRead) -> Again:
    """Decide again as it was decided, and say what differs."""
    found = await run_in_threadpool(again, store_of(request), desk.fleet, decision, caller.tenant)
    choices = found.advice.choices if found.advice else ()
    differing = [Differing(**one._asdict()) for one in found.differences]
    return Again(decision=decision, same=found.same, differences=differing, why=[choice.why for choice in choices])


@router.post("/learners/page", response_class=HTMLResponse)
async def page(body: WhoBody, desk: At, caller: MayRead) -> HTMLResponse:
    """The learner's page as they see it, for a platform that shows it itself."""
    seen = await looked_at(desk, caller.tenant, body.learner)
    beside = Beside(seen.standing.opted_out, seen.said, contact=desk.settings.contact, forms=False)
    return HTMLResponse(learner_page(seen.served.runtime, seen.advice, beside))


@router.post("/learners/correct", response_model=Observed)
async def correct(body: CorrectBody, desk: At, caller: MayCorrect) -> Any:
    """The learner says that they know a skill, or do not. It is an event, and the belief answers."""
    word = {"skill": body.skill, "knows": body.knows}
    return await desk.ask(Told(caller.tenant, body.learner, "said", body.id, word, now()))


@router.post("/learners/opt", response_model=Observed)
async def opt(body: OptBody, desk: At, caller: MayCorrect) -> Any:
    """The learner switches recommendations off, or on again."""
    return await desk.ask(Told(caller.tenant, body.learner, "opted", body.id, {"out": body.out}, now()))


@router.post("/learners/link", response_model=Link)
async def link(body: LinkBody, request: Request, caller: MayCorrect) -> Link:
    """A link for the learner, to be handed to nobody else."""
    try:
        secret, until = await run_in_threadpool(links.make, store_of(request), caller.tenant, body.learner, body.days)
    except Refused as refusal:
        raise Unknown(refusal.field, body.learner, refusal.needed) from refusal
    return Link(path=f"/me/{secret}/", until=moment(until))


@router.post("/learners/export", responses={200: {"content": {"application/json": {}}}}, response_class=Response)
async def export(body: WhoBody, request: Request, desk: At, caller: MayRead) -> Response:
    """Everything kept about a learner, and what it means."""
    text = await run_in_threadpool(file_of, store_of(request), desk.fleet, caller.tenant, body.learner)
    return Response(text, media_type="application/json")


@router.post("/learners/erase", response_model=Left)
async def erase(body: WhoBody, request: Request, desk: At, caller: MayErase) -> Left:
    """Nothing of a learner stays: not in the store, not in its log, not in memory. It cannot be undone."""

    def leave(batch: Batch) -> int:
        rows = leaving.deleted(batch.t, caller.tenant, body.learner)
        if not rows:
            raise Unknown("learner", body.learner, "a learner with a profile")
        batch.forget(caller.tenant, body.learner)
        return rows

    rows = await desk.ask(Errand(caller.tenant, body.learner, leave))
    await run_in_threadpool(leaving.scrubbed, store_of(request))
    return Left(rows=rows)


__all__ = ["again", "file_of", "looked_at", "looked_up", "router"]
