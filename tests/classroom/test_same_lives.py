"""A life depends on (rules, policy, seed, id) and nothing else: not on who else is there, nor on how it is computed."""

import importlib

import numpy as np
import pytest
import torch
from plays import LAWS, LOGGED, Leaning, Turncoat, same, tiny

from adaptlearn.classroom.simulate import simulate
from adaptlearn.core import luck

IDS = np.array([*range(590), 2**64 - 1, 2**63, 2**40, 77_777], np.uint64)
ENDS = ("ids", "life", "traits", "start", "left", "stars", "reward")
module = importlib.import_module("adaptlearn.classroom.simulate")


@pytest.fixture(scope="module", params=LAWS)
def played(request):
    terms = tiny(request.param, catalogue="usual_error", meshing="contested", mandatory=False)
    policy = Leaning(terms.world)
    return terms, policy, simulate(policy, terms, IDS, 7, log=True)


def log_of(lives):
    return {name: lives.log[name] for name in LOGGED}


def ends_of(lives, rows=slice(None)):
    return {name: getattr(lives, name)[rows] for name in ENDS}


def test_the_same_seed_writes_the_same_log(played):
    terms, policy, lives = played
    again = simulate(policy, terms, IDS, 7, log=True)
    same(log_of(again), log_of(lives), LOGGED)
    same(ends_of(again), ends_of(lives), ENDS)


def test_another_seed_is_another_life(played):
    terms, policy, lives = played
    other = simulate(policy, terms, IDS[:50], 8)
    assert (other["minutes"] != lives["minutes"][:50]).all()


def test_the_order_of_learners_does_not_matter(played):
    terms, policy, lives = played
    order = np.random.default_rng(0).permutation(len(IDS))
    shuffled = simulate(policy, terms, IDS[order], 7, log=True)
    same(log_of(shuffled), log_of(lives), LOGGED)
    same(ends_of(shuffled), ends_of(lives, order), ENDS)


@pytest.mark.parametrize("chunk", [1, 97, 594])
def test_the_number_of_learners_in_a_room_does_not_matter(played, chunk, monkeypatch):
    terms, policy, lives = played
    few = slice(None) if chunk > 1 else slice(0, 5)
    monkeypatch.setattr(module, "CHUNK", chunk)
    parts = simulate(policy, terms, IDS[few], 7, log=True)
    same(ends_of(parts), ends_of(lives, few), ENDS)
    if chunk > 1:
        same(log_of(parts), log_of(lives), LOGGED)


def test_the_number_of_threads_does_not_matter(played):
    terms, policy, lives = played
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3 - min(before, 2))  # 2 if it was 1, else 1
        shared = simulate(policy, terms, IDS, 7, log=True, threads=2)
    finally:
        torch.set_num_threads(before)
    same(log_of(shared), log_of(lives), LOGGED)
    same(ends_of(shared), ends_of(lives), ENDS)


def test_one_more_learner_changes_nobody_elses_life(played):
    terms, policy, lives = played
    newcomer = np.uint64(123_456_789)
    more = simulate(policy, terms, np.insert(IDS, 100, newcomer), 7, log=True)
    same(ends_of(more, np.arange(len(IDS) + 1) != 100), ends_of(lives), ENDS)
    others = more.log["learner"] != newcomer
    assert not others.all()
    same({name: column[others] for name, column in log_of(more).items()}, log_of(lives), LOGGED)


def test_writing_a_log_changes_nothing(played):
    terms, policy, lives = played
    same(ends_of(simulate(policy, terms, IDS[:64], 7)), ends_of(lives, slice(0, 64)), ENDS)


@pytest.mark.parametrize("law", LAWS)
def test_policies_which_differ_at_one_step_have_one_past(law):
    """Everything up to that step is the same bit for bit; at it, all that differs is what the other offer brings."""
    terms = tiny(law)
    one, other = (simulate(Turncoat(10, wanted), terms, np.arange(300), 3, log=True) for wanted in (1, 4))
    before = [{name: run.log[name][run.log["step"] < 10] for name in LOGGED} for run in (one, other)]
    same(*before, LOGGED)
    at = [{name: run.log[name][run.log["step"] == 10] for name in LOGGED} for run in (one, other)]
    same(*at, ("learner", "step", "day"))
    assert (at[0]["taken"] != at[1]["taken"]).any()


@pytest.mark.parametrize("law", LAWS)
def test_learners_have_the_same_luck_under_every_policy(law):
    """Pauses and minutes say which luck was drawn: at every step of every life it is the luck of that address."""
    terms, seed = tiny(law), 3
    minutes_of = {a: activity.time_required for a, activity in enumerate(terms.world.activities)}
    for wanted in (1, 4):
        lives = simulate(Turncoat(2, wanted), terms, np.arange(200), seed, log=True)
        log = lives.log
        weekly = lives.trait("weekly_minutes")[log["learner"].astype(int)]
        pause = np.where(log["taken"] > 0, np.maximum(log["minutes"] * 7.0 / weekly, 0.05), 1.0)
        drawn = luck.uniform(seed, luck.GAP, log["learner"], log["step"])
        moved = log["outcome"] != 0
        np.testing.assert_allclose((log["gap_days"] / pause - 0.5)[moved], drawn[moved], atol=1e-5)
        z = luck.normal(seed, luck.MINUTES, log["learner"], log["step"])
        done = log["completed"]
        declared = np.array([minutes_of[a] for a in log["taken"]])
        np.testing.assert_allclose(np.log(log["minutes"][done] / declared[done]), (0.5 * z - 0.125)[done], atol=1e-5)


def test_learners_must_be_there_and_each_once():
    terms = tiny()
    for ids, found in (([], "0 ids"), ([1, 1], "2 ids, 1 distinct")):
        with pytest.raises(ValueError, match=f"{found}.*needed.*e.g."):
            simulate(Turncoat(0, 1), terms, ids, 1)


def test_progress_is_told(monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 40)
    told = []
    simulate(Turncoat(0, 1), tiny(), np.arange(100), 1, progress=lambda done, of: told.append((done, of)))
    assert told == [(40, 100), (80, 100), (100, 100)]
