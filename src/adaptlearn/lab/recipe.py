"""A run's recipe: everything of its configuration that its result depends on, as YAML and as a hash."""

import hashlib
import json
from dataclasses import asdict, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from adaptlearn.core import shelf

#: of a configuration, what changes no number
ASIDE = ("store", "project", "track", "system_metrics", "debug", "format", "threads", "compute", "cluster", "resume")


def recipe(config: Any) -> dict[str, Any]:
    """The resolved configuration: what was asked for, without where it went and who watched."""
    aside = (*ASIDE, *(f.name for f in fields(config) if f.metadata.get("written")))
    return {key: value for key, value in asdict(config).items() if key not in aside}


def as_yaml(config: Any) -> str:
    """The same as YAML."""
    from omegaconf import OmegaConf

    return OmegaConf.to_yaml(OmegaConf.create(recipe(config)))


def digest(verb: str, config: Any) -> str:
    """Twelve hexadecimal digits that two runs share if they were asked for the same."""
    return short({"verb": verb, **recipe(config)})


def short(content: Any) -> str:
    """Twelve digits of a hash of anything that is JSON."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:12]


@lru_cache
def code() -> str:
    """Twelve digits of a hash of the package's own text: what ran, whether or not it was committed."""
    content = hashlib.sha256()
    for path in sorted(p for p in shelf.PACKAGE.rglob("*") if p.suffix in (".py", ".toml")):
        content.update(path.relative_to(shelf.PACKAGE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return content.hexdigest()[:12]


def digest_of(path: Path) -> str:
    """Twelve digits of a hash of a file, or of the files of a folder."""
    content = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]:
        content.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return content.hexdigest()[:12]


def flat(nested: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as dotted names."""
    out: dict[str, Any] = {}
    for key, value in nested.items():
        out |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return out
