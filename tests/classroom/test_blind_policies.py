"""A policy sees the record and the catalogue as declared: other minds, or another truth, under the same events change
no decision."""

from types import SimpleNamespace

import numpy as np
import pytest
from plays import AT, LAWS, Leaning, offers_by_index, snap, tiny
from reference_parts import Places, Platform

from adaptlearn.classroom.layout import DECIDES, OUTCOMES
from adaptlearn.classroom.room import LIFE, Classroom, with_rules
from adaptlearn.classroom.simulate import Thinker
from adaptlearn.core.learner import Life, Traits

SEEN_TRAITS = ("weekly_minutes", "stated", "motive", "role")  # what the platform is told of a person
SEEN_LIFE = ("day", "step", "role", "alive", "assessed")  # what a clock and a record say; the rest is latent
IDS = np.arange(300)


@pytest.fixture(params=LAWS)
def midway(request):
    """A room after six steps, and its policy."""
    terms = tiny(request.param, catalogue="careless", meshing="contested")
    room = Classroom(terms, len(IDS), 5).begin(IDS)
    thinker = Thinker(Leaning(terms.world), room)
    for _ in range(6):
        thinker.decide()
        room.step()
    return room, thinker


def decided(room, thinker):
    """Offers and chances of the living, without letting the policy's memory move on."""
    memory = thinker.memory.clone()
    thinker.decide()
    thinker.memory[:] = memory
    return room.offers[room.alive], room.propensity[room.alive]


def test_other_minds_under_the_same_record_are_offered_the_same(midway):
    room, thinker = midway
    before = decided(room, thinker)
    order = np.roll(np.arange(len(IDS)), 1)
    room.mind[:], room.touched[:] = room.mind[order], room.touched[order]
    hidden = [j for j, name in enumerate(Traits._fields) if name not in SEEN_TRAITS]
    room.traits[:, hidden] = room.traits[order][:, hidden]
    latent = [j for j, name in enumerate(Life._fields) if name not in SEEN_LIFE]
    room.life[:, latent] = room.life[order][:, latent]
    for one, other in zip(before, decided(room, thinker), strict=True):
        np.testing.assert_array_equal(one, other)


def test_other_records_are_offered_something_else(midway):
    """The test above could fail: what a policy does see moves it."""
    room, thinker = midway
    before = decided(room, thinker)
    room.view[:] = room.view[np.roll(np.arange(len(IDS)), 1)]
    assert (before[0] != decided(room, thinker)[0]).any()


def test_another_truth_behind_the_catalogue_changes_no_decision(midway):
    room, thinker = midway
    for kind, seed in (("as_written", 0), ("usual_error", 1), ("careless", 9)):
        other = Classroom(with_rules(room.rules, catalogue=kind, catalogue_seed=seed), len(IDS), 5)
        other.restore(room.snapshot())
        twin = Thinker(thinker.policy, other)
        twin.memory[:] = thinker.memory
        for one, same in zip(decided(room, thinker), decided(other, twin), strict=True):
            np.testing.assert_array_equal(one, same)


def test_a_policy_is_handed_the_declared_catalogue_and_nothing_latent():
    terms, seen = tiny(catalogue="careless"), []

    class Spy(Leaning):
        def forward(self, view, catalogue, history, memory, luck):
            seen.append((view.clone(), catalogue.clone(), history.clone(), luck.clone()))
            return super().forward(view, catalogue, history, memory, luck)

    room = Classroom(terms, len(IDS), 5).begin(IDS)
    thinker = Thinker(Spy(terms.world), room)
    for _ in range(4):
        thinker.decide()
        for _, catalogue, _, _ in seen:
            np.testing.assert_array_equal(catalogue, terms.world.features)
        living = np.flatnonzero(room.alive)
        view, history, luck = (np.concatenate([block[part] for block in seen])[: len(living)] for part in (0, 2, 3))
        np.testing.assert_array_equal(view, room.view[living])
        np.testing.assert_array_equal(history, room.history()[living])
        assert ((luck >= 0.0) & (luck < 1.0)).all()
        seen.clear()
        room.step()


