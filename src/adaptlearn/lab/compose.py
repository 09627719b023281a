"""Hydra: a verb's dataclass is its schema and its defaults; ``configs/`` says only what differs.

``env=...`` takes a name or any folder; ``experiment=<slug>`` adds ``experiments/<slug>/config.yaml``; ``--config-dir``
adds a folder of choices of your own. A misspelt key or a wrong type is an error that names the nearest right one.
Configs hold values, never classes to build: nothing that comes from outside is executed.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, get_origin, get_type_hints

from adaptlearn.core import shelf
from adaptlearn.core.refusal import nearest
from adaptlearn.lab.choices import GROUPS, groups_of, node, options, unfiled

NULL = re.compile(r"(?<=[\[,])\s*null\s*(?=[\],])")
PLAIN = re.compile(r"[A-Za-z_][\w.-]*")  # an option's name that Hydra's grammar reads as a word


@dataclass
class Agent:
    """Which agent, and what differs from its defaults."""

    name: str = "mastery"
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass
class Common:
    """Keys that every verb has."""

    env: str = "onboarding-v1"  # a world's name, or a folder of your own
    law: str = "workplace"  # how minds work
    law_params: dict[str, Any] = field(default_factory=dict)  # constants that differ, e.g. law_params.slip=0.1
    population: str | None = None  # a population.toml, or a posterior that calibrate kept; null: the world's own
    change: dict[str, Any] = field(default_factory=dict)  # of destination, e.g. change.rate=0.5 change.day=20
    motives: bool | None = None  # whether the motive moves behaviour; null: if the population says how
    meshing: str = "null"  # does matching a format to a style help
    catalogue: str = "usual_error"  # how far the catalogue is from the truth
    catalogue_seed: int = 0  # of the catalogue's own errors: another catalogue of the same kind
    revised: float = 0.0  # share of the catalogue that is withdrawn, and as much new; evaluate: after agents were made
    revised_seed: int = 0  # of what is withdrawn and what is new
    mandatory: bool | None = None  # null: as the world says
    decides: str | None = None  # null: as the world says
    reward: str = "learning"  # what a step is worth
    reward_params: dict[str, Any] = field(default_factory=dict)  # weights that differ, e.g. reward_params.per_cost=0.1
    seed: int = 1  # of all luck
    threads: int = 1  # of one process
    compute: str = "here"  # ray: blocks of learners on this machine or a cluster, the same lives
    cluster: str | None = None  # with compute=ray: the cluster's address; null: this machine
    format: str = "table"  # table | json
    debug: bool = False  # true: show where an error came from
    track: bool = False  # true: record the run in MLflow
    project: str = "adaptlearn"  # MLflow's experiment: the name of a group of runs
    store: str | None = None  # MLflow address; null: MLFLOW_TRACKING_URI, else sqlite beside the project
    system_metrics: bool = False  # true: the load of the machine, too
    allow: list[str] = field(default_factory=list)  # packages whose laws, agents and rewards may be named by module


WRITTEN = {"written": True}  #: metadata of a key that names a file to write: in a sweep it goes to the job's own folder


def configs() -> Path:
    """The folder of YAML choices: of the checkout, else of the package."""
    for home in shelf.SHELVES:
        if (home / "configs").is_dir():
            return (home / "configs").resolve()
    raise FileNotFoundError(
        "configs/ is neither beside the package nor in it; needed a whole installation, e.g. pip install adaptlearn"
    )


def compose(verb: str, schema: type, arguments: list[str]) -> Any:
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

    GlobalHydra.instance().clear()
    try:
        overrides = prepared(verb, schema, arguments)
        with initialize_config_dir(str(configs()), version_base="1.3", job_name=config_of(verb)):
            return OmegaConf.to_object(hydra_compose(config_of(verb), overrides))
    except (HydraException, OmegaConfBaseException) as error:
        raise ValueError(plain(verb, schema, arguments, error)) from error


def config_of(verb: str) -> str:
    """The file in ``configs/`` of a verb of one word or two."""
    return verb.replace(" ", "_")


def prepared(verb: str, schema: type, arguments: list[str]) -> list[str]:
    """The schema registered with Hydra, and the words of a command line as overrides that Hydra takes.

    Raises:
        ValueError: an option that a choice does not have.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser

    words, folders = own_folders(arguments)
    offered = _store(verb, schema, folders)
    parser, out, more = OverridesParser.create(), [], [f"file://{folder}" for folder in folders]
    for word in (as_text(schema, word) for word in words):
        key, _, value = word.partition("=")
        if key == "experiment":
            path = shelf.where(value, "experiments")
            if not (path / "config.yaml").exists():
                raise ValueError(
                    f"{path} has no config.yaml; needed an experiment's folder, e.g. experiment=null-world"
                )
            more.append(f"file://{path.parent}")
            out.append(f"+{path.name}@_global_=config")
        elif key in offered:
            out.append(f"{key}={_options(key, parser.parse_override(word), offered[key])}")
        else:
            out.append(_open(schema, word))
    return [*([f"hydra.searchpath=[{','.join(more)}]"] if more else []), *out]


