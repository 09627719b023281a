"""The graph of a bundle, run by onnxruntime on one CPU thread."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from .contract import Contract
from .seal import Refused

KINDS = {"tensor(float)": "float32", "tensor(bool)": "bool", "tensor(int64)": "int64"}


class Graph:
    """``policy.onnx``, checked against its contract; safe to run from many threads at once.

    Raises:
        Refused: not a graph onnxruntime reads, or its inputs and outputs are not those of the contract.
    """

    def __init__(self, blob: bytes, contract: Contract):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self.session = onnxruntime.InferenceSession(blob, options, providers=["CPUExecutionProvider"])
        except Exception as trouble:  # onnxruntime raises a family of its own
            raise Refused("policy.onnx", str(trouble), "a graph that onnxruntime reads") from trouble
        self._require("inputs", self.session.get_inputs(), contract["inputs"])
        self._require("outputs", self.session.get_outputs(), contract["outputs"])
        self.names = [value.name for value in self.session.get_outputs()]
        self.contract, self._quiet = contract, _nothing(contract)

    def _require(self, side: str, found: Any, promised: Any) -> None:
        try:
            wanted = [(port["name"], port["type"], list(port["shape"])) for port in promised]
        except (KeyError, TypeError) as trouble:
            raise Refused(
                f"contract.json {side}", f"{type(trouble).__name__} {trouble}", "name, type and shape of each"
            ) from trouble
        here = [(value.name, KINDS.get(value.type, value.type), list(value.shape)) for value in found]
        for one, other in zip(here, wanted, strict=False):
            if one != other:
                raise Refused(f"policy.onnx {side}", one, f"{other}, as contract.json promises")
        if len(here) != len(wanted):
            raise Refused(f"policy.onnx {side}", f"{len(here)} of them", f"{len(wanted)}, as contract.json promises")

    def __call__(self, feeds: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Outputs by name."""
        return dict(zip(self.names, self.session.run(self.names, dict(feeds)), strict=True))

    def quiet(self, n: int) -> dict[str, NDArray[Any]]:
        """Inputs of an event that did not happen, for n learners; read-only, as they are shared."""
        if n == 1:
            return self._quiet
        return {name: np.repeat(value, n, 0) for name, value in self._quiet.items()}


def _nothing(contract: Contract) -> dict[str, NDArray[Any]]:
    f, k = len(contract.feature_names), len(contract.skills)
    row, counts = np.zeros((1, f), np.float32), np.zeros((1, k), np.float32)
    happened = np.zeros((1, len(contract["happened_names"])), np.float32)
    feeds = {
        "happened": happened,
        "offered": row[:, None],
        "taken": row,
        "about": row,
        "items": counts,
        "correct": counts,
    }
    for value in feeds.values():
        value.flags.writeable = False
    return feeds
