"""A log retold: a policy's own log gives back the chances it was logged with, whatever the policy looks at."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from adaptlearn.agents.shelf import build
from adaptlearn.classroom.room import with_rules
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.log import PROFILE, EventLog
from adaptlearn.core.policy import Head
from adaptlearn.envs.registry import rules
from adaptlearn.export.hindsight import retell


class Glance(nn.Module):
    """Scores that hang on every float of the view and of the history, and on a memory that counts."""

    name, version, head, memory_size, luck_size = "glance", "1", Head(1.0), 1, 0

    def forward(self, view, catalogue, history, memory, luck):
        dice = torch.Generator().manual_seed(3)
        seen = view @ torch.randn(view.shape[1], catalogue.shape[0], generator=dice)
        past = history.sum(2) + (history * torch.tensor([0.3, 0.7, -0.4])).sum(2)
        return 0.3 * (seen + past + 0.1 * memory), memory + 1.0


def softened(name, world, temperature):
    policy = build(name, world)
    policy.head = Head(temperature)
    return policy


def plain(view, catalogue, history):
    return history


@pytest.mark.parametrize("decides", ["assign", "offer"])
@pytest.mark.parametrize("name", ["glance", "random", "mastery"])
def test_a_policys_own_log_gives_back_its_chances(name, decides):
    room = rules("tiny-v1", decides=decides, catalogue="usual_error")
    policy = Glance() if name == "glance" else softened(name, room.world, 1.0)
    lives = simulate(policy, room, np.arange(500), 3, log=True)
    told = retell(lives.log, room.world, policy, plain)
    assert len(told.row) == len(lives.log) > 3000
    np.testing.assert_allclose(told.chance, told.logged, rtol=2e-3 if name == "glance" else 2e-4)
    first = np.flatnonzero(told.learner == 0)
    np.testing.assert_array_equal(lives.log["step"][told.row[first]], np.arange(len(first)))


def test_what_people_said_they_want_is_in_the_target_in_hindsight_too():
    room = rules("upskilling-v1", heed=0.7)
    policy = softened("mastery", room.world, 1.0)
    lives = simulate(policy, room, np.arange(60), 3, log=True)
    assert (lives.log["wish"] != lives.log["role"]).any() and lives.log.provenance["heed"] == "0.7"
    told = retell(lives.log, room.world, policy, plain)
    np.testing.assert_allclose(told.chance, told.logged, rtol=2e-3)


def test_the_departments_rules_are_kept_in_hindsight_too():
    room = rules("tiny-v1")
    world, some = room.world, [activity.id for activity in room.world.activities[1:4]]
    own = replace(world.rules, pinned=(some[0],), due=((some[1], 9.0),), live_per_week=1, after=((some[2], some[1]),))
    room = with_rules(room, world=replace(world, rules=own))
    policy = softened("random", room.world, 1.0)
    lives = simulate(policy, room, np.arange(300), 3, log=True)
    told = retell(lives.log, room.world, policy, plain)
    np.testing.assert_allclose(told.chance, told.logged, rtol=1e-5)
    assert (told.mask[told.first].sum(1) == 2).all()  # "nothing now", and what is pinned


def test_the_last_belief_is_the_classrooms():
    room = rules("tiny-v1")
    lives = simulate(build("mastery", room.world), room, np.arange(300), 3, log=True)
    told = retell(lives.log, room.world, build("mastery", room.world), plain)
    last = np.flatnonzero(np.diff(told.learner, append=-1))
    stays = lives.log["role"][told.row[last]] == lives["role"]  # whose destination did not change at the very end
    np.testing.assert_allclose(told.after[last][stays], lives["assessed"][stays], atol=1e-5)
    assert stays.mean() > 0.9
    np.testing.assert_array_equal(told.chance, 1.0)  # a greedy policy would do again what it did


def test_a_log_that_does_not_know_the_next_day_yet_is_retold_to_the_last_one_known():
    room = rules("tiny-v1")
    log = simulate(build("mastery", room.world), room, np.arange(60), 3, log=True).log
    last = np.flatnonzero(np.diff(log["learner"].astype(np.int64), append=-1))
    gaps = log["gap_days"].copy()
    gaps[last] = np.nan
    told = [retell(one, room.world, build("mastery", room.world), plain) for one in
            (log, EventLog({**log.columns, "gap_days": gaps}, "p", "0"))]  # fmt: skip
    others = np.setdiff1d(np.arange(len(log)), last)
    np.testing.assert_array_equal(told[1].after[others], told[0].after[others])
    assert np.isfinite(told[1].after).all()


def test_features_are_averaged_over_the_policys_choices():
    """Twice: over one-hot features the mean is the policy's chances, and over the logged choice it is that choice."""
    room = rules("tiny-v1")
    eye = torch.eye(len(room.world.activities))
    lives = simulate(build("random", room.world), room, np.arange(50), 3, log=True)
    told = retell(lives.log, room.world, build("random", room.world), lambda v, c, h: eye.expand(len(v), *eye.shape))
    open_now = told.mask.copy()
    open_now[:, 0] = ~told.mask[:, 1:].any(1)  # the random agent says "nothing now" only where nothing else is legal
    np.testing.assert_allclose(told.expected, open_now / open_now.sum(1, keepdims=True), rtol=1e-5)
    np.testing.assert_array_equal(told.chosen.argmax(1), lives.log["offered"][told.row, 0])


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda log: EventLog({k: v for k, v in log.columns.items() if k not in PROFILE}, "p", "0"), "weekly_minutes"),
        (lambda log: EventLog(log.columns, "p", "0", {"world": "onboarding-v1"}), "env=onboarding-v1"),
        (lambda log: EventLog(log.columns, "p", "0", {"decides": "self"}), "learners decided alone"),
        (lambda log: EventLog({**log.columns, "role": log["role"] - 1}, "p", "0"), "roles -1 to"),
        (lambda log: EventLog({k: v[1:] for k, v in log.columns.items()}, "p", "0"), "steps are missing"),
        (lambda log: EventLog({k: v[:0] for k, v in log.columns.items()}, "p", "0"), "no decision"),
    ],
)
def test_what_cannot_be_retold_is_refused(spoil, says):
    room = rules("tiny-v1")
    lives = simulate(build("random", room.world), room, np.arange(20), 3, log=True)
    with pytest.raises(ValueError, match=says):
        retell(spoil(lives.log), room.world, build("random", room.world), plain)
