"""Comparison: intervals cover, pairing helps as much as it should, and a policy against itself is exactly nothing."""

import numpy as np
import pytest

from adaptlearn.agents.shelf import build
from adaptlearn.envs.registry import rules
from adaptlearn.evaluation.compare import evaluate, learners_needed, paired

LAWS = ("workplace", "bkt")


def test_intervals_of_a_paired_difference_cover_the_truth():
    dice = np.random.default_rng(3)
    hits = 0
    for _ in range(2000):
        person = dice.normal(size=60)
        a, b = person + 0.1 + 0.2 * dice.normal(size=60), person + 0.2 * dice.normal(size=60)
        gap = paired(a, b)
        hits += abs(gap.mean - 0.1) <= gap.half
    assert 0.93 < hits / 2000 < 0.965


def test_learners_needed_reach_the_precision():
    dice = np.random.default_rng(1)
    person = dice.normal(size=200_000)
    a, b = person + 0.3 * dice.normal(size=person.size), person + 0.3 * dice.normal(size=person.size)
    same, apart = learners_needed(a, b, 0.02)
    assert paired(a[:same], b[:same]).half == pytest.approx(0.02, rel=0.05)
    assert apart / same == pytest.approx((2 + 2 * 0.09) / (2 * 0.09), rel=0.05)  # variances of the two designs


def test_a_policy_against_itself_is_nothing_and_rows_say_where_they_were_trained():
    room = rules("tiny-v1")
    labels = {"law": "workplace", "meshing": "null", "catalogue": "as_written"}
    policies = {"syllabus": build("syllabus", room.world), "same": build("syllabus", room.world)}
    rows, lives = evaluate(policies, [(labels, room)], np.arange(64), 1, baseline="syllabus", trained={"same": labels})
    assert rows[0].gain is None and rows[1].gain == (0.0, 0.0)
    assert [row.origin for row in rows] == ["emergent", "fitted in"]
    np.testing.assert_array_equal(lives["same", 0].life, lives["syllabus", 0].life)


def test_an_unknown_baseline_is_refused():
    with pytest.raises(ValueError, match="baseline 'none'"):
        evaluate({}, [], [1], 1, baseline="none")


@pytest.mark.parametrize("agents", [("syllabus", "mastery", "random", "greedy")])
def test_cells_lived_side_by_side_are_those_lived_one_after_the_other(agents):
    """Threads share policies, and a ceiling that plans for one room at a time; nothing of a life may move."""
    from adaptlearn.agents.ceilings import Greedy

    rooms = [({"law": law, "meshing": "null", "catalogue": "as_written"}, rules("tiny-v1", law)) for law in LAWS]
    made = {name: Greedy() if name == "greedy" else build(name, rooms[0][1].world) for name in agents}
    alone, shared = (
        evaluate(made, rooms, np.arange(48), 1, baseline="syllabus", threads=threads) for threads in (1, 3)
    )
    assert alone[0] == shared[0]
    for cell, lives in alone[1].items():
        for part in ("life", "mind", "touched", "left", "reward"):
            np.testing.assert_array_equal(getattr(lives, part), getattr(shared[1][cell], part), err_msg=str(cell))
