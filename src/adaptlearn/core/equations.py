"""Scalar text: the language in which laws, records and rewards are written, once.

A formula is a plain Python function of scalars, marked ``@formula``, that uses only arithmetic, comparisons, tuples
of values and the names below: no ``if``, no loop, no ``numpy``. The same text is then read three times:

* imported as it stands, it is NumPy: every argument may be an array;
* :func:`bind` reads it with PyTorch's names, so that autograd runs through it;
* :func:`scalar_source` prepares it for Numba: literals become float32 and top-level names get a prefix, so
  that several texts can live in one generated module (see ``adaptlearn.classroom.generate``).

Why not one shared function object: under Numba a bare ``0.5`` is float64 and drags a whole expression with it,
``np.exp`` refuses tensors, and Python's ``max`` refuses arrays.
"""

import ast
import inspect
import sys
from collections.abc import Callable, Mapping
from types import ModuleType, SimpleNamespace
from typing import TypeVar

import numpy as np

F = TypeVar("F", bound=Callable[..., object])

exp, log, sqrt, cos = np.exp, np.log, np.sqrt, np.cos
minimum, maximum, where, floor = np.minimum, np.maximum, np.where, np.floor
float32, uint64 = np.float32, np.uint64

NAMES = ("exp", "log", "sqrt", "cos", "minimum", "maximum", "where", "floor", "sigmoid", "float32", "uint64")

_ALLOWED = (
    ast.Module, ast.FunctionDef, ast.arguments, ast.arg, ast.Return, ast.Assign, ast.Expr, ast.Constant, ast.Name,
    ast.Load, ast.Store, ast.BinOp, ast.UnaryOp, ast.USub, ast.Compare, ast.Call, ast.keyword, ast.Attribute,
    ast.Tuple, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq,
    ast.BitXor, ast.BitAnd, ast.BitOr, ast.RShift, ast.LShift, ast.Mod, ast.FloorDiv,
)  # fmt: skip


def formula(function: F) -> F:
    """Mark a function as scalar text. Called from Python it is itself."""
    function.__scalar_text__ = True  # type: ignore[attr-defined]
    return function


@formula
def sigmoid(x):
    """The logistic function, 1 / (1 + exp(-x)), for any real x."""
    return 1.0 / (1.0 + exp(-x))


class NotScalarText(ValueError):
    """A formula uses something that cannot be read by all three backends."""


def functions_of(module: ModuleType) -> list[ast.FunctionDef]:
    """The functions a module marks ``@formula``, in order, without docstrings, annotations and the mark.

    Raises:
        NotScalarText: a function uses a construct outside the language, with file and line.
    """
    found = [node for node in ast.parse(inspect.getsource(module)).body if isinstance(node, ast.FunctionDef)]
    marked = [node for node in found if any(getattr(d, "id", "") == "formula" for d in node.decorator_list)]
    spoken = _spoken(module)
    for node in marked:
        _check(node, module, spoken)
    return [_bare(node) for node in marked]


def _bare(node: ast.FunctionDef) -> ast.FunctionDef:
    body = node.body
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    names = [ast.copy_location(ast.arg(arg=a.arg), a) for a in node.args.args]
    plain = ast.arguments(posonlyargs=[], args=names, kwonlyargs=[], kw_defaults=[], defaults=[])
    bare = ast.copy_location(ast.FunctionDef(name=node.name, args=plain, body=body, decorator_list=[]), node)
    bare.type_params = []  # type: ignore[attr-defined,unused-ignore]  # required from Python 3.12 on, harmless before
    return ast.fix_missing_locations(bare)


def _spoken(module: ModuleType) -> tuple[set[str], set[str]]:
    """What a module's formulas may call, and the constants they may read."""
    calls, constants = set(NAMES), set()
    for name, value in vars(module).items():
        if getattr(value, "__scalar_text__", False) or (isinstance(value, type) and hasattr(value, "_fields")):
            calls.add(name)
        elif isinstance(value, np.generic):
            constants.add(name)
    return calls, constants


def _check(node: ast.FunctionDef, module: ModuleType, spoken: tuple[set[str], set[str]]) -> None:
    calls, constants = spoken
    inner = _bare(node)
    parts = [part for statement in inner.body for part in ast.walk(statement)]
    own = {a.arg for a in inner.args.args}
    own |= {part.id for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
    asked = {part.func.id for part in parts if isinstance(part, ast.Call) and isinstance(part.func, ast.Name)}
    readable = own | constants | (asked & calls)
    faults: list[tuple[ast.AST, str]] = [(part, _stranger(part, own, readable, calls)) for part in parts]
    for part, word in [(node, _fancy(node.args)), *faults]:
        if not word:
            continue
        file, line = inspect.getsourcefile(module) or module.__name__, getattr(part, "lineno", node.lineno)
        raise NotScalarText(
            f"{file}:{line}: {module.__name__}.{node.name}: found {word}; needed arithmetic, single comparisons, "
            f"tuples, fields of the arguments, formulas, and the names {', '.join(NAMES)}; "
            "e.g. where(x > 0.0, x, 0.0) for an if, K = float32(0.5) for a constant of the module"
        )


def _fancy(given: ast.arguments) -> str:
    plain = not (given.defaults or given.vararg or given.kwonlyargs or given.kwarg or given.posonlyargs)
    return "" if plain else "arguments with defaults, * or **"


def _stranger(part: ast.AST, own: set[str], readable: set[str], calls: set[str]) -> str:
    """What a node has that is outside the language, in words; nothing if it is inside."""
    if not isinstance(part, _ALLOWED) or isinstance(part, ast.FunctionDef):
        return type(part).__name__
    if isinstance(part, ast.Call) and (not isinstance(part.func, ast.Name) or part.func.id not in calls):
        return f"{ast.unparse(part.func)}(...)"
    if isinstance(part, ast.Attribute) and not (isinstance(part.ctx, ast.Load) and isinstance(part.value, ast.Name)
                                                and part.value.id in own):  # fmt: skip
        return ast.unparse(part)
    if isinstance(part, ast.Compare) and len(part.ops) > 1:
        return f"the chain {ast.unparse(part)}"
    if isinstance(part, ast.Constant) and type(part.value) not in (int, float):
        return repr(part.value)
    if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load) and part.id not in readable:
        return f"the name {part.id}"
    return ""


