"""What a log says of the catalogue, written up: what to look at first, then one section a question. Needs no policy.

The parts are worked out elsewhere (``items``, ``dif``, ``dropoff``, ``coverage``, ``feedback``, and by whoever calls
what activities teach and how often they are finished); here they are put into words. What a log cannot tell is said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from adaptlearn.core.visits import Visits
from adaptlearn.evaluation import dropoff, figures
from adaptlearn.evaluation.coverage import Covered
from adaptlearn.evaluation.dif import Dif
from adaptlearn.evaluation.dropoff import Point, Staying
from adaptlearn.evaluation.feedback import Beside, Rated
from adaptlearn.evaluation.items import Item
from adaptlearn.evaluation.render import Figure, Report, Section, Table, span, tabled
from adaptlearn.evaluation.resample import Z95, Interval

SHOWN = 20  #: rows of a table on the page; spreadsheets have all
DRAWN = 12  #: activities in the figure


@dataclass(frozen=True)
class Found:
    """Everything that was worked out; ``silent`` says of each part that was not why."""

    visits: Visits
    lessons: Any = None  # tracing.lessons.Lessons
    finished: Sequence[Any] = ()  # tracing.finishing.Finished
    skills: Sequence[Mapping[str, Any]] = ()  # of a log of answers: rows with skill, easiness, growth
    items: Sequence[Item] = ()
    dif: Sequence[Dif] = ()
    stay: Staying | None = None
    unit: str = "steps"  # of stay
    points: Sequence[Point] = ()
    covered: Sequence[Covered] = ()
    rated: Sequence[Rated] = ()
    beside: Sequence[Beside] = ()
    silent: Mapping[str, str] = field(default_factory=dict)
    identity: Mapping[str, str] = field(default_factory=dict)


def write_up(found: Found) -> Report:
    """The report."""
    first = look_first(found)
    many = f"{len(first)} things to look at" if len(first) > 1 else "One thing to look at"
    decision = f"{many}; the first: {first[0]}" if first else "Nothing stands out that chance does not explain."
    parts = (
        Section("Look at these first", points=tuple(first) or (decision,), folded=False),
        *(part for part in (teaching(found), finishing(found), practice(found), asking(found), leaving(found),
                            skills(found), feedback(found)) if part is not None),
        *_rest(found),
    )  # fmt: skip
    return Report(f"What the log says: {found.visits.source}", decision, _facts(found, len(first)), parts,
                  {"first": first, "parts": _numbers(found)})  # fmt: skip


def look_first(found: Found) -> list[str]:
    """Everything that was found, in words, what harms most first."""
    v = found.visits
    said = [f"“{c.skill}”: {c.verdict}." for c in found.covered if c.found and c.roles]
    said += tags(found)
    said += [f"“{i.name}”: {i.verdict}." for i in found.items if i.found]
    said += [
        f"The questions of “{d.activity}” work differently for {d.attribute} {d.group} than for others who know as "
        f"much: {span(d.difference, 2)} of them right." for d in found.dif if d.found
    ]  # fmt: skip
    said += [
        f"After “{p.activity}” {p.left} of {p.visits:,} leave; elsewhere at these steps it would be {p.expected:.0f}."
        for p in found.points if p.found
    ]  # fmt: skip
    said += [
        f"“{c.skill}”: {c.verdict} (no role's goal rests on it)." for c in found.covered if c.found and not c.roles
    ]
    return said + liked_not_learned(found, v)


def tags(found: Found) -> list[str]:
    """Tags of the catalogue that do not fit what was learned, by activity."""
    if found.lessons is None:
        return []
    names, skill = found.visits.activities, found.visits.skills
    doubted: dict[int, dict[str, list[str]]] = {}
    for one in found.lessons.found:
        if one.doubt:
            doubted.setdefault(one.activity, {}).setdefault(one.doubt, []).append(skill[one.skill])
    said = []
    for a, by in doubted.items():
        more, less = (
            ", ".join(f"“{k}”" for k in by.get(word, ())) for word in ("teaches it too", "teaches too little")
        )
        if more and less:
            said.append(f"“{names[a]}” seems to teach {more}, not {less} as its tag says.")
        else:
            said.append(f"“{names[a]}” seems to teach {more}, which its tags do not name." if more else
                        f"“{names[a]}” teaches less of {less} than half of what others do.")  # fmt: skip
    return said


def liked_not_learned(found: Found, v: Visits) -> list[str]:
    """Activities rated clearly above the mean that clearly teach too little."""
    if found.lessons is None or not found.rated:
        return []
    mean = float(np.mean([one.stars.value for one in found.rated]))
    liked = {one.activity for one in found.rated if one.stars.low > mean}
    little = {one.activity for one in found.lessons.found if one.doubt == "teaches too little"}
    return [f"“{v.activities[a]}” is liked more than others and teaches less." for a in sorted(liked & little)]


def _facts(found: Found, many: int) -> tuple[tuple[str, str, str], ...]:
    v, said = found.visits, []
    said.append(("People", f"{v.learners:,}", f"{len(v.learner):,} rows"))
    if len(v.answers.row):
        share = v.answers.right.sum() / v.answers.asked.sum()
        said.append(("Answers", f"{int(v.answers.asked.sum()):,}", f"{share:.0%} of them right"))
    if v.done is not None and (v.activity >= 0).any():
        said.append(("Finished", f"{v.done[v.activity >= 0].mean():.0%}", "of activities that were begun"))
    if found.stay is not None and len(found.stay.stay):
        stay = found.stay
        said.append(("Stay to the end", f"{stay.stay[-1]:.0%}", f"95 %: {stay.low[-1]:.0%} to {stay.high[-1]:.0%}"))
    return (*said, ("To look at", str(many), "more than chance explains, and enough to matter"))


# --- sections --------------------------------------------------------------------------------------------------------


def teaching(found: Found) -> Section | None:
    """What activities teach."""
    if found.lessons is None:
        return None
    v, told = found.visits, found.lessons
    rows = [
        {"activity": v.activities[one.activity], "skill": v.skills[one.skill], "tag": one.declared or None,
         "learners": one.learners, "points": _points(one), "points, no prior": _step(one), "doubt": one.doubt or None}
        for one in sorted(told.found, key=lambda one: (not one.doubt, not one.declared, -one.effect))
        if one.declared or one.doubt
    ]  # fmt: skip
    drawn = sorted((one for one in told.found if one.shrunk), key=lambda one: -one.shrunk[0])
    drawn = drawn if len(drawn) <= DRAWN else [*drawn[: DRAWN // 2], *drawn[-DRAWN // 2 :]]
    alt = "Percentage points that the first finished visit adds to answers on a skill, most and least"
    lines = [(f"{v.activities[one.activity][:34]} → {v.skills[one.skill][:26]}", _points(one)) for one in drawn]
    words = (
        "Answers on a skill after an activity was finished, beside answers of the same and of other people without it: "
        "percentage points of right answers, for the first visit. A hierarchical model pulls what is little known to "
        f"what activities usually teach ({told.usual:+.2f} logit a visit).",
        *told.notes, *(f"{word[0].upper()}{word[1:]}." for word in told.health.words()),
    )  # fmt: skip
    figure = (Figure(alt, figures.forest(lines, alt, "percentage points, 95 % interval")),) if lines else ()
    return Section("What activities teach", words, tuple(tags(found)), (
        tabled("Activity by activity", rows, SHOWN),), figure)  # fmt: skip


def _points(one: Any) -> Interval | None:
    return None if one.shrunk is None else Interval(*(one.points * x for x in one.shrunk))


def _step(one: Any) -> Interval:
    half = Z95 * one.error
    return Interval(*(one.points * x for x in (one.effect, one.effect - half, one.effect + half)))


def finishing(found: Found) -> Section | None:
    """What is finished."""
    if not found.finished:
        return None
    names = found.visits.activities
    rows = [
        {"activity": names[one.activity], "visits": one.visits, "finished": one.share,
         "finished, shrunk": Interval(*one.shrunk), "minutes, median": one.minutes} for one in found.finished
    ]  # fmt: skip
    words = ("Of visits that were begun, the share that was finished; shrunk: by a learner like the others, pulled to "
             "the mean where visits are few. The least finished first.",)  # fmt: skip
    return Section("What is finished", words, (), (tabled("Activity by activity", rows, SHOWN),))


def practice(found: Found) -> Section | None:
    """Skills of a log of answers without activities."""
    if not found.skills:
        return None
    flat = [str(row["skill"]) for row in found.skills if row["growth"].high <= 0.0]
    points = (f"Practice does not show on {', '.join(flat[:6])}{' ...' if len(flat) > 6 else ''}: the interval of "
              "growth is not above zero.",) if flat else ()  # fmt: skip
    words = ("How easy a skill is at the start, and how much the logit of a right answer grows with each doubling of "
             "practice, from a hierarchical model: skills with few answers are pulled to the others.",)  # fmt: skip
    return Section("Where practice shows", words, points, (tabled("Skill by skill", found.skills, SHOWN),))


def asking(found: Found) -> Section | None:
    """Weak items, and items that work differently for groups."""
    if not found.items:
        return None
    rows = [
        {"item": i.name.removesuffix(f" · {i.skill}"), "skill": i.skill, "learners": i.learners, "right": i.right,
         "tells who knows": i.tells, "weakest fifth": i.weakest, "strongest fifth": i.strongest,
         "verdict": i.verdict or None} for i in found.items
    ]  # fmt: skip
    weak = [f"“{i.name}”: {i.verdict}." for i in found.items if i.found] or ["No item is weaker than chance explains."]
    odd = [f"“{d.activity}”: {d.attribute} {d.group}, {span(d.difference, 2)} right beside others who know as much."
           for d in found.dif if d.found]  # fmt: skip
    groups = [{"asked by": d.activity, "attribute": d.attribute, "group": d.group, "learners": d.learners,
               "difference": d.difference, "p, corrected": d.p} for d in found.dif]  # fmt: skip
    if groups and not odd:
        odd = ["No activity's questions work differently for a group."]
    words = ("How well one answer goes with all other answers of the same learner (1 at best, 0: nothing), and what "
             "the weakest and the strongest fifth by those get right. First answers only.",)  # fmt: skip
    more: list[Table] = [tabled("Groups who know the same", groups, SHOWN)] if groups else []
    return Section("Weak items", words, (*weak, *odd), (tabled("Item by item", rows, SHOWN), *more))


def leaving(found: Found) -> Section | None:
    """Where people leave."""
    if found.stay is None or not len(found.stay.time):
        return None
    stay, unit = found.stay, found.unit
    alt = f"Share of learners who are still there, by {unit}"
    figure = Figure(alt, figures.stairs(stay.time.tolist(), stay.stay.tolist(), stay.low.tolist(), stay.high.tolist(),
                                        alt, unit))  # fmt: skip
    costly = [
        f"{'Step' if unit == 'steps' else 'Day'} {stay.time[s]:.0f}: {stay.left[s]:.0f} of {stay.at_risk[s]:.0f} leave."
        for s in dropoff.steps_that_cost(stay)
    ]
    curve = [
        {unit: float(t), "were there": int(n), "left": int(d), "stay longer": Interval(float(s), float(lo), float(hi))}
        for t, n, d, s, lo, hi in zip(*stay, strict=True)
    ]
    rows = [{"after": p.activity, "visits": p.visits, "left": p.left, "expected": p.expected, "times": p.ratio,
             "p, corrected": p.p} for p in found.points]  # fmt: skip
    by_activity = [tabled("Leavers after each activity, beside others at the same step", rows, SHOWN)] if rows else []
    words = ("Kaplan and Meier's estimate; the band is 95 %. An activity is named where surely more than "
             f"{dropoff.MATTERS:g} times as many leave after it as expected; p is the chance of so many, were "
             "it no more than that.",)  # fmt: skip
    return Section("Where people leave", words, tuple(costly),
                   (*by_activity, tabled("Who is still there", curve, SHOWN)), (figure,))  # fmt: skip


def skills(found: Found) -> Section | None:
    """Skills that nobody teaches or asks about."""
    if not found.covered:
        return None
    rows = [{"skill": c.skill, "roles": c.roles, "taught by": c.taught_by, "asked by": c.asked_by,
             "finished visits": c.finished, "learners asked": c.answered, "missing": c.verdict or None}
            for c in found.covered]  # fmt: skip
    missing = [f"“{c.skill}”: {c.verdict}." for c in found.covered if c.found] or [
        "Every skill is taught and asked about."
    ]
    return Section("Skills", ("By the catalogue's tags, and what of it the log shows.",), tuple(missing), (
        tabled("Skill by skill", rows, SHOWN),))  # fmt: skip


def feedback(found: Found) -> Section | None:
    """Ratings beside outcomes."""
    if not found.rated:
        return None
    names = found.visits.activities
    rows = [{"activity": names[r.activity], "ratings": r.ratings, "stars": r.stars} for r in found.rated]
    tables = [tabled("Activity by activity", rows, SHOWN)]
    if found.beside:
        ranked = [{"outcome": b.outcome, "activities": b.activities, "rank correlation": b.r} for b in found.beside]
        tables.append(tabled("Ratings and outcomes, over activities", ranked))
    words = (
        "Ratings say how people liked it. Across trainings liking hardly goes with learning (Alliger et al. 1997).",
    )
    return Section("Ratings beside outcomes", words, tuple(b.words for b in found.beside), tuple(tables))


def _rest(found: Found) -> list[Section]:
    silent = [f"{what}: {why}." for what, why in found.silent.items()]
    parts = [Section("What this log cannot tell", points=tuple(silent))] if silent else []
    if found.identity:
        rows = [{"what": key, "value": value} for key, value in found.identity.items()]
        parts.append(Section("How to get these numbers again", (), (), (tabled("Identity", rows),)))
    return parts


def _numbers(found: Found) -> dict[str, Any]:
    """Every row of every table, for programs."""
    made = {"teaching": teaching, "finishing": finishing, "practice": practice, "items": asking, "leaving": leaving,
            "skills": skills, "feedback": feedback}  # fmt: skip
    parts = {name: build(found) for name, build in made.items()}
    return {name: {table.caption.partition(" (the first")[0]: table.data for table in part.tables}
            for name, part in parts.items() if part is not None}  # fmt: skip
