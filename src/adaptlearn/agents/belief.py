"""What a learner may know, as a posterior from the record alone: recurrent, and trained on simulated histories.

The record's own tracer (BKT) takes each skill by itself and knows no learner. Here one gated cell (Cho et al. 2014),
shared by all skills, takes in what happened to a skill, beside what the record says of the learner; a second one
gathers from all skills who this learner is. Trained on lives whose minds are known (``belief_fit``), reading them gives
nearly what filtering with the law would give, without any law: amortised inference (Cranmer, Brehmer & Louppe 2020).

Of every skill it says a logistic-normal: logit(level) ~ N(mean, sd^2), on any day from now on; of the learner, normals
of the traits that matter. Weights know nothing of how many skills or activities there are.

Axes: N learners, A activities, K skills, H units a skill, G units of the learner, E columns of an event.
"""

import math
from typing import Any, NamedTuple

import torch
from numpy.polynomial.hermite_e import hermegauss
from torch import Tensor, nn

from adaptlearn.agents.happened import EVENT, SUMS, Reader, picked, placed
from adaptlearn.agents.networks import gated, layer
from adaptlearn.agents.sight import all_of
from adaptlearn.core.learner import MOTIVES
from adaptlearn.core.record import VIEW_TOTALS
from adaptlearn.core.world import World

TRAITS = ("ability", "rate", "memory")  #: what is believed of the learner: logit, and log factors on gain and stability
NODES, WEIGHTS = (x.tolist() for x in hermegauss(9))  # of a standard normal, to average over it
STATICS = 6  # of a skill, see ``Reader.about``
TIMES = 3  # of a question: days since, days at all, ever met
HALF_LOG_TAU = 0.5 * math.log(2.0 * math.pi)
WIDE = 32  # units between what is known and what is said
LOG_SD = (-3.0, 2.0)  # between which spreads are told apart


