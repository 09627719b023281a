"""``adaptlearn trace``: how well can what people know be traced from this log, and by which tracer."""

from dataclasses import dataclass, field
from typing import Any

from adaptlearn.lab.tables import progress, show

USUAL = ("shares", "bkt", "bkt_prior", "bkt_item", "afm", "pfa", "best_lr", "growth")


@dataclass
class Config:
    """Keys of this verb."""

    log: str = ""  # a CSV, TSV or Parquet of answers: learner, skill, correct; item and day if there
    preset: str | None = None  # a known format, e.g. assistments2009
    columns: dict[str, str] = field(default_factory=dict)  # our name -> the file's, e.g. columns.learner=user_id
    model: list[str] = field(default_factory=list)  # none: the usual ones that the log has columns for; [all]: all
    baseline: str = "bkt"  # whose AUC the gain is over
    folds: int = 5  # learners are dealt into so many
    merge: bool = True  # rows of one answer, logged once per skill, become one
    rejects: str | None = None  # where to write rows that could not be used
    csv: str | None = None  # also write the rows there
    seed: int = 0  # of folds and starting points
    format: str = "table"  # table | json
    debug: bool = False  # true: show where an error came from


def run(config: Config) -> None:
    """Trace the log with every model asked for, on the same held-out learners, and print one row each.

    Raises:
        ValueError: no log was named, or it cannot be traced.
    """
    from adaptlearn.core.keep import keep
    from adaptlearn.interchange.tables import read
    from adaptlearn.lab.evaluating import csv_of
    from adaptlearn.tracing import shelf

    if not config.log:
        raise ValueError(
            "log is not given; needed a file of answers, "
            "e.g. log=answers.csv columns.learner=user columns.skill=kc columns.correct=ok"
        )
    with progress("reading", config.format == "json") as tell:
        table = read(config.log, config.columns or None, config.preset, config.rejects).answers()
        log, notes = prepared(table, config.merge)
        rows = shelf.compare(
            log, chosen(config.model, shelf.able(log)), config.baseline, config.folds, config.seed, tell
        )
    lines = [as_row(row) for row in sorted(rows, key=lambda r: -r.scores.auc)]
    if config.csv is not None:
        keep(config.csv, csv_of(lines))
    show(lines, format=config.format, title=f"{table.source}: {len(log['correct']):,} answers", notes=[
        *notes, f"Held out by learner, {config.folds} folds, answers pooled. gain: AUC over {config.baseline} on the "
        "same answers, ± half of the 95 % interval over learners.", verdict(rows)])  # fmt: skip


def chosen(model: list[str], able: list[str]) -> list[str]:
    """Names of tracers: those asked for, or of those the log has columns for the usual ones or all."""
    if model == ["all"]:
        return able
    return model or [name for name in able if name in USUAL]


def prepared(table: Any, merge: bool) -> tuple[dict[str, Any], list[str]]:
    """A table of answers as a log with one row per answer, and what to say about it."""
    from adaptlearn.tracing.sequences import merged

    names = [name for name in ("learner", "skill", "correct", "item", "day") if name in table]
    log, notes = {name: table[name] for name in names}, []
    if table.rejects.count:
        notes.append(table.rejects.words())
    if not table.sorted_by:
        notes.append("The rows are taken to be in the order of time: no column of order or day was named.")
    if "item" in log and merge:
        one = merged(log["learner"], log["skill"], log["correct"], log["item"])
        if not one.keep.all():
            notes.append(f"{int((~one.keep).sum()):,} rows repeat an answer under another skill: merged, one row per "
                         "answer (merge=false keeps them, and scores come out too good).")  # fmt: skip
        log = {name: values[one.keep] for name, values in log.items()} | {"skill": one.skill}
    elif "item" not in log:
        notes.append("Without a column of items, answers logged once per skill cannot be told apart from others.")
    return log, notes


def as_row(row: Any) -> dict[str, Any]:
    """A row for people."""
    s = row.scores
    return {
        "model": row.model, "AUC": s.auc, "gain": row.gain, "RMSE": s.rmse,
        "log-lik_per_answer": s.log_likelihood / s.n, "calibration_error": s.calibration_error,
        "unseen_skill": s.n_fallback, "seconds": row.seconds,
    }  # fmt: skip


def verdict(rows: list[Any]) -> str:
    """One sentence on what the log allows."""
    from adaptlearn.tracing.shelf import KINDS, NULL

    best = max(rows, key=lambda r: r.scores.log_likelihood)
    if best.model == NULL:
        return "No tracer foretells held-out learners better than each skill's share of right answers: do not trace."
    return f"Best likelihood on held-out learners: {best.model} ({KINDS[best.model].about})."
