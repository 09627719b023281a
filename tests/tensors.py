"""A classroom whose arrays are tensors, as they are on a graphics card; they lie on the processor."""

import numpy as np
import torch

from adaptlearn.classroom.room import Classroom


class Tensors:
    """The face of a card's room as training and watching see it."""

    def __init__(self, *args, **more):
        self.room = Classroom(*args, **more)

    def begin(self, ids=None):
        self.room.begin(ids)
        return self

    def __getattr__(self, name):
        value = getattr(self.room, name)
        return torch.from_numpy(value) if isinstance(value, np.ndarray) else value

    def now(self, name):
        return torch.from_numpy(self.room.now(name))

    def history(self, out=None):
        return torch.from_numpy(self.room.history(None if out is None else out.numpy()))

    def choose(self, scores, temperature):
        self.room.choose(scores.numpy(), temperature)
