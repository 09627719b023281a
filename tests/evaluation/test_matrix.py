"""Comparison over worlds: bootstrap against formulas and brute force, worst cases and verdicts on made-up numbers."""

import numpy as np
import pytest

from adaptlearn.agents.shelf import build
from adaptlearn.classroom.simulate import simulate
from adaptlearn.envs.registry import rules
from adaptlearn.evaluation.matrix import Matrix, play, robust, verdict
from adaptlearn.evaluation.outcomes import KEYS, known, outcomes
from adaptlearn.evaluation.resample import average, contrast, draws_of, interquartile

DICE = np.random.default_rng(4)


def test_the_interval_of_a_mean_is_the_textbooks():
    d = DICE.normal(0.3, 1.0, 2000)
    found = contrast(d, np.zeros(2000), draws_of(np.zeros(2000), 4000, 1)).mean
    half = 1.96 * d.std(ddof=1) / np.sqrt(2000)
    assert found.value == pytest.approx(d.mean(), abs=1e-6)
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.06)


def test_the_interquartile_mean_is_that_of_the_repeated_sample():
    x, count = DICE.normal(size=24), DICE.integers(0, 4, (5, 24)).astype(np.float32)
    for b in range(5):
        again = np.sort(np.repeat(x, 4 * count[b].astype(int)))  # four of each, so that quarters are whole
        n = len(again) // 4
        assert interquartile(x, count)[b] == pytest.approx(again[n : 3 * n].mean(), abs=1e-5)


def test_improvement_counts_pairs_and_halves_ties():
    one = draws_of(np.zeros(4), 10, 0)
    assert contrast([1.0, 0, 5, 2], [0.0, 1, 1, 2], one).better.value == pytest.approx((1 + 0 + 1 + 0.5) / 4)


def test_every_stratum_keeps_its_size_in_every_draw():
    strata = np.repeat([7, 3, 9], [5, 11, 2])
    count = draws_of(strata, 200, 0)
    for name, size in ((7, 5), (3, 11), (9, 2)):
        np.testing.assert_array_equal(count[:, strata == name].sum(1), size)


def test_learners_without_an_outcome_are_left_out_in_pairs():
    a, b = np.array([1.0, np.nan, 3.0, 4.0]), np.array([0.0, 5.0, np.nan, 1.0])
    found = contrast(a, b, draws_of(np.zeros(4), 50, 0) + 0.01)
    assert found.learners == 2 and found.mean.value == pytest.approx(2.0)
    assert np.isnan(average([np.nan, np.nan], draws_of(np.zeros(2), 5, 0)).value)
    with pytest.raises(ValueError, match="1 pairs known"):
        contrast([1.0, np.nan], [1.0, 2.0], draws_of(np.zeros(2), 5, 0))


# --- verdicts on made-up matrices --------------------------------------------------------------------------------


def made(**gains):
    """A matrix in which policies gain so much over the baseline, column by column."""
    n, width = 400, len(next(iter(gains.values())))
    person, cells = DICE.normal(size=n), {}
    for column in range(width):
        cells["base", column] = {"goal": person}
        for name, row in gains.items():
            cells[name, column] = {"goal": person + row[column] + 0.1 * DICE.normal(size=n)}
    columns = tuple({"law": f"law{c}", "meshing": "null"} for c in range(width))
    return Matrix(("base", *gains), columns, cells, np.zeros(n, np.int64), "base", draws=300)


def test_a_gain_everywhere_wins_and_its_worst_column_is_named():
    table = made(good=(0.2, 0.1, 0.3), bad=(-0.2, -0.1, -0.3))
    first, last = robust(table)
    assert (first.policy, first.up, first.worst_column) == ("good", 3, "law1") and first.stable  # meshing is all alike
    assert last.down == 3 and last.regret == pytest.approx(0.6, abs=0.03) and first.regret == pytest.approx(0, abs=0.02)
    assert verdict(table).winner == "good"


@pytest.mark.parametrize(
    ("gains", "says"),
    [
        ({"flips": (0.4, -0.2)}, "gains in some worlds and loses in others"),
        ({"unsure": (0.4, 0.0)}, "not clear of zero everywhere"),
        ({"steady": (0.2, 0.2), "star": (0.5, 0.1)}, "star beats it somewhere"),
    ],
)
def test_no_winner_is_named_where_a_sign_flips(gains, says):
    found = verdict(made(**gains))
    assert found.winner is None and says in found.words


def test_who_cannot_be_told_from_the_winner_is_said():
    assert "twin cannot be told from it" in verdict(made(good=(0.2, 0.2), twin=(0.2, 0.2))).words


# --- simulated ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def room():
    return rules("tiny-v1")


def test_known_at_the_retention_check_is_the_classrooms_value(room):
    """The forecast by NumPy from where minds ended is the one the kernel kept, for both laws."""
    for law in ("workplace", "bkt"):
        mine = rules("tiny-v1", law=law)
        lives = simulate(build("mastery", mine.world), mine, np.arange(400), 5)
        day = mine.world.programme.retention_day
        np.testing.assert_allclose(known(lives, mine, day), lives["value"], atol=2e-5)


def test_what_is_known_fades_and_a_policy_against_itself_is_nothing(room):
    pair = {"syllabus": build("syllabus", room.world), "same": build("syllabus", room.world)}
    table = play(pair, [({"law": "workplace"}, room)], np.arange(80), [1, 2], baseline="syllabus")
    cell = table.cells["same", 0]
    assert set(cell) == set(KEYS) and len(cell["goal"]) == 160
    assert (cell["end"] >= cell["end_30"] - 1e-6).all() and (cell["end_30"] >= cell["end_90"] - 1e-6).all()
    (row,) = robust(table)
    assert row.gain.mean == (0.0, 0.0, 0.0) and row.gain.better.value == 0.5 and row.regret == 0.0
    assert verdict(table).winner is None
    assert outcomes(simulate(pair["same"], room, np.arange(80), 1), room)["goal"] == pytest.approx(cell["goal"][:80])


def test_a_matrix_needs_its_baseline_a_world_and_a_seed(room):
    with pytest.raises(ValueError, match="baseline 'none'"):
        play({}, [], [1], [1], baseline="none")
    with pytest.raises(ValueError, match="0 worlds and 1 seeds"):
        play({"a": None}, [], [1], [1], baseline="a")
