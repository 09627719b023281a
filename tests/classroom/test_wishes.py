"""Goals of one's own: what people say reaches the policy, what they want moves them, and neither is there unasked."""

from dataclasses import replace

import numpy as np
import pytest
from plays import same

from adaptlearn.agents import shelf
from adaptlearn.classroom.room import STATE, Classroom
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.learner import Traits
from adaptlearn.core.world import load
from adaptlearn.envs.registry import population_of, rules
from adaptlearn.evaluation.outcomes import outcomes, own_goal

WORLD, IDS = load("upskilling-v1"), np.arange(200)
WISHES = (0.9, 0.7, 0.4, 0.95, 0.3)
ENDS = ("life", "traits", "left", "stars", "mind", "visits")


def wishing(wishes, **terms):
    return rules(WORLD, population=replace(population_of(WORLD), wishes=wishes), **terms)


def lived(terms, agent="mastery"):
    return simulate(shelf.build(agent, WORLD), terms, IDS, 4, log=True)


def ends(lives):
    return {name: getattr(lives, name) for name in ENDS}


@pytest.mark.parametrize("heed", [0.0, 1.0])
def test_whoever_wants_what_they_are_asked_and_says_so_lives_as_without(heed):
    """The null: everybody of one mind with the organisation, serving it lifting nobody's mood: bit for bit."""
    quiet, still = {"mood_own": 0.0}, {"rate": 0.0}
    plain = lived(rules(WORLD, population=replace(population_of(WORLD), wishes=()), change=still))
    null = lived(wishing((1.0, 1.0, 1.0, 1.0, 0.0), heed=heed, behaviour_params=quiet, change=still))
    same(ends(null), ends(plain), ENDS)
    assert "wish" in null.log.columns and "wish" not in plain.log.columns
    np.testing.assert_array_equal(null.log["wish"], null.log["role"])


@pytest.mark.parametrize("heed", [0.0, 0.4, 1.0])
def test_policies_are_told_what_is_asked_and_what_is_said_and_never_what_is_wanted(heed):
    room = Classroom(wishing(WISHES, heed=heed, mandatory=True), len(IDS), 3).begin(IDS)
    assert (room.trait("own") != room.trait("said")).mean() > 0.2
    while room.alive.any():
        asked, said = (WORLD.targets[x.astype(int)] for x in (room.now("role"), room.trait("said")))
        told = room.view[:, room.spec.at("target")]
        np.testing.assert_allclose(told[room.alive], (asked + heed * (said - asked))[room.alive], atol=1e-6)
        believed = (room.view[:, room.spec.at("belief")] * told).sum(1)
        np.testing.assert_allclose(room.view[:, room.spec.total("goal")], believed, atol=1e-5)
        room.wander()
        room.step()


def test_two_who_say_the_same_and_want_otherwise_are_told_apart_by_nothing_the_platform_sees_at_first():
    rooms = [Classroom(wishing(WISHES, heed=0.5), len(IDS), 3).begin(IDS) for _ in range(2)]
    own = Traits._fields.index("own")
    rooms[1].traits[:, own] = (rooms[1].traits[:, own] + 1) % len(WORLD.roles)
    for room in rooms:
        room.offers[...] = 1
    same(*({name: getattr(room, name) for name in ("view", "mask", "rec")} for room in rooms), ("view", "mask", "rec"))


def test_serving_a_goal_of_ones_own_lifts_the_mood_and_nothing_else_of_the_visit():
    """One forced visit to the same activity, in two rooms that differ in the size of the effect alone."""
    sizes = (0.0, 0.3)
    rooms = [Classroom(wishing(WISHES, decides="assign", mandatory=True, behaviour_params={"mood_own": size}), len(IDS),
                       3).begin(IDS) for size in sizes]  # fmt: skip
    a = int(np.flatnonzero((WORLD.teaches > 0).any(1) & (rooms[0].mask > 0).all(0))[0])
    for room in rooms:
        room.step(np.full_like(room.offers, a))
    taken = rooms[0].event[:, 1] == a
    serves = (WORLD.targets[rooms[0].trait("own").astype(int)] * WORLD.teaches[a]).sum(1) > 0
    risen = rooms[1].now("motivation") - rooms[0].now("motivation")
    assert taken.mean() > 0.5 and 0.05 < serves.mean() < 0.95
    np.testing.assert_allclose(risen, np.where(taken & serves, 0.3, 0.0), atol=1e-5)
    others = tuple(name for name in STATE if name not in ("life",))
    same(*({name: getattr(room, name) for name in others} for room in rooms), others)


def test_what_is_heeded_is_served_and_the_two_gains_are_told_apart():
    terms = wishing(WISHES, mandatory=True, change={"rate": 0.0})
    none, all_of_it = (lived(replace(terms, heed=heed)) for heed in (0.0, 1.0))
    apart = none.trait("own") != none.trait("role")
    said_so = none.trait("own") == none.trait("said")
    own = own_goal(all_of_it, terms) - own_goal(none, terms)
    asked = all_of_it["value"] - none["value"]
    for gap, sign in ((own[apart & said_so], 1.0), (asked[apart], -1.0)):
        assert sign * gap.mean() > 3.0 * gap.std() / np.sqrt(len(gap))
    assert (own[~apart & said_so] == 0.0).all()  # told the same, taught the same
    found = outcomes(none, terms)
    np.testing.assert_allclose(found["own_goal"], own_goal(none, terms))
    tiny = rules("tiny-v1")
    lives = simulate(shelf.build("syllabus", tiny.world), tiny, IDS[:20], 1)
    assert np.isnan(outcomes(lives, tiny)["own_goal"]).all()
