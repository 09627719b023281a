"""The shape of the house, read from its source: arrows run down, rooms stay small, imports stay cheap."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "adaptlearn"
FLOOR = {"core": 1, "laws": 2, "classroom": 2, "interchange": 2, "tracing": 3, "envs": 3, "agents": 3, "evaluation": 3,
         "export": 4, "lab": 5}  # fmt: skip
HEAVY = ("torch", "pyro", "hydra", "mlflow", "numba")
VAGUE = re.compile(r"utils?|commons?|managers?|helpers?|misc")
PLACES = re.compile(
    r"(?:^|[^\w.])/(?:home|root|work|opt|mnt|Users)/[a-z]|file:///[a-z]|--(?:extra-)?index-url", re.MULTILINE
)
LINES, BODY = 320, 40  #: of a file; of a function, its docstring apart

MODULES = sorted(PACKAGE.rglob("*.py"))
ROOMS = [path for path in MODULES if path.parent != PACKAGE]  # all but the face


def name_of(path: Path) -> str:
    """A file's place in the package, for names of tests and for messages."""
    return path.relative_to(PACKAGE).as_posix()


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    """Every module that a file imports, at its top or inside a function, by statement or by name.   -> line, module"""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level < 2, f"{name_of(path)}:{node.lineno}: an import from above; needed the whole name"
            folder = ".".join(path.parent.relative_to(PACKAGE).parts)
            here = f"adaptlearn.{folder}."  # one dot: the same folder, for files that travel without the others
            module = here * node.level + (node.module or "")
            rooms = module == "adaptlearn"
            yield from ((node.lineno, f"adaptlearn.{a.name}" if rooms else module) for a in node.names)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "import_module":
            text = next((n.value for n in ast.walk(node.args[0]) if isinstance(n, ast.Constant)), "")
            yield node.lineno, str(text)


@pytest.mark.parametrize("path", ROOMS, ids=name_of)
def test_arrows_run_down(path):
    room = path.relative_to(PACKAGE).parts[0]
    for line, module in imports_of(path):
        first, _, rest = module.partition(".")
        target = rest.partition(".")[0]
        if first != "adaptlearn" or target == "__version__":
            continue
        if not target and FLOOR[room] == max(FLOOR.values()):  # a room named at run time, from where all are below
            continue
        where = f"{name_of(path)}:{line}: {module}"
        assert target in FLOOR, f"{where}: the face is for users; needed a room, e.g. adaptlearn.core.world"
        assert target == room or FLOOR[target] < FLOOR[room], f"{where}: from floor {FLOOR[room]} to {FLOOR[target]}"


def test_the_house_has_these_rooms_and_no_others():
    found = {path.name for path in PACKAGE.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert found == set(FLOOR)
    assert [p.name for p in PACKAGE.glob("*.py")] == ["__init__.py"]
    assert not [name_of(p) for p in MODULES if len(p.relative_to(PACKAGE).parts) > 3], "folders nest two deep at most"


def test_every_room_says_what_it_is_for_and_imports_nothing():
    for room in FLOOR:
        face = PACKAGE / room / "__init__.py"
        assert ast.get_docstring(ast.parse(face.read_text(encoding="utf-8"))), f"{room}: a paragraph is missing"
        assert not list(imports_of(face)), f"{room}/__init__.py imports; needed none, so that rooms load piece by piece"


def test_no_module_has_a_vague_name():
    assert not [name_of(p) for p in MODULES if any(VAGUE.fullmatch(word) for word in p.stem.split("_"))]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_hydra_and_mlflow_stay_in_the_lab(path):
    parts = path.relative_to(PACKAGE).parts
    at_home = parts[0] == "lab" or (parts[0] == "export" and parts[-1].startswith("serve"))
    for line, module in imports_of(path):
        top = module.partition(".")[0]
        assert at_home or top not in ("hydra", "mlflow", "omegaconf"), f"{name_of(path)}:{line} imports {module}"
        assert top not in ("stable_baselines3", "sb3_contrib"), f"{name_of(path)}:{line}: {top} is for tests only"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_files_and_functions_fit_on_a_screen(path):
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    assert lines <= LINES, f"{name_of(path)}: {lines} lines; needed at most {LINES}: is it two things?"
    long = [f"{node.name} ({lines_of(node)})" for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.FunctionDef) and lines_of(node) > BODY]  # fmt: skip
    assert not long, f"{name_of(path)}: more than {BODY} lines in {', '.join(long)}"


def lines_of(function: ast.FunctionDef) -> int:
    """Lines of a function from its ``def`` to its end, without the docstring."""
    doc = function.body[0]
    says = isinstance(doc, ast.Expr) and isinstance(doc.value, ast.Constant) and isinstance(doc.value.value, str)
    spoken = (doc.end_lineno or 0) - doc.lineno + 1 if says else 0
    return (function.end_lineno or 0) - function.lineno + 1 - spoken


def loaded_after(statement: str, watched: tuple[str, ...]) -> list[str]:
    """Which of the watched packages a fresh Python has loaded after a statement."""
    ask = f"import sys\n{statement}\nprint(*(name for name in {watched!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_importing_adaptlearn_loads_nothing_heavy():
    assert loaded_after("import adaptlearn", HEAVY) == []


def test_importing_core_loads_nothing_heavy():
    nouns = [f"adaptlearn.core.{path.stem}" for path in PACKAGE.glob("core/*.py") if path.stem != "__init__"]
    assert loaded_after(f"import {', '.join(nouns)}", (*HEAVY, "pyarrow", "onnx", "matplotlib")) == []


def test_every_public_name_can_be_had():
    import adaptlearn

    assert all(getattr(adaptlearn, name) is not None for name in adaptlearn.__all__)
    assert set(adaptlearn.__all__) <= set(dir(adaptlearn))
    with pytest.raises(AttributeError, match="no attribute 'Wrld'; needed one of"):
        adaptlearn.Wrld  # noqa: B018


def project_files() -> list[Path]:
    """Every text file of the project, as git lists them: tracked, or new and not ignored."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip(f"{ROOT} is no git checkout: the project's files cannot be told from what was made among them")
    binary = {".onnx", ".parquet", ".png", ".npz", ".npy", ".gz", ".xlsx"}
    files = [ROOT / name for name in listed.split("\0") if name]
    return [path for path in files if path.suffix not in binary and path.is_file()]


def test_no_file_knows_the_machine_it_was_written_on():
    for path in set(project_files()) - {Path(__file__).resolve()}:  # which has the words to look for
        found = PLACES.search(path.read_text(encoding="utf-8", errors="replace"))
        assert not found, f"{path.relative_to(ROOT)}: {found.group().strip()!r} is of one machine only"


def test_every_hand_written_twin_names_a_test_that_exists():
    page = (ROOT / "docs" / "twins.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    for row in rows[1:]:
        named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", row)
        assert named, f"docs/twins.md: no test in {row!r}; needed e.g. `tests/export/test_record.py`"
        for file, function in named:
            assert (ROOT / file).is_file(), f"docs/twins.md: {file} does not exist"
            held = f"def {function}" in (ROOT / file).read_text(encoding="utf-8")
            assert held, f"docs/twins.md: no {function} in {file}"
