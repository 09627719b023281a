"""What the text of the story becomes on a graphics card: the same functions, one thread per learner.

A pass over the syntax tree, not a second text.

* ``for i in each(n)`` goes over the learners of one thread.
* A warp is 32 threads that read together, so 32 learners lie side by side: ``rec[i, j]`` is
  ``rec[i / 32, j, i % 32]``, and every column of a learner is a fixed distance from the one before.
* ``life[i].day`` and ``traits[i]`` are read from such columns instead of structured rows.
* What is a byte per activity on a processor is a bit: ``mask[i, a]`` looks into words of 64, which ``allow`` combines.
* What a kernel allocates for one learner is local memory; sizes of the world are known when it is generated.

A card divides, and takes roots, logarithms and powers, to about 1e-6; a processor rounds correctly.
"""

import ast
from typing import Any, NamedTuple

from adaptlearn.core.learner import Life, Traits

SIDE = 32  #: learners side by side
WIDE = 64  #: activities in a word
FIELDS: dict[str, tuple[str, ...]] = {"life": Life._fields, "traits": Traits._fields}  #: structured on a processor
SIDED = ("life", "lives", "traits", "drawn", "rec", "view", "event", "legal_words", "mask_words", "words",
         "rows")  # fmt: skip
SIDED_COLUMN = ("steps", "alive", "days")  #: one column of these
BITS = ("mask", "legal")  #: a byte per activity on a processor
LEFT_OUT = ("ones_in", "legal_at", "first_ids")  #: told by the heading instead, or done by the host

#: The beginning of a generated module. Numba's simulator takes no wish to inline.
HEADING = '''import math
from collections import namedtuple
from math import cos, exp, log, sqrt

import numpy as np
from numba import cuda
from numba.core import config
from numpy import float32, int64, uint64

INLINED = {} if config.ENABLE_CUDASIM else {"forceinline": True}
formula = part = cuda.jit(device=True, fastmath=True, **INLINED)
aside = cuda.jit(device=True, fastmath=True)
entry = cuda.jit(fastmath=True)
SIDE_BITS, SIDE_LOW = uint64(5), uint64(31)


@formula
def floor(x):
    return float32(math.floor(x))


@formula
def power(x, y):
    none = float32(1.0) if y == float32(0.0) else float32(0.0)
    return exp(y * log(x)) if x > float32(0.0) else none


@formula
def bit_of(words, i, a):
    word = words[i >> SIDE_BITS, a >> 6, i & SIDE_LOW]
    return int64((word >> uint64(a & 63)) & uint64(1))


@formula
def put_bit(words, i, a, value):
    block, w, side, there = i >> SIDE_BITS, a >> 6, i & SIDE_LOW, uint64(1) << uint64(a & 63)
    words[block, w, side] = words[block, w, side] | there if value > 0 else words[block, w, side] & ~there


@formula
def ones_in(word):
    return int64(cuda.popc(word))


@formula
def legal_at(mask, words, i, rank):
    w = 0
    while w < words.shape[1] - 1 and rank >= ones_in(words[i >> SIDE_BITS, w, i & SIDE_LOW]):
        rank -= ones_in(words[i >> SIDE_BITS, w, i & SIDE_LOW])
        w += 1
    word, a, half = words[i >> SIDE_BITS, w, i & SIDE_LOW], 64 * w, 32
    while half > 0:
        low = ones_in(word & ((uint64(1) << uint64(half)) - uint64(1)))
        if rank >= low:
            rank, a, word = rank - low, a + half, word >> uint64(half)
        half >>= 1
    return a


@formula
def claim(count):
    return cuda.atomic.add(count, 0, 1)
'''


