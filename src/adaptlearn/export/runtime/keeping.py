"""A learner's record as it is kept between calls."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from .contract import RECORD_VERSION, Floats, number, read_json
from .seal import Refused


@dataclass(frozen=True, eq=False)
class Record:
    """What the platform keeps of one learner between calls. Opaque: keep it as :meth:`to_json` writes it."""

    learner: str
    skills: str  # which skills it speaks of
    policy: str  # whose memory it carries
    profile: Floats  # [P]
    row: Floats  # [R]
    memory: Floats  # [M]
    visits: Mapping[str, tuple[int, float]]  # activity -> times taken, day of the last
    day: float  # of the last event
    step: int  # events so far
    best: Mapping[str, float] = field(default_factory=dict)  # finished activity that asked -> best share right
    vetoed: tuple[str, ...] = ()  # activities that the learner struck off for good
    full: tuple[str, ...] = ()  # activities without a seat left, until something becomes of the decision
    seen: tuple[str, ...] = ()  # ids of the latest events, so that one sent twice counts once

    def to_json(self) -> str:
        """One line of JSON; floats come back bit for bit."""
        arrays = {name: [float(str(v)) for v in getattr(self, name)] for name in ("profile", "row", "memory")}
        return json.dumps(
            {
                "record_version": RECORD_VERSION,
                "learner": self.learner,
                "skills": self.skills,
                "policy": self.policy,
                **arrays,
                "visits": self.visits,
                "best": self.best,
                "day": self.day,
                "step": self.step,
                **{name: said for name in ("vetoed", "full") if (said := getattr(self, name))},
                "seen": self.seen,
            },
            separators=(",", ":"),
        )


def read_record(text: object) -> Record:
    """A record from the JSON that :meth:`Record.to_json` wrote.

    Raises:
        Refused: not such a record; the field is named.
    """
    data = read_json("record", text.encode("utf-8", "surrogatepass") if isinstance(text, str) else b"")
    if data.get("record_version") != RECORD_VERSION:
        raise Refused("record record_version", repr(data.get("record_version")), f"{RECORD_VERSION}")
    try:
        profile, row, memory = (np.asarray(data[name], np.float32).reshape(-1) for name in ("profile", "row", "memory"))
        visits = {
            str(a): (int(times), number(f"record visits {a}", day, 0.0, 1e6))
            for a, (times, day) in data["visits"].items()
        }
        best = {str(a): number(f"record best {a}", share, 0.0, 1.0) for a, share in data.get("best", {}).items()}
        learner, skills, policy = (str(data[name]) for name in ("learner", "skills", "policy"))
        step = int(number("record step", data["step"], 0.0, 1e9))
        day, seen = number("record day", data["day"], 0.0, 1e6), tuple(map(str, data.get("seen", ())))
        vetoed, full = (tuple(map(str, data.get(name, ()))) for name in ("vetoed", "full"))
        return Record(learner, skills, policy, profile, row, memory, visits, day, step, best, vetoed, full, seen)
    except Refused:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as trouble:
        raise Refused("record", f"{type(trouble).__name__} {trouble}", "a record as to_json wrote it") from trouble
