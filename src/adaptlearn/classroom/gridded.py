"""What the text of the story becomes on a graphics card: the same functions, one thread per learner.

A pass over the syntax tree, not a second text.

* ``for i in each(n)`` goes over the learners of one thread.
* A warp is 32 threads that read together, so 32 learners lie side by side: ``rec[i, j]`` lies at [i / 32, j, i % 32],
  and every column of a learner is a fixed distance from the one before. What each learner reads elsewhere (the mind of
  one skill, the visits to one activity) lies in rows.
* Every array is flat, and every place in it is worked out from sizes that are known when the text is generated.
* ``life[i].day`` and ``traits[i]`` are read from columns instead of structured rows.
* What is a byte per activity on a processor is a bit: ``mask[i, a]`` looks into words of 64, which ``allow`` combines.
* What a kernel allocates for one learner is local memory.
* Where places are read and written in turn, several are read before the first is written (``ABREAST``): a thread cannot
  know that they are not the same memory, and would wait for each.

A card divides, and takes roots, logarithms and powers, to about 1e-6; a processor rounds correctly.
"""

import ast
from typing import Any, NamedTuple

from adaptlearn.core.learner import Life, Traits

SIDE = 32  #: learners side by side
WIDE = 64  #: activities in a word
FIELDS: dict[str, tuple[str, ...]] = {"life": Life._fields, "traits": Traits._fields}  #: structured on a processor
COLUMN = {"steps": "step", "alive": "alive", "days": "day"}  #: one of life, by its name in the templates
FLAT = (
    "acts",
    "shown",
    "skills",
    "tracer",
    "meets",
    "index",
    "weight",
    "ids",
    "pay",
    "newcomer",
    "durations",
    "legal_first",
)  #: of one axis
BITS = ("mask", "legal")  #: a byte per activity on a processor
ABREAST = {"look": 4, "sum_up": 9, "lean": 9}  #: functions whose loops take so many rounds at once
LEFT_OUT = ("ones_in", "legal_at", "first_ids")  #: told by the heading instead, or done by the host

#: The beginning of a generated module. Numba's simulator takes no wish to inline.
HEADING = """import math
from collections import namedtuple
from math import cos, exp, log, sqrt

import numpy as np
from numba import cuda
from numba.core import config
from numpy import float32, int64, uint64

INLINED = {} if config.ENABLE_CUDASIM else {"forceinline": True}
formula = part = cuda.jit(device=True, fastmath=True, **INLINED)
aside = cuda.jit(device=True, fastmath=True)
entry = cuda.jit(fastmath=True, cache=True)
WORDS = uint64({words})


@formula
def card_beside(i, width):
    return (i >> uint64(5)) * (uint64(width) << uint64(5)) + (i & uint64(31))


@formula
def floor(x):
    return float32(math.floor(x))


@formula
def card_power(x, y):
    return exp(y * log(x if x > float32(1e-37) else float32(1e-37)))


@formula
def bit_of(words, i, a):
    word = words[card_beside(i, WORDS) + (uint64(a) >> uint64(6) << uint64(5))]
    return int64((word >> (uint64(a) & uint64(63))) & uint64(1))


@formula
def put_bit(words, i, a, value):
    at, there = card_beside(i, WORDS) + (uint64(a) >> uint64(6) << uint64(5)), uint64(1) << (uint64(a) & uint64(63))
    words[at] = words[at] | there if value > 0 else words[at] & ~there


@formula
def ones_in(word):
    return int64(cuda.popc(word))


@formula
def legal_at(mask, words, i, rank):
    at, a, half = card_beside(i, WORDS), 0, 32
    word = words[at]
    while a < 64 * ({words} - 1) and rank >= ones_in(word):
        rank, a, at = rank - ones_in(word), a + 64, at + uint64(32)
        word = words[at]
    while half > 0:
        low = ones_in(word & ((ONE << uint64(half)) - ONE))
        if rank >= low:
            rank, a, word = rank - low, a + half, word >> uint64(half)
        half >>= 1
    return a


@formula
def claim(count):
    return cuda.atomic.add(count, 0, 1)
"""


