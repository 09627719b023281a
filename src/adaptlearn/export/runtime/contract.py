"""What a bundle promises, as its readers see it: sizes and names from ``contract.json``, activities as rows.

Axes: A activities, K skills, F features.
"""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .seal import Refused, nearest

FORMAT = "adaptlearn-bundle"
FORMAT_VERSION = 1  #: of the folder, contract.json and catalogue.json; moves with their meaning
RECORD_VERSION = 1  #: of the record's floats; must be that of core.record
REST = "nothing-now"
OUTCOMES = ("rest", "accepted", "substituted", "skipped")
NEVER = math.inf

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Contract:
    """``contract.json``, with what readers ask for most as attributes."""

    data: Mapping[str, Any]
    skills: tuple[str, ...]
    titles: tuple[str, ...]  # of the skills
    feature_names: tuple[str, ...]
    newcomer: Floats  # [R] the record of a learner nobody has met
    roles: Mapping[str, Floats]  # target weight per skill, summing to 1
    carries: tuple[tuple[int, ...], ...]  # per skill: those that rest on it, at whatever depth
    skill_at: Mapping[str, int] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.data[name]

    @property
    def policy(self) -> Mapping[str, Any]:
        """Name, version, temperature, memory_size, luck_size."""
        return self.data["policy"]  # type: ignore[no-any-return]

    @property
    def programme(self) -> Mapping[str, Any]:
        """Terms of the programme."""
        return self.data["programme"]  # type: ignore[no-any-return]


def read_contract(blob: bytes) -> Contract:
    """A contract from its file.

    Raises:
        Refused: not a contract, of another version, or one that contradicts itself; the field is named.
    """
    data = read_json("contract.json", blob)
    if data.get("format") != FORMAT:
        raise Refused("contract.json format", repr(data.get("format")), repr(FORMAT))
    for name, own in (("format_version", FORMAT_VERSION), ("record_version", RECORD_VERSION)):
        if data.get(name) != own:
            raise Refused(
                f"contract.json {name}",
                repr(data.get(name)),
                f"{own}: export the policy again, or use the runtime of its day",
            )
    try:
        skills = tuple(str(skill["id"]) for skill in data["skills"])
        index = {name: k for k, name in enumerate(skills)}
        roles = {str(role["id"]): target_of(role["targets"], index, f"roles {role['id']}") for role in data["roles"]}
        contract = Contract(
            data,
            skills,
            tuple(str(skill["title"]) for skill in data["skills"]),
            tuple(data["feature_names"]),
            np.asarray(data["newcomer"], np.float32),
            roles,
            _carries(data["skills"], index),
            index,
        )
        numbers = [data["policy"][n] for n in ("temperature", "memory_size", "luck_size")]
        numbers += [data["programme"][n] for n in ("horizon_days", "retention_day", "repeats", "mandatory")]
        sizes = {port["name"]: port["shape"] for port in data["inputs"]}
    except (KeyError, TypeError, ValueError, AttributeError) as trouble:
        raise Refused(
            "contract.json", f"{type(trouble).__name__} {trouble}", "a contract as the export writes it"
        ) from trouble
    if sizes.get("record", [0, 0])[1] != len(contract.newcomer) or not all(
        isinstance(n, (int, float)) for n in numbers
    ):
        raise Refused(
            "contract.json newcomer", f"{len(contract.newcomer)} floats", f"{sizes.get('record')}, as the input record"
        )
    return contract


def _carries(skills: Sequence[Mapping[str, Any]], index: Mapping[str, int]) -> tuple[tuple[int, ...], ...]:
    reach = np.zeros((len(skills), len(skills)), np.float32)  # 1 where a skill (row) rests on another (column)
    for k, skill in enumerate(skills):
        reach[k, [index[name] for name in skill["requires"]]] = 1.0
    for _ in skills:
        reach = np.minimum(reach + reach @ reach, 1.0)
    return tuple(tuple(int(j) for j in np.flatnonzero(column)) for column in reach.T)


