"""What the text of the story becomes on a graphics card: the same functions, one thread per learner.

A pass over the syntax tree, not a second text. On a card neighbouring threads live neighbouring learners, so what all
of them read at once lies in columns, and what is a byte per activity on a processor is a bit:

* ``for i in each(n)`` goes over the learners of one thread;
* ``life[i].day`` and ``traits[i]`` are read from columns instead of structured rows;
* ``mask[i, a]`` and ``legal[i, a]`` are bits of 64-bit words, which is how ``allow`` combines them anyway;
* what a kernel allocates for one learner is local memory, of a size known when it is generated.
"""

import ast
from typing import Any

from adaptlearn.core.learner import Life, Traits

COLUMNS: dict[str, tuple[str, ...]] = {"life": Life._fields, "traits": Traits._fields}
BITS = ("mask", "legal")  #: one bit per activity; names in the templates
WIDE = 64  #: activities in a word
LEFT_OUT = ("ones_in", "first_ids")  #: told by the heading instead, or done by the host

#: The beginning of a generated module. Numba's simulator takes no wish to inline.
HEADING = '''import math
from collections import namedtuple
from math import cos, exp, log, sqrt

import numpy as np
from numba import cuda
from numba.cuda.core import config
from numpy import float32, int64, uint64

INLINED = {} if config.ENABLE_CUDASIM else {"forceinline": True}
formula = part = cuda.jit(device=True, **INLINED)
aside = cuda.jit(device=True)
entry = cuda.jit()
MOST = {most}


@formula
def floor(x):
    return float32(math.floor(x))


@formula
def bit_of(words, i, a):
    return int64((words[i, a >> 6] >> uint64(a & 63)) & uint64(1))


@formula
def put_bit(words, i, a, value):
    there = uint64(1) << uint64(a & 63)
    words[i, a >> 6] = words[i, a >> 6] | there if value > 0 else words[i, a >> 6] & ~there


@formula
def ones_in(word):
    return int64(cuda.popc(word))


@formula
def claim(count):
    return cuda.atomic.add(count, 0, 1)
'''


class Gridded(ast.NodeTransformer):
    """One function of a template, for a card."""

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.iter, ast.Call) and _named(node.iter.func) == "each":
            *low, high = node.iter.args
            first = ast.parse("cuda.grid(1)", mode="eval").body
            stride = ast.parse("cuda.gridsize(1)", mode="eval").body
            begin = ast.BinOp(low[0], ast.Add(), first) if low else first
            node.iter = ast.Call(ast.Name("range", ast.Load()), [begin, high, stride], [])
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        row = node.value
        if isinstance(row, ast.Subscript) and _named(row.value) in COLUMNS and not isinstance(row.slice, ast.Tuple):
            column = ast.Constant(COLUMNS[_named(row.value)].index(node.attr))
            return ast.Subscript(row.value, ast.Tuple([row.slice, column], ast.Load()), node.ctx)
        return self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        name, whole = _named(node.value), not isinstance(node.slice, ast.Tuple)
        if name in COLUMNS and whole:
            return ast.Call(ast.Name(f"learner_{name.capitalize()}_copy", ast.Load()), [node.value, node.slice], [])
        if name in BITS and not whole and isinstance(node.ctx, ast.Load):
            return ast.Call(ast.Name("bit_of", ast.Load()), [node.value, *node.slice.elts], [])  # type: ignore
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        self.generic_visit(node)
        target = node.targets[0]
        if isinstance(target, ast.Subscript) and _named(target.value) in BITS:
            where = target.slice.elts  # type: ignore[attr-defined]
            return ast.Expr(ast.Call(ast.Name("put_bit", ast.Load()), [target.value, *where, node.value], []))
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.func, ast.Attribute):
            return node
        if node.func.attr == "view" and _named(node.func.value) in BITS:
            return node.func.value
        if node.func.attr == "empty":
            local = ast.parse("cuda.local.array", mode="eval").body
            return ast.Call(local, [ast.Name("MOST", ast.Load()), node.args[1]], [])
        return node


def _named(node: Any) -> str:
    return node.id if isinstance(node, ast.Name) else ""
