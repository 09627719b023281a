"""A life told in lines: what a person reads of a learner's days, and the figures that sum them up at the end."""

import numpy as np
from numpy.typing import NDArray

from adaptlearn.classroom.layout import DECIDES, EVENT, OUTCOMES
from adaptlearn.classroom.room import LIFE, Classroom
from adaptlearn.core.learner import MODES, MOTIVES, Traits

ENDING = ("value", "assessed", "minutes", "staff_minutes", "cost", "completed", "step", "day")
_PLACES = np.array([LIFE[name] for name in ENDING])
_WORDS = {"rest": "waited", "skipped": "skipped"}
HEADER = "step    day  activity                      became              min  right  stars  believed  kept"


def ending(life: NDArray[np.float32]) -> NDArray[np.float32]:
    """The columns named by ENDING; ``value`` is latent, for analysis and never for a policy.   life [..., L]"""
    columns: NDArray[np.float32] = life[..., _PLACES]
    return columns


def heading(room: Classroom, row: int = 0) -> list[str]:
    """Who this is, as the platform knows it."""
    world, trait = room.rules.world, dict(zip(Traits._fields, room.traits[row], strict=True))
    role, law = world.roles[int(trait["role"])], room.rules.law.__name__.rpartition(".")[2]
    terms = f"{('voluntary', 'mandatory')[int(room.terms.mandatory)]} · {DECIDES[int(room.terms.decides)]}"
    person = f"motive {MOTIVES[int(trait['motive'])]} · says {MODES[int(trait['stated'])]}"
    return [
        f"{world.name} · law {law} · learner {room.ids[row]} · luck {room.seed}",
        f"{role.title or role.id} · {terms} · {person} · {trait['weekly_minutes']:.0f} min a week",
        "",
        HEADER,
    ]


def line(room: Classroom, row: int = 0) -> str:
    """The decision that has just been lived through."""
    event = dict(zip(EVENT, room.event[row].tolist(), strict=True))
    outcome, life = OUTCOMES[int(event["outcome"])], room.life[row]
    about = int(event["taken"]) or (int(room.offers[row, 0]) if outcome == "skipped" else 0)
    became = _WORDS.get(outcome) or ("finished" if event["completed"] else "unfinished")
    became += ", own choice" if outcome == "substituted" else ""
    right = f"{event['correct']:.0f}/{event['items']:.0f}" if event["items"] else "·"
    stars = f"{event['stars']:.0f}" if event["stars"] else "·"
    minutes = f"{event['minutes']:.0f}" if event["minutes"] else "·"
    what = f"{life[LIFE['step']] - 1:4.0f} {event['day']:6.1f}  {room.rules.world.activity_ids[about]:<28.28}"
    worth = f"{life[LIFE['assessed']]:9.2f} {life[LIFE['value']]:5.2f}"
    return f"{what}  {became:<18} {minutes:>4} {right:>6} {stars:>6} {worth}"


def close(room: Classroom, row: int = 0) -> str:
    """How it stands, or how it ended."""
    life = dict(zip(LIFE, room.life[row].tolist(), strict=True))
    left, over = room.flags[row]
    how = "left" if left else "the programme ended" if over else "still learning"
    done = f"{life['step']:.0f} decisions, {life['completed']:.0f} finished"
    spent = f"{life['minutes']:.0f} min, {life['staff_minutes']:.0f} min of others, cost {life['cost']:.0f}"
    return f"{how} on day {life['day']:.1f}: {done}, {spent}"
