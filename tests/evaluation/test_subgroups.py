"""Groups: a planted difference is found, noise is called noise, small groups are not shown."""

import numpy as np
import pytest

from adaptlearn.core.corrected import holm
from adaptlearn.evaluation.subgroups import by_group

DICE = np.random.default_rng(8)


def people(n=600, harm=0.0):
    """Gains and two attributes; one site is harmed."""
    site, tenure = DICE.integers(0, 3, n), DICE.integers(0, 2, n)
    return DICE.normal(0.05, 0.1, n) - harm * (site == 2), {"site": site, "tenure": tenure}


def test_a_planted_harm_is_found_and_the_worst_group_is_named():
    site, tenure = by_group(*people(harm=0.06), draws=300)
    assert not site.noise and site.worst.name == "2" and site.worst.gap.high < 0
    assert tenure.noise
    assert sum(group.learners for group in site.groups) == 600


def test_where_groups_do_not_matter_noise_is_called_noise():
    """In 200 made-up companies without any difference, at most one in twenty shows one, beyond luck."""
    wrong = sum(any(not a.noise for a in by_group(*people(150), draws=2, smallest=10)) for _ in range(200))
    assert wrong / 200 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)


def test_the_gap_is_to_everybody_else():
    gain, labels = people()
    (site, _) = by_group(gain, labels, draws=50)
    mine = labels["site"] == 1
    assert site.groups[1].gap.value == pytest.approx(gain[mine].mean() - gain[~mine].mean())


def test_small_groups_are_counted_and_not_shown():
    gain = np.r_[DICE.normal(size=100), -9.0, -9.0]
    (only,) = by_group(gain, {"site": ["a"] * 100 + ["b"] * 2})
    assert [g.learners for g in only.groups] == [100, 2] and all(g.gain is None for g in only.groups)
    assert only.noise and only.worst is None


def test_holm_is_the_textbooks():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    with pytest.raises(ValueError, match="one per learner"):
        by_group([1.0, 2.0], {"site": [1]})
