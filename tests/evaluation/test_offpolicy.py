"""Estimators for logs: by hand on four learners, exact on golden numbers, right on average where truth is known."""

import json
import os
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from adaptlearn.evaluation import judge as bench
from adaptlearn.evaluation import offpolicy, qmodel
from adaptlearn.evaluation.known import Known
from adaptlearn.evaluation.offpolicy import Episodes, Values

GOLDEN = Path(os.environ.get("ADAPTLEARN_GOLDEN") or Path(__file__).resolve().parents[3] / "shared" / "golden" / "ope")


def lives(reward, ratio, discount=1.0):
    """Episodes without features."""
    reward, ratio = np.array(reward, float), np.array(ratio, float)
    return Episodes(reward, ratio, np.zeros((*reward.shape, 1)), np.zeros((*reward.shape, 1)), discount)


HAND = lives([[1, 0], [0, 1], [1, 1], [0, 0]], [[2, 0.5], [0.5, 2], [1, 1], [0.5, 1]], discount=0.5)
#                weights: 2 1        .5 1        1 1       .5 .5;  mean weights: 1 and .875
MODEL = Values(
    np.array([[1, 0], [0.5, 0.5], [1, 0.5], [0, 0.5]], float),
    np.array([[0.5, 0], [0.5, 1], [0.5, 0.5], [0.5, 0]], float),
)


@pytest.mark.parametrize(
    ("name", "by_hand"),
    [
        ("IS", (1 * 1 + 1 * 0.5 + 1 * 1.5 + 0.5 * 0) / 4),
        ("WIS", (1 * 1 + 1 * 0.5 + 1 * 1.5 + 0.5 * 0) / 3.5),
        ("PDIS", (2 * 1 + 0.5 * 1 * 1 + (1 + 0.5) + 0) / 4),
        ("WPDIS", (2 + 1) / 4 + 0.5 * (1 + 1) / 3.5),
        ("DM", 0.5),
        # w (r - q) + w_before v: .5 .25 .5 .5 at first; then, before the discount, 0 1 1 -.25
        ("DR", (0.5 + 0.25 + 0.5 + 0.5 + 0.5 * (0 + 1.0 + 1.0 - 0.25)) / 4),
        ("WDR", (0.5 + 0.25 + 0.5 + 0.5) / 4 + 0.5 * ((0 + 0.5 + 0.5 - 0.25) / 3.5 + (0 + 0.5 * 1 + 1 * 0.5 + 0) / 4)),
    ],
)
def test_four_learners_by_hand(name, by_hand):
    assert bench.ESTIMATORS[name](HAND, MODEL, np.ones(4)) == pytest.approx(by_hand, abs=1e-12)


def test_counting_a_learner_twice_is_having_them_twice():
    count = np.array([2.0, 1.0, 0.0, 1.0])
    rows = np.repeat(np.arange(4), count.astype(int))
    again, model = lives(HAND.reward[rows], HAND.ratio[rows], 0.5), Values(MODEL.q[rows], MODEL.v[rows])
    for name, estimator in bench.ESTIMATORS.items():
        once = estimator(HAND, MODEL, count)
        assert once == pytest.approx(estimator(again, model, np.ones(4)), abs=1e-12), name


def test_refitting_to_a_draw_is_fitting_to_its_learners():
    log = Known.drawn(3).log(60, 1)
    dice = np.random.default_rng(0)
    count = dice.multinomial(60, np.full(60, 1 / 60), size=3).astype(float)
    part = qmodel.folds_of(60, 4, 0)
    many = qmodel.fit(log, count, part)
    for b in range(3):
        rows = np.repeat(np.arange(60), count[b].astype(int))
        drawn = Episodes(log.reward[rows], log.ratio[rows], log.chosen[rows], log.expected[rows], free=1)
        alone = qmodel.fit(drawn, np.ones((1, len(rows))), part[rows])
        np.testing.assert_allclose(many.q[b][rows], alone.q[0], atol=1e-9)


def test_a_cross_fitted_model_has_not_seen_the_learner_it_judges():
    log, part = Known.drawn(3).log(60, 1), qmodel.folds_of(60, 5, 0)
    other = Episodes(np.where((part == 2)[:, None], 99.0, log.reward), log.ratio, log.chosen, log.expected, free=1)
    one, two = (qmodel.fit(x, np.ones((1, 60)), part).v[0, part == 2] for x in (log, other))
    np.testing.assert_array_equal(one, two)


