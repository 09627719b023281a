"""A card's room beside a processor's, step by step, under Numba's CUDA simulator: run by ``test_card`` in a process of
its own, since the simulator is chosen when Numba is imported.   -> one JSON line of the largest differences
"""

import json
import sys
import warnings

import numpy as np
import torch

from adaptlearn.classroom.card import CardRoom
from adaptlearn.classroom.room import Classroom
from adaptlearn.core.learner import Life
from adaptlearn.envs.registry import rules

DAY = Life._fields.index("day")
SEED, ROWS, STEPS = 3, 5, 3  # five rows: not a multiple of the 32 that lie side by side
SEEN = ("traits", "life", "mind", "touched", "rec", "view", "visits", "last", "offers", "propensity", "pay", "flags",
        "event", "mask", "slots", "ids")  # fmt: skip


def fields_first():
    """A field of a row before a method of NumPy's of the same name, as on a card: ``p.repeat`` is a constant."""
    from numba.cuda.simulator.cudadrv.devicearray import FakeWithinKernelCUDAArray as Row

    usual = Row.__getattr__

    def asked(self, name):
        row = self._item._ary
        return row[name] if row.dtype.names and name in row.dtype.names else usual(self, name)

    Row.__getattr__ = asked


def apart(card, room):
    """The largest difference of each array, in shares of its size."""
    found = {}
    for name in SEEN:
        mine, theirs = np.asarray(getattr(card, name).contiguous()), getattr(room, name)
        mine = mine.view(theirs.dtype) if theirs.dtype == np.uint64 else mine
        found[name] = float(np.max(np.abs(mine.astype(float) - theirs) / (1.0 + np.abs(theirs))))
    return found


def main(law: str, decides: str) -> None:
    """Play both, and compare after every step."""
    warnings.filterwarnings("ignore")  # the simulator's integers wrap around aloud
    fields_first()
    given = rules("tiny-v1", law=law, decides=decides)
    card = CardRoom(given, ROWS, SEED, autoreset=True).begin()
    room = Classroom(given, ROWS, SEED, autoreset=True).begin()
    room.life[1, DAY], card._beside["life"][0, DAY, 1] = 1e4, 1e4  # this life ends at once
    scores = np.linspace(-1.0, 1.0, ROWS * room.mask.shape[1], dtype=np.float32).reshape(ROWS, -1)
    worst: dict[str, float] = {}
    for step in range(STEPS):
        if step % 2:
            card.choose(torch.from_numpy(scores), 0.7)
            room.choose(scores, 0.7)
        else:
            card.wander()
            room.wander()
        card.step()
        room.step()
        worst = {name: max(value, worst.get(name, 0.0)) for name, value in apart(card, room).items()}
    worst["history"] = float(np.abs(card.history().numpy() - room.history()).max())
    kept = card.snapshot()
    later = twice(card, kept)
    print(json.dumps({"apart": worst, "restored": later, "reborn": int((room.slots[:, 1] > 0).sum())}))


def twice(card, kept) -> bool:
    """Whether a room goes on from a snapshot as it went on before."""
    ends = []
    for _ in range(2):
        card.restore(kept)
        card.wander()
        card.step()
        ends.append(card.view.clone())
    return bool((ends[0] == ends[1]).all())


if __name__ == "__main__":
    main(*sys.argv[1:])
