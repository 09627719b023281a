"""Teaching as a bandit: the zone of proximal development with learning progress, and Thompson sampling.

Both treat skills as arms that are open once what they rest on is believed known, and both draw: their scores are
logarithms of chances, their head is a softmax at temperature 1, so the propensities they log are their own chances.

Axes: N learners, A activities, K skills, D draws.
"""

import numpy as np
import torch
from torch import Tensor, nn

from adaptlearn.agents.rules import LAST, promise
from adaptlearn.agents.sight import Learner, Shelf, Sight, all_of
from adaptlearn.core import luck as address
from adaptlearn.core.policy import Head
from adaptlearn.core.posterior import Posterior
from adaptlearn.core.world import World

FLOOR = 1e-4  # smallest chance a logarithm is taken of


class Zpdes(nn.Module):
    """Zone of proximal development and empirical success (Clement, Roy, Oudeyer & Lopes 2015).

    A skill's quality is its recent learning progress, here the move of the tracer's belief against its own slow
    average; it fades as w' = beta w + eta r. Skills in the zone are drawn by quality, and a share gamma evenly.
    """

    name = "zpdes"
    version = "1"
    head = Head(1.0)
    luck_size = 0
    beta, eta, gamma = 0.7, 0.3, 0.2
    opens, closes = 0.5, 0.85  # belief in what a skill rests on from which it enters, in itself from which it leaves
    slow = 0.2  # step of the slow average of belief

    def __init__(self, sight: Sight):
        nn.Module.__init__(self)
        self.sight = sight
        self.memory_size = 3 * sight.spec.n_skills  # slow belief, quality, last count of answers and visits

    @classmethod
    def for_world(cls, world: World) -> "Zpdes":
        """The rule for a declared world's skills; activities may change later."""
        return cls(Sight.for_world(world))

    def forward(
        self, view: Tensor, catalogue: Tensor, history: Tensor, memory: Tensor, luck: Tensor
    ) -> tuple[Tensor, Tensor]:
        """See ``core.policy``."""
        learner, shelf = self.sight.learner(view), self.sight.shelf(catalogue)
        slow, quality, count = memory.unflatten(1, (3, -1)).unbind(1)
        met = learner.answered + learner.taught
        touched = (met > count + FLOOR).to(view.dtype)
        slow = torch.where(count > 0, slow, learner.belief)
        progress = (learner.belief - slow).abs()
        quality = torch.where(touched > 0, self.beta * quality + self.eta * progress, quality)
        slow = slow + touched * self.slow * (learner.belief - slow)
        zone = open_skills(learner, self.sight, self.opens, self.closes)
        wanted = zone * (quality + 0.01)
        share = wanted / wanted.sum(1, keepdim=True).clamp(min=1e-9)
        even = zone / zone.sum(1, keepdim=True).clamp(min=1.0)
        chance = (1.0 - self.gamma) * share + self.gamma * even
        fresh = 1.0 / (1.0 + 4.0 * history[:, :, 0])  # an activity made before is drawn less often
        drawn = (spread(chance, shelf) * fresh).clamp(min=FLOOR * FLOOR)  # the exporter takes adding 1e-8 for adding 0
        scores = torch.log(drawn) - LAST * shelf.column["rest"]
        return scores, torch.cat([slow, quality, met], 1)


