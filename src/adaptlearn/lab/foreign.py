"""What comes from outside: packages that bring laws, agents, rewards and worlds, and configs written by others.

A package offers its things through the entry points ``adaptlearn.laws``, ``.agents``, ``.rewards``, ``.worlds``; they
are then named like our own. One that offers nothing can be named by module, ``law=my_package.my_law``, if
``allow=[my_package]`` says so.

A config from a run, a bundle or a checkpoint is **data**. It may name what adaptlearn has; what belongs to another
package is imported only if the caller, not the config, allows that package.
"""

import re
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any

OURS = "adaptlearn"
KINDS = {"law": "laws", "laws": "laws", "reward": "rewards", "agents": "agents", "baseline": "agents", "env": "worlds"}
DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")


def module_named(name: Any, allow: Sequence[str]) -> ModuleType | None:
    """The module that a dotted name stands for; None for a name of a shelf.

    Raises:
        ValueError: a package that is not allowed, or no such module.
    """
    if not isinstance(name, str) or not DOTTED.fullmatch(name):
        return None
    package = name.partition(".")[0]
    if package not in (*allow, OURS):
        raise ValueError(f"{name} belongs to {package}, which is not allowed here; needed e.g. allow=[{package}]")
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise ValueError(f"{name}: {error}; needed a module of an installed package, e.g. my_package.my_law") from error


def agent_offered(name: str, allow: Sequence[str]) -> Any:
    """What another package offers under an agent's name: a module with ``make`` and, if it learns, ``Settings`` and
    ``train(rules, classroom, seed, settings, progress=)``. None for ours.
    """
    point = next((point for point in entry_points(group=f"{OURS}.agents") if point.name == name), None)
    return module_named(name, allow) if point is None else point.load()


def refuse_strangers(config: Any, source: str, allow: Sequence[str]) -> None:
    """Nothing, if a foreign config names only what is ours or allowed; it is read, never built.

    Raises:
        ValueError: a ``_target_``, a dotted name or an entry point of another package.
    """
    for key, value in leaves(config):
        word = key.rpartition(".")[2]
        owner = None
        if word == "_target_":
            owner = str(value).partition(".")[0]
        elif isinstance(value, str):
            kind = "agents" if key == "agent.name" else KINDS.get(re.sub(r"\.\d+$", "", key))
            owner = owner_of(value, kind) if kind else None
        if owner is not None and owner not in (OURS, *allow):
            raise ValueError(
                f"{source}: {key} = {value} would run code of {owner}; a foreign config may name what adaptlearn "
                f"has. If you trust that package: allow=[{owner}]"
            )


def owner_of(name: str, kind: str) -> str | None:
    """The package that a law, agent, reward or world belongs to; None for ours and for folders."""
    for point in entry_points(group=f"{OURS}.{kind}"):
        if point.name == name:
            return point.module.partition(".")[0]
    return name.partition(".")[0] if kind != "worlds" and DOTTED.fullmatch(name) else None


def leaves(config: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a nested config, under its dotted key."""
    items = config.items() if isinstance(config, dict) else enumerate(config) if isinstance(config, list) else ()
    if not isinstance(config, (dict, list)):
        yield prefix, config
    for key, value in items:
        yield from leaves(value, f"{prefix}.{key}" if prefix else str(key))
