"""Lives in cohorts depend on (rules, policy, seed, the ids of the cohort) and nothing else; no seat is sold twice."""

import importlib
from dataclasses import replace

import numpy as np
import pytest
from plays import AT, LAWS, LOGGED, Leaning, same

from adaptlearn.classroom.room import Classroom
from adaptlearn.classroom.rounds import Rounds, portions
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.cohorts import WEEK, Calendar, Cohorts, scarcity
from adaptlearn.core.world import load
from adaptlearn.envs.registry import rules

module = importlib.import_module("adaptlearn.classroom.simulate")
ENDS = ("ids", "life", "traits", "start", "left", "stars", "reward", "mind", "touched")
SCARCE = Cohorts(6, likeness=0.4, coach_minutes=40.0, lab_seats=1, live_sessions=1)
IDS = np.arange(120, dtype=np.uint64)


def together(law="workplace", cohorts=SCARCE, calendar=None, world="tiny-v1", **terms):
    """A small world in which hardly anything is to be had."""
    return rules(replace(scarce(load(world)), cohorts=cohorts, calendar=calendar), law, **terms)


def scarce(world):
    """The same world with one seat or two wherever there are any."""
    seats = [activity if activity.capacity is None else replace(activity, capacity=1 + row % 2)
             for row, activity in enumerate(world.activities)]  # fmt: skip
    return replace(world, activities=tuple(seats))


class ByNumber:
    """Orchestrates by what the record shows, differently for every scarce activity; some are held back."""

    name = "by number"

    def share(self, desk):
        wish = desk.view[:, :1] - np.median(desk.view[:, :1]) + 0.1
        return wish * np.linspace(1.0, -1.0, len(desk.scarce))


#: one law at every test, the other with the long ones, beside those of test_every_law
KINDS = [pytest.param((law, decides), id=f"{law}-{decides}", marks=() if law == LAWS[0] else pytest.mark.long)
         for law in LAWS for decides in ("assign", "offer", "self")]  # fmt: skip


@pytest.fixture(scope="module", params=KINDS)
def played(request):
    law, decides = request.param
    terms = together(law, decides=decides, mandatory=False, catalogue="usual_error")
    policy = Leaning(terms.world)
    return terms, policy, simulate(policy, terms, IDS, 7, log=True, orchestrator=ByNumber())


def log_of(lives, among=None):
    rows = slice(None) if among is None else np.isin(lives.log["learner"], among)
    return {name: lives.log[name][rows] for name in LOGGED}


def ends_of(lives, rows=slice(None)):
    return {name: getattr(lives, name)[rows] for name in ENDS}


def test_one_more_cohort_changes_nobody_elses_life(played):
    terms, policy, lives = played
    newcomers = np.arange(6 * 1000, 6 * 1001, dtype=np.uint64)
    more = simulate(policy, terms, np.concatenate([newcomers, IDS]), 7, log=True, orchestrator=ByNumber())
    same(ends_of(more, slice(6, None)), ends_of(lives), ENDS)
    same(log_of(more, IDS), log_of(lives), LOGGED)


def test_a_member_more_or_less_is_another_cohort(played):
    """The theorem is about cohorts: inside one, people matter to each other."""
    terms, policy, lives = played
    gone = np.arange(0, 60, 6)  # one of each of the first ten cohorts
    rows = np.delete(IDS, gone).astype(int)
    fewer = simulate(policy, terms, rows, 7, orchestrator=ByNumber())
    assert (fewer.mind[rows < 60] != lives.mind[rows[rows < 60]]).any()
    same({n: v[rows >= 60] for n, v in ends_of(fewer).items()}, ends_of(lives, rows[rows >= 60]), ENDS)


def test_the_order_of_learners_changes_nobodys_life(played):
    """Nobody gains by standing in front."""
    terms, policy, lives = played
    order = np.random.default_rng(0).permutation(len(IDS))
    shuffled = simulate(policy, terms, IDS[order], 7, log=True, orchestrator=ByNumber())
    same(ends_of(shuffled), ends_of(lives, order), ENDS)
    same(log_of(shuffled), log_of(lives), LOGGED)


