"""What stands behind the first page of a report: worlds, outcomes, sources of the gain, journeys, pilot, identity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from adaptlearn.classroom.simulate import Lives
from adaptlearn.core.world import World
from adaptlearn.evaluation import dif, figures
from adaptlearn.evaluation import journeys as lives
from adaptlearn.evaluation.matrix import Matrix, robust
from adaptlearn.evaluation.origins import Part
from adaptlearn.evaluation.outcomes import OUTCOMES
from adaptlearn.evaluation.pilot import Plan
from adaptlearn.evaluation.render import Figure, Section, Table
from adaptlearn.evaluation.resample import Contrast, Interval, contrast, draws_of
from adaptlearn.evaluation.sensitivity import Across
from adaptlearn.evaluation.subgroups import by_group

GRADES = {
    "A": "fitted to logs and checked on held-out ones",
    "B": "fitted to logs",
    "C": "assumed from published effects",
}


@dataclass(frozen=True)
class Study:
    """What a report is made from. Column 0 of the matrix is the world that is thought most likely."""

    candidate: str
    matrix: Matrix
    parts: Sequence[Part]
    new: Lives  # the candidate's learners in column 0, with their log
    old: Lives  # the same under the baseline
    world: World
    plan: Plan | None  # None: there is no gain to plan a pilot for
    identity: Mapping[str, str]  # versions, commit, seed, what was asked for
    across: Across | None = None  # the gain under each draw of a posterior; None: the people are not from one


def span(one: Interval, digits: int = 3) -> str:
    """An interval in words, with true minus signs."""
    return f"{one.value:+.{digits}f} ({one.low:+.{digits}f} to {one.high:+.{digits}f})".replace("-", "\N{MINUS SIGN}")


def against(study: Study, key: str, column: int = 0) -> Contrast:
    """The candidate's outcome less the baseline's in one column."""
    cells, m = study.matrix.cells, study.matrix
    return contrast(cells[study.candidate, column][key], cells[m.baseline, column][key], draws_of(m.strata, m.draws, 0))


def worlds(study: Study, found: Mapping[tuple[str, int], Contrast]) -> Section:
    """Every policy in every world."""
    m, width = study.matrix, range(len(study.matrix.columns))
    alt = f"Gain of {study.candidate} over {m.baseline} in every simulated world"
    figure = Figure(alt, figures.forest([(m.name(c), found[study.candidate, c].mean) for c in width], alt))
    rows = [
        (policy, m.name(c), span(g.mean), span(g.middle), f"{g.better.value:.2f}", m.origin(policy, c))
        for (policy, c), g in found.items()
    ]
    over = [
        (
            r.policy,
            span(r.gain.mean),
            span(r.worst.mean),
            r.worst_column,
            f"{r.up} / {r.down} of {r.columns}",
            f"{r.regret:.3f}",
        )
        for r in robust(m, found=found)
    ]
    return Section(
        "Every world",
        ("Which of these worlds is true is not known; the same learners live in all of them.",),
        (),
        (
            Table(
                f"Over all worlds, gain over {m.baseline}",
                ("policy", "mean gain", "worst", "worst world", "clear up / down", "regret"),
                tuple(over),
                ("regret",),
            ),
            Table(
                "World by world",
                ("policy", "world", "mean gain", "interquartile mean", "P(improvement)", "number is"),
                tuple(rows),
                ("P(improvement)",),
            ),
        ),
        (figure,),
    )


def levels(study: Study) -> Section:
    """Outcomes by Kirkpatrick level."""
    m, rows = study.matrix, []
    for outcome in OUTCOMES:
        new, old = (m.cells[p, 0][outcome.key] for p in (study.candidate, m.baseline))
        if np.isfinite(new - old).sum() < 2:  # nobody's destination changed, or nothing is said of work
            continue
        one, digits = against(study, outcome.key).mean, 0 if outcome.level == "what it takes" else 3
        rows.append(
            (
                outcome.level,
                outcome.title,
                outcome.unit,
                f"{_mean(new):.{digits}f}",
                f"{_mean(old):.{digits}f}",
                span(one, digits),
            )
        )
    return Section(
        "Outcomes, level by level",
        (
            "Transfer to the job (level 3), where it stands here, is assumed from published directions (grade C), and "
            "a platform would see the manager's check alone. Results (level 4) are not simulated. Money is what a "
            "programme costs, never what it returns.",
        ),
        (),
        (
            Table(
                f"In the likeliest world ({m.name(0)}): {study.candidate} and {m.baseline}",
                ("level", "outcome", "unit", study.candidate, m.baseline, "difference"),
                tuple(rows),
                (study.candidate, m.baseline),
            ),
        ),
    )


def _mean(x: ArrayLike) -> float:
    return float(np.nanmean(x))


def origins(study: Study) -> Section:
    """Parts of the gain."""
    known = [(p.source, p.gain.mean) for p in study.parts if p.gain is not None]
    alt = f"Where the gain of {study.candidate} comes from"
    rows = [(p.source, p.meaning, span(p.gain.mean) if p.gain else "–", p.left_out) for p in study.parts]
    words = (
        "A placebo gives every learner another one's inputs. Meshing is the same in a world where nobody likes one "
        "format better, so that only what matching itself teaches is left; it is to be nothing in a null world.",
    )
    return Section(
        "Where the gain comes from",
        words,
        (),
        (
            Table(
                "Parts of the gain, in the likeliest world",
                ("source", "what is compared", "gain", "left out because"),
                tuple(rows),
            ),
        ),
        (Figure(alt, figures.forest(known, alt)),),
    )


def groups(study: Study) -> Section:
    """Who gains and who does not."""
    new, roles = study.new, study.world.role_ids
    labels = {
        "role": [roles[int(r)] for r in new.trait("role")],
        "site": new.trait("site").astype(int),
        "tenure": new.trait("tenure").astype(int),
    }
    found = by_group(new["value"].astype(float) - study.old["value"], labels)
    rows = [
        (a.name, g.name, str(g.learners), span(g.gain) if g.gain else "too few", span(g.gap) if g.gap else "–")
        for a in found for g in a.groups
    ]  # fmt: skip
    points = tuple(
        f"{a.name}: " + ("differences of this size arise by chance" if a.noise else
                         f"groups differ, and {a.worst.name if a.worst else 'none shown'} gains least")
        + f" (p = {a.p:.2f})." for a in found if len(a.groups) > 1
    )  # fmt: skip
    columns = ("attribute", "group", "learners", "gain", "less everybody else's")
    words = ("Policies do not see site and tenure. Groups of fewer than 30 are not shown.",)
    table = Table("Gain by group, in the likeliest world", columns, tuple(rows), ("learners",))
    return Section("Groups", words, (*points, *_items(study)), (table,))


def _items(study: Study) -> list[str]:
    """Activities whose questions work differently for groups who know the same."""
    assert study.new.log is not None
    odd = [one for one in dif.look(study.new.log, study.world) if one.found]
    return [
        f"The questions of {one.activity} work differently for {one.attribute} {one.group} than for others who know as "
        f"much: {span(one.difference)} of them right." for one in odd
    ] or ["No activity's questions work differently for a site or a tenure."]  # fmt: skip


def journeys(study: Study) -> Section:
    """Six lives beside the same lives under the baseline."""
    tables = tuple(
        Table(
            f"Learner {j.learner}, {j.about}: {j.gain:+.3f}",
            (study.candidate, study.matrix.baseline),
            tuple(lives.side_by_side(j)),
        )
        for j in lives.journeys(study.new, study.old, study.world)
    )
    return Section("Six journeys", ("Simulated lives, the same learner with the same luck on both sides.",), (), tables)


def pilot(plan: Plan | None) -> Section:
    """What a pilot would need."""
    if plan is None:
        return Section("What a pilot would need", ("No pilot is planned: no gain was found that a test would show.",))
    d = plan.design
    rows = (
        ("effect to show, share correct on the test", f"{d.effect:.3f}"),
        ("standard deviation of scores", f"{d.sd:.3f}"),
        ("correlation with the pretest", f"{d.pretest:.2f}"),
        ("drop-outs", f"{d.attrition:.0%}"),
        ("learners per arm", str(plan.learners)),
        ("the same, looked at once at the end", str(plan.once)),
        ("power, watched all along", f"{plan.shown:.0%}"),
        ("false alarms, watched all along", f"{plan.false_alarm:.1%}"),
        ("seen when half of the successful pilots are clear", f"{plan.typical:.0%}"),
        ("weeks at most", f"{plan.weeks:.0f}"),
    )
    words = (
        "Stop for harm when the always-valid interval lies below 0, for benefit when above, as too small when below "
        "the effect planned for. Then refine, pilot again, and scale only when the second pilot shows it.",
    )
    return Section(
        "What a pilot would need",
        words,
        (),
        (Table("On the observed score of a test", ("what", "figure"), rows, ("figure",)),),
    )


def assumed(study: Study) -> Section:
    """What is assumed."""
    w = study.world
    return Section(
        "What is assumed",
        points=(
            f"The world {w.name} is graded {w.grade}: its learners are {GRADES[w.grade]}.",
            "All learners are simulated. Intervals say how far a number would move with other simulated learners, not "
            "how far simulated learners are from people.",
            "Numbers marked fitted in come from the very world a policy was trained in; all others are emergent.",
            "Whether matching a format to a style teaches more is contested; the null world says it does not.",
        ),
    )


def identity(study: Study) -> Section:
    """What the numbers hang on."""
    return Section(
        "How to get these numbers again", (), (), (Table("Identity", ("what", "value"), tuple(study.identity.items())),)
    )
