"""The manner that all tracers share, and what makes a comparison of them fair."""

import numpy as np
import pytest

from adaptlearn.core.record import Tracer
from adaptlearn.tracing import shelf
from adaptlearn.tracing.scoring import auc, auc_gain
from adaptlearn.tracing.sequences import by_lot, merged

ADD = Tracer(prior=0.3, learn=0.15, guess=0.2, slip=0.1, forget=0.0)
EASY = Tracer(prior=0.7, learn=0.3, guess=0.3, slip=0.05, forget=0.0)


@pytest.fixture
def answers(log_of):
    learner, skill, correct, _ = log_of({"add": ADD, "cut": EASY}, n=60, length=6)
    rng = np.random.default_rng(0)
    return {"learner": learner, "skill": skill, "correct": correct, "item": rng.integers(0, 9, len(learner)),
            "day": np.arange(len(learner)) / 10.0}  # fmt: skip


QUICK = {"fsrs": {"steps": 4}, "hlr": {"steps": 4}, "dkt": {"passes": 2}}


def make(name):
    """A tracer of the shelf that is soon done."""
    return shelf.KINDS[name].make().set_params(**QUICK.get(name, {}))


def columns_of(kind, log):
    return {name: log[name] for name in ("learner", "skill", "correct")} | {n: f(log) for n, f in kind.reads.items()}


@pytest.mark.parametrize("name", shelf.KINDS)
def test_scikit_learn_can_clone_set_and_get_every_tracer(name):
    clone = pytest.importorskip(
        "sklearn.base", reason="scikit-learn comes with MLflow; without it there is no clone"
    ).clone
    tracer = shelf.KINDS[name].make()
    twin = clone(tracer)
    assert twin is not tracer and twin.get_params() == tracer.get_params() == tracer.clone().get_params()
    assert not hasattr(twin, "skills_")
    assert twin.set_params(seed=7) is twin and twin.get_params()["seed"] == 7 != tracer.seed
    with pytest.raises(ValueError, match=r"charm is not a setting; needed one of .*e\.g\."):
        twin.set_params(charm=1)


@pytest.mark.parametrize("name", shelf.KINDS)
def test_every_tracer_fits_foretells_and_refuses_alike(name, answers):
    kind = shelf.KINDS[name]
    given = columns_of(kind, answers)
    tracer = make(name)
    with pytest.raises(ValueError, match="needed fit"):
        tracer.predict(**given)
    chance = tracer.fit(**given).predict(**given)
    assert chance.shape == given["correct"].shape and ((chance > 0.0) & (chance < 1.0)).all()
    assert tracer.knows(["add", ".*"]).tolist() == [True, False]
    assert make(name).fit(**given).predict(**given) == pytest.approx(chance, abs=0.0)
    odd = given | {"skill": np.where(given["skill"] == "add", ".*+()", given["skill"])}
    with pytest.raises(ValueError, match=r"found '\.\*\+\(\)', not in the log of fit"):
        tracer.predict(**odd)
    assert np.isfinite(tracer.predict(**odd, unknown="typical")).all()
    for correct, says in ((np.ones(len(chance)), "all right"), (np.full(len(chance), np.nan), "missing")):
        with pytest.raises(ValueError, match=says):
            make(name).fit(**given | {"correct": correct})
    with pytest.raises(ValueError, match="found 0 answers"):
        make(name).fit(**{column: values[:0] for column, values in given.items()})


@pytest.mark.parametrize("name", shelf.KINDS)
def test_learners_of_one_answer_are_learners_too(name, answers):
    kind = shelf.KINDS[name]
    given = columns_of(kind, answers) | {"learner": np.arange(len(answers["learner"]))}
    scores = make(name).cross_validate(**given, folds=3).pooled
    assert scores.n == len(given["learner"]) and np.isfinite(scores.log_likelihood)