class Normal(NamedTuple):
    """Independent normals, on a scale of their own; of levels, the logit."""

    mean: Tensor
    sd: Tensor

    def levels(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of the level itself, in [0, 1], where this is its logit: by quadrature."""
        first = second = torch.zeros_like(self.mean)
        for node, weight in zip(NODES, WEIGHTS, strict=True):
            level = weight / sum(WEIGHTS) * torch.sigmoid(self.mean + node * self.sd)
            first, second = first + level, second + level * level * sum(WEIGHTS) / weight
        return first, (second - first * first).clamp(min=0.0).sqrt()

    def log_score(self, truth: Tensor) -> Tensor:
        """Log density at the truth, on the same scale; a proper score (Good 1952)."""
        return -0.5 * ((truth - self.mean) / self.sd) ** 2 - torch.log(self.sd) - HALF_LOG_TAU


class State(NamedTuple):
    """What is remembered of learners between two decisions."""

    told: Tensor  # [N, K, C] the record's sums
    level: Tensor  # [N, K] mean logit of the level, as it was believed
    skill: Tensor  # [N, K, H]
    learner: Tensor  # [N, G]


class Belief(nn.Module):
    """From views, one after the other, to posteriors; holds no learner, its memory belongs to whoever asks."""

    def __init__(self, world: World, hidden: int = 24, context: int = 24, seed: int = 0):
        nn.Module.__init__(self)
        dice = torch.Generator().manual_seed(seed)
        self.reader, self.hidden, self.context = Reader(world), hidden, context
        self.shape = {"hidden": hidden, "context": context}  # what it must be made with to take its weights
        self.sizes = [len(world.skills) * n for n in (len(SUMS), 1, hidden)] + [context]
        self.memory_size = sum(self.sizes)
        self.cell = gated(len(EVENT) + 2 + STATICS + context, hidden, dice)
        self.pool = layer(len(EVENT) + 2 * hidden, context, dice)
        self.gather = gated(context + len(VIEW_TOTALS) + len(MOTIVES), context, dice)
        self.of_skill, self.of_learner = layer(hidden, WIDE, dice), layer(context, WIDE, dice)
        self.of_static, self.of_time = layer(STATICS, WIDE, dice), layer(TIMES, WIDE, dice)
        self.say = layer(WIDE, 2, dice, 0.1)
        self.who = nn.ModuleList([layer(context, WIDE, dice), layer(WIDE, 2 * len(TRAITS), dice, 0.1)])

    @classmethod
    def for_world(cls, world: World, **settings: Any) -> "Belief":
        """For a declared world's skills; settings: hidden, context, seed (of the first weights)."""
        return cls(world, **settings)

    def forward(self, view: Tensor, catalogue: Tensor, history: Tensor, memory: Tensor) -> tuple[Normal, Tensor]:
        """view [N, V], catalogue [A, F], history [N, A, 3], memory [N, M], zeros for a newcomer
        -> logit of the level today [N, K], memory
        """
        now, state = self.step(view, self.reader.told(view, catalogue, history), self.unpacked(memory))
        return now, torch.cat([part.flatten(1) for part in state], 1)

    def unpacked(self, memory: Tensor) -> State:
        """[N, M] -> what is remembered"""
        k = self.sizes[1]
        told, level, skill, learner = memory.split(self.sizes, 1)
        return State(told.unflatten(1, (k, len(SUMS))), level, skill.unflatten(1, (k, self.hidden)), learner)

    def step(self, view: Tensor, told: Tensor, old: State) -> tuple[Normal, State]:
        """Take in what happened since the last decision; what it did not touch of skills stays as it was.

        view [N, V], told: sums now [N, K, C] -> logit of the level today [N, K], what to remember
        """
        reader, spec = self.reader, self.reader.sight.spec
        touched, at = reader.touched(old.told, told).topk(reader.most, 1)
        event, before = reader.event(old.told, told, at), picked(old.skill, at)
        level = torch.sigmoid(old.level)
        ready = all_of(level, reader.sight.prerequisites)
        stood = picked(torch.stack([level, ready], 2), at)
        person = old.learner[:, None, :].expand(-1, reader.most, -1)
        seen = torch.cat([event, stood, reader.about[at], person], 2)
        after = self.cell(seen.flatten(0, 1), before.flatten(0, 1)).view_as(before)
        happened = touched[:, :, None]
        skill = placed(torch.where(happened > 0.5, after, before), at, old.skill)
        heard = (torch.tanh(self.pool(torch.cat([event, before, after], 2))) * happened).sum(1)
        standing = torch.cat([heard, view[:, spec.at("totals")], view[:, spec.at("motive")]], 1)
        learner = self.gather(standing, old.learner)
        now = self.says(view, told, skill, learner, 0.0)
        return now, State(told, now.mean, skill, learner)

    def says(self, view: Tensor, told: Tensor, skill: Tensor, learner: Tensor, ahead: Tensor | float) -> Normal:
        """Logit of the level so many days ahead, without further practice.   ahead [] or [N, 1] -> [N, K]"""
        ever = ((told[:, :, 2] + told[:, :, 4]) > 0.0).to(view.dtype)
        since = (self.reader.today(view) - told[:, :, 1]).clamp(min=0.0) * ever + ahead
        long = torch.log1p(since) / 4.0
        asked = self.of_time(torch.stack([long * ever, long, ever], 2))
        about = self.of_skill(skill) + self.of_learner(learner)[:, None, :] + self.of_static(self.reader.about)
        return normal(self.say(torch.tanh(about + asked)))

    def later(self, view: Tensor, state: State) -> Normal:
        """Logit of the level at the retention check: what the goal counts.   -> [N, K]"""
        ahead = self.reader.retention_day - self.reader.today(view)
        return self.says(view, state.told, state.skill, state.learner, ahead)

    def traits(self, state: State) -> Normal:
        """Who the learner is: TRAITS, on the scale on which people are normal.   -> [N, 3]"""
        return normal(self.who[1](torch.tanh(self.who[0](state.learner))).unflatten(1, (len(TRAITS), 2)))


def normal(said: Tensor) -> Normal:
    """Two numbers as mean and spread.   [..., 2]"""
    return Normal(said[..., 0], torch.exp(said[..., 1].clamp(*LOG_SD)))
