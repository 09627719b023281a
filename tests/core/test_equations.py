"""Laws of scalar text: what is outside the language is refused by file and line, and every reader says the same."""

import ast
import importlib.util
import sys
import textwrap

import numpy as np
import pytest
import torch

from adaptlearn.core import equations, learner, luck, record
from adaptlearn.core.catalogue import FEATURES
from adaptlearn.core.equations import NotScalarText, bind, functions_of, scalar_source, torch_names
from adaptlearn.laws import behaviour, bkt, workplace

HEAD = """\
    import math
    from typing import NamedTuple

    import numpy as np

    from adaptlearn.core.equations import exp, float32, formula, maximum, where

    HALF = float32(0.5)
    LOOSE = 0.5


    class Pair(NamedTuple):
        first: float
        second: float


    @formula
"""


@pytest.fixture
def module_of(tmp_path, monkeypatch):
    """A module with one formula under HEAD, imported from a file."""

    def write(text: str, name: str = "sample"):
        file = tmp_path / f"{name}.py"
        file.write_text(textwrap.dedent(HEAD) + textwrap.dedent(text), "utf-8")
        spec = importlib.util.spec_from_file_location(name, file)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
        return module

    return write


OUTSIDE = {
    "an if": ("def f(x):\n    if x > 0:\n        return x\n    return 0.0\n", "If", 1),
    "an if expression": ("def f(x):\n    y = x\n    return y if y > 0 else 0.0\n", "IfExp", 2),
    "a loop": ("def f(x):\n    for j in (1, 2):\n        x = x + j\n    return x\n", "For", 1),
    "a while": ("def f(x):\n    while x > 1:\n        x = x - 1\n    return x\n", "While", 1),
    "a numpy attribute": ("def f(x):\n    y = x + 1.0\n    return np.exp(y)\n", "np.exp", 2),
    "a constant of numpy": ("def f(x):\n    return x * np.pi\n", "np.pi", 1),
    "a name of Python": ("def f(x):\n    return max(x, 0.0)\n", "max", 1),
    "a name of math": ("def f(x):\n    return math.exp(x)\n", "math.exp", 1),
    "a bare float of the module": ("def f(x):\n    return x * LOOSE\n", "LOOSE", 1),
    "a method": ("def f(x):\n    return x.sum()\n", "x.sum", 1),
    "an index": ("def f(x):\n    return x[0]\n", "Subscript", 1),
    "a chain": ("def f(x):\n    return where(0.0 < x < 1.0, x, 0.0)\n", "0.0 < x < 1.0", 1),
    "and": ("def f(x):\n    return where(x > 0.0 and x < 1.0, x, 0.0)\n", "BoolOp", 1),
    "text": ("def f(x):\n    return x + 'a'\n", "'a'", 1),
    "a truth value": ("def f(x):\n    return where(True, x, 0.0)\n", "True", 1),
    "a field that is set": ("def f(x):\n    x.y = 1.0\n    return x\n", "x.y", 1),
    "a default": ("def f(x, y=1.0):\n    return x + y\n", "default", 0),
    "stars": ("def f(*x):\n    return x\n", "default", 0),
    "a function inside": ("def f(x):\n    def g(y):\n        return y\n    return g(x)\n", "FunctionDef", 1),
    "a lambda": ("def f(x):\n    return where(x > 0.0, lambda y: y, x)\n", "Lambda", 1),
    "a list": ("def f(x):\n    return [x]\n", "List", 1),
    "an import": ("def f(x):\n    import os\n    return x\n", "Import", 1),
}


@pytest.mark.parametrize("what", OUTSIDE)
def test_what_is_outside_the_language_is_refused_with_file_and_line(what, module_of):
    text, word, below = OUTSIDE[what]
    module = module_of(text)
    line = textwrap.dedent(HEAD).count("\n") + 1 + below
    for reader in (functions_of, lambda m: scalar_source(m, "s"), lambda m: bind(m, torch_names())):
        with pytest.raises(NotScalarText) as refusal:
            reader(module)
        said = str(refusal.value)
        assert f"{module.__file__}:{line}: " in said
        assert word in said and "needed" in said and "e.g." in said


def test_inside_the_language_stand_arithmetic_tuples_names_and_constants(module_of):
    module = module_of(
        '''
        def f(x, pair):
            """Words."""
            a, b = x * HALF, maximum(pair.first, 0.25)
            return Pair(exp(-a) ** 2, second=where(b > a, b, a))
        '''
    )
    with_torch = bind(module, torch_names())
    pair = module.Pair(torch.tensor(0.1), torch.tensor(0.2))
    said = with_torch.f(torch.tensor(0.3), pair)
    plain = module.f(0.3, module.Pair(0.1, 0.2))
    assert type(said).__name__ == "Pair"
    np.testing.assert_allclose([float(v) for v in said], plain, rtol=1e-6)
    assert plain == pytest.approx((np.exp(-0.15) ** 2, 0.25))


