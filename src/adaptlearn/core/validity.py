"""Does a world make sense? Every rule a world must keep, asked of the values, each breach reported as a Fault.

A world built in Python is judged as one read from a folder: rows are then counted as if it had been written down.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from adaptlearn.core import ruling
from adaptlearn.core.catalogue import REST, WORDS, Activity, Role, Skill
from adaptlearn.core.cells import column_of
from adaptlearn.core.cohorts import faults
from adaptlearn.core.refusal import Fault, nearest, some_of
from adaptlearn.core.ruling import ACTIVITIES

if TYPE_CHECKING:
    from adaptlearn.core.world import World

SKILLS, TOML = "skills.csv", "world.toml"
SPEAKABLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]*")
MOST_ITEMS = 20


@dataclass
class Report:
    """Faults found so far in one world."""

    rows: Mapping[str, Sequence[int]]
    faults: list[Fault] = field(default_factory=list)

    def toml(self, place: str, found: object, needed: str, example: object) -> None:
        self.faults.append(Fault(TOML, None, place, str(found), needed, str(example)))

    def cell(self, file: str, at: int, column: str, found: object, needed: str, example: object) -> None:
        """``at`` counts the records of the file from 0."""
        known = self.rows.get(file, ())
        row = known[at] if at < len(known) else at + 2
        self.faults.append(Fault(file, row, column, str(found), needed, str(example)))


def faults_of(
    world: "World", rows: Mapping[str, Sequence[int]] | None = None, hurt: Collection[str] = frozenset()
) -> list[Fault]:
    """Everything wrong with a world.

    Args:
        rows: for each file the spreadsheet row of each record; counted from 2 where not given.
        hurt: columns in which something could not be read; questions that rest on them are not asked.
    """
    report = Report(rows or {})
    activities = world.activities[1:]
    if not world.activities or world.activities[0] != REST:
        first = repr(world.activities[0].id) if world.activities else "no activities"
        report.cell(ACTIVITIES, -1, "id", first, f"{REST.id!r} as the first activity", "(REST, *activities)")
    _ids(report, SKILLS, "skills", world.skill_ids)
    _ids(report, ACTIVITIES, "activities", tuple(activity.id for activity in activities))
    for at, skill in enumerate(world.skills):
        _skill(report, at, skill, world.skill_ids)
    for at, activity in enumerate(activities):
        _activity(report, at, activity, world.skill_ids, hurt)
    _about(report, world)
    for role in world.roles:
        _role(report, role, world.skill_ids)
    ruling.rules(report, world)
    for name, part in (("cohorts", world.cohorts), ("calendar", world.calendar)):
        for key, found, needed, example in faults(part) if part is not None else ():
            report.toml(f"{name}.{key}", repr(found), needed, example)
    ruling.openings(report, world)
    unclear = {"id", "requires"} & set(hurt) or len(set(world.skill_ids)) < len(world.skills)
    if not unclear:
        _cycle(report, world)
    if not unclear and "teaches" not in hurt:
        _reachable(report, world)
    return report.faults


def _ids(report: Report, file: str, things: str, names: Sequence[str]) -> None:
    if not names:
        report.cell(file, 0, "id", f"no {things}", "at least one row", "copy one from envs/tiny-v1")
    times = Counter(names)
    for at, name in enumerate(names):
        if not name:
            continue
        if name in names[:at]:
            report.cell(
                file, at, "id", f"{name!r} for the second time of {times[name]}", "an id of its own", f"{name}-2"
            )
        elif not SPEAKABLE.fullmatch(name):
            simple = re.sub(r"[^A-Za-z0-9_.]+", "-", name).strip("-._").lower() or "greet-video"
            report.cell(file, at, "id", repr(name), "letters, digits, '-', '_' and '.' only", simple)
        elif name == REST.id:
            report.cell(file, at, "id", repr(name), "another id: this one is kept for the action of waiting", "pause")


def _within(report: Report, file: str, at: int, record: object, name: str, low: float, high: float, eg: object) -> None:
    value = getattr(record, name)
    if not low <= value <= high:  # NaN fails this too
        span = f"a number >= {low:g}" if high == float("inf") else f"a number from {low:g} to {high:g}"
        report.cell(file, at, column_of(name), f"{value:g}", span, eg)


def _skill(report: Report, at: int, skill: Skill, known: Sequence[str]) -> None:
    for name, example in (("prior", 0.2), ("learn", 0.1), ("guess", 0.18), ("slip", 0.12)):
        _within(report, SKILLS, at, skill, name, 0.0, 1.0, example)
    _within(report, SKILLS, at, skill, "forget", 0.0, float("inf"), 0.01)
    if skill.guess + skill.slip >= 1.0:
        report.cell(SKILLS, at, "guess", f"guess {skill.guess:g} + slip {skill.slip:g} = {skill.guess + skill.slip:g}",
                    "guess + slip < 1, or knowing would lower the score", "guess 0.18, slip 0.12")  # fmt: skip
    _skill_names(report, SKILLS, at, "requires", skill.requires, known)


def _skill_names(report: Report, file: str, at: int, column: str, names: Sequence[str], known: Sequence[str]) -> None:
    for place, name in enumerate(names):
        if name not in known:
            report.cell(file, at, column, f"the unknown skill {name!r}", f"ids of skills.csv: {some_of(known)}",
                        nearest(name, known))  # fmt: skip
        elif name in names[:place]:
            report.cell(file, at, column, f"{name!r} twice", "each skill once", name)


def _activity(report: Report, at: int, activity: Activity, known: Sequence[str], hurt: Collection[str]) -> None:
    def say(column: str, found: object, needed: str, example: object) -> None:
        report.cell(ACTIVITIES, at, column, found, needed, example)

    for name in ("learning_resource_type", "interactivity_type", "feedback", "timing", "assessment_role", "place",
                 "delivery", "social"):  # fmt: skip
        word, words = getattr(activity, name), WORDS[column_of(name)]
        if word not in words:
            say(column_of(name), repr(word), f"one of {' '.join(words)}", nearest(word, words))
    _skill_names(report, ACTIVITIES, at, "teaches", [name for name, _ in activity.teaches], known)
    _skill_names(report, ACTIVITIES, at, "assesses", [name for name, _ in activity.assesses], known)
    _skill_names(report, ACTIVITIES, at, "competencyRequired", activity.competency_required, known)
    for name, weight in activity.teaches:
        if not 0.0 < weight <= 1.0:
            say("teaches", f"{name}:{weight:g}", "weights above 0, at most 1", f"{name}:1")
    for name, count in activity.assesses:
        if not (1 <= count <= MOST_ITEMS and count == int(count)):
            say("assesses", f"{name}:{count:g}", f"whole items, 1 to {MOST_ITEMS}", f"{name}:4")
    tests = activity.assessment_role in WORDS["assessmentRole"][1:]
    if not (activity.teaches or activity.assesses or tests or {"teaches", "assesses"} & set(hurt)):
        say(
            "teaches",
            "neither teaches nor assesses",
            "at least one skill taught or assessed",
            f"{[*known, 'skill'][0]}:1",
        )
    if tests and not activity.assesses and "assesses" not in hurt:
        say("assesses", f"no items, with assessmentRole {activity.assessment_role}", "items on a skill, or role none",
            f"{[*known, 'skill'][0]}:4")  # fmt: skip
    _amounts(report, at, activity)


def _amounts(report: Report, at: int, activity: Activity) -> None:
    shares = activity.access_mode
    if len(shares) != 4 or not all(share >= 0.0 for share in shares) or not abs(sum(shares) - 1.0) <= 1e-6:
        report.cell(ACTIVITIES, at, "accessMode", f"weights {' '.join(f'{s:g}' for s in shares)}, sum {sum(shares):g}",
                    "weights >= 0 that sum to 1", "visual:.5;auditory:.5")  # fmt: skip
    if not 0.0 < activity.time_required < float("inf"):
        report.cell(ACTIVITIES, at, "timeRequired", f"{activity.time_required:g} minutes", "minutes above 0", 15)
    for name, high, example in (("assistance", 1.0, 0.5), ("authenticity", 1.0, 0.5),
                                ("staff_minutes", float("inf"), 10), ("cost", float("inf"), 25)):  # fmt: skip
        _within(report, ACTIVITIES, at, activity, name, 0.0, high, example)
    if not abs(activity.difficulty) <= 6.0:
        report.cell(ACTIVITIES, at, "difficulty", f"{activity.difficulty:g}", "a logit from -6 to 6", 0.5)
    if activity.capacity is not None and activity.capacity < 1:
        report.cell(ACTIVITIES, at, "capacity", activity.capacity, "at least 1 seat, or blank for no limit", 12)
    if activity.window and not 0.0 <= activity.window[0] <= activity.window[1]:
        first, last = activity.window
        report.cell(
            ACTIVITIES, at, "window", f"{first:g}-{last:g}", "the first day before the last", f"{last:g}-{first:g}"
        )


def _about(report: Report, world: "World") -> None:
    terms = world.programme
    if world.grade and world.grade not in WORDS["grade"]:
        report.toml(
            "world.grade", repr(world.grade), "A (fitted, held-out checks pass), B (fitted) or C (assumed)", '"C"'
        )
    if terms.decides not in WORDS["decides"]:
        words = WORDS["decides"]
        report.toml(
            "programme.decides", repr(terms.decides), f"one of {' '.join(words)}", nearest(terms.decides, words)
        )
    for name, low, example in (("horizon_days", 0.0, 60.0), ("rest_days", 0.0, 1.0)):
        if not low < getattr(terms, name) < float("inf"):
            report.toml(f"programme.{name}", f"{getattr(terms, name):g}", "days above 0", example)
    for name, example in (("offer_size", 3), ("repeats", 2)):
        if getattr(terms, name) < 1:
            report.toml(f"programme.{name}", getattr(terms, name), "at least 1", example)
    if not 0.0 <= terms.reasons <= 1.0:
        report.toml("programme.reasons", f"{terms.reasons:g}", "a share of offers, 0 to 1", 1.0)
    if not terms.retention_day >= terms.horizon_days:
        report.toml("programme.retention_day", f"day {terms.retention_day:g}",
                    f"the last day of the programme ({terms.horizon_days:g}) or later",
                    terms.horizon_days + 30.0)  # fmt: skip
    if not world.roles:
        report.toml("roles", "no roles", "at least one role with targets", "[roles.agent]  targets = {greeting = 1.0}")


def _role(report: Report, role: Role, known: Sequence[str]) -> None:
    place = f"roles.{role.id}.targets"
    if role.goal not in WORDS["goal"]:
        report.toml(f"roles.{role.id}.goal", repr(role.goal), f"one of {' '.join(WORDS['goal'])}",
                    nearest(role.goal, WORDS["goal"]))  # fmt: skip
    if role.goal == "open" and role.targets:
        report.toml(place, f"{len(role.targets)} targets under an open goal", "none: every skill counts alike",
                    'goal = "breadth"')  # fmt: skip
    if not role.targets and role.goal != "open":
        example = f"targets = {{{[*known, 'skill'][0]} = 1.0}}"
        report.toml(place, "a role without targets", "at least one skill with its weight", example)
    for name, weight in role.targets:
        if name not in known:
            report.toml(f"{place}.{name}", f"the unknown skill {name!r}", f"ids of skills.csv: {some_of(known)}",
                        nearest(name, known))  # fmt: skip
        if not 0.0 < weight < float("inf"):
            report.toml(f"{place}.{name}", f"{weight:g}", "a weight above 0", 1.0)
    if role.deadline_day is not None and not 0.0 < role.deadline_day < float("inf"):
        report.toml(f"roles.{role.id}.deadline_day", f"{role.deadline_day:g}", "a day above 0", 45)


def _cycle(report: Report, world: "World") -> None:
    requires = {skill.id: skill.requires for skill in world.skills}
    circle = ruling.cycle_in(requires)
    if circle:
        at = world.skill_ids.index(circle[0])
        keep = ";".join(name for name in requires[circle[0]] if name != circle[1]) or "(blank)"
        report.cell(SKILLS, at, "requires", f"a circle: {' requires '.join(circle)}", "prerequisites without a circle",
                    f"for {circle[0]}: {keep}")  # fmt: skip


def _reachable(report: Report, world: "World") -> None:
    """Every target, and all it rests on, is taught by something that may be offered."""
    requires = {skill.id: skill.requires for skill in world.skills}
    taught = {name for activity in world.activities[1:] if activity.id not in world.rules.excluded
              for name, weight in activity.teaches if weight > 0.0}  # fmt: skip
    for role in world.roles:
        wanted = {name: name for name in (requires if role.goal == "open" else dict(role.targets)) if name in requires}
        ahead = list(wanted)
        while ahead:
            name = ahead.pop()
            for below in requires[name]:
                if below in requires and below not in wanted:
                    wanted[below] = wanted[name]
                    ahead.append(below)
        for name, target in wanted.items():
            if name not in taught:
                why = "a target" if name == target else f"a prerequisite of its target {target!r}"
                report.toml(f"roles.{role.id}.targets", f"{name!r}, {why}, which no offered activity teaches",
                            "an activity that teaches it", f"{name}:1 under teaches in {ACTIVITIES}")  # fmt: skip
