"""Rooms of several rules side by side, as one: a policy that is trained in it must do for all of them.

Rows are shared among the rules, so that each has its share of every rollout whatever happens. Every room has luck of
its own; arrays are the rooms' one after the other, copied, and minds are as wide as the widest. Rooms may differ in
what is offered: ``shelves`` says which rows are offered which catalogue.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from adaptlearn.classroom.room import Classroom, Rules
from adaptlearn.core.world import Matrix, World

APART = 1_000_003  # between the seeds of two rooms
JOINED = ("view", "mask", "pay", "flags", "life", "traits", "touched", "offers", "propensity")


class Mixed:
    """N learners in step under several rules, with the face of ``room.Classroom`` as far as training needs it.

    Args:
        many: the rules, of worlds with the same skills and as many activities.
        n: number of rows, shared as evenly as they can be.
        seed: of all luck; each room's own is worked out from it.
        make: of each room, called with (rules, rows, seed, autoreset=...).

    Raises:
        ValueError: fewer rows than rules, or worlds that differ.
    """

    def __init__(
        self, many: Sequence[Rules], n: int, seed: int, *, autoreset: bool = False, make: Callable[..., Any] = Classroom
    ):
        if n < len(many):
            raise ValueError(
                f"rows = {n} for {len(many)} kinds of rooms; needed one each or more, e.g. {64 * len(many)}"
            )
        for rules in many[1:]:
            require_alike(many[0].world, rules.world)
        edges = [n * j // len(many) for j in range(len(many) + 1)]
        self.shares = [slice(low, high) for low, high in zip(edges[:-1], edges[1:], strict=True)]
        self.n, self.seed, self.rooms = n, seed, [
            make(rules, share.stop - share.start, (seed + APART * j) % (1 << 64), autoreset=autoreset)
            for j, (rules, share) in enumerate(zip(many, self.shares, strict=True))
        ]  # fmt: skip
        self.rules, self.spec, self.terms = many[0], self.rooms[0].spec, self.rooms[0].terms
        self.shelves = shelves(many, self.shares)

    def begin(self) -> "Mixed":
        """Births in every room."""
        for room in self.rooms:
            room.begin()
        return self

    def choose(self, scores: Any, temperature: float = 1.0) -> None:
        """Scores [N, A] become ``offers`` and ``propensity``."""
        for room, share in zip(self.rooms, self.shares, strict=True):
            room.choose(scores[share], temperature)

    def step(self) -> None:
        """One decision of everyone, on what :meth:`choose` wrote."""
        for room in self.rooms:
            room.step()

    def history(self, out: Any = None) -> Any:
        """Per-activity history of all rows.   -> [N, A, 3]"""
        if out is None:
            return _joined([room.history() for room in self.rooms])
        for room, share in zip(self.rooms, self.shares, strict=True):
            room.history(out[share])
        return out

    def now(self, name: str) -> Any:
        """One column of life.   -> [N]"""
        return _joined([room.now(name) for room in self.rooms])

    @property
    def mind(self) -> Any:
        """Minds, with zeros up to the widest.   -> [N, K, M]"""
        minds = [room.mind for room in self.rooms]
        wide = max(mind.shape[2] for mind in minds)
        return _joined([_padded(mind, wide) for mind in minds])

    def __getattr__(self, name: str) -> Any:
        """The rooms' arrays one after the other, a copy."""
        if name not in JOINED:
            raise AttributeError(f"rooms side by side have no {name!r}")
        return _joined([getattr(room, name) for room in self.rooms])

    def snapshot(self) -> dict[str, Any]:
        """A copy of everything that changes."""
        return {f"{j}/{name}": value for j, room in enumerate(self.rooms) for name, value in room.snapshot().items()}

    def restore(self, state: dict[str, Any]) -> None:
        """Put a snapshot back."""
        for j, room in enumerate(self.rooms):
            room.restore({name.partition("/")[2]: v for name, v in state.items() if name.startswith(f"{j}/")})


def require_alike(first: World, other: World) -> None:
    """Refuse two worlds that one policy, or one array of rows, cannot serve.

    Raises:
        ValueError: other skills, or more or fewer activities.
    """
    like = "needed rooms of one world or of its revisions, e.g. laws=[workplace,bkt]"
    if other.skills != first.skills:
        raise ValueError(f"{other.name} and {first.name} differ in their skills; {like}")
    if len(other.activities) != len(first.activities):
        raise ValueError(
            f"{other.name} offers {len(other.activities)} activities and {first.name} {len(first.activities)}; {like}"
        )


def shelves(many: Sequence[Rules], shares: Sequence[slice]) -> list[tuple[slice, Matrix]]:
    """Which rows are offered which catalogue [A, F]; neighbours that are offered the same are one entry."""
    found: list[tuple[slice, Matrix]] = []
    for rules, share in zip(many, shares, strict=True):
        features, rows = rules.world.features, share
        if found and np.array_equal(found[-1][1], features):
            rows = slice(found.pop()[0].start, share.stop)
        found.append((rows, features))
    return found


def _joined(parts: list[Any]) -> Any:
    """Arrays or tensors, one after the other."""
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts)
    import torch

    return torch.cat(parts)


def _padded(mind: Any, wide: int) -> Any:
    """Zeros after the last field.   [N, K, m] -> [N, K, wide]"""
    if isinstance(mind, np.ndarray):
        return np.pad(mind, ((0, 0), (0, 0), (0, wide - mind.shape[2])))
    import torch

    return torch.nn.functional.pad(mind, (0, wide - mind.shape[2]))
