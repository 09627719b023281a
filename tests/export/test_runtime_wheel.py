"""The wheel ``adaptlearn-runtime`` alone decides: built from the same files, installed beside numpy and onnxruntime."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy
import onnxruntime
import pytest

from adaptlearn.export import bundle
from adaptlearn.export import runtime as inside
from adaptlearn.export.runtime import Runtime

PROFILE = {"learner": "u-1", "role": "counter", "weekly_minutes": 90}
TAKEN = {"day": 0.0, "offered": ["greeting-video"], "taken": "greeting-video", "completed": True, "minutes": 9.5}
DECIDE = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
import adaptlearn_runtime as adaptlearn
ours = {name.partition(".")[0] for name in sys.modules if "." in name} - set(sys.stdlib_module_names)
runtime = adaptlearn.load(sys.argv[2])
record = runtime.observe(runtime.start(json.loads(sys.argv[3])), json.loads(sys.argv[4]))
print(json.dumps([runtime.recommend(record, day=2.0, k=3).ids, sorted(ours), adaptlearn.__file__]))
"""


def test_the_wheel_is_the_folder_and_no_copy(wheel):
    with zipfile.ZipFile(wheel) as held:
        for file in Path(inside.__file__).parent.glob("*.py"):
            assert held.read(f"adaptlearn_runtime/{file.name}") == file.read_bytes(), file.name
        about = held.read(next(name for name in held.namelist() if name.endswith("METADATA"))).decode()
        needs = [line for line in about.splitlines() if line.startswith("Requires-Dist") and "extra" not in line]
    assert sorted(line.split()[1].partition(">")[0] for line in needs) == ["numpy", "onnxruntime"]


def test_the_wheel_alone_decides(wheel, tiny, small, tmp_path):
    """A Python that sees the wheel, numpy and onnxruntime, and nothing else of ours; -I keeps the checkout out."""
    folder = bundle.write(small, tiny, tmp_path / "bundle")
    target = tmp_path / "installed"
    install = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(target), str(wheel)]
    done = subprocess.run([sys.executable, *install], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"needs pip, which says here: {done.stderr.strip().splitlines()[-1:]}")
    beside = {str(Path(package.__file__).parents[1]) for package in (numpy, onnxruntime)}
    words = [json.dumps([str(target), *beside]), str(folder), json.dumps(PROFILE), json.dumps(TAKEN)]
    done = subprocess.run([sys.executable, "-I", "-c", DECIDE, *words], capture_output=True, text=True, cwd=tmp_path,
                          check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    ids, loaded, home = json.loads(done.stdout)
    runtime = Runtime.load(folder)
    assert ids == runtime.recommend(runtime.observe(runtime.start(PROFILE), TAKEN), day=2.0, k=3).ids
    assert home.startswith(str(target))
    assert not set(loaded) & {"adaptlearn", "torch", "onnx", "numba", "hydra", "mlflow", "pyarrow", "pandas"}
