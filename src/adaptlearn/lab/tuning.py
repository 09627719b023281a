"""``adaptlearn tune``: search an agent's settings with Optuna; stopped early where hopeless, resumed where killed.

What trial n tries is a pure function of the seed, n and the trials up to n − workers, and so is whether it is stopped
early. So a search that was killed and carried on ends like one that was not, however its workers were timed.
"""

import os
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from adaptlearn.lab import study as book
from adaptlearn.lab import tracking, training
from adaptlearn.lab.pieces import agent_of, rules_of
from adaptlearn.lab.recipe import code, digest, flat
from adaptlearn.lab.tables import progress, sentence, show
from adaptlearn.lab.tied import LOST, tied

FRESH = 1_000_000  # identities of learners who judge the winner and took no part in the search


@dataclass
class Config(training.Config):
    """Keys of this verb."""

    space: dict[str, Any] = field(default_factory=dict)  # what is searched, e.g. space.agent.settings.rate.low=0.001
    trials: int = 20  # in all; more of them carry an ended search on
    workers: int = 1  # trials side by side
    watch: str | None = None  # a number told while training: a trial below the median of it is stopped; null: none is
    study: str | None = None  # its name; null: by agent, world, space and code


def run(config: Config) -> int:
    """Search, judge the winner on fresh learners, say how to train it.   -> 2 if no trial came to an end

    Raises:
        ValueError: nothing to search, or a key that is not there.
    """
    space = book.spread_out(config.space)
    if not space:
        raise ValueError(
            "space is empty; needed what to search, e.g. sweep=ppo, or space.agent.settings.rate=[1e-3,3e-3]"
        )
    for key in space:
        changed(config, {key: None})
    uri = tracking.address(config.store)
    name = config.study or f"{config.agent.name}-{Path(config.env).name}-{identity(config)[:6]}"
    home = tracking.outputs(uri) / "tune" / name
    with book.opened(home, name, identity(config)) as study:
        parent = tracking.Tracker(uri if config.track else None, resume=f"tune-{name}")
        parent.begin(config.project, f"tune {name}", {"trials": config.trials, **flat(config.space, "space.")},
                     {"verb": "tune", "study": name, **tracking.versions()})  # fmt: skip
        status = "KILLED"
        try:
            search(config, study, space, home, progressing(study, config.trials))
            told(parent, study)
            status = "FINISHED"
        finally:
            parent.end(status)
        return report(config, study, home, parent)


def identity(config: Config) -> str:
    """What makes two searches the same one."""
    return digest("tune", replace(config, trials=0, workers=0, study=None)) + code()


def search(config: Config, study: Any, space: dict[str, Any], home: Path, tell: Any) -> None:
    """Run trials, ``workers`` of them side by side, until there are enough."""
    from joblib.externals.loky import ProcessPoolExecutor  # needs no guarded __main__, so any console script will do

    done, running = book.ended(study), {}  # type: ignore[var-annotated]
    pool = None
    if config.workers > 1:
        pool = ProcessPoolExecutor(config.workers, initializer=tied, initargs=(os.getpid(),))
    try:
        for number in range(config.trials):
            if number in done:
                continue
            while not all(n in done for n in range(number - config.workers + 1)):
                collect(study, running, done, tell)
            known = {n: t for n, t in book.by_number(study).items() if n <= number - config.workers}
            params = book.asked(study, number, known, space, config.seed)
            task = Attempt(changed(config, params), home / str(number), f"tune-{study.study_name}", config.watch,
                           book.curves(known), number)  # fmt: skip
            running[number] = pool.submit(attempt, task) if pool else at_once(task)
        while running:
            collect(study, running, done, tell)
    except BrokenExecutor as error:
        raise OSError(LOST) from error
    finally:
        if pool is not None:
            pool.shutdown(wait=False, kill_workers=True)


def collect(study: Any, running: dict[int, Any], done: set[int], tell: Any) -> None:
    """Write down what has ended, in the order of trials."""
    ready, _ = wait(running.values(), return_when=FIRST_COMPLETED)
    for number in sorted(n for n, future in running.items() if future in ready):
        book.settled(study, number, running.pop(number).result())
        done.add(number)
        tell(number)


@dataclass(frozen=True)
class Attempt:
    """One trial, as it is handed to a process."""

    config: Config
    folder: Path
    parent: str
    watch: str | None
    curves: list[dict[int, float]]  # of the trials it is compared with
    number: int


class Stopped(Exception):
    """A trial that lags behind the others."""


class Watched:
    """A tracker that also compares one number with the other trials."""

    def __init__(self, tracker: tracking.Tracker, task: Attempt):
        self.tracker, self.watch, self.curve = tracker, task.watch, {}  # type: ignore[var-annotated]
        self.hopeless = book.judge(task.curves)

    def metrics(self, values: dict[str, float], step: int = 0) -> None:
        """Tell, and stop if hopeless."""
        self.tracker.metrics(values, step)
        if self.watch is None or step == 0:
            return
        if self.watch not in values:
            raise ValueError(
                f"watch={self.watch} is not told; needed one of {', '.join(values)}, e.g. watch={[*values][0]}"
            )
        self.curve[step] = values[self.watch]
        if self.hopeless(values[self.watch], step):
            raise Stopped

    def data(self, name: str, path: Path, use: str) -> None:
        """As the tracker's."""
        self.tracker.data(name, path, use)


