"""A posterior: draws with a home, kept without pickle, read by the population."""

from dataclasses import replace

import numpy as np
import pytest

from adaptlearn.core.learner import DRAWN, FORMATS, Population
from adaptlearn.core.posterior import Posterior
from adaptlearn.core.world import load


def some(n: int = 200) -> Posterior:
    rng = np.random.default_rng(0)
    draws = {
        "ability.sd": rng.normal(0.7, 0.05, n),
        "rate.mean": rng.normal(0.1, 0.02, n),
        "easiness": rng.normal(0, 1, (n, 3)),
    }
    return Posterior(draws, {"source": "a log"}, {"easiness": ("a", ".*+()", "ü")})


def test_what_is_saved_comes_back(tmp_path):
    again = Posterior.load(some().save(tmp_path / "posterior.npz"))
    assert again.provenance == {"source": "a log"} and again.labels == {"easiness": ("a", ".*+()", "ü")}
    for name, values in some().draws.items():
        np.testing.assert_array_equal(again.draws[name], values)


def test_a_population_draws_each_learner_from_one_draw():
    base = Population()
    fitted = some().into(base, rows=16)
    at = DRAWN.index("ability")
    assert len(fitted.posterior) == 16 and fitted.sd[at] == pytest.approx(0.7, abs=0.05)
    assert fitted.mean[DRAWN.index("rate")] == pytest.approx(0.1, abs=0.02)
    assert "a log" in fitted.provenance
    learners = np.arange(40_000)
    drawn, usual = fitted.draw(learners, seed=1), base.draw(learners, seed=1)
    assert drawn[:, at].std() == pytest.approx(0.7, abs=0.03)
    same = [name for name in DRAWN if name not in ("ability", "rate")]
    for name in same:
        np.testing.assert_array_equal(drawn[:, DRAWN.index(name)], usual[:, DRAWN.index(name)])


def test_summaries():
    low, high = some(4_000).interval("ability.sd")
    assert low == pytest.approx(0.7 - 1.96 * 0.05, abs=0.01) and high == pytest.approx(0.7 + 1.96 * 0.05, abs=0.01)
    assert some().mean("easiness").shape == (3,) and some().traits() == ["ability", "rate"]


@pytest.mark.parametrize(
    ("draws", "says"),
    [
        ({}, "needed one size"),
        ({"a": np.zeros(3), "b": np.zeros(4)}, "needed one size"),
        ({"ability.sd": np.array([0.5, np.nan])}, "needed finite draws"),
        ({"ability.sd": np.array([0.5, -0.1])}, "spreads >= 0"),
    ],
)
def test_draws_that_make_no_sense_are_refused(draws, says):
    with pytest.raises(ValueError, match=says):
        Posterior(draws)


def test_a_file_that_is_none_is_refused_in_words(tmp_path):
    whole = some().save(tmp_path / "whole.npz").read_bytes()
    pieces = {"cut.npz": whole[: len(whole) // 2], "text.npz": b"name,mean\n", "empty.npz": b""}
    for name, content in pieces.items():
        (tmp_path / name).write_bytes(content)
    np.save(tmp_path / "array.npy", np.zeros(3))
    for name in (*pieces, "array.npy", ".", "missing.npz"):
        with pytest.raises(ValueError, match=r"needed a posterior of `adaptlearn calibrate`"):
            Posterior.load(tmp_path / name)
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(ValueError, match="found version None"):
        Posterior.load(tmp_path / "other.npz")


def test_draws_that_speak_of_no_trait_cannot_become_a_population():
    with pytest.raises(ValueError, match=r"needed some <trait>.mean"):
        Posterior({"easiness": np.zeros((4, 2))}).into(Population())


def test_a_report_gets_one_population_per_draw():
    worlds = some().populations(Population(), 12)
    spreads = [one.trait("ability")[1] for one in worlds]
    assert len(worlds) == 12 and np.std(spreads) == pytest.approx(0.05, abs=0.03) and not worlds[0].posterior
    assert all(one.trait("memory") == Population().trait("memory") for one in worlds)


def test_constants_of_the_law_come_with_the_people_they_were_fitted_with():
    draws = {**some().draws, "workplace.mu0": np.linspace(-1.0, 0.0, 200), "workplaces.eta": np.ones(200)}
    posterior = Posterior(draws, {"law": "workplace"})
    base = replace(Population(), constants={"bkt": {"ability_logit": 0.2}, "workplace": {"eta": 9.0}})
    fitted = posterior.into(base)
    assert fitted.constants["workplace"] == {"mu0": pytest.approx(-0.5)} and "ability_logit" in fitted.constants["bkt"]
    assert [one.constants["workplace"]["mu0"] for one in posterior.populations(base, 3)] == [
        draws["workplace.mu0"][j] for j in (0, 100, 199)]  # fmt: skip
    assert some().into(base).constants == base.constants  # draws of no law touch none


def test_an_agent_gets_tracers_in_the_order_of_its_world():
    world = load("tiny-v1")
    draws = {"learn": np.array([[0.1, 0.3], [0.2, 0.4]])}
    labels = {"learn": (world.skill_ids[2], world.skills[0].title)}  # by id, by title; one is left out
    tracers = Posterior(draws, labels=labels).tracers(world.skills)
    assert tracers[:, 2, 1].tolist() == [0.1, 0.2] and tracers[:, 0, 1].tolist() == [0.3, 0.4]
    assert np.ptp(tracers[:, 1, 1]) == 0 and tracers[0, 1, 1] == pytest.approx(world.skills[1].learn)


def test_a_belief_over_formats_starts_from_what_is_known_and_what_is_not():
    mean, sd = Posterior({"like_live.mean": np.array([0.4, 0.6]), "like_live.sd": np.array([1.0, 1.0])}).liking()
    at = FORMATS.index("live")
    assert mean[at] == pytest.approx(0.5) and sd[at] == pytest.approx(np.sqrt(1.0 + 0.01))
    assert (np.delete(mean, at) == 0).all() and (np.delete(sd, at) == 1).all()


def test_joined_posteriors_keep_both_and_insights_list_them():
    both = some(100).joined(Posterior({"halo.mean": np.arange(7.0)}, {"law": "workplace"}))
    assert len(both) == 100 and both.provenance == {"source": "a log", "law": "workplace"}
    rows = both.insights()
    assert [row["of"] for row in rows if row["name"] == "easiness"] == ["a", ".*+()", "ü"]
    assert all(row["low"] <= row["mean"] <= row["high"] for row in rows)