def test_with_the_true_model_dm_dr_and_mdr_need_no_luck():
    """q and v exact and rewards their means: the model is the truth, and corrections average to nothing."""
    world = Known.drawn(5, steps=4)
    log, (q, v) = world.log(40_000, 2), world.values(world.target)
    shape = (len(log.reward), world.steps, *world.pays.shape)
    at = log.chosen[..., 1:].reshape(shape)
    exact = Values((at * q).sum((2, 3)), (log.expected[..., 1:].reshape(shape).sum(3) * v).sum(2))
    truth = world.worth(world.target)
    for name in ("DM", "DR", "WDR"):
        assert bench.ESTIMATORS[name](log, exact, np.ones(len(log.reward))) == pytest.approx(truth, abs=0.03), name


def test_when_the_log_is_the_policys_own_every_weighted_estimate_is_its_mean():
    world = Known.drawn(5, apart=0.0)
    log = world.log(200, 2)
    for name in ("IS", "WIS", "PDIS", "WPDIS"):
        said = bench.judge(log, name, draws=20)
        assert said.value.value == pytest.approx(log.returns.mean(), abs=1e-12)
        assert said.gain == pytest.approx((0.0, 0.0, 0.0), abs=1e-12)
        assert said.effective[-1] == pytest.approx(200)


def test_estimators_are_right_on_average_and_the_default_interval_covers():
    """A small version of benchmarks/offpolicy.py: 300 logs of 50 learners and five decisions."""
    world, names, logs = Known.drawn(7), ("IS", "PDIS", "DR", "WDR"), 300
    truth, hits = world.worth(world.target), 0
    found = {name: [] for name in names}
    for seed in range(logs):
        log = world.log(50, seed)
        values = qmodel.fit(log, np.ones((1, 50)), qmodel.folds_of(50, 5, seed))
        for name in names:
            found[name].append(float(np.ravel(bench.ESTIMATORS[name](log, values, np.ones((1, 50))))[0]))
        said = bench.judge(log, draws=60, seed=seed).value
        hits += said.low <= truth <= said.high
    for name in ("IS", "PDIS", "DR"):
        error = np.array(found[name]) - truth
        assert abs(error.mean() / (error.std(ddof=1) / np.sqrt(logs))) < 4, name
    assert hits / logs > 0.90 - 3 * np.sqrt(0.9 * 0.1 / logs)


def test_marginal_weights_average_the_weights_within_state_and_choice():
    log = Known.drawn(4).log(3000, 1)
    ratio = qmodel.marginal_ratio(log, np.ones(3000))
    cell = log.chosen[:, 3, 1:].argmax(1)
    here = log.chosen[:, 3, 0] > 0
    for c in range(12):
        mine = here & (cell == c)
        np.testing.assert_allclose(ratio[mine, 3], log.weight[mine, 3].mean(), rtol=1e-6)
    assert ratio[here, 4].std() < log.weight[here, 4].std()


# --- refusals -------------------------------------------------------------------------------------------------------


def test_thin_logs_are_refused_in_words():
    few = bench.judge(Known.drawn(1).log(20, 1), draws=20)
    assert any("20 learners" in word for word in few.refusals)
    far = bench.judge(Known.drawn(1, steps=60, leaves=0.0, apart=1.0).log(200, 1), draws=20)
    assert any("weigh as much as" in word for word in far.refusals)
    never = lives(np.ones((100, 3)), np.zeros((100, 3)))
    assert any("average 0.00" in word for word in bench.judge(never, "PDIS", draws=20).refusals)
    assert bench.judge(Known.drawn(1, apart=0.2).log(400, 1), draws=20).refusals == ()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: lives([[1.0, 0.0]], [[1.0]]), "needed"),
        (lambda: lives([[1.0]], [[-1.0]]), "negative"),
        (lambda: bench.judge(HAND, "XYZ"), "needed one of DM"),
        (lambda: bench.judge(lives([[1.0]], [[1.0]])), "at least 2"),
    ],
)
def test_what_is_no_log_is_refused(make, says):
    with pytest.raises(ValueError, match=says):
        make()


# --- golden numbers -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def golden():
    if not GOLDEN.is_dir():
        pytest.skip(f"no golden cases in {GOLDEN}; set ADAPTLEARN_GOLDEN to the folder that holds them")
    return json.loads((GOLDEN / "reference.json").read_text("utf-8"))