@pytest.mark.parametrize("name", shelf.KINDS)
def test_no_tracer_reads_the_answer_it_foretells(name, answers):
    kind = shelf.KINDS[name]
    given = columns_of(kind, answers)
    tracer = make(name).fit(**given)
    before, m = tracer.predict(**given), 333
    turned = answers | {"correct": answers["correct"].copy()}
    turned["correct"][m:] = 1 - turned["correct"][m:]
    np.testing.assert_allclose(tracer.predict(**columns_of(kind, turned))[: m + 1], before[: m + 1], atol=1e-6)


def test_the_baseline_of_a_comparison_has_no_gain_and_nobody_gains_over_themselves(answers):
    rows = shelf.compare(answers, ["pfa"], folds=3)
    assert [row.model for row in rows] == ["bkt", "pfa"] and rows[0].gain is None
    assert rows[1].gain.mean == pytest.approx(rows[1].scores.auc - rows[0].scores.auc)
    alone = auc_gain(answers["learner"], answers["correct"], answers["day"], answers["day"])
    assert alone == (0.0, 0.0)


def test_models_that_do_not_exist_or_lack_a_column_are_refused(answers):
    with pytest.raises(ValueError, match=r"found osmosis; needed some of .*e\.g\. bkt"):
        shelf.compare(answers, ["osmosis"])
    bare = {name: answers[name] for name in ("learner", "skill", "correct")}
    with pytest.raises(ValueError, match=r"model irt reads item.*columns\.item="):
        shelf.compare(bare, ["irt"])
    assert set(shelf.able(bare)) < set(shelf.able(answers)) == set(shelf.KINDS)


def test_the_interval_of_an_auc_gain_covers_as_often_as_it_says():
    """Answers of one learner hang together; the interval is over learners, so it holds all the same."""
    rng, covered, truth = np.random.default_rng(1), 0, []
    for size in (4_000, *[60] * 200):
        who = np.repeat(np.arange(size), 10)
        person = rng.normal(size=size)[who]
        right = (rng.random(len(who)) < 1 / (1 + np.exp(-person))).astype(int)
        good, poor = person + rng.normal(size=len(who)), person + 2.0 * rng.normal(size=len(who))
        gain = auc_gain(who, right, good, poor)
        truth.append(auc(right, good) - auc(right, poor))
        covered += size == 60 and abs(gain.mean - truth[0]) <= gain.half
    assert 180 <= covered <= 199, covered


def test_an_answer_logged_once_per_skill_becomes_one_row():
    log = [("a", 1, "x", 1), ("b", 1, "x", 1), ("a", 1, "y", 1), ("a", 2, "x", 0), ("a", 2, "x", 0), ("b", 1, "z", 0)]
    learner, item, skill, correct = (np.array(column) for column in zip(*log, strict=True))
    one = merged(learner, skill, correct, item)
    assert one.keep.tolist() == [True, True, False, True, True, True]  # another learner's row between changes nothing
    assert one.skill.tolist() == ["x & y", "x", "x", "x", "z"]  # the same skill again is another answer
    untouched = merged(learner[[0, 3]], skill[[0, 3]], correct[[0, 3]], item[[0, 3]])
    assert untouched.keep.all() and untouched.skill.tolist() == ["x", "x"]


@pytest.mark.parametrize("most", [1, 7, 40, 99, 100, 1000])
def test_whole_learners_are_taken_by_lot_as_many_as_fit(most):
    """None is cut in two, no more than asked for unless one learner alone has more; what fits is taken whole."""
    learner = np.random.default_rng(most).integers(0, 12, 100)
    for seed in range(20):
        kept = by_lot(learner, most, seed)
        assert not set(learner[kept]) & set(learner[~kept])
        assert kept.any() and (kept.sum() <= most or len(set(learner[kept])) == 1)
        if most >= 100:
            assert kept.all()
    drawn = [by_lot(learner, 40, seed) for seed in range(200)]
    each = np.array([np.mean([kept[learner == one].all() for kept in drawn]) for one in np.unique(learner)])
    assert np.abs(each - each.mean()).max() < 0.2  # nobody is favoured
