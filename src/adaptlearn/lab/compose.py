"""Hydra: a verb's dataclass is its schema and its defaults; ``configs/`` says only what differs.

``env=...`` takes a name or any folder; ``experiment=<slug>`` adds ``experiments/<slug>/config.yaml``. A misspelt key or
a wrong type is an error that names the nearest right one. Configs hold values, never classes to build: nothing that
comes from outside is executed.
"""

import sys
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from adaptlearn.core import shelf


@dataclass
class Agent:
    """Which agent, and what differs from its defaults."""

    name: str = "mastery"
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass
class Common:
    """Keys that every verb has."""

    env: str = "onboarding-v1"  # a world's name, or a folder of your own
    law: str = "workplace"  # how minds work: workplace | bkt
    meshing: str = "null"  # does matching a format to a style help: null | weak | contested | aptitude | adversarial
    catalogue: str = "usual_error"  # how far the catalogue is from the truth: as_written | usual_error | careless
    catalogue_seed: int = 0
    mandatory: bool | None = None  # null: as the world says
    decides: str | None = None  # assign | offer | self; null: as the world says
    seed: int = 1  # of all luck
    threads: int = 1
    format: str = "table"  # table | json
    debug: bool = False  # true: show where an error came from
    track: bool = False  # true: record the run in MLflow
    store: str | None = None  # MLflow address; null: sqlite beside the project, or MLFLOW_TRACKING_URI


def configs() -> Path:
    """The folder of YAML choices: of the checkout, else of the package."""
    for home in shelf.SHELVES:
        if (home / "configs").is_dir():
            return (home / "configs").resolve()
    raise FileNotFoundError(
        "configs/ is neither beside the package nor in it; needed a whole installation, e.g. pip install adaptlearn"
    )


def compose(verb: str, schema: type, overrides: list[str]) -> Any:
    """The verb's configuration as its dataclass.

    Raises:
        ValueError: an unknown key, group or option, or a value of the wrong type.
    """
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    _store(verb, schema)
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(configs()), version_base="1.3", job_name=_file(verb)):
            return OmegaConf.to_object(hydra_compose(_file(verb), expanded(overrides)))
    except (HydraException, OmegaConfBaseException) as error:
        raise ValueError(plain(verb, schema, overrides, error)) from error


def expanded(overrides: list[str]) -> list[str]:
    """Overrides with ``experiment=slug`` replaced by that experiment's config."""
    out = []
    for item in overrides:
        key, _, value = item.partition("=")
        if key == "experiment":
            file = shelf.where(value, "experiments") / "config.yaml"
            if not file.exists():
                raise ValueError(f"{file} is not there; needed an experiment's config, e.g. experiment=null-world")
            out += [f"hydra.searchpath=[file://{file.parent.parent}]", f"+{value}@_global_=config"]
        else:
            out.append(item)
    return out


def delegated(verb: str, arguments: list[str], module: Any) -> bool:
    """Hand sweeps (-m) and questions about the config (--cfg, --help, --info) to Hydra itself.   -> whether it did"""
    if "--help" in arguments or "-h" in arguments:
        print(verb_help(verb, module))
        return True
    if not any(
        a in ("-m", "--multirun", "--cfg", "-c", "--info", "-i", "--shell-completion", "-sc") for a in arguments
    ):
        return False
    import hydra
    from omegaconf import OmegaConf

    _store(verb, module.Config)

    @hydra.main(version_base="1.3", config_path=str(configs()), config_name=_file(verb))
    def task(config: Any) -> None:
        module.run(OmegaConf.to_object(config))

    sys.argv = [f"adaptlearn {verb}", *expanded(arguments)]
    task()
    return True


def verb_help(verb: str, module: Any) -> str:
    """Keys with their defaults, groups with their options, examples."""
    from adaptlearn.lab.main import VERBS

    instance = module.Config()
    keys = [f"  {f.name}={_shown(getattr(instance, f.name))}" for f in fields(module.Config)]
    groups = [
        f"  {d.name}: {', '.join(sorted(p.stem for p in d.glob('*.yaml')))}"
        for d in sorted(configs().iterdir())
        if d.is_dir()
    ]
    about = VERBS[verb]
    return "\n".join([f"adaptlearn {verb}: {about.line}", "", "examples:", *(f"  {e}" for e in about.examples), "",
                      "keys and defaults:", *keys, "", "groups:", *groups])  # fmt: skip


def _shown(value: Any) -> str:
    if isinstance(value, Agent):
        return f"{value.name}   (a group; settings: agent.settings.key=value)"
    return (
        {None: "null", True: "true", False: "false"}.get(value, str(value))
        if not isinstance(value, (list, dict))
        else str(value)
    )


def _file(verb: str) -> str:
    """The verb as the name of its file in configs/."""
    return verb.replace(" ", "_")


def _store(verb: str, schema: type) -> None:
    from hydra.core.config_store import ConfigStore

    ConfigStore.instance().store(name=f"{_file(verb)}_schema", node=schema)


def plain(verb: str, schema: type, overrides: list[str], error: Exception) -> str:
    """A composition error in one line: what was found, what is needed, an example."""
    known = [f.name for f in fields(schema)]
    for item in overrides:
        key = item.lstrip("+~").partition("=")[0]
        root = key.partition(".")[0].partition("@")[0]
        if root not in [*known, "experiment", "hydra"]:
            near = get_close_matches(root, known, 1) or known[:1]
            return f"{key} is not a key; needed one of {', '.join(known)}, e.g. {near[0]}=..."
        if root == "agent" and key == "agent":
            options = sorted(p.stem for p in (configs() / "agent").glob("*.yaml"))
            chosen = item.partition("=")[2]
            if chosen not in options:
                near = get_close_matches(chosen, options, 1) or options[:1]
                return f"agent={chosen} is not known; needed one of {', '.join(options)}, e.g. agent={near[0]}"
    first = str(error).strip().splitlines()[0]
    return f"{first}; needed key=value with a value of the key's type, e.g. `adaptlearn {verb} --cfg job` shows them"
