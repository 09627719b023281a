"""``adaptlearn pilot monitor``: what the scores say so far, and whether to stop. Look as often as you like."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from adaptlearn.core.refusal import Fault, Refusal
from adaptlearn.evaluation.monitor import Look, Scores, look
from adaptlearn.evaluation.pilot import Design
from adaptlearn.lab.compose import Common
from adaptlearn.lab.pilot_plan import VERSION
from adaptlearn.lab.tables import show

TREATED, CONTROL = ("new", "treated", "1"), ("old", "control", "0")


@dataclass
class Config(Common):
    """Keys of this verb."""

    plan: str = ""  # JSON, as `pilot plan to=...` writes it
    log: str = ""  # CSV: arm (new | old), score; may have pretest, team, day; one row per learner with a final score


def run(config: Config) -> None:
    """Read, look, print."""
    if not (config.plan and config.log):
        raise ValueError(f"plan={config.plan!r}, log={config.log!r}; needed both, e.g. plan=pilot.json log=scores.csv")
    design, units = read_plan(config.plan)
    scores = read_scores(config.log, design)
    said = look(scores, design, units)
    notes = [
        f"{said.decision}: {said.words}.",
        "The interval holds at every look at once (normal mixture; Robbins 1970, Howard et al. 2021, "
        "Johari et al. 2022). Scores are adjusted for the pretest where there is one, and averaged within teams.",
    ]
    show(
        [as_row(said, units)], format=config.format, title=f"Pilot after {len(scores.score)} final scores", notes=notes
    )


def as_row(said: Look, planned: int) -> dict[str, object]:
    """A row for people and programs."""
    effect = said.effect
    return {
        "decision": said.decision, "effect": effect and effect.value, "low": effect and effect.low,
        "high": effect and effect.high, "units_new": said.units[0], "units_old": said.units[1],
        "planned_per_arm": planned,
    }  # fmt: skip


def read_plan(path: str) -> tuple[Design, int]:
    """A kept plan.   -> the design, units per arm

    Raises:
        ValueError: not a plan of this version.
    """
    try:
        told = json.loads(Path(path).read_text("utf-8"))
        if told["adaptlearn_pilot"] != VERSION:
            raise ValueError(f"version {told['adaptlearn_pilot']}")
        return Design(**told["design"]), int(told["units"])
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is no pilot plan of version {VERSION} ({error}); needed a file that "
                         "`adaptlearn pilot plan to=pilot.json` wrote") from error  # fmt: skip


def read_scores(path: str, design: Design) -> Scores:
    """A table of final scores, in the order of ``day`` where there is one, else as written.

    Raises:
        Refusal: every fault with its row and column.
    """
    name = Path(path).name
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        rows, columns = list(reader), [c.strip() for c in reader.fieldnames or []]
    wanted = ["arm", "score", *(["team"] if design.team > 1 else [])]
    faults = [
        Fault(name, 1, c, "no such column", f"a column {c}", ",".join(wanted)) for c in wanted if c not in columns
    ]
    if faults:
        raise Refusal(faults, about=path)
    told = [{(k or "").strip(): (v or "").strip() for k, v in row.items() if not isinstance(v, list)} for row in rows]
    arms = [_arm(row, name, i, faults) for i, row in enumerate(told, 2)]
    numbers = {c: [_number(row, c, name, i, faults) for i, row in enumerate(told, 2)]
               for c in ("score", "pretest", "day") if c in columns}  # fmt: skip
    if faults:
        raise Refusal(faults, about=path)
    order = np.argsort(numbers["day"], kind="stable") if "day" in numbers else np.arange(len(told))
    pretest = np.array(numbers["pretest"])[order] if "pretest" in numbers else None
    team = np.array([row["team"] for row in told])[order] if design.team > 1 else None
    return Scores(np.array(arms, bool)[order], np.array(numbers["score"], float)[order], pretest, team)


def _arm(row: dict[str, Any], file: str, at: int, faults: list[Fault]) -> bool:
    word = row["arm"].lower()
    if word not in (*TREATED, *CONTROL):
        faults.append(Fault(file, at, "arm", repr(row["arm"]), f"{TREATED[0]} or {CONTROL[0]}", TREATED[0]))
    return word in TREATED


def _number(row: dict[str, Any], column: str, file: str, at: int, faults: list[Fault]) -> float:
    """A number; scores and pretests are shares correct."""
    try:
        value = float(row[column])
        if np.isfinite(value) and (column == "day" or 0.0 <= value <= 1.0):
            return value
    except ValueError:
        pass
    needed = "a day" if column == "day" else "a share correct from 0 to 1"
    faults.append(Fault(file, at, column, repr(row[column]), needed, "12" if column == "day" else "0.65"))
    return 0.0
