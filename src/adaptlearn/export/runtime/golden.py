"""Golden decisions: what a bundle decided on the day it was made, replayed wherever it is loaded.

Each line of ``golden.jsonl`` is one call of the graph: ``given`` holds every input of one learner, ``then`` every
output. Activities stand as ids of ``catalogue.json``, or with their features where they are withdrawn or new; a
catalogue of null is ``catalogue.json`` as it stands. The lines are one learner's life: offers of several, a skip, a
substitute, an unfinished visit, a rest, something withdrawn since.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .contract import Catalogue, Contract, catalogue_of, read_activity
from .engine import Graph
from .intake import read_event, read_profile
from .luck import uniforms
from .seal import Refused

LINES = 24
PLACES = 3
CLOSE = 2e-5  #: floats may differ by this much between machines
CLEAR = 1e-3  #: luck of a golden decision is at least this far from an edge, less where activities are very many
PLAYED = ("accepted", "skipped", "substituted", "accepted", "unfinished", "rest", "withdrawn")

Arrays = dict[str, NDArray[Any]]


def compose(graph: Graph, contract: Contract, catalogue: Catalogue, listed: Sequence[Mapping[str, Any]]) -> bytes:
    """``golden.jsonl`` of a graph: a scripted life, some of its decisions from a catalogue that has since changed.

    ``listed``: the activities of ``catalogue.json``, which ``catalogue`` was read from.
    """
    lines = []
    _, profile, _ = read_profile(
        {"learner": "golden", "role": next(iter(contract.roles)), "weekly_minutes": 90}, contract
    )
    keep: Arrays = {"record": contract.newcomer[None], "profile": profile[None]}
    if contract.policy["memory_size"]:
        keep["memory"] = np.zeros((1, contract.policy["memory_size"]), np.float32)
    offered, day = ["nothing-now"], 0.0
    for step in range(LINES):
        event = None if step == 0 else _event(step, day, offered, contract, catalogue, listed)
        day += 0.75 + 2.0 * float(uniforms(0, "golden", "day", step, 1)[0])
        change = _change(listed, step) if step % 8 == 7 else None
        shelf = _shelf(change, contract, catalogue)
        given = keep | {"now": np.array([[day]], np.float32)} | _circumstances(step, contract, shelf)
        given = _clear(graph, given | _told(event, contract, catalogue, graph), step)
        then = graph(given)
        lines.append({"given": _written(given, event, change), "then": {k: _plain(v[0]) for k, v in then.items()}})
        keep |= {name.removesuffix("_after"): then[name] for name in ("record_after", "memory_after") if name in then}
        offered = [name for name in (shelf.ids[a] for a in then["choice"][0]) if name in catalogue.at]
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines).encode()


def _event(  # noqa: PLR0913
    step: int,
    day: float,
    offered: list[str],
    contract: Contract,
    catalogue: Catalogue,
    listed: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """What the golden learner did with an offer."""
    kind = PLAYED[(step - 1) % len(PLAYED)]
    shown = [name for name in offered if name != "nothing-now"]
    if kind == "rest" or not shown:
        return {"day": day, "offered": ["nothing-now"]}
    if kind == "skipped":
        return {"day": day, "offered": offered, "about": shown[-1]}
    if kind == "withdrawn":
        gone = {**listed[-1], "id": "golden-gone", "title": "Withdrawn since"}
        return {"day": day, "offered": offered, "taken": gone, "completed": True, "minutes": 9.0}
    others = [name for name in catalogue.ids[1:] if name not in offered]
    taken = others[step % len(others)] if kind == "substituted" and others else shown[step % len(shown)]
    a, done = catalogue.at[taken], kind != "unfinished"
    items = {contract.skills[k]: round(count) for k, count in catalogue.asks[a]} if done else {}
    return {
        "day": day,
        "offered": offered,
        "taken": taken,
        "about": shown[0] if kind == "substituted" else None,
        "completed": done,
        "minutes": round(0.8 * float(catalogue.minutes[a]), 1),
        "items": items,
        "correct": {skill: (count * (1 + step % 3)) // 3 for skill, count in items.items()},
        "rating": 4 if step % 2 else 0,
    }


def _change(listed: Sequence[Mapping[str, Any]], step: int) -> dict[str, Any]:
    """A catalogue after a year: every fifth activity withdrawn, one new one."""
    features = {**listed[-1]["features"], "minutes": 7.5, "assistance": 0.25}
    new = {"id": "golden-new", "title": "New this year", "features": features}
    return {"withdrawn": [one["id"] for j, one in enumerate(listed) if j and (j + step) % 5 == 0], "new": [new]}


def _shelf(change: Mapping[str, Any] | None, contract: Contract, catalogue: Catalogue) -> Catalogue:
    if change is None:
        return catalogue
    kept = [one for one in catalogue.read if one.id not in change["withdrawn"]]
    return catalogue_of([*kept, *(read_activity(one, contract, "golden") for one in change["new"])], contract)


def _circumstances(step: int, contract: Contract, shelf: Catalogue) -> Arrays:
    """Mask, history, temperature and luck of one golden decision."""
    a = len(shelf.ids)
    legal = uniforms(1, "golden", "mask", step, a) < 0.7
    legal[0] = True
    visits = np.floor(2.5 * uniforms(1, "golden", "visits", step, a)) * (uniforms(1, "golden", "seen", step, a) < 0.3)
    history = np.stack([0.5 * visits, (visits > 0) * uniforms(1, "golden", "since", step, a), visits > 0], 1)
    made = {
        "catalogue": shelf.rows,
        "history": history[None].astype(np.float32),
        "mask": legal[None],
        "temperature": np.array([contract.policy["temperature"]], np.float32),
    }
    if contract.policy["luck_size"]:
        made["thought"] = uniforms(1, "golden", "thought", step, contract.policy["luck_size"])[None]
    return made


def _told(event: dict[str, Any] | None, contract: Contract, catalogue: Catalogue, graph: Graph) -> Arrays:
    return graph.quiet(1) if event is None else dict(read_event(event, contract, catalogue, 0.0).feeds())


def _clear(graph: Graph, given: Arrays, step: int) -> Arrays:
    """The same call with luck that decides clearly: far from the edges, at every place, on any machine."""
    for attempt in range(200):
        whole = given | {"luck": uniforms(attempt, "golden", "luck", step, PLACES)[None]}
        if graph.contract.policy["temperature"] == 0.0 or _far(graph, whole):
            return whole
    raise Refused("policy", f"no clear decision at golden step {step}", "finite scores, the same each time")


def _far(graph: Graph, given: Arrays) -> bool:
    mask = given["mask"].copy()
    clear = min(CLEAR, 0.1 / mask.shape[1])
    for u in given["luck"][0]:
        then = graph(given | {"mask": mask, "luck": np.array([[u]], np.float32)})
        edges = np.concatenate([[0.0], then["probabilities"][0].astype(np.float64).cumsum()])
        if not np.isfinite(edges).all() or (np.abs(edges - u).min() < clear and mask.sum() > 1):
            return False
        mask[0, then["choice"][0, 0]] = False
    return True


def _written(given: Arrays, event: dict[str, Any] | None, change: Mapping[str, Any] | None) -> dict[str, Any]:
    """A call in the words of a file: the event in its own, the catalogue only where it has changed."""
    apart = ("happened", "offered", "taken", "about", "items", "correct", "catalogue", "mask", "history", "temperature")
    plain = {name: _plain(value[0]) for name, value in given.items() if name not in apart}
    seen = np.flatnonzero(given["history"][0].any(1))
    return {
        **plain,
        "event": event,
        "catalogue": change,
        "temperature": _plain(given["temperature"]),
        "mask": given["mask"][0].astype(int).tolist(),
        "history": {str(a): _plain(given["history"][0, a]) for a in seen},
    }


def _plain(values: NDArray[Any]) -> list[float]:
    """Numbers that read back as the same float32, written as shortly as that allows."""
    return [int(v) if values.dtype.kind == "i" else float(str(v)) for v in values]


def cases(
    blob: bytes, graph: Graph, contract: Contract, catalogue: Catalogue
) -> Iterator[tuple[int, Arrays, dict[str, Any]]]:
    """Line number, inputs and promised outputs of each golden decision.

    Raises:
        Refused: a line that is not a golden decision.
    """
    for number, line in enumerate(blob.decode("utf-8", "replace").splitlines(), 1):
        try:
            case = json.loads(line)
            given, then = _given(case["given"], graph, contract, catalogue), dict(case["then"])
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as trouble:
            raise Refused(
                f"golden.jsonl line {number}", f"{type(trouble).__name__} {trouble}", "a golden decision"
            ) from trouble
        yield number, given, then


def _given(case: dict[str, Any], graph: Graph, contract: Contract, catalogue: Catalogue) -> Arrays:
    shelf = _shelf(case["catalogue"], contract, catalogue)
    history = np.zeros((1, len(shelf.ids), 3), np.float32)
    for a, values in case["history"].items():
        history[0, int(a)] = values
    told = _told(case["event"], contract, catalogue, graph)
    plain = ("record", "profile", "now", "luck", "memory", "thought")
    rest: Arrays = {name: np.array([case[name]], np.float32) for name in plain if name in case}
    return {
        **told,
        **rest,
        "catalogue": shelf.rows,
        "history": history,
        "mask": np.array([case["mask"]], bool),
        "temperature": np.array(case["temperature"], np.float32),
    }


def replay(blob: bytes, graph: Graph, contract: Contract, catalogue: Catalogue) -> int:
    """Decide every golden case again.   -> how many

    Raises:
        Refused: a decision is no longer the one that was promised, with line and output.
    """
    count = 0
    for number, given, promised in cases(blob, graph, contract, catalogue):
        try:
            then = graph(given)
        except Exception as trouble:  # onnxruntime raises a family of its own
            raise Refused(f"golden.jsonl line {number}", str(trouble), "inputs the graph takes") from trouble
        for name, value in then.items():
            expected = np.asarray(promised.get(name, []), np.float64)
            if expected.shape != value[0].shape or not np.allclose(value[0], expected, rtol=CLOSE, atol=CLOSE):
                raise Refused(
                    f"golden.jsonl line {number} {name}",
                    _plain(value[0])[:4],
                    f"{promised.get(name, [])[:4]}, as when it was made",
                )
        count += 1
    if count == 0:
        raise Refused("golden.jsonl", "no line", "at least one golden decision")
    return count
