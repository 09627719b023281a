"""MLflow: parameters, numbers, files and tags of a run; batched, written down first, and never in the run's way.

A verb says ``with tracked("train", config) as run`` and tells ``run`` its numbers. Without ``track=true`` the calls
do nothing. Whatever the store raises, the run goes on: what could not be sent waits in ``outputs/unsent/``.
"""

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adaptlearn.core import shelf
from adaptlearn.core.keep import keep
from adaptlearn.lab.compose import Common
from adaptlearn.lab.outbox import Outbox, Sender, left_behind
from adaptlearn.lab.recipe import as_yaml, code, digest, digest_of, flat, recipe

EVERY = 10.0  # seconds between sendings; after a failure twice as many, and so on up to
SLOWEST = 320.0
PACKAGES = ("adaptlearn", "numpy", "numba", "torch", "gymnasium", "onnxruntime")  #: that a result may depend on


@dataclass
class Job:
    """One run of a sweep: its parent's outbox, and the folder its files go to."""

    parent: str
    folder: Path
    figures: dict[str, float] = field(default_factory=dict)  # what came of it
    history: list[tuple[int, dict[str, float]]] = field(default_factory=list)  # numbers by step
    run: str | None = None  # the run's name in the store, if it has arrived there


JOB: ContextVar[Job | None] = ContextVar("job", default=None)  #: runs begun inside are children of this


def project_folder() -> Path:
    """Where runs are kept: the checkout, or the folder where the command is given."""
    return shelf.SHELVES[0] if (shelf.SHELVES[0] / "pyproject.toml").exists() else Path.cwd()


def address(store: str | None) -> str:
    """The store: as given, else MLFLOW_TRACKING_URI, else one sqlite file in the project."""
    given = store or os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{project_folder() / 'mlflow.db'}"
    return f"sqlite:///{Path(given.removeprefix('sqlite:///')).resolve()}" if given.startswith("sqlite:///") else given


def outputs(uri: str) -> Path:
    """The folder for what runs write: beside a sqlite store, else in the project."""
    home = Path(uri.removeprefix("sqlite:///")).parent if uri.startswith("sqlite:///") else project_folder()
    return home / "outputs"


