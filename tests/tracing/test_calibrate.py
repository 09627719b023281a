"""From a log to numbers of a world: rows, doubts in words, provenance, and what is written."""

import numpy as np
import pytest

from adaptlearn.core.learner import load_population
from adaptlearn.core.posterior import Posterior
from adaptlearn.core.record import Tracer
from adaptlearn.core.refusal import Refusal
from adaptlearn.core.shelf import where
from adaptlearn.core.world import load
from adaptlearn.envs.registry import rules
from adaptlearn.interchange.tables import Rejects, Table, read
from adaptlearn.tracing.calibrate import calibrate_bkt, ids_of, of_world
from adaptlearn.tracing.people import held_out_checks
from adaptlearn.tracing.predictive import grade
from adaptlearn.tracing.replay import practices
from adaptlearn.tracing.scoring import folds_of
from adaptlearn.tracing.worldfit import calibrate_folder, calibrate_world

SOLID = Tracer(prior=0.3, learn=0.15, guess=0.2, slip=0.1, forget=0.0)
TINY = ("greeting", "listening", "resolving")


@pytest.fixture(scope="module")
def tiny_log():
    """A log of the skills of tiny-v1, under their ids."""
    rng = np.random.default_rng(0)
    learner, skill = np.repeat(np.arange(150), 18), np.tile(np.repeat(TINY, 6), 150).astype(object)
    known = rng.random(len(learner)) < 0.2 + 0.12 * np.tile(np.arange(6), 450)
    correct = (rng.random(len(learner)) < np.where(known, 0.9, 0.2)).astype(np.uint8)
    columns = {"learner": learner, "skill": skill, "correct": correct}
    return Table("tiny.csv", columns, len(learner), Rejects())


def test_rows_carry_what_was_fitted(log_of):
    calibration = calibrate_bkt(
        *log_of({"Add & check": SOLID, "Äpfel": SOLID}, n=600, length=10)[:3], source="a simulation"
    )
    row, other = calibration.rows()
    assert (row.id, row.title, other.id) == ("add-check", "Add & check", "pfel")
    assert row.learn == pytest.approx(0.15, abs=0.05) and row.forget == 0.0
    skill = calibration.skills[0]
    assert skill.low.guess < skill.tracer.guess < skill.high.guess and skill.learners == 600
    assert calibration.provenance["answers"] == 12_000 and calibration.provenance["source"] == "a simulation"
    assert calibration.held_out.auc > 0.6
    assert calibration.warnings == (
        "the log has an order but no days: forgetting is not fitted, and stays as the world has it",
    )


def test_doubts_are_said_in_words(log_of):
    skills = {
        "solid": SOLID,
        "blurred": Tracer(0.5, 0.1, 0.45, 0.4, 0.0),
        "flat": Tracer(0.5, 0.0, 0.1, 0.1, 0.0),
    }
    learner, skill, correct, _ = log_of(skills, n=400, length=10)
    more = log_of({"thin": SOLID}, n=10, length=4)
    twin = skill == "solid"
    learner = np.r_[learner, more[0], learner[twin]]
    skill = np.r_[skill, more[1], np.full(twin.sum(), "its twin", object)]
    correct = np.r_[correct, more[2], correct[twin]]
    words = " / ".join(
        calibrate_bkt(learner, skill, correct, source="x", notes=["7 rows were left out"], timed=True).warnings
    )
    assert "7 rows were left out" in words
    assert "('thin') have fewer than 100 answers or 20 learners" in words
    assert "'blurred'" in words.split("guess + slip")[0] and "'flat'" in words.split("learning below")[0]
    assert "'its twin' and 'solid' have the same answers" in words
    assert "order but no days" not in words


def test_a_log_without_structure_is_not_to_be_traced_with():
    rng = np.random.default_rng(1)
    n = 3_000
    warnings = calibrate_bkt(rng.integers(0, 60, n), ["noise"] * n, rng.integers(0, 2, n), source="coins").warnings
    assert any("do not trace with it" in warning for warning in warnings)


def test_ids_are_speakable_and_unique():
    assert ids_of(["A b", "a-B", ".*+()", "x"]) == ["a-b", "a-b-2", "skill", "x"]


def test_skills_are_matched_by_title_before_id():
    skills = load("practice-v1").skills
    mine, matched = of_world(["Finding Percents", "finding-percents", "MEDIAN", "other"], skills)
    assert mine.tolist() == [True, False, True, False]
    assert matched["Finding Percents"].id == "finding-percents" and matched["MEDIAN"].id == "median"


