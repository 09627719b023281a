"""What a bundle holds and how two differ, as rows for people."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .contract import Contract, read_catalogue, read_contract, read_json
from .engine import Graph
from .golden import cases
from .seal import SUMS, checksum, read_folder
from .verbs import Runtime

Row = dict[str, object]
MOST_ROWS = 12  #: differences spelled out for one file


def checked(folder: str | Path) -> tuple[Runtime, list[Row]]:
    """Every check of a bundle, one row each; the first that fails is raised.

    Raises:
        Refused: changed, cut short, foreign, of another version, or no longer deciding as it did.
    """
    runtime = Runtime.load(folder)
    files = read_folder(folder)
    lines = files["golden.jsonl"].count(b"\n")
    return runtime, [
        {"check": "checksums", "holds": f"{len(files)} files, none changed"},
        {"check": "contract", "holds": f"format {runtime.contract['format_version']}, record "
         f"{runtime.contract['record_version']}, opset {runtime.contract['opset']}"},
        {"check": "graph", "holds": f"{len(runtime.contract['inputs'])} inputs and "
         f"{len(runtime.contract['outputs'])} outputs as promised"},
        {"check": "rules", "holds": f"{len(runtime.shelf.catalogue.ids) - 1} activities, every rule names one of them"},
        {"check": "golden decisions", "holds": f"{lines} of {lines} decided again"},
    ]  # fmt: skip


def shown(folder: str | Path) -> list[Row]:
    """What a bundle is, what it was made for and how large it is.

    Raises:
        Refused: not a bundle, or one that was changed.
    """
    files = read_folder(folder)
    contract = read_contract(files["contract.json"])
    policy, world, programme = contract.policy, contract["world"], contract.programme
    activities = json.loads(files["catalogue.json"])["activities"]
    terms = f"{'mandatory' if programme['mandatory'] else 'voluntary'}, decides = {programme['decides']}"
    head = "takes the best" if policy["temperature"] == 0 else f"draws at temperature {policy['temperature']:g}"
    return [
        {"what": "policy", "value": f"{policy['name']} {policy['version']}, {head}"},
        {"what": "world", "value": f"{world['name']} {world['version']}, grade {world['grade']}: {world['title']}"},
        {"what": "made for", "value": f"{len(contract.skills)} skills, {len(activities) - 1} activities, roles "
         f"{', '.join(contract.roles)}"},
        {"what": "programme", "value": f"{programme['horizon_days']:g} days, check on day "
         f"{programme['retention_day']:g}, {terms}"},
        {"what": "keeps", "value": f"{len(contract.newcomer)} floats and {policy['memory_size']} of memory a learner"},
        {"what": "files", "value": f"{sum(map(len, files.values())) / 1024:.0f} KiB in {len(files)}"},
        {"what": "seal", "value": checksum((Path(folder) / SUMS).read_bytes())[:16]},
    ]  # fmt: skip


def differences(one: str | Path, other: str | Path) -> list[Row]:
    """Where two bundles differ: files, contract, catalogue, rules, and golden decisions of one decided by the other.

    Raises:
        Refused: one of them is not a bundle, or was changed.
    """
    ours, theirs = read_folder(one), read_folder(other)
    rows: list[Row] = []
    for name in sorted({*ours, *theirs}):
        if ours.get(name) != theirs.get(name):
            rows += _of_file(name, ours.get(name), theirs.get(name))
    if rows:
        rows += _decisions(ours, theirs)
    return rows


def _of_file(name: str, ours: bytes | None, theirs: bytes | None) -> list[Row]:
    if ours is None or theirs is None:
        return [_row(name, "", "there" if ours else "not there", "there" if theirs else "not there")]
    if name == "catalogue.json":
        a, b = ({one["id"]: one for one in json.loads(blob)["activities"]} for blob in (ours, theirs))
    elif name.endswith(".json"):
        a, b = json.loads(ours), json.loads(theirs)
    elif name.endswith(".toml"):
        a, b = (dict(re.findall(r"^(\w+) = (.*?)(?:  #.*)?$", blob.decode(), re.MULTILINE)) for blob in (ours, theirs))
    else:
        return [
            _row(name, "", f"{len(ours)} bytes, {checksum(ours)[:8]}", f"{len(theirs)} bytes, {checksum(theirs)[:8]}")
        ]
    rows = [_row(name, place, x, y) for place, x, y in _unequal(a, b)] or [_row(name, "", "other spelling", "")]
    more = len(rows) - MOST_ROWS
    return rows if more <= 0 else [*rows[:MOST_ROWS], _row(name, f"and {more} more", "", "")]


def _unequal(a: Any, b: Any, place: str = "") -> Iterator[tuple[str, object, object]]:
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        for key in dict.fromkeys([*a, *b]):
            yield from _unequal(a.get(key, "not there"), b.get(key, "not there"), f"{place}.{key}" if place else key)
    elif a != b:
        yield place, a, b


def _row(file: str, place: str, ours: object, theirs: object) -> Row:
    return {"file": file, "field": place, "first": _short(ours), "second": _short(theirs)}


def _short(value: object, most: int = 48) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _decisions(ours: Mapping[str, bytes], theirs: Mapping[str, bytes]) -> list[Row]:
    """How many of the first one's golden decisions the second one makes too, where it reads the same inputs."""
    one, other = (read_contract(files["contract.json"]) for files in (ours, theirs))
    if one["inputs"] != other["inputs"]:
        return [_row("golden.jsonl", "first choice", "not comparable: the graphs ask for other inputs", "")]
    same, lines = _agreement(ours, one, Graph(theirs["policy.onnx"], other))
    return [_row("golden.jsonl", "first choice", f"{lines} decisions", f"{same} of them alike")]


def _agreement(files: Mapping[str, bytes], contract: Contract, graph: Graph) -> tuple[int, int]:
    catalogue = read_catalogue(read_json("catalogue.json", files["catalogue.json"]), contract)
    whole = list(cases(files["golden.jsonl"], graph, contract, catalogue))
    same = sum(int(graph(given)["choice"][0, 0]) == then["choice"][0] for _, given, then in whole)
    return same, len(whole)


__all__ = ["checked", "differences", "shown"]
