"""The best network so far, judged on learners it is not taught with; when a training has gone astray; and states of
a training as flat arrays.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, from_numpy, nn, optim

Arrays = dict[str, NDArray[Any]]
MEND = "try a smaller rate"
FAR = 2.0  # nats of one update after which nothing that was learned is left


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
        return marks | {f"net/{name}": array_of(v) for name, v in self.weights.items()}

    def restore(self, state: Arrays) -> None:
        """Go on from what :meth:`state` gave."""
        self.worth, self.misses = float(state["worth"]), int(state["misses"])
        self.weights = {name: from_numpy(v.copy()) for name, v in under(state, "net").items()}


def array_of(values: Any) -> NDArray[Any]:
    """A copy as an array of NumPy, wherever it lay."""
    return values.detach().cpu().numpy().copy() if isinstance(values, Tensor) else np.array(values)


def under(state: Arrays, prefix: str) -> Arrays:
    """The entries below a prefix, without it."""
    return {name.removeprefix(f"{prefix}/"): v for name, v in state.items() if name.startswith(f"{prefix}/")}


class Diverged(ArithmeticError):
    """A training that went astray, and the best network before it did (None if none was ever judged)."""

    def __init__(self, said: str, best: nn.Module | None):
        ArithmeticError.__init__(self, said)
        self.best = best


def require_sound(agent: str, figures: Mapping[str, float], seen: int) -> None:
    """Says in words that a training has gone astray.

    Raises:
        ArithmeticError: the loss is no longer a number, or one update moved the policy too far.
    """
    loss, moved = figures["loss"], figures.get("divergence", 0.0)
    if not np.isfinite(loss):
        raise ArithmeticError(f"{agent}: the loss is {loss} after {seen} decisions; needed a number, {MEND}")
    if moved > FAR:
        raise ArithmeticError(
            f"{agent}: an update moved the policy by {moved:.2g} nats after {seen} decisions; needed less than {FAR}, "
            f"{MEND}"
        )


def packed(nets: Mapping[str, nn.Module], optimiser: optim.Optimizer) -> Arrays:
    """Weights by network, moments and rates of the optimiser, as arrays."""
    found = {f"{net}/{key}": array_of(v) for net, m in nets.items() for key, v in m.state_dict().items()}
    for j, moments in optimiser.state_dict()["state"].items():
        found |= {f"adam/{j}/{key}": array_of(v) for key, v in moments.items()}
    return found | {"rate": np.array([group["lr"] for group in optimiser.param_groups])}


def unpacked(state: Arrays, nets: Mapping[str, nn.Module], optimiser: optim.Optimizer) -> None:
    """Put back what :func:`packed` gave.

    Raises:
        RuntimeError, ValueError, KeyError: it is of other networks.
    """
    for net, module in nets.items():
        module.load_state_dict({key: from_numpy(v.copy()) for key, v in under(state, net).items()})
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in under(state, "adam").items():
        j, _, key = name.partition("/")
        moments.setdefault(int(j), {})[key] = from_numpy(value.copy())
    groups = optimiser.state_dict()["param_groups"]
    for group, rate in zip(groups, state["rate"], strict=True):
        group["lr"] = float(rate)
    optimiser.load_state_dict({"state": moments, "param_groups": groups})


@contextmanager
def put_back(agent: str) -> Iterator[None]:
    """Says in words that what is put back belongs to another training.

    Raises:
        ValueError: in place of what goes wrong when sizes differ.
    """
    try:
        yield
    except (RuntimeError, ValueError, KeyError) as error:
        raise ValueError(f"{agent}: not a state of this training ({str(error).splitlines()[0]}); needed the same world "
                         "and settings, e.g. those it was begun with") from error  # fmt: skip
