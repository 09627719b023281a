"""Who takes part in the benchmark from outside: a callable that makes a policy, whatever it was trained with.

    adaptlearn bench entrant=my_package.mine:make

``make(rules, seed)`` is handed the rules of the training world, never those of the test, and gives back one of

- a ``core.policy.Policy``;
- a model of Stable-Baselines3 or sb3-contrib (PPO, MaskablePPO, A2C, DQN), trained on ``adaptlearn/World-v1``; its
  zip holds pickles, so it is loaded by ``make``, your own code, and by nothing here;
- a function ``(view [N, V], catalogue [A, F], history [N, A, 3]) -> scores [N, A]`` of NumPy arrays.
"""

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from adaptlearn.core.policy import GREEDY

EXAMPLE = "entrant=my_package.mine:make"


def named(text: str) -> Callable[[Any, int], Any]:
    """The callable that ``module:name`` stands for; the folder one is in counts, as it does for python -m.

    Raises:
        ValueError: no such module, or nothing callable of that name in it.
    """
    module, _, name = text.partition(":")
    if not module or not name:
        raise ValueError(f"entrant={text}; needed module:callable, e.g. {EXAMPLE}")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found = getattr(import_module(module), name, None)
    except ModuleNotFoundError as error:
        raise ValueError(
            f"entrant={text}: {error}; needed a module that Python finds from here, e.g. {EXAMPLE}"
        ) from error
    if not callable(found):
        raise ValueError(f"entrant={text}: no callable {name!r} in {module}; needed make(rules, seed), e.g. {EXAMPLE}")
    return found  # type: ignore[no-any-return]


def policy_of(made: Any, name: str) -> Any:
    """What an entrant made, as a policy.

    Raises:
        ValueError: none of the three kinds.
    """
    if hasattr(made, "memory_size") and hasattr(made, "head"):
        return made
    if hasattr(made, "policy") and hasattr(made, "predict"):
        return Scored(name, _logits(made))
    if callable(made):
        return Scored(name, made)
    raise ValueError(f"the entrant made a {type(made).__name__}; needed a policy, a model of Stable-Baselines3, or a "
                     "function of view, catalogue and history")  # fmt: skip


class Scored:
    """A function of NumPy arrays as a greedy policy without memory."""

    version, head, memory_size, luck_size = "0", GREEDY, 0, 0

    def __init__(self, name: str, scores: Callable[..., Any]):
        self.name, self.scores = name, scores

    def __call__(self, view: Any, catalogue: Any, history: Any, memory: Any, luck: Any) -> tuple[Any, Any]:
        import numpy as np
        import torch

        n, a = history.shape[:2]
        found = np.asarray(self.scores(view.numpy(), catalogue.numpy(), history.numpy()), np.float32)
        if found.shape != (n, a):
            raise ValueError(
                f"{self.name}: scores of shape {found.shape}; needed {(n, a)}, one per learner and activity"
            )
        return torch.from_numpy(np.ascontiguousarray(found)), memory


def _logits(model: Any) -> Callable[..., Any]:
    """What a model of Stable-Baselines3 thinks of every action.   view -> [N, A]"""

    def scores(view: Any, catalogue: Any, history: Any) -> Any:
        import torch

        net = model.policy
        with torch.no_grad():
            seen = torch.as_tensor(view, device=model.device)
            told = net.q_net(seen) if hasattr(net, "q_net") else net.get_distribution(seen).distribution.logits
        return told.cpu().numpy()

    return scores
