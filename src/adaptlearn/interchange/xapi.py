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
from adaptlearn.interchange.statement import (
    EXTENSIONS,
    completed,
    identifier,
    is_number,
    part,
    scaled,
    tail,
    truth,
    verb,
    voids,
    why_not,
)  # fmt: skip

COLUMNS = ("learner", "activity", "kind", "verb", "day", "completed", "correct", "score", "minutes", "skill",
           "propensity", "policy", "offered")  # fmt: skip
SALT = secrets.token_hex(16)  #: of this run, where none is given

Row = tuple[int, list[str], str]  #: line, cells of COLUMNS as text, why it cannot be used ("" = it can)


def pseudonym(actor: dict[str, Any], salt: str) -> str:
    """A person's number: a keyed hash of the one identifier that xAPI asks for; "" where there is none."""
    kind, home, name = identifier(actor)
    if not kind:
        return ""
    found = f"account:{home}:{name}" if kind == "account" else f"{kind}:{name.casefold()}"
    return hashlib.blake2b(found.encode(), key=salt.encode()[:64], digest_size=8).hexdigest()


def rows(file: Path, salt: str | None = None) -> Iterator[Row]:
    """Every statement of a file as a row.

    Raises:
        Torn: the file breaks off in the middle.
    """
    voided = {str(part(s, "object").get("id", "")).casefold() for _, s in values(file) if voids(s)}
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


def _why_not(statement: dict[str, Any], voided: bool, again: bool) -> str:
    """Why a statement cannot be used; "" if it can."""
    if voids(statement) or not (voided or again):
        return why_not(statement)
    return "voided" if voided else "the same id as a statement before"


def _cells(statement: dict[str, Any], salt: str) -> list[str]:
    about, result, context = (part(statement, name) for name in ("object", "result", "context"))
    definition, said = part(about, "definition"), part(context, "extensions")
    done, success = verb(statement), truth(result.get("success"))
    skill = part(definition, "extensions").get(f"{EXTENSIONS}skill", said.get(f"{EXTENSIONS}skill", ""))
    skills = [str(one) for one in skill] if isinstance(skill, list) else [str(skill)] if skill else []
    told = success is not None and (done == "answered" or len(skills) == 1)  # of a question, or of one skill
    offered = said.get(f"{EXTENSIONS}candidates", "")
    return [
        pseudonym(part(statement, "actor"), salt), str(about["id"]), tail(str(definition.get("type", ""))), done,
        str(statement["timestamp"]), str(int(completed(statement))), str(int(bool(success))) if told else "",
        _number(scaled(part(result, "score"))), str(result.get("duration") or ""), "~~".join(skills),
        _number(said.get(f"{EXTENSIONS}propensity")), str(said.get(f"{EXTENSIONS}policy-id", "")),
        " ".join(map(str, offered)) if isinstance(offered, list) else str(offered),
    ]  # fmt: skip


def _number(value: Any) -> str:
    """A number as text that is the same number; a number that someone wrote as text is taken as one."""
    if isinstance(value, (list, tuple)):
        return " ".join(map(_number, value))
    return repr(value) if is_number(value) else value if isinstance(value, str) else ""