@pytest.mark.parametrize("chunk", [1, 20, 64])
def test_sharded_cohorts_equal_unsharded_ones(played, chunk, monkeypatch):
    terms, policy, lives = played
    monkeypatch.setattr(module, "CHUNK", chunk)
    few = np.random.default_rng(1).permutation(IDS[:48])
    parts = simulate(policy, terms, few, 7, orchestrator=ByNumber())
    same(ends_of(parts), ends_of(lives, few.astype(int)), ENDS)


def test_a_part_never_splits_a_cohort():
    rng = np.random.default_rng(2)
    for most in (1, 5, 7, 100):
        ids = rng.choice(200, 90, replace=False)
        parts = portions(Cohorts(6), ids, most)
        assert sorted(np.concatenate(parts)) == list(range(90))
        cohorts = [set(ids[part] // 6) for part in parts]
        assert sum(map(len, cohorts)) == len(set.union(*cohorts))
        assert all(len(part) <= most or len(own) == 1 for part, own in zip(parts, cohorts, strict=True))


def used(terms, log):
    """What each cohort used in each week, from the log alone.   -> [C, W, R], and the limits [R]"""
    world, table = terms.world, scarcity(terms.world.activities, terms.world.cohorts)
    column = {int(a): s for s, a in enumerate(table.activities)}
    cohort, week = (log["learner"] // world.cohorts.size).astype(int), (log["day"] // WEEK).astype(int)
    spent, joined = np.zeros((cohort.max() + 1, week.max() + 1, len(table.limit))), set()
    for c, w, a in zip(cohort, week, log["taken"], strict=True):
        if int(a) in column:
            first = (c, w, a) not in joined
            joined.add((c, w, a))
            spent[c, w] += table.use[column[int(a)]] * np.where(table.once, first, True)
    return spent, table.limit


def test_no_more_is_taken_in_a_week_than_there_is(played):
    terms, _, lives = played
    spent, limit = used(terms, lives.log)
    assert (spent <= limit + 1e-9).all()
    assert (spent == limit).any((0, 1))[:2].all(), "scarce enough to be felt"


@pytest.mark.parametrize("decides", ["assign", "offer", "self"])
def test_capacity_holds_and_masks_are_kept_through_many_random_steps(decides):
    """Random offers, legal or not; what is left of each week is counted a second time from events."""
    few = Cohorts(8, coach_minutes=60.0, lab_seats=2, live_sessions=2)
    terms = together(world="onboarding-v1", cohorts=few, decides=decides)
    room = Classroom(terms, 800, 3).begin(np.arange(800))
    rounds, rng, table = Rounds(room), np.random.default_rng(0), scarcity(terms.world.activities, terms.world.cohorts)
    column = np.full(len(terms.world.activities), -1)
    column[table.activities] = np.arange(len(table.activities))
    spent, joined, week, taken_in_all = np.zeros((100, len(table.limit))), np.zeros((100, len(column)), bool), -1, 0
    while (acting := rounds.turn()).any():
        if rounds.week > week:
            week, spent[...], joined[...] = rounds.week, 0.0, False
        offers = rng.integers(0, room.mask.shape[1], room.offers.shape).astype(np.int32)
        rounds.decide(lambda whose, offers=offers: room.offers.__setitem__(slice(None), offers))
        allowed = room.mask.copy()
        room.step()
        rounds.settle()
        who, taken = np.flatnonzero(acting), room.event[acting, AT["taken"]].astype(int)
        assert allowed[who, taken].all()
        for i, a in zip(who[column[taken] >= 0], taken[column[taken] >= 0], strict=True):
            spent[i // 8] += table.use[column[a]] * np.where(table.once, not joined[i // 8, a], True)
            joined[i // 8, a] = True
            taken_in_all += 1
        assert (spent <= table.limit + 1e-9).all()
        np.testing.assert_allclose(rounds.seats.left[:100], table.limit - spent, atol=1e-9)
    assert taken_in_all > 300


def test_alone_in_a_cohort_of_one_is_alone():
    """Cohorts of one, with room for everybody, are the world without cohorts: zeros for peers."""
    alone, one = rules("tiny-v1"), rules(replace(load("tiny-v1"), cohorts=Cohorts(1)))
    policy = Leaning(alone.world)
    same(ends_of(simulate(policy, one, IDS, 7)), ends_of(simulate(policy, alone, IDS, 7)), ENDS)


def test_company_is_what_the_others_know_at_the_weeks_start():
    """Published by brute force: the mean and the best of the others who are still there, skill by skill."""
    terms = together(mandatory=False)
    room = Classroom(terms, 60, 5).begin(np.random.default_rng(3).permutation(60))
    rounds = Rounds(room)
    week = -1
    while rounds.turn().any():
        if rounds.week > week:
            week = rounds.week
            if week == 2:
                check_company(room, terms, 7.0 * week)
        room.wander()
        rounds.decide(lambda whose: None)
        room.step()
        rounds.settle()
    assert week >= 3


def check_company(room, terms, day):
    law, p = terms.law, terms.law.Params()
    for i in range(room.n):
        others = [j for j in range(room.n) if j != i and room.ids[j] // 6 == room.ids[i] // 6 and room.alive[j]]
        assert room.company[i, 0] == len(others)
        for k in range(len(terms.world.skills)):
            levels = []
            for j in others:
                gone = max(day - room.touched[j, k], 0.0)
                levels.append(float(law.level(law.forget(law.Mind(*room.mind[j, k]), gone, p), None, p)))
            told = room.company[i, 2 + 2 * k : 4 + 2 * k]
            np.testing.assert_allclose(told, [np.mean(levels or [0.0]), max(levels, default=0.0)], atol=1e-5)
        spirit = np.mean([room.now("motivation")[j] for j in others]) if others else 0.0
        assert room.company[i, 1] == pytest.approx(spirit, abs=1e-5)


def test_likeness_is_the_correlation_of_ability_and_leaves_everyone_as_able_as_before():
    for likeness in (0.0, 0.5, 0.9):
        terms = together(cohorts=Cohorts(2, likeness=likeness))
        ability = Classroom(terms, 40_000, 1).begin(np.arange(40_000)).trait("ability").reshape(-1, 2)
        assert np.corrcoef(ability.T)[0, 1] == pytest.approx(likeness, abs=0.02)
        assert ability.std() == pytest.approx(0.95, rel=0.02)
        assert ability.mean() == pytest.approx(0.0, abs=0.02)


def test_priorities_of_another_shape_are_refused():
    class Wrong:
        name = "wrong"

        def share(self, desk):
            return np.zeros(3)

    terms = together()
    with pytest.raises(ValueError, match=r"wrong: priorities of shape \(3,\).*needed.*e\.g\."):
        simulate(Leaning(terms.world), terms, IDS[:12], 1, orchestrator=Wrong())


def test_who_is_held_back_waits_until_the_last_days():
    """With everyone refused, what is scarce is taken on the days when seats are free again, and only then."""

    class Nobody:
        name = "nobody"

        def share(self, desk):
            return np.full((len(desk.view), len(desk.scarce)), -1.0)

    terms = together(cohorts=replace(SCARCE, held_days=5.0))
    log = simulate(Leaning(terms.world), terms, IDS, 1, log=True, orchestrator=Nobody()).log
    rare = np.isin(log["taken"], scarcity(terms.world.activities, terms.world.cohorts).activities)
    assert rare.sum() > 20
    assert (log["day"][rare] % WEEK >= 5.0).all()


@pytest.mark.parametrize("calendar", [Calendar(), Calendar(lab_days=(2,), session_days=(1, 4), session_hours=(9.0,))])
@pytest.mark.parametrize("weekly", [90.0, 60_000.0])
def test_a_learner_is_never_in_two_places(calendar, weekly):
    """Sessions and everything else that was taken, as intervals of the clock: for no learner do two of them meet."""
    terms = together(world="onboarding-v1", cohorts=Cohorts(5), calendar=calendar)
    people = replace(terms.population).with_traits(weekly_minutes=(float(np.log(weekly)), 0.3))
    lives = simulate(Leaning(terms.world), replace(terms, population=people), np.arange(150), 2, log=True)
    log, starts = lives.log, calendar.sessions(terms.world.activities)
    taken = log["taken"] > 0
    day, start = log["day"][taken].astype(float), starts[log["taken"][taken]].astype(float)
    week = np.floor(day / WEEK)
    held = np.where(start >= 0.0, WEEK * week + start + WEEK * (WEEK * week + start < day), day)
    assert (start >= 0.0).sum() > (20 if weekly < 1000.0 else 5)
    ends, who = held + log["minutes"][taken] / 1440.0, log["learner"][taken]
    next_ = np.flatnonzero(who[1:] == who[:-1])
    assert (day[next_ + 1] >= ends[next_] - 2e-5).all()  # float32 days
    booked = held - day
    assert (booked[start >= 0.0] <= calendar.lead_days + 1.0).all() and (booked >= 0.0).all()


def test_places_open_on_their_days():
    calendar = Calendar(lab_days=(1, 3), job_site_days=(0,), lead_days=1)
    terms = together(world="onboarding-v1", calendar=calendar)
    log = simulate(Leaning(terms.world), terms, np.arange(300), 2, log=True).log
    weekday = np.floor(log["day"] % WEEK)
    starts = calendar.sessions(terms.world.activities)
    for a, activity in enumerate(terms.world.activities):
        on = set(weekday[log["taken"] == a])
        if starts[a] >= 0.0:
            assert on <= {(np.floor(starts[a]) - 1) % WEEK}, activity.id
        elif activity.place != "anywhere":
            assert on <= set(calendar.lab_days if activity.place == "lab" else calendar.job_site_days), activity.id


HARDLY_EVER = 1e-9


def heard(reasons):
    """tiny-v1 where a veto is heard and reasons are given: two chapters of the story in one compiled text."""
    world = load("tiny-v1")
    return rules(replace(world, programme=replace(world.programme, veto=True)), mandatory=False, reasons=reasons)


def test_what_was_struck_off_is_never_offered_again():
    """Where learners have a veto, some skips end an activity for good; elsewhere none does."""
    veto, deaf = heard(HARDLY_EVER), rules("tiny-v1", mandatory=False)
    policy, ids = Leaning(deaf.world), np.arange(3000)
    for terms in (veto, deaf):
        room = Classroom(terms, len(ids), 7).begin(ids)
        struck = np.zeros(room.legal.shape, bool)
        while room.alive.any():
            assert not (struck[:, :10] & (room.mask > 0)).any()
            before, alive = room.legal > 0, room.alive
            room.wander()
            room.step()
            skipped = alive & (room.event[:, AT["outcome"]] == 3)
            gone = before & (room.legal == 0)
            gone[:, :10] &= ~(room.visits >= terms.world.programme.repeats)
            assert not gone[~skipped].any()
            assert (gone.sum(1) <= 1).all() and gone[np.flatnonzero(gone.any(1)), room.offers[gone.any(1), 0]].all()
            struck |= gone
        assert (struck.sum() > 100) == terms.world.programme.veto
    assert simulate(policy, veto, ids, 7)["completed"].mean() < simulate(policy, deaf, ids, 7)["completed"].mean()


def test_a_reason_makes_takers_and_its_absence_changes_nothing():
    """Paired: the same learners with the same luck. Nothing else moves where no reason is given."""
    plain, silent = (rules("tiny-v1", mandatory=False, reasons=share) for share in (None, 0.0))
    policy = Leaning(plain.world)
    ids = np.arange(2000)
    without, none, few, all_ = (simulate(policy, terms, ids, 7)
                                for terms in (plain, silent, heard(HARDLY_EVER), heard(1.0)))  # fmt: skip
    same(ends_of(none), ends_of(without), ENDS)
    assert all_["completed"].mean() > few["completed"].mean()
    with pytest.raises(ValueError, match=r"reasons = 1\.5.*needed.*e\.g\."):
        rules("tiny-v1", reasons=1.5).terms()
