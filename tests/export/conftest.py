"""A small policy of our own, and learners to try things on."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from adaptlearn.core import world as worlds
from adaptlearn.core.catalogue import FEATURE_SCALE
from adaptlearn.core.policy import Head
from adaptlearn.core.record import ViewSpec

torch.set_num_threads(1)


class Small(nn.Module):
    """Query from the view, key from the activity, a leaning from history; optionally a memory and thoughts."""

    def __init__(self, n_skills: int, temperature: float = 1.0, memory: int = 0, thought: int = 0, seed: int = 0):
        super().__init__()
        torch.manual_seed(seed)
        self.name, self.version, self.head = "small", "1", Head(temperature)
        self.memory_size, self.luck_size = memory, thought
        spec = ViewSpec(n_skills)
        self.query, self.own = nn.Linear(spec.size + memory, 24), nn.Linear(3, 1)
        self.key = nn.Linear(3 * n_skills + len(FEATURE_SCALE), 24)
        self.next = nn.Linear(spec.size + memory, memory) if memory else None
        scale = np.concatenate([np.ones(3 * n_skills, np.float32), FEATURE_SCALE])
        self.register_buffer("scale", torch.from_numpy(scale))

    def forward(self, view, catalogue, history, memory, luck):
        seen = torch.cat([view, memory], 1)
        scores = self.query(seen) @ self.key(catalogue / self.scale).tanh().T + self.own(history)[..., 0]
        if self.luck_size:
            scores = scores + luck.sum(1, keepdim=True) * catalogue[:, 0]
        return scores, torch.tanh(self.next(seen)) if self.next is not None else memory


@pytest.fixture(scope="session")
def tiny():
    return worlds.load("tiny-v1")


@pytest.fixture(scope="session")
def make_small():
    """The class itself: tests share no imports."""
    return Small


@pytest.fixture(scope="session")
def small(tiny):
    return Small(len(tiny.skills))


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The small wheel, ``adaptlearn-runtime``, as its own folder builds it."""
    where, root = tmp_path_factory.mktemp("wheel"), Path(__file__).resolve().parents[2]
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(where)]
    done = subprocess.run(command, cwd=root / "runtime", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return next(where.glob("*.whl"))
