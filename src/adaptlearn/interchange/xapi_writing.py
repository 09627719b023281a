"""An event log as xAPI statements: one per decision, valid in 1.0.3 and in 2.0 (IEEE 9274.1.1).

What was decided travels with what happened: the offers, the chance of each, the policy and its version stand in the
context, so that a learning record store keeps what off-policy evaluation needs. Numbers are written as numbers. The
same log, salt and start give the same bytes.
"""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import numpy as np

from adaptlearn.core.keep import keeping
from adaptlearn.core.log import EventLog
from adaptlearn.core.refusal import Fault, Refusal
from adaptlearn.core.world import World
from adaptlearn.interchange.statement import EXTENSIONS
from adaptlearn.interchange.xapi import pseudonym

VERSIONS = ("1.0.3", "2.0.0")
VERBS = {
    "rested": "https://w3id.org/adaptlearn/verbs/rested",  # the decision was "nothing now"
    "skipped": "http://id.tincanapi.com/verb/skipped",
    "progressed": "http://adlnet.gov/expapi/verbs/progressed",  # begun, not finished
    "completed": "http://adlnet.gov/expapi/verbs/completed",
}
OUTCOMES = ("rested", "accepted", "substituted", "skipped")  #: by the log's number
ACTIVITY_TYPE = "https://w3id.org/adaptlearn/activity-type/"


@dataclass(frozen=True)
class Writing:
    """What a log does not say and statements need."""

    salt: str  # people are keyed hashes of their number in the log
    home: str = "https://lms.example.com"  # an IRI of yours: accounts and activities stand below it
    start: datetime = datetime(2000, 1, 1, tzinfo=UTC)  # moment of day 0
    version: str = VERSIONS[0]

    def __post_init__(self) -> None:
        faults = []
        if self.version not in VERSIONS:
            faults.append(Fault("statements", None, "version", repr(self.version), " or ".join(VERSIONS), VERSIONS[0]))
        if not self.salt:
            faults.append(Fault("statements", None, "salt", "nothing", "words that only you know", "salt='...'"))
        if not self.home.startswith(("http://", "https://")) or self.home.endswith("/"):
            faults.append(Fault("statements", None, "home", repr(self.home), "an http(s) address without / at its end",
                                "https://lms.example.com"))  # fmt: skip
        if self.start.tzinfo is None:
            faults.append(Fault("statements", None, "start", str(self.start), "a moment with its zone",
                                "2026-03-01T08:00:00+00:00"))  # fmt: skip
        if faults:
            raise Refusal(faults)


def statements(log: EventLog, world: World, writing: Writing) -> Iterator[dict[str, Any]]:
    """One statement per row of a log, in its order."""
    if len(log) and int(log["offered"].max()) >= len(world.activities):
        found = f"activity {int(log['offered'].max())} of a catalogue with {len(world.activities)} rows ({world.name})"
        raise Refusal([Fault("statements", None, "env", found, "the world that the log comes from", "env=tiny-v1")])
    for at in range(len(log)):
        yield _statement(log, world, writing, at)


def write(log: EventLog, world: World, path: str | Path, writing: Writing) -> int:
    """Write statements, whole or not at all: ``.json`` an array, ``.jsonl`` lines, ``.gz`` packed.   -> how many"""
    target = Path(path)
    kinds = [suffix for suffix in target.suffixes if suffix != ".gz"]
    if kinds[-1:] not in ([".json"], [".jsonl"], [".ndjson"]):
        found, needed = f"a file of kind {target.suffix or 'none'}", ".json (an array) or .jsonl (lines), also with .gz"
        raise Refusal([Fault(target.name, None, "", found, needed, "statements.jsonl.gz")])
    before, between, after = ("[\n", ",\n", "\n]\n") if kinds[-1] == ".json" else ("", "\n", "\n")
    with keeping(target) as raw:
        out = gzip.GzipFile("", "wb", fileobj=raw, mtime=0) if target.suffix == ".gz" else raw
        out.write(before.encode())
        for at, statement in enumerate(statements(log, world, writing)):
            text = json.dumps(statement, ensure_ascii=False, separators=(",", ":"))
            out.write(f"{between if at else ''}{text}".encode())
        out.write(after.encode())
        if out is not raw:
            out.close()
    return len(log)


