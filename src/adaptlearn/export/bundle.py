"""A policy and its world as a folder that proves itself: graph, contract, catalogue, rules, golden decisions, card.

The same policy gives the same bytes in any folder; there is no date, no path and no pickle in it.
"""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from adaptlearn.core.catalogue import ITEMS_SCALE
from adaptlearn.core.record import AXES, PER_SKILL, PROFILE, TOTALS, VERSION, ViewSpec
from adaptlearn.core.world import World
from adaptlearn.export import card, graph, ports
from adaptlearn.export.graph import NotExportable
from adaptlearn.export.record import HAPPENED
from adaptlearn.export.runtime import Runtime, contract, golden, luck, seal
from adaptlearn.export.runtime.engine import Graph
from adaptlearn.export.sampler import temperature_of

Liking = tuple[ArrayLike, ArrayLike]  # mean and sd of what people prefer, each [8]
CLOSE = 1e-5  #: torch and onnxruntime may differ by this much on a golden decision

REFUSES = (
    "files that were changed or cut short; another format_version or record_version; a graph with other inputs",
    "skills other than those below: activities may change, skills are fixed",
    "a profile, event, catalogue or record with an unknown or impossible field: the field is named",
    "events about an activity that is in no catalogue, unless the event brings its features",
)

__all__ = ["NotExportable", "activity_of", "catalogue_of", "check", "contract_of", "files_of", "rules_of", "write"]


def write(
    policy: Any,
    world: World,
    to: str | Path,
    *,
    mandatory: bool | None = None,
    decides: str | None = None,
    about: Mapping[str, str] | None = None,
    report: Mapping[str, Any] | None = None,
    liking: Liking | None = None,
) -> Path:
    """Export a policy as a bundle.

    Args:
        policy: a torch policy (``core.policy``); ceilings are refused.
        world: as declared; its activities become the bundle's catalogue.
        to: the folder, new or a bundle to be replaced; it appears whole or not at all.
        mandatory, decides: what the policy was trained under; None takes the world's own.
        about: lines for the card, e.g. ``{"trained on": "onboarding-v1, workplace law, 2 M decisions"}``; no paths.
        report: evaluation before a pilot, kept as ``report.json``; ``rows`` of it are shown on the card.
        liking: where the belief over formats starts, e.g. ``Posterior.liking()``; None: where nothing is known.

    Returns:
        The folder.

    Raises:
        NotExportable: the policy cannot become a graph, or decides otherwise there than in torch.
        Refused: the place is taken by something that is not a bundle.
    """
    files = files_of(policy, world, mandatory=mandatory, decides=decides, about=about, report=report, liking=liking)
    return seal.write_folder(to, files)


def files_of(
    policy: Any,
    world: World,
    *,
    mandatory: bool | None = None,
    decides: str | None = None,
    about: Mapping[str, str] | None = None,
    report: Mapping[str, Any] | None = None,
    liking: Liking | None = None,
) -> dict[str, bytes]:
    """The files of a bundle, before they are sealed."""
    blob = graph.to_onnx(policy, world.tracer, world.features.shape[1])
    promise = contract_of(policy, world, mandatory, decides, liking)
    activities = catalogue_of(world)
    files = {
        "policy.onnx": blob,
        "contract.json": _json(promise),
        "catalogue.json": _json(activities),
        "rules.toml": rules_of(world).encode(),
    }
    read = contract.read_contract(files["contract.json"])
    catalogue = contract.read_catalogue(activities, read)
    if not np.array_equal(catalogue.rows, world.features):
        raise NotExportable(
            "the catalogue did not survive its own file; needed finite features, with nothing now as row 0"
        )
    engine = Graph(blob, read)
    files["golden.jsonl"] = golden.compose(engine, read, catalogue, activities["activities"])
    _agrees(policy, world, files["golden.jsonl"], engine, read, catalogue)
    files["card.md"] = card.text(promise, world, dict(about or {}), report).encode()
    if report is not None:
        files["report.json"] = _json(report)
    return files


def _agrees(
    policy: Any, world: World, blob: bytes, engine: Graph, read: contract.Contract, catalogue: contract.Catalogue
) -> None:
    """Torch decides every golden case as the graph does."""
    import torch

    training, decision = policy.training, graph.Decision(policy, world.tracer)
    policy.eval()
    try:
        with torch.inference_mode():
            for number, given, _ in golden.cases(blob, engine, read, catalogue):
                ours = decision({name: torch.from_numpy(np.array(value)) for name, value in given.items()})
                for name, theirs in engine(given).items():
                    if not np.allclose(ours[name].numpy(), theirs, rtol=CLOSE, atol=CLOSE):
                        raise NotExportable(
                            f"{policy.name}: {name} of golden decision {number} differs between torch and the graph; "
                            "needed a policy without luck of its own, e.g. one that draws from its input luck"
                        )
    finally:
        policy.train(training)


