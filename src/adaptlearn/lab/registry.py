"""``adaptlearn registry add|list|promote|serve``: bundles in MLflow's model registry, with a challenger and a champion.

A bundle is kept twice in one run: as an ONNX flavour, for whoever calls the graph, and as a pyfunc from code, which
takes a learner's profile, record and event and gives the recommendation. What is added is the ``challenger``; it
becomes the ``champion`` only if its bundle still passes every check and its report has nothing against it.
"""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adaptlearn.lab.runs import answering
from adaptlearn.lab.tables import progress, show
from adaptlearn.lab.tracking import address

WORDS = ("action", "bundle")  #: bare words of the command line, in this order
ACTIONS = ("add", "list", "promote", "serve")
CHALLENGER, CHAMPION = "challenger", "champion"
EXPERIMENT = "adaptlearn-registry"
NEEDS = ("numpy", "pandas", "onnxruntime")


@dataclass
class Config:
    """Keys of this verb."""

    action: str = "list"  # add | list | promote | serve
    bundle: str | None = None  # add: folder written by `adaptlearn export`
    name: str | None = None  # registered model; null: policy-world of the bundle, or the only one there is
    alias: str = CHAMPION  # serve: which version
    host: str = "127.0.0.1"  # serve: its address
    port: int = 5001  # serve: where it listens
    store: str | None = None  # MLflow address; null: MLFLOW_TRACKING_URI, else sqlite beside the project
    format: str = "table"  # table | json
    debug: bool = False  # true: show where an error came from


def run(config: Config) -> int:
    """Do one of the four.

    Raises:
        ValueError: another word, no such model, or a promotion that the report or the bundle speaks against.
    """
    from adaptlearn.core.refusal import nearest

    if config.action not in ACTIONS:
        near = nearest(config.action, ACTIONS)
        raise ValueError(f"registry {config.action}; needed one of {', '.join(ACTIONS)}, e.g. registry {near}")
    with store_of(config.store):
        return {"add": _add, "list": _list, "promote": _promote, "serve": _serve}[config.action](config)


@contextmanager
def store_of(store: str | None) -> Iterator[None]:
    """MLflow's own functions on this store, and on what was set before afterwards.

    Raises:
        ValueError: it does not answer.
    """
    import logging

    import mlflow

    answering(address(store))
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(address(store))
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before)


def _add(config: Config) -> int:
    if config.bundle is None:
        raise ValueError("registry add; needed a bundle, e.g. registry add agents/mastery-onboarding/bundle")
    with progress("into the registry", config.format == "json"):
        name, version = add(Path(config.bundle), config.name)
    print(f"{name} version {version} is the {CHALLENGER}")
    print(f"next: adaptlearn registry promote name={name}")
    return 0


def add(bundle: Path, name: str | None = None) -> tuple[str, str]:
    """A bundle as a new version, the challenger.   -> registered name, version

    Raises:
        Refused: not a bundle, changed, or no longer deciding as it did.
    """
    import mlflow

    from adaptlearn.export.runtime import Runtime

    runtime = Runtime.load(bundle)
    contract = runtime.contract
    called = name or f"{contract.policy['name']}-{contract['world']['name']}"
    tags = {"policy": runtime.policy, "world": contract["world"]["name"], "grade": contract["world"]["grade"]}
    with mlflow.start_run(experiment_id=_experiment(), run_name=called, tags=tags):
        _log_graph(bundle, runtime)
        version = _log_served(bundle, runtime, called)
        mlflow.log_artifact(str(bundle / "card.md"))
    client = mlflow.MlflowClient()
    client.set_registered_model_alias(called, CHALLENGER, version)
    client.update_model_version(called, version, description=(bundle / "card.md").read_text("utf-8"))
    return called, str(version)


def _experiment() -> str:
    """MLflow's experiment for registered bundles; files of a sqlite store lie beside it."""
    import mlflow

    found, uri = mlflow.get_experiment_by_name(EXPERIMENT), mlflow.get_tracking_uri()
    if found is not None:
        return str(found.experiment_id)
    beside = Path(uri.removeprefix("sqlite:///")).parent / "mlruns" if uri.startswith("sqlite:///") else None
    return str(mlflow.create_experiment(EXPERIMENT, beside.as_uri() if beside else None))


def _log_graph(bundle: Path, runtime: Any) -> None:
    """The ONNX flavour: tensors in, tensors out, by the names of the contract."""
    import mlflow
    import numpy as np
    import onnx
    from mlflow.models.signature import ModelSignature
    from mlflow.types import Schema, TensorSpec

    def schema(side: str) -> Schema:
        return Schema([
            TensorSpec(np.dtype(port["type"]), [-1 if isinstance(d, str) else d for d in port["shape"]], port["name"])
            for port in runtime.contract[side]
        ])  # fmt: skip

    record = runtime.start(_newcomer(runtime))
    feeds = runtime.feeds([record], [0.0], k=1)
    mlflow.onnx.log_model(
        onnx.load(str(bundle / "policy.onnx")), name="graph", input_example=feeds,
        signature=ModelSignature(schema("inputs"), schema("outputs")),
        onnx_execution_providers=["CPUExecutionProvider"], pip_requirements=["numpy", "onnx", "onnxruntime"],
    )  # fmt: skip


