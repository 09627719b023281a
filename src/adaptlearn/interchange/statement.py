"""One xAPI statement taken apart: who, what, how it went. Standard library alone: the service reads with it, too.

Versions 1.0.3 and 2.0 (IEEE 9274.1.1). Taken generously: what is missing is blank, what is of another kind is missing.
"""

import re
from typing import Any

EXTENSIONS = "https://w3id.org/adaptlearn/ext/"  #: skill, policy-id, candidates, propensity
IDENTIFIERS = ("mbox", "mbox_sha1sum", "openid")
DURATION = re.compile(r"P(?:(\d+(?:[.,]\d+)?)D)?(?:T(?:(\d[\d.,]*)H)?(?:(\d[\d.,]*)M)?(?:(\d[\d.,]*)S)?)?")


def part(value: dict[str, Any], name: str) -> dict[str, Any]:
    """An object within an object; empty where there is none."""
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def tail(iri: str) -> str:
    """The last word of an IRI."""
    return iri.rstrip("/").replace("#", "/").rpartition("/")[2]


def verb(statement: dict[str, Any]) -> str:
    """The last word of the verb's IRI."""
    return tail(str(part(statement, "verb").get("id", "")))


def voids(statement: Any) -> bool:
    """Does it take another one back?"""
    return isinstance(statement, dict) and str(part(statement, "verb").get("id", "")).endswith("/verbs/voided")


def identifier(actor: dict[str, Any]) -> tuple[str, str, str]:
    """The one identifier of a person that xAPI asks for.   -> its kind, its home (of an account), itself; or blanks"""
    for kind in IDENTIFIERS:
        if actor.get(kind):
            return kind, "", str(actor[kind])
    account = part(actor, "account")
    if account.get("name"):
        return "account", str(account.get("homePage", "")), str(account["name"])
    return "", "", ""


def why_not(statement: dict[str, Any]) -> str:
    """Why a statement says nothing of one person and one activity; "" if it does."""
    actor, about = part(statement, "actor"), part(statement, "object")
    if voids(statement):
        return "a statement that voids another"
    if actor.get("objectType") == "Group" or "member" in actor:
        return "the actor is a group, not a person"
    if not identifier(actor)[0]:
        return "no actor that can be told from others"
    if about.get("objectType", "Activity") != "Activity" or not about.get("id"):
        return f"the object is no activity but a {about.get('objectType') or 'blank'}"
    if not statement.get("timestamp"):
        return "no timestamp"
    return ""


def completed(statement: dict[str, Any]) -> bool:
    """Was it completed? A success is not a completion and a completion no success."""
    said = truth(part(statement, "result").get("completion"))
    return verb(statement) == "completed" if said is None else said


def scaled(score: dict[str, Any]) -> Any:
    """A score from -1 to 1: as given, or the raw one between its ends; None where there is none."""
    if is_number(score.get("scaled")):
        return score["scaled"]
    raw, low, high = (score.get(name) for name in ("raw", "min", "max"))
    if is_number(raw) and is_number(high):
        low = low if is_number(low) else 0
        return (raw - low) / (high - low) if high > low else None  # type: ignore[operator]
    return None


def minutes(text: str) -> float | None:
    """Minutes of an ISO 8601 duration, ``PT14M32S``; None for anything else."""
    match = DURATION.fullmatch(text)
    if not match or not any(match.groups()):
        return None
    try:
        days, hours, mins, seconds = (float((found or "0").replace(",", ".")) for found in match.groups())
    except ValueError:
        return None
    return days * 1440.0 + hours * 60.0 + mins + seconds / 60.0


def is_number(value: Any) -> bool:
    """A number in JSON; true and false are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def truth(value: Any) -> bool | None:
    """True or false, also where someone wrote it as text; None for anything else."""
    return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value).casefold())
