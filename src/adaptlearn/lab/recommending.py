"""``adaptlearn recommend``: ask a bundle what to offer a learner next, and why. Needs no PyTorch."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adaptlearn.lab.tables import show


@dataclass
class Config:
    """Keys of this verb."""

    bundle: str = "bundle"  # folder written by `adaptlearn export`
    rules: str | None = None  # a rules.toml in place of the bundle's own
    learner: str = "u-1"  # your name for them: a key, no person's name
    role: str | None = None  # null: the first the bundle knows
    weekly_minutes: float = 90.0  # that they have for learning
    stated: str | None = None  # what the learner says they prefer: visual | auditory | textual | kinesthetic
    motive: str | None = None  # project | leadership | personal | compliance
    record: str | None = None  # a file with the learner's record; null: somebody new
    event: str | None = None  # a JSON file with what became of the last offer; `-` reads standard input
    keep: str | None = None  # where to write the record afterwards
    day: float | None = None  # today, since their start (under a calendar: since a Monday); null: of the last event
    k: int = 1  # places in the slate
    format: str = "table"  # table | json
    debug: bool = False  # true: show where an error came from


WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def weekday(runtime: Any, day: float) -> str:
    """The day's name, where the bundle has a calendar."""
    return "" if runtime.shelf.catalogue.weekdays.all() else f", a {WEEK[int(day) % 7]}"


def run(config: Config) -> None:
    """Print the slate with propensities and reasons."""
    from adaptlearn.core.keep import keep
    from adaptlearn.export.runtime import Runtime

    runtime = Runtime.load(config.bundle, rules=config.rules)
    if config.record is not None:
        record = runtime.record_from(Path(config.record).read_text("utf-8"))
    else:
        said = {"stated": config.stated, "motive": config.motive}
        profile = {"learner": config.learner, "role": config.role or next(iter(runtime.contract.roles)),
                   "weekly_minutes": config.weekly_minutes} | {k: v for k,
                                                               v in said.items() if v is not None}  # fmt: skip
        record = runtime.start(profile)
    if config.event is not None:
        text = sys.stdin.read() if config.event == "-" else Path(config.event).read_text("utf-8")
        record = runtime.observe(record, json.loads(text))
    advice = runtime.recommend(record, k=config.k, day=config.day)
    if config.keep is not None:
        keep(config.keep, advice.record.to_json())
    rows: list[dict[str, object]] = [
        {"activity": c.activity, "title": c.title, "chance": c.propensity, "for": c.skill, "why": c.why}
        for c in advice.choices
    ]
    notes = [
        f"{advice.policy}, day {advice.day:g}{weekday(runtime, advice.day)}"
        + (f"; fallback: {advice.fallback}" if advice.fallback else "")
    ]
    show(rows, format=config.format, notes=notes)