def _statement(log: EventLog, world: World, writing: Writing, at: int) -> dict[str, Any]:
    outcome, learner, step = OUTCOMES[int(log["outcome"][at])], int(log["learner"][at]), int(log["step"][at])
    done = bool(log["completed"][at])
    verb = outcome if outcome in ("rested", "skipped") else "completed" if done else "progressed"
    taken = int(log["taken"][at]) or (int(log["offered"][at][0]) if outcome == "skipped" else 0)
    person = pseudonym({"account": {"homePage": writing.home, "name": str(learner)}}, writing.salt)
    when = writing.start + timedelta(days=float(log["day"][at]))
    one: dict[str, Any] = {
        "id": str(uuid5(NAMESPACE_URL, f"{writing.home}/{person}/{step}/{log.policy}/{log.policy_version}")),
        "actor": {"objectType": "Agent", "account": {"homePage": writing.home, "name": person}},
        "verb": {"id": VERBS[verb], "display": {"en": verb}},
        "object": _activity(world, writing, taken),
    }
    if outcome in ("accepted", "substituted"):
        one["result"] = _result(log, at, done)
    return one | {
        "context": _context(log, world, writing, at, person, outcome),
        "timestamp": when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "version": writing.version,
    }


def _activity(world: World, writing: Writing, row: int) -> dict[str, Any]:
    activity = world.activities[row]
    definition: dict[str, Any] = {
        "name": {"en": activity.title}, "type": f"{ACTIVITY_TYPE}{activity.learning_resource_type}"
    }  # fmt: skip
    skills = [name for name, _ in activity.teaches] or [name for name, _ in activity.assesses]
    if skills:
        definition["extensions"] = {f"{EXTENSIONS}skill": skills}
    return {"objectType": "Activity", "id": f"{writing.home}/activities/{activity.id}", "definition": definition}


def _result(log: EventLog, at: int, done: bool) -> dict[str, Any]:
    """What came of it. A share of right answers is a score; whether it is a success is not for a log to say."""
    result: dict[str, Any] = {"completion": done, "duration": f"PT{float(log['minutes'][at]) * 60:.1f}S"}
    items, correct = int(log["items"][at]), int(log["correct"][at])
    if items:
        result["score"] = {"scaled": round(correct / items, 6), "raw": correct, "min": 0, "max": items}
    if log["rating"][at] > 0:
        result["extensions"] = {f"{EXTENSIONS}rating": _number(log["rating"][at])}
    return result


def _context(log: EventLog, world: World, writing: Writing, at: int, person: str, outcome: str) -> dict[str, Any]:
    offered = [world.activities[int(row)].id for row in np.atleast_1d(log["offered"][at])]
    chances = [_number(chance) for chance in np.atleast_1d(log["propensity"][at])]
    return {
        "registration": str(uuid5(NAMESPACE_URL, f"{writing.home}/programmes/{world.name}/{person}")),
        "platform": "adaptlearn, simulated learners" if log.provenance.get("simulated") == "yes" else "adaptlearn",
        "contextActivities": {"grouping": [{"id": f"{writing.home}/programmes/{world.name}"}]},
        "extensions": {
            f"{EXTENSIONS}policy-id": log.policy,
            f"{EXTENSIONS}policy-version": log.policy_version,
            f"{EXTENSIONS}candidates": offered,
            f"{EXTENSIONS}propensity": chances if len(chances) > 1 else chances[0],
            f"{EXTENSIONS}outcome": outcome,
            f"{EXTENSIONS}role": world.role_ids[int(log["role"][at])],
            f"{EXTENSIONS}step": int(log["step"][at]),
            **_say(log, world, at),
        },
    }


def _say(log: EventLog, world: World, at: int) -> dict[str, Any]:
    """What the learner struck off, and what had no seat left, where the log says it."""
    said: dict[str, Any] = {}
    if "vetoed" in log.columns and log["vetoed"][at] > 0:
        said[f"{EXTENSIONS}vetoed"] = world.activities[int(log["vetoed"][at])].id
    if "full" in log.columns and log["full"][at].any():
        said[f"{EXTENSIONS}full"] = [world.activities[int(row)].id for row in log["full"][at] if row > 0]
    return said


def _number(value: Any) -> float | int:
    """A plain number, as short as the log's precision allows."""
    short = float(f"{float(value):.7g}")
    return int(short) if short == int(short) else short