class Tracker:
    """A run under way; one without an outbox keeps nothing.

    Raises:
        OSError: ``outputs/`` cannot be written.
    """

    def __init__(self, uri: str | None, resume: str | None = None):
        self.uri, self.outbox, self.sender = uri, None, None  # type: ignore[var-annotated]
        self.history: list[tuple[int, dict[str, float]]] = []  # numbers by step, as told
        self.figures: dict[str, float] = {}  # the latest of each
        self.due, self.pause, self.points = time.monotonic() + EVERY, EVERY, 0
        if uri is not None:
            home = outputs(uri) / "unsent"
            sync(home)
            try:
                self.outbox = Outbox(home / resume) if resume else Outbox.new(home)
            except OSError as error:
                raise OSError(
                    f"{home} cannot be written ({error.strerror}); needed a folder for runs, "
                    "e.g. store=sqlite:////path/to/mlflow.db, or track=false"
                ) from error
            self.sender = Sender(self.outbox, uri, again=resume is not None)

    def begin(self, project: str, name: str, params: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        """Say what the run is."""
        job = JOB.get()
        said = {key: str(value) for key, value in params.items()}
        self._say("run", store=self.uri, project=project, name=name, params=said, tags=dict(tags),
                  parent=job.parent if job else None, at=_now())  # fmt: skip
        self.send()

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        """Some numbers; sent every few seconds, and at the end."""
        numbers = {name_of(key): float(value) for key, value in values.items()}
        self.history.append((step, numbers))
        self.figures |= numbers
        now = _now()
        self._say("metrics", points=[[key, value, now, step] for key, value in numbers.items()])
        self.points += len(numbers)
        if time.monotonic() >= self.due or self.points >= 1000:
            self.send()

    def artifact(self, path: str | Path) -> None:
        """A file or folder, as it is now."""
        if self.outbox is not None:
            self.outbox.file(Path(path))

    def text(self, name: str, content: str | bytes) -> None:
        """A file of the run that stands nowhere else."""
        if self.outbox is not None:
            self.artifact(keep(self.outbox.folder / name, content))

    def data(self, name: str, path: str | Path, use: str) -> None:
        """A file or folder that the run was made from or made, by name and hash.   use: training, evaluation, made"""
        if self.outbox is not None and Path(path).exists():
            self._say("data", name=name, digest=digest_of(Path(path)), source=str(Path(path).resolve()), use=use)

    def tag(self, **tags: str) -> None:
        """Something the run is found by."""
        self._say("tags", tags=tags)

    def end(self, status: str) -> None:
        """Close the run; what the store does not take waits."""
        self._say("end", status=status, at=_now())
        if self.outbox is not None:
            self.outbox.close(delete=self.send())

    def send(self) -> bool:
        """Send what is written down.   -> whether all of it arrived"""
        if self.sender is None:
            return True
        self.points, start = 0, time.monotonic()
        try:
            self.sender.push()
        except Exception as error:  # whatever a remote store may raise: tracking never kills a run
            if self.pause == EVERY:
                _tell(f"the tracking store {self.uri} does not answer ({first_line(error)}); "
                      "the run goes on, its numbers are kept and sent later")  # fmt: skip
            self.pause = min(2.0 * self.pause, SLOWEST)
            self.due = start + self.pause
            return False
        self.pause, self.due = EVERY, time.monotonic() + EVERY
        return True

    def link(self) -> str:
        """What a person opens, and how."""
        if self.sender is None or self.outbox is None:
            return "not tracked: track=false"
        if self.sender.run is None:
            return f"kept in {self.outbox.folder}; `adaptlearn runs sync` sends it when {self.uri} answers"
        return f"tracked as {self.sender.run[:8]}: {ui(str(self.uri), self.sender.experiment)}"

    def _say(self, kind: str, **message: Any) -> None:
        if self.outbox is not None:
            self.outbox.say(kind, **message)


@contextmanager
def tracked(verb: str, config: Common, name: str = "", **tags: str) -> Iterator[Tracker]:
    """A run from start to end; FAILED or KILLED if its block does not finish.   name: what a list of runs shows"""
    run = Tracker(address(config.store) if config.track else None)
    if config.track:
        about = {"verb": verb, "config": digest(verb, config), "world": Path(config.env).name, "law": config.law,
                 "seed": str(config.seed), **versions(), **tags}  # fmt: skip
        run.begin(config.project, name or verb, flat(recipe(config)), about)
        run.text("config.yaml", f"# adaptlearn {verb}\n{as_yaml(config)}")
    watch = _watch(run) if config.system_metrics else None
    status = "FAILED"
    try:
        yield run
        _curves(run, name or verb)
        status = "FINISHED"
    except KeyboardInterrupt:
        status = "KILLED"
        raise
    finally:
        if watch is not None:
            watch.finish()
        run.end(status)
        if (job := JOB.get()) is not None:
            job.figures, job.history = run.figures, run.history
            job.run = run.sender.run if run.sender else None


def _curves(run: Tracker, title: str) -> None:
    """What was told step by step, as a table and a picture."""
    steps = [(step, values) for step, values in run.history if step > 0]
    job = JOB.get()
    if len(steps) < 2 or (run.outbox is None and job is None):
        return
    from adaptlearn.lab.curves import as_csv, picture

    run.text("training.csv", as_csv(steps))
    if job is not None:
        keep(job.folder / "training.csv", as_csv(steps))
    run.text("curves.svg", picture({"": [steps]}, title))


def _watch(run: Tracker) -> Any:
    """MLflow's own watch on the machine; None where it cannot watch."""
    if run.sender is None or run.sender.run is None:
        return None
    try:
        from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

        watch = SystemMetricsMonitor(run.sender.run, sampling_interval=10, tracking_uri=run.uri)
        watch.start()
    except Exception as error:  # as in send
        _tell(f"the machine is not watched ({first_line(error)})")
        return None
    return watch


def sync(home: Path, uri: str | None = None) -> tuple[int, int]:
    """Send what earlier runs left behind; a store that does not answer is asked once.   -> sent, still waiting"""
    sent, waiting, silent = 0, 0, set()
    for box in left_behind(home):
        at = uri or box.store()
        done = False
        if at is not None and at not in silent:
            try:
                Sender(box, at, again=True).push()
                done = True
            except Exception:  # as in send
                silent.add(at)
        box.close(delete=done)
        sent, waiting = sent + done, waiting + (not done)
    return sent, waiting


def ui(uri: str, experiment: str | None) -> str:
    """The address of a list of runs, and how to have it answered."""
    page = f"/#/experiments/{experiment}/runs" if experiment else "/"
    if uri.startswith("http"):
        return f"{uri.rstrip('/')}{page}"
    return f"http://127.0.0.1:5000{page}   after   mlflow ui --backend-store-uri {uri}"


def name_of(key: str) -> str:
    """A number's name as every store takes it."""
    return "".join(c if c.isalnum() or c in "_-./ " else "_" for c in key)


def versions() -> dict[str, str]:
    """What a result may depend on: commit, whether the tree was clean, the text itself, package versions, machine."""
    import platform
    import subprocess
    from importlib.metadata import PackageNotFoundError, version

    def git(*words: str) -> str:
        command = ["git", "-C", str(shelf.SHELVES[0]), *words]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
        except (OSError, subprocess.SubprocessError):
            return ""
        return done.stdout.strip() if done.returncode == 0 else ""

    found = {"version.python": platform.python_version(), "machine": f"{platform.system()} {platform.machine()}"}
    for package in PACKAGES:
        try:
            found[f"version.{package}"] = version(package)
        except PackageNotFoundError:
            continue
    commit = git("rev-parse", "HEAD") if (shelf.SHELVES[0] / "pyproject.toml").exists() else ""
    dirty = str(bool(git("status", "--porcelain"))).lower() if commit else "unknown"
    return {"commit": commit or "unknown", "dirty": dirty, "code": code(), **found}


def first_line(error: Exception) -> str:
    """What an error says, in one line."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:160]


def _now() -> int:
    return int(time.time() * 1000)


def _tell(sentence: str) -> None:
    print(f"adaptlearn: {sentence}", file=sys.stderr)
