"""The few verbs in which a decision is written, in two readings: torch tensors, and nodes of an ONNX graph.

Scalar text covers arithmetic; around it a record is cut into columns and joined again, and a slate is drawn. Those
steps are written once, in ``record`` and ``sampler``, with the verbs of :class:`TorchOps`; :class:`Sheet` reads the
same lines as a graph. Tracing them through torch's exporter instead took ten times as long, for more nodes.

Rows are [N, columns]; every reduction is over columns and keeps them as [N, 1].
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from torch import Tensor

from adaptlearn.core.equations import torch_names


class TorchOps:
    """The verbs on tensors."""

    names = staticmethod(torch_names)

    def fixed(self, values: NDArray[np.float32]) -> Tensor:
        """Constants."""
        return torch.tensor(values)

    def split(self, rows: Tensor, sizes: Sequence[int]) -> tuple[Tensor, ...]:
        """Columns in blocks."""
        return tuple(torch.split(rows, list(sizes), 1))

    def join(self, blocks: Sequence[Tensor]) -> Tensor:
        """Blocks of columns side by side."""
        return torch.cat(list(blocks), 1)

    def best_shown(self, offered: Tensor) -> Tensor:
        """The first of the rows offered.   [N, J, F] -> [N, F]"""
        return offered[:, 0]

    def sum(self, rows: Tensor) -> Tensor:
        return rows.sum(1, keepdim=True)

    def most(self, rows: Tensor) -> Tensor:
        return rows.amax(1, keepdim=True)

    def at_most(self, rows: Tensor) -> Tensor:
        """Where the largest value stands, the first of equals.   -> int64"""
        return rows.argmax(1, keepdim=True)

    def last(self, rows: Tensor) -> Tensor:
        return rows[:, -1:]

    def pick(self, rows: Tensor, at: Tensor) -> Tensor:
        return rows.gather(1, at)

    def running(self, rows: Tensor) -> Tensor:
        """Sums up to each column."""
        return rows.cumsum(1)

    def softmax(self, rows: Tensor) -> Tensor:
        return torch.softmax(rows, 1)

    def numbered(self, rows: Tensor) -> Tensor:
        """0, 1, 2 ... for the columns.   -> int64"""
        return torch.arange(rows.shape[1])

    def same(self, a: Tensor, b: Tensor | int) -> Tensor:
        """Whether two whole numbers are equal."""
        return a == b


class Value:
    """A value of a graph; arithmetic on it adds nodes to its sheet."""

    __slots__ = ("name", "sheet")
    __array_ufunc__ = None  # numpy arrays leave arithmetic with a Value to the Value

    def __init__(self, sheet: "Sheet", name: str):
        self.sheet, self.name = sheet, name

    def __add__(self, other: Any) -> "Value":
        return self.sheet.one("Add", self, other)

    def __radd__(self, other: Any) -> "Value":
        return self.sheet.one("Add", other, self)

    def __sub__(self, other: Any) -> "Value":
        return self.sheet.one("Sub", self, other)

    def __rsub__(self, other: Any) -> "Value":
        return self.sheet.one("Sub", other, self)

    def __mul__(self, other: Any) -> "Value":
        return self.sheet.one("Mul", self, other)

    def __rmul__(self, other: Any) -> "Value":
        return self.sheet.one("Mul", other, self)

    def __truediv__(self, other: Any) -> "Value":
        return self.sheet.one("Div", self, other)

    def __rtruediv__(self, other: Any) -> "Value":
        return self.sheet.one("Div", other, self)

    def __pow__(self, other: Any) -> "Value":
        return self.sheet.one("Pow", self, other)

    def __rpow__(self, other: Any) -> "Value":
        return self.sheet.one("Pow", other, self)

    def __neg__(self) -> "Value":
        return self.sheet.one("Neg", self)

    def __gt__(self, other: Any) -> "Value":
        return self.sheet.one("Greater", self, other)

    def __lt__(self, other: Any) -> "Value":
        return self.sheet.one("Less", self, other)

    def __ge__(self, other: Any) -> "Value":
        return self.sheet.one("GreaterOrEqual", self, other)

    def __le__(self, other: Any) -> "Value":
        return self.sheet.one("LessOrEqual", self, other)

    def __and__(self, other: Any) -> "Value":
        return self.sheet.one("And", self, other)


class Sheet:
    """Nodes under way, named by sheet and order of appearance; sheets of one graph share their constants.

    Names are the same each time, so two exports are identical bytes.
    """

    def __init__(self, name: str, constants: dict[tuple[str, bytes], onnx.TensorProto]):
        self.name, self.constants = name, constants
        self.nodes: list[onnx.NodeProto] = []

    def value(self, name: str) -> Value:
        """A value that stands outside: an input, or another sheet's output."""
        return Value(self, name)

    def do(self, op: str, given: Sequence[Any], outputs: int | Sequence[str] = 1, **more: Any) -> list[Value]:
        """A node. Numbers and arrays among the inputs become constants."""
        at = len(self.nodes)
        named = [f"{self.name}_{at}_{j}" for j in range(outputs)] if isinstance(outputs, int) else list(outputs)
        inputs = [one.name if isinstance(one, Value) else self.fixed(one).name for one in given]
        self.nodes.append(helper.make_node(op, inputs, named, f"{self.name}_{at}", **more))
        return [Value(self, name) for name in named]

    def one(self, op: str, *given: Any, **more: Any) -> Value:
        """A node with one output."""
        return self.do(op, given, **more)[0]

    def called(self, value: Value, name: str) -> Value:
        """The same value under a name of its own."""
        return self.do("Identity", [value], [name])[0]

    def fixed(self, values: Any) -> Value:
        """A constant: floats are float32, whole numbers int64; equal ones are kept once."""
        array = np.asarray(values)
        array = array.astype({"f": np.float32, "i": np.int64, "b": np.bool_}[array.dtype.kind])
        key = (f"{array.dtype}{array.shape}", array.tobytes())
        if key not in self.constants:
            self.constants[key] = numpy_helper.from_array(array, f"c{len(self.constants)}")
        return Value(self, self.constants[key].name)

    def names(self) -> dict[str, object]:
        """The names of scalar text (``core.equations.NAMES``) as nodes."""
        ops = {"exp": "Exp", "log": "Log", "sqrt": "Sqrt", "cos": "Cos", "floor": "Floor", "sigmoid": "Sigmoid",
               "where": "Where", "minimum": "Min", "maximum": "Max"}  # fmt: skip

        def verb(op: str) -> Any:
            return lambda *given: self.one(op, *given)

        return {name: verb(op) for name, op in ops.items()}

    # --- the verbs of TorchOps ----------------------------------------------------------------------------------

    def split(self, rows: Value, sizes: Sequence[int]) -> list[Value]:
        return self.do("Split", [rows, list(sizes)], len(sizes), axis=1)

    def join(self, blocks: Sequence[Value]) -> Value:
        return self.one("Concat", *blocks, axis=1)

    def best_shown(self, offered: Value) -> Value:
        return self.one("Gather", offered, 0, axis=1)

    def sum(self, rows: Value) -> Value:
        return self.one("ReduceSum", rows, [1])

    def most(self, rows: Value) -> Value:
        return self.one("ReduceMax", rows, [1])

    def at_most(self, rows: Value) -> Value:
        return self.one("ArgMax", rows, axis=1, keepdims=1, select_last_index=0)

    def last(self, rows: Value) -> Value:
        return self.one("Gather", rows, [-1], axis=1)

    def pick(self, rows: Value, at: Value) -> Value:
        return self.one("GatherElements", rows, at, axis=1)

    def running(self, rows: Value) -> Value:
        return self.one("CumSum", rows, 1)

    def softmax(self, rows: Value) -> Value:
        return self.one("Softmax", rows, axis=1)

    def numbered(self, rows: Value) -> Value:
        count = self.one("Squeeze", self.one("Shape", rows, start=1, end=2))
        return self.one("Range", 0, count, 1)

    def same(self, a: Value, b: "Value | int") -> Value:
        return self.one("Equal", a, b)


TORCH = TorchOps()
