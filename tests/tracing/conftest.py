"""Simulated answers for the tests of tracers: a log drawn from known coins."""

import numpy as np
import pytest

from adaptlearn.core import luck
from adaptlearn.core.record import Tracer


def simulate(tracers: dict[object, Tracer], n: int, length: int, seed: int = 1, first: int = 0):
    """Everyone answers every skill ``length`` times.   -> learner, skill, correct, known, each [K n length]"""
    columns = []
    for name, tracer in tracers.items():
        who = np.arange(first, first + n)
        address = who.astype(np.uint64) ^ np.uint64(luck.address_of(str(name)))
        draw = luck.uniform(seed, luck.TRIAL, address[:, None, None], np.arange(length)[:, None], np.arange(3))
        known = draw[:, 0, 2] < tracer.prior
        for t in range(length):
            right = np.where(known, draw[:, t, 0] >= tracer.slip, draw[:, t, 0] < tracer.guess)
            columns += [(t, person, name, int(r), int(k)) for person, r, k in zip(who, right, known, strict=True)]
            known = np.where(known, draw[:, t, 1] >= tracer.forget, draw[:, t, 1] < tracer.learn)
    columns.sort(key=lambda row: row[0])  # everyone's first answers, then everyone's second ones
    _, learner, skill, correct, hidden = zip(*columns, strict=True)
    return np.array(learner), np.array(skill, object), np.array(correct), np.array(hidden)


@pytest.fixture
def log_of():
    """``log_of({"add": Tracer(...)}, n=100, length=8)``, see :func:`simulate`."""
    return simulate
