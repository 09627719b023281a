"""The report on one candidate policy: the decision first, everything that bears on it after.

This file holds the first page, ``sections`` the rest; ``render`` writes it and ``figures`` draws.
"""

from collections.abc import Sequence

from adaptlearn.evaluation import figures, journeys, sections, sensitivity
from adaptlearn.evaluation.matrix import Robust, gains, robust, verdict
from adaptlearn.evaluation.render import Figure, Report, Section, Table, span
from adaptlearn.evaluation.resample import Interval
from adaptlearn.evaluation.sections import Study, against


def write_up(study: Study) -> Report:
    """The report."""
    found = gains(study.matrix)
    mine = next(row for row in robust(study.matrix, found=found) if row.policy == study.candidate)
    said = verdict(study.matrix)
    worth = said.winner == study.candidate or (said.winner is None and mine.up == mine.columns)
    decision = (
        f"Worth a pilot: {study.candidate} gains over {study.matrix.baseline} in all {mine.columns} simulated worlds."
        if worth
        else f"Not shown to be worth a pilot: {_why_not(study, mine)}."
    )
    parts = (
        _differently(study),
        _change_of_mind(study, mine, said.words),
        sections.worlds(study, found),
        *([sensitivity.section(study.across, study.candidate, study.matrix.baseline)] if study.across else []),
        sections.levels(study),
        sections.origins(study),
        sections.groups(study),
        sections.journeys(study),
        sections.instrument(study),
        sections.pilot(study.plan),
        sections.assumed(study),
        sections.identity(study),
    )
    numbers = {
        "candidate": study.candidate,
        "baseline": study.matrix.baseline,
        "verdict": said,
        "robust": robust(study.matrix),
        "gains": [
            {"policy": p, **study.matrix.columns[c], "origin": study.matrix.origin(p, c), "gain": g}
            for (p, c), g in found.items()
        ],
        "parts": study.parts,
        "plan": study.plan,
        "across": study.across,
        "identity": dict(study.identity),
    }
    return Report(f"{study.candidate} in {study.world.title}", decision, _facts(study, mine), parts, numbers)


def _why_not(study: Study, mine: Robust) -> str:
    if mine.down:
        return (
            f"{study.candidate} gains clearly in {mine.up} and loses clearly in {mine.down} of {mine.columns} "
            "simulated worlds"
        )
    return f"its gain over {study.matrix.baseline} is clear of zero in {mine.up} of {mine.columns} simulated worlds"


def _facts(study: Study, mine: Robust) -> tuple[tuple[str, str, str], ...]:
    cost = {key: against(study, key).mean.value for key in ("minutes", "staff_minutes", "cost")}
    plan, base = study.plan, study.matrix.baseline

    def fact(what: str, one: Interval, meaning: str) -> tuple[str, str, str]:
        figure, _, rest = span(one).partition(" ")
        return what, figure, f"95 %: {rest.strip('()')}. {meaning}"

    return (
        fact(f"Gain over {base}", mine.gain.mean, "P(correct) on the target skills at the check, all worlds"),
        fact("In the worst world", mine.worst.mean, mine.worst_column),
        ("Who is better off", f"{mine.gain.better.value:.0%}", f"of the same learners know more than under {base}"),
        (
            "What it takes",
            f"{cost['minutes']:+.0f} min".replace("-", "\N{MINUS SIGN}"),
            f"per learner; {cost['staff_minutes']:+.0f} min of others, {cost['cost']:+.0f} in money".replace(
                "-", "\N{MINUS SIGN}"
            ),
        ),
        (
            "A pilot",
            f"{plan.learners} per arm" if plan else "none planned",
            f"learners, {plan.weeks:.0f} weeks, power {plan.shown:.0%}" if plan else "there is no gain to plan for",
        ),
    )


def _differently(study: Study) -> Section:
    assert study.new.log is not None and study.old.log is not None
    new, old = journeys.shares(study.new.log, study.world), journeys.shares(study.old.log, study.world)
    base = study.matrix.baseline
    usual = journeys.oddities(study.old.log, study.world)
    odd = [
        f"{word} (under {base} too)" if word in usual else word
        for word in journeys.oddities(study.new.log, study.world)
    ]
    odd = odd or ["nothing odd was found"]
    alt = f"Share of visits by type of activity under {study.candidate} and {base}"
    rows = [
        (
            j.about,
            f"{j.gain:+.3f}".replace("-", "\N{MINUS SIGN}"),
            " → ".join(_titles(j.new)),
            " → ".join(_titles(j.old)),
        )
        for j in journeys.journeys(study.new, study.old, study.world)
    ]
    table = Table(
        "Six learners: their first four activities under both (whole journeys below)",
        ("learner", "gain", study.candidate, base),
        tuple(rows),
        ("gain",),
    )
    return Section(
        "What it would do differently",
        points=tuple(f"{word[0].upper()}{word[1:]}." for word in odd),
        tables=(table,),
        figures=(Figure(alt, figures.bars(new, old, (study.candidate, base), alt)),),
        folded=False,
    )


def _titles(walk: Sequence[str]) -> list[str]:
    """Titles of the first four activities of a journey."""
    return [step.split(" · ")[1] for step in walk if " · " in step][:4]


def _change_of_mind(study: Study, mine: Robust, words: str) -> Section:
    points = [
        f"All candidates together: {words}.",
        f"The worst world of {mine.columns} is {mine.worst_column}: {span(mine.worst.mean)}.",
    ]
    if mine.regret >= 0.0005:
        points.append(f"In one of them another candidate would have had {mine.regret:.3f} more.")
    if study.across is not None:
        points.append(f"{study.across.words()}.")
    equal = next((p for p in study.parts if p.source == "at equal minutes"), None)
    if equal is not None and equal.gain is not None:
        kept = {1: "stays", 0: "is not clear", -1: "is a loss"}[int(equal.gain.mean.clear())]
        points.append(f"At equal minutes and staff minutes the gain {kept}: {span(equal.gain.mean)}.")
    if study.plan is not None:
        points.append(f"A pilot whose whole interval lies below {study.plan.design.effect:.3f} on the test.")
    points.append(
        "Evidence that your learners are unlike the simulated ones: a log of yours, judged (adaptlearn judge) or "
        "fitted (adaptlearn calibrate)."
    )
    return Section("What would change our mind", points=tuple(points), folded=False)
