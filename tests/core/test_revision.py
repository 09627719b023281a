"""A revised catalogue: as many new as withdrawn, nothing else moved, and each draw its own."""

from dataclasses import fields, replace

import pytest

from adaptlearn.core import world as worlds
from adaptlearn.core.revision import NEW, revised
from adaptlearn.core.validity import faults_of
from adaptlearn.core.world import Rules


@pytest.fixture(scope="module", params=["tiny-v1", "onboarding-v1", "leadership-v1"])
def world(request):
    return worlds.load(request.param)


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
def test_as_many_come_as_go_and_the_others_are_as_they_were(world, share):
    later = revised(world, share, 3)
    count = round(share * (len(world.activities) - 1))
    new = [a for a in later.activities if NEW in a.id]
    assert len(new) == count and len(later.activities) == len(world.activities)
    kept = [a for a in later.activities if a not in new]
    assert kept == [a for a in world.activities if a in kept] and len(kept) == len(world.activities) - count
    assert (later.skills, later.roles, later.programme, later.rules) == (
        world.skills, world.roles, world.programme, world.rules
    )  # fmt: skip


def test_a_new_activity_teaches_what_its_forerunner_did_and_is_sound(world):
    later = revised(world, 0.3, 1)
    old = {a.id: a for a in world.activities}
    for new in later.activities:
        if NEW in new.id:
            assert new.teaches == old[new.id.partition(NEW)[0]].teaches
            assert {skill for skill, _ in new.assesses} <= {skill for skill, _ in new.teaches}
    assert faults_of(later) == []


def test_nothing_asked_nothing_changed_and_seeds_tell_apart(world):
    assert revised(world, 0.0) == world
    assert revised(world, 0.2, 1) == revised(world, 0.2, 1) != revised(world, 0.2, 2)


@pytest.mark.parametrize("rule", [field.name for field in fields(Rules) if field.name != "live_per_week"])
def test_what_any_rule_names_stays(world, rule):
    one, other = (world.activities[j].id for j in (1, 2))
    said = {"pinned": (one, other), "excluded": (one, other), "after": ((one, other),)}
    ruled = replace(world, rules=Rules(**{rule: said.get(rule, ((one, 0.5), (other, 0.5)))}))
    for seed in range(8):
        assert {one, other} <= set(revised(ruled, 0.4, seed).activity_ids)


def test_the_hidden_truth_of_what_stays_is_the_same(world):
    before, after = (w.true("careless", 4) for w in (world, revised(world, 0.2, 5)))
    truth = {a.id: a for a in before.activities}
    assert all(a == truth[a.id] for a in after.activities if a.id in truth)


def test_a_share_that_makes_no_sense_is_refused(world):
    with pytest.raises(ValueError, match="a share of the catalogue"):
        revised(world, 0.9)
