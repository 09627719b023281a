"""A log as lessons: what a policy would have met at each decision, for agents that learn from a log alone."""

from pathlib import Path
from typing import Any

import numpy as np

from adaptlearn.core import log as logs
from adaptlearn.core.world import World


class Witness:
    """Stands in for the features of a retelling, and notes what it is shown: view and history, in the order told."""

    def __init__(self) -> None:
        self.histories: list[Any] = []

    def __call__(self, view: Any, catalogue: Any, history: Any) -> Any:
        """view, catalogue, history [N, A, 3] -> none [N, A, 0]"""
        self.histories.append(history)
        return history[:, :, :0]


def lessons(file: str | Path, world: World) -> Any:
    """Every decision of a log as ``agents.offline.Lessons``.

    Raises:
        ValueError: the log lacks what a record is built from, or speaks of another world (see ``export.hindsight``).
    """
    import torch

    from adaptlearn.agents import shelf
    from adaptlearn.agents.offline import Lessons
    from adaptlearn.export.hindsight import retell

    log, witness = logs.load(file), Witness()
    told = retell(log, world, shelf.build("random", world), witness)
    step = np.arange(len(told.row)) - np.flatnonzero(told.first)[told.learner]
    place = np.argsort(np.argsort(step, kind="stable"), kind="stable")  # told step by step, kept learner by learner
    follows = np.append(~told.first[1:], False)
    out_of_time = log["day"] + np.nan_to_num(log["gap_days"]) >= np.float32(world.programme.horizon_days)
    ended = ~follows & (log["left"] | out_of_time)[told.row]
    floats = [torch.from_numpy(x.astype(np.float32)) for x in (told.after - told.before, follows, ended)]
    action = torch.from_numpy(log["offered"][told.row, 0].astype(np.int64))
    history = torch.cat(witness.histories)[torch.from_numpy(place)]
    return Lessons(torch.from_numpy(told.view), history, torch.from_numpy(told.mask), action, *floats)
