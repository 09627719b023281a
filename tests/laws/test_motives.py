"""Why people learn moves what they do by the constants that say so, and without those constants nothing moves."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import logit

from adaptlearn.core.catalogue import FEATURES
from adaptlearn.core.learner import MOTIVES, Life, Population, Traits
from adaptlearn.laws import behaviour, motives

P = motives.Params()
STILL = P._replace(**{
    name: 1.0 if name.startswith(("hurry", "stay", "gone", "depth")) else 1e9 if name.startswith("due") else 0.0
    for name in motives.Reasons._fields
})  # fmt: skip
PROJECT, LEADERSHIP, PERSONAL, COMPLIANCE = range(4)
N = 4_000
RNG = np.random.default_rng(11)
TRAIT = Traits(*Population().draw(np.arange(N), 4).T.astype(np.float64))
LIFE = Life(*[np.zeros(N)] * len(Life._fields))._replace(day=RNG.uniform(0, 60, N), motivation=RNG.uniform(-2, 2, N))
ACTIVITY = SimpleNamespace(**{name: RNG.random(N) for name in FEATURES} | {"minutes": RNG.uniform(1.0, 90.0, N)})
ONE = {"successes": RNG.random(N), "tested": np.round(RNG.random(N)), "best": RNG.random(N), "ready": RNG.random(N)}


def of(motive):
    """The same people, all with one motive."""
    return TRAIT._replace(motive=np.full(N, float(motive)))


def asked(text, trait, p, life=LIFE, target=1.0):
    """Everything a behaviour says."""
    return {
        "p_accept": text.p_accept(ACTIVITY, trait, life, 0.0, 0.0, p),
        "appeal": text.appeal(ACTIVITY, trait, 0.4, ONE["ready"], p),
        "p_finish": text.p_finish(ACTIVITY, trait, life, 1.0, ONE["ready"], p),
        "minutes_taken": text.minutes_taken(ACTIVITY, trait, 1.0, 0.3, p),
        "hardness": text.hardness(ACTIVITY, trait, p), "depth": text.depth(ACTIVITY, trait, p),
        "home_mood": text.home_mood(trait, p),
        "mood": text.mood(life, trait, ACTIVITY, ONE["successes"], ONE["tested"], ONE["best"], ONE["ready"], target, p),
        "p_leave": text.p_leave(trait, life, 3.0, 0.0, p),
        "rating": text.rating(ACTIVITY, trait, ONE["successes"], ONE["tested"], 0.2, p),
    }  # fmt: skip


def test_where_every_reason_is_still_behaviour_is_plain():
    plain = asked(behaviour, TRAIT, behaviour.Params())
    for name, value in asked(motives, TRAIT, STILL).items():
        np.testing.assert_allclose(value, plain[name], rtol=1e-9, atol=1e-12, err_msg=name)


def test_what_motives_leave_alone_is_the_plain_behaviour():
    said = [name for name, value in vars(behaviour).items()
            if getattr(value, "__scalar_text__", False) and value.__module__ == behaviour.__name__]  # fmt: skip
    assert motives.rating is behaviour.rating
    assert all(callable(getattr(motives, name)) for name in said)


@pytest.mark.parametrize("name", motives.Reasons._fields)
def test_every_constant_moves_something_and_only_for_the_motive_it_names(name):
    """A constant named for one motive leaves the other three alone."""
    late = LIFE._replace(day=np.full(N, 90.0))
    moved = {}
    for motive, word in enumerate(MOTIVES):
        other = P._replace(**{name: getattr(P, name) + 0.25})
        for life in (LIFE, late):
            one, two = asked(motives, of(motive), P, life), asked(motives, of(motive), other, life)
            if any((one[what] != two[what]).any() for what in one):
                moved[word] = True
    assert moved
    named = [word for word in MOTIVES if name.endswith(word)]
    assert not named or list(moved) == named


def test_a_deadline_presses_more_from_day_to_day_and_not_at_all_afterwards():
    for motive, due in ((PROJECT, P.due_project), (COMPLIANCE, P.due_compliance)):
        trait = SimpleNamespace(motive=float(motive))
        felt = np.array([motives.pressing(trait, day, P) for day in np.linspace(0.0, due, 50)])
        assert (np.diff(felt) > 0).all() and felt[-1] == 1.0 and felt[0] > 0.0
        assert motives.pressing(trait, due - P.impatience, P) == pytest.approx(0.5)
        assert motives.pressing(trait, due + 1.0, P) == 0.0
    assert motives.pressing(SimpleNamespace(motive=float(PERSONAL)), 30.0, P) < 1e-6


def test_on_the_day_itself_a_project_accepts_more_by_the_urgency():
    there, far = LIFE._replace(day=np.full(N, P.due_project)), LIFE._replace(day=np.full(N, P.due_project - 1e9))
    chance = [motives.p_accept(ACTIVITY, of(PROJECT), life, 0.0, 0.0, P) for life in (there, far)]
    np.testing.assert_allclose(logit(chance[0]) - logit(chance[1]), P.urgency, rtol=1e-4)


def test_after_its_day_a_project_is_left_at_the_ratio_of_hazards():
    def hazard(day):
        life = LIFE._replace(day=np.full(N, day))
        return np.log1p(-motives.p_leave(of(PROJECT), life, 3.0, 0.0, P)) / np.log1p(
            -behaviour.p_leave(of(PROJECT), life, 3.0, 0.0, behaviour.Params())
        )

    np.testing.assert_allclose(hazard(P.due_project - 1.0), P.stay_project, rtol=1e-6)
    np.testing.assert_allclose(hazard(P.due_project + 1.0), P.gone_project, rtol=1e-6)


def test_the_same_questions_are_met_with_care_only_where_they_count():
    quiz = SimpleNamespace(difficulty=0.2, summative=0.0, capstone=0.0, authenticity=0.3)
    final = SimpleNamespace(**vars(quiz) | {"summative": 1.0})
    job = SimpleNamespace(**vars(quiz) | {"authenticity": 1.0})
    trait = SimpleNamespace(motive=float(COMPLIANCE))
    assert motives.hardness(quiz, trait, P) == pytest.approx(0.2 + P.careless_compliance)
    assert motives.hardness(final, trait, P) == motives.hardness(job, trait, P) == 0.2


def test_a_shifted_chance_is_shifted_by_its_logit():
    chance, by = RNG.uniform(0.001, 0.999, 1000), RNG.uniform(-3.0, 3.0, 1000)
    np.testing.assert_allclose(logit(motives.shifted(chance, by)), logit(chance) + by, rtol=1e-9, atol=1e-9)
    assert motives.shifted(1.0, 0.7) == 1.0 and motives.shifted(0.0, 0.7) == 0.0
