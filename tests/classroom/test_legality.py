"""What may be offered, and what becomes of an offer that may not: windows, minutes, repeats, the house's own rules."""

from dataclasses import replace

import numpy as np
import pytest
from plays import AT, LAWS, offers_by_index, play, same, snap, tiny

from adaptlearn.classroom.layout import OUTCOMES
from adaptlearn.classroom.room import STATE, Classroom
from adaptlearn.core.catalogue import Rules as HouseRules

IDS = np.arange(400)


def ruled(law="workplace", repeats=2, **terms):
    """tiny-v1 with rules of the house: one activity excluded, one not before day 8."""
    base = tiny(law, **terms)
    house = HouseRules(excluded=("counter-final",), not_before=(("greeting-quiz", 8.0),))
    programme = replace(base.world.programme, repeats=repeats)
    return replace(base, world=replace(base.world, rules=house, programme=programme))


def legal_now(room, visits):
    """Told again from the declared catalogue, a day being a whole day.   -> legal [N, A], and which are close calls"""
    world, day = room.rules.world, room.now("day")
    weeks = (world.programme.horizon_days - day) / 7.0
    today, left = np.floor(day)[:, None], (weeks * room.trait("weekly_minutes"))[:, None]
    minutes = np.array([a.time_required for a in world.activities])
    window = np.array([a.window or (0.0, np.inf) for a in world.activities])
    rule, excluded = dict(world.rules.not_before), set(world.rules.excluded)
    opens = np.maximum(window[:, 0], [rule.get(a.id, 0.0) for a in world.activities])
    legal = (today >= opens) & (today <= window[:, 1]) & (minutes <= np.maximum(left, 0.0))
    legal &= (visits < world.programme.repeats) & np.array([a.id not in excluded for a in world.activities])
    legal[:, 0] = True
    close = (np.abs(day - np.round(day)) < 1e-4)[:, None] & (day > 0.5)[:, None] | (np.abs(left - minutes) < 1e-2)
    return legal, close


@pytest.mark.parametrize("repeats", [1, 2])
@pytest.mark.parametrize("law", LAWS)
def test_a_mask_is_windows_minutes_left_repeats_and_the_rules_of_the_house(law, repeats):
    terms = ruled(law, repeats)
    room = Classroom(terms, len(IDS), 3).begin(IDS)
    visits, told = np.zeros((len(IDS), 10), int), 0
    for step in range(25):
        living = room.alive
        legal, close = legal_now(room, visits)
        assert ((room.mask > 0) == legal)[living[:, None] & ~close].all()
        told += int((legal[living] == 0).sum())
        room.step(offers_by_index(room, step))
        rows = np.flatnonzero(living)
        visits[rows, room.event[rows, AT["taken"]].astype(int)] += 1
        visits[:, 0] = 0
    assert told > 10_000 and visits.max() == repeats


@pytest.mark.parametrize("decides", ["assign", "offer", "self"])
@pytest.mark.parametrize("law", LAWS)
def test_nothing_now_is_always_legal_and_nothing_illegal_is_ever_done(law, decides):
    room, states = play(ruled(law, decides=decides, mandatory=False), IDS, steps=25)
    for before, after in zip(states[:-1], states[1:], strict=True):
        assert (before["mask"][:, 0] == 1).all()
        living = before["alive"]
        taken = after["event"][living, AT["taken"]].astype(int)
        assert before["mask"][np.flatnonzero(living), taken].all()
    assert (states[-1]["mask"][:, 0] == 1).all()


@pytest.mark.parametrize("decides", ["assign", "offer"])
def test_an_offer_that_is_not_legal_is_nothing_now(decides):
    """Whoever is offered what may not be offered lives on exactly as if nothing had been offered."""
    terms = ruled(decides=decides)
    asked, resting = (Classroom(terms, len(IDS), 3).begin(IDS) for _ in range(2))
    for step in range(10):
        offers = offers_by_index(asked, step)
        legal = np.take_along_axis(asked.mask, offers, 1) > 0
        allowed = np.where(legal, offers, 0)
        asked.step(offers)
        resting.step(allowed)
        same(snap(asked), snap(resting), (*STATE, "event", "pay", "flags"))


def test_nothing_now_costs_days_and_nothing_else():
    terms = ruled()
    room = Classroom(terms, len(IDS), 3).begin(IDS)
    before = {name: getattr(room, name).copy() for name in STATE}
    room.step(np.zeros_like(room.offers))
    assert (room.event[:, AT["outcome"]] == OUTCOMES.index("rest")).all()
    np.testing.assert_array_equal(room.event[:, AT["gap"]], np.float32(terms.world.programme.rest_days))
    same(
        before, {name: getattr(room, name) for name in STATE}, ("mind", "touched", "visits", "last", "legal", "traits")
    )
    for name in ("minutes", "stars", "items", "staff_minutes", "cost", "completed", "taken"):
        assert not room.event[:, AT[name]].any()
    assert not room.pay.any() and not room.now("minutes").any()


@pytest.mark.parametrize("law", LAWS)
def test_no_visit_outlasts_the_programme_and_one_cut_short_is_unfinished(law):
    room, states = play(ruled(law, mandatory=True), IDS, steps=40)
    clipped = 0
    for before, after in zip(states[:-1], states[1:], strict=True):
        living = np.flatnonzero(before["alive"])
        event = after["event"][living]
        horizon = room.rules.world.programme.horizon_days
        left = (horizon - event[:, AT["day"]]) * room.trait("weekly_minutes")[living] / 7.0
        assert (event[:, AT["minutes"]] <= left * 1.000001).all()
        cut = (event[:, AT["taken"]] > 0) & (event[:, AT["minutes"]] >= left * 0.999999)
        assert not event[cut, AT["completed"]].any() and not event[cut, AT["items"]].any()
        clipped += int(cut.sum())
    assert clipped > 10


@pytest.mark.parametrize("law", LAWS)
def test_leaving_is_the_learners_and_the_end_is_the_clocks(law):
    """One of the two flags, and one only, ends a life: the clock's on the first day past the horizon. Then rest."""
    terms = ruled(law, mandatory=False)
    room, states = play(terms, IDS, steps=60)
    assert not states[-1]["alive"].any()
    for before, after in zip(states[:-1], states[1:], strict=True):
        ended = before["alive"] & ~after["alive"]
        assert (after["flags"][ended].sum(1) == 1).all() and not after["flags"][~ended].any()
        day = after["life"][:, 0]
        left, over = after["flags"].T > 0
        assert (day[over] >= terms.world.programme.horizon_days).all()
        assert (day[after["alive"]] < terms.world.programme.horizon_days).all()
        np.testing.assert_array_equal(after["event"][before["alive"], AT["left"]], left[before["alive"]])
        dead = ~before["alive"]
        same({n: before[n][dead] for n in STATE}, {n: after[n][dead] for n in STATE}, STATE)
        assert not after["pay"][dead].any()
    ends = np.array([state["flags"] for state in states[1:]]).sum(0)
    assert (ends.sum(1) == 1).all() and (ends.sum(0) > 50).all()
