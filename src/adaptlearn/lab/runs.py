"""``adaptlearn runs``: list runs, compare some of them, send what is still waiting."""

import time
from dataclasses import dataclass, field
from typing import Any

from adaptlearn.core.refusal import nearest
from adaptlearn.lab import tracking
from adaptlearn.lab.outbox import client
from adaptlearn.lab.tables import show

WORDS = ("do", "ids")  #: bare words of the command line, in this order
DOES = ("list", "compare", "sync")
SHOWN = ("goal", "over_syllabus", "half_width")  # numbers of the list; compare shows all


@dataclass
class Config:
    """Keys of this verb."""

    do: str = "list"  # list | compare | sync
    ids: list[str] = field(default_factory=list)  # of runs, or their first digits; compare without any: the last two
    last: int = 20  # how many are listed
    project: str = "adaptlearn"  # MLflow's experiment
    store: str | None = None  # MLflow address; null: MLFLOW_TRACKING_URI, else sqlite beside the project
    format: str = "table"  # table | json
    debug: bool = False  # true: show where an error came from


def run(config: Config) -> None:
    """Do one of the three.

    Raises:
        ValueError: another word, no such run or project, or a store that does not answer.
    """
    if config.do not in DOES:
        like = nearest(config.do, DOES)
        raise ValueError(f"{config.do}: needed one of {', '.join(DOES)}, e.g. adaptlearn runs {like}")
    uri = tracking.address(config.store)
    if config.do == "sync":
        sent, waiting = tracking.sync(tracking.outputs(uri) / "unsent", config.store)
        notes = [f"waiting in {tracking.outputs(uri) / 'unsent'} until {uri} answers"] if waiting else []
        show([{"sent": sent, "waiting": waiting}], format=config.format, notes=notes)
        return
    store = answering(uri)
    if config.do == "list":
        found, experiment = recent(store, config)
        show([row(r) for r in nested(found)], format=config.format,
             notes=[f"adaptlearn runs compare {' '.join(r.info.run_id[:8] for r in found[:2])}",
                    tracking.ui(uri, experiment)])  # fmt: skip
    else:
        chosen = [find(store, config, id_) for id_ in config.ids] or recent(store, config)[0][:2]
        show(compared(chosen), format=config.format, title="What differs, and what came of it")


def answering(uri: str) -> Any:
    """A client of a store that answers.

    Raises:
        ValueError: it does not.
    """
    try:
        store = client(uri)
        store.search_experiments(max_results=1)
    except Exception as error:  # whatever a store may raise
        raise ValueError(
            f"the store {uri} does not answer ({tracking.first_line(error)}); needed one that does, "
            "e.g. store=sqlite:///mlflow.db, or a server started by `mlflow server`"
        ) from error
    return store


def recent(store: Any, config: Config) -> tuple[list[Any], str]:
    """The latest runs of the project, latest first, and the experiment's id."""
    found = store.get_experiment_by_name(config.project)
    if found is None:
        known = ", ".join(e.name for e in store.search_experiments()) or "none"
        raise ValueError(f"project {config.project!r} has no runs here; the store has {known}, e.g. adaptlearn train")
    runs = store.search_runs([found.experiment_id], max_results=config.last, order_by=["attributes.start_time DESC"])
    return list(runs), found.experiment_id


def find(store: Any, config: Config, digits: str) -> Any:
    """A run by the first digits of its id.

    Raises:
        ValueError: none, or more than one.
    """
    everywhere = [e.experiment_id for e in store.search_experiments()]
    named = (
        store.search_runs(everywhere, f"attributes.run_id LIKE '{digits}%'", max_results=2) if digits.isalnum() else []
    )
    if len(named) != 1:
        what = "no run" if not named else "more than one run"
        raise ValueError(f"{what} begins with {digits!r} in {tracking.address(config.store)}; see adaptlearn runs")
    return named[0]


def nested(runs: list[Any]) -> list[Any]:
    """Parents with their children under them."""
    ids = {r.info.run_id for r in runs}
    above = {r.info.run_id: r.data.tags.get("mlflow.parentRunId") for r in runs}
    tops = [r for r in runs if above[r.info.run_id] not in ids]
    return [r for top in tops for r in (top, *(c for c in reversed(runs) if above[c.info.run_id] == top.info.run_id))]


def row(r: Any) -> dict[str, Any]:
    """One run in a line."""
    tags, began = r.data.tags, time.localtime(r.info.start_time / 1000)
    indent = "  └ " if "mlflow.parentRunId" in tags else ""
    took = (r.info.end_time or r.info.start_time) - r.info.start_time
    return {"run": r.info.run_id[:8], "began": time.strftime("%d %b %H:%M", began), "s": round(took / 1000),
            "name": indent + r.info.run_name, "verb": tags.get("verb", ""), "world": tags.get("world", ""),
            "law": tags.get("law", ""), "seed": tags.get("seed", ""), "status": r.info.status.lower(),
            **{key: r.data.metrics.get(key) for key in SHOWN}}  # fmt: skip


def compared(runs: list[Any]) -> list[dict[str, Any]]:
    """Parameters and versions in which the runs differ, then their numbers; one column a run."""
    heads = [r.info.run_id[:8] for r in runs]
    about = [{**r.data.params, **{k: v for k, v in r.data.tags.items() if k.startswith("version.") or k == "code"}}
             for r in runs]  # fmt: skip
    rows = []
    for key in dict.fromkeys(k for some in about for k in some):
        values = [some.get(key) for some in about]
        if len(set(values)) > 1:
            rows.append({"": key, **dict(zip(heads, values, strict=True))})
    for key in dict.fromkeys(k for r in runs for k in sorted(r.data.metrics) if not k.startswith("system/")):
        values = [r.data.metrics.get(key) for r in runs]
        rows.append({"": key, **dict(zip(heads, [None if v is None else f"{v:.6g}" for v in values], strict=True))})
    return rows
