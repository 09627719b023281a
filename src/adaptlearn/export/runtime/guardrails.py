"""What may be offered: the programme's limits and the learning department's own rules, as one mask. No retraining.

``rules.toml`` names activities that are excluded, not before a day, after a gate, passed with a mark, due by a day,
pinned, and how many live ones a week may hold; ``core.catalogue.Rules`` says what each means. The twin in simulation is
``classroom.platform.allow`` with ``classroom.guardrails``.

Axes: A activities, K skills, P profile.
"""

import math
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .contract import Catalogue, Contract, fields_of, known, number
from .keeping import Record
from .seal import Refused

RULES = ("pinned", "excluded", "due", "not_before", "after", "pass_mark", "live_per_week", "repeats")
DUE_MARGIN = np.float32(2.0)  #: must be that of core.catalogue
WEEK = np.float32(7.0)

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Rules:
    """What the learning department decided."""

    pinned: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    due: tuple[tuple[str, float], ...] = ()  # activity, day
    not_before: tuple[tuple[str, float], ...] = ()  # activity, day
    live_per_week: float = math.inf
    repeats: float = 1.0  # most visits of one learner to one activity
    after: tuple[tuple[str, str], ...] = ()  # activity, a gate that must have been met before it is offered
    pass_mark: tuple[tuple[str, float], ...] = ()  # activity, share of its items right in one visit


