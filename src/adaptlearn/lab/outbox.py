"""What a run has to say, written down before it is sent: nothing is lost if the store goes away or the process dies.

Every run has a folder ``outputs/unsent/<id>/`` with one JSON line per message and the files to be kept. Sending reads
on from where it stopped, so "sent now" and "sent later" are the same lines. A folder whose messages have all arrived is
deleted. The process that writes holds a lock on the folder; a folder without one belongs to a run that has died.
"""

import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from adaptlearn.core.keep import keep

MOST = 1000  # numbers in one batch: what a store takes at once
PARAMS = 100  # the same, of parameters
LONGEST = 500  # characters of a parameter that every store takes


class Outbox:
    """The messages of one run, in order.

    Raises:
        OSError: the folder cannot be written.
    """

    def __init__(self, folder: Path):
        self.folder, self.id = folder, folder.name
        (folder / "files").mkdir(parents=True, exist_ok=True)
        self.lock = FileLock(folder / "alive.lock")
        self.lock.acquire(timeout=0)
        self.story = (folder / "story.jsonl").open("a", encoding="utf-8")

    @classmethod
    def new(cls, home: Path) -> "Outbox":
        """An empty one under ``home``."""
        return cls(home / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}")

    def say(self, kind: str, **message: Any) -> None:
        """Write one message down."""
        self.story.write(json.dumps({"is": kind, **message}) + "\n")
        self.story.flush()

    def file(self, path: Path) -> None:
        """Keep a file or a folder as it is now, and say so."""
        number = sum(1 for _ in (self.folder / "files").iterdir())
        target = self.folder / "files" / str(number) / path.name
        target.parent.mkdir()
        if path.is_dir():
            shutil.copytree(path, target)
        else:
            _link(path, target)
        self.say("file", path=target.relative_to(self.folder).as_posix())

    def store(self) -> str | None:
        """Where the run was to be sent."""
        return next((message["store"] for message in self.messages(0)), None)

    def messages(self, start: int) -> Iterator[dict[str, Any]]:
        """Messages from the one numbered ``start``; a last line that was cut off by a crash is no message."""
        with (self.folder / "story.jsonl").open(encoding="utf-8") as lines:
            for number, line in enumerate(lines):
                if number >= start and line.endswith("\n"):
                    yield json.loads(line)

    def close(self, delete: bool) -> None:
        """Let go; with everything sent, nothing needs to stay."""
        self.story.close()
        self.lock.release()
        if delete:
            shutil.rmtree(self.folder, ignore_errors=True)


