"""The department's rules hold in imagined lives as in real ones, and there a plan may open a gate."""

from dataclasses import replace

import numpy as np
import pytest
from plays import tiny

from adaptlearn.classroom.imagined import Imagined, noted, places
from adaptlearn.classroom.room import Classroom
from adaptlearn.core.catalogue import Rules

IDS = np.arange(200)
HOUSE = Rules(pinned=("listening-quiz",), due=(("greeting-quiz", 9.0), ("resolving-case", 14.0)), live_per_week=1,
              after=(("resolving-counter", "greeting-quiz"), ("listening-pairs", "listening-quiz")),
              pass_mark=(("greeting-quiz", 2 / 3), ("listening-quiz", 0.5)))  # fmt: skip


def ruled(house, repeats=3):
    base = tiny("workplace", mandatory=True)
    live = tuple(replace(a, timing="sync_scheduled") if j % 3 == 2 else a for j, a in enumerate(base.world.activities))
    programme = replace(base.world.programme, repeats=repeats)
    return replace(base, world=replace(base.world, activities=live, rules=house, programme=programme))


@pytest.fixture(scope="module")
def narrowed():
    """The compiled restraint, to be asked of rows of a real room: what is in the masks of imagined lives."""
    import numba

    kernels = Classroom(ruled(HOUSE), 1, 1).kernels
    allow, restrain = kernels.allow, kernels.restrain

    @numba.njit
    def both(rows, days, weekly, terms, durations, fits, open_days, visits, legal, words, mask, mask_words, meets):
        for i in rows:
            allow(i, days[i], weekly[i], terms[0], durations, fits, open_days, words, mask_words)
            restrain(i, days[i], weekly[i], visits, legal, mask, meets)

    return both


def test_imagined_masks_are_those_of_the_classroom(narrowed):
    """At every decision of random lives: the same rows, told by the arrays that imagined lives are told by."""
    room = Classroom(ruled(HOUSE), len(IDS), 3).begin(IDS)
    p, apart = room.pack, 0
    while room.alive.any():
        rows = np.flatnonzero(room.alive)
        legal, mask = room.legal | noted(room), np.zeros_like(room.legal)
        narrowed(rows, room.now("day").copy(), room.trait("weekly_minutes").copy(), room._terms, p.durations, p.fits,
                 p.open_days, room.visits, legal, legal.view(np.uint64), mask, mask.view(np.uint64),
                 room._meets)  # fmt: skip
        np.testing.assert_array_equal(mask[rows, : room.mask.shape[1]], room.mask[rows])
        apart += int((room.mask[rows] == 0).sum())
        room.wander()
        room.step()
    assert apart > 5000


def test_a_plan_values_a_gate_for_what_lies_behind_it():
    """A gate that teaches nothing is worth beginning with where the one lesson lies behind it, and nothing where the
    lesson lies open: only an imagination that knows the rule can tell."""
    worth = {}
    for name, house in (("shut", Rules(after=(("greeting-video", "counter-check"),))), ("open", Rules())):
        rules = ruled(house, repeats=1)
        rules = replace(rules, law_params=rules.law.Params(noise=0.0))
        room = Classroom(rules, 32, 3).begin(np.arange(32))
        gate, lesson = (rules.world.activity_index[a] for a in ("counter-check", "greeting-video"))
        imagined, order = Imagined(rules, 1, 77), np.full((32, places(rules.world)), 0, np.int16)
        others = [a for a in range(1, len(rules.world.activities)) if a not in (gate, lesson)]
        order[:] = [gate, lesson, *others]
        wanted = np.zeros((32, len(rules.world.activities)), bool)
        wanted[:, [gate, lesson]] = True
        imagined.reckon(room)
        ids = np.arange(32, dtype=np.uint64)[:, None]
        found = imagined.sample(room, np.arange(32)[:, None], ids, np.zeros((32, 1)), wanted, order)
        worth[name] = found[:, [gate, lesson]].mean(0)
    assert worth["open"][1] == pytest.approx(worth["open"][0], rel=0.2)
    assert (worth["shut"] > 0).all()