class Sizes(NamedTuple):
    """What a card's text is written for."""

    skills: int
    activities: int
    record: int  # floats in one
    view: int
    mind: int  # floats of one skill
    asked: int  # most skills assessed by one activity
    taught: int  # most skills taught by one activity
    links: int  # places in a row of links
    places: int  # in a slate
    event: int
    days: int  # in open_days
    decides: int  # ASSIGN, OFFER or SELF

    @property
    def words(self) -> int:
        """Words in a mask."""
        return -(-self.activities // WIDE)

    def beside(self) -> dict[str, int]:
        """Columns of what lies side by side, by its names in the templates."""
        life, traits = len(Life._fields), len(Traits._fields)
        return {"life": life, "lives": life, "traits": traits, "drawn": traits, "rec": self.record, "rows": self.record,
                "view": self.view, "event": self.event, "answers": self.asked, "ready": self.taught,
                "mask_words": self.words, "legal_words": self.words, "words": self.words}  # fmt: skip

    def rows(self) -> dict[str, tuple[int, ...]]:
        """Lengths of the axes after the first of what lies in rows."""
        k, a = (self.skills,), (self.activities,)
        return {"blocks": (*k, self.mind), "touched": k, "visits": a, "last": a, "goals": (2, *k), "alike": a,
                "links": (self.links,), "open_days": (self.words,), "fits": (self.words,), "flags": (2,),
                "slots": (2,), "offers": (self.places,), "propensity": (self.places,), "out": (*a, 3)}  # fmt: skip

    def shapes(self) -> dict[tuple[str, int], int]:
        """Lengths of axes that the templates ask for."""
        found = {(name, 1): width for name, width in self.beside().items()}
        found |= {(name, j + 1): length for name, axes in self.rows().items() for j, length in enumerate(axes)}
        return found | {("skills", 0): self.skills, ("tracer", 0): self.skills, ("acts", 0): self.activities,
                        ("scores", 1): self.activities, ("open_days", 0): self.days}  # fmt: skip


class Gridded(ast.NodeTransformer):
    """One function for a card."""

    def __init__(self, sizes: Sizes):
        self.sizes, self.beside, self.rows, self.shapes = sizes, sizes.beside(), sizes.rows(), sizes.shapes()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        if node.name.endswith("_copy") and isinstance(node.body[0], ast.Return):
            row: Any = node.body[0].value
            rows, i = (argument.arg for argument in node.args.args)
            row.args = [_text(f"{rows}[{_beside(i, j, len(row.args))}]") for j in range(len(row.args))]
            return node
        if node.name in ABREAST:
            node.body = [line for part in node.body for line in abreast(part, ABREAST[node.name])]
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
            fields = FIELDS[_named(row.value)]
            place = _text(_beside(ast.unparse(row.slice), fields.index(node.attr), len(fields)))
            return ast.Subscript(row.value, place, node.ctx)
        if _named(node.value) == "terms" and node.attr == "decides":
            return ast.Constant(self.sizes.decides)
        return self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            known = self.shapes.get((_named(node.value.value), getattr(node.slice, "value", -1)))
            return node if known is None else ast.Constant(known)
        self.generic_visit(node)
        name, whole = _named(node.value), not isinstance(node.slice, ast.Tuple)
        if name in FIELDS and whole:
            return ast.Call(ast.Name(f"learner_{name.capitalize()}_copy", ast.Load()), [node.value, node.slice], [])
        places = [ast.unparse(place) for place in ([node.slice] if whole else node.slice.elts)]  # type: ignore
        if name in BITS and len(places) == 2 and isinstance(node.ctx, ast.Load):
            return _text(f"bit_of({name}, {', '.join(places)})")
        flat = self.place(name, places)
        return ast.Subscript(node.value, _text(flat), node.ctx) if flat else node

    def place(self, name: str, places: list[str]) -> str:
        """Where something lies in a flat array, as text; nothing if it is no array of ours."""
        if name in COLUMN and len(places) == 1:
            return _beside(places[0], Life._fields.index(COLUMN[name]), len(Life._fields))
        if name in FLAT and len(places) == 1:
            return f"uint64({places[0]})"
        if name in self.beside and len(places) == 2:
            return _beside(*places, self.beside[name])
        if name in self.rows and len(places) == len(self.rows[name]) + 1:
            flat = f"uint64({places[0]})"
            for length, j in zip(self.rows[name], places[1:], strict=True):
                flat = f"({flat} * uint64({length}) + uint64({j}))"
            return flat
        return ""

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
            return ast.Call(ast.Name("card_power", ast.Load()), [node.left, node.right], [])
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


def abreast(loop: ast.stmt, count: int) -> list[ast.stmt]:
    """A loop ``for k in range(n)`` that takes several rounds at once, all reads before all writes, and what is left of
    it one by one; any other statement as it is. Rounds must not depend on one another, but for sums."""
    if not isinstance(loop, ast.For):
        return [loop]
    k, n = ast.unparse(loop.target), ast.unparse(loop.iter.args[0])  # type: ignore[attr-defined]
    lines = [line for line in loop.body if isinstance(line, ast.Assign)]
    reads = [line for line in lines if not any(isinstance(part, ast.Subscript) for part in stored(line))]
    own = {name.id for line in reads for name in stored(line) if isinstance(name, ast.Name)} | {k}
    first, last = [f"{k}_0 = {k}"] + [f"{k}_{j} = {k} + {j}" for j in range(1, count)], []
    for j in range(count):
        for line in loop.body:
            (first if line in reads else last).append(_Renamed(own, j).read(line))
    body = "\n    ".join([*first, *last])
    rest = ast.parse(f"for {k} in range({n} - {n} % {count}, {n}): pass").body[0]
    rest.body = loop.body  # type: ignore[attr-defined]
    return [*ast.parse(f"for {k} in range(0, {n} - {n} % {count}, {count}):\n    {body}").body, rest]


def stored(line: ast.Assign) -> list[ast.expr]:
    """What an assignment writes to."""
    target = line.targets[0]
    return target.elts if isinstance(target, ast.Tuple) else [target]


class _Renamed(ast.NodeTransformer):
    """Names of one round of a loop."""

    def __init__(self, names: set[str], j: int):
        self.names, self.j = names, j

    def read(self, line: ast.stmt) -> str:
        """The line in this round, as text."""
        return ast.unparse(self.visit(ast.parse(ast.unparse(line))))

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(f"{node.id}_{self.j}", node.ctx) if node.id in self.names else node


def gridded(text: str, sizes: Sizes) -> str:
    """Formulas, or readers of rows, for a card."""
    return ast.unparse(ast.fix_missing_locations(Gridded(sizes).visit(ast.parse(text))))


def heading(sizes: Sizes) -> str:
    """The beginning of a module for a card."""
    return HEADING.replace("{words}", str(sizes.words))


def _beside(i: str, j: Any, width: int) -> str:
    """Where column j of learner i lies among those side by side."""
    return f"card_beside({i}, {width}) + uint64({j}) * uint64({SIDE})"


def _text(expression: str) -> ast.expr:
    return ast.parse(expression, mode="eval").body


def _named(node: Any) -> str:
    return node.id if isinstance(node, ast.Name) else ""
