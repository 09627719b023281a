"""The record in torch is the record of the kernels: same events, same record, same view."""

import numpy as np
import pytest
import torch

from adaptlearn.classroom.layout import EVENT, OUTCOMES
from adaptlearn.classroom.room import Classroom
from adaptlearn.core import luck
from adaptlearn.core.record import PROFILE
from adaptlearn.envs import registry
from adaptlearn.export.record import Event, Keeper

LEARNERS, STEPS = 3000, 16  # events per way of deciding: a little under their product, as some leave
SKIPPED, SUBSTITUTED = OUTCOMES.index("skipped"), OUTCOMES.index("substituted")


def profiles(room):
    """What the platform is told of each learner.   -> [N, P]"""
    world, trait, terms = room.rules.world, room.trait, room.terms
    told = np.zeros((room.n, len(PROFILE)), np.float32)
    told[:, 0], told[:, 1] = terms.mandatory, trait("weekly_minutes")
    told[:, 2], told[:, 3] = terms.horizon, terms.retention_day
    rows = np.arange(room.n)
    told[rows, 4 + trait("motive").astype(int)] = 1.0
    told[rows, 8 + trait("stated").astype(int)] = 1.0
    return torch.from_numpy(np.concatenate([world.targets[room.now("role").astype(int)], told], 1))


def events(room, alive):
    """The step just taken as an event; ``about`` is left to the contract's rule.   -> Event, outcome [N]"""
    world, event = room.rules.world, {name: room.event[:, j] for j, name in enumerate(EVENT)}
    rows = world.features.copy()
    taken = event["taken"].astype(int)
    items, correct = np.zeros((2, room.n, len(world.skills)), np.float32)
    for a in np.unique(taken[event["items"] > 0]):
        who, asked = np.flatnonzero((taken == a) & (event["items"] > 0)), np.flatnonzero(world.assesses[a])
        items[who] = world.assesses[a]
        correct[np.ix_(who, asked)] = room.answers[who, : len(asked)]
    happened = np.stack(
        [alive, event["day"], event["outcome"], event["completed"], event["minutes"], event["stars"]], 1
    )
    parts = (
        happened,
        rows[room.offers],
        rows[taken] * (taken > 0)[:, None],
        np.zeros((room.n, rows.shape[1])),
        items,
        correct,
    )
    return Event(*(torch.from_numpy(np.ascontiguousarray(p, np.float32)) for p in parts)), event["outcome"]


def told_about(keeper, before, event, room, alive, candidates):
    """Where the learner alone knows which activity was looked at and declined: the one that explains the record."""
    best, error = keeper.observe(before, event), None
    error = (best - torch.from_numpy(room.rec)).abs().amax(1)
    for rows in candidates:
        other = keeper.observe(before, event._replace(about=rows))
        worse = (other - torch.from_numpy(room.rec)).abs().amax(1)
        best, error = torch.where((worse < error)[:, None], other, best), torch.minimum(error, worse)
    return best


@pytest.mark.parametrize("decides", ["assign", "offer", "self"])
def test_the_record_and_view_in_torch_are_those_of_the_kernels(decides):
    """Over 10^5 events of random policies in three ways of deciding, one step at a time and whole lives long."""
    rules = registry.rules("tiny-v1", decides=decides, catalogue="usual_error")
    room = Classroom(rules, LEARNERS, seed=5).begin(np.arange(LEARNERS))
    keeper, features = Keeper(rules.world.tracer), torch.tensor(rules.world.features)
    whole, seen, off, drift = torch.from_numpy(room.rec.copy()), 0, 0.0, 0.0
    with torch.inference_mode():
        for step in range(STEPS):
            room.choose(luck.normal(7, luck.POLICY, room.ids[:, None], step, np.arange(room.mask.shape[1])), 1.0)
            before, alive = torch.from_numpy(room.rec.copy()), room.alive
            room.step()
            event, outcome = events(room, alive)
            known = np.isin(outcome, [SKIPPED, SUBSTITUTED]) & (decides != "assign")
            shown = (
                [features[room.offers[:, j]] for j in range(room.offers.shape[1])]
                if decides == "offer"
                else list(features)
            )
            candidates = (
                [torch.where(torch.from_numpy(known)[:, None], rows, 0.0) for rows in shown]
                if decides != "assign"
                else []
            )
            after = told_about(keeper, before, event, room, alive, candidates)
            off = max(off, float((after - torch.from_numpy(room.rec)).abs().max()))
            view, *_ = keeper.view(after, profiles(room), torch.from_numpy(room.now("day").copy())[:, None])
            seen += int(alive.sum())
            off = max(off, float((view - torch.from_numpy(room.view))[torch.from_numpy(alive)].abs().max()))
            if decides == "assign":
                whole = keeper.observe(whole, event)
                drift = max(drift, float((whole - torch.from_numpy(room.rec)).abs().max()))
    print(decides, seen, off, drift)
    assert seen > 33_400
    assert off < 2e-6 * 100
    assert drift < 1e-4
