"""Laws of a classroom: births are the population's draw, rewards telescope, time can be put back and forked."""

import numpy as np
import pytest
from plays import AT, LAWS, offers_by_index, play, same, snap, tiny

from adaptlearn.classroom.room import LIFE, STATE, Classroom
from adaptlearn.core import luck
from adaptlearn.core.learner import NEVER, Population, Traits
from adaptlearn.envs.registry import rules

IDS = np.arange(300)
WRITTEN = (*STATE, "pay", "flags", "event", "answers")


# --- what a room refuses ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [-1, 1 << 64])
def test_a_seed_that_luck_has_no_address_for_is_refused(seed):
    with pytest.raises(ValueError, match=r"needed a whole number from 0 to 2\^64 - 1"):
        Classroom(tiny("workplace"), 4, seed)


@pytest.mark.parametrize("offers", [np.full((4, 1), 10, np.int32), np.full((4, 1), -1, np.int32),
                                    np.zeros((4, 1), np.int64), np.zeros((4, 2), np.int32), [[0]] * 4])  # fmt: skip
def test_an_offer_beyond_the_catalogue_or_of_another_kind_is_refused_and_nobody_moves(offers):
    room = Classroom(tiny("workplace"), 4, 1).begin(np.arange(4))
    before = snap(room)
    with pytest.raises(ValueError, match="needed"):
        room.step(offers)
    same(before, snap(room), WRITTEN)


# --- births ----------------------------------------------------------------------------------------------------------


CHANGES = (
    {"change_rate": 0.5},
    {"change_rate": 0.8, "change_day": 30.0, "change_scripted": True, "change_to": 1,
     "destinations": ((1.0, 0.0, 0.0), (0.2, 0.3, 0.5), (0.0, 0.5, 0.5), (0.5, 0.3, 0.2))},
)  # fmt: skip