def attempt(task: Attempt) -> dict[str, Any]:
    """Train and judge one trial.   -> state, value, curve, error"""
    tracking.JOB.set(tracking.Job(task.parent, task.folder))
    config = training.Config(**{f.name: getattr(task.config, f.name) for f in fields(training.Config)})
    config = replace(config, to=str(task.folder / "agent.npz"), format="json")
    try:
        with tracking.tracked("train", config, f"trial {task.number}", agent=config.agent.name) as tracker:
            watched = Watched(tracker, task)
            try:
                row, _ = training.train(config, watched)  # type: ignore[arg-type]
            except Stopped:
                tracker.tag(stopped="early")
                return {"state": "PRUNED", "value": None, "curve": watched.curve, "error": ""}
            tracker.metrics({key: value for key, value in row.items() if isinstance(value, float)})
            return {"state": "COMPLETE", "value": row["over_syllabus"], "curve": watched.curve, "error": ""}
    except (ValueError, ArithmeticError) as error:
        return {"state": "FAIL", "value": None, "curve": {}, "error": sentence(error)}
    finally:
        tracking.JOB.set(None)


def at_once(task: Attempt) -> "Future[dict[str, Any]]":
    """The same in this process."""
    future: Future[dict[str, Any]] = Future()
    future.set_result(attempt(task))
    return future


def changed(config: Any, values: dict[str, Any]) -> Any:
    """A configuration with dotted keys set.

    Raises:
        ValueError: a key that is not there.
    """
    from adaptlearn.lab.compose import misspelt

    for key, value in values.items():
        head, _, rest = key.partition(".")
        if isinstance(config, dict):
            config = {**config, head: changed(config.get(head, {}), {rest: value}) if rest else value}
            continue
        known = [f.name for f in fields(config)]
        if head not in known:
            raise ValueError(f"space: {misspelt(type(config), head, known)}")
        config = replace(config, **{head: changed(getattr(config, head), {rest: value}) if rest else value})
    return config


def progressing(study: Any, trials: int) -> Any:
    """A line on stderr for each trial that ends."""
    import sys

    def tell(number: int) -> None:
        trial = study.trials[number]
        value = (
            "stopped early" if trial.state.name == "PRUNED" else trial.user_attrs.get("error") or f"{trial.value:+.4f}"
        )
        print(f"trial {number + 1} of {trials}: {value}", file=sys.stderr)

    return tell


def told(parent: tracking.Tracker, study: Any) -> None:
    """The parent's numbers: each trial's gain and the best so far."""
    best = -np.inf
    for trial in book.complete(study):
        best = max(best, trial.value)
        parent.metrics({"gain": trial.value, "best": best}, trial.number + 1)


def report(config: Config, study: Any, home: Path, parent: tracking.Tracker) -> int:
    """The five best trials, and the winner judged on learners who took no part in the search."""
    from adaptlearn.classroom.simulate import simulate
    from adaptlearn.evaluation.compare import paired
    from adaptlearn.lab.checkpoint import load

    order = sorted(book.complete(study), key=lambda t: -t.value)
    if not order:
        error = next((t.user_attrs.get("error") for t in study.trials if t.user_attrs.get("error")), "all were stopped")
        raise ValueError(f"no trial came to an end: {error}; needed a space the agent can take, e.g. sweep=linear")
    best = order[0]
    with progress("judging the winner on fresh learners", config.format == "json"):
        rules = rules_of(config)
        ids, policy = np.arange(config.learners) + FRESH, load(home / str(best.number) / "agent.npz", rules.world)
        mine, base = (simulate(p, rules, ids, config.seed + 2)["value"] for p in (policy, agent_of("syllabus", rules)))
    states = [t.state.name for t in study.trials]
    words = " ".join(f"{key}={book.typed(value)}" for key, value in best.params.items())
    rows = [{"trial": t.number, "gain": t.value, **{k.rpartition(".")[2]: brief(v) for k, v in t.params.items()}}
            for t in order[:5]]  # fmt: skip
    gain = paired(mine, base)
    show(rows, format=config.format, title=f"{study.study_name}: gain over the syllabus", notes=[
        f"{states.count('COMPLETE')} trials, {states.count('PRUNED')} stopped early, {states.count('FAIL')} failed",
        f"the winner on {config.learners:,} fresh learners: {gain.mean:+.4f} ± {gain.half:.4f} "
        "(the table's own figures are optimistic: the best was chosen by them)",
        f"adaptlearn train agent={config.agent.name} env={config.env} {words}", parent.link()])  # fmt: skip
    return 0


def brief(value: Any) -> Any:
    """A number in four digits."""
    return f"{value:.4g}" if isinstance(value, float) else value
