"""``adaptlearn bundle check|show|diff|log``: look at bundles, and turn what a platform logged into an event log."""

from dataclasses import dataclass
from pathlib import Path

from adaptlearn.core.refusal import nearest
from adaptlearn.lab.tables import show

WORDS = ("action", "bundle", "other")  #: bare words of the command line, in this order
ACTIONS = ("check", "show", "diff", "log")


@dataclass
class Config:
    """Keys of this verb."""

    action: str = "check"  # check | show | diff | log
    bundle: str = "bundle"  # folder written by `adaptlearn export`
    other: str | None = None  # diff: the second bundle
    lines: str | None = None  # log: decision lines of a platform, one JSON object each
    to: str = "log.parquet"  # log: where the event log goes
    format: str = "table"  # table | json
    debug: bool = False  # true: show where an error came from


def run(config: Config) -> int:
    """Print rows; exit status 1 where two bundles differ."""
    from adaptlearn.export.runtime import showing

    if config.action not in ACTIONS:
        near = nearest(config.action, ACTIONS)
        raise ValueError(f"bundle {config.action}; needed one of {', '.join(ACTIONS)}, e.g. bundle {near} PATH")
    if config.action == "log":
        return log(config)
    if config.action == "diff":
        if config.other is None:
            raise ValueError(f"bundle diff {config.bundle}; needed two bundles, e.g. bundle diff bundle other-bundle")
        rows = showing.differences(config.bundle, config.other)
        same = [] if rows else ["the same bytes in every file"]
        show(rows, format=config.format, notes=same)
        return int(bool(rows))
    rows = showing.shown(config.bundle) if config.action == "show" else showing.checked(config.bundle)[1]
    show(rows, format=config.format)
    return 0


def log(config: Config) -> int:
    """Decision lines as an event log, the type that off-policy evaluation and calibration read."""
    from adaptlearn.core.log import EventLog
    from adaptlearn.export.runtime import Runtime, lines

    if config.lines is None:
        raise ValueError("bundle log without lines; needed a file of decision lines, e.g. lines=decisions.jsonl")
    runtime = Runtime.load(config.bundle)
    told = lines.read_lines(Path(config.lines).read_text("utf-8"))
    columns = lines.columns(told, runtime.shelf.catalogue, runtime.contract)
    who = {f"{line['policy']} {line['policy_version']}" for line in told}
    about = {"source": "decision lines of a platform", "policies": ", ".join(sorted(who))}
    about |= {"world": runtime.contract["world"]["name"]}
    policy = runtime.contract.policy
    made = EventLog(columns, policy["name"], policy["version"], about)
    file = made.save(config.to)
    print(f"{file}: {len(made)} decisions of {len(set(columns['learner'].tolist()))} learners")
    return 0
