"""The doors an LMS uses: ask, tell, begin.

Answers are written as they come from the desk, without a second look by pydantic: ``response_model`` describes them.
"""

import json
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from .batch import Asked, Told
from .doors import Allowed, desk_of
from .keys import Caller
from .refusals import DESCRIBED
from .store import now
from .swift import Swift
from .wire import Advice, LearnerBody, ObserveBody, Observed, Profile, RecommendBody

router = APIRouter(responses=dict(DESCRIBED), tags=["learners"], route_class=Swift)
MayAsk = Annotated[Caller, Depends(Allowed("recommend"))]
MayTell = Annotated[Caller, Depends(Allowed("observe"))]


@router.post("/recommend", response_model=Advice)
async def recommend(body: RecommendBody, request: Request, caller: MayAsk) -> Response:
    """A slate for one learner. It is logged before it is answered, with the chance of each place."""
    at = now()
    told = None
    if body.profile is not None:
        told = Told(caller.tenant, body.learner, "profile", f"profile-{uuid.uuid4().hex}", said(body.profile), at)
    return plain(await desk_of(request).ask(Asked(caller.tenant, body.learner, at, body.k, body.day, told)))


@router.post("/observe", response_model=Observed)
async def observe(body: ObserveBody, request: Request, caller: MayTell) -> Response:
    """What became of a recommendation. Answered when it is on the disk; late, twice or out of order does no harm."""
    event = body.model_dump(exclude_none=True, exclude={"id", "learner", "decision"})
    told = Told(caller.tenant, body.learner, "observed", body.id, event, now(), body.decision)
    return plain(await desk_of(request).ask(told))


@router.post("/learners", response_model=Observed)
async def learners(body: LearnerBody, request: Request, caller: MayTell) -> Response:
    """A learner begins, or goes on with another profile."""
    told = Told(caller.tenant, body.learner, "profile", body.id, said(body.profile), now())
    return plain(await desk_of(request).ask(told))


def said(profile: Profile) -> dict[str, Any]:
    """A profile as it is kept: only what was said, its start in seconds since 1970."""
    told = profile.model_dump(exclude_none=True)
    if profile.started is not None:
        told["started"] = profile.started.timestamp()
    return told


def plain(answer: Any) -> Response:
    """What the desk answers, as JSON."""
    return Response(json.dumps(answer, ensure_ascii=False, separators=(",", ":")), media_type="application/json")
