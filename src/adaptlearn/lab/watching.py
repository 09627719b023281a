"""``adaptlearn serve watch``: is the service still doing what it was judged to do? Once a day, from a timer."""

import time
from dataclasses import dataclass, field

from adaptlearn.lab.compose import WRITTEN
from adaptlearn.lab.tables import progress, show

FARTHEST = 5  #: skills shown


@dataclass
class Config:
    """Keys of this verb."""

    database: str | None = None  # sqlite:///FILE or postgresql+psycopg://...; null: ADAPTLEARN_DATABASE, or a file
    learners: int = 2000  # of each look at most, drawn by luck
    a_year: float = 1.0  # false alarms a year that are borne, all comparisons together
    textfile: str | None = field(default=None, metadata=WRITTEN)  # for Prometheus' node exporter, e.g. watch.prom
    format: str = "table"  # table | json
    debug: bool = False  # true: show where an error came from


def run(config: Config) -> int:
    """Print one row per check, the table of predictions, and what is to be done; exit status 1 on an alarm.

    Raises:
        ValueError: no such store, or a number out of bounds.
    """
    from adaptlearn.core.keep import keep
    from adaptlearn.export.serve.verbs import required

    required()
    from adaptlearn.export.serve import alerts, watch
    from adaptlearn.export.serve.looking import fleet_of, opened
    from adaptlearn.export.serve.standing import moment

    if config.learners < 1 or not config.a_year > 0:
        raise ValueError(f"learners={config.learners}, a_year={config.a_year}; needed at least 1 learner and more than "
                         "0 false alarms a year, e.g. a_year=1")  # fmt: skip
    store, now = opened(config.database), time.time()
    fleet = fleet_of(store)
    with progress("reading lives", config.format == "json") as tell:
        seen = watch.look(store, fleet, now, most=config.learners, tell=tell)
        checks, predictions = seen.judged(config.a_year)
    if config.textfile is not None:
        keep(config.textfile, alerts.textfile(checks, now))
    raised = alerts.raised(checks)
    rows = [{"": "!" if check.alarm else "", **{k: v for k, v in check._asdict().items() if k != "alarm"}}
            for check in checks]  # fmt: skip
    bins = [{"predicted": one.predicted, "right": one.observed.value, "low": one.observed.low,
             "high": one.observed.high, "answers": one.items} for one in predictions.bins]  # fmt: skip
    (old, _), (middle, end) = seen.spans
    title = (f"{fleet.champion.runtime.policy}: {moment(middle)[:10]} to {moment(end)[:10]} beside the weeks since "
             f"{moment(old)[:10]}, {seen.counts['decisions']:,} decisions, "
             f"{seen.counts['syllabus']:,} of them the syllabus's")  # fmt: skip
    notes = [f"{alert.name} ({alert.severity}): {check.what}. {alert.meaning}" for alert, check in raised]
    more = {"predictions": bins, "skills": seen.by_skill(), "alarms": [alert.name for alert, _ in raised]}
    show(rows, format=config.format, title=title, notes=notes or ["nothing to be looked at"], more=more)
    if bins and config.format == "table":
        e = predictions.error
        show(bins, title="P(correct) as predicted, and the share of answers that were right (95 %, over learners)",
             notes=[f"calibration error {e.value:.3f} ({e.low:.3f} to {e.high:.3f}); true predictions would show "
                    f"{predictions.by_chance:.3f} by chance"])  # fmt: skip
        show(seen.by_skill()[:FARTHEST], title="Skills farthest off")
    return int(bool(raised))