def own_folders(arguments: list[str]) -> tuple[list[str], list[Path]]:
    """Words without ``--config-dir FOLDER``, and these folders.

    Raises:
        ValueError: one that is not there.
    """
    words, folders, rest = [], [], iter(arguments)
    for word in rest:
        name, equals, value = word.partition("=")
        if name not in ("--config-dir", "-cd"):
            words.append(word)
            continue
        folder = Path(value if equals else next(rest, "")).expanduser().resolve()
        if not folder.is_dir():
            raise ValueError(f"{folder} is no folder; needed one with choices in it, e.g. --config-dir my-configs")
        folders.append(folder)
    return words, folders


def _options(group: str, override: Any, known: list[str]) -> str:
    """The value of a choice as options: those that are known, and those made here for values of one's own."""
    from hydra.core.config_store import ConfigStore
    from hydra.core.override_parser.types import Sweep, Transformer

    value = override.value()
    values = list(override.sweep_iterator(Transformer.identity)) if isinstance(value, Sweep) else [value]
    out = []
    for given in values:
        text = {None: "null", True: "true", False: "false"}.get(given, given) if not isinstance(given, str) else given
        name = str(getattr(text, "text", text))
        if name not in known:
            if not re.fullmatch(GROUPS[group].like, name):
                raise ValueError(unknown(group, name, known))
            content, name = node(group, name), re.sub(r"[^\w.-]+", "-", name).strip("-.") or "own"
            ConfigStore.instance().store(name, content, group=group, package=package(group))
        fits = PLAIN.fullmatch(name) and name not in ("null", "true", "false")
        out.append(name if fits else f"'{name}'")
    return ",".join(out)


def as_text(schema: type, word: str) -> str:
    """A value that is text, such as ``log=Export (1).csv``, in quotes where Hydra would read more into it."""
    key, _, value = word.partition("=")
    if key == "from" and hasattr(schema, "source"):  # a word that Python keeps for itself
        return as_text(schema, f"source={value}")
    is_text = get_type_hints(schema).get(key) in (str, str | None, Any)
    if not is_text or key in GROUPS or re.fullmatch(r"[\w./:+~-]*|['\"\[{$].*", value, re.ASCII):
        return word
    escaped = value.replace("'", "\\'")
    return f"{key}='{escaped}'"


def _open(schema: type, word: str) -> str:
    """An override of a key inside an open mapping may add it; ``null`` among names is a name.

    Raises:
        ValueError: no such key.
    """
    key, equals, value = word.partition("=")
    if key.startswith(("hydra.", "hydra/", "-")):
        return word
    try:
        known = place(schema, key.lstrip("+~"))
    except KeyError as stranger:
        raise ValueError(misspelt(schema, *stranger.args)) from None
    if key.startswith(("+", "~")):
        return word
    if known is None:
        return f"++{word}"
    kind = get_type_hints(known[0])[known[1]]
    return f"{key}=" + NULL.sub("'null'", value) if kind == list[str] and equals else word