@pytest.mark.parametrize("changes", CHANGES, ids=("some day", "on a day, by motive"))
def test_births_are_the_populations_draw(changes):
    """Compiled and NumPy draws agree to 1e-5: normals, shares, what is stated, where and when a destination changes."""
    population = Population(
        shares={"motive": (0.4, 0.15, 0.15, 0.3), "role": (0.5, 0.3, 0.2), "site": (0.6, 0.4), "tenure": (1.0,)},
        posterior=tuple((m,) * 20 + (s,) * 20 for m, s in ((0.0, 1.0), (0.4, 0.6), (-0.3, 0.2))), **changes,
    )  # fmt: skip
    terms = rules("onboarding-v1", population=population)
    ids = luck.rebirth(1, np.arange(5_000), 0)
    room = Classroom(terms, len(ids), 42).begin(ids)
    drawn = population.draw(ids, 42)
    at = {name: j for j, name in enumerate(Traits._fields)}
    close_call = (room.traits != drawn)[:, at["stated"]]  # two modes within a rounding of each other
    assert close_call.mean() < 1e-3
    changed = drawn[:, at["switch_day"]] < NEVER
    assert 0.45 < changed.mean() < 0.55 or population.change_to == 1
    np.testing.assert_allclose(room.traits[~close_call], drawn[~close_call], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("law", LAWS)
def test_a_life_begins_with_nothing_behind_it(law):
    room = Classroom(tiny(law), len(IDS), 3).begin(IDS)
    first = snap(room)
    for step in range(5):
        room.step(offers_by_index(room, step))
    room.begin(IDS)
    same(snap(room), first, STATE)
    assert not first["visits"].any() and not first["touched"].any() and first["alive"].all()
    for name in ("day", "minutes", "staff_minutes", "cost", "step", "strain", "completed"):
        assert not room.now(name).any()


def test_as_many_ids_as_rows_are_needed():
    with pytest.raises(ValueError, match=r"\(2,\); needed \(3,\).*e\.g\."):
        Classroom(tiny(), 3, 1).begin([1, 2])


# --- reward ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("law", LAWS)
def test_the_learning_reward_telescopes(law):
    """Its sum over a life is what the life was worth at the end less what it was worth at the start."""
    room, states = play(tiny(law), IDS, steps=60)
    assert not room.alive.any()
    total = sum(state["pay"].astype(np.float64) for state in states[1:])
    value = np.array([state["life"][:, LIFE["value"]] for state in states])
    np.testing.assert_allclose(total, value[-1] - value[0], atol=2e-5)
    assert (np.abs(total) > 0.01).any()


def test_with_a_change_of_destination_it_telescopes_in_each_part():
    """Worth is counted anew for the new destination; nothing is paid for the change itself."""
    terms = rules("onboarding-v1", "workplace")
    _, states = play(terms, IDS, steps=60)
    value, role = (np.array([state["life"][:, at] for state in states]) for at in (LIFE["value"], LIFE["role"]))
    pay = np.array([state["pay"] for state in states[1:]], np.float64)
    kept = role[1:] == role[:-1]
    assert (~kept).sum() > 10
    np.testing.assert_allclose(pay[kept], (value[1:] - value[:-1])[kept], atol=1e-6)
    steady = kept.all(0)
    np.testing.assert_allclose(pay.sum(0)[steady], (value[-1] - value[0])[steady], atol=5e-5)


# --- snapshot, restore, fork -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("law", LAWS)
def test_a_snapshot_put_back_is_the_same_moment(law):
    room, _ = play(tiny(law), IDS, steps=6)
    moment = room.snapshot()
    play(None, IDS, room=room, steps=5)
    one = snap(room)
    room.restore(moment)
    same(snap(room), moment, STATE)
    play(None, IDS, room=room, steps=5)
    same(snap(room), one, WRITTEN)


@pytest.mark.parametrize("law", LAWS)
def test_forks_share_the_past_and_not_the_future(law):
    room, _ = play(tiny(law), IDS, steps=6)
    moment, futures = snap(room), []
    for imagined in (1_000, 1_001, 1_000):
        fork = room.fork(imagined)
        same(snap(fork), moment, STATE)
        play(None, IDS, room=fork, steps=6)
        futures.append(snap(fork))
    same(futures[0], futures[2], STATE)
    for other in (futures[1], snap(play(None, IDS, room=room, steps=6)[0])):
        assert (futures[0]["life"] != other["life"]).any() and (futures[0]["mind"] != other["mind"]).any()


def test_a_fork_leaves_the_room_as_it_was():
    room, _ = play(tiny(), IDS, steps=6)
    moment = snap(room)
    play(None, IDS, room=room.fork(1_000), steps=6)
    same(snap(room), moment, WRITTEN)


def test_a_fork_on_the_real_seed_is_refused():
    room = Classroom(tiny(), 3, 7).begin(np.arange(3))
    with pytest.raises(ValueError, match=r"fork\(luck_seed=7\).*own luck; needed another seed, e\.g\."):
        room.fork(7)


def test_imagined_luck_tells_nothing_of_real_luck():
    """The same learners wait equally long in expectation, and how long they really wait says nothing of it."""
    many = np.arange(4_000)
    room = Classroom(tiny(mandatory=False), len(many), 7).begin(many)
    fork = room.fork(8)
    for one in (room, fork):
        one.step(np.ones_like(one.offers))
    skipped = (room.event[:, AT["taken"]] == 0) & (fork.event[:, AT["taken"]] == 0)
    real, imagined = (one.event[skipped, AT["gap"]] for one in (room, fork))
    assert skipped.sum() > 100 and abs(np.corrcoef(real, imagined)[0, 1]) < 5.0 / np.sqrt(skipped.sum())


# --- autoreset -------------------------------------------------------------------------------------------------------


def test_slot_i_has_as_its_eth_learner_the_rebirth_of_seed_i_e_and_other_slots_never_matter():
    """A row's lives, one after the other, are single lives of those ids, view by view; the last view is kept."""
    terms, seed, rows, steps = tiny(mandatory=False), 11, 5, 120
    room = Classroom(terms, rows, seed, autoreset=True).begin()
    alone = Classroom(terms, 1, seed)
    told = [snap(room) | {"final_view": room.final_view.copy(), "ids": room.ids.copy()}]
    for _ in range(steps):
        room.step(scripted(room))
        told.append(snap(room) | {"final_view": room.final_view.copy(), "ids": room.ids.copy()})
    lived = 0
    for slot in (0, rows - 1):
        episode = 0
        alone.begin(luck.rebirth(seed, [slot], [episode]))
        for before, after in zip(told[:-1], told[1:], strict=True):
            assert before["ids"][slot] == luck.rebirth(seed, slot, episode) == alone.ids[0]
            np.testing.assert_array_equal(before["view"][slot], alone.view[0])
            np.testing.assert_array_equal(before["mask"][slot], alone.mask[0])
            alone.step(scripted(alone))
            for name in ("pay", "flags", "event"):
                np.testing.assert_array_equal(after[name][slot], getattr(alone, name)[0], err_msg=name)
            if not alone.alive[0]:
                np.testing.assert_array_equal(after["final_view"][slot], alone.view[0])
                episode, lived = episode + 1, lived + 1
                alone.begin(luck.rebirth(seed, [slot], [episode]))
    assert lived > 6


def scripted(room):
    """Offers by learner and step, whatever the row."""
    steps = room.now("step").astype(int)
    u = luck.uniform(5, luck.IMAGINED, room.ids, steps)
    return np.floor(u * room.mask.shape[1]).astype(np.int32)[:, None]


def test_a_room_with_fewer_slots_has_the_same_lives_in_them():
    big, small = (Classroom(tiny(), n, 11, autoreset=True).begin() for n in (20, 4))
    for _ in range(60):
        for room in (big, small):
            room.step(scripted(room))
        parts = [
            {name: getattr(room, name)[:4] for name in (*STATE, "pay", "flags", "event", "final_view")}
            for room in (big, small)
        ]
        same(*parts, parts[0])


def test_after_named_learners_each_slot_goes_on_with_its_own():
    room = Classroom(tiny(), 4, 11, autoreset=True).begin([7, 8, 9, 10])
    while (room.ids < 100).any():
        room.step(scripted(room))
    assert len(np.unique(room.ids)) == 4
