"""xAPI statements in: versions 1.0.3 and 2.0 (IEEE 9274.1.1), an array, lines, or a page of an LRS, packed or not.

    log = read("statements.json.gz", salt="of your own")      # adaptlearn.interchange.tables
    for row in rows(Path("statements.json.gz"), salt): ...

Taken generously: what a statement lacks is blank, what cannot be used is left out with its reason. A success is not a
completion and a completion no success; ``timestamp`` counts, never ``stored``; numbers stay numbers; voided statements,
those that void, and repeated ids are left out. A person is a keyed hash of their identifier: the same under the same
salt, and nothing else of them is kept.
"""

import hashlib
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adaptlearn.interchange.json_stream import Broken, values

EXTENSIONS = "https://w3id.org/adaptlearn/ext/"  #: skill, policy-id, candidates, propensity
COLUMNS = ("learner", "activity", "kind", "verb", "day", "completed", "correct", "score", "minutes", "skill",
           "propensity", "policy", "offered")  # fmt: skip
IDENTIFIERS = ("mbox", "mbox_sha1sum", "openid")
SALT = secrets.token_hex(16)  #: of this run, where none is given

Row = tuple[int, list[str], str]  #: line, cells of COLUMNS as text, why it cannot be used ("" = it can)


def pseudonym(actor: dict[str, Any], salt: str) -> str:
    """A person's number: a keyed hash of the one identifier that xAPI asks for; "" where there is none."""
    account = _part(actor, "account")
    found = [f"{name}:{str(actor[name]).casefold()}" for name in IDENTIFIERS if actor.get(name)]
    if account.get("name"):
        found.append(f"account:{account.get('homePage', '')}:{account['name']}")
    if not found:
        return ""
    return hashlib.blake2b(found[0].encode(), key=salt.encode()[:64], digest_size=8).hexdigest()


def rows(file: Path, salt: str | None = None) -> Iterator[Row]:
    """Every statement of a file as a row.

    Raises:
        Torn: the file breaks off in the middle.
    """
    voided = {str(_part(s, "object").get("id", "")).casefold() for _, s in values(file) if _voids(s)}
    met: set[int] = set()
    for line, statement in values(file):
        if not isinstance(statement, dict):
            kept = str(statement)[:80] if isinstance(statement, Broken) else type(statement).__name__
            yield line, [kept], "not a statement in JSON"
            continue
        name = str(statement.get("id", "")).casefold()
        number = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest())
        reason = _why_not(statement, name in voided, bool(name) and number in met)
        met.add(number)
        yield line, [name] if reason else _cells(statement, salt or SALT), reason


def _voids(statement: Any) -> bool:
    return isinstance(statement, dict) and str(_part(statement, "verb").get("id", "")).endswith("/verbs/voided")


def _why_not(statement: dict[str, Any], voided: bool, again: bool) -> str:
    """Why a statement cannot be used; "" if it can."""
    actor, about = _part(statement, "actor"), _part(statement, "object")
    if _voids(statement):
        return "a statement that voids another"
    if voided:
        return "voided"
    if again:
        return "the same id as a statement before"
    if actor.get("objectType") == "Group" or "member" in actor:
        return "the actor is a group, not a person"
    if not pseudonym(actor, "-"):
        return "no actor that can be told from others"
    if about.get("objectType", "Activity") != "Activity" or not about.get("id"):
        return f"the object is no activity but a {about.get('objectType') or 'blank'}"
    if not statement.get("timestamp"):
        return "no timestamp"
    return ""


def _cells(statement: dict[str, Any], salt: str) -> list[str]:
    about, result, context = (_part(statement, name) for name in ("object", "result", "context"))
    definition, said = _part(about, "definition"), _part(context, "extensions")
    verb = _tail(str(_part(statement, "verb").get("id", "")))
    completion, success = _truth(result.get("completion")), _truth(result.get("success"))
    completed = verb == "completed" if completion is None else completion
    skill = _part(definition, "extensions").get(f"{EXTENSIONS}skill", said.get(f"{EXTENSIONS}skill", ""))
    skills = [str(one) for one in skill] if isinstance(skill, list) else [str(skill)] if skill else []
    told = success is not None and (verb == "answered" or len(skills) == 1)  # of a question, or of one skill
    offered = said.get(f"{EXTENSIONS}candidates", "")
    return [
        pseudonym(_part(statement, "actor"), salt), str(about["id"]), _tail(str(definition.get("type", ""))), verb,
        str(statement["timestamp"]), str(int(completed)), str(int(bool(success))) if told else "",
        _number(_scaled(_part(result, "score"))), str(result.get("duration") or ""), "~~".join(skills),
        _number(said.get(f"{EXTENSIONS}propensity")), str(said.get(f"{EXTENSIONS}policy-id", "")),
        " ".join(map(str, offered)) if isinstance(offered, list) else str(offered),
    ]  # fmt: skip


def _scaled(score: dict[str, Any]) -> Any:
    """A score from -1 to 1: as given, or the raw one between its ends."""
    if _is_number(score.get("scaled")):
        return score["scaled"]
    raw, low, high = (score.get(name) for name in ("raw", "min", "max"))
    if _is_number(raw) and _is_number(high):
        low = low if _is_number(low) else 0
        return (raw - low) / (high - low) if high > low else None  # type: ignore[operator]
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _number(value: Any) -> str:
    """A number as text that is the same number; a number that someone wrote as text is taken as one."""
    if isinstance(value, (list, tuple)):
        return " ".join(map(_number, value))
    return repr(value) if _is_number(value) else value if isinstance(value, str) else ""


def _truth(value: Any) -> bool | None:
    return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value).casefold())


def _part(value: dict[str, Any], name: str) -> dict[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _tail(iri: str) -> str:
    """The last word of an IRI."""
    return iri.rstrip("/").replace("#", "/").rpartition("/")[2]