class Sender:
    """Sends an outbox to an MLflow store, from where the last sending stopped."""

    def __init__(self, outbox: Outbox, uri: str, again: bool = False):
        self.outbox, self.uri, self.again = outbox, uri, again
        place = outbox.folder / "sent.json"
        known = json.loads(place.read_text("utf-8")) if place.exists() else {}
        self.run: str | None = known.get("run")
        self.experiment: str | None = known.get("experiment")
        self.sent: int = known.get("sent", 0)
        self.client: Any = None

    def push(self) -> None:
        """Send everything there is.

        Raises:
            Exception: whatever the store raises; what it took before is not sent again.
        """
        if self.client is None:
            self.client = client(self.uri)
        points: list[list[Any]] = []
        for message in [*self.outbox.messages(self.sent), {"is": "mark"}]:
            if message["is"] == "metrics":
                points += message["points"]
            if points and (message["is"] != "metrics" or len(points) >= MOST):
                self._points(points)
                points = []
            if message["is"] != "metrics":
                getattr(self, f"_{message['is']}")(message)
                self._note()
            self.sent += message["is"] != "mark"
        self._note()

    def _note(self) -> None:
        known = {"run": self.run, "experiment": self.experiment, "sent": self.sent}
        keep(self.outbox.folder / "sent.json", json.dumps(known))

    def _mark(self, message: dict[str, Any]) -> None:
        """The end of what there is; nothing to send."""

    def _run(self, message: dict[str, Any]) -> None:
        from mlflow.entities import Param, RunTag

        found = self.client.get_experiment_by_name(message["project"])
        self.experiment = (
            found.experiment_id if found else self.client.create_experiment(message["project"], artifacts(self.uri))
        )
        again, self.again = self.again, True  # what is said a second time may have arrived the first time
        self.run = self._find(self.outbox.id) if again else None
        tags = message["tags"] | {"outbox": self.outbox.id}
        if message["parent"]:
            tags |= {"sweep": message["parent"]}
            above = self._find(message["parent"])
            tags |= {"mlflow.parentRunId": above} if above else {}
        if self.run is None:
            made = self.client.create_run(
                self.experiment, start_time=message["at"], run_name=message["name"], tags=tags
            )
            self.run = made.info.run_id
        given = [Param(key, value[:LONGEST]) for key, value in message["params"].items()]
        labels = [RunTag(key, value) for key, value in tags.items()] if again else []
        for start in range(0, len(given), PARAMS):
            self.client.log_batch(self.run, params=given[start : start + PARAMS], tags=labels)

    def _find(self, outbox: str) -> str | None:
        found = self.client.search_runs([self.experiment], f"tags.outbox = '{outbox}'", max_results=1)
        return found[0].info.run_id if found else None

    def _points(self, points: list[list[Any]]) -> None:
        from mlflow.entities import Metric

        for start in range(0, len(points), MOST):
            batch = [Metric(key, value, at, step) for key, value, at, step in points[start : start + MOST]]
            self.client.log_batch(self.run, metrics=batch)

    def _file(self, message: dict[str, Any]) -> None:
        path = self.outbox.folder / message["path"]
        if path.is_dir():
            self.client.log_artifacts(self.run, str(path), path.name)
        else:
            self.client.log_artifact(self.run, str(path))

    def _data(self, message: dict[str, Any]) -> None:
        from mlflow.entities import Dataset, DatasetInput, InputTag

        data = Dataset(message["name"], message["digest"], "local", json.dumps({"uri": message["source"]}))
        self.client.log_inputs(self.run, [DatasetInput(data, [InputTag("mlflow.data.context", message["use"])])])

    def _tags(self, message: dict[str, Any]) -> None:
        from mlflow.entities import RunTag

        self.client.log_batch(self.run, tags=[RunTag(key, value) for key, value in message["tags"].items()])

    def _end(self, message: dict[str, Any]) -> None:
        self.client.set_terminated(self.run, message["status"], message["at"])


def client(uri: str) -> Any:
    """MLflow's client of a store that is there, made if it is a file that is not; quiet, and soon tired of waiting."""
    import logging

    for name, value in {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
                        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
                        "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}.items():  # fmt: skip
        os.environ.setdefault(name, value)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    import mlflow

    logging.getLogger("mlflow").setLevel(logging.WARNING)  # after the import, which sets its own
    make(uri)
    return mlflow.MlflowClient(uri)


def make(uri: str) -> None:
    """A sqlite store, made by one process while others wait, and whole or not at all."""
    file = Path(uri.removeprefix("sqlite:///"))
    if not uri.startswith("sqlite:///") or file.exists():
        return
    import mlflow

    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_name(f".{file.name}.lock")):
        if file.exists():
            return
        draft = file.with_name(f".{file.name}.{os.getpid()}")
        draft.unlink(missing_ok=True)
        mlflow.MlflowClient(f"sqlite:///{draft}").search_experiments(max_results=1)
        os.replace(draft, file)


def artifacts(uri: str) -> str | None:
    """Files of a sqlite store lie beside it; a server has its own place for them."""
    if not uri.startswith("sqlite:///"):
        return None
    return (Path(uri.removeprefix("sqlite:///")).resolve().parent / "mlruns").as_uri()


def left_behind(home: Path) -> Iterator[Outbox]:
    """Outboxes of runs that have ended or died, oldest first; a run that has died is said to be killed."""
    for folder in sorted(home.iterdir()) if home.is_dir() else []:
        if not (folder / "story.jsonl").exists():
            continue
        try:
            box = Outbox(folder)
        except Timeout:  # alive
            continue
        if not any(message["is"] == "end" for message in box.messages(0)):
            box.say("end", status="KILLED", at=int((folder / "story.jsonl").stat().st_mtime * 1000))
        yield box


def _link(path: Path, target: Path) -> None:
    try:
        os.link(path, target)  # files here are replaced, never changed, so a second name keeps what was
    except OSError:
        shutil.copy2(path, target)