def read_json(name: str, blob: bytes) -> dict[str, Any]:
    """One JSON object from a file's bytes.

    Raises:
        Refused: not JSON, or not an object.
    """
    try:
        data = json.loads(blob)
    except (ValueError, RecursionError) as trouble:
        raise Refused(name, str(trouble), "JSON") from trouble
    if not isinstance(data, dict):
        raise Refused(name, type(data).__name__, "a JSON object")
    return data


def number(field_name: str, value: object, low: float = -math.inf, high: float = math.inf, example: str = "") -> float:
    """A finite number within bounds.

    Raises:
        Refused: naming the field.
    """
    between = (
        f"a number from {low:g} to {high:g}"
        if math.isfinite(low) and math.isfinite(high)
        else (f"a number >= {low:g}" if math.isfinite(low) else "a finite number")
    )
    if isinstance(value, bool) or not isinstance(value, (int, float, np.floating, np.integer)):
        raise Refused(field_name, repr(value), between, example)
    try:
        plain = float(value)
    except OverflowError:
        plain = math.inf
    if not math.isfinite(plain) or not low <= plain <= high:
        raise Refused(field_name, repr(value), between, example)
    return plain


def fields_of(given: object, allowed: Sequence[str], what: str) -> Mapping[str, Any]:
    """A mapping all of whose names are known.

    Raises:
        Refused: naming the field that is not.
    """
    if not isinstance(given, Mapping):
        raise Refused(what, repr(given), f"fields by name: {', '.join(allowed)}")
    for name in given:
        if name not in allowed:
            raise Refused(
                f"{what} {name}",
                "a field nobody knows",
                f"one of {', '.join(allowed)}",
                nearest(str(name), tuple(allowed)),
            )
    return given


def target_of(targets: object, skill_at: Mapping[str, int], field_name: str) -> Floats:
    """A goal as one weight per skill, summing to 1.   -> [K]"""
    if not isinstance(targets, Mapping) or not targets:
        raise Refused(field_name, repr(targets), "weights by skill", "{'" + nearest("", skill_at) + "': 1.0}")
    row = np.zeros(len(skill_at), np.float32)
    for name, weight in targets.items():
        row[known(f"{field_name} {name}", name, skill_at)] = number(f"{field_name} {name}", weight, 0.0, 1e6, "1.0")
    if not row.sum() > 0.0:
        raise Refused(field_name, repr(dict(targets)), "at least one weight above 0")
    return np.asarray(row / row.sum(), np.float32)


def known(field_name: str, word: object, words: Mapping[str, int]) -> int:
    """Where a word stands among those known.

    Raises:
        Refused: naming the field and the word most like it.
    """
    if not isinstance(word, str) or word not in words:
        raise Refused(field_name, repr(word), f"one of {_some(list(words))}", repr(nearest(str(word), words)))
    return words[word]


def _some(words: Sequence[str], most: int = 8) -> str:
    return ", ".join(words[:most]) + (f" ... ({len(words)} in all)" if len(words) > most else "")


@dataclass(frozen=True)
class Catalogue:
    """Activities as rows; row 0 is "nothing now"."""

    read: tuple["ActivityRow", ...]
    ids: tuple[str, ...]
    titles: tuple[str, ...]
    rows: Floats  # [A, F] raw units, as declared
    opens: NDArray[np.float64]  # [A] first day on which each may begin
    closes: NDArray[np.float64]  # [A] last day; inf = never closes
    weekdays: NDArray[np.bool_]  # [A, 7] from Monday, which day 0 is: days on which each may begin, or be booked
    at: Mapping[str, int]
    minutes: Floats  # [A] declared minutes
    rank: Floats  # [A] place in the author's syllabus, 0..1
    teaches: tuple[tuple[tuple[int, float], ...], ...]  # per activity: (skill, weight)
    asks: tuple[tuple[tuple[int, float], ...], ...]  # per activity: (skill, items)


