"""What people hand to the runtime, as the rows a graph reads; every refusal names the field.

Axes: A activities, K skills, F features, J activities shown.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .contract import OUTCOMES, REST, Catalogue, Contract, Floats, fields_of, known, number, read_activity, target_of
from .seal import Refused, nearest

PROFILE = ("learner", "role", "targets", "weekly_minutes", "motive", "stated", "mandatory")
EVENT = ("id", "day", "offered", "taken", "about", "outcome", "completed", "minutes", "items", "correct", "rating",
         "vetoed", "full")  # fmt: skip
COMPLETED = 3  #: place in ``happened``
MOST_SHOWN = 100  #: activities in one offer
MOST_ITEMS = 1000  #: items on one skill in one event
MOST_NAME = 100  #: characters of an event's id


class Told(NamedTuple):
    """An event as rows, one learner."""

    id: str  # of the event, "" for none
    day: float
    taken: str  # id, "" for none
    happened: Floats  # [1, 6]
    offered: Floats  # [1, J, F]
    taken_row: Floats  # [1, F]
    about: Floats  # [1, F]
    items: Floats  # [1, K]
    correct: Floats  # [1, K]
    vetoed: str = ""  # activity struck off for good, "" for none
    full: tuple[str, ...] = ()  # activities in which no seat was left

    @property
    def share(self) -> float | None:
        """Share of the items right, where something was finished that asked; None: nothing was."""
        asked = float(self.items.sum())
        return float(self.correct.sum()) / asked if asked > 0.0 and self.happened[0, COMPLETED] > 0.0 else None

    def feeds(self) -> dict[str, Floats]:
        """By the names of the graph's inputs."""
        return {
            "happened": self.happened,
            "offered": self.offered,
            "taken": self.taken_row,
            "about": self.about,
            "items": self.items,
            "correct": self.correct,
        }


def _required(given: Mapping[str, Any], name: str, what: str, needed: str, example: str) -> Any:
    if given.get(name) is None:
        raise Refused(f"{what} {name}", "nothing", needed, example)
    return given[name]


def read_profile(given: object, contract: Contract) -> tuple[str, Floats]:
    """Who the learner is and what is asked of them.   -> identity, profile [P]

    ``motive`` and ``stated`` may be left out: even shares, which is to say nothing is known.
    """
    profile = fields_of(given, PROFILE, "profile")
    learner = _required(profile, "learner", "profile", "a name or number that is this learner's alone", "'u-1041'")
    if isinstance(learner, bool) or not isinstance(learner, (str, int, np.integer)) or learner == "":
        raise Refused("profile learner", repr(learner), "a text or a whole number", "'u-1041'")
    if "targets" in profile and "role" in profile:
        raise Refused("profile targets", "targets and a role", "one of the two")
    target = (
        target_of(profile["targets"], contract.skill_at, "profile targets")
        if "targets" in profile
        else _role(profile, contract)
    )
    minutes = number(
        "profile weekly_minutes",
        _required(profile, "weekly_minutes", "profile", "minutes > 0", "90"),
        1.0,
        10080.0,
        "90",
    )
    mandatory = profile.get("mandatory", contract.programme["mandatory"])
    if not isinstance(mandatory, (bool, int, np.bool_)) or mandatory not in (0, 1):
        raise Refused("profile mandatory", repr(mandatory), "true or false", "true")
    told = {
        "mandatory": float(mandatory),
        "weekly_minutes": minutes,
        "horizon": float(contract.programme["horizon_days"]),
        "retention_day": float(contract.programme["retention_day"]),
    }
    told |= _shares(profile, "motive", contract) | _shares(profile, "stated", contract)
    return str(learner), np.concatenate([target, [told[name] for name in contract["profile_names"]]]).astype(np.float32)


def _role(profile: Mapping[str, Any], contract: Contract) -> Floats:
    role = _required(
        profile, "role", "profile", f"one of {', '.join(contract.roles)}, or targets", repr(next(iter(contract.roles)))
    )
    known("profile role", role, {name: j for j, name in enumerate(contract.roles)})
    return contract.roles[role]


def _shares(profile: Mapping[str, Any], what: str, contract: Contract) -> dict[str, float]:
    words = [name.removeprefix(f"{what}_") for name in contract["profile_names"] if name.startswith(f"{what}_")]
    said = profile.get(what)
    if said is not None:
        known(f"profile {what}", said, {word: j for j, word in enumerate(words)})
    return {f"{what}_{word}": float(said == word) if said is not None else 1.0 / len(words) for word in words}


def read_event(given: object, contract: Contract, catalogue: Catalogue, not_before: float) -> Told:
    """What became of a decision. Activities are ids of the catalogue, or rows of their own if they are there no more.

    An event that comes late, for a day before one already observed, is taken as of that day.
    """
    event = fields_of(given, EVENT, "event")
    full = _full(event, catalogue)
    if seats_alone(event):
        event = {**event, "offered": [REST]}
    day = number(
        "event day", _required(event, "day", "event", "days since the learner's start", "3.5"), 0.0, 1e5, "3.5"
    )
    shown = _required(event, "offered", "event", "the activities shown", "['welcome-video']")
    if isinstance(shown, (str, bytes, Mapping)) or not isinstance(shown, Sequence) or not 1 <= len(shown) <= MOST_SHOWN:
        raise Refused("event offered", repr(shown), f"a list of 1 to {MOST_SHOWN} activities", "['welcome-video']")
    offered = [_row(one, contract, catalogue, f"event offered[{j}]") for j, one in enumerate(shown)]
    taken = _row(event["taken"], contract, catalogue, "event taken") if event.get("taken") is not None else ("", None)
    taken = ("", None) if taken[0] == REST else taken
    about = _row(event["about"], contract, catalogue, "event about")[1] if event.get("about") is not None else None
    outcome = _outcome(event, taken[0], [name for name, _ in offered])
    completed, minutes, rating = _visit(event, bool(taken[0]))
    items, correct = _answers(event, contract, bool(taken[0]))
    none = np.zeros(len(contract.feature_names), np.float32)
    happened = np.array([[1.0, max(day, not_before), outcome, completed, minutes, rating]], np.float32)
    return Told(
        _name(event),
        max(day, not_before),
        taken[0],
        happened,
        np.stack([row for _, row in offered])[None],
        (none if taken[1] is None else taken[1])[None],
        (none if about is None else about)[None],
        items,
        correct,
        _vetoed(event, taken[0], [name for name, _ in offered]),
        full,
    )


