"""Decision lines: what has to be logged so that a policy can be judged later, one JSON object per decision.

A line holds what was offered with which chance, and what became of it. :func:`columns` turns lines into the columns of
``core.log.EventLog``, the type of a simulated log; :func:`statement` says one line as an xAPI statement (Experience API
1.0.3) for a learning record store, in the words of ``interchange.xapi_writing``, so that the laboratory reads it back.
Sending a statement twice is harmless: its id follows from learner, policy and step.
"""

import json
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .advice import Recommendation
from .contract import OUTCOMES, REST, Catalogue, Contract, known, number, read_json
from .intake import Told
from .seal import Refused

LINE_VERSION = 1  #: of a line; moves with its meaning
EXTENSIONS = "https://w3id.org/adaptlearn/ext/"  #: must be that of interchange.xapi
VERBS = {
    "rested": "https://w3id.org/adaptlearn/verbs/rested",
    "skipped": "http://id.tincanapi.com/verb/skipped",
    "progressed": "http://adlnet.gov/expapi/verbs/progressed",
    "completed": "http://adlnet.gov/expapi/verbs/completed",
}  #: must be those of interchange.xapi_writing
NEEDED = ("learner", "policy", "policy_version", "step", "day", "offered", "propensity", "taken", "outcome",
          "completed", "minutes", "items", "correct", "rating")  # fmt: skip
TOLD = ("weekly_minutes", "motive", "stated", "mandatory")  #: what the policy was told; lines written before lack it


def line_of(advice: Recommendation, told: Told, contract: Contract, role: str) -> dict[str, Any]:
    """One decision and what became of it, ready for ``json.dumps``."""
    happened = dict(zip(contract["happened_names"], told.happened[0].tolist(), strict=True))
    asked = {skill: int(n) for skill, n in zip(contract.skills, told.items[0], strict=True) if n}
    return {
        "line_version": LINE_VERSION,
        "learner": advice.learner,
        "step": advice.step,
        "day": float(np.float32(advice.day)),
        "role": role,
        **_told(advice, contract),
        "policy": contract.policy["name"],
        "policy_version": contract.policy["version"],
        "fallback": advice.fallback,
        "offered": advice.ids,
        "propensity": [choice.propensity for choice in advice.choices],
        "taken": told.taken or None,
        "outcome": OUTCOMES[int(happened["outcome"])],
        "completed": bool(happened["completed"]),
        "minutes": happened["minutes"],
        "items": asked,
        "correct": {skill: int(told.correct[0, contract.skill_at[skill]]) for skill in asked},
        "rating": happened["rating"],
        **({"vetoed": told.vetoed} if told.vetoed else {}),
        **({"full": full} if (full := list(dict.fromkeys((*advice.record.full, *told.full)))) else {}),
    }


def _told(advice: Recommendation, contract: Contract) -> dict[str, Any]:
    """What the policy was told of the learner beside the destination; None where nobody said."""
    row = advice.record.profile[len(contract.skills) :].tolist()
    told = dict(zip(contract["profile_names"], row, strict=True))
    words = {what: [name for name in _words(what, contract) if told[f"{what}_{name}"] == 1.0] for what in _SAID}
    return {
        "weekly_minutes": told["weekly_minutes"],
        **{what: next(iter(said), None) for what, said in words.items()},
        "mandatory": bool(told["mandatory"]),
    }


_SAID = ("motive", "stated")


def _words(what: str, contract: Contract) -> list[str]:
    """The words a contract knows for a motive or a stated style, in its order."""
    return [name.removeprefix(f"{what}_") for name in contract["profile_names"] if name.startswith(f"{what}_")]


def read_lines(text: str) -> list[dict[str, Any]]:
    """Lines of a file, one JSON object each.

    Raises:
        Refused: naming the line and the field.
    """
    lines = []
    for at, one in enumerate(filter(str.strip, text.splitlines()), 1):
        line = read_json(f"line {at}", one.encode("utf-8", "surrogatepass"))
        if line.get("line_version") != LINE_VERSION:
            raise Refused(f"line {at} line_version", repr(line.get("line_version")), str(LINE_VERSION))
        _require(line, f"line {at}")
        lines.append(line)
    return lines


