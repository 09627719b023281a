"""``adaptlearn worlds``: what worlds there are; with ``env=path/to/folder``, whether that one holds."""

from dataclasses import dataclass

from adaptlearn.core import shelf
from adaptlearn.core.world import World, load
from adaptlearn.envs.registry import env_id
from adaptlearn.lab.tables import show


@dataclass
class Config:
    """Keys of this verb."""

    env: str | None = None  # a world's name or a folder; null: all that ship
    format: str = "table"  # table | json
    debug: bool = False  # true: show where an error came from


def run(config: Config) -> None:
    """List worlds; a faulty one is an error that names every fault."""
    names = shelf.names("envs") if config.env is None else [config.env]
    rows = [row(name, load(name)) for name in names]
    show(
        rows,
        format=config.format,
        notes=["grade: A fitted to logs and checked on held-out learners, B fitted, C assumed from published effects"],
    )


def row(name: str, world: World) -> dict[str, object]:
    """One world in a line."""
    return {
        "world": name, "title": world.title, "grade": world.grade, "skills": len(world.skills),
        "activities": len(world.activities) - 1, "roles": len(world.roles), "days": int(world.programme.horizon_days),
        "mandatory": world.programme.mandatory,
        "gymnasium": env_id(world.name) if config_free(name) else "adaptlearn/World-v1",
    }  # fmt: skip


def config_free(name: str) -> bool:
    """Whether the name is one that ships."""
    return name in shelf.names("envs")
