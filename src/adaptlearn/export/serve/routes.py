"""The doors an LMS uses: ask, tell, begin."""

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from .batch import Asked, Told
from .desk import Desk
from .doors import allowed, desk_of
from .keys import Caller
from .refusals import DESCRIBED
from .store import now
from .wire import Advice, LearnerBody, ObserveBody, Observed, Profile, RecommendBody

router = APIRouter(responses=dict(DESCRIBED), tags=["learners"])
At = Annotated[Desk, Depends(desk_of)]
MayAsk = Annotated[Caller, Depends(allowed("recommend"))]
MayTell = Annotated[Caller, Depends(allowed("observe"))]


@router.post("/recommend", response_model=Advice)
async def recommend(body: RecommendBody, desk: At, caller: MayAsk) -> Any:
    """A slate for one learner. It is logged before it is answered, with the chance of each place."""
    at = now()
    told = None
    if body.profile is not None:
        told = Told(caller.tenant, body.learner, "profile", f"profile-{uuid.uuid4().hex}", _said(body.profile), at)
    return await desk.ask(Asked(caller.tenant, body.learner, at, body.k, body.day, told))


@router.post("/observe", response_model=Observed)
async def observe(body: ObserveBody, desk: At, caller: MayTell) -> Any:
    """What became of a recommendation. Answered when it is on the disk; late, twice or out of order does no harm."""
    event = body.model_dump(exclude_none=True, exclude={"id", "learner", "decision"})
    return await desk.ask(Told(caller.tenant, body.learner, "observed", body.id, event, now(), body.decision))


@router.post("/learners", response_model=Observed)
async def learners(body: LearnerBody, desk: At, caller: MayTell) -> Any:
    """A learner begins, or goes on with another profile."""
    return await desk.ask(Told(caller.tenant, body.learner, "profile", body.id, _said(body.profile), now()))


def _said(profile: Profile) -> dict[str, Any]:
    """A profile as it is kept: only what was said, its start in seconds since 1970."""
    told = profile.model_dump(exclude_none=True)
    if profile.started is not None:
        told["started"] = profile.started.timestamp()
    return told
