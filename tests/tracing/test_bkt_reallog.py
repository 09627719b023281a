"""BKT on the ASSISTments 2009-10 skill builder log (Feng, Heffernan & Koedinger 2009); floors as measured."""

import numpy as np
import polars as pl
import pytest

from adaptlearn.tracing.bkt import BKT

pytestmark = pytest.mark.reallog


@pytest.fixture(scope="module")
def log(real_logs):
    table = pl.read_csv(real_logs / "assist2009" / "assist2009_updated.csv")
    return {name: table[name].to_numpy() for name in ("user_id", "skill_name", "correct", "split")}


def columns(log, keep=slice(None)):
    return log["user_id"][keep], log["skill_name"][keep], log["correct"][keep]


def test_all_skills_in_sample(log):
    fitted = BKT(restarts=5).fit(*columns(log))
    scores = fitted.evaluate(*columns(log))
    assert len(fitted.skills_) == 110 and scores.n == 325_637
    assert fitted.log_likelihood_ >= -185_040.0
    assert scores.auc >= 0.716 and scores.calibration_error < 0.01
    assert all(min(np.diff(fit.history)) >= -1e-7 for fit in fitted.skills_.values())


def test_release_split(log):
    train = log["split"] == "train"
    scores = BKT(restarts=5).fit(*columns(log, train)).evaluate(*columns(log, ~train), unknown="typical")
    assert scores.auc >= 0.7125


def test_five_folds_by_learner(log):
    pooled = BKT(restarts=5).cross_validate(*columns(log), folds=5).pooled
    assert pooled.auc >= 0.714