class Thompson(nn.Module):
    """Posterior sampling (Thompson 1933): an activity's chance is that of being the best, if beliefs are right.

    Skills are known or not by fixed draws against the tracer's beliefs, so that scores are log P(best) and the same
    view gives the same scores; only the head draws. With a posterior of ``adaptlearn calibrate`` each draw has its own
    tracer, too, so that a skill whose numbers the log left open is tried more widely.
    """

    name = "thompson"
    version = "1"
    head = Head(1.0)
    memory_size = 0
    luck_size = 0
    rests = 0.3  # weight of what rests on a skill, beside its own weight as a target

    start: Tensor | None  # [D, K] log-odds of knowing at first, beside the platform's tracer
    pace: Tensor | None  # [D, K] learning, as a multiple of the platform's tracer

    def __init__(self, sight: Sight, draws: int = 48, start: Tensor | None = None, pace: Tensor | None = None):
        nn.Module.__init__(self)
        if draws < 1:
            raise ValueError(f"thompson: draws = {draws}; needed at least 1, e.g. 48")
        self.sight = sight
        self.register_buffer("start", start)
        self.register_buffer("pace", pace)
        u = address.uniform(0, address.POLICY, 0, torch.arange(draws)[:, None], torch.arange(sight.spec.n_skills))
        self.register_buffer("u", torch.from_numpy(u))  # [D, K]

    @classmethod
    def for_world(cls, world: World, draws: int = 48, posterior: str | Posterior | None = None) -> "Thompson":
        """The rule for a declared world's skills; activities may change later.

        Args:
            posterior: of ``adaptlearn calibrate``, or its file: where beliefs start and how fast each skill is learned.

        Raises:
            ValueError: a posterior that says nothing of this world's skills.
        """
        if posterior is None:
            return cls(Sight.for_world(world), draws)
        said = Posterior.load(posterior) if isinstance(posterior, str) else posterior
        tracers, usual = said.tracers(world.skills).clip(1e-4, 1.0 - 1e-4), world.tracer.clip(1e-4, 1.0 - 1e-4)
        if np.allclose(tracers, usual):
            raise ValueError(
                f"thompson: draws of {', '.join(sorted(said.draws))} say nothing of this world's skills; needed those "
                "of a table of answers on them, e.g. adaptlearn calibrate log=answers.csv world=mine posterior=mine.npz"
            )
        prior, learn = np.resize(tracers, (draws, *tracers.shape[1:]))[:, :, :2].transpose(2, 0, 1)
        start, pace = np.log(prior / (1.0 - prior) * (1.0 - usual[:, 0]) / usual[:, 0]), learn / usual[:, 1]
        return cls(Sight.for_world(world), draws, *(torch.tensor(x, dtype=torch.float32) for x in (start, pace)))

    def forward(
        self, view: Tensor, catalogue: Tensor, history: Tensor, memory: Tensor, luck: Tensor
    ) -> tuple[Tensor, Tensor]:
        """See ``core.policy``."""
        learner, shelf = self.sight.learner(view), self.sight.shelf(catalogue)
        known = (self.u < self._believed(learner)).to(view.dtype)  # [N, D, K]
        carried = torch.exp(torch.log(known.clamp(min=0.05)) @ self.sight.prerequisites.T)
        worth = (learner.target + self.rests * learner.rests)[:, None, :]
        lacking = worth * (1.0 - known) * carried * (1.0 - 0.5 * learner.crowded)[:, None, :]
        lacking = lacking if self.pace is None else lacking * self.pace
        gain = (lacking @ shelf.teaches.T) * promise(shelf) * shelf.column["minutes"].clamp(min=1.0) ** -0.3
        gain = gain / (1.0 + 0.5 * history[:, None, :, 0]) * (1.0 - shelf.column["rest"])
        best = gain.amax(2, keepdim=True)
        wins = ((gain >= best) & (best > 0)).to(view.dtype)
        wins = wins / wins.sum(2, keepdim=True).clamp(min=1.0)
        return torch.log(wins.mean(1) + FLOOR) + gain.mean(1) - LAST * shelf.column["rest"], memory

    def _believed(self, learner: Learner) -> Tensor:
        """P(known) by each draw's tracer: answers weigh alike, so that another prior shifts the log-odds.

        Exact before anything is taught; then fades, as where one began matters less and less.   -> [N, 1 or D, K]
        """
        belief = learner.belief[:, None, :]
        if self.start is None:
            return belief
        sure = belief.clamp(FLOOR, 1.0 - FLOOR)
        shift = self.start * (1.0 - learner.taught[:, None, :])
        return torch.sigmoid(torch.log(sure / (1.0 - sure)) + shift)


def open_skills(learner: Learner, sight: Sight, opens: float, closes: float) -> Tensor:
    """1 where a skill is needed, not yet believed known, and what it rests on is.   -> [N, K]"""
    carried = all_of((learner.belief >= opens).to(learner.belief.dtype), sight.prerequisites) > 0.5
    zone = learner.needed * carried.to(learner.belief.dtype) * (learner.belief < closes).to(learner.belief.dtype)
    none = (zone.sum(1, keepdim=True) < 0.5).to(zone.dtype)
    return zone + none * learner.needed


def spread(chance: Tensor, shelf: Shelf) -> Tensor:
    """A chance over skills as one over activities: each skill's share goes to what teaches it.   [N, K] -> [N, A]"""
    return chance @ (shelf.teaches / shelf.teaches.sum(0, keepdim=True).clamp(min=0.05)).T
