"""The page a learner sees: what is believed of them and how surely, why this is next, and how to put it right.

One file of HTML without a script, a font or a picture from elsewhere; it prints, and fits a telephone. The words are
about the record and the catalogue: they do not claim to be what a network was thinking.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from .bundled import Recommendation, Record, Runtime

SAYINGS = ((0.95, "almost certainly"), (0.8, "probably"), (0.6, "more likely than not"), (0.4, "could be either way"),
           (0.2, "less likely than not"), (0.05, "probably not yet"), (0.0, "almost certainly not yet"))  # fmt: skip
LIKED = 0.25  #: mean liking from which a format is worth a word


class SkillView(NamedTuple):
    """One skill as the page shows it."""

    id: str
    title: str
    known: float  # P(known) today
    saying: str  # the same in words
    rests_on: str  # what the belief comes from
    group: str  # goal | needed | other


@dataclass(frozen=True)
class Action:
    """What the page's buttons do: addresses, relative to the page."""

    correct: str = "know"  # form: skill, knows = yes | no
    out: str = "opt-out"
    back: str = "opt-in"
    data: str = "data"


@dataclass(frozen=True)
class Standing:
    """What the page says beside beliefs."""

    opted_out: bool = False
    said: Mapping[str, bool] = field(default_factory=dict)  # skill -> what the learner last said of it
    notice: str = ""  # what has just been done
    contact: str = ""  # whom to ask
    until: str = ""  # when the link ends
    forms: bool = True  # buttons; False where the page is shown by somebody else, who has the doors for them


def saying(known: float) -> str:
    """A chance in words."""
    return next((words for least, words in SAYINGS if known >= least), SAYINGS[-1][1])


def skills_of(runtime: Runtime, record: Record, mastery: Mapping[str, float]) -> list[SkillView]:
    """Each skill with its belief, what it rests on and whether it is part of the goal; goals first."""
    contract, n = runtime.contract, len(runtime.contract.skills)
    fields = contract["record"]["per_skill"]
    counts = dict(zip(fields, record.row[: n * len(fields)].reshape(len(fields), n), strict=True))
    target = record.profile[:n]
    views = []
    for k, skill in enumerate(contract.skills):
        needed = any(target[j] > 0.0 for j in contract.carries[k])
        group = "goal" if target[k] > 0.0 else "needed" if needed else "other"
        here = {name: float(column[k]) for name, column in counts.items()}
        known = float(mastery[skill])
        views.append(SkillView(skill, contract.titles[k], known, saying(known), _rests_on(here), group))
    return sorted(views, key=lambda one: ("goal", "needed", "other").index(one.group))


def _rests_on(here: Mapping[str, float]) -> str:
    """Where a belief comes from, in a sentence."""
    answered, right, taught = (round(here["answered"]), round(here["right"]), here["taught"])
    if not answered and not taught:
        return f"Not seen yet. Of people who begin here, about {round(100 * here['belief'])} in 100 know it."
    parts = [f"{answered} {_s('answer', answered)}, {right} of them right"] if answered else ["no answers yet"]
    parts += ["activities that teach it"] if taught else []
    sure = "" if answered >= 3 else " That is little: the number may be well off."
    return f"Rests on {' and '.join(parts)}; last on day {here['seen']:.0f}.{sure}"


def _s(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"


def liking_of(preference: Mapping[str, float]) -> list[str]:
    """Formats that seem liked or disliked, in words; empty while nothing is known."""
    found = [(value, name) for name, value in preference.items() if name != "intercept" and abs(value) >= LIKED]
    return [f"{name}: you seem to {'like' if value > 0 else 'avoid'} it" for value, name in sorted(found, reverse=True)]


def collected(runtime: Runtime, record: Record) -> list[tuple[str, str]]:
    """What was collected, counted: from the record's totals, by the names of the contract."""
    names = runtime.contract["record"]["totals"]
    totals = dict(zip(names, record.row[-len(names) :].tolist(), strict=True))
    return [
        ("things reported to us about you", f"{record.step}"),
        ("activities finished", f"{totals['completed']:.0f}"),
        ("begun and left unfinished", f"{totals['unfinished']:.0f}"),
        ("offers passed by", f"{totals['skipped']:.0f}"),
        ("minutes", f"{totals['minutes']:.0f}"),
    ]


def choices_of(runtime: Runtime, advice: Recommendation, skills: Sequence[SkillView]) -> list[dict[str, Any]]:
    """What is recommended, with its minutes and the reason in the page's words."""
    catalogue, by_id = runtime.shelf.catalogue, {one.id: one for one in skills}
    shown = []
    for choice in advice.choices:
        a, skill = catalogue.at[choice.activity], by_id.get(choice.skill)
        taught = [runtime.contract.skills[k] for k, _ in catalogue.teaches[a]]
        words = choice.why[:1].upper() + choice.why[1:] if skill is None else _why(skill, skill.id in taught)
        shown.append({"title": choice.title, "minutes": float(catalogue.minutes[a]), "why": words})
    return shown


def _why(skill: SkillView, teaches: bool) -> str:
    """Why an activity is next, from the record and the catalogue."""
    part = {"goal": ", which is part of your goal", "needed": ", which your goal rests on", "other": ""}[skill.group]
    verb = "Teaches" if teaches else "Asks about"
    return f"{verb} “{skill.title}”{part}. Do you know it? {skill.saying.capitalize()}"


def learner_page(
    runtime: Runtime, advice: Recommendation, standing: Standing | None = None, actions: Action | None = None
) -> str:
    """The page.

    Args:
        advice: what is recommended now; its record is what is shown.
    """
    record, skills = advice.record, skills_of(runtime, advice.record, advice.mastery)
    groups = [(name, [one for one in skills if one.group == name]) for name in ("goal", "needed", "other")]
    page: str = _template().render(
        title=runtime.contract["world"]["title"], learner=advice.learner, day=advice.day,
        choices=choices_of(runtime, advice, skills), fallback=advice.fallback, policy=advice.policy, groups=groups,
        drawn=runtime.contract.policy["temperature"] > 0.0, liking=liking_of(advice.preference),
        collected=collected(runtime, record), standing=standing or Standing(),
        actions=actions or Action(),
    )  # fmt: skip
    return page


def ended_page() -> str:
    """What stands where a link has ended, or never was."""
    page: str = _template("ended.html.jinja").render()
    return page


@cache
def _template(name: str = "learner.html.jinja") -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    ).get_template(name)  # fmt: skip


__all__ = ["Action", "SkillView", "Standing", "collected", "ended_page", "learner_page", "saying", "skills_of"]