def contract_of(
    policy: Any, world: World, mandatory: bool | None = None, decides: str | None = None, liking: Liking | None = None
) -> dict[str, Any]:
    """What the bundle promises, as it stands in ``contract.json``."""
    programme, n, f = world.programme, len(world.skills), world.features.shape[1]
    outputs = ports.outputs_of(n, policy.memory_size)
    return {
        "format": contract.FORMAT,
        "format_version": contract.FORMAT_VERSION,
        "record_version": VERSION,
        "opset": graph.OPSET,
        "policy": {
            "name": str(policy.name),
            "version": str(policy.version),
            "temperature": short(temperature_of(policy)),
            "memory_size": int(policy.memory_size),
            "luck_size": int(policy.luck_size),
        },
        "programme": {
            "mandatory": bool(programme.mandatory if mandatory is None else mandatory),
            "decides": decides or programme.decides,
            "offer_size": programme.offer_size,
            "horizon_days": programme.horizon_days,
            "retention_day": programme.retention_day,
            "repeats": programme.repeats,
        },
        **_world_of(world),
        "inputs": [_port(port) for port in ports.inputs_of(n, f, policy.memory_size, policy.luck_size)],
        "outputs": [_port(port) for port in outputs],
        **_layout_of(world, liking),
        "luck": luck.RECIPE,
        "refuses": list(REFUSES),
    }


def _world_of(world: World) -> dict[str, Any]:
    """Whom and what a policy was made for."""
    told = ("name", "title", "job", "version", "grade")
    skills = [{"id": s.id, "title": s.title, "requires": list(s.requires), "iri": s.iri} for s in world.skills]
    roles = [{"id": role.id, "title": role.title, "targets": dict(world.counting(role))} for role in world.roles]
    return {"world": {name: getattr(world, name) for name in told}, "skills": skills, "roles": roles}


def _layout_of(world: World, liking: Liking | None) -> dict[str, Any]:
    """What stands where in the graph's arrays."""
    spec = ViewSpec(len(world.skills))
    return {
        "happened_names": list(HAPPENED),
        "profile_names": list(PROFILE),
        "preference_names": list(AXES),
        "feature_names": list(world.feature_names),
        "items_scale": ITEMS_SCALE,
        "rest": activity_of(world, 0)["features"],
        "record": {"per_skill": list(PER_SKILL), "format": ["mean", "variance"], "totals": list(TOTALS)},
        "view": [{"name": name, "size": size} for name, size in spec.segments()],
        "newcomer": [short(v) for v in spec.newcomer(world.tracer, liking)],
    }


def _port(port: ports.Port) -> dict[str, Any]:
    return {"name": port.name, "type": port.kind, "shape": list(port.shape), "meaning": port.meaning}


def activity_of(world: World, a: int) -> dict[str, Any]:
    """One row of a catalogue as ``catalogue.json`` writes it: features that are not 0, by name."""
    activity = world.activities[a]
    features = {name: short(v) for name, v in zip(world.feature_names, world.features[a], strict=True) if v != 0.0}
    made: dict[str, Any] = {"id": activity.id, "title": activity.title, "features": features}
    opens, closes = world.windows[a]
    if np.isfinite(closes):
        made |= {"opens": short(opens), "closes": short(closes)}
    if not world.weekdays[a].all():
        made["weekdays"] = np.flatnonzero(world.weekdays[a]).tolist()
    return made


def catalogue_of(world: World) -> dict[str, Any]:
    """A world's activities as ``catalogue.json``: what :meth:`Runtime.shelve` reads when a catalogue has changed."""
    return {
        "format_version": contract.FORMAT_VERSION,
        "activities": [activity_of(world, a) for a in range(len(world.activities))],
    }


def rules_of(world: World) -> str:
    """``rules.toml``: what the learning department decided."""
    rules = world.rules

    def days(pairs: tuple[tuple[str, float], ...]) -> str:
        return "{ " + ", ".join(f"{json.dumps(name)} = {short(day)}" for name, day in pairs) + " }" if pairs else "{}"

    gates = ", ".join(f"{json.dumps(name)} = {json.dumps(gate)}" for name, gate in rules.after)
    after = (
        f"after = {{ {gates} }}  # offered only once the gate was taken, or passed if it has a mark\n" if gates else ""
    )
    shares = ", ".join(f"{json.dumps(name)} = {mark!r}" for name, mark in rules.pass_mark)
    marks = f"pass_mark = {{ {shares} }}  # share of its items right in one visit\n" if shares else ""
    live = "" if rules.live_per_week is None else f"live_per_week = {rules.live_per_week}\n"
    text = (
        "# What the learning department decided: a mask, so it can be changed without retraining. Give another file\n"
        "# like this one to load(..., rules=...), or weigh it first: adaptlearn evaluate rules=this-file.toml\n"
        "[rules]\n"
        f"excluded = {json.dumps(list(rules.excluded))}  # never offered\n"
        f"not_before = {days(rules.not_before)}  # first day on which it may begin\n"
        f"due = {days(rules.due)}  # day by which it should be taken: time is kept for it\n"
        f"pinned = {json.dumps(list(rules.pinned))}  # while one of these may be offered, nothing else is\n"
        f"repeats = {world.programme.repeats}  # most times one learner may take one activity\n"
        "# live_per_week = 2: most live activities in a week, none of them twice in it; without the line, any number\n"
        f"{live}{after}{marks}"
    )
    tomllib.loads(text)
    return text


def check(folder: str | Path) -> Runtime:
    """Load a bundle with every check; what comes back is ready to recommend.

    Raises:
        Refused: changed, cut short, foreign, of another version, or no longer deciding as it did.
    """
    return Runtime.load(folder)


def short(value: Any) -> float:
    """A number that reads back as the same float32, written as shortly as that allows."""
    return float(str(np.float32(value)))


def _json(data: Mapping[str, Any]) -> bytes:
    return (json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