def test_subgroups_are_in_no_view():
    """Site and tenure are for tables of fairness: two populations which differ in them alone show the same views."""
    terms = tiny()
    shares = {**terms.population.shares, "site": (0.0, 1.0), "tenure": (0.0, 0.0, 1.0)}
    others = tiny(population=type(terms.population)(**{**vars(terms.population), "shares": shares}))
    rooms = [Classroom(rules, len(IDS), 5).begin(IDS) for rules in (terms, others)]
    assert (rooms[0].trait("site") != rooms[1].trait("site")).any()
    for step in range(8):
        for room in rooms:
            room.step(offers_by_index(room, step))
        np.testing.assert_array_equal(rooms[0].view, rooms[1].view)
        np.testing.assert_array_equal(rooms[0].mask, rooms[1].mask)


@pytest.mark.parametrize("decides", ["assign", "offer", "self"])
@pytest.mark.parametrize("law", LAWS)
def test_record_and_view_follow_from_what_was_offered_and_what_happened(law, decides):
    """Whoever reads the log, and never met the mind, keeps the same record and sees the same view."""
    terms = tiny(law, catalogue="careless", meshing="contested", decides=decides, mandatory=False)
    room = Classroom(terms, 24, 5).begin(IDS[:24])
    platform = Platform(Places(terms.world), 0.0)
    people = [SimpleNamespace(life=Life(*room.life[row]), trait=Traits(*room.traits[row])) for row in range(room.n)]
    for person in people:
        platform.meet(person)
    for step in range(14):
        living, offers = room.alive, offers_by_index(room, step)
        offers = np.where(np.take_along_axis(room.mask, offers, 1) > 0, offers, 0)
        room.step(offers)
        for row in np.flatnonzero(living):
            platform.remember(people[row], logged(room, row, offers[row], platform.places))
            day, role = (float(room.life[row, LIFE[name]]) for name in ("day", "role"))
            people[row].life = people[row].life._replace(day=day, role=role)
            np.testing.assert_allclose(room.rec[row], platform.record_row(people[row]), rtol=1e-4, atol=1e-4)
            np.testing.assert_allclose(room.view[row], platform.view(people[row]), rtol=1e-4, atol=1e-4)


def logged(room, row, offers, places):
    """An event as a platform has it. A reaction is to what was taken, else to the first place of what was offered."""
    names, seen = room.rules.world.activity_ids, {name: float(room.event[row, at]) for name, at in AT.items()}
    taken = names[int(seen["taken"])] if seen["taken"] else ""
    shown = places.rest if room.terms.decides == DECIDES.index("self") else names[offers[0]]
    asked = sorted(dict(places.activity[taken].assesses), key=places.order.index) if seen["items"] else []
    share = 1.0 if seen["completed"] else room.rules.behaviour.Params().effort_unfinished
    told = {"taken": taken, "outcome": OUTCOMES[int(seen["outcome"])], "about": taken or shown, "share": share}
    told |= {"answers": {name: int(room.answers[row, j]) for j, name in enumerate(asked)}}
    return told | {name: seen[name] for name in ("day", "minutes", "stars", "items", "correct", "completed")}


def test_history_is_visits_recency_and_whether_it_was_ever_taken():
    terms = tiny()
    room = Classroom(terms, len(IDS), 5).begin(IDS)
    visits, last = np.zeros((len(IDS), 10)), np.full((len(IDS), 10), -np.inf)
    for step in range(10):
        before = snap(room)
        room.step(offers_by_index(room, step))
        taken = room.event[:, AT["taken"]].astype(int)
        rows = np.flatnonzero(before["alive"] & (taken > 0))
        visits[rows, taken[rows]] += 1
        last[rows, taken[rows]] = room.event[rows, AT["day"]]
        days = room.now("day")[:, None] - last
        expected = np.stack([visits / 2.0, np.where(visits > 0, 1.0 / (1.0 + days / 7.0), 0.0), visits > 0], 2)
        np.testing.assert_allclose(room.history(), expected, atol=1e-5)
