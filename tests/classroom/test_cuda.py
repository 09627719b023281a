"""The same text for a graphics card: the whole step compiles to PTX without one, and in single precision throughout."""

import importlib.util
from types import SimpleNamespace

import numba
import pytest

from adaptlearn.classroom import generate
from adaptlearn.classroom.room import Classroom
from adaptlearn.envs.registry import rules

WANTED = ("numba_cuda", "nvidia.cuda_nvcc")


def absent():
    try:
        return [name for name in WANTED if importlib.util.find_spec(name) is None]
    except ModuleNotFoundError:
        return list(WANTED)


@pytest.mark.skipif(bool(absent()), reason="needs numba-cuda and nvidia-cuda-nvcc-cu12: pip install 'adaptlearn[cuda]'")
@pytest.mark.parametrize("law", ["bkt", "workplace"])
def test_a_step_compiles_to_ptx_without_double_precision(law, tmp_path, monkeypatch):
    from numba import cuda
    from numba.cuda import dispatcher

    room = Classroom(rules("tiny-v1", law=law), 4, 1).begin(range(4))
    handed = []
    monkeypatch.setattr(room, "kernels", SimpleNamespace(step=lambda *arguments: handed.extend(arguments)))
    room.step()
    file = tmp_path / "story.py"
    file.write_text(generate.module_text(room.rules.law, room.rules.behaviour, room.rules.reward, target="cuda"))
    spec = importlib.util.spec_from_file_location("story_for_cuda", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    # what a function calls is compiled for the card that is there; here is none
    monkeypatch.setattr(dispatcher, "get_current_device", lambda: SimpleNamespace(compute_capability=(8, 0)))
    types = [numba.typeof(value) for value in handed]
    ptx, _ = cuda.compile(module.step.py_func, numba.void(*types), device=True, cc=(8, 0), output="ptx", abi="numba")
    assert ".f32" in ptx and ".func" in ptx
    assert ".f64" not in ptx
