"""The record that a classroom keeps is the record's text read by torch: over 10^5 events, formula by formula."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from plays import AT, offers_by_index, tiny

from adaptlearn.classroom.layout import OUTCOMES
from adaptlearn.classroom.room import Classroom
from adaptlearn.core import learner, record
from adaptlearn.core.catalogue import FEATURES
from adaptlearn.core.equations import bind, torch_names
from adaptlearn.core.record import AXES, PER_SKILL, TOTALS, Belief, Standing, Totals, Tracer

MANY, STEPS = 6_000, 24
TEXT, FORMATS = bind(record, torch_names()), bind(learner, torch_names())


def columns(table):
    return [torch.from_numpy(np.ascontiguousarray(column)) for column in table.T]


def parts_of(rec, spec):
    """A record in parts.   [N, R] -> Belief of [N, K], means [N, 9], variances [N, 9], Totals of [N]"""
    rec, n = torch.from_numpy(rec.copy()), spec.n_skills
    beliefs = Belief(*rec[:, : spec.format_at].reshape(-1, len(PER_SKILL), n).unbind(1))
    mean, variance = rec[:, spec.format_at : spec.totals_at].reshape(-1, 2, len(AXES)).unbind(1)
    return beliefs, mean, variance, Totals(*rec[:, spec.totals_at :].unbind(1))


def told(room, parts, offers):
    """The record after the events that stand in the room, by torch."""
    world, (beliefs, mean, variance, totals) = room.rules.world, parts
    seen = dict(zip(AT, columns(room.event), strict=True))
    taken = room.event[:, AT["taken"]].astype(int)
    asked = world.assesses[taken] * (room.event[:, [AT["items"]]] > 0)
    correct = np.zeros_like(asked)
    for a in np.unique(taken):
        who, skills = np.flatnonzero((taken == a) & (asked.sum(1) > 0)), np.flatnonzero(world.assesses[a])
        correct[np.ix_(who, skills)] = room.answers[who, : len(skills)]
    share = torch.where(seen["completed"] > 0.5, 1.0, room.rules.behaviour.Params().effort_unfinished)
    tracer = Tracer(*torch.tensor(world.tracer).unbind(1))
    items = [torch.from_numpy(values) for values in (world.teaches[taken], asked, correct)]
    now = seen["day"][:, None]
    beliefs = TEXT.observe_skill(beliefs, tracer, now, items[0], share[:, None], items[1], items[2])
    declared = dict(zip(FEATURES, columns(world.scalars[taken]), strict=True))
    skipped = (seen["outcome"] == OUTCOMES.index("skipped")).float()
    success = seen["correct"] / torch.clamp(seen["items"], min=1.0)
    done = [seen[name] for name in ("completed", "minutes")] + [
        declared[n] for n in ("minutes", "staff_minutes", "cost")
    ]
    after = TEXT.observe_totals(
        totals, seen["day"], skipped, *done, (seen["items"] > 0).float(), success, seen["stars"]
    )
    about = np.where(taken > 0, taken, offers[:, 0])
    x = FORMATS.format_of(SimpleNamespace(**dict(zip(FEATURES, columns(world.scalars[about]), strict=True))))
    x = torch.stack([*x, torch.ones(len(taken))], 1)
    surprise = TEXT.reaction_of(skipped, seen["completed"], seen["stars"]) - (mean * x).sum(1)
    total = float(record.FORMAT_NOISE) + (variance * x * x).sum(1)
    leaned = TEXT.observe_format(mean, variance, x, surprise[:, None], 1.0 / total[:, None])
    reacted = (seen["outcome"] > 0.5)[:, None]
    return beliefs, torch.where(reacted, leaned[0], mean), torch.where(reacted, leaned[1], variance), after


def viewed(room, parts):
    """What a policy sees, by torch.   -> [N, V]"""
    world, terms = room.rules.world, room.terms
    beliefs, mean, variance, totals = parts
    day, target = torch.from_numpy(room.now("day").copy()), torch.tensor(world.targets)[room.now("role").astype(int)]
    tracer = Tracer(*torch.tensor(world.tracer).unbind(1))
    skills = TEXT.view_skill(beliefs, tracer, day[:, None], target)
    goal = (target * skills[0]).sum(1)
    each = torch.full((room.n,), 1.0)
    weekly = torch.from_numpy(room.trait("weekly_minutes").copy())
    standing = Standing(terms.mandatory * each, weekly, terms.horizon * each, terms.retention_day * each)
    last = torch.stack(TEXT.view_totals(totals, standing, goal, day), 1)
    said = [torch.eye(4)[room.trait(name).astype(int)] for name in ("motive", "stated")]
    return torch.cat([*skills, mean, torch.sqrt(variance), *said, last], 1)


@pytest.mark.parametrize("decides", ["assign", "offer"])
def test_a_hundred_thousand_events_leave_the_same_record_and_view(decides):
    room = Classroom(tiny(decides=decides, catalogue="usual_error"), MANY, 5).begin(np.arange(MANY))
    events = 0
    for step in range(STEPS):
        living, before = room.alive, parts_of(room.rec, room.spec)
        offers = offers_by_index(room, step)
        offers = np.where(np.take_along_axis(room.mask, offers, 1) > 0, offers, 0)
        room.step(offers)
        after, kept = told(room, before, offers), parts_of(room.rec, room.spec)
        for fast, slow in zip((*kept[0], *kept[1:3], *kept[3]), (*after[0], *after[1:3], *after[3]), strict=True):
            np.testing.assert_allclose(fast[living], slow[living], rtol=2e-5, atol=2e-5)
        np.testing.assert_allclose(room.view[living], viewed(room, kept)[living], rtol=2e-5, atol=2e-5)
        events += int(living.sum())
    assert events > 100_000, events
    assert len(TOTALS) == len(kept[3])