def read_rules(blob: bytes, catalogue: Catalogue) -> Rules:
    """Rules from ``rules.toml``.

    Raises:
        Refused: not TOML, an unknown key or activity, a number out of bounds.
    """
    try:
        data = tomllib.loads(blob.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as trouble:
        raise Refused("rules.toml", str(trouble), "TOML") from trouble
    given = fields_of(fields_of(data, ("rules",), "rules.toml").get("rules", {}), RULES, "rules.toml")
    live = given.get("live_per_week")
    return Rules(
        pinned=_activities(given, "pinned", catalogue),
        excluded=_activities(given, "excluded", catalogue),
        due=_days(given, "due", catalogue),
        not_before=_days(given, "not_before", catalogue),
        live_per_week=math.inf if live is None else _whole("live_per_week", live, 0.0),
        repeats=_whole("repeats", given.get("repeats", 1), 1.0),
        after=_gates(given, catalogue),
        pass_mark=_marks(given, catalogue),
    )


def _whole(name: str, value: object, low: float) -> float:
    found = number(f"rules.toml {name}", value, low, 255.0, "2")
    if found % 1.0:
        raise Refused(f"rules.toml {name}", repr(value), "a whole number", "2")
    return found


def _activities(given: Mapping[str, object], name: str, catalogue: Catalogue) -> tuple[str, ...]:
    listed = given.get(name, [])
    if not isinstance(listed, list):
        raise Refused(f"rules.toml {name}", repr(listed), "a list of activities", "['welcome-video']")
    for activity in listed:
        known(f"rules.toml {name}", activity, catalogue.at)
    return tuple(listed)


def _marks(given: Mapping[str, object], catalogue: Catalogue) -> tuple[tuple[str, float], ...]:
    """Marks by activity, each of which asks something."""
    marks = _days(given, "pass_mark", catalogue)
    for name, mark in marks:
        number(f"rules.toml pass_mark {name}", mark, 0.01, 1.0, "0.8")
        if not catalogue.asks[catalogue.at[name]]:
            asking = next((one for one, asks in zip(catalogue.ids, catalogue.asks, strict=True) if asks), "final-quiz")
            raise Refused(
                f"rules.toml pass_mark {name}", "an activity that asks nothing", "one that does", repr(asking)
            )
    return marks


def _days(given: Mapping[str, object], name: str, catalogue: Catalogue) -> tuple[tuple[str, float], ...]:
    table = given.get(name, {})
    if not isinstance(table, dict):
        raise Refused(f"rules.toml {name}", repr(table), "a day by activity", "{ welcome-video = 7 }")
    for activity in table:
        known(f"rules.toml {name} {activity}", activity, catalogue.at)
    return tuple((a, number(f"rules.toml {name} {a}", day, 0.0, 1e6, "7")) for a, day in table.items())


def _gates(given: Mapping[str, object], catalogue: Catalogue) -> tuple[tuple[str, str], ...]:
    table = given.get("after", {})
    if not isinstance(table, dict):
        raise Refused("rules.toml after", repr(table), "a gate by activity", "{ site-visit = 'safety-check' }")
    for activity, gate in table.items():
        known(f"rules.toml after {activity}", activity, catalogue.at)
        known(f"rules.toml after {activity}", gate, catalogue.at)
    return tuple(table.items())


class Limits:
    """Rules over one catalogue, made ready; asked once per decision."""

    def __init__(self, rules: Rules, catalogue: Catalogue, contract: Contract):
        self.rules, self.catalogue = rules, catalogue
        names, n = contract["profile_names"], len(contract.skills)
        self._horizon, self._weekly = n + names.index("horizon"), n + names.index("weekly_minutes")
        self._allowed = np.array([name not in rules.excluded for name in catalogue.ids])
        before = dict(rules.not_before)
        own = np.array([before.get(name, 0.0) for name in catalogue.ids])
        self._opens = np.maximum(np.floor(catalogue.opens), np.floor(own))
        self._live = catalogue.rows[:, contract.feature_names.index("live")] > 0.5
        self._pinned = self._rows(rules.pinned)
        self._marks = dict(rules.pass_mark)
        self._after = [(catalogue.at[name], gate) for name, gate in rules.after if name in catalogue.at]
        due = [(day, catalogue.at[name]) for name, day in rules.due if name in catalogue.at]
        self._due = [(np.float32(day), a) for day, a in sorted(due)]

    def _rows(self, names: Sequence[str]) -> Rows:
        return np.array([self.catalogue.at[name] for name in names if name in self.catalogue.at], np.int64)

    def legal(self, record: Record, day: float) -> NDArray[np.bool_]:
        """What may be offered on a day; row 0, "nothing now", always may.   -> [A]"""
        today, profile = np.float32(day), record.profile
        weekly = profile[self._weekly]
        left = max(profile[self._horizon] - today, np.float32(0.0)) * weekly / WEEK
        whole = min(math.floor(today), math.ceil(profile[self._horizon]))
        able: NDArray[np.bool_] = self._allowed & (self._opens <= whole) & (self.catalogue.closes >= whole)
        able &= (self.catalogue.minutes <= left) & self.catalogue.weekdays[:, whole % 7]
        at = self.catalogue.at
        able[[at[name] for name in record.vetoed if name in at]] = False
        taken = {at[name]: (times, last) for name, (times, last) in record.visits.items() if name in at}
        for a, (times, _) in taken.items():
            if times >= self.rules.repeats:
                able[a] = False
        met = {a for a in taken if self.met(record, self.catalogue.ids[a])}
        for a, gate in self._after:
            able[a] &= self.met(record, gate)
        if self.rules.live_per_week < math.inf:
            self._spread_live(able, taken, today)
        if self._due:
            self._keep_dates(able, met, today, weekly)
        open_pins = [a for a in self._pinned if able[a] and a not in met]
        if open_pins:
            able[:] = False
            able[open_pins] = True
        able[[at[name] for name in record.full if name in at]] = False
        able[0] = True
        return able

    def met(self, record: Record, activity: str) -> bool:
        """Whether the learner has taken an activity, and passed it where it has a mark."""
        return activity in record.visits and record.best.get(activity, 0.0) >= self._marks.get(activity, 0.0)

    def _spread_live(self, able: NDArray[np.bool_], taken: Mapping[int, tuple[int, float]], today: np.float32) -> None:
        """At most so many live activities in a week of the programme, and none of them twice in it."""
        monday = WEEK * np.floor(today / WEEK)
        this_week = [a for a, (_, last) in taken.items() if self._live[a] and np.float32(last) >= monday]
        able[this_week] = False
        if len(this_week) >= self.rules.live_per_week:
            able[self._live] = False

    def _keep_dates(self, able: NDArray[np.bool_], met: Collection[int], today: np.float32, weekly: np.float32) -> None:
        """Nothing that would leave too few minutes for what is due: earliest due day first (Jackson 1955)."""
        minutes, own = self.catalogue.minutes, {}
        need, spare = np.float32(0.0), np.float32(np.inf)
        for due, a in self._due:
            if able[a] and a not in met:
                own[a] = spare  # what is due itself waits only for what is due before it
                need = need + DUE_MARGIN * minutes[a]
                spare = min(spare, max(due - today, np.float32(0.0)) * weekly / WEEK - need)
        bound = np.full(len(able), spare)
        for a, most in own.items():
            bound[a] = most
        able &= minutes <= bound


__all__ = ["DUE_MARGIN", "RULES", "Limits", "Rules", "read_rules"]
