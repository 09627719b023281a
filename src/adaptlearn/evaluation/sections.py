"""What stands behind the first page of a report: worlds, outcomes, sources of the gain, journeys, pilot, identity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from adaptlearn.classroom.simulate import Lives
from adaptlearn.core.world import World
from adaptlearn.evaluation import fairness, figures
from adaptlearn.evaluation import journeys as lives
from adaptlearn.evaluation.fairness import Traced
from adaptlearn.evaluation.instrument import Instrument
from adaptlearn.evaluation.matrix import Matrix, robust
from adaptlearn.evaluation.origins import Part
from adaptlearn.evaluation.outcomes import OUTCOMES
from adaptlearn.evaluation.pilot import Plan
from adaptlearn.evaluation.render import Figure, Section, Table, tabled
from adaptlearn.evaluation.resample import Contrast, contrast, draws_of
from adaptlearn.evaluation.sensitivity import Across

GRADES = {
    "A": "fitted to logs and checked on held-out ones",
    "B": "fitted to logs",
    "C": "assumed from published effects",
}

LENGTHS = (5, 10, 20, 40)  #: items of a test


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
    traced: Traced | None = None  # what the tracer foretold of the candidate's learners; None: it was not asked
    across: Across | None = None  # the gain under each draw of a posterior; None: the people are not from one


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
        {"policy": policy, "world": m.name(c), "mean gain": g.mean, "interquartile mean": g.middle,
         "P(improvement)": g.better.value, "number is": m.origin(policy, c)} for (policy, c), g in found.items()
    ]  # fmt: skip
    over = [
        {"policy": r.policy, "mean gain": r.gain.mean, "worst": r.worst.mean, "worst world": r.worst_column,
         "clear up": r.up, "clear down": r.down, "worlds": r.columns, "regret": r.regret}
        for r in robust(m, found=found)
    ]  # fmt: skip
    tables = (
        tabled(f"Over all worlds, gain over {m.baseline}", over, signed=3),
        tabled("World by world", rows, signed=3),
    )
    words = "Which of these worlds is true is not known; the same learners live in all of them."
    return Section("Every world", (words,), (), tables, (figure,))


def levels(study: Study) -> Section:
    """Outcomes by Kirkpatrick level."""
    m, rows = study.matrix, []
    for outcome in OUTCOMES:
        new, old = (m.cells[p, 0][outcome.key] for p in (study.candidate, m.baseline))
        if np.isfinite(new - old).sum() < 2:  # nobody's destination changed, or nothing is said of work
            continue
        means = {p: _mean(x) for p, x in ((study.candidate, new), (m.baseline, old))}
        rows.append({"level": outcome.level, "outcome": outcome.title, "unit": outcome.unit, **means,
                     "difference": against(study, outcome.key).mean})  # fmt: skip
    words = (
        "Transfer to the job (level 3), where it stands here, is assumed from published directions (grade C), and a "
        "platform would see the manager's check alone. Results (level 4) are not simulated. Money is what a programme "
        "costs, never what it returns."
    )
    caption = f"In the likeliest world ({m.name(0)}): {study.candidate} and {m.baseline}"
    return Section("Outcomes, level by level", (words,), (), (tabled(caption, rows, signed=3),))


def _mean(x: ArrayLike) -> float:
    return float(np.nanmean(x))


def origins(study: Study) -> Section:
    """Parts of the gain."""
    known = [(p.source, p.gain.mean) for p in study.parts if p.gain is not None]
    alt = f"Where the gain of {study.candidate} comes from"
    rows = [{"source": p.source, "what is compared": p.meaning, "gain": p.gain.mean if p.gain else None,
             "left out because": p.left_out or None} for p in study.parts]  # fmt: skip
    words = (
        "A placebo gives every learner another one's inputs. Meshing is the same in a world where nobody likes one "
        "format better, so that only what matching itself teaches is left; it is to be nothing in a null world."
    )
    table = tabled("Parts of the gain, in the likeliest world", rows, signed=3)
    return Section("Where the gain comes from", (words,), (), (table,), (Figure(alt, figures.forest(known, alt)),))


def groups(study: Study) -> Section:
    """Who gains and who does not."""
    names = study.candidate, study.matrix.baseline
    return fairness.section(study.new, study.old, study.world, names, study.traced)


def instrument(study: Study) -> Section:
    """What tests of several lengths would see of the gain."""
    levels = np.r_[study.new["value"], study.old["value"]].astype(np.float64)
    gain = against(study, "goal").mean.value
    rows = []
    for items in LENGTHS:
        test = Instrument(items)
        spread = float(np.sqrt(np.var(levels) + test.noise(levels)))
        rows.append({"items": items, "reliability": test.reliability(levels), "sd of scores": spread,
                     "gain, in sd of scores": gain / spread})  # fmt: skip
    words = ("A pilot does not see what people know but a test of it. Reliability is the share of the spread of scores "
             "that lies between people; the gain is that of the likeliest world. Drift of items over time and items "
             "that work differently for groups are looked for in logs (adaptlearn insights).",)  # fmt: skip
    return Section("What a test would see", words, (), (tabled("By length of the test", rows, signed=3),))


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