def test_golden_bandit(golden):
    d, said = np.load(GOLDEN / "bandit.npz"), golden["bandit"]["estimates"]
    rows, action, n = np.arange(len(d["action"])), d["action"], len(d["action"])
    log = lives(d["reward"][:, None], (d["action_dist_e"][rows, action] / d["pscore"])[:, None])
    values, one = (
        Values(d["q_hat"][rows, action][:, None], (d["action_dist_e"] * d["q_hat"]).sum(1)[:, None]),
        np.ones(n),
    )
    ask = partial(lambda name, **more: bench.ESTIMATORS[name](log, values, one, **more))
    pairs = {"DM": ask("DM"), "IPW": ask("IS"), "SNIPW": ask("WIS"), "DR": ask("DR"), "SNDR": ask("WDR"),
             "ESS": offpolicy.effective_size(log.weight[:, -1])}  # fmt: skip
    shapes = {"InverseProbabilityWeighting": ("IS", offpolicy.clipped), "DoublyRobust": ("DR", offpolicy.clipped),
              "SwitchDoublyRobust": ("DR", offpolicy.switched), "DoublyRobustWithShrinkage": ("DR", offpolicy.shrunk),
              "SubGaussianInverseProbabilityWeighting": ("IS", offpolicy.subgaussian),
              "SubGaussianDoublyRobust": ("DR", offpolicy.subgaussian)}  # fmt: skip
    for key in said:
        word, _, rest = key.partition("[lambda=")
        if rest:
            name, shape = shapes[word]
            pairs[key] = ask(name, shape=shape(float(rest.rstrip("]"))))
    assert set(pairs) == set(said)
    for key, value in pairs.items():
        assert float(value) == pytest.approx(said[key], abs=1e-9), key


def logged(file):
    """A golden process as Episodes with one-hot features, and its own q-tables."""
    d = np.load(GOLDEN / file)
    at = lambda table: np.take_along_axis(table, d["action"][..., None], 2)[..., 0]  # noqa: E731
    n, steps, choices = d["action_dist_e"].shape
    chosen, expected = np.zeros((2, n, steps, (int(d["state"].max()) + 1) * choices))
    for a in range(choices):
        np.put_along_axis(expected, (d["state"] * choices + a)[..., None], d["action_dist_e"][..., a, None], 2)
    np.put_along_axis(chosen, (d["state"] * choices + d["action"])[..., None], 1.0, 2)
    here = d["alive"][..., None]
    log = Episodes(d["reward"], at(d["action_dist_e"]) / d["pscore"], chosen * here, expected * here, float(d["gamma"]))
    tables = {
        name: Values(at(d[key]), (d["action_dist_e"] * d[key]).sum(2))
        for name, key in (("qhat", "q_hat"), ("qtrue", "q_true"))
    }
    return log, tables, d["w_state_action"]


@pytest.mark.parametrize("file", ["mdp.npz", "mdp_varlen.npz"])
def test_golden_processes(golden, file):
    log, tables, ratio = logged(file)
    n = len(log.reward)
    one, dice = np.ones(n), np.random.default_rng(0)  # MAGIC hangs on its bootstrap: the reference's, 200 draws from 0
    draw = np.array([np.bincount(dice.integers(0, n, n), minlength=n) for _ in range(200)], float)
    tables["fqe"] = Values(*(x[0] for x in qmodel.fit(log, one[None], ridge=0.0)))
    marginal = partial(offpolicy.marginalised, log, count=one, ratio=ratio)
    for table, values in tables.items():
        said = golden[file][table]
        found = {
            name: bench.ESTIMATORS[name](log, values, one) for name in ("IS", "WIS", "PDIS", "WPDIS", "DM", "DR", "WDR")
        }
        found |= {"MIS(oracle w)": marginal(values), "SN-MIS(oracle w)": marginal(values, sum_to_one=True),
                  "MIS_DR(DRL, discounted, oracle w)": marginal(values, robust=True), "FQE_DM": found["DM"],
                  "ESS_full": offpolicy.effective_size(log.weight)[-1], 
                  "max_weight_share": offpolicy.largest_share(log.weight)}  # fmt: skip
        for name in set(found) & set(said):
            assert float(found[name]) == pytest.approx(said[name], abs=1e-9), (table, name)
        wdr = bench.ESTIMATORS["WDR"](log, values, draw)
        assert offpolicy.magic(log, values, one, wdr).value == pytest.approx(said["MAGIC"], abs=1e-3), table
    np.testing.assert_allclose(offpolicy.effective_size(log.weight), golden[file]["qhat"]["ESS_by_step"], rtol=1e-12)
