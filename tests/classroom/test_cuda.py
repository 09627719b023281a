"""The same text for a graphics card: every kernel compiles to PTX without one, and in single precision throughout."""

import importlib.util
from types import SimpleNamespace

import numba
import pytest
import torch

from adaptlearn.classroom import card
from adaptlearn.envs.registry import rules
from adaptlearn.laws.shelf import OWN

WANTED = ("numba_cuda", "nvidia.cuda_nvcc")
KERNELS = {"start", "step", "next_lives", "choose", "wander", "recall"}
FIRST = "bkt"  # the others take half a minute each


def absent():
    try:
        return [name for name in WANTED if importlib.util.find_spec(name) is None]
    except ModuleNotFoundError:
        return list(WANTED)


pytestmark = pytest.mark.skipif(
    bool(absent()), reason="needs numba-cuda and nvidia-cuda-nvcc-cu12: pip install 'adaptlearn[cuda]'"
)
CASES = [pytest.param(law, marks=[] if law == FIRST else pytest.mark.long) for law in OWN]


class OnPaper(card.CardRoom):
    """A room of which nothing is launched: it tells what each kernel would have been handed."""

    def _place(self):
        self.torch, self.cuda = torch, SimpleNamespace(to_device=lambda array: array)
        self.device, self.block, self.launched = torch.device("cpu"), 128, {}

    def _shared(self, tensor):
        return tensor.numpy()

    def _launch(self, kernel, *arguments):
        self.launched[kernel] = [numba.typeof(value) for value in arguments]


def ptx_of(room, kernel, monkeypatch):
    """What Numba and NVVM make of one kernel for a card of compute capability 8.0."""
    from numba import cuda
    from numba.cuda import dispatcher

    # what a kernel calls is compiled for the card that is there; here is none
    monkeypatch.setattr(dispatcher, "get_current_device", lambda: SimpleNamespace(compute_capability=(8, 0)))
    function, types = getattr(room.kernels, kernel).py_func, room.launched[kernel]
    return cuda.compile(function, numba.void(*types), device=False, cc=(8, 0), output="ptx", abi="numba",
                        fastmath=True)[0]  # fmt: skip


@pytest.mark.parametrize("law", CASES)
def test_every_kernel_compiles_to_ptx_without_double_precision(law, monkeypatch):
    monkeypatch.setattr(card, "absent", lambda: "")
    room = OnPaper(rules("tiny-v1", law=law), 40, 1, autoreset=True).begin()
    room.wander()
    room.choose(torch.zeros(40, room.activities))
    room.history()
    room.step()
    assert room.launched.keys() == KERNELS
    for kernel in KERNELS:
        ptx = ptx_of(room, kernel, monkeypatch)
        assert ".entry" in ptx, kernel
        assert ".f64" not in ptx, kernel
