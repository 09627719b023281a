"""``adaptlearn reproduce RUN``: the same run again from what the store knows of it; are the numbers the same?"""

import contextlib
import io
import tempfile
from dataclasses import dataclass, field, fields
from importlib import import_module
from pathlib import Path
from typing import Any

from adaptlearn.lab import foreign, tracking
from adaptlearn.lab import runs as listing
from adaptlearn.lab.tables import progress, show

WORDS = ("run_id",)  #: the bare word of the command line


@dataclass
class Config:
    """Keys of this verb."""

    run_id: str = ""  # of a run, or its first digits
    store: str | None = None  # MLflow address; null: MLFLOW_TRACKING_URI, else sqlite beside the project
    allow: list[str] = field(default_factory=list)  # packages whose code the run's config may name
    format: str = "table"  # table | json
    debug: bool = False  # true: show where an error came from


def run(config: Config) -> int:
    """Run it again and compare every number.   -> 0 if all are identical, 1 if not

    Raises:
        ValueError: no such run, one without a config, or a config that names code of a package not allowed.
    """
    if not config.run_id:
        raise ValueError(
            "no run is named; needed the first digits of one, e.g. adaptlearn reproduce 3f2a, see adaptlearn runs"
        )
    store = listing.answering(tracking.address(config.store))
    found = listing.find(store, listing.Config(store=config.store), config.run_id)
    verb, given = stored(store, found, config.allow)
    with progress(f"{verb} once more", config.format == "json"):
        job = again(verb, given)
    rows = compared(store, found, job)
    same = all(row["identical"] for row in rows)
    changes = differing(found.data.tags, tracking.versions())
    notes = ["identical: every number at every step, bit for bit" if same else "the numbers differ"]
    notes += [f"differs from then: {name} was {then}, is {now}" for name, then, now in changes]
    if not same and not changes:
        notes.append("nothing that is known differs; is the run bounded by time, e.g. agent.settings.seconds?")
    show(rows, format=config.format, title=f"{verb} {found.info.run_id[:8]}, then and now", notes=notes)
    return 0 if same else 1


def stored(store: Any, found: Any, allow: list[str]) -> tuple[str, Any]:
    """The verb of a run and its configuration, read as data.

    Raises:
        ValueError: there is none, or it is not one of this version's, or names strangers.
    """
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    from adaptlearn.lab.main import VERBS

    name, verb = found.info.run_id[:8], found.data.tags.get("verb", "")
    try:
        file = store.download_artifacts(found.info.run_id, "config.yaml", tempfile.mkdtemp(prefix="adaptlearn-"))
    except Exception as error:  # whatever a store may raise
        what = "a whole sweep; needed one of its jobs" if verb.endswith("-m") or verb == "tune" else "no run of ours"
        raise ValueError(f"{name} has no config.yaml: it is {what}, see adaptlearn runs") from error
    if verb not in VERBS:
        raise ValueError(f"{name} is of the verb {verb!r}; needed one of {', '.join(VERBS)}")
    content = OmegaConf.to_container(OmegaConf.load(file), resolve=False)
    foreign.refuse_strangers(content, f"run {name}", allow)
    schema = import_module(f"adaptlearn.{VERBS[verb].module}").Config
    try:
        given = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(schema), content))
    except OmegaConfBaseException as error:
        raise ValueError(
            f"{name} was asked for in other words than this version has: {tracking.first_line(error)}"
        ) from error
    given.allow = allow  # type: ignore[union-attr]
    return verb, given


def again(verb: str, given: Any) -> tracking.Job:
    """The run once more, its files in a folder that goes away, its tables unseen.   -> what came of it"""
    from adaptlearn.lab.main import VERBS

    with tempfile.TemporaryDirectory(prefix="adaptlearn-") as folder:
        for f in fields(given):
            if f.metadata.get("written") and getattr(given, f.name) is not None:
                setattr(given, f.name, str(Path(folder) / Path(getattr(given, f.name)).name))
        given.track, given.format = False, "json"
        job = tracking.Job("", Path(folder))
        token = tracking.JOB.set(job)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                import_module(f"adaptlearn.{VERBS[verb].module}").run(given)
        finally:
            tracking.JOB.reset(token)
    return job


def compared(store: Any, found: Any, job: tracking.Job) -> list[dict[str, Any]]:
    """One row a number: its last value then and now, and whether it was the same at every step."""
    rows = []
    now: dict[str, dict[int, float]] = {}
    for step, values in job.history:
        for key, value in values.items():
            now.setdefault(key, {})[step] = value
    for key in sorted({*found.data.metrics, *now}):
        if key.startswith("system/"):
            continue
        then = {m.step: m.value for m in store.get_metric_history(found.info.run_id, key)}
        mine = now.get(key, {})
        last = (then.get(max(then)) if then else None, mine.get(max(mine)) if mine else None)
        rows.append({"number": key, "then": last[0], "now": last[1], "steps": len(mine), "identical": then == mine})
    return rows


def differing(then: dict[str, str], now: dict[str, str]) -> list[tuple[str, str, str]]:
    """Versions, code and machine that are not what they were."""
    return [
        (name, then[name], now[name]) for name in now if name in then and then[name] != now[name] and name != "dirty"
    ]
