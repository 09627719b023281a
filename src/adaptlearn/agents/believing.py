"""Any agent with a better belief: where it reads P(known) in the view, a trained belief speaks instead of BKT.

The belief is frozen inside the policy, its state lies in the policy's memory, and the whole is one policy: it needs no
law, and exports as one graph. An agent that learns is taught in rooms whose views are shown in the same way, so that
no agent need know of it.

Axes: N learners, A activities, K skills, V view, M memory.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from adaptlearn.agents.belief import Belief
from adaptlearn.core.policy import Head

BLOCK = 512  # learners looked at together; a memory bound


class Shown(nn.Module):
    """Views as a belief sees them: the block ``belief`` is the mean level, the total ``goal`` its worth."""

    def __init__(self, belief: Belief):
        nn.Module.__init__(self)
        self.belief = belief.requires_grad_(False)

    def forward(self, view: Tensor, catalogue: Tensor, history: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """view [N, V], catalogue [A, F], history [N, A, 3], memory [N, M] -> view [N, V], memory [N, M]"""
        now, after = self.belief(view, catalogue, history, memory)
        level, _ = now.levels()
        spec = self.belief.reader.sight.spec
        worth = (level * view[:, spec.at("target")]).sum(1, keepdim=True)
        goal = spec.total("goal")
        return torch.cat([level, view[:, spec.n_skills : goal], worth, view[:, goal + 1 :]], 1), after


class Believing(nn.Module):
    """A Policy: the inner one, shown what a belief says."""

    def __init__(self, inner: Any, belief: Belief):
        nn.Module.__init__(self)
        self.inner, self.shown = inner, Shown(belief)
        self.name, self.version = f"{inner.name}-belief", inner.version
        self.head: Head = inner.head
        self.memory_size, self.luck_size = belief.memory_size + inner.memory_size, inner.luck_size

    def forward(
        self, view: Tensor, catalogue: Tensor, history: Tensor, memory: Tensor, luck: Tensor
    ) -> tuple[Tensor, Tensor]:
        """See ``core.policy``."""
        size = self.shown.belief.memory_size
        view, believed = self.shown(view, catalogue, history, memory[:, :size])
        scores, own = self.inner(view, catalogue, history, memory[:, size:], luck)
        return scores, torch.cat([believed, own], 1)


class BelievedRoom:
    """A classroom whose ``view`` is shown as a belief sees it; everything else is the classroom's own."""

    def __init__(self, room: Any, belief: Belief):
        self._room, self._shown = room, Shown(belief)
        self._catalogue = torch.from_numpy(room.rules.world.features.copy())
        self._memory, self.view = np.zeros((room.n, belief.memory_size), np.float32), room.view.copy()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._room, name)

    def begin(self, ids: ArrayLike | None = None) -> "BelievedRoom":
        """Births, see ``Classroom.begin``."""
        self._room.begin(ids)
        self._memory[...] = 0.0
        self._look()
        return self

    def step(self, offers: NDArray[np.int32] | None = None) -> None:
        """One decision of everyone, see ``Classroom.step``; whoever is born in it is a newcomer to the belief."""
        self._room.step(offers)
        self._memory[(self._room.flags > 0).any(1)] = 0.0
        self._look()

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """A copy of everything that changes, what is believed included."""
        return self._room.snapshot() | {"believed": self._memory.copy(), "shown": self.view.copy()}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Put a snapshot back."""
        self._room.restore(state)
        self._memory[...] = state["believed"]
        self.view[...] = state["shown"]

    def _look(self) -> None:
        """Show everyone alive as they are believed now."""
        room, alive = self._room, np.flatnonzero(self._room.alive)
        with torch.inference_mode():
            for start in range(0, len(alive), BLOCK):
                rows = alive[start : start + BLOCK]
                seen = (torch.from_numpy(x) for x in (room.view[rows], room.history(rows=rows), self._memory[rows]))
                view, history, memory = seen
                shown, after = self._shown(view, self._catalogue, history, memory)
                self.view[rows], self._memory[rows] = shown.numpy(), after.numpy()


def rooms(belief: Belief, classroom: Callable[..., Any]) -> Callable[..., BelievedRoom]:
    """Makes rooms as ``classroom`` does, shown as ``belief`` sees them."""

    def make(*args: Any, **options: Any) -> BelievedRoom:
        return BelievedRoom(classroom(*args, **options), belief)

    return make