def test_numpy_text_of_float32_stays_float32():
    x = np.linspace(0.1, 0.9, 7, dtype=np.float32)
    bits = np.arange(9, dtype=np.uint64)
    for value in (equations.sigmoid(x), luck.normal_of(bits), luck.unit_of(bits)):
        assert value.dtype == np.float32
    mind = workplace.Mind(*([x] * 5))
    assert all(np.asarray(v).dtype == np.float32 for v in workplace.forget(mind, x, workplace.Params()))


def test_a_text_for_numba_has_neither_bare_numbers_nor_numpy():
    for module in (workplace, bkt, behaviour, record, luck, learner):
        for node in ast.walk(ast.parse(scalar_source(module, "x"))):
            if isinstance(node, ast.FunctionDef):
                bare = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
                named = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
                assert not bare and not named & {"np", "numpy"}, f"{module.__name__}.{node.name}: {bare}"


# --- the torch reading: same values, and gradients that finite differences confirm ------------------------------


class Fields:
    """Numbers by name, as scalar text asks for them."""

    def __init__(self, values):
        self.__dict__.update(values)


ACTIVITY = dict.fromkeys(FEATURES, 0.0) | {
    "minutes": 21.0, "difficulty": 0.3, "assistance": 0.4, "retrieval": 1.0, "elaborated": 0.7, "correct_answer": 0.2,
    "verification": 0.1, "coach": 0.3, "peer": 0.2, "multimedia": 0.15, "flipped": 0.1, "blended": 0.05, "visual": 0.4,
    "auditory": 0.3, "textual": 0.2, "kinesthetic": 0.1, "live": 0.6, "bite": 0.2, "social": 0.5, "onsite": 0.1,
    "active": 0.5, "authenticity": 0.4, "quality": 0.12,
}  # fmt: skip
TRAIT = dict.fromkeys(learner.Traits._fields, 0.3) | {"rate": 1.2, "memory": 0.9, "weekly_minutes": 80.0}
SKILL = {"layer": 1.0, "prior": 0.3, "learn": 0.2, "guess": 0.2, "slip": 0.1, "forget": 0.01}
LIFE = dict.fromkeys(learner.Life._fields, 0.2) | {"day": 4.0, "motivation": 0.4}
EXPOSURE = {"weight": 0.8, "fraction": 0.9, "readiness": 0.7, "match": 0.1, "repeats": 1.0, "motivation": 0.3,
            "tested": 1.0, "success": 0.6, "peers": 0.1, "helped": 0.35}  # fmt: skip
MEETING = {"start": 1.4, "showcase": 0.6, "mentor": 0.3, "community": 0.2}
TRACER = {"prior": 0.3, "learn": 0.2, "guess": 0.2, "slip": 0.1, "forget": 0.01}
BELIEF = {"belief": 0.4, "seen": 3.0, "answered": 4.0, "right": 2.0, "taught": 1.5}
TOTALS = dict.fromkeys(record.TOTALS, 0.5) | {"decisions": 4.0, "minutes": 60.0, "stars": 3.5, "now": 3.0}
STANDING = {"mandatory": 1.0, "weekly_minutes": 70.0, "horizon": 30.0, "retention_day": 60.0}
MINDS = {workplace: {"start": -0.6, "gain": 0.9, "stability": 4.0, "elapsed": 2.0, "massed": 0.7},
         bkt: {"known": 0.0, "left": 5.0}}  # fmt: skip


def asked_of(law):
    """name -> (formula, arguments): groups by field, or plain numbers."""
    mind, p = MINDS[law], law.Params()._asdict()
    return {
        "begin": (SKILL, TRAIT, 0.4, 0.2, p), "forget": (mind, 3.0, p), "p_answer": (mind, 0.3, SKILL, p),
        "level": (mind, SKILL, p), "forecast": (mind, 6.0, SKILL, p), "supports": (mind, SKILL, p),
        "learn": (mind, EXPOSURE, ACTIVITY, SKILL, TRAIT, 0.3, 0.05, p),
    }  # fmt: skip


