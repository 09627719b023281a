"""Accepted sets of constants: they ship, differ from one another, and pass the trials that they were accepted on."""

import tomllib

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


class Straight:
    """A problem whose residuals are linear in two constants, so that what is left open is known exactly."""

    slopes = np.array([[2.0, 0.5], [0.0, 1.0], [1.0, -1.0]])

    def residuals(self, x, share=1):
        return self.slopes @ np.asarray(x) + 3.0

    def values(self, x):
        return {"one": float(x[0]), "other": float(x[1])}


@pytest.fixture
def straight(monkeypatch):
    monkeypatch.setattr(ensemble, "_at_the_fit", lambda *given: (Straight(), np.array([1.0, -2.0])))


def test_sets_are_drawn_as_wide_as_trials_and_beliefs_leave_them(straight, monkeypatch):
    """Around the fit with WIDTH of the spread of the normal approximation; everything is accepted here."""
    monkeypatch.setattr(ensemble, "passes", lambda problem, values: True)
    found = ensemble.draw(None, {}, wanted=4000)
    drawn = np.array([list(one.values()) for one in found.sets])
    wanted = ensemble.WIDTH**2 * np.linalg.inv(Straight.slopes.T @ Straight.slopes)
    error = np.sqrt((wanted**2 + np.outer(np.diag(wanted), np.diag(wanted))) / len(drawn))  # of a sample covariance
    assert (np.abs(np.cov(drawn.T) - wanted) < 4 * error).all() and found.tried == 4000
    assert (np.abs(drawn.mean(0) - [1.0, -2.0]) < 4 * np.sqrt(np.diag(wanted) / len(drawn))).all()


def test_only_sets_that_pass_are_kept_and_the_search_gives_up_in_words(straight, monkeypatch):
    monkeypatch.setattr(ensemble, "passes", lambda problem, values: values["one"] > 1.2)
    heard = []
    found = ensemble.draw(None, {}, wanted=7, progress=lambda *so_far: heard.append(so_far))
    assert len(found.sets) == 7 and all(one["one"] > 1.2 for one in found.sets)
    assert heard[-1] == (7, found.tried) and [tried for _, tried in heard] == list(range(1, found.tried + 1))
    assert ensemble.draw(None, {}, wanted=7).sets == found.sets
    monkeypatch.setattr(ensemble, "passes", lambda problem, values: False)
    with pytest.raises(ValueError, match=rf"0 of {2 * ensemble.MOST} sets accepted; needed 2, e.g. a new fit first"):
        ensemble.draw(None, {}, wanted=2)


def test_what_is_written_is_what_was_accepted(straight, monkeypatch):
    monkeypatch.setattr(ensemble, "passes", lambda problem, values: True)
    found = ensemble.draw(None, {}, wanted=3)
    read = tomllib.loads(ensemble.as_toml(found, "adaptlearn evidence draw=3"))
    assert tuple(read["set"]) == found.sets
    assert read["ensemble"]["tried"] == 3 and read["ensemble"]["command"] == "adaptlearn evidence draw=3"
