"""What a logistic tracer reads of a log: for each answer, a few weights and the numbers they multiply.

A feature is one weight per skill, per item or one for all, times 1 or times the logarithm of how often something
happened before; it only ever looks back. Every answer touches exactly one weight of each feature, so a log is two
rectangles: which weight, and times what. Names of features are those of ``FEATURES``.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adaptlearn.tracing.sequences import since

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
MEMORY = 0.8  #: share of a running success that stays at the next answer: about five answers


class Coded(NamedTuple):
    """A log as numbers, in the order of time; -1 for a skill or item that fit never saw."""

    who: Places  # [M] learner
    what: Places  # [M] skill as fit numbered it
    item: Places  # [M] item likewise; all -1 without items
    own: Places  # [M] skill as this log numbers it: what was practised counts, known to fit or not
    thing: Places  # [M] item likewise
    right: NDArray[np.uint8]  # [M]
    day: Floats | None = None  # [M], where a feature reads it


class Feature(NamedTuple):
    """One block of weights."""

    per: str  # skill, item or all: who has a weight of their own
    of: Callable[[Coded], Floats] | None  # [M] what the weight is multiplied with; None: 1
    about: str


def earlier(key: Places, value: Floats) -> Floats:
    """Sum of a value over the earlier answers with the same key.   [M], [M] -> [M]"""
    order = np.argsort(key, kind="stable")
    total = np.cumsum(value[order])
    before = total - value[order]
    first = np.r_[True, np.diff(key[order]) != 0]
    group = np.cumsum(first) - 1
    out = np.empty(len(key))
    out[order] = before - before[first][group]
    return out


def pair(a: Places, b: Places) -> Places:
    """One key for two.   [M], [M] -> [M]"""
    return a * (int(b.max(initial=0)) + 1) + b


def running(key: Places, right: NDArray[np.uint8]) -> Floats:
    """Success on the last few answers with the same key, -1 to 1, 0 before the first.   -> [M]

    Exponentially weighted with MEMORY (recent-performance factors, Galyardt & Goldin 2015).
    """
    from adaptlearn.tracing.logistic_kernels import decayed

    order = np.argsort(key, kind="stable")
    out = np.empty(len(key))
    out[order] = decayed(key[order], right[order], MEMORY)
    return out


def _count(over: str, kind: str) -> Callable[[Coded], Floats]:
    """log(1 + earlier answers of the kind), of this learner on this skill, this item, or on anything."""

    def logged(log: Coded) -> Floats:
        key = {"skill": pair(log.who, log.own), "item": pair(log.who, log.thing), "all": log.who}[over]
        value = {"tries": np.ones(len(key)), "right": log.right.astype(float), "wrong": 1.0 - log.right}[kind]
        return np.log1p(earlier(key, value))

    return logged


def _within(scale: float, kind: str) -> Callable[[Coded], Floats]:
    """log(1 + earlier answers of the kind on the skill, each fading with ``scale`` days)."""

    def logged(log: Coded) -> Floats:
        from adaptlearn.tracing.logistic_kernels import faded

        key = pair(log.who, log.own)
        value = log.right.astype(float) if kind == "right" else np.ones(len(key))
        order, gap = np.argsort(key, kind="stable"), since(log.day, key)
        out = np.empty(len(key))
        out[order] = faded(key[order], gap[order], value[order], scale)
        return np.log1p(out)

    return logged


def _recent(over: str) -> Callable[[Coded], Floats]:
    return lambda log: running(pair(log.who, log.own) if over == "skill" else log.who, log.right)


SCALES = {"hour": 1.0 / 24.0, "day": 1.0, "week": 7.0, "month": 30.0, "year": 365.0}  #: days in which counts fade
WINDOWS = tuple(f"{kind}_{name}" for name in SCALES for kind in ("right", "tries"))

FEATURES: Mapping[str, Feature] = {
    "skill": Feature("skill", None, "easiness of the skill"),
    "item": Feature("item", None, "easiness of the item"),
    "skill_tries": Feature("skill", _count("skill", "tries"), "gain of the skill per (log) try"),
    "skill_right": Feature("skill", _count("skill", "right"), "gain of the skill per (log) success"),
    "skill_wrong": Feature("skill", _count("skill", "wrong"), "gain of the skill per (log) failure"),
    "right": Feature("all", _count("all", "right"), "(log) successes on anything"),
    "wrong": Feature("all", _count("all", "wrong"), "(log) failures on anything"),
    "item_right": Feature("all", _count("item", "right"), "(log) successes on the same item"),
    "item_wrong": Feature("all", _count("item", "wrong"), "(log) failures on the same item"),
    "recent": Feature("all", _recent("all"), "success on the last answers"),
    "recent_skill": Feature("all", _recent("skill"), "success on the last answers on the skill"),
} | {
    f"{kind}_{name}": Feature("all", _within(days, kind), f"(log) {kind} on the skill, fading in a {name}")
    for name, days in SCALES.items() for kind in ("right", "tries")
}  # fmt: skip


def check(features: Sequence[str]) -> None:
    """Refuse features that are not known.

    Raises:
        ValueError: none, or an unknown name.
    """
    unknown = [name for name in features if name not in FEATURES]
    if unknown or not features:
        raise ValueError(f"features = {tuple(features)}; needed some of {', '.join(FEATURES)}, e.g. ('skill',)")


def needs_items(features: Sequence[str]) -> bool:
    """Whether any of the features reads items."""
    return any("item" in name for name in features)


def needs_days(features: Sequence[str]) -> bool:
    """Whether any of the features reads days."""
    return any(name in WINDOWS for name in features)


class Design(NamedTuple):
    """Rows of answers over D weights."""

    place: NDArray[np.int32]  # [M, B] weight of each feature; the intercept is weight 0
    value: Floats  # [M, B] what it is multiplied with, 0 where fit never saw the name


def spans(features: Sequence[str], n_skills: int, n_items: int) -> list[int]:
    """How many weights each feature has, the intercept first."""
    size = {"skill": n_skills, "item": n_items, "all": 1}
    return [1, *(size[FEATURES[name].per] for name in features)]


def design(log: Coded, features: Sequence[str], n_skills: int, n_items: int) -> Design:
    """The rectangles of a log.   -> [M, 1 + features] twice"""
    M, first = len(log.right), np.cumsum([0, *spans(features, n_skills, n_items)])
    place, value = np.zeros((M, 1 + len(features)), np.int32), np.ones((M, 1 + len(features)))
    for b, name in enumerate(features, 1):
        feature = FEATURES[name]
        code = {"skill": log.what, "item": log.item, "all": np.zeros(M, np.int64)}[feature.per]
        place[:, b] = first[b] + np.maximum(code, 0)
        value[:, b] = np.where(code >= 0, 1.0 if feature.of is None else feature.of(log), 0.0)
    return Design(place, value)
