"""MLflow: one store made before any worker, metrics in batches, and a run that never dies of its tracking."""

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from adaptlearn.core import shelf

LONGEST = 500  # characters of a parameter that every store takes


def address(store: str | None) -> str:
    """Where runs are kept: as given, else MLFLOW_TRACKING_URI, else one sqlite file beside the project."""
    home = shelf.SHELVES[0] if (shelf.SHELVES[0] / "pyproject.toml").exists() else Path.cwd()
    return store or os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{(home / 'mlflow.db').resolve()}"


class Tracker:
    """A run under way. Metrics are kept and sent together; if the store goes away, the run goes on and says so."""

    def __init__(self, uri: str, experiment: str, name: str, params: Mapping[str, Any], tags: Mapping[str, str]):
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        import logging

        logging.getLogger("alembic").setLevel(logging.WARNING)
        import mlflow
        from mlflow.entities import Param, RunTag

        logging.getLogger("mlflow").setLevel(logging.WARNING)  # after the import, which sets its own

        self.uri, self.kept, self.lost = uri, [], False  # type: ignore[var-annotated]
        self.client = mlflow.MlflowClient(uri)
        found = self.client.get_experiment_by_name(experiment)
        self.experiment = found.experiment_id if found else self.client.create_experiment(experiment, _artifacts(uri))
        self.run = self.client.create_run(self.experiment, run_name=name)
        self.id: str = self.run.info.run_id
        given = [Param(k, str(v)[:LONGEST]) for k, v in params.items()]
        self.client.log_batch(self.id, params=given[:100], tags=[RunTag(k, v) for k, v in tags.items()])

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        """Keep some numbers; sent every hundred, and at the end."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        self.kept += [Metric(k, float(v), now, step) for k, v in values.items()]
        if len(self.kept) >= 100:
            self.send()

    def send(self) -> None:
        """Send what was kept; keep it if that fails."""
        try:
            for start in range(0, len(self.kept), 1000):
                self.client.log_batch(self.id, metrics=self.kept[start : start + 1000])
            self.kept = []
        except Exception as error:  # whatever a remote store may raise: tracking never kills a run
            if not self.lost:
                print(
                    f"adaptlearn: the tracking store does not answer ({error}); numbers are kept and sent later",
                    file=sys.stderr,
                )
            self.lost = True

    def artifact(self, path: Path) -> None:
        """A file or folder beside the run."""
        try:
            send = self.client.log_artifacts if path.is_dir() else self.client.log_artifact
            send(self.id, str(path), path.name) if path.is_dir() else send(self.id, str(path))
        except Exception as error:  # as above
            print(f"adaptlearn: {path.name} was not stored with the run ({error})", file=sys.stderr)

    def end(self, status: str) -> None:
        """Close the run."""
        self.send()
        try:
            self.client.set_terminated(self.id, status)
        except Exception as error:  # as above
            print(f"adaptlearn: the run stays open in the store ({error})", file=sys.stderr)

    def link(self) -> str:
        """What a person opens, and how."""
        return f"mlflow ui --backend-store-uri {self.uri}   then  http://127.0.0.1:5000/#/experiments/{self.experiment}/runs"


def _artifacts(uri: str) -> str | None:
    """Artifacts of a sqlite store lie beside it."""
    return f"file://{Path(uri.removeprefix('sqlite:///')).parent / 'mlruns'}" if uri.startswith("sqlite:///") else None


@contextmanager
def tracked(
    experiment: str, name: str, params: Mapping[str, Any], store: str | None, tags: Mapping[str, str]
) -> Iterator[Tracker]:
    """A run from start to end; FAILED or KILLED if its block does not finish."""
    run = Tracker(address(store), experiment, name, params, {**tags, **versions()})
    try:
        yield run
    except KeyboardInterrupt:
        run.end("KILLED")
        raise
    except BaseException:
        run.end("FAILED")
        raise
    run.end("FINISHED")


def versions() -> dict[str, str]:
    """What a result may depend on: commit, whether the tree was clean, package versions."""
    import subprocess
    from importlib.metadata import version

    home = shelf.SHELVES[0]

    def git(*words: str) -> str:
        try:
            done = subprocess.run(
                ["git", "-C", str(home), *words], capture_output=True, text=True, timeout=5, check=False
            )
        except (OSError, subprocess.SubprocessError):
            return ""
        return done.stdout.strip()

    found = {f"version.{name}": version(name) for name in ("numpy", "numba", "torch", "gymnasium")}
    return {
        "commit": git("rev-parse", "HEAD") or "unknown",
        "dirty": str(bool(git("status", "--porcelain"))).lower(),
        **found,
    }
