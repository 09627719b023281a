"""The card of a bundle: what it is for, what it is not for, what it was tried on, what it keeps about people."""

from collections.abc import Mapping
from typing import Any

from adaptlearn.core.record import AXES
from adaptlearn.core.world import World

GRADES = {
    "A": "its learners were fitted to logs and pass held-out checks",
    "B": "its learners were fitted to logs",
    "C": "its learners are assumed from published effects; nobody was observed",
}
DECIDES = {
    "assign": "one activity is assigned",
    "offer": "the learner picks from an offer",
    "self": "the learner picks freely",
}


def text(promise: Mapping[str, Any], world: World, about: Mapping[str, str], report: Mapping[str, Any] | None) -> str:
    """``card.md``. ``promise`` is the contract; ``about`` adds lines; ``report["rows"]`` is shown as a table."""
    policy, programme = promise["policy"], promise["programme"]
    parts = [
        f"# {policy['name']} {policy['version']} · {world.title}",
        _use(promise, world),
        "## Made from\n\n"
        + _table(
            [
                ("world", f"{world.name} {world.version}, grade {world.grade}: {GRADES[world.grade]}"),
                ("who decides", DECIDES[programme["decides"]]),
                ("attendance", "mandatory" if programme["mandatory"] else "voluntary"),
                ("programme", f"{programme['horizon_days']:g} days, check on day {programme['retention_day']:g}"),
                ("head", _head(policy["temperature"])),
                *about.items(),
            ]
        ),
        "## Gains in simulation\n\n" + _gains(report),
        _limits(world),
        _data(promise),
        _rules(promise, world),
    ]
    return "\n\n".join(parts) + "\n"


def _use(promise: Mapping[str, Any], world: World) -> str:
    roles = ", ".join(role["title"] for role in promise["roles"])
    return (
        f"**Use**: to choose what a learner is offered next, out of {len(world.activities) - 1} activities or others "
        f"described by the same features, on the way to {len(world.skills)} skills of: {world.job} ({roles}).\n\n"
        "**Not for**: grading, hiring, dismissing or ranking people; skills other than those in the contract; learners "
        "or programmes unlike those it was tried on, before a pilot has shown what it does there."
    )


def _head(temperature: float) -> str:
    return (
        "takes the best"
        if temperature == 0.0
        else f"draws from softmax(scores / {temperature:g}); every chance is returned, log it"
    )


def _table(rows: list[tuple[str, str]]) -> str:
    return "\n".join(["| | |", "|---|---|", *(f"| {_cell(a)} | {_cell(b)} |" for a, b in rows)])


def _cell(value: object) -> str:
    return str(value).replace("|", "/").replace("\n", " ")


def _gains(report: Mapping[str, Any] | None) -> str:
    rows = list((report or {}).get("rows", []))
    if not rows:
        return (
            "No evaluation came with this bundle: what it gains is not known. Evaluate it before anyone relies on it."
        )
    columns = list(rows[0])
    lines = ["| " + " | ".join(map(_cell, columns)) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(_cell(row.get(c, "")) for c in columns) + " |" for row in rows]
    told = report or {}
    worst, looked = told.get("worst_subgroup"), len(told.get("subgroups", ()))
    if "against" in told:
        lines.append(f"\nOver {told['against']}; {told['learners']:,} learners. Half: of the 95 % interval.")
    of = f" of the {looked} looked at" if looked else ""
    found = f"**Worst subgroup**{of}: {_cell(worst)}" if worst else "Subgroups were not evaluated."
    failures = [f"- {line}" for line in told.get("failures", ())]
    return "\n".join([*lines, f"\n{found}", *(["\n**Failure cases**\n", *failures] if failures else [])])


def _limits(world: World) -> str:
    lines = [
        "Every gain above is simulated. A law of learning is a claim about people; a pilot is how it is tested.",
        "The tracer's constants come from the world's `skills.csv`; where they are wrong, so is the mastery shown.",
        "It reads the catalogue as declared: an activity that is mislabelled is chosen for what its label says.",
        "Reasons given in words describe the record and the catalogue, not what happens inside a network.",
    ]
    if world.grade == "C":
        lines.insert(0, "Grade C: conclusions about a real programme need data from that programme.")
    return "## Known limits\n\n" + "\n".join(f"- {line}" for line in lines)


def _data(promise: Mapping[str, Any]) -> str:
    record = promise["record"]
    axes = ", ".join(axis for axis in AXES if axis != "intercept")
    return (
        "## What it keeps about a learner\n\n"
        "- **Told**: an identity, role or targets, weekly minutes, whether attendance is mandatory; if wished, motive "
        "and stated style.\n"
        "- **Collected**: what was offered and taken, finished or not, minutes, items answered and correct, ratings, "
        "days.\n"
        f"- **Inferred**: per skill {', '.join(record['per_skill'])}; a belief over format preferences ({axes}); "
        f"totals ({', '.join(record['totals'])}).\n"
        "- Subgroup attributes are never asked for. One record per learner; delete it and all of this is gone."
    )


def _rules(promise: Mapping[str, Any], world: World) -> str:
    rules = world.rules
    said = [
        f"excluded: {', '.join(rules.excluded) or 'none'}",
        f"not before: {_days(rules.not_before)}",
        *([f"after a gate: {', '.join(f'{name} after {gate}' for name, gate in rules.after)}"] if rules.after else []),
        *(
            [f"passed with: {', '.join(f'{name} {mark:.0%} of its items right' for name, mark in rules.pass_mark)}"]
            if rules.pass_mark
            else []
        ),
        f"due: {_days(rules.due)}",
        f"pinned: {', '.join(rules.pinned) or 'none'}",
        f"live activities a week: {'any number' if rules.live_per_week is None else rules.live_per_week}",
        f"at most {world.programme.repeats} visits to one activity",
    ]
    refuses = [f"refuses {line}" for line in promise["refuses"]]
    return "## Rules and refusals\n\n" + "\n".join(f"- {line}" for line in (*said, *refuses))


def _days(pairs: tuple[tuple[str, float], ...]) -> str:
    return ", ".join(f"{name} day {day:g}" for name, day in pairs) or "none"