def constant_name(value: float) -> str:
    """The name under which a float32 literal stands in a generated module, e.g. 0.25 -> ``f_0p25``."""
    return "f_" + repr(float(value)).replace("-", "m").replace("+", "").replace(".", "p")


class _Typed(ast.NodeTransformer):
    """Literals become named float32 constants (quicker to compile than calls), names of the module get a prefix, and a
    ``where`` works out only the side it takes: no array asks for both."""

    def __init__(self, renamed: Mapping[str, str]):
        self.renamed = renamed
        self.literals: set[float] = set()

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
            self.literals.add(float(node.value))
            return ast.copy_location(ast.Name(constant_name(node.value), ast.Load()), node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "where":
            condition, one, other = node.args
            return ast.copy_location(ast.IfExp(condition, one, other), node)
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.copy_location(ast.Name(self.renamed.get(node.id, node.id), node.ctx), node)


def scalar_source(module: ModuleType, prefix: str, homes: Mapping[str, str] | None = None) -> str:
    """A module's formulas as Numba-ready text.

    Every function ``f`` becomes ``<prefix>_f`` under ``@formula`` (the generated module says what that is), every
    numeric literal a float32 constant, every NamedTuple the module defines ``<prefix>_Name``. A formula imported
    from elsewhere is called by the prefix of its home: what ``homes`` says of that module, else the last word of its
    name.
    """
    texts = functions_of(module)
    renamed, lines = {node.name: f"{prefix}_{node.name}" for node in texts}, []
    for name, value in vars(module).items():
        home = getattr(value, "__module__", module.__name__)
        if isinstance(value, np.generic):
            renamed[name] = f"{prefix}_{name}"
            lines.append(f"{prefix}_{name} = {type(value).__name__}({value!s})")
        elif isinstance(value, type) and hasattr(value, "_fields") and home == module.__name__:
            renamed[name] = f"{prefix}_{name}"
            lines.append(f"{prefix}_{name} = namedtuple('{prefix}_{name}', {value._fields!r})")
        elif getattr(value, "__scalar_text__", False) and home not in (module.__name__, __name__):
            renamed[name] = f"{(homes or {}).get(home, home.rpartition('.')[2])}_{value.__name__}"
    literals: set[float] = set()
    bodies = []
    for node in texts:
        local = {part.arg for part in node.args.args}
        local |= {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
        typed = _Typed({old: new for old, new in renamed.items() if old not in local})
        text = typed.visit(node)
        literals |= typed.literals
        text.name = renamed[node.name]
        bodies.append("@formula\n" + ast.unparse(ast.fix_missing_locations(text)))
    lines += [f"{constant_name(value)} = float32({value!r})" for value in sorted(literals)] + bodies
    return "\n\n".join(lines) + "\n"


def bind(module: ModuleType, names: Mapping[str, object]) -> SimpleNamespace:
    """A module's formulas read with another backend's names (see ``NAMES``), as a namespace.

    Formulas imported from other modules are read with those names too. Only source text of an installed module is
    read; nothing that comes from outside is executed.
    """
    space: dict[str, object] = {k: v for k, v in vars(module).items() if not k.startswith("__")}
    for name, value in vars(module).items():
        home = getattr(value, "__module__", module.__name__)
        if getattr(value, "__scalar_text__", False) and home not in (module.__name__, __name__):
            space[name] = getattr(bind(sys.modules[home], names), value.__name__)
    space.update(names)
    tree = ast.Module(body=list(functions_of(module)), type_ignores=[])
    exec(compile(ast.fix_missing_locations(tree), f"<{module.__name__}>", "exec"), space)  # noqa: S102
    return SimpleNamespace(**{node.name: space[node.name] for node in tree.body})  # type: ignore[attr-defined]


def torch_names() -> dict[str, object]:
    """The names of the language as PyTorch functions; a Python number may stand beside a tensor wherever two meet."""
    import torch

    def like(value: object, other: object) -> object:
        return value if isinstance(value, torch.Tensor) else torch.as_tensor(value, dtype=other.dtype)  # type: ignore

    def pair(function):
        return lambda a, b: function(like(a, b), like(b, a))

    return {
        "exp": torch.exp, "log": torch.log, "sqrt": torch.sqrt, "cos": torch.cos, "floor": torch.floor,
        "sigmoid": torch.sigmoid, "where": torch.where,
        "minimum": pair(torch.minimum), "maximum": pair(torch.maximum),
    }  # fmt: skip
