"""Transfer, learner by learner: it is the formula of its text, belongs to the learner, and is silent where unasked."""

from dataclasses import replace

import numpy as np
import pytest

from adaptlearn.agents import shelf
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.learner import Population
from adaptlearn.envs.registry import rules
from adaptlearn.evaluation.outcomes import outcomes
from adaptlearn.evaluation.transfer import applied, levels, likeness
from adaptlearn.laws import transfer

IDS = np.arange(300)


def lived(agent="syllabus", ids=IDS, **constants):
    """Lives in the smallest world, with a workplace where constants are given."""
    said = {"transfer": {"day": 90.0, **constants}} if constants else {}
    terms = rules("tiny-v1", population=replace(Population(), constants=said))
    return simulate(shelf.build(agent, terms.world), terms, ids, 5), terms


def test_without_a_word_of_work_nothing_is_known_and_lives_are_the_same():
    plain, terms = lived()
    assert applied(plain, terms) is None
    assert np.isnan(outcomes(plain, terms)["applied"]).all() and np.isnan(outcomes(plain, terms)["checked"]).all()
    working, _ = lived(apart=0.5)
    for name in ("life", "mind", "traits", "visits"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(working, name))


def test_application_is_the_text_skill_by_skill():
    lives, terms = lived(apart=0.3)
    found, p = applied(lives, terms), transfer.Params(day=90.0, apart=0.3)
    know, like = levels(lives.mind, lives.touched, terms, 90.0), likeness(lives, terms)
    for row in (0, 7, 150):
        place = transfer.Workplace(*(float(column[row]) for column in found.workplace))
        target = terms.world.targets[int(lives["role"][row])]
        slow = sum(
            weight * transfer.application(know[row, k], like[row, k], place, float(lives["motivation"][row]), p)
            for k, weight in enumerate(target)
        )
        assert found.application[row] == pytest.approx(slow, rel=1e-6)


def test_likeness_is_the_mean_authenticity_of_what_was_done_for_a_skill():
    lives, terms = lived(apart=0.5)
    like = likeness(lives, terms)
    for row in (3, 99):
        for k, skill in enumerate(terms.world.skill_ids):
            done = [(int(lives.visits[row, a]) * dict(activity.teaches).get(skill, 0.0), activity.authenticity)
                    for a, activity in enumerate(terms.world.activities)]  # fmt: skip
            weight = sum(w for w, _ in done)
            expected = sum(w * real for w, real in done) / weight if weight else 0.0
            assert like[row, k] == pytest.approx(expected, abs=1e-6)


def test_a_workplace_belongs_to_the_learner_whatever_is_taught_and_whoever_else_lives():
    one, terms = lived("syllabus", apart=0.5)
    other, _ = lived("random", apart=0.5)
    few, _ = lived("syllabus", IDS[40:60], apart=0.5)
    places = [applied(lives, terms).workplace for lives in (one, other, few)]
    np.testing.assert_array_equal(places[0], places[1])
    np.testing.assert_array_equal(np.array(places[0])[:, 40:60], places[2])


def test_the_manager_sees_points_and_not_the_application():
    lives, terms = lived(blur=0.0)
    found = applied(lives, terms)
    exact = transfer.check(found.application, 0.0, transfer.Params())
    np.testing.assert_array_equal(found.checked, exact)
    blurred, _ = lived(blur=0.3)
    assert (applied(blurred, lived(blur=0.3)[1]).checked != exact).mean() > 0.2


@pytest.mark.parametrize(("constants", "word"), [({"luck": 1.0}, "luck"), ({"day": 3.0}, "day = 3")])
def test_what_cannot_be_is_refused_in_words(constants, word):
    lives, terms = lived(**constants)
    with pytest.raises(ValueError, match=word) as refusal:
        applied(lives, terms)
    assert "needed" in str(refusal.value) and "e.g." in str(refusal.value)
