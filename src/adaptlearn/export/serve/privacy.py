"""What is kept about a learner, from the lists that the code itself reads: a field that has no words fails a test.

Told, collected and inferred are the fields of ``intake.PROFILE``, ``intake.EVENT`` and of the record as the contract
describes it; kept beside them is what the service writes down. The page and the table of the verb are made of this.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .bundled import intake

TOLD = {
    "learner": "the name or number under which the platform knows the learner; a pseudonym does",
    "role": "the role they learn for, which sets the goal",
    "targets": "or the goal itself, a weight per skill",
    "weekly_minutes": "minutes a week they give to the programme",
    "motive": "what they learn for, in one word; may be left out",
    "stated": "the format they say they like; may be left out",
    "mandatory": "whether attendance is mandatory",
}
COLLECTED = {
    "id": "the event's own name, so that one sent twice counts once",
    "day": "when, in days since the learner's start",
    "offered": "what was shown",
    "taken": "what was begun",
    "about": "which offer a skip was about",
    "outcome": "taken, replaced by something else, passed by, or nothing offered",
    "completed": "finished or not",
    "minutes": "minutes spent",
    "items": "questions answered, by skill",
    "correct": "of those, answered correctly",
    "rating": "stars given, if any",
    "vetoed": "an offer that the learner does not want to see again",
    "full": "what had no seat left when they were to be offered something",
}
PER_SKILL = {
    "belief": "the chance that the skill is known",
    "seen": "when it was last taught or asked about",
    "answered": "questions answered so far",
    "right": "of those, right",
    "taught": "how often it was taught",
}
FORMAT = {
    "mean": "how much a format seems to be liked",
    "variance": "how unsure that is",
}
TOTALS = {
    "now": "day of the last event", "decisions": "events so far", "completed": "activities finished",
    "skipped": "offers passed by", "unfinished": "activities left unfinished", "minutes": "minutes in all",
    "staff_minutes": "minutes of other people's time", "cost": "cost in all",
    "success": "running share of right answers",
    "stars": "running rating", "pace": "minutes taken over minutes declared", "gap": "days before the last event",
}  # fmt: skip
KEPT = {
    "decision": "what was recommended, when, with which chance, by which policy; why the syllabus decided, if it did",
    "own word": "what the learner said they know or do not know",
    "switched off": "whether the learner switched recommendations off",
    "memory": "numbers of the policy's own, where a policy has a memory",
    "link": "for whom a link to the learner's page is, and until when",
    "arrival": "when each of these reached the service",
}
NEVER = ("name, address, pictures, devices, keystrokes or mouse movements", "age, gender, origin, health, location",
         "grades of people, or an order of them", "what is done outside the activities of the catalogue")  # fmt: skip
SHOWN = (
    ("the learner", "everything above, with what it rests on, on their own page; all of it as a file"),
    ("the platform that holds the key", "recommendations with reasons; one learner at a time, by scope of the key"),
    ("the learning department", "sums over many: gains with intervals, groups of fewer than 30 left out"),
    ("managers", "nothing about one person, and no list of people: there is no such address"),
    ("whoever is on duty", "counts, times and digests; logs name no learner"),
)


class Datum(NamedTuple):
    """One thing kept about a learner."""

    kind: str  # told | collected | inferred | kept
    name: str
    meaning: str


def inventory(record: Mapping[str, Sequence[str]]) -> list[Datum]:
    """Everything kept about one learner.

    Args:
        record: ``contract["record"]``: names per skill, of the belief over formats, and of the totals.

    Raises:
        KeyError: a field without words: it may not be kept before it is explained.
    """
    inferred = {f"{name}, per skill": PER_SKILL[name] for name in record["per_skill"]}
    inferred |= {f"liking of formats: {name}": FORMAT[name] for name in record["format"]}
    inferred |= {name: TOTALS[name] for name in record["totals"]}
    kinds = {
        "told": {name: TOLD[name] for name in intake.PROFILE},
        "collected": {name: COLLECTED[name] for name in intake.EVENT},
        "inferred": inferred,
        "kept": KEPT,
    }
    return [Datum(kind, name, meaning) for kind, fields in kinds.items() for name, meaning in fields.items()]


def markdown(record: Mapping[str, Sequence[str]]) -> str:
    """The inventory as tables, for ``docs/privacy.md``."""
    parts, rows = [], inventory(record)
    for kind in dict.fromkeys(row.kind for row in rows):
        parts.append(f"**{kind.capitalize()}**\n\n| what | in words |\n|---|---|")
        parts[-1] += "".join(f"\n| {row.name} | {row.meaning} |" for row in rows if row.kind == kind)
    parts.append("**Never**\n\n" + "\n".join(f"- {line}" for line in NEVER))
    shown = "".join(f"\n| {who} | {what} |" for who, what in SHOWN)
    return "\n\n".join([*parts, f"**Shown to**\n\n| who | what |\n|---|---|{shown}"]) + "\n"


__all__ = ["NEVER", "SHOWN", "Datum", "inventory", "markdown"]
