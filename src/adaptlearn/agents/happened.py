"""What a record tells of each skill, and what the last decision added to it, read off two views.

A view shows sums: items answered, exposures, beliefs. What happened between two decisions is their difference, and
since the platform's tracer is known (Corbett & Anderson 1995), how many answers were right is read back from how far
its belief moved. What was offered and how it was made stands in history and catalogue. Nothing else is needed: no
answer is stored twice, and no mind is seen.

Axes: N learners, A activities, K skills, S of them, C columns of SUMS, E columns of an event.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from adaptlearn.agents.rules import promise
from adaptlearn.agents.sight import RECENT_DAYS, Sight
from adaptlearn.core.world import World

SUMS = ("belief", "seen", "answered", "taught", "weight", "dose", "assisted", "hard")
#: ``belief`` as of the day ``seen``, over the tracer's prior; ``answered`` items; ``taught`` exposures; of all visits
#: so far the ``weight`` with which they teach, what their minutes and design promise, how much they assist, and how
#: hard the items were. A newcomer's are zeros.
EVENT = ("items", "right", "hardness", "weight", "done", "dose", "assisted", "gap", "first", "before")
PLAIN_MINUTES, DOSE = 15.0, 0.7  # a plain visit, and how its yield grows with minutes
SURE = 1e-6  # beliefs nearer to 0 or 1 are not told apart in float32
MOST = 8  # skills that one activity may touch, unless the declared catalogue has one that touches more
TOUCHED = 1e-3  # least teaching weight that counts


class Told(NamedTuple):
    """A record's sums, by name.   [N, K] each"""

    belief: Tensor
    seen: Tensor
    answered: Tensor
    taught: Tensor
    weight: Tensor
    dose: Tensor
    assisted: Tensor
    hard: Tensor


