"""A decision as one ONNX graph, and nothing in it that speaks of the machine it was made on.

    record_after = happened anywhere? observe : record        (If)
    look -> the policy's scores -> draw each place of the slate    (Loop)

All but the policy is written by ``ops.Sheet`` from the lines that torch reads too. The policy's own nodes come from
torch's exporter, which puts stack traces with paths into node metadata and names values by counters: only operations,
attributes and constants are taken over, under names of our own.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from adaptlearn.export import sampler
from adaptlearn.export.ops import Sheet
from adaptlearn.export.ports import Port
from adaptlearn.export.record import Event, Keeper

PORT = "port."  #: before the names of the policy's inputs and outputs, where the exporter's own might meet them
KINDS = {"float32": TensorProto.FLOAT, "bool": TensorProto.BOOL, "int64": TensorProto.INT64}


def joined(
    tracer: NDArray[np.float32],
    policy: onnx.ModelProto,
    inputs: tuple[Port, ...],
    outputs: tuple[Port, ...],
    opset: int,
) -> bytes:
    """The whole graph as bytes. ``policy`` meets it by the names view, catalogue, history, memory, thought, scores."""
    main = Sheet("main", {})
    _observed(main, tracer)
    view, mastery, preference = Keeper(tracer, main).view(*map(main.value, ("record_after", "profile", "now")))
    for value, name in ((view, "view"), (mastery, "mastery"), (preference, "preference")):
        main.called(value, name)
    constants = _policy(main, policy)
    _slate(main)
    asked = set(_asked(main.nodes))
    constants += [constant for constant in main.constants.values() if constant.name in asked]
    graph = helper.make_graph(main.nodes, "decision", list(map(_value, inputs)), list(map(_value, outputs)), constants)
    opsets = [helper.make_opsetid("", opset)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10, producer_name="adaptlearn")
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def _observed(main: Sheet, tracer: NDArray[np.float32]) -> None:
    """The record after the event, or as it was where nothing happened to anybody."""
    seen, same = Sheet("observe", main.constants), Sheet("same", main.constants)
    event = Event(*(seen.value(name) for name in Event._fields))
    seen.called(Keeper(tracer, seen).observe(seen.value("record"), event), "record_seen")
    same.called(same.value("record"), "record_same")
    happened = main.one("ReduceMax", main.one("Gather", main.value("happened"), 0, axis=1), keepdims=0)
    branches = {"then_branch": _inner(seen, [], ["record_seen"]), "else_branch": _inner(same, [], ["record_same"])}
    main.do("If", [happened > 0.5], ["record_after"], **branches)


def _slate(main: Sheet) -> None:
    """Places drawn one after the other: as many as there are columns of luck."""
    legal, floor = sampler.admitted(main, main.value("scores"), main.value("mask"))
    place = Sheet("place", main.constants)
    u = place.one("Unsqueeze", place.one("Gather", place.value("luck"), place.value("at"), axis=1), [1])
    drawn = sampler.draw(place, place.value("legal_now"), place.value(floor.name), place.value("temperature"), u)
    place.called(place.value("going"), "still")
    names = ("legal_next", "drawn", "chance", "chances")
    for value, name in zip(drawn, names, strict=True):
        place.called(value, name)
    scalars = [helper.make_tensor_value_info("at", KINDS["int64"], []), _free("going", "bool", [])]
    body = _inner(place, [*scalars, _free("legal_now")], ["still", *names])
    trips = main.one("Squeeze", main.one("Shape", main.value("luck"), start=1, end=2))
    _, choices, chances, all_chances = main.do("Loop", [trips, True, legal], 4, body=body)
    for value, name in ((choices, "choice"), (chances, "propensity")):
        main.do("Transpose", [main.one("Squeeze", value, [2])], [name], perm=[1, 0])
    main.do("Gather", [all_chances, 0], ["probabilities"], axis=0)


def _inner(sheet: Sheet, inputs: list[onnx.ValueInfoProto], outputs: list[str]) -> onnx.GraphProto:
    kinds = {"still": "bool", "drawn": "int64"}
    return helper.make_graph(
        sheet.nodes, sheet.name, inputs, [_free(name, kinds.get(name, "float32")) for name in outputs]
    )


def _policy(main: Sheet, model: onnx.ModelProto) -> list[onnx.TensorProto]:
    """The exporter's nodes under names of our own.   -> its constants"""
    graph, constants = model.graph, []
    names = {value.name: value.name.removeprefix(PORT) for value in (*graph.input, *graph.output)} | {"": ""}
    for tensor in graph.initializer:
        names[tensor.name] = f"policy_c{len(names)}"
        constants.append(numpy_helper.from_array(numpy_helper.to_array(tensor), names[tensor.name]))
    for at, node in enumerate(graph.node):
        for output in node.output:
            names.setdefault(output, f"policy_v{len(names)}")
        inputs, outputs = ([names[name] for name in side] for side in (node.input, node.output))
        copy = helper.make_node(node.op_type, inputs, outputs, f"policy_{at}")
        copy.attribute.extend(node.attribute)
        main.nodes.append(copy)
    return constants


def _asked(nodes: Iterable[onnx.NodeProto]) -> Iterator[str]:
    """Every name that a node takes in, inner graphs included."""
    for node in nodes:
        yield from node.input
        for attribute in node.attribute:
            yield from _asked(attribute.g.node)


def _free(name: str, kind: str = "float32", shape: list[int] | None = None) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, KINDS[kind], shape)


def _value(port: Port) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(port.name, KINDS[port.kind], list(port.shape))
