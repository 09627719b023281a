"""The same history in the words of another bundle.

A bundle that comes later may have other activities, skills and roles. Events and profiles are kept as they were told,
in ids and names; here they are said so that another bundle understands them. What no bundle of the store knows is left
as it is, for the runtime to refuse by its name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .bundled import Runtime


@dataclass(frozen=True)
class Words:
    """What the bundles of a store have words for; later bundles win."""

    activities: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # id -> id, title, features
    skills: frozenset[str] = frozenset()
    roles: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # id -> weight by skill

    def with_bundle(self, runtime: Runtime) -> "Words":
        """These and those of one bundle more."""
        contract = runtime.contract
        own = {one.id: _described(one.id, one.title, one.row, contract.feature_names)
               for one in runtime.shelf.catalogue.read}  # fmt: skip
        roles = {name: {s: float(w) for s, w in zip(contract.skills, row, strict=True) if w}
                 for name, row in contract.roles.items()}  # fmt: skip
        return Words({**self.activities, **own}, self.skills | set(contract.skills), {**self.roles, **roles})


def _described(name: str, title: str, row: Any, features: Sequence[str]) -> dict[str, Any]:
    return {"id": name, "title": title, "features": {f: float(v) for f, v in zip(features, row, strict=True) if v}}


def spoken(profile: Mapping[str, Any], runtime: Runtime, words: Words) -> dict[str, Any]:
    """A profile in the words of a bundle. Of a role it does not have, the targets among its own skills are kept."""
    told, contract = dict(profile), runtime.contract
    role = told.get("role")
    if isinstance(role, str) and role not in contract.roles and role in words.roles:
        del told["role"]
        told["targets"] = words.roles[role]
    if isinstance(told.get("targets"), Mapping):
        kept = _own_skills(told["targets"], runtime, words)
        told["targets"] = kept or told["targets"]  # none is left: the runtime refuses, and says which
    return told


def translated(event: Mapping[str, Any], runtime: Runtime, words: Words) -> dict[str, Any]:
    """An event in the words of a bundle: withdrawn activities with their features, skills of other bundles left out."""
    told = dict(event)
    shown = told.get("offered")
    if isinstance(shown, list):
        told["offered"] = [_own_activity(one, runtime, words) for one in shown]
    for name in ("taken", "about"):
        if told.get(name) is not None:
            told[name] = _own_activity(told[name], runtime, words)
    if isinstance(told.get("full"), list):  # of an activity that is no more nobody wants a seat
        here = runtime.shelf.catalogue.at
        told["full"] = [one for one in told["full"] if one in here or one not in words.activities]
    for name in ("items", "correct"):
        if isinstance(told.get(name), Mapping):
            told[name] = _own_skills(told[name], runtime, words)
    return told


def _own_activity(one: Any, runtime: Runtime, words: Words) -> Any:
    known = words.activities.get(one) if isinstance(one, str) and one not in runtime.shelf.catalogue.at else one
    if not isinstance(known, Mapping):
        return one
    features = known.get("features")
    if not isinstance(features, Mapping):
        return known
    own = set(runtime.contract.feature_names)
    theirs = {f"{what}.{skill}" for skill in words.skills for what in ("teaches", "assesses", "requires")} - own
    return {**known, "features": {name: v for name, v in features.items() if name not in theirs}}


def _own_skills(by_skill: Mapping[str, Any], runtime: Runtime, words: Words) -> dict[str, Any]:
    own = runtime.contract.skill_at
    return {skill: n for skill, n in by_skill.items() if skill in own or skill not in words.skills}