def asked_of_behaviour():
    p = behaviour.Params()._asdict()
    return {
        "p_accept": (ACTIVITY, TRAIT, LIFE, 1.0, 0.0, p), "appeal": (ACTIVITY, TRAIT, 0.4, 0.6, p),
        "p_finish": (ACTIVITY, TRAIT, LIFE, 0.0, 0.8, p), "minutes_taken": (ACTIVITY, TRAIT, 1.0, 0.3, p),
        "hardness": (ACTIVITY, TRAIT, p), "depth": (ACTIVITY, TRAIT, p),
        "mood": (LIFE, TRAIT, ACTIVITY, 0.8, 1.0, 0.5, 0.7, 0.3, p), "p_leave": (TRAIT, LIFE, 2.0, 0.0, p),
        "p_ask": (TRAIT, 1.0, 0.3, p), "spirit": (0.4, ACTIVITY, MEETING, 5.0, -0.3, p),
        "persuaded": (0.4, p), "wanted": (0.4, 0.7, p), "p_veto": (ACTIVITY, TRAIT, p),
    }  # fmt: skip


def asked_of_record():
    return {
        "begin_belief": (TRACER,), "faded": (BELIEF, TRACER, 5.0), "after_items": (0.4, 4.0, 3.0, TRACER),
        "observe_skill": (BELIEF, TRACER, 5.0, 0.8, 0.9, 4.0, 3.0), "reaction_of": (0.0, 1.0, 4.0),
        "share_done": (0.0,),
        "observe_format": (0.1, 0.9, 0.3, 0.4, 1.7), "running": (0.3, 0.9, 4.0),
        "observe_totals": (TOTALS, 5.0, 0.0, 1.0, 12.0, 10.0, 2.0, 3.0, 1.0, 0.75, 4.0),
        "view_totals": (TOTALS, STANDING, 0.4, 5.0), "view_skill": (BELIEF, TRACER, 5.0, 0.5),
        "heeded": (0.6, 0.2, 0.5),
    }  # fmt: skip


ASKED = [
    (module, name, arguments)
    for module, table in (
        (workplace, asked_of(workplace)),
        (bkt, asked_of(bkt)),
        (behaviour, asked_of_behaviour()),
        (record, asked_of_record()),
    )
    for name, arguments in table.items()
]


NAMED = [f"{module.__name__.rpartition('.')[2]}.{name}" for module, name, _ in ASKED]


@pytest.mark.parametrize(("module", "name", "arguments"), ASKED, ids=NAMED)
def test_torch_reads_the_same_values_with_true_gradients(module, name, arguments):
    """Autograd against central differences of the NumPy text, in float64, in every number that goes in."""
    places = [(j, key) for j, given in enumerate(arguments) for key in (given if isinstance(given, dict) else [None])]
    start = np.array([float(arguments[j][key] if key else arguments[j]) for j, key in places])

    def said_by(space, numbers):
        parts = [dict(given) if isinstance(given, dict) else given for given in arguments]
        for (j, key), number in zip(places, numbers, strict=True):
            if key:
                parts[j][key] = number
            else:
                parts[j] = number
        value = getattr(space, name)(*(Fields(part) if isinstance(part, dict) else part for part in parts))
        return list(value) if isinstance(value, tuple) else [value]

    with_torch = bind(module, torch_names())
    numbers = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in start]
    values, plain = said_by(with_torch, numbers), said_by(module, start)
    assert len(values) == len(plain)
    for at, (value, number) in enumerate(zip(values, plain, strict=True)):
        if not isinstance(value, torch.Tensor):
            assert value == number
            continue
        assert float(value.detach()) == pytest.approx(float(number), rel=1e-12, abs=1e-12)
        if value.requires_grad:
            slopes = torch.autograd.grad(value, numbers, retain_graph=True, allow_unused=True)
            for j, slope in enumerate(slopes):
                step = 1e-6 * max(1.0, abs(start[j]))
                up, down = start.copy(), start.copy()
                up[j], down[j] = start[j] + step, start[j] - step
                measured = (float(said_by(module, up)[at]) - float(said_by(module, down)[at])) / (2.0 * step)
                found = 0.0 if slope is None else float(slope)
                assert found == pytest.approx(measured, rel=2e-5, abs=2e-8), places[j]


def test_every_formula_of_laws_and_record_is_asked_about():
    for module in (workplace, bkt, behaviour, record):
        named = {name for m, name, _ in ASKED if m is module}
        called = {c.func.id for f in functions_of(module) for c in _calls(f)}
        unasked = {f.name for f in functions_of(module)} - named - called - {"rating"}  # rating rounds: no gradient
        assert not unasked, unasked


def _calls(function):
    return [node for node in ast.walk(function) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
