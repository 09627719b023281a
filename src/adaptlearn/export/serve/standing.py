"""Where a learner stands: the fold of their events through a runtime. Never the truth, always made again from it.

An event is folded by its kind; a new kind is one function in ``FOLDS``. Events speak in ids and names, so the same
history can be folded through another bundle, with other activities, other skills and another layout of the record:
what the new bundle does not know is given to it with its features, or left out where it has no word for it.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import numpy as np

from .bundled import Record, Refused, Runtime
from .correcting import self_reported
from .words import Words, spoken, translated

DAY = 86_400.0  #: seconds


@dataclass(frozen=True)
class Standing:
    """One learner under one layout of the record."""

    record: Record
    profile: Mapping[str, Any]  # as last told
    started: float  # seconds since 1970, day 0
    opted_out: bool = False  # the author's syllabus instead of the policy, by the learner's wish
    seq: int = -1  # of the last event in it,
    key: str = ""  # and its idempotency key: two histories of one length are told apart

    def to_json(self) -> str:
        """As the table ``records`` keeps it."""
        told = {"profile": self.profile, "started": self.started, "opted_out": self.opted_out, "seq": self.seq,
                "key": self.key}  # fmt: skip
        return json.dumps(told | {"record": self.record.to_json()}, separators=(",", ":"))

    def day(self, at: float) -> float:
        """Days from the learner's start to a moment, at least 0."""
        return max(at - self.started, 0.0) / DAY


def read_standing(text: str, runtime: Runtime) -> Standing:
    """What :meth:`Standing.to_json` wrote.

    Raises:
        Refused, KeyError, ValueError: not of this version; the events know better.
    """
    told = json.loads(text)
    record = runtime.record_from(told["record"])
    return Standing(record, told["profile"], told["started"], told["opted_out"], told["seq"], told["key"])


def layout_of(runtime: Runtime) -> str:
    """What has to be the same for a record to be carried from one bundle to another, as a short name."""
    contract = runtime.contract
    said = [contract["record_version"], contract.skills, contract.feature_names, contract["profile_names"],
            contract["happened_names"], contract["record"], contract["items_scale"]]  # fmt: skip
    blob = json.dumps(said, sort_keys=True, default=list).encode() + contract.newcomer.tobytes()
    return sha256(blob).hexdigest()[:16]


def fold(standing: Standing | None, event: Mapping[str, Any], runtime: Runtime, words: Words) -> Standing:
    """The standing after one event: ``seq``, ``key``, ``kind``, ``learner``, ``at`` and ``body`` (read from JSON).

    Raises:
        Refused: an event that this service would not have taken.
    """
    if event["kind"] not in FOLDS:
        raise Refused("event kind", event["kind"], f"one of {', '.join(FOLDS)}: a newer service wrote this store")
    if standing is None and event["kind"] != "profile":
        raise Refused("learner", "no profile", "a profile first", "{'role': ..., 'weekly_minutes': 90}")
    after = FOLDS[event["kind"]](standing, event, runtime, words)
    return replace(after, seq=event["seq"], key=event["key"])


def _profile(standing: Standing | None, event: Mapping[str, Any], runtime: Runtime, words: Words) -> Standing:
    """Who the learner is, at the start or since."""
    body = dict(event["body"])
    told = spoken({k: v for k, v in body.items() if k != "started"}, runtime, words) | {"learner": event["learner"]}
    if standing is None:
        return Standing(runtime.start(told), body, float(body.get("started", event["at"])))
    return replace(standing, record=runtime.redirect(standing.record, told), profile=body)


def _observed(standing: Standing | None, event: Mapping[str, Any], runtime: Runtime, words: Words) -> Standing:
    """What became of a recommendation; the policy's memory is that of the decision it answers."""
    assert standing is not None
    body, record = dict(event["body"]), standing.record
    memory, policy = body.pop("memory", None), body.pop("policy", None)
    if memory is not None and policy == runtime.policy and len(memory) == runtime.contract.policy["memory_size"]:
        record = replace(record, policy=policy, memory=np.asarray(memory, np.float32))
    return replace(standing, record=runtime.observe(record, translated(body, runtime, words)))


def _opted(standing: Standing | None, event: Mapping[str, Any], _: Runtime, _words: Words) -> Standing:
    """The learner's own wish: the syllabus, or the policy again."""
    assert standing is not None
    return replace(standing, opted_out=bool(event["body"]["out"]))


def _said(standing: Standing | None, event: Mapping[str, Any], runtime: Runtime, words: Words) -> Standing:
    """The learner's own word on a skill; one that only other bundles speak of moves nothing here."""
    assert standing is not None
    body = event["body"]
    if body["skill"] not in runtime.contract.skill_at and body["skill"] in words.skills:
        return standing
    record = self_reported(runtime, standing.record, body["skill"], bool(body["knows"]), standing.day(event["at"]))
    return replace(standing, record=record)


FOLDS: dict[str, Callable[[Standing | None, Mapping[str, Any], Runtime, Words], Standing]] = {
    "profile": _profile, "observed": _observed, "opted": _opted, "said": _said,
}  # fmt: skip


def moment(at: float) -> str:
    """Seconds since 1970 as people write them, UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