class Sizes(NamedTuple):
    """What a card's text is written for."""

    skills: int
    activities: int
    record: int  # floats in one
    view: int
    decides: int  # ASSIGN, OFFER or SELF

    def shapes(self) -> dict[tuple[str, int], int]:
        """Lengths of axes, by the names of arrays in the templates."""
        words = -(-self.activities // WIDE)
        return {
            ("skills", 0): self.skills, ("tracer", 0): self.skills, ("goals", 2): self.skills,
            ("acts", 0): self.activities, ("visits", 1): self.activities, ("scores", 1): self.activities,
            ("rec", 1): self.record, ("view", 1): self.view, ("lives", 1): len(Life._fields),
            ("mask_words", 1): words, ("legal_words", 1): words, ("words", 1): words,
        }  # fmt: skip


class Gridded(ast.NodeTransformer):
    """One function for a card."""

    def __init__(self, sizes: Sizes):
        self.sizes, self.shapes = sizes, sizes.shapes()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        if node.name.endswith("_copy") and isinstance(node.body[0], ast.Return):
            row: Any = node.body[0].value
            rows, i = (ast.Name(argument.arg, ast.Load()) for argument in node.args.args)
            row.args = [_side_by_side(rows, i, ast.Constant(j), ast.Load()) for j in range(len(row.args))]
            return node
        return self.generic_visit(node)

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.iter, ast.Call) and _named(node.iter.func) == "each":
            *low, high = (ast.unparse(argument) for argument in node.iter.args)
            begin = f"uint64({low[0]}) + uint64(cuda.grid(1))" if low else "uint64(cuda.grid(1))"
            node.iter = _text(f"range({begin}, uint64({high}), uint64(cuda.gridsize(1)))")
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        row = node.value
        if isinstance(row, ast.Subscript) and _named(row.value) in FIELDS and not isinstance(row.slice, ast.Tuple):
            column = ast.Constant(FIELDS[_named(row.value)].index(node.attr))
            return _side_by_side(row.value, row.slice, column, node.ctx)
        if _named(node.value) == "terms" and node.attr == "decides":
            return ast.Constant(self.sizes.decides)
        return self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            known = self.shapes.get((_named(node.value.value), getattr(node.slice, "value", -1)))
            return node if known is None else ast.Constant(known)
        self.generic_visit(node)
        name, places = _named(node.value), node.slice.elts if isinstance(node.slice, ast.Tuple) else []
        if name in BITS and places and isinstance(node.ctx, ast.Load):
            return ast.Call(ast.Name("bit_of", ast.Load()), [node.value, *places], [])
        if name in SIDED and len(places) == 2:
            return _side_by_side(node.value, *places, node.ctx)
        if name in FIELDS and not places:
            return ast.Call(ast.Name(f"learner_{name.capitalize()}_copy", ast.Load()), [node.value, node.slice], [])
        if name in SIDED_COLUMN and not places:
            return _text(f"{name}[{ast.unparse(node.slice)} >> SIDE_BITS, {ast.unparse(node.slice)} & SIDE_LOW]")
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        self.generic_visit(node)
        target = node.targets[0]
        if isinstance(target, ast.Subscript) and _named(target.value) in BITS:
            places = target.slice.elts  # type: ignore[attr-defined]
            return ast.Expr(ast.Call(ast.Name("put_bit", ast.Load()), [target.value, *places, node.value], []))
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.Pow):
            return ast.Call(ast.Name("power", ast.Load()), [node.left, node.right], [])
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.func, ast.Attribute):
            return node
        if node.func.attr == "view" and _named(node.func.value) in BITS:
            return node.func.value
        if node.func.attr == "empty":
            return ast.Call(_text("cuda.local.array"), node.args, [])
        return node


def gridded(text: str, sizes: Sizes) -> str:
    """Formulas, or readers of rows, for a card."""
    return ast.unparse(ast.fix_missing_locations(Gridded(sizes).visit(ast.parse(text))))


def _side_by_side(array: ast.expr, i: ast.expr, j: ast.expr, context: ast.expr_context) -> ast.Subscript:
    row = ast.unparse(i)
    places = [_text(f"{row} >> SIDE_BITS"), j, _text(f"{row} & SIDE_LOW")]
    return ast.Subscript(array, ast.Tuple(places, ast.Load()), context)


def _text(expression: str) -> ast.expr:
    return ast.parse(expression, mode="eval").body


def _named(node: Any) -> str:
    return node.id if isinstance(node, ast.Name) else ""
