"""Small kernels of array code, compiled by Numba; whole classrooms are generated instead (``classroom.generate``)."""

from collections.abc import Callable
from typing import Any


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiled and cached on disk; where no cache folder can be written, compiled for this process only."""
    from numba import njit

    options: Any = {"nogil": True, "error_model": "numpy"}
    try:
        return njit(cache=True, **options)(function)  # type: ignore[no-any-return]
    except RuntimeError:
        return njit(**options)(function)  # type: ignore[no-any-return]
