"""xAPI statements in, as a learning record store forwards them: 1.0.3 and 2.0, one or an array.

What a store forwards is everything that happens in an LMS. What says how an activity ended is taken as an event; the
rest is accepted and passed over, counted in the answer's header and by reason in /metrics: refused, it would only be
sent again and again. What is no statement refuses the whole request, as the standard asks, and nothing of it is kept.
"""

import asyncio
import json
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from .batch import Taken, Told, Unknown
from .bundled import Refused, statement
from .desk import Desk
from .doors import desk_of, settings_of
from .keys import Caller
from .policies import Fleet
from .refusals import DESCRIBED, problem
from .routes import MayTell
from .store import now

VERSIONS = {"1.0": "1.0.3", "2.0": "2.0.0"}  #: what is asked for, and what is answered
VERSION = "X-Experience-API-Version"
ENDS = ("completed", "passed", "failed", "progressed", "skipped", "rested")  #: verbs that may say how it ended
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LEARNER = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,200}")
AHEAD = 86_400.0  #: seconds that a platform's clock may be ahead of ours

router = APIRouter(responses=dict(DESCRIBED), tags=["xAPI"])
DOCUMENTED = {
    "parameters": [{"name": VERSION, "in": "header", "required": True,
                    "schema": {"type": "string", "enum": ["1.0.3", "2.0.0"]}}],
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"anyOf": [
        {"type": "object", "required": ["actor", "verb", "object"]},
        {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["actor", "verb", "object"]}},
    ]}}}},
}  # fmt: skip


class PassedOver(Exception):
    """Why a statement is accepted and says nothing here."""


@router.post(
    "/xapi/statements",
    openapi_extra=DOCUMENTED,
    responses={200: {"content": {"application/json": {"schema": {"type": "array", "items": {"type": "string"}}}}}},
)
async def statements(request: Request, caller: MayTell) -> Response:
    """Take what says how an activity ended.   -> ids, as the standard asks; answered when they are on the disk"""
    version = VERSIONS.get(request.headers.get(VERSION, "")[:3])
    if version is None:
        found = request.headers.get(VERSION, "")
        return problem(400, VERSION, found=found, needed="1.0.3 or 2.0.0", headers={VERSION: "2.0.0"})
    headers = {VERSION: version}
    try:
        given = read(await request.body(), settings_of(request).most_statements)
    except Refused as refusal:
        return problem(400, refusal.field, str(refusal), found=refusal.found, needed=refusal.needed, headers=headers)
    desk = desk_of(request)
    passed = await asyncio.gather(*[_taken(desk, one, caller) for one in given])
    for why in passed:
        request.app.state.meters.statement(why)
    headers |= {"X-Passed-Over": str(sum(map(bool, passed)))}
    return Response(json.dumps([one["id"] for one in given]), media_type="application/json", headers=headers)


async def _taken(desk: Desk, one: dict[str, Any], caller: Caller) -> str:
    """Take one statement.   -> why it was passed over, "" if it was not

    Raises:
        Taken: another statement has this id.
    """
    try:
        await desk.ask(event(one, caller.tenant, desk.fleet))
    except PassedOver as why:
        return str(why)
    except Unknown as unknown:
        return f"{unknown.field}: nobody told of it"
    except Taken:
        raise
    except Refused as refusal:
        return f"refused: {refusal.field.partition(' ')[0]}"
    return ""


def read(blob: bytes, most: int) -> list[dict[str, Any]]:
    """Statements of a request, each with an id.

    Raises:
        Refused: not one or many statements; the field is named.
    """
    try:
        data = json.loads(blob)
    except (ValueError, RecursionError) as wrong:
        raise Refused("body", type(wrong).__name__, "a statement or an array of statements, in JSON") from wrong
    given = data if isinstance(data, list) else [data]
    if not 1 <= len(given) <= most:
        raise Refused("body", f"{len(given)} statements", f"1 to {most} statements")
    for j, one in enumerate(given):
        place = f"[{j}]." if isinstance(data, list) else ""
        if not isinstance(one, dict):
            raise Refused(f"{place}statement", type(one).__name__, "a statement: actor, verb, object")
        for name in ("actor", "verb", "object"):
            if not statement.part(one, name):
                raise Refused(f"{place}{name}", str(one.get(name))[:80], "an object of xAPI")
        if not isinstance(statement.part(one, "verb").get("id"), str):
            raise Refused(f"{place}verb.id", str(statement.part(one, "verb").get("id"))[:80], "an IRI")
        name = one.setdefault("id", str(uuid.uuid4()))
        if not isinstance(name, str) or not UUID.fullmatch(name.casefold()):
            raise Refused(f"{place}id", str(name)[:80], "a UUID", "fd41c918-b88b-4b20-a0a5-a4c32391aaa0")
    if len({one["id"].casefold() for one in given}) < len(given):
        raise Refused("id", "the same id twice", "an id of its own for each statement")
    return given