def test_a_world_is_refitted_in_a_copy_and_in_place(tiny_log, tmp_path):
    original = {path.name: path.read_text("utf-8") for path in where("tiny-v1").iterdir() if path.suffix != ".txt"}
    given = dict(source='a "test"', steps=10, populations=40)
    fit = calibrate_world(tiny_log, "tiny-v1", to=tmp_path / "mine", **given)
    declared, fitted = load("tiny-v1"), load(tmp_path / "mine")
    assert fitted.skill_ids == declared.skill_ids and fitted.activities == declared.activities
    np.testing.assert_array_equal(fitted.prerequisites, declared.prerequisites)
    np.testing.assert_array_equal(fitted.tracer[:, 4], declared.tracer[:, 4])
    for row, skill in zip(fitted.tracer, fit.calibration.skills, strict=True):
        np.testing.assert_allclose(row[:4], skill.tracer[:4], atol=6e-5)
    people = rules(tmp_path / "mine")
    for name in fit.told:
        kind, _, part = name.partition(".")
        mine = getattr(people.law_params, part) if kind == "workplace" else people.population.trait(kind)[part == "sd"]
        assert mine == pytest.approx(float(fit.posterior.mean(name)), abs=1e-4), name
    population = (tmp_path / "mine" / "population.toml").read_text("utf-8")
    assert "workplace.mu0" in fit.told and population.count("[laws.workplace]") == 1 and "[traits.rate]" in population
    assert 'a \\"test\\"' in population and fitted.grade == fit.grade == "B" and "not checked: gaps" in fit.why
    card = (tmp_path / "mine" / "card.md").read_text("utf-8")
    assert "AUC on held-out learners" in card and card.startswith(original["card.md"].rstrip()[:200])
    assert "gaps: not checked" in card.lower() and f"B: {fit.why}" in card
    assert {
        path.name: path.read_text("utf-8") for path in where("tiny-v1").iterdir() if path.suffix != ".txt"
    } == original
    assert not list(tmp_path.glob(".*"))  # no draft is left

    with pytest.raises(ValueError, match="needed one of workplace, bkt"):
        calibrate_world(tiny_log, "tiny-v1", to=tmp_path / "other", law="nonsense", steps=5)
    assert not (tmp_path / "other").exists()


def test_the_posterior_of_a_world_has_its_readers(tiny_log, tmp_path):
    fit = calibrate_world(tiny_log, "tiny-v1", to=tmp_path / "mine", steps=10, populations=40)
    posterior = Posterior.load(fit.posterior.save(tmp_path / "posterior.npz"))
    declared = load(tmp_path / "mine")
    tracers = posterior.tracers(declared.skills)
    assert tracers.shape == (len(posterior), 3, 5)
    logit = np.log(tracers[:, :, 0] / (1 - tracers[:, :, 0])).mean(0)
    np.testing.assert_allclose(1 / (1 + np.exp(-logit)), declared.tracer[:, 0], atol=0.1)
    assert (tracers[:, :, 2] + tracers[:, :, 3] < 1).all() and np.allclose(tracers[:, :, 4], declared.tracer[:, 4])
    assert {"logit.ability.sd", "easiness", "prior"} <= set(posterior.draws)
    worlds = posterior.populations(load_population(tmp_path / "mine" / "population.toml", declared.role_ids), 5)
    assert len(worlds) == 5 and len({one.sd for one in worlds}) > 1


def test_without_a_world_a_folder_begins_one(tiny_log, tmp_path):
    calibrate_folder(tiny_log, tmp_path / "new", steps=20)
    rows = (tmp_path / "new" / "skills.csv").read_text("utf-8").splitlines()
    assert rows[0] == "id,title,requires,prior,learn,guess,slip,forget,iri" and len(rows) == 4
    assert "# Skills of tiny.csv" in (tmp_path / "new" / "card.md").read_text("utf-8")
    assert "[traits.ability]" in (tmp_path / "new" / "population.toml").read_text("utf-8")


def test_a_world_whose_skills_the_log_lacks_is_refused(tiny_log):
    with pytest.raises(Refusal, match="no answers on"):
        calibrate_world(tiny_log, "practice-v1")


@pytest.mark.reallog
def test_practice_world_has_the_numbers_that_the_log_gives(real_logs):
    world = load("practice-v1")
    log = read(real_logs / "assist2009" / "assist2009_updated.csv", preset="assistments2009")
    mine, matched = of_world(log["skill"], world.skills)
    columns = [log[name][mine] for name in ("learner", "skill", "correct")]
    calibration = calibrate_bkt(*columns, source="ASSISTments 2009-10 skill builder")
    assert len(calibration.skills) == 26 and calibration.held_out.auc >= 0.71
    for skill in calibration.skills:
        row = world.tracer[world.skill_index[matched[skill.name].id]]
        np.testing.assert_allclose(row[:4], skill.tracer[:4], atol=2e-3, err_msg=skill.name)
        assert skill.answers >= 4_000 and skill.learners >= 300 and row[2] + row[3] <= 0.6


@pytest.mark.reallog
def test_people_of_the_practice_world_practise_like_held_out_pupils(real_logs):
    """The world as it stands against a fifth of the learners that its people were not fitted to."""
    place = rules("practice-v1")
    log = read(real_logs / "assist2009" / "assist2009_updated.csv", preset="assistments2009")
    mine, matched = of_world(log["skill"], place.world.skills)
    columns = [np.asarray(log[name])[mine] for name in ("learner", "skill", "correct")]
    out = folds_of(columns[0], 5, 0) == 0
    (seen, names), (held_out, _) = (practices(*[c[part] for c in columns]) for part in (~out, out))
    row = [place.world.skill_index[matched[name].id] for name in names]
    skills = np.concatenate([place.world.layer[row, None], place.world.tracer[row]], 1)
    own = {f"workplace.{name}": np.full(24, value) for name, value in place.law_params._asdict().items()}
    checks = held_out_checks(held_out, seen, place.law, skills, place.population, Posterior(own), seed=9)
    assert all(one.passed for one in checks if not one.absent), [one.words() for one in checks]
    assert grade(checks) == ("B", "not checked: gaps") and place.world.grade == "B"