def _require(line: Mapping[str, Any], place: str) -> None:
    """Every field of a line there, of its kind and within bounds."""
    needed = "as Runtime.line wrote it"
    for name in NEEDED:
        if name not in line:
            raise Refused(f"{place} {name}", "nothing", needed)
    for name, most in (("step", 2.0**31 - 1), ("day", 1e5), ("minutes", 1e5), ("rating", 5.0)):
        number(f"{place} {name}", line[name], 0.0, most)
    counts = [line["items"], line["correct"]]
    fits = {
        "learner": isinstance(line["learner"], str),
        "policy": isinstance(line["policy"], str),
        "policy_version": isinstance(line["policy_version"], str),
        "step": line["step"] == int(line["step"]),
        "offered": _listed(line["offered"], str) and len(line["offered"]) > 0,
        "propensity": _listed(line["propensity"], (int, float)) and all(0.0 <= p <= 1.0 for p in line["propensity"]),
        "taken": line["taken"] is None or isinstance(line["taken"], str),
        "outcome": line["outcome"] in OUTCOMES,
        "completed": isinstance(line["completed"], bool),
        "items": all(isinstance(one, dict) and _listed(list(one.values()), int) for one in counts),
    }
    fits |= _profile_fits(line, place) if any(name in line for name in TOLD) else {}
    fits["correct"] = fits["items"] and all(
        0 <= line["correct"].get(s, -1) <= n <= 255 for s, n in line["items"].items()
    )
    fits |= {"vetoed": isinstance(line.get("vetoed", ""), str), "full": _listed(line.get("full", []), str)}
    fits["propensity"] = fits["propensity"] and fits["offered"] and len(line["propensity"]) == len(line["offered"])
    for name, well in fits.items():
        if not well:
            raise Refused(f"{place} {name}", repr(line.get(name)), needed)


def _profile_fits(line: Mapping[str, Any], place: str) -> dict[str, bool]:
    for name in TOLD:
        if name not in line:
            raise Refused(f"{place} {name}", "nothing", "all of " + ", ".join(TOLD) + ", or none of them")
    number(f"{place} weekly_minutes", line["weekly_minutes"], 1.0, 10080.0)
    said = {name: line[name] is None or isinstance(line[name], str) for name in _SAID}
    return said | {"mandatory": isinstance(line["mandatory"], bool)}


def _listed(values: object, kind: Any) -> bool:
    return isinstance(values, list) and all(isinstance(v, kind) and not isinstance(v, bool) for v in values)


def columns(lines: Iterable[Mapping[str, Any]], catalogue: Catalogue, contract: Contract) -> dict[str, NDArray[Any]]:
    """Lines as the columns of an event log, sorted by learner and step.

    Learners become the first 8 bytes of SHA-256 of their name; a slate shorter than the longest is filled up with
    "nothing now", certain. What a platform does not know yet, whether a learner has left for good, is False. What the
    policy was told of the learner is there where every line says it.

    Raises:
        Refused: no line, or an activity that is not in the catalogue.
    """
    rows = sorted(lines, key=lambda line: (_identity(line["learner"]), line["step"]))
    if not rows:
        raise Refused("lines", "none", "at least one decision line")
    places, roles = max(len(line["offered"]) for line in rows), {name: j for j, name in enumerate(contract.roles)}
    widest = max([len(_answers(line, catalogue, contract)) for line in rows] + [1])

    def column(kind: str, values: Iterable[Any]) -> NDArray[Any]:
        return np.array(list(values), kind)

    items, correct = (column("int16", (sum(line[name].values()) for line in rows)) for name in ("items", "correct"))
    made = {
        "learner": column("uint64", (_identity(line["learner"]) for line in rows)),
        "step": column("int32", (line["step"] for line in rows)),
        "day": column("float32", (line["day"] for line in rows)),
        "offered": column("int32", (_padded([_row(a, catalogue) for a in line["offered"]], places, 0)
                                    for line in rows)),
        "taken": column("int32", (_row(line["taken"], catalogue) if line["taken"] else 0 for line in rows)),
        "outcome": column("int8", (OUTCOMES.index(line["outcome"]) for line in rows)),
        "items": items,
        "correct": correct,
        "answers": column("uint8", (_padded(_answers(line, catalogue, contract), widest, 0) for line in rows)),
        "score": np.divide(correct, items, out=np.full(len(rows), np.nan, np.float32), where=items > 0),
        "rating": column("float32", (line["rating"] for line in rows)),
        "gap_days": _gaps(rows),
        "left": np.zeros(len(rows), bool),
        "propensity": column("float32", (_padded(line["propensity"], places, 1.0) for line in rows)),
        "role": column("int8", (roles.get(str(line.get("role", "")), -1) for line in rows)),
    }  # fmt: skip
    made |= {"completed": column("bool", (line["completed"] for line in rows))}
    made |= {"minutes": column("float32", (line["minutes"] for line in rows))}
    made |= {name: np.full(len(rows), -1, np.int8) for name in ("site", "tenure")}  # never asked for
    made |= _say(rows, catalogue)
    if not all("weekly_minutes" in line for line in rows):
        return made
    made |= {what: column("int8", (_word(line[what], what, contract) for line in rows)) for what in _SAID}
    made |= {"weekly_minutes": column("float32", (line["weekly_minutes"] for line in rows))}
    return made | {"mandatory": column("bool", (line["mandatory"] for line in rows))}


def _say(rows: list[Mapping[str, Any]], catalogue: Catalogue) -> dict[str, NDArray[Any]]:
    """What was struck off and what was full, where any line says so."""
    made, most = {}, max(len(line.get("full", ())) for line in rows)
    if any(line.get("vetoed") for line in rows):
        made["vetoed"] = np.array([_row(line.get("vetoed") or REST, catalogue) for line in rows], "int32")
    if most:
        said = [[_row(a, catalogue) for a in line.get("full", ())] for line in rows]
        made["full"] = np.array([_padded(one, most, 0) for one in said], "int32")
    return made


