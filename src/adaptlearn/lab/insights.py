"""``adaptlearn insights``: what a log says of the catalogue and its people. Needs no policy."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from adaptlearn.lab import styles
from adaptlearn.lab.compose import WRITTEN
from adaptlearn.lab.tables import progress, show

SHOWN = 6  #: rows of a table in a terminal
PARTS = ("teaching", "finishing", "practice", "items", "leaving", "skills", "feedback")


@dataclass
class Config:
    """Keys of this verb."""

    log: str | None = None  # an event log, a table, or xAPI statements; null: what posterior= says, else by simulation
    world: str | None = None  # the catalogue it speaks of; null: as the log says, and none for a table from elsewhere
    preset: str | None = None  # of a table: a known kind of export; null: recognised by its columns
    columns: dict[str, str] = field(default_factory=dict)  # of a table: our name -> the file's
    dates: str | None = None  # dmy | mdy, for dates such as 03/04/2024 where the file does not show it
    parts: list[str] = field(default_factory=list)  # none: all that the log can tell; or some, e.g. [items,leaving]
    to: str | None = field(default=None, metadata=WRITTEN)  # a folder: page, spreadsheet, CSV a table, JSON, Markdown
    draws: int = 128  # of the hierarchical model
    posterior: str | None = None  # of `adaptlearn calibrate`: the people, for parts=[styles]; alone: what it says
    stated: str | None = None  # for parts=[styles]: a CSV with learner, stated (visual, auditory, textual, kinesthetic)
    agent: str = "random"  # who teaches where no log is given
    learners: int = 12  # shown in parts=[styles]; without a log, the number that is simulated
    seed: int = 0  # of all luck
    format: str = "table"  # table | json
    debug: bool = False  # true: show where an error came from


def run(config: Config) -> None:
    """Print what to look at and the tables behind it; write the folder.

    Raises:
        ValueError: an unknown part, a log that cannot be read, or one that says none of what was asked for.
    """
    wanted = config.parts or list(PARTS)
    unknown = sorted(set(wanted) - {*PARTS, "styles"})
    if unknown:
        raise ValueError(f"parts has {unknown[0]}; needed some of {', '.join((*PARTS, 'styles'))}, e.g. parts=[items]")
    if config.log is None or "styles" in wanted or config.stated is not None or config.posterior is not None:
        styles.run(config)
        return
    from adaptlearn.core.keep import keep
    from adaptlearn.evaluation import insights, render, sheets

    with progress("reading", config.format == "json") as tell:
        found = worked_out(config, wanted, tell)
    report, written = insights.write_up(found), []
    if config.to is not None:
        folder = Path(config.to)
        readings = {"html": render.html, "md": render.markdown, "json": render.as_json, "xlsx": sheets.as_xlsx}
        written = [keep(folder / f"insights.{end}", write(report)) for end, write in readings.items()]
        written += [keep(folder / f"{name.lower().replace(' ', '-')}.csv", sheets.as_csv(table))
                    for name, table in sheets.tables(report) if table.rows]  # fmt: skip
    if config.format == "json":
        print(render.as_json(report), end="")
    else:
        _print(report, config.format, written)


def _print(report: Any, format: str, written: list[Path]) -> None:
    """What to look at, then the first lines of every section's first table."""
    facts = [{"what": what, "figure": figure, "meaning": meaning} for what, figure, meaning in report.facts]
    show(facts, format=format, title=report.title, notes=[f"• {point}" for point in report.sections[0].points])
    for section in report.sections[1:-1]:
        print()
        rows = [
            dict(zip(table.columns, row, strict=True)) for table in section.tables[:1] for row in table.rows[:SHOWN]
        ]
        show(rows, format=format, title=section.title, notes=[*section.words[1:], *(f"• {p}" for p in section.points)])
    print()
    if written:
        print(f"written: {written[0].parent}: {', '.join(file.name for file in written)}")
    else:
        print("to=FOLDER writes all rows: a page, a spreadsheet, and a CSV a table.")


def worked_out(config: Config, wanted: list[str], tell: Callable[[str], None]) -> Any:
    """Every part that is wanted and that the log can tell; why not, for the others."""
    from adaptlearn import __version__
    from adaptlearn.evaluation import coverage, dif, feedback, items
    from adaptlearn.evaluation.insights import Found

    visits, world, chance = read(config, tell)
    made: dict[str, Any] = {}
    silent: dict[str, str] = {}
    if "teaching" in wanted:
        made["lessons"] = _lessons(config, visits, world, chance, silent, tell)
    if "practice" in wanted and made.get("lessons") is None and len(visits.answers.row):
        tell("where practice shows, in Pyro")
        made["skills"] = _practice(config, visits)
    if "finishing" in wanted:
        tell("what is finished, in Pyro")
        made["finished"] = _finished(config, visits, silent)
    if "items" in wanted:
        tell("items")
        made |= {"items": items.analyse(visits), "dif": dif.examine(visits)}
        if not made["items"]:
            silent["Weak items"] = f"needed {items.SMALLEST} learners who answered an item and {items.REST} others"
    if "leaving" in wanted:
        made |= _leaving(visits, silent)
    if "skills" in wanted and world is not None:
        made["covered"] = coverage.cover(world, visits)
    if "feedback" in wanted:
        made["rated"] = feedback.rated(visits)
        made["beside"] = feedback.beside(made["rated"], _outcomes(made), config.seed)
        if not made["rated"]:
            silent["Ratings beside outcomes"] = f"needed ratings, {feedback.SMALLEST} of an activity"
    if world is None and {"teaching", "skills"} & set(wanted):
        silent["Skills nobody teaches, what activities teach"] = "needed the catalogue, e.g. world=my-world"
    identity = {"log": str(config.log), "world": world.name if world else "none given", "seed": str(config.seed),
                "adaptlearn": __version__}  # fmt: skip
    return Found(visits, **{k: v for k, v in made.items() if v is not None}, silent=silent, identity=identity)