def seats_alone(event: Mapping[str, Any]) -> bool:
    """Whether an event says no more than where no seat is left: the decision is still open."""
    return bool(event.get("full")) and not any(event.get(name) for name in ("offered", "taken", "about", "vetoed"))


def _full(event: Mapping[str, Any], catalogue: Catalogue) -> tuple[str, ...]:
    names = event.get("full") or ()
    if isinstance(names, (str, bytes, Mapping)) or not isinstance(names, Sequence) or len(names) > MOST_SHOWN:
        raise Refused("event full", repr(names), f"a list of at most {MOST_SHOWN} activities", "['site-visit']")
    for name in names:
        if not isinstance(name, str) or name not in catalogue.at or name == REST:
            raise Refused("event full", repr(name), "ids of the catalogue", repr(nearest(str(name), catalogue.ids)))
    return tuple(names)


def _vetoed(event: Mapping[str, Any], taken: str, offered: list[str]) -> str:
    """What the learner struck off: something that they were shown and did not take."""
    name = event.get("vetoed")
    if name is None:
        return ""
    if name not in offered or name in (REST, taken):
        shown = [one for one in offered if one not in (REST, taken)]
        raise Refused(
            "event vetoed", repr(name), "an activity that was offered and not taken", repr((shown or ["quiz"])[0])
        )
    return str(name)


def _name(event: Mapping[str, Any]) -> str:
    name = event.get("id", "")
    if not isinstance(name, str) or len(name) > MOST_NAME:
        raise Refused("event id", repr(name), f"a text of at most {MOST_NAME} characters", "'evt-83321'")
    return name


def _row(one: object, contract: Contract, catalogue: Catalogue, field: str) -> tuple[str, Any]:
    if isinstance(one, Mapping):
        own = read_activity(one, contract, field)
        return own.id, own.row
    if not isinstance(one, str) or one not in catalogue.at:
        raise Refused(
            field,
            repr(one),
            "an id of the catalogue, or the activity with its features if it is there no more",
            repr(nearest(str(one), catalogue.ids)),
        )
    return one, catalogue.rows[catalogue.at[one]]


def _outcome(event: Mapping[str, Any], taken: str, offered: list[str]) -> int:
    """What the rows say became of the offer; if it is also said in words, the two must agree."""
    nothing = "rest" if all(name == REST for name in offered) else "skipped"
    seen = ("accepted" if taken in offered else "substituted") if taken else nothing
    said = event.get("outcome", seen)
    known("event outcome", said, {name: j for j, name in enumerate(OUTCOMES)})
    if said != seen:
        raise Refused(
            "event outcome", repr(said), f"{seen!r}, as taken = {taken or None!r} and offered = {offered} say"
        )
    return OUTCOMES.index(seen)


def _visit(event: Mapping[str, Any], taken: bool) -> tuple[float, float, float]:
    completed, minutes, rating = event.get("completed"), event.get("minutes"), event.get("rating") or 0.0
    if not taken:
        for name, value in (("completed", completed), ("minutes", minutes), ("rating", rating)):
            if value:
                raise Refused(f"event {name}", repr(value), "nothing, as no activity was taken")
        return 0.0, 0.0, 0.0
    if not isinstance(completed, (bool, int, np.bool_)) or completed not in (0, 1):
        raise Refused("event completed", repr(completed), "true or false", "true")
    spent = number("event minutes", _required(event, "minutes", "event", "minutes spent", "12"), 0.0, 1e5, "12")
    stars = number("event rating", rating, 0.0, 5.0, "4")
    if 0.0 < stars < 1.0:
        raise Refused("event rating", repr(rating), "1 to 5, or 0 for none", "4")
    return float(completed), spent, stars


def _answers(event: Mapping[str, Any], contract: Contract, taken: bool) -> tuple[Floats, Floats]:
    items, correct = (_counts(event, name, contract) for name in ("items", "correct"))
    if not taken and items.any():
        raise Refused("event items", repr(event["items"]), "nothing, as no activity was taken")
    wrong = np.flatnonzero(correct > items)
    if len(wrong):
        k = int(wrong[0])
        raise Refused(
            f"event correct {contract.skills[k]}", correct[0, k], f"at most the {items[0, k]:g} items answered"
        )
    return items, correct


def _counts(event: Mapping[str, Any], name: str, contract: Contract) -> Floats:
    row = np.zeros((1, len(contract.skills)), np.float32)
    given = event.get(name) or {}
    if not isinstance(given, Mapping):
        raise Refused(f"event {name}", repr(given), "counts by skill", "{'" + contract.skills[0] + "': 4}")
    for skill, count in given.items():
        k = known(f"event {name} {skill}", skill, contract.skill_at)
        row[0, k] = number(f"event {name} {skill}", count, 0.0, MOST_ITEMS, "4")
        if row[0, k] % 1.0:
            raise Refused(f"event {name} {skill}", repr(count), "a whole number", "4")
    return row
