"""Accepted sets of constants: they ship, differ from one another, and pass the trials that they were accepted on."""

import numpy as np
import pytest

from adaptlearn.envs.registry import rules
from adaptlearn.evaluation import ensemble
from adaptlearn.evaluation.contrasts import file_of
from adaptlearn.evaluation.evidence import counted, evidence, fit_record
from adaptlearn.evaluation.fitting import SCALES, free_constants
from adaptlearn.laws import bkt, workplace

SINGLE = ("quiz", "feedback_elaborated", "multimedia", "assistance_low", "assistance_high", "spacing", "opportunity")


def test_at_least_twenty_sets_ship_and_no_two_are_alike():
    sets = ensemble.accepted(workplace)
    assert len(sets) >= 20 and len({tuple(one.values()) for one in sets}) == len(sets)
    free = {one.name for one in free_constants(file_of(workplace))}
    assert all(set(one) == free | set(fit_record(workplace)["converted"]) for one in sets)


def test_no_constant_is_spread_wider_than_believed_and_some_are_hardly_pinned_down():
    sets = ensemble.accepted(workplace)
    ratios = []
    for one in free_constants(file_of(workplace)):
        if all(one.name in s for s in sets) and one.name not in fit_record(workplace)["converted"]:
            values = [SCALES[one.scale][0](s[one.name]) for s in sets]
            ratios.append(np.std(values, ddof=1) / one.spread)
    assert max(ratios) < 1.0 and max(ratios) > 0.4


def test_a_member_is_the_shipped_law_but_for_its_constants():
    base = rules("tiny-v1")
    half, *others = ensemble.members(base).values()
    half_values = fit_record(workplace, half=True)["constants"]["law"]
    assert half.law_params.eta == half_values["eta"] and next(iter(ensemble.members(base))) == ensemble.HALVED
    for values, one in zip(ensemble.accepted(workplace), others, strict=True):
        assert one.law is base.law and one.world is base.world
        assert one.law_params.eta == values["eta"] and one.behaviour_params.leave_scale == values["leave_scale"]


def test_under_half_effects_trials_show_about_half_of_what_they_show_as_shipped():
    """Of every single-skill trial that was fitted; what does not compare treatments stays about where it was."""
    base = rules("tiny-v1")
    halved = ensemble.members(base)[ensemble.HALVED]
    for half, whole in zip(evidence(halved, only=SINGLE, half=True), evidence(base, only=SINGLE), strict=True):
        if whole["unit"] == "g":
            assert 0.35 < half["effect"] / whole["effect"] < 0.65, whole["contrast"]
            assert half["inside"] and (half["low"], half["high"]) == (0.5 * whole["low"], 0.5 * whole["high"])


def test_single_skill_trials_come_out_inside_under_a_member():
    one = ensemble.members(rules("tiny-v1"))["constants 1"]
    found = counted(evidence(one, only=SINGLE))
    assert len(found) == len(SINGLE) and all(row["inside"] for row in found)


def test_a_law_without_a_fit_or_without_sets_is_told_so():
    with pytest.raises(ValueError, match=r"has no (record of a fit|contrasts).*needed"):
        ensemble.draw(rules("tiny-v1", "bkt"), {})
    with pytest.raises(ValueError, match="needed"):
        ensemble.accepted(bkt)