def read_catalogue(data: object, contract: Contract, field_name: str = "catalogue") -> Catalogue:
    """Activities from ``catalogue.json`` or the same as Python objects; "nothing now" is added if it is not there.

    Raises:
        Refused: naming the activity and the field.
    """
    given = data.get("activities") if isinstance(data, Mapping) else data
    if isinstance(given, (str, bytes)) or not isinstance(given, Sequence) or len(given) > 100_000:
        raise Refused(field_name, type(data).__name__, "a list of activities", "[{'id': ..., 'features': {...}}]")
    listed = [one for one in given if not (isinstance(one, Mapping) and one.get("id") == REST)]
    rest = {"id": REST, "title": "Nothing now", "features": contract["rest"]}
    read = [read_activity(one, contract, f"{field_name}[{j}]") for j, one in enumerate([rest, *listed])]
    twice = [name for name, times in Counter(one.id for one in read).items() if times > 1]
    if twice:
        raise Refused(f"{field_name} id", repr(twice[0]), "ids of which no two are the same")
    return catalogue_of(read, contract)


def catalogue_of(read: Sequence["ActivityRow"], contract: Contract) -> Catalogue:
    """Activities already read, the first of them "nothing now", as a catalogue."""
    rows, k = np.stack([one.row for one in read]), len(contract.skills)
    column = {name: j for j, name in enumerate(contract.feature_names)}
    return Catalogue(
        read=tuple(read),
        ids=tuple(one.id for one in read),
        titles=tuple(one.title for one in read),
        rows=rows,
        opens=np.array([one.opens for one in read]),
        closes=np.array([one.closes for one in read]),
        weekdays=np.array([[day in one.weekdays for day in range(7)] for one in read]),
        at={one.id: j for j, one in enumerate(read)},
        minutes=rows[:, column["minutes"]],
        rank=rows[:, column["syllabus_rank"]],
        teaches=_sparse(rows[:, :k]),
        asks=_sparse(rows[:, k : 2 * k] * float(contract["items_scale"])),
    )


def _sparse(table: Floats) -> tuple[tuple[tuple[int, float], ...], ...]:
    return tuple(tuple((int(k), float(row[k])) for k in np.flatnonzero(row)) for row in table)


@dataclass(frozen=True)
class ActivityRow:
    """One activity as a row of features."""

    id: str
    title: str
    row: Floats
    opens: float
    closes: float
    weekdays: tuple[int, ...]  # 0 (Monday) to 6


def read_activity(one: object, contract: Contract, field_name: str) -> ActivityRow:
    """One activity: ``{"id", "title", "features": {name: value}, "opens", "closes", "weekdays"}``; features not named
    are 0, days not named are all."""
    if not isinstance(one, Mapping):
        raise Refused(field_name, repr(one), "an activity", "{'id': ..., 'title': ..., 'features': {...}}")
    name = one.get("id")
    if not isinstance(name, str) or not name:
        raise Refused(f"{field_name} id", repr(name), "a text that is not empty", "'welcome-video'")
    unknown = sorted(set(map(str, one)) - {"id", "title", "features", "opens", "closes", "weekdays"})
    if unknown:
        raise Refused(f"{name} {unknown[0]}", "a field nobody knows", "id, title, features, opens, closes, weekdays")
    features = one.get("features")
    if not isinstance(features, Mapping):
        raise Refused(f"{name} features", repr(features), "values by feature", "{'minutes': 15}")
    column = {feature: j for j, feature in enumerate(contract.feature_names)}
    row = np.zeros(len(column), np.float32)
    for feature, value in features.items():
        row[known(f"{name} features {feature}", feature, column)] = number(
            f"{name} features {feature}", value, -1e6, 1e6, "1"
        )
    if name != REST and not row[column["minutes"]] > 0.0:
        raise Refused(f"{name} features minutes", row[column["minutes"]], "a number above 0", "15")
    opens, closes = one.get("opens"), one.get("closes")
    return ActivityRow(
        name,
        str(one.get("title") or name),
        row,
        number(f"{name} opens", 0.0 if opens is None else opens, 0.0, 1e6, "0"),
        NEVER if closes is None else number(f"{name} closes", closes, 0.0, 1e6, "30"),
        _weekdays(one.get("weekdays"), f"{name} weekdays"),
    )


def _weekdays(given: object, field_name: str) -> tuple[int, ...]:
    if given is None:
        return tuple(range(7))
    fits = isinstance(given, list) and given and all(type(day) is int and 0 <= day <= 6 for day in given)
    if not fits:
        raise Refused(field_name, repr(given), "a list of weekdays, 0 (Monday) to 6", "[1, 3]")
    return tuple(given)  # type: ignore[arg-type]
