"""Whole pilots, rehearsed: learners drawn from a pool in which both outcomes are known, teams, tests, drop-outs, looks.

What a plan promises (power, false alarms) is checked here on what a pilot would see: scores of a test, some of them
missing, adjusted for a pretest, looked at all along.

Axes: N learners of the pool.
"""

from dataclasses import dataclass

import numpy as np

from adaptlearn.evaluation.instrument import Instrument
from adaptlearn.evaluation.monitor import Look, Scores, watch
from adaptlearn.evaluation.pilot import Design
from adaptlearn.evaluation.sequential import Floats


@dataclass(frozen=True)
class Pool:
    """Learners whose level is known under either policy, e.g. lived twice in a simulation."""

    before: Floats  # [N] P(correct) before, in [0, 1]
    treated: Floats  # [N] after, under the new policy
    control: Floats  # [N] after, under the old one
    team_spread: float = 0.0  # standard deviation of what a team has in common, logit

    def without_effect(self) -> "Pool":
        """The same learners, whom the new policy serves exactly as the old one does."""
        return Pool(self.before, self.control, self.control, self.team_spread)

    def enrol(self, design: Design, units: int, test: Instrument, dice: np.random.Generator) -> Scores:
        """One pilot's final scores, in the order in which they come in; arms in turn, teams together."""
        teams = 2 * units if design.team > 1 else int(np.ceil(2 * units / (1.0 - design.attrition)))
        team = np.repeat(np.arange(teams), design.team)
        treated = (np.arange(teams) % 2 == 0)[team]
        who = dice.integers(len(self.before), size=len(team))
        shift = self.team_spread * dice.normal(size=teams)[team]
        level = _shifted(np.where(treated, self.treated[who], self.control[who]), shift)
        pretest, score = test.scores(_shifted(self.before[who], shift), dice), test.scores(level, dice)
        stays = dice.random(len(team)) >= design.attrition
        kept = (x[stays] for x in (treated, score, pretest))
        return Scores(*kept, team[stays] if design.team > 1 else None)

    def seen(self, test: Instrument, team: int = 1, seed: int = 0, **more: float) -> Design:
        """The design that a test of these learners would show: effect, spread, correlations as observed.

        Raises:
            ValueError: the new policy is not better, so that there is nothing to show.
        """
        gain = float(np.mean(self.treated - self.control))
        if gain <= 0:
            raise ValueError(f"the new policy's learners know {gain:+.4f} more; needed a gain to show, "
                             "e.g. effect=0.05")  # fmt: skip
        dice, teams = np.random.default_rng(seed), max(200_000 // team, 2)
        who, label = dice.integers(len(self.before), size=teams * team), np.repeat(np.arange(teams), team)
        shift = self.team_spread * dice.normal(size=teams)[label]
        arms = [test.scores(_shifted(x[who], shift), dice) for x in (self.treated, self.control)]
        pretest = test.scores(_shifted(self.before[who], shift), dice)
        effect = float(arms[0].mean() - arms[1].mean())
        slope = float(np.mean([np.cov(pretest, arm)[0, 1] for arm in arms]) / pretest.var()) if pretest.std() else 0.0
        left = [arm - slope * pretest for arm in arms]  # what the pretest leaves
        spread, rest = (float(np.mean([x.var() for x in both])) for both in (arms, left))
        icc = 0.0 if team == 1 else float(np.mean([_icc(x.reshape(teams, team)) for x in left]))
        return Design(effect, np.sqrt(spread), np.sqrt(max(1.0 - rest / spread, 0.0)), team, icc, **more)


def rehearse(pool: Pool, design: Design, units: int, test: Instrument, seed: int) -> Look:
    """One pilot from first look to its end, looked at after every unit."""
    return watch(pool.enrol(design, units, test, np.random.default_rng(seed)), design, units)


def _shifted(level: Floats, shift: Floats) -> Floats:
    odds = np.log(np.clip(level, 1e-6, 1 - 1e-6) / np.clip(1.0 - level, 1e-6, 1.0)) + shift
    return np.asarray(1.0 / (1.0 + np.exp(-odds)), np.float64)


def _icc(scores: Floats) -> float:
    """Share of the spread that is between teams, by analysis of variance (Donner & Klar 2000).   [teams, team]"""
    size = scores.shape[1]
    between, within = size * scores.mean(1).var(ddof=1), float(scores.var(1, ddof=1).mean())
    return float(np.clip((between - within) / (between + (size - 1) * within), 0.0, 0.99))
