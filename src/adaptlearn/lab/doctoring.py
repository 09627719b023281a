"""``adaptlearn doctor``: per trait and claim, what a log identifies, what stays assumed, what to log before a pilot."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from adaptlearn.lab.tables import progress, show

MARK = {"identified": "●", "in part": "◐", "assumed": "○"}


@dataclass
class Config:
    """Keys of this verb."""

    log: Any = None  # a CSV, TSV, XLSX or Parquet, xAPI statements; or several on the same people: log=[a.csv,b.csv]
    preset: str | None = None  # a known kind of export; null: recognised by its columns
    columns: dict[str, str] = field(default_factory=dict)  # our name -> the file's, e.g. columns.learner=Personalnummer
    dates: str | None = None  # dmy | mdy, for dates such as 03/04/2024 where the file does not show it
    encoding: str | None = None  # null: as the file shows
    rejects: str | None = None  # where to write rows that could not be used
    page: str | None = None  # also write a page to print (HTML, whole in one file)
    score: bool = True  # where there are answers: how well knowledge tracing foretells those of held-out learners
    format: str = "table"  # table | json
    debug: bool = False  # true: show where an error came from


def run(config: Config) -> None:
    """Read, judge, print; write the page.

    Raises:
        ValueError: no log was named, or one that cannot be read.
    """
    from adaptlearn.core.keep import keep
    from adaptlearn.interchange import conduct, doctor
    from adaptlearn.interchange.facts import facts_of, tally

    logs = [config.log] if isinstance(config.log, str) else list(config.log or [])
    if not logs:
        raise ValueError("log is not given; needed a file, e.g. log=export.xlsx, or several: log=[a.csv,b.csv]")
    with progress("reading", config.format == "json") as tell:
        readings = [_reading(config, log, len(logs)) for log in logs]
        counted = tally(readings, tell)
        facts, answers = facts_of(readings, counted)
        tell(f"judging {facts.rows:,} rows")
        traced = None
        if config.score and answers is not None and doctor.traceable(facts):
            tell("tracing knowledge, five folds of learners")
            traced = _traced(*answers)
    found = {"facts": facts, "verdicts": doctor.examine(facts), "figures": conduct.figures(facts, counted),
             "advice": doctor.advice(facts), "cautions": doctor.cautions(facts), "traced": traced}  # fmt: skip
    if facts.rejected and config.rejects is None:
        found["cautions"][0] += "; rejects=rejects.csv writes them down"
    if config.page is not None:
        keep(config.page, page(found))
    if config.format == "json":
        print(json.dumps(as_json(found), indent=2, ensure_ascii=False))
    else:
        _print(found, config.format)
    if config.page is not None and config.format != "json":
        print(f"written: {config.page}")


def _reading(config: Config, log: str, logs: int) -> Any:
    from adaptlearn.interchange.reading import Reading

    rejects = config.rejects
    if rejects is not None and logs > 1:  # one file each
        place = Path(rejects)
        rejects = str(place.with_name(f"{place.stem}-{Path(log).stem}{place.suffix}"))
    return Reading(log, config.columns, config.preset, rejects=rejects, encoding=config.encoding, dates=config.dates)


def _traced(learner: Any, skill: Any, correct: Any) -> dict[str, float]:
    """How well Bayesian knowledge tracing foretells answers of learners that it has not met."""
    from adaptlearn.tracing.bkt import BKT

    pooled = BKT(restarts=1, seed=0).fit(learner, skill, correct).cross_validate(learner, skill, correct, 5).pooled
    return {"auc": round(pooled.auc, 4), "calibration_error": round(pooled.calibration_error, 4), "answers": pooled.n}


# --- for people, for programs, for paper -----------------------------------------------------------------------------


def figure_words(figure: Any) -> str:
    """A figure's value with its interval, in its unit."""
    if figure.unit == "share":
        return f"{figure.value:.1%} ({figure.low:.1%} to {figure.high:.1%})"
    if figure.unit == "minutes":
        return f"{figure.value:,.0f} min ({figure.low:,.0f} to {figure.high:,.0f})"
    return f"{figure.value:.2f} ({figure.low:.2f} to {figure.high:.2f})"


def _print(found: dict[str, Any], format: str) -> None:
    facts = found["facts"]
    rows = [{"": MARK[v.verdict], "what": v.topic, "your data": v.verdict, "because": v.because,
             "stays assumed": v.assumed} for v in found["verdicts"]]  # fmt: skip
    figures = [f"{f.what}: {figure_words(f)}{'; ' + f.note if f.note else ''}" for f in found["figures"]]
    if found["traced"]:
        figures.append(traced_words(found["traced"]))
    notes = ["identified: a number can be fitted to your data (not: training caused it). assumed: grade C.",
             *figures, *(f"note: {caution}" for caution in found["cautions"])]  # fmt: skip
    show(rows, format=format, notes=notes, title=title(facts))
    print()
    first = [{"log this before a pilot": a.log, "helps to tell": "; ".join(a.opens)} for a in found["advice"]]
    show(first, format=format)


def title(facts: Any) -> str:
    """One line on the log."""
    return f"{', '.join(facts.sources)}: {facts.rows:,} rows, {facts.learners:,} people"


def traced_words(traced: dict[str, float]) -> str:
    """How well answers were foretold, in a sentence."""
    return (f"Knowledge tracing foretells answers of people it has not met with AUC {traced['auc']:.3f} "
            f"(.5 is chance, 1 perfect; {traced['answers']:,} answers, five folds by learner)")  # fmt: skip


def as_json(found: dict[str, Any]) -> dict[str, Any]:
    """The same for programs."""
    facts = {name: sorted(value) if isinstance(value, frozenset) else value
             for name, value in asdict(found["facts"]).items()}  # fmt: skip
    parts = {name: [entry._asdict() for entry in found[name]] for name in ("verdicts", "figures", "advice")}
    return {"facts": facts, **parts, "cautions": found["cautions"], "traced": found["traced"]}


def page(found: dict[str, Any]) -> str:
    """One self-contained page of HTML to print on A4."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from adaptlearn import __version__

    environment = Environment(loader=PackageLoader("adaptlearn", "lab"), autoescape=True, undefined=StrictUndefined,
                              trim_blocks=True, lstrip_blocks=True)  # fmt: skip
    environment.filters |= {"figure": figure_words, "traced": traced_words}
    return environment.get_template("doctor.html").render(found, version=__version__, title=title(found["facts"]))