def read(config: Config, tell: Callable[[str], None]) -> tuple[Any, Any, bool]:
    """The log as visits, its catalogue (None: not given), and whether its offers were a matter of chance."""
    from adaptlearn.core import log as logs
    from adaptlearn.core import visits, world
    from adaptlearn.interchange.visits import of_table

    if logs.is_ours(str(config.log)):
        from adaptlearn.tracing.lessons import by_chance

        log = logs.load(str(config.log))
        place = world.load(config.world or log.provenance.get("world", styles.WORLD))
        return visits.of_log(log, place), place, by_chance(log["propensity"])
    place = world.load(config.world) if config.world is not None else None
    return of_table(_table(config), place), place, False


def _table(config: Config) -> Any:
    """A table, one row an answer: those that stand once per skill are one."""
    from dataclasses import replace

    from adaptlearn.interchange.tables import read as read_table
    from adaptlearn.tracing.sequences import merged

    table = read_table(str(config.log), config.columns or None, config.preset, dates=config.dates)
    if not {"skill", "correct", "item"} <= set(table.columns):
        return table
    one = merged(table["learner"], table["skill"], table["correct"], table["item"])
    if one.keep.all():
        return table
    kept = {name: table[name][one.keep] for name in table.columns} | {"skill": one.skill}
    return replace(table, columns=kept, read=int(one.keep.sum()) + table.rejects.count)


def _lessons(config: Config, visits: Any, world: Any, chance: bool, silent: dict[str, str], tell: Any) -> Any:
    from adaptlearn.tracing.lessons import lessons

    if world is None:
        return None
    try:
        return lessons(visits, world.teaches, chance=chance, seed=config.seed, draws=config.draws, tell=tell)
    except ValueError as why:
        silent["What activities teach"] = str(why)
        return None


def _practice(config: Config, visits: Any) -> list[dict[str, Any]]:
    """Skill by skill, of as many learners as the model reads."""
    from adaptlearn.evaluation.resample import Interval
    from adaptlearn.tracing import hierarchical
    from adaptlearn.tracing.lessons import MOST
    from adaptlearn.tracing.sequences import by_lot

    row, skill, _, _, right = visits.answers
    kept = by_lot(visits.learner[row], MOST, config.seed)
    titles = np.array(visits.skills)[skill[kept]]
    posterior = hierarchical.fit(visits.learner[row][kept], titles, right[kept] > 0, draws=config.draws,
                                 seed=config.seed, source=visits.source)  # fmt: skip
    names, (low, high) = posterior.labels["slope"], posterior.interval("slope")
    start, growth = posterior.mean("easiness"), posterior.mean("slope")
    count = dict(zip(*np.unique(titles, return_counts=True), strict=True))
    half = np.log(2.0)  # the model's practice is log(1 + n): a doubling adds log 2
    rows = [{"skill": name, "answers": int(count[name]), "right at the start": float(1.0 / (1.0 + np.exp(-e))),
             "growth": Interval(float(half * g), float(half * lo), float(half * hi))}
            for name, e, g, lo, hi in zip(names, start, growth, low, high, strict=True)]  # fmt: skip
    return sorted(rows, key=lambda one: one["growth"].value)


def _finished(config: Config, visits: Any, silent: dict[str, str]) -> Any:
    from adaptlearn.tracing.finishing import finishing

    found = finishing(visits, seed=config.seed, draws=config.draws)
    if not found:
        silent["What is finished"] = "needed activities of which some were finished and some were not"
    return found


def _leaving(visits: Any, silent: dict[str, str]) -> dict[str, Any]:
    from adaptlearn.evaluation import dropoff

    if visits.left is None or not visits.left.any():
        silent["Where people leave"] = "needed a day of leaving, or dates over 60 days and more"
        return {}
    time, gone, unit = dropoff.ends(visits)
    return {"stay": dropoff.staying(time, gone), "unit": unit, "points": dropoff.points(visits)}


def _outcomes(made: dict[str, Any]) -> dict[str, dict[int, float]]:
    """Outcomes by activity, to hold ratings against."""
    found: dict[str, dict[int, float]] = {}
    if made.get("finished"):
        found["finishing"] = {one.activity: one.shrunk[0] for one in made["finished"]}
    if made.get("lessons") is not None:
        best: dict[int, float] = {}
        for one in made["lessons"].found:
            if one.shrunk is not None:
                best[one.activity] = max(best.get(one.activity, -np.inf), one.shrunk[0])
        found["learning"] = best
    return found
