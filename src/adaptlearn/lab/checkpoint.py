"""A trained agent as one file: its name, its settings, its weights; and a training that may go on, as another.

Arrays and JSON, never pickle; written whole or not at all, so that whatever is killed, the last good file is there.
"""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from adaptlearn.core.keep import arrays_in, keep
from adaptlearn.core.world import World

VERSION = 1  #: of the file; moves with its meaning
BELIEF = "belief"  #: what a file calls itself that holds a belief instead of an agent
CHECKPOINT = "a checkpoint written by `adaptlearn train`, e.g. to=agent.npz"
STATE = "the state of a training that was cut off, e.g. adaptlearn train without resume"


def save(path: str | Path, policy: Any, name: str, settings: dict[str, Any], about: dict[str, Any]) -> Path:
    """Write weights and what they belong to, whole or not at all."""
    head = {"version": VERSION, "name": name, "settings": settings, "about": about}
    if hasattr(policy, "shown"):  # it reads views as a belief shows them, and carries the belief with it
        head["belief"] = policy.shown.belief.shape
    arrays = {f"weight/{key}": value.detach().cpu().numpy() for key, value in policy.state_dict().items()}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, head=np.array(json.dumps(head, sort_keys=True)), **arrays)
    return keep(path, buffer.getvalue())


def read(path: str | Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a checkpoint says of itself, and its weights.

    Raises:
        ValueError: not a checkpoint, or one of another version.
    """
    stored = arrays_in(path, CHECKPOINT)
    head = _head(stored)
    weights = {key.removeprefix("weight/"): value for key, value in stored.items() if key.startswith("weight/")}
    if head.get("version") != VERSION:
        raise ValueError(f"{path}: version {head.get('version')}; needed {VERSION}, e.g. one trained with this release")
    return head, weights


def trained_in(path: str | Path, world: World) -> dict[str, str]:
    """The room a kept agent was trained in, as a comparison names its rooms; none if it was another world."""
    about = read(path)[0]["about"]
    return {} if about.get("world") != world.name else {k: about[k] for k in ("law", "meshing", "catalogue")}


def load(path: str | Path, world: World) -> Any:
    """The agent, made for a world and given its weights.

    Raises:
        ValueError: the weights belong to another world's skills.
    """
    from adaptlearn.agents import shelf

    head, weights = read(path)
    if head["name"] == BELIEF:
        raise ValueError(f"{path} is a belief, no agent; needed an agent that reads it, e.g. "
                         f"adaptlearn train agent=mastery belief={path}")  # fmt: skip
    policy = shelf.build(head["name"], world, **head["settings"])
    if "belief" in head:
        from adaptlearn.agents.belief import Belief
        from adaptlearn.agents.believing import Believing

        policy = Believing(policy, Belief.for_world(world, **head["belief"]))
    return given(policy, weights, path, head, world)


def load_belief(path: str | Path, world: World) -> Any:
    """A belief that was trained here or in another world, made for this one's skills.

    Raises:
        ValueError: an agent's file, or no checkpoint.
    """
    from adaptlearn.agents.belief import Belief

    head, weights = read(path)
    if head["name"] != BELIEF:
        raise ValueError(f"{path} is an agent, {head['name']}; needed a belief, e.g. one that adaptlearn belief train "
                         "to=belief.npz wrote")  # fmt: skip
    return given(Belief.for_world(world, **head["settings"]), weights, path, head, world)


def given(net: Any, weights: dict[str, Any], path: str | Path, head: dict[str, Any], world: World) -> Any:
    """The network with its weights.

    Raises:
        ValueError: another world's, or another release's.
    """
    import torch

    try:
        net.load_state_dict({key: torch.from_numpy(value.copy()) for key, value in weights.items()})
    except RuntimeError as error:
        name, trained = head["name"], head["about"].get("world", "another world")
        why, remedy = f"was trained on {trained}", f"adaptlearn train agent={name} env={world.name}"
        if trained == world.name:
            why, remedy = f"holds other weights than {name} has in this release", f"adaptlearn train agent={name}"
        raise ValueError(f"{path} {why}; needed an agent of {world.name}, e.g. {remedy}") from error
    return net


def keep_state(path: str | Path, arrays: dict[str, Any], about: dict[str, Any]) -> Path:
    """Write a training's state and what it belongs to."""
    head = json.dumps({"version": VERSION, "about": about}, sort_keys=True)
    buffer = io.BytesIO()
    np.savez(buffer, head=np.array(head), **arrays)
    return keep(path, buffer.getvalue())


def read_state(path: str | Path, about: dict[str, Any]) -> dict[str, Any]:
    """A training's state, if it belongs to this training.

    Raises:
        ValueError: not a state, or one of a training with other settings; the first that differs is named.
    """
    arrays = arrays_in(path, STATE)
    head = _head(arrays)
    begun = head.get("about", {}) | {"version": head.get("version")}
    for name, value in json.loads(json.dumps(about | {"version": VERSION})).items():
        if begun.get(name) != value:
            raise ValueError(f"{path}: it was begun with {name} = {begun.get(name)}, not {value}; needed the same, "
                             f"e.g. {name}={begun.get(name)}")  # fmt: skip
    return arrays


def _head(stored: dict[str, Any]) -> dict[str, Any]:
    """What a file says of itself, taken out of its arrays; nothing where it is not one of ours."""
    return dict(json.loads(str(stored.pop("head")))) if "head" in stored else {}