def place(schema: type, key: str) -> tuple[type, str, list[str]] | None:
    """Where a dotted key leads: the dataclass, the last known word, its fields. None: into an open mapping.

    Raises:
        KeyError: (word, known fields) where a word is no field.
    """
    here, words = schema, key.split(".")
    for number, word in enumerate(words):
        known = [f.name for f in fields(here)]
        if word not in known:
            raise KeyError(".".join([*words[:number], word]), known)
        kind = get_type_hints(here)[word]
        if get_origin(kind) is dict and number + 1 < len(words):
            return None
        if not is_dataclass(kind) or number + 1 == len(words):
            return here, word, known
        here = kind if isinstance(kind, type) else type(kind)
    return here, words[-1], []


def _store(verb: str, schema: type, folders: Iterable[Path]) -> dict[str, list[str]]:
    """Tell Hydra of the verb's keys and choices.   -> options by group"""
    from hydra.core.config_store import ConfigStore

    store, shelves = ConfigStore.instance(), [configs(), *folders]
    chosen = [group for group in groups_of(schema) if group != "experiment"]
    offered = {group: options(group, shelves) for group in chosen}
    for group in chosen:
        for name in unfiled(group, shelves):
            store.store(name, node(group, name), group=group, package=package(group))
    unset = [{group: None} for group in chosen if group != "agent"]  # a verb's file says which agent it begins with
    name = config_of(verb)
    store.store(f"{name}_fields", schema)
    store.store(f"{name}_schema", {"defaults": [f"{name}_fields", *unset, "_self_"]})
    return offered


def package(group: str) -> str:
    """Where an option's values go: agents are a part of the configuration, other choices are keys at its top."""
    return "agent" if group == "agent" else "_global_"


# --- errors ---------------------------------------------------------------------------------------------------------


def unknown(group: str, name: str, known: list[str]) -> str:
    """A sentence on an option that is not there."""
    return f"{group}={name} is not known; needed one of {', '.join(known)}, e.g. {group}={nearest(name, known)}"


def misspelt(schema: type, key: str, known: list[str]) -> str:
    """A sentence on a key that is not there."""
    above, _, word = key.rpartition(".")
    offered = known if above else [*known, *(group for group in groups_of(schema) if group not in known)]
    like = ".".join(filter(None, [above, nearest(word, offered)]))
    return f"{key} is not a key; needed one of {', '.join(offered)}, e.g. {like}=..."


def plain(verb: str, schema: type, arguments: list[str], error: Exception) -> str:
    """A composition error in one line: what was found, what is needed, an example."""
    for word in arguments:
        key = word.partition("=")[0]
        if word not in str(error) or key.lstrip("+~-").partition(".")[0] not in [f.name for f in fields(schema)]:
            continue
        known = place(schema, key.lstrip("+~"))
        if known is not None:
            kind, example = get_type_hints(known[0])[known[1]], shown(getattr(known[0](), known[1]))
            return f"{word}: needed {getattr(kind, '__name__', kind)}, e.g. {key}={example}"
    if "hydra/launcher/joblib" in str(error):
        return "launcher=joblib is not installed; needed pip install hydra-joblib-launcher, or launcher=here"
    first = str(error).strip().splitlines()[0]
    return f"{first}; needed key=value with a value of the key's type, e.g. `adaptlearn {verb} --cfg job` shows them"


def shown(value: Any) -> str:
    """A default as it would be typed."""
    if isinstance(value, Agent):
        return value.name
    if isinstance(value, (list, tuple)):
        return f"[{','.join(shown(v) for v in value)}]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{k}:{shown(v)}" for k, v in value.items()) + "}"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
