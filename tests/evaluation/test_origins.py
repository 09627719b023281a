"""Where a gain comes from: a placebo is worth nothing in a null world, and a planted benefit is found."""

import numpy as np
import pytest

from adaptlearn.agents.shelf import build
from adaptlearn.classroom.packing import Meshing
from adaptlearn.classroom.room import Classroom, with_rules
from adaptlearn.classroom.simulate import simulate
from adaptlearn.core.record import ViewSpec
from adaptlearn.envs.registry import rules
from adaptlearn.evaluation.origins import Budget, Placebo, Witness, decompose, inputs, placebo, scrambled, swapped
from adaptlearn.evaluation.resample import draws_of

IDS = np.arange(1000)
STRONG = Meshing(2.0, on_stated=1.0)


@pytest.fixture(scope="module")
def room():
    return rules("tiny-v1")


def worth_of_meshing(rules_, name="stated"):
    count = draws_of(np.zeros(len(IDS)), 400, 0)
    return placebo(build(name, rules_.world), rules_, IDS, 3, "meshing", None, "goal", count).gain.mean


def test_modality_is_worth_nothing_in_the_null_world_and_is_found_where_it_is_planted():
    many = rules("onboarding-v1")  # where most activities come in several formats
    null, strong = worth_of_meshing(many), worth_of_meshing(with_rules(many, meshing=STRONG))
    assert null.low <= 0.0 <= null.high
    assert strong.low > 0.0


def test_a_policy_that_reads_no_modality_has_no_value_of_it(room):
    assert worth_of_meshing(with_rules(room, meshing=STRONG), "syllabus") == (0.0, 0.0, 0.0)


def test_a_placebo_deals_every_learner_the_inputs_of_exactly_one_other(room):
    columns = inputs(ViewSpec(len(room.world.skills)), "modality")
    witness = Witness(IDS, columns)
    simulate(build("stated", room.world), room, IDS, 3, before=witness)
    dealt = Placebo(witness, 1)
    assert sorted(dealt.donor) == list(range(len(IDS))) and (dealt.donor != np.arange(len(IDS))).all()
    shown = Witness(IDS, columns)

    def both(here):
        dealt(here)
        shown(here)

    simulate(build("stated", room.world), room, IDS, 3, before=both)
    np.testing.assert_array_equal(shown.seen[:, 0], witness.seen[dealt.donor, 0])
    np.testing.assert_array_equal(shown.seen[:, 0].sum(0), witness.seen[:, 0].sum(0))  # as personal as before


def test_a_life_with_placebo_does_not_hang_on_who_else_is_in_the_room(room):
    policy = build("stated", room.world)
    hook = swapped(policy, room, IDS[:300], 3, "modality")
    whole = simulate(policy, room, IDS[:300], 3, before=hook)
    half = simulate(policy, room, IDS[:150], 3, before=hook)
    np.testing.assert_array_equal(whole.life[:150], half.life)


def test_a_budget_is_kept_by_offers(room):
    """Declared minutes never pass what is left, so that only the last activity's own overrun can."""
    n = 200
    rich = Budget(IDS[:n], np.full(n, 1e9), np.full(n, 1e9), room.world)
    free = simulate(build("mastery", room.world), room, IDS[:n], 3)
    np.testing.assert_array_equal(simulate(build("mastery", room.world), room, IDS[:n], 3, before=rich).life, free.life)
    tight = Budget(IDS[:n], np.full(n, 60.0), np.zeros(n), room.world)
    poor = simulate(build("mastery", room.world), room, IDS[:n], 3, before=tight)
    assert poor["minutes"].mean() < 75 < free["minutes"].mean() and poor["staff_minutes"].max() == 0.0


def test_parts_say_what_was_left_out(room):
    policies = {name: build(name, room.world) for name in ("mastery", "syllabus", "blocked")}
    few = decompose(policies["mastery"], room, IDS[:100], 3, syllabus=policies["syllabus"], draws=50)
    assert {p.source: p.left_out != "" for p in few} == {
        "all of it": False, "order": True, "answers": True, "preference": False, "modality": False, "meshing": False,
        "at equal minutes": False,
    }  # fmt: skip
    full = decompose(
        policies["mastery"], room, IDS[:100], 3, syllabus=policies["syllabus"], fixed=policies["blocked"], draws=50
    )
    part = {p.source: p.gain.mean.value for p in full}
    assert part["order"] + part["answers"] == pytest.approx(part["all of it"], abs=1e-6)
    with pytest.raises(ValueError, match="modality or preference"):
        inputs(ViewSpec(3), "colour")


def test_a_scrambled_room_shows_each_row_its_neighbours_columns_and_nothing_else_moves(room):
    """At every step, births included: what is shown is one swap of the truth, not one swap more each time."""
    columns = inputs(ViewSpec(len(room.world.skills)), "modality")
    true, shown = (make(room, 64, 5, autoreset=True).begin() for make in (Classroom, scrambled(columns)))
    rest = np.setdiff1d(np.arange(true.spec.size), columns)
    for _ in range(60):
        np.testing.assert_array_equal(shown.view[:, columns], np.roll(true.view[:, columns], 1, 0))
        np.testing.assert_array_equal(shown.view[:, rest], true.view[:, rest])
        for one in (true, shown):
            one.wander()
            one.step()


def test_what_is_shown_before_a_decision_is_shown_at_that_decision_only(room):
    seen = {}

    def noted(name, scribbles):
        def before(classroom):
            seen.setdefault(name, []).append(classroom.view.copy())
            if scribbles:
                classroom.view[:] = 7.0

        return before

    for name, scribbles in (("left", False), ("scribbled", True)):
        simulate(build("random", room.world), room, IDS[:50], 3, before=noted(name, scribbles))
    np.testing.assert_array_equal(seen["left"], seen["scribbled"])
