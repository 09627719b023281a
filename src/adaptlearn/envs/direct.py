"""What both environments do with a classroom: who lives in its rows, and its step as one compiled call.

Numba finds out the type of every argument at every call. A step has thirty-odd, ten of them rows with named columns,
whose types are slow to look up: 4 to 9 microseconds, where one learner's step is 2. A classroom hands over the same
arrays for as long as it lives, so the look-up may happen once.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adaptlearn.classroom.room import Classroom


class _Listener:
    """Stands in for the kernels once, to hear what a classroom hands them."""

    arguments: tuple[Any, ...] = ()

    def step(self, *arguments: Any) -> None:
        self.arguments = arguments


class Direct:
    """``room.step`` without its overhead, for a room that does not reset itself.

    Raises:
        ValueError: a room with autoreset, whose births would be passed over.
    """

    def __init__(self, room: Classroom):
        if room.autoreset:
            raise ValueError("room.autoreset = True; needed a room without, e.g. Classroom(rules, n, seed)")
        self.room = room
        self.compiled: Callable[..., None] | None = None

    def bound(self) -> Callable[[], None]:
        """The step of this room under its present seed, as a call without arguments."""
        if self.room.shared or self.room.guardrails.any:
            return self.room.step
        listener, kernels = _Listener(), self.room.kernels
        self.room.kernels = listener  # type: ignore[assignment]
        try:
            self.room.step()
        finally:
            self.room.kernels = kernels
        if self.compiled is None:
            self.compiled = compiled(kernels.step, listener.arguments)
        return partial(self.compiled, *listener.arguments)


def compiled(kernel: Any, arguments: tuple[Any, ...]) -> Callable[..., None]:
    """The machine code a kernel runs for arguments of these types; it checks them no more."""
    if not hasattr(kernel, "compile"):  # NUMBA_DISABLE_JIT
        return kernel  # type: ignore[no-any-return]
    from numba import typeof

    return kernel.compile(tuple(map(typeof, arguments)))  # type: ignore[no-any-return]


def begin(room: Classroom, fresh: bool, named: NDArray[np.uint64] | None) -> None:
    """The next life of every row, the zeroth if luck is fresh; with names [N], the lives of these learners."""
    if fresh:
        room.slots[:, 0], room.slots[:, 1] = np.arange(room.n), 0
    else:
        room.slots[:, 1] += np.uint64(1)
    room.ids[:] = next_ids(room, room.slots) if named is None else named
    room.birth(np.arange(room.n))


def follow(room: Classroom, rows: NDArray[np.int64]) -> None:
    """The next life of these rows."""
    slots = room.slots[rows]
    slots[:, 1] += np.uint64(1)
    room.slots[rows], room.ids[rows] = slots, next_ids(room, slots)
    room.birth(rows)


def next_ids(room: Classroom, slots: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """``luck.rebirth`` of (row, life) pairs, compiled.   [n, 2] -> [n]"""
    return room.kernels.first_ids(np.uint64(room.seed), slots)  # type: ignore[no-any-return]
