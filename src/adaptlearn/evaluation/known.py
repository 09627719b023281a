"""A small decision process whose values are known exactly: what estimators and intervals are checked against.

A learner is in one of S states, is offered one of A choices, earns 0 or 1, moves on, and at each decision may leave.

Axes: S states, A choices, N learners, T decisions.
"""

from dataclasses import dataclass

import numpy as np

from adaptlearn.evaluation.offpolicy import Episodes, Floats


@dataclass(frozen=True)
class Known:
    """The process and two policies in it."""

    begins: Floats  # [S] chance of the first state
    moves: Floats  # [S, A, S] chance of the next state
    pays: Floats  # [S, A] chance of a reward of 1
    logs: Floats  # [S, A] the log's policy
    target: Floats  # [S, A] the policy to be judged
    leaves: float  # chance of leaving after each decision
    steps: int  # decisions of a life that stays

    @staticmethod
    def drawn(
        seed: int, *, states: int = 4, choices: int = 3, steps: int = 5, leaves: float = 0.05, apart: float = 0.6
    ) -> "Known":
        """A process at random. ``apart``: 0 the target is the log's policy, 1 it has nothing to do with it."""
        dice = np.random.default_rng(seed)
        moves, pays = dice.dirichlet(np.ones(states), (states, choices)), dice.uniform(size=(states, choices))
        begins = dice.dirichlet(np.ones(states))
        logs, other = dice.dirichlet(np.full(choices, 3.0), (2, states))
        return Known(begins, moves, pays, logs, (1.0 - apart) * logs + apart * other, leaves, steps)

    def values(self, policy: Floats) -> tuple[Floats, Floats]:
        """Backwards from the last decision.   -> q [T, S, A], v [T, S]"""
        q, v, ahead = [], [], np.zeros(len(self.begins))
        for _ in range(self.steps):
            q.append(self.pays + (1.0 - self.leaves) * (self.moves @ ahead))
            ahead = (policy * q[-1]).sum(1)
            v.append(ahead)
        return np.array(q[::-1]), np.array(v[::-1])

    def worth(self, policy: Floats) -> float:
        """Expected sum of rewards of a life."""
        return float(self.begins @ self.values(policy)[1][0])

    def log(self, n: int, seed: int) -> Episodes:
        """n lives under the log's policy, with a constant and one-hot features of state and choice."""
        dice = np.random.default_rng(seed)
        s_size, a_size = self.pays.shape
        reward, ratio = np.zeros((n, self.steps)), np.ones((n, self.steps))
        chosen, expected = np.zeros((2, n, self.steps, 1 + s_size * a_size))
        state, here = dice.choice(s_size, n, p=self.begins), np.ones(n, bool)
        who = np.arange(n)
        for t in range(self.steps):
            choice = _pick(self.logs[state], dice)
            reward[:, t] = here * (dice.random(n) < self.pays[state, choice])
            ratio[:, t] = np.where(here, self.target[state, choice] / self.logs[state, choice], 1.0)
            chosen[who, t, 0] = expected[who, t, 0] = chosen[who, t, 1 + state * a_size + choice] = here
            for a in range(a_size):
                expected[who, t, 1 + state * a_size + a] = here * self.target[state, a]
            state, here = _pick(self.moves[state, choice], dice), here & (dice.random(n) >= self.leaves)
        return Episodes(reward, ratio, chosen, expected, free=1)


def _pick(chances: Floats, dice: np.random.Generator) -> np.ndarray:
    """One draw per row.   [N, C] -> [N]"""
    drawn = (chances.cumsum(1) < dice.random(len(chances))[:, None]).sum(1)
    return np.minimum(drawn, chances.shape[1] - 1)
