"""What goes over the wire, as OpenAPI shows it. The runtime judges what is inside; here are names, kinds and sizes."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Key = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
Day = Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)]
Activity = Name | dict[str, Any]


class Strict(BaseModel):
    """A field that nobody knows is an error, as it is everywhere in this house."""

    model_config = ConfigDict(extra="forbid")


class Profile(Strict):
    """Who the learner is and what is asked of them."""

    role: Name | None = None
    targets: dict[Name, float] | None = Field(None, description="weight by skill, in place of a role")
    weekly_minutes: float = Field(allow_inf_nan=False, examples=[90])
    motive: Name | None = None
    stated: Name | None = None
    mandatory: bool | None = None
    started: datetime | None = Field(None, description="when the learner's day 0 began; else: when first heard of")


class RecommendBody(Strict):
    """What shall this learner be offered now?"""

    learner: Name = Field(examples=["u-1041"])
    profile: Profile | None = Field(None, description="needed once; taken again where it says something new")
    day: Day | None = Field(None, description="days since the learner's start; else by the clock")
    k: int = Field(1, ge=1, le=50, description="places in the slate")


class Choice(BaseModel):
    """One activity recommended."""

    activity: str
    title: str
    propensity: float = Field(description="chance with which it was drawn, given the places before it")
    skill: str
    why: str


class Advice(BaseModel):
    """A slate, best first. ``decision`` is its name: send it with what became of it."""

    decision: str
    learner: str
    step: int
    day: float
    choices: list[Choice]
    policy: str
    fallback: str = Field(description="empty where the policy decided, else why the author's syllabus did")


class ObserveBody(Strict):
    """What became of a recommendation. Sent twice under one ``id``, it counts once."""

    id: Key = Field(description="idempotency key, one per event and tenant", examples=["evt-83321"])
    learner: Name = Field(examples=["u-1041"])
    decision: Key | None = Field(None, description="which decision it answers; else the learner's latest")
    day: Day | None = Field(None, description="days since the learner's start; else by the clock")
    offered: list[Activity] | None = Field(None, max_length=100, description="else what the decision offered")
    taken: Activity | None = None
    about: Activity | None = Field(None, description="what was looked at and declined")
    outcome: Name | None = None
    completed: bool | None = None
    minutes: float | None = Field(None, allow_inf_nan=False)
    items: dict[Name, int] | None = Field(None, description="questions answered, by skill")
    correct: dict[Name, int] | None = Field(None, description="those answered rightly, by skill")
    rating: float | None = Field(None, allow_inf_nan=False, description="1 to 5")
    vetoed: Name | None = Field(None, description="an offer that the learner does not want to see again")
    full: list[Name] | None = Field(None, max_length=100, description="no seat left; alone, the decision stays open")


class LearnerBody(Strict):
    """A learner begins, or is told another profile."""

    id: Key = Field(description="idempotency key")
    learner: Name = Field(examples=["u-1041"])
    profile: Profile


class Observed(BaseModel):
    """An event that is kept."""

    id: str
    learner: str
    seq: int = Field(description="the learner's events before it")
    duplicate: bool = Field(description="it was kept before; nothing has changed")


class Problem(BaseModel):
    """Why something was refused (RFC 9457), and which field it is about."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    field: str
    found: str = ""
    needed: str = ""
    example: str = ""


class Health(BaseModel):
    """Is the process alive?"""

    status: str = "ok"


class Ready(BaseModel):
    """May requests be sent here?"""

    status: str
    policy: str = Field(description="name and version of the champion")
    bundle: str = Field(description="its digest")
    paused: str = Field(description="why the syllabus decides for everybody, empty if it does not")
    waiting: int = Field(description="requests that wait for the desk")