class Reader(nn.Module):
    """Reads views of one set of skills, and any catalogue over them; nothing in it is learned or kept."""

    def __init__(self, world: World):
        nn.Module.__init__(self)
        self.sight = Sight.for_world(world)
        prior, learn, guess, slip, forget = torch.tensor(world.tracer).T
        for buffer in ("prerequisites", "ancestors"):  # of the world, not of what was learned: they stay out of files
            self.sight.register_buffer(buffer, getattr(self.sight, buffer), persistent=False)
        self._hold("prior", prior)
        self._hold("learn", learn)
        self._hold("forget", forget)
        guess, slip = guess.clamp(1e-3, 0.49), slip.clamp(1e-3, 0.49)
        self._hold("if_right", torch.log((1.0 - slip) / guess))  # moves of the belief's logit
        self._hold("if_wrong", torch.log(slip / (1.0 - guess)))
        about = [torch.tensor(world.layer) / 4.0, torch.logit(prior.clamp(0.01, 0.99)), 5.0 * learn, guess, slip,
                 50.0 * forget]  # fmt: skip
        self._hold("about", torch.stack([column.to(torch.float32) for column in about], 1))
        touches = ((world.teaches > 0) | (world.assesses > 0)).sum(1).max()
        self.most = min(len(world.skills), max(MOST, int(touches)))  # skills that one activity may touch
        self.retention_day = float(world.programme.retention_day)

    prior: Tensor
    learn: Tensor
    forget: Tensor
    if_right: Tensor
    if_wrong: Tensor
    about: Tensor  # [K, S] what is written of each skill

    def _hold(self, name: str, value: Tensor) -> None:
        self.register_buffer(name, value.clone(), persistent=False)

    def today(self, view: Tensor) -> Tensor:
        """Day of this decision.   [N, V] -> [N, 1]"""
        at = self.sight.spec.total("to_retention")
        return self.retention_day * (1.0 - view[:, at : at + 1])

    def told(self, view: Tensor, catalogue: Tensor, history: Tensor) -> Tensor:
        """view [N, V], catalogue [A, F], history [N, A, 3] -> sums [N, K, C]"""
        learner, shelf = self.sight.learner(view), self.sight.shelf(catalogue)
        ever = (learner.recency > 0.0).to(view.dtype)
        days = RECENT_DAYS * (1.0 / learner.recency.clamp(min=1e-4) - 1.0) * ever
        belief = learner.belief * (1.0 + self.forget * days) - self.prior
        seen = (self.today(view) - days) * ever
        answered, taught = 5.0 * odds(learner.answered), 2.0 * odds(learner.taught)
        visits = 2.0 * history[:, :, 0]
        column = shelf.column
        long = (column["minutes"].clamp(min=0.1) / PLAIN_MINUTES) ** DOSE * promise(shelf)
        of_visits = (shelf.teaches, shelf.teaches * long[:, None],
                     shelf.teaches * (2.0 * column["assistance"] - 1.0)[:, None],
                     shelf.items * column["difficulty"][:, None])  # fmt: skip
        return torch.stack([belief, seen, answered, taught, *(visits @ sums for sums in of_visits)], 2)

    def touched(self, before: Tensor, now: Tensor) -> Tensor:
        """1 where a skill was taught or asked about between two decisions.   sums [N, K, C] twice -> [N, K]"""
        old, new = Told(*before.unbind(2)), Told(*now.unbind(2))
        return ((new.answered - old.answered > 0.5) | (new.weight - old.weight > TOUCHED)).to(now.dtype)

    def event(self, before: Tensor, now: Tensor, at: Tensor) -> Tensor:
        """What happened to some skills between two decisions.   sums [N, K, C] twice, at [N, S] -> events [N, S, E]"""
        old, new = (Told(*picked(sums, at).unbind(2)) for sums in (before, now))
        items, weight = (new.answered - old.answered).clamp(min=0.0), (new.weight - old.weight).clamp(min=0.0)
        ever = ((old.answered + old.weight) > TOUCHED).to(now.dtype)
        gap = (new.seen - old.seen).clamp(min=0.0) * ever
        done = (new.taught - old.taught).clamp(min=0.0) * (weight > TOUCHED).to(now.dtype)
        right = self.right(old, new, items, (self.learn[at] * weight * done).clamp(max=0.99), gap, at)
        hardness, promised = (new.hard - old.hard) / items.clamp(min=1.0), (new.dose - old.dose).clamp(min=0.0)
        columns = (items / 5.0, right / 5.0, hardness, weight, done, torch.log1p(promised), new.assisted - old.assisted,
                   torch.log1p(gap) / 4.0, 1.0 - ever, torch.log1p(old.weight))  # fmt: skip
        return torch.stack(columns, 2)

    def right(self, old: Told, new: Told, items: Tensor, step: Tensor, gap: Tensor, at: Tensor) -> Tensor:
        """Items answered correctly, from how far the tracer's belief moved: its update solved for them.   -> [N, S]

        step: what the tracer believes to have been learned from the visit.
        """
        if_right, if_wrong = self.if_right[at], self.if_wrong[at]
        faded = (old.belief + self.prior[at]) / (1.0 + self.forget[at] * gap)
        answered = (new.belief + self.prior[at] - step) / (1.0 - step)
        moved = torch.logit(answered.clamp(SURE, 1.0 - SURE)) - torch.logit(faded.clamp(SURE, 1.0 - SURE))
        right = torch.round((moved - items * if_wrong) / (if_right - if_wrong))
        return torch.minimum(right.clamp(min=0.0), items)


def picked(of_skills: Tensor, at: Tensor) -> Tensor:
    """Rows of some skills.   [N, K, X], at [N, S] -> [N, S, X]"""
    return torch.gather(of_skills, 1, at[:, :, None].expand(-1, -1, of_skills.shape[2]))


def placed(rows: Tensor, at: Tensor, of_skills: Tensor) -> Tensor:
    """The same with these rows instead.   [N, S, X], at [N, S], [N, K, X] -> [N, K, X]"""
    return torch.scatter(of_skills, 1, at[:, :, None].expand(-1, -1, of_skills.shape[2]), rows)


def odds(share: Tensor) -> Tensor:
    """x of x / (x + 1)."""
    return share / (1.0 - share).clamp(min=1e-4)