def event(one: dict[str, Any], tenant: str, fleet: Fleet) -> Told:
    """A statement as an event.

    Raises:
        PassedOver: it says nothing that counts here.
    """
    if why := statement.why_not(one):
        raise PassedOver(why)
    verb, result = statement.verb(one), statement.part(one, "result")
    ended = verb in ("completed", "skipped", "rested") or isinstance(result.get("completion"), bool)
    if verb not in ENDS or not ended:
        raise PassedOver("a verb that does not say how it ended")
    learner = statement.identifier(statement.part(one, "actor"))[2]
    if not LEARNER.fullmatch(learner):
        raise PassedOver("a name that is no learner's")
    more = _extended(statement.part(one, "context")) | _extended(result)
    shown = {"offered": more["candidates"]} if isinstance(more.get("candidates"), list) else {}
    body = shown if verb in ("skipped", "rested") else shown | _visit(one, more, fleet)
    body |= {name: more[name] for name, kind in (("vetoed", str), ("full", list)) if isinstance(more.get(name), kind)}
    decision = more.get("decision")
    decision = decision if isinstance(decision, str) and 0 < len(decision) <= 100 else None
    return Told(tenant, learner, "observed", one["id"].casefold(), body, now(), decision, _moment(one["timestamp"]))


def _extended(given: dict[str, Any]) -> dict[str, Any]:
    """Our own extensions by their short names."""
    found = statement.part(given, "extensions").items()
    return {k.removeprefix(statement.EXTENSIONS): v for k, v in found if k.startswith(statement.EXTENSIONS)}


def _moment(text: object) -> float:
    """Seconds since 1970; none that lie in the future."""
    try:
        when = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
        seconds = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as wrong:
        raise PassedOver("no timestamp that can be read") from wrong
    if seconds > now() + AHEAD:
        raise PassedOver("a timestamp in the future")
    return seconds


def _activity(iri: str, fleet: Fleet) -> str:
    """Which activity an IRI means: the whole of it, or its last word."""
    for name in (iri, statement.tail(iri)):
        if name in fleet.words.activities:
            return name
    raise PassedOver("an activity that no bundle knows")


def _visit(one: dict[str, Any], more: Mapping[str, Any], fleet: Fleet) -> dict[str, Any]:
    """What was taken, and how it went."""
    result, activity = statement.part(one, "result"), _activity(str(statement.part(one, "object")["id"]), fleet)
    minutes = statement.minutes(str(result.get("duration", "")))
    if minutes is None:  # the declared ones
        minutes = float(fleet.words.activities[activity]["features"].get("minutes", 0.0))
    body: dict[str, Any] = {"taken": activity, "completed": statement.completed(one), "minutes": min(minutes, 1e5)}
    if statement.is_number(more.get("rating")):
        body["rating"] = more["rating"]
    if isinstance(more.get("items"), dict) and isinstance(more.get("correct"), dict):
        return body | {"items": more["items"], "correct": more["correct"]}
    score, runtime = statement.scaled(statement.part(result, "score")), fleet.champion.runtime
    catalogue = runtime.shelf.catalogue
    asks = catalogue.asks[catalogue.at[activity]] if activity in catalogue.at else ()
    if score is not None and len(asks) == 1:  # of one skill: a share of its declared items
        skill, items = runtime.contract.skills[asks[0][0]], max(round(asks[0][1]), 1)
        body |= {"items": {skill: items}, "correct": {skill: round(items * min(max(float(score), 0.0), 1.0))}}
    return body
