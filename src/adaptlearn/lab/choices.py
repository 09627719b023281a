"""What can be chosen by name on the command line, in the order a newcomer needs it.

A choice is a Hydra group. Its options are the files of ``configs/<group>/`` and the names on a shelf (worlds,
laws, agents), so that a new world needs no YAML. Where a group says what else it takes, any other value is taken as it
is: ``env=path/to/folder``.
"""

from collections.abc import Callable, Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

from adaptlearn.core import shelf


class Group(NamedTuple):
    """One choice."""

    line: str
    named: Callable[[], Iterable[str]] = tuple  # options that need no file
    other: str = ""  # what else may be given; empty: nothing
    like: str = "(?!)"  # what that looks like, as a pattern; as it stands, nothing does


def _experiments() -> list[str]:
    return [name for name in shelf.names("experiments") if (shelf.where(name, "experiments") / "config.yaml").exists()]


def _laws() -> list[str]:
    from adaptlearn.laws import shelf as laws

    return laws.names()


def _agents() -> list[str]:
    from adaptlearn.agents import shelf as agents

    return agents.names()


def _meshings() -> list[str]:
    from adaptlearn.classroom.packing import MESHING

    return list(MESHING)


def _catalogues() -> list[str]:
    from adaptlearn.core.world import CATALOGUES

    return list(CATALOGUES)


def _decides() -> list[str]:
    from adaptlearn.classroom.layout import DECIDES

    return list(DECIDES)


def _rewards() -> list[str]:
    from adaptlearn.envs.registry import reward_names

    return reward_names()


MODULE, DOTTED = "a module of yours, with allow=[its_package]", r"\w+(\.\w+)+"
GROUPS = {
    "experiment": Group("a question of experiments/, with all its choices", _experiments, "a folder", ".+"),
    "env": Group("the world: what is taught", shelf.names, "a folder of your own", ".+"),
    "agent": Group(
        "who decides what is offered; agent.settings.key=value changes one",
        _agents,
        f"the file of a trained one, or {MODULE}",
        DOTTED + r"|.+\.npz",
    ),  # fmt: skip
    "law": Group("how minds learn and forget", _laws, MODULE, DOTTED),
    "population": Group(
        "who the learners are",
        lambda: ("null",),
        "a population.toml, or a posterior that calibrate kept; null: the world's own",
        ".+",
    ),  # fmt: skip
    "meshing": Group(
        "whether matching a format to a stated style helps",
        _meshings,
        "another strength, e.g. stated:1.5 or aptitude:2",
        r"\w+:.+",
    ),
    "catalogue": Group("how far the catalogue is from the truth", _catalogues),
    "decides": Group("who picks from what is offered", _decides, "null: as the world says", "null"),
    "reward": Group("what a step is worth", _rewards, MODULE, DOTTED),
    "compute": Group("where lives are computed", lambda: ("here", "ray")),
    "tracking": Group("where the run is recorded"),
    "sweep": Group("what is varied: with -m, or by tune"),
    "launcher": Group("where the jobs of a sweep run, with -m"),
    "debug": Group("small and talkative", lambda: ("true", "false")),
}
BARE = ("experiment", "tracking", "sweep", "launcher", "debug")  #: groups that are keys of no verb, or keys besides


def groups_of(schema: type) -> list[str]:
    """The choices a verb has: those that are keys of it, and the bare ones where it has a world to run in."""
    keys = {f.name for f in fields(schema)}
    runs = {"env", "law"} <= keys
    return [name for name in GROUPS if (runs if name in BARE else name in keys)]


def options(group: str, folders: Iterable[Path]) -> list[str]:
    """What a group offers, sorted within shelf and files.   folders: of YAML, each with one folder a group"""
    files = [file.stem for folder in folders for file in sorted((folder / group).glob("*.yaml"))]
    return list(dict.fromkeys([*GROUPS[group].named(), *files]))


def unfiled(group: str, folders: Iterable[Path]) -> list[str]:
    """Options that no file describes."""
    return [name for name in GROUPS[group].named() if not any((f / group / f"{name}.yaml").exists() for f in folders)]


def node(group: str, value: Any) -> Any:
    """The configuration an option without a file stands for."""
    if group == "agent":
        return {"name": value}
    return {group: {"true": True, "false": False, "null": None if group != "meshing" else "null"}.get(value, value)}
