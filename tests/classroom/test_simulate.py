"""What ``simulate`` returns: ends, sums and a log that say the same, for policies and for ceilings."""

import numpy as np
import pytest
from plays import LAWS, Leaning, tiny

from adaptlearn.classroom.room import Classroom
from adaptlearn.classroom.simulate import simulate

IDS = np.arange(1_000, 1_400)


@pytest.fixture(scope="module", params=[(law, decides) for law in LAWS for decides in ("assign", "offer")], ids=str)
def lives(request):
    law, decides = request.param
    terms = tiny(law, decides=decides, mandatory=False, catalogue="usual_error")
    return terms, simulate(Leaning(terms.world), terms, IDS, 4, log=True)


def per_learner(log, values):
    """Sums over each learner's rows, in the order of IDS."""
    return np.bincount(log["learner"].astype(int) - IDS[0], values, len(IDS))


def test_ends_are_the_sums_of_the_log(lives):
    _, ended = lives
    log = ended.log
    for name, column in (("minutes", "minutes"), ("completed", "completed"), ("day", "gap_days")):
        np.testing.assert_allclose(ended[name], per_learner(log, log[column]), rtol=1e-5, err_msg=name)
    np.testing.assert_array_equal(ended["step"], per_learner(log, np.ones(len(log))))
    np.testing.assert_array_equal(ended.left, per_learner(log, log["left"]) > 0)
    with np.errstate(invalid="ignore"):
        stars = per_learner(log, log["rating"]) / per_learner(log, log["rating"] > 0)
    np.testing.assert_allclose(ended.stars, stars, rtol=1e-6)
    assert np.isnan(stars).any() == np.isnan(ended.stars).any()


def test_a_log_has_every_decision_of_every_learner_once_and_in_order(lives):
    _, ended = lives
    log = ended.log
    assert (np.diff(log["learner"].astype(np.int64)) >= 0).all()
    first = np.r_[True, np.diff(log["learner"].astype(np.int64)) > 0]
    assert (log["step"][first] == 0).all() and (np.diff(log["step"])[~first[1:]] == 1).all()
    gaps = log["day"][1:] - log["day"][:-1]
    np.testing.assert_allclose(gaps[~first[1:]], log["gap_days"][:-1][~first[1:]], atol=1e-4)
    assert set(log["learner"]) == set(IDS)


def test_what_was_taken_was_offered_or_was_the_learners_own_choice(lives):
    _, ended = lives
    log = ended.log
    offered = (log["offered"] == log["taken"][:, None]).any(1)
    assert offered[log["outcome"] == 1].all() and (log["taken"][log["outcome"] == 1] > 0).all()
    assert (log["taken"][np.isin(log["outcome"], [0, 3])] == 0).all()
    assert (log["taken"][log["outcome"] == 2] > 0).all()
    assert ((log["propensity"] > 0.0) & (log["propensity"] <= 1.0)).all()


def test_answers_add_up_to_scores(lives):
    _, ended = lives
    log = ended.log
    np.testing.assert_array_equal(log["answers"].sum(1), log["correct"])
    asked = log["items"] > 0
    np.testing.assert_allclose(log["score"][asked], log["correct"][asked] / log["items"][asked], rtol=1e-6)
    assert np.isnan(log["score"][~asked]).all() and log["completed"][asked].all()


def test_what_a_learner_is_worth_at_the_start_is_what_the_room_says(lives):
    terms, ended = lives
    np.testing.assert_array_equal(ended.start, Classroom(terms, len(IDS), 4).begin(IDS).now("value"))
    np.testing.assert_allclose(ended.reward, ended["value"] - ended.start, atol=2e-5)


def test_a_log_says_where_it_comes_from(lives):
    terms, ended = lives
    assert (ended.log.policy, ended.log.policy_version) == ("leaning", "1")
    about = ended.log.provenance
    assert about["simulated"] == "yes" and about["world"] == "tiny-v1" and about["seed"] == "4"
    assert about["law"] == terms.law.__name__ and about["catalogue"] == "usual_error"


def test_a_ceiling_is_handed_the_room_itself():
    class Foreseeing:
        """Takes what turns out best for each, in one imagined future."""

        name = "foreseeing"

        def decide(self, room):
            best, chosen = np.full(room.n, -np.inf), np.zeros(room.n, np.int32)
            for a in range(room.mask.shape[1]):
                future = room.fork(room.seed + 1)
                future.step(np.full_like(room.offers, a))
                better = (future.now("value") > best) & (room.mask[:, a] > 0)
                best, chosen = np.where(better, future.now("value"), best), np.where(better, a, chosen)
            return chosen.astype(np.int32)

    class Idle:
        name = "idle"

        def decide(self, room):
            return np.zeros(room.n, np.int32)

    terms = tiny()
    ended, resting = (simulate(ceiling, terms, IDS[:60], 4, log=True) for ceiling in (Foreseeing(), Idle()))
    assert ended["value"].mean() > resting["value"].mean() + 0.1
    assert (ended.log["propensity"] == 1.0).all() and ended.log.policy == "foreseeing"
