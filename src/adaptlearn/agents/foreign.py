"""The same proximal policy optimisation on any Gymnasium environment: a plain network in place of the pointer.

Actions are Discrete; observations are a Box or a Dict of Boxes, laid end to end. What is legal comes as
``action_mask``, in the infos or as a part of a Dict observation; without, everything is. Updates, advantages and step
size are those of ``ppo``; only who sits in the rows is another.

Axes: T steps, N rows, A actions, V observation.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from adaptlearn.agents.best import require_sound
from adaptlearn.agents.networks import Critic, layer, through
from adaptlearn.agents.pace import follow, optimiser_of
from adaptlearn.agents.ppo import ILLEGAL, Settings, update
from adaptlearn.agents.rollout import Rollout
from adaptlearn.core.compiled import compiled

MASK = "action_mask"


class Plain(nn.Module):
    """Two layers, and the scores of actions."""

    memory_size = 0
    block = 4096  # see ``networks.Actor``: there is little on the way here

    def __init__(self, view: int, actions: int, hidden: int, seed: int):
        nn.Module.__init__(self)
        dice = torch.Generator().manual_seed(seed)
        self.act = nn.ModuleList(
            [layer(view, hidden, dice), layer(hidden, hidden, dice), layer(hidden, actions, dice, 0.01)]
        )

    def scores(self, view: Tensor, catalogue: Tensor, x: Tensor, memory: Tensor | None = None) -> Tensor:
        """view [N, V] -> [N, A]; there is no catalogue here, no pairs, no memory"""
        return through(self.act, view)

    def choose(self, view: Tensor, mask: Tensor) -> Tensor:
        """The best legal action.   [N, V], [N, A] -> [N]"""
        return through(self.act, view).masked_fill(~mask, ILLEGAL).argmax(1)


class Reader:
    """Reads observations and masks of one kind of environment.

    Raises:
        ValueError: a space that is not understood, by name.
    """

    def __init__(self, envs: Any):
        import gymnasium

        action, seen = envs.single_action_space, envs.single_observation_space
        if not isinstance(action, gymnasium.spaces.Discrete):
            raise ValueError(f"action space {action}; needed Discrete, e.g. Discrete(4)")
        parts = dict(seen.spaces) if isinstance(seen, gymnasium.spaces.Dict) else {"": seen}
        self.masked = MASK in parts
        parts.pop(MASK, None)
        for name, part in parts.items():
            if not isinstance(part, gymnasium.spaces.Box):
                where = f"observation space {name!r}: " if name else "observation space "
                raise ValueError(f"{where}{part}; needed a Box or a Dict of Boxes, e.g. Box(-1, 1, (4,))")
        self.names, self.first, self.actions = sorted(parts), int(action.start), int(action.n)
        self.size = sum(int(np.prod(part.shape)) for part in parts.values())

    def view(self, seen: Any) -> Tensor:
        """Observations of N rows, end to end.   -> [N, V]"""
        parts = [seen] if self.names == [""] else [seen[name] for name in self.names]
        flat = [np.asarray(part, np.float32).reshape(len(part), -1) for part in parts]
        return torch.from_numpy(np.concatenate(flat, 1))

    def mask(self, seen: Any, infos: dict[str, Any], rows: int) -> Tensor:
        """What is legal.   -> [N, A]"""
        given = seen[MASK] if self.masked else infos.get(MASK)
        if given is None:
            return torch.ones(rows, self.actions, dtype=torch.bool)
        stacked = (
            np.stack([np.asarray(row) for row in given]) if np.asarray(given).dtype == object else np.asarray(given)
        )
        return torch.from_numpy(stacked > 0)


def train(
    envs: Any, seed: int, settings: Settings, *, progress: Callable[[dict[str, float]], None] | None = None
) -> Plain:
    """Train on a Gymnasium vector environment; its autoreset must be SAME_STEP.   Same seed, same weights.

    Args:
        envs: a ``gymnasium.vector.VectorEnv``; its number of environments is the number of rows.
        settings: of ``ppo``; ``rows``, ``shaping``, ``width``, ``memory``, ``pair_rate`` and ``privileged`` say nothing
            here, and ``scale`` multiplies rewards.
        progress: told after each update: decisions, per_life (mean reward of the lives that ended), and PPO's figures.

    Raises:
        ValueError: a space, or a way of resetting, that is not understood.
        ArithmeticError: the loss is no longer a number.
    """
    from gymnasium.vector import AutoresetMode

    if envs.metadata.get("autoreset_mode") != AutoresetMode.SAME_STEP:
        raise ValueError(f"autoreset {envs.metadata.get('autoreset_mode')}; needed SAME_STEP, e.g. "
                         "make_vec(..., vector_kwargs={'autoreset_mode': AutoresetMode.SAME_STEP})")  # fmt: skip
    s, reader, rows = settings, Reader(envs), envs.num_envs
    net, dice = Plain(reader.size, reader.actions, s.hidden, seed), torch.Generator().manual_seed(seed)
    critic, view = Critic(reader.size, s.hidden, dice), reader.size
    out = Rollout.room_for(s.steps, rows, reader.actions, view, 0, (0, 0))
    out.insight = out.view  # nobody's mind is to be seen here
    optimiser, shelves = optimiser_of(net, critic, s), [(slice(0, rows), torch.zeros(0))]
    now = envs.reset(seed=seed)
    seen = 0
    while seen < s.decisions:
        now = collect(envs, now, reader, net, critic, out, s, dice)
        figures = update(net, critic, optimiser, shelves, out, reader.view(now[0]), s, dice)
        require_sound("ppo", figures, seen)
        follow(optimiser, figures["divergence"], s)
        seen += s.steps * rows
        if progress is not None:
            lives = max(int((out.ended | out.cut).sum()), 1)
            progress({"decisions": seen, "per_life": float(out.reward.sum()) / s.scale / lives, **figures})
    return net


@compiled
def drawn(scores, mask, luck):
    """One draw per row from the softmax over what is legal.   [N, A], [N, A], uniforms [N] -> action, log chance [N]"""
    action, log_chance = np.zeros(len(scores), np.int64), np.zeros(len(scores), np.float32)
    for n in range(len(scores)):
        top, total = np.float32(-np.inf), np.float32(0.0)
        for a in range(scores.shape[1]):
            if mask[n, a]:
                top = max(top, scores[n, a])
        for a in range(scores.shape[1]):
            if mask[n, a]:
                total += np.exp(scores[n, a] - top)
        left = luck[n] * total
        for a in range(scores.shape[1]):
            if mask[n, a]:
                action[n] = a
                left -= np.exp(scores[n, a] - top)
                if left < 0.0:
                    break
        log_chance[n] = scores[n, action[n]] - top - np.log(total)
    return action, log_chance


def collect(
    envs: Any, now: Any, reader: Reader, net: Plain, critic: Critic, out: Rollout, s: Settings, dice: torch.Generator
) -> Any:  # fmt: skip
    """T decisions of every row, written into the buffers.   -> observations and infos after them"""
    seen, infos = now
    luck = torch.rand(s.steps, envs.num_envs, generator=dice).numpy()
    with torch.inference_mode():
        for t in range(s.steps):
            view, mask = out.view[t], out.mask[t]
            view[:], mask[:] = reader.view(seen), reader.mask(seen, infos, envs.num_envs)
            action, chance = drawn(through(net.act, view).numpy(), mask.numpy(), luck[t])
            out.action[t], out.log_chance[t] = torch.from_numpy(action), torch.from_numpy(chance)
            seen, reward, ended, cut, infos = envs.step(action + reader.first)
            out.reward[t], out.ended[t], out.cut[t] = s.scale * reward, ended, cut & ~ended
            if out.cut[t].any():
                which = np.flatnonzero(out.cut[t])
                last = [infos["final_obs"][n] for n in which]
                stacked = (
                    {k: np.stack([x[k] for x in last]) for k in reader.names}
                    if reader.names != [""]
                    else np.stack(last)
                )
                out.beyond[t, which] = critic(reader.view(stacked)).numpy()
    return seen, infos