def _log_served(bundle: Path, runtime: Any, name: str) -> Any:
    """The pyfunc from code, with the runtime's own folder beside it.   -> version"""
    import mlflow
    import pandas as pd
    from mlflow.models.signature import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    from adaptlearn.export import runtime as folder
    from adaptlearn.lab import served  # noqa: F401  (its text is the model; importing it proves that it can be read)

    given, text = ["profile", "record", "event"], DataType.string
    columns = [ColSpec(text, one, required=False) for one in given]
    columns += [ColSpec(DataType.double, "day", required=False), ColSpec(DataType.double, "k", required=False)]
    answers = Schema([ColSpec(text, one) for one in ("record", "choices", "mastery", "fallback", "refused")])
    example = pd.DataFrame([{"profile": json.dumps(_newcomer(runtime)), "day": 0.0, "k": 3.0}])
    with tempfile.TemporaryDirectory() as place:
        own = Path(place) / "adaptlearn_runtime"
        shutil.copytree(Path(folder.__file__).parent, own, ignore=shutil.ignore_patterns("__pycache__"))
        logged = mlflow.pyfunc.log_model(
            name="policy", python_model=str(Path(served.__file__)), artifacts={"bundle": str(bundle)},
            code_paths=[str(own)], signature=ModelSignature(Schema(columns), answers), input_example=example,
            pip_requirements=list(NEEDS), registered_model_name=name,
        )  # fmt: skip
    return logged.registered_model_version


def _newcomer(runtime: Any) -> dict[str, Any]:
    return {"learner": "example", "role": next(iter(runtime.contract.roles)), "weekly_minutes": 90}


def _list(config: Config) -> int:
    import mlflow

    client = mlflow.MlflowClient()
    rows: list[dict[str, object]] = []
    for model in client.search_registered_models():
        worn = {str(version): alias for alias, version in model.aliases.items()}
        for version in client.search_model_versions(f"name = '{model.name}'"):
            tags = client.get_run(version.run_id).data.tags
            rows.append({"model": model.name, "version": version.version, "is": worn.get(str(version.version), ""),
                         "policy": tags.get("policy", ""), "world": tags.get("world", ""),
                         "run": version.run_id[:8]})  # fmt: skip
    show(
        rows, format=config.format, notes=[] if rows else ["nothing is registered yet: adaptlearn registry add BUNDLE"]
    )
    return 0


def _promote(config: Config) -> int:
    name = config.name or only_model()
    version, against = promote(name)
    if against:
        raise ValueError(f"{name} version {version} stays the {CHALLENGER}: {'; '.join(against)}")
    print(f"{name} version {version} is the {CHAMPION}; its bundle and its report were checked")
    print(f"next: adaptlearn registry serve name={name}")
    return 0


def promote(name: str) -> tuple[str, list[str]]:
    """The challenger as champion, if nothing stands against it.   -> version, what does

    Raises:
        ValueError: no challenger of that name.
    """
    import mlflow
    from mlflow.exceptions import MlflowException

    from adaptlearn.export.runtime import Refused, showing
    from adaptlearn.lab.assessing import gate

    client = mlflow.MlflowClient()
    try:
        version = client.get_model_version_by_alias(name, CHALLENGER).version
    except MlflowException as error:
        raise ValueError(f"{name} has no {CHALLENGER}; needed one, e.g. adaptlearn registry add BUNDLE") from error
    with tempfile.TemporaryDirectory() as place:
        model = Path(mlflow.artifacts.download_artifacts(f"models:/{name}/{version}", dst_path=place))
        bundle = next((model / "artifacts").iterdir())  # kept under the name of its folder
        try:
            showing.checked(bundle)
        except Refused as trouble:
            return str(version), [f"its bundle is refused: {trouble}"]
        file = bundle / "report.json"
        against = gate(json.loads(file.read_text("utf-8")) if file.exists() else None)
    if not against:
        client.set_registered_model_alias(name, CHAMPION, version)
        client.delete_registered_model_alias(name, CHALLENGER)
    return str(version), against


def only_model() -> str:
    """The registered model, if there is one and no more."""
    import mlflow

    names = [model.name for model in mlflow.MlflowClient().search_registered_models()]
    if len(names) != 1:
        raise ValueError(
            f"{len(names)} registered models: {', '.join(names) or 'none'}; needed its name, e.g. name=..."
        )
    return names[0]


def _serve(config: Config) -> int:
    """MLflow's own server on the version that wears the alias; Ctrl-C ends it."""
    import subprocess

    name = config.name or only_model()
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", f"models:/{name}@{config.alias}",
               "--env-manager", "local", "--host", config.host, "--port", str(config.port)]  # fmt: skip
    place = f"http://{config.host}:{config.port}/invocations"
    print(f"{place} answers for {name}@{config.alias} in some seconds; Ctrl-C ends it", flush=True)
    own = {**os.environ, "MLFLOW_TRACKING_URI": address(config.store), "PATH": _path()}
    return subprocess.run(command, env=own, check=False).returncode


def _path() -> str:
    """PATH with the scripts of this Python in front: MLflow calls uvicorn by name."""
    from importlib.metadata import distribution

    found = [file.locate() for file in distribution("uvicorn").files or () if file.stem == "uvicorn"]
    homes = [str(Path(str(file)).resolve().parent) for file in found if Path(str(file)).is_file()]
    return os.pathsep.join([*homes, str(Path(sys.executable).parent), os.environ.get("PATH", "")])
