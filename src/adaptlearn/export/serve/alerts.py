"""What wakes somebody, and what they do then: one list, from which the Prometheus rules and the runbook are written.

Prometheus asks /metrics. What needs whole days (drift, predictions, replay) is looked at by ``serve watch`` once a day,
which leaves its alarms in a file for the textfile collector of Prometheus' node exporter.
"""

from dataclasses import dataclass

from . import drift, reliability, watch

PAGE, TICKET = "page", "ticket"  #: at once | in working hours


@dataclass(frozen=True)
class Alert:
    """One alarm."""

    name: str
    severity: str
    meaning: str
    first_look: str
    commands: tuple[str, ...]
    roll_back: str
    expr: str = ""  # for Prometheus; "" where it follows from the checks
    hold: str = "5m"  # how long it has to be so
    checks: tuple[str, ...] = ()  # what of serve watch raises it

    @property
    def condition(self) -> str:
        """The expression for Prometheus."""
        listed = "|".join(self.checks)
        return self.expr or f'max(adaptlearn_watch_alarm{{check=~"{listed}"}}) == 1'


SLOW = 0.02  #: seconds that 99 of 100 answers stay below, as promised

READY, METRICS = "curl -sS localhost:8080/ready", 'curl -sS -H "Authorization: Bearer $KEY" localhost:8080/metrics'
LOOK = "adaptlearn serve watch database=$DATABASE"
REPLAY = "adaptlearn serve replay DECISION database=$DATABASE"
NOT_THE_POLICY = "Not a matter of the policy."

ALERTS = (
    Alert(
        "AdaptlearnDown", PAGE,
        "No worker answers Prometheus: the LMS gets no recommendation.",
        "Is the process there, and does its disk have room? What is acknowledged is on the disk; starting again loses "
        "nothing.",
        (READY, "systemctl status adaptlearn", "df -h"),
        f"{NOT_THE_POLICY} Start the service again; if it refuses, it says what it found.",
        'absent(up{job="adaptlearn"} == 1)', "2m",
    ),
    Alert(
        "AdaptlearnNotNow", PAGE,
        "More than 1 % of requests are answered 503: the database does not answer, or more waits than may wait. "
        "Nothing was taken of those; whoever asked may send them again.",
        "Does /ready name the database? Else the desk is full: look at adaptlearn_waiting and the disk's latency.",
        (READY, METRICS),
        "Only if it began with a new bundle, which is slower then.",
        'sum(rate(adaptlearn_requests_total{status="503"}[10m])) / sum(rate(adaptlearn_requests_total[10m])) > 0.01',
    ),
    Alert(
        "AdaptlearnFault", PAGE,
        "A request was answered 500: a fault of the service, not of the request.",
        "The log has the trace under the number of the request.",
        ("journalctl -u adaptlearn -n 200",),
        "If it began with a new bundle, roll back; else report the trace.",
        'sum(increase(adaptlearn_requests_total{status="500"}[10m])) > 0', "0m",
    ),
    Alert(
        "AdaptlearnSlow", TICKET,
        f"1 of 100 recommendations takes longer than {1000 * SLOW:.0f} ms.",
        "Is another process on the core? Is adaptlearn_batch_seconds slow (disk, graph) or only the request (waiting)?",
        (METRICS,),
        "If it began with a new bundle, roll back.",
        'histogram_quantile(0.99, sum by (le) (rate(adaptlearn_request_seconds_bucket{route="/recommend"}[10m]))) '
        f"> {SLOW}",
    ),
    Alert(
        "AdaptlearnFallback", PAGE,
        f"The policy could not decide in more than {watch.FALLBACK:.0%} of cases, and the author's syllabus did. "
        "Learners still get something sensible. Pauses and learners' own wishes do not count here.",
        "What do decisions say why? Is the bundle whole, and does the process have memory?",
        (LOOK, "adaptlearn bundle check bundle"),
        "At once.",
        'sum(rate(adaptlearn_decisions_total{fallback="failed"}[10m])) / sum(rate(adaptlearn_decisions_total[10m])) '
        f"> {watch.FALLBACK}", "10m", ("policy failed",),
    ),
    Alert(
        "AdaptlearnPaused", TICKET,
        "The kill switch has been on for a day: everybody follows the syllabus.",
        "Who paused it and why? The history of aliases says.",
        (READY, "adaptlearn serve history database=$DATABASE"),
        "It is rolled back already. Resume when the reason is gone.",
        "max(adaptlearn_paused) == 1", "1d",
    ),
    Alert(
        "AdaptlearnQuiet", TICKET,
        "Less than half of last week's decisions, over a whole day: the LMS asks less, or not at all.",
        "Holidays? Else is a key revoked (401), or did a forwarding stop?",
        (METRICS,),
        NOT_THE_POLICY,
        "sum(increase(adaptlearn_decisions_total[1d])) < 0.5 * sum(increase(adaptlearn_decisions_total[1d] offset 7d))",
        "1h",
    ),
    Alert(
        "AdaptlearnUnwatched", TICKET,
        "Nobody has looked for drift and wrong predictions for two days.",
        "Does the timer of serve watch run, and may it read the store and write its file?",
        (f"{LOOK} textfile=watch.prom",),
        NOT_THE_POLICY,
        "time() - max(adaptlearn_watch_looked_seconds) > 2 * 86400 or absent(adaptlearn_watch_looked_seconds)", "1h",
    ),
    Alert(
        "AdaptlearnOtherPeople", TICKET,
        "Learners who begin, or the state in which decisions find them, are not those of the weeks before: stability "
        f"index {drift.SIZE:g} or more, and so unlikely by chance that all checks together cry wolf {drift.A_YEAR:g} "
        "time a year.",
        "Which check moved? A new site or a new role is news, not a fault; a missing field (motive, minutes) is a "
        "fault of whoever sends profiles.",
        (f"{LOOK} format=json", "adaptlearn serve log database=$DATABASE to=log.parquet",
         "adaptlearn doctor log=log.parquet"),
        "No. The policy is the same; judge it for these people (adaptlearn judge), and calibrate again.",
        checks=(*watch.PEOPLE, *watch.STATE),
    ),
    Alert(
        "AdaptlearnOtherPolicy", TICKET,
        "The champion decides otherwise than in the weeks before, at the same steps of a programme: other activities, "
        "or more or less by chance.",
        "Did the catalogue or the rules change? Did the people (see above)? If neither, was the bundle replaced?",
        (LOOK, REPLAY),
        "If nobody can say why: roll back, then look.",
        checks=watch.POLICY,
    ),
    Alert(
        "AdaptlearnWrongPredictions", TICKET,
        "Answers are right more often, or less, than the platform predicts, by more than "
        f"{reliability.TOLERANCE:.0%} of answers: what it believes learners know is off.",
        "The tables of predictions and of skills show where. All skills: items got harder, or answers are lost. One "
        "skill: an activity is tagged wrongly.",
        (LOOK, "adaptlearn serve log database=$DATABASE to=answers.csv", "adaptlearn trace log=answers.csv",
         "adaptlearn calibrate log=answers.csv world=W to=W-2"),
        "No: the bundle before has the same beliefs, unless it was calibrated otherwise. Recalibrate, export, canary.",
        checks=("P(correct)",),
    ),
    Alert(
        "AdaptlearnNoReplay", PAGE,
        "A decision made again from what was written down is not the decision that was logged: the log cannot be "
        "trusted for judging policies, or something decides that is not in the store.",
        "What differs: bundle, events, choice or chance? Other hardware may move chances by 2e-5, which is borne.",
        (REPLAY,),
        "Yes, to a bundle whose decisions replay; keep the database as it is for a look.",
        checks=("decisions that do not replay",),
    ),
)  # fmt: skip