def _answers(line: Mapping[str, Any], catalogue: Catalogue, contract: Contract) -> list[int]:
    """Correct answers per skill that the activity declares to ask about, and then per other skill, in their order."""
    asked = {k for k, _ in catalogue.asks[_row(line["taken"], catalogue)]} if line["taken"] else set()
    others = {contract.skill_at[skill] for skill in line["items"]} - asked
    return [line["correct"].get(contract.skills[k], 0) for k in (*sorted(asked), *sorted(others))]


def _word(said: str | None, what: str, contract: Contract) -> int:
    """Where a word stands among a contract's, -1 for none."""
    if said is None:
        return -1
    return known(f"lines {what}", said, {word: j for j, word in enumerate(_words(what, contract))})


def _identity(learner: str) -> int:
    return int.from_bytes(sha256(learner.encode("utf-8", "surrogatepass")).digest()[:8], "big")


def _row(activity: str, catalogue: Catalogue) -> int:
    if activity not in catalogue.at:
        raise Refused("lines offered", repr(activity), "ids of one catalogue; give the one of that day")
    return catalogue.at[activity]


def _padded(values: list[Any], n: int, by: Any) -> list[Any]:
    return values + [by] * (n - len(values))


def _gaps(rows: list[Mapping[str, Any]]) -> NDArray[np.float32]:
    """Days until the same learner's next decision, NaN after the last."""
    gaps = np.full(len(rows), np.nan, np.float32)
    for j, (one, after) in enumerate(zip(rows, rows[1:], strict=False)):
        if one["learner"] == after["learner"]:
            gaps[j] = after["day"] - one["day"]
    return gaps


def statement(
    line: Mapping[str, Any], *, home: str, started: datetime, catalogue: Catalogue, contract: Contract
) -> dict[str, Any]:
    """One decision line as an xAPI statement.

    Args:
        home: address of the system that names the learners, e.g. ``https://lms.example.org``.
        started: when this learner's day 0 began, with its time zone.
        catalogue, contract: of the runtime: ``runtime.shelf.catalogue``, ``runtime.contract``.
    """
    took = line["taken"]
    verb = ("completed" if line["completed"] else "progressed") if took else str(line["outcome"])
    verb = "rested" if verb == "rest" else verb
    chances = line["propensity"]
    said = {
        "policy-id": line["policy"], "policy-version": line["policy_version"], "candidates": line["offered"],
        "propensity": chances if len(chances) > 1 else chances[0], "step": line["step"], "role": line.get("role", ""),
        "outcome": "rested" if line["outcome"] == "rest" else line["outcome"], "fallback": line.get("fallback", ""),
        "vetoed": line.get("vetoed", ""), "full": line.get("full", ""),
    }  # fmt: skip
    address = json.dumps([home, line["learner"], line["policy"], line["policy_version"], line["step"]])
    when = started + timedelta(days=float(line["day"]))
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, address)),
        "actor": {"objectType": "Agent", "account": {"homePage": home, "name": line["learner"]}},
        "verb": {"id": VERBS[verb], "display": {"en": verb}},
        "object": _object(took or line["offered"][0], home, catalogue, contract),
        **({"result": _result(line)} if took else {}),
        "context": {"platform": "adaptlearn", "extensions": _extended(said)},
        "timestamp": when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "version": "1.0.3",
    }


def _extended(said: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{EXTENSIONS}{name}": value for name, value in said.items() if value not in ("", {}, 0) or name == "step"}


def _object(activity: str, home: str, catalogue: Catalogue, contract: Contract) -> dict[str, Any]:
    made: dict[str, Any] = {"objectType": "Activity", "id": f"{home.rstrip('/')}/activities/{activity}"}
    if activity not in catalogue.at:
        return made
    a = catalogue.at[activity]
    skills = [contract.skills[k] for k, _ in catalogue.teaches[a] or catalogue.asks[a]]
    return made | {"definition": {"name": {"en": catalogue.titles[a]}, **(
        {"extensions": _extended({"skill": skills})} if skills else {})}}  # fmt: skip


def _result(line: Mapping[str, Any]) -> dict[str, Any]:
    asked, right = sum(line["items"].values()), sum(line["correct"].values())
    result: dict[str, Any] = {"completion": line["completed"], "duration": f"PT{60.0 * line['minutes']:.1f}S"}
    if asked:
        result["score"] = {"scaled": round(right / asked, 6), "raw": right, "min": 0, "max": asked}
    more = _extended({name: line[name] for name in ("items", "correct", "rating")})
    return result | ({"extensions": more} if more else {})


__all__ = ["EXTENSIONS", "LINE_VERSION", "VERBS", "columns", "line_of", "read_lines", "statement"]
