"""The best network so far, judged on learners it is not taught with; and states of a training as flat arrays."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, from_numpy, nn

Arrays = dict[str, NDArray[Any]]


@dataclass
class Best:
    """The best network so far on held-out learners, and how many checks ago that was."""

    worth: float = -float("inf")
    misses: int = 0
    weights: dict[str, Tensor] = field(default_factory=dict)

    def judged(self, net: nn.Module, worth: float) -> float:
        """Take note of a check.   -> its worth"""
        better = worth > self.worth
        self.misses = 0 if better else self.misses + 1
        if better:
            self.worth, self.weights = worth, {name: v.clone() for name, v in net.state_dict().items()}
        return worth

    def into(self, net: nn.Module) -> Any:
        """The network with the best weights; as it is if none was ever judged."""
        if self.weights:
            net.load_state_dict(self.weights)
        return net

    def state(self) -> Arrays:
        """As arrays."""
        marks = {"worth": np.array(self.worth), "misses": np.array(self.misses)}
        return marks | {f"net/{name}": v.numpy().copy() for name, v in self.weights.items()}

    def restore(self, state: Arrays) -> None:
        """Go on from what :meth:`state` gave."""
        self.worth, self.misses = float(state["worth"]), int(state["misses"])
        self.weights = {name: from_numpy(v.copy()) for name, v in under(state, "net").items()}


def under(state: Arrays, prefix: str) -> Arrays:
    """The entries below a prefix, without it."""
    return {name.removeprefix(f"{prefix}/"): v for name, v in state.items() if name.startswith(f"{prefix}/")}