def raised(checks: list[watch.Check]) -> list[tuple[Alert, watch.Check]]:
    """Alerts that a look raises, each with what raised it."""
    return [(alert, check) for check in checks if check.alarm for alert in ALERTS if check.what in alert.checks]


def rules() -> str:
    """The file of rules for Prometheus."""
    lines = ["# Written by scripts/papers.py from adaptlearn.export.serve.alerts; a test holds the two alike."]
    lines += ["groups:", "  - name: adaptlearn", "    rules:"]
    for alert in ALERTS:
        lines += [f"      - alert: {alert.name}", f"        expr: {_quoted(alert.condition)}",
                  f"        for: {alert.hold}", "        labels:", f"          severity: {alert.severity}",
                  "        annotations:", f"          summary: {_quoted(alert.meaning)}",
                  f"          runbook: docs/runbook.md#{alert.name.lower()}"]  # fmt: skip
    return "\n".join(lines) + "\n"


def textfile(checks: list[watch.Check], now: float) -> str:
    """A look as metrics in a file, for the textfile collector."""
    said = [f'adaptlearn_watch_alarm{{check="{check.what}"}} {int(check.alarm)}' for check in checks]
    return "\n".join(["# TYPE adaptlearn_watch_alarm gauge", *said, "# TYPE adaptlearn_watch_looked_seconds gauge",
                      f"adaptlearn_watch_looked_seconds {now:.0f}"]) + "\n"  # fmt: skip


def runbook() -> str:
    """One section per alert, for ``docs/runbook.md``."""
    parts = []
    for alert in ALERTS:
        by = f"`serve watch`: {', '.join(alert.checks)}" if not alert.expr else f"at once, for {alert.hold}"
        by += f", and `serve watch`: {', '.join(alert.checks)}" if alert.expr and alert.checks else ""
        shell = "\n".join(f"    {command}" for command in alert.commands)
        parts.append(f"### {alert.name}\n\n*{alert.severity} · {by}*\n\n{alert.meaning}\n\n"
                     f"**First look.** {alert.first_look}\n\n{shell}\n\n"
                     f"**Roll back?** {alert.roll_back}\n")  # fmt: skip
    return "\n".join(parts)


def _quoted(text: str) -> str:
    """A text for YAML, single quotes doubled."""
    return "'" + text.replace("'", "''") + "'"


__all__ = ["ALERTS", "Alert", "raised", "rules", "runbook", "textfile"]
