"""The dkt law is a gated recurrent unit whose state only rises at a visit, and its weights come from a log."""

import tomllib
from functools import partial

import numpy as np
import pytest

from adaptlearn.core.learner import load_population
from adaptlearn.core.world import load
from adaptlearn.envs.registry import rules
from adaptlearn.laws import dkt
from adaptlearn.tracing import dkt_student
from adaptlearn.tracing.dkt_student import FREE, INPUTS, POSITIVE, train

RNG = np.random.default_rng(3)
RANDOM = dkt.Params()._replace(**dict(zip(FREE, RNG.normal(0.0, 1.5, len(FREE)), strict=True)))


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def matrices(p, gate):
    """Weights of one gate as the textbooks have them.   -> W [3, 2], U [3, 3], b [3]"""
    table = np.array([[getattr(p, f"{gate}{unit}_{name}") for name in INPUTS] for unit in (1, 2, 3)])
    return table[:, :2], table[:, 2:5], table[:, 5]


def test_one_answer_is_one_step_of_a_gated_recurrent_unit():
    """In matrices, with the candidate squashed to [0, 1] and never followed downwards."""
    h = RNG.random(3)
    for right in (0.0, 1.0, 0.4):
        x = np.array([right, 1.0 - right])
        (wz, uz, bz), (wr, ur, br), (wc, uc, bc) = (matrices(RANDOM, gate) for gate in "zrc")
        z, r = sigmoid(wz @ x + uz @ h + bz), sigmoid(wr @ x + ur @ h + br)
        candidate = sigmoid(wc @ x + uc @ (r * h) + bc)
        after = dkt.seen(dkt.Mind(0.3, *h), right, 1.0, RANDOM)
        np.testing.assert_allclose(after[1:], h + z * np.maximum(candidate - h, 0.0), rtol=1e-12)
        assert after.start == 0.3


def test_more_opportunities_go_further_the_same_way():
    """n steps with the gates as they stand at the visit's beginning."""
    before = dkt.Mind(0.0, 0.1, 0.2, 0.3)
    once, twice = (np.array(dkt.seen(before, 1.0, n, RANDOM)[1:]) for n in (1.0, 2.0))
    first = np.array(before[1:])
    goal = np.array(dkt.seen(before, 1.0, 1e9, RANDOM)[1:])  # the candidates, where they are higher
    np.testing.assert_allclose(goal - twice, (goal - once) ** 2 / np.where(goal > first, goal - first, 1.0), atol=1e-12)


def test_every_unit_fades_at_its_own_pace():
    kept = np.array(dkt.forget(dkt.Mind(0.0, 1.0, 1.0, 1.0), 5.0, RANDOM)[1:])
    np.testing.assert_allclose(kept, np.exp(-5.0 / np.array([RANDOM.last1, RANDOM.last2, RANDOM.last3])))


def test_the_shipped_weights_are_a_law_and_say_where_they_come_from():
    file = tomllib.loads(dkt.WEIGHTS.read_text("utf-8"))
    assert set(file["weights"]) == {*FREE, *POSITIVE}
    assert all(file["weights"][name] > 0.0 for name in POSITIVE)
    told = file["trained"]
    assert told["auc"] > told["auc_alone"] and told["log_likelihood"] > told["log_likelihood_alone"]
    assert told["source"] and told["command"].startswith("python -m adaptlearn.tracing.dkt_student")


def planted(learners=120, skills=4, each=8, seed=5):
    """A log by learners of the law itself, whose practice helps much and fades in a month."""
    rng, p = np.random.default_rng(seed), dkt.Params()._replace(v1=1.5, v2=1.5, v3=1.5, last1=3.0, last2=30.0)
    log = []
    for i in range(learners):
        ability = rng.normal(-1.0, 0.8)
        for k in range(skills):
            mind, day = dkt.Mind(ability + 0.3 * k, 0.0, 0.0, 0.0), 0.0
            for _ in range(each):
                gap = rng.exponential(3.0)
                mind, day = dkt.forget(mind, gap, p), day + gap
                right = float(rng.random() < dkt.p_answer(mind, 0.0, None, p))
                log.append((i, k, right, day))
                mind = dkt.seen(mind, right, 1.0, p)
    log.sort(key=lambda row: row[3])
    return (np.array(column) for column in zip(*log, strict=True))


def test_training_finds_that_practice_helps_where_it_does_and_people_carry_it(tmp_path):
    learner, skill, right, day = planted()
    done = train(learner, skill, right, day, steps=15, rate=0.2)
    assert done.held_back.log_likelihood > done.alone.log_likelihood + 10.0
    assert done.held_back.auc > done.alone.auc
    text = tomllib.loads(dkt_student.as_weights(done, "planted", "a command"))
    assert text["weights"] == done.weights and text["trained"]["learners"] == 120
    file = tmp_path / "people.toml"
    file.write_text(dkt_student.as_people(done, "planted", "a command"), "utf-8")
    mine = rules("tiny-v1", "dkt", population=load_population(file, load("tiny-v1").role_ids))
    assert mine.law_params._asdict() == dkt.Params()._asdict() | done.weights


def test_training_reads_the_laws_own_text():
    """P(correct) along a log as PyTorch reads it, beside one learner and skill after another read by NumPy."""
    torch = pytest.importorskip("torch")
    learner, skill, right, day = planted(learners=6, each=5)
    strip = dkt_student.strip_of(learner, skill, right, day, 4)
    ability, easiness = torch.linspace(-1, 1, 6).double(), torch.linspace(0, 1, 4).double()
    p = dkt.Params(*(torch.tensor(value, dtype=torch.float64) for value in RANDOM))
    found = torch.cat([*dkt_student.along(strip, p, ability, easiness)]).numpy()
    for j in range(6 * 4):
        rows = np.flatnonzero((learner == strip.who[j]) & (skill == strip.what[j]))[:4]
        mind, before = dkt.Mind(float(ability[strip.who[j]] + easiness[strip.what[j]]), 0.0, 0.0, 0.0), day[rows[0]]
        for row in rows:
            mind = dkt.forget(mind, day[row] - before, RANDOM)
            expected = dkt.p_answer(mind, 0.0, None, RANDOM)
            assert found[strip.row == row] == pytest.approx(expected, rel=1e-9)
            mind, before = dkt.seen(mind, right[row], 1.0, RANDOM), day[row]


def test_a_log_in_a_file_becomes_people(tmp_path, monkeypatch):
    log = tmp_path / "answers.tsv"
    rows = [f"{i}\t{k}\t{(i + t) % 2}\t{86400 * t}" for t in range(4) for i in range(4) for k in range(2)]
    log.write_text("\n".join(["who\tkc\tright\tseconds", *rows]) + "\n", "utf-8")
    monkeypatch.setattr(dkt_student, "train", partial(train, steps=1))
    to, words = tmp_path / "people.toml", ["learner=who", "skill=kc", "correct=right", "day=seconds", "per_day=86400"]
    assert dkt_student.main([str(log), *words, f"to={to}"]) == to
    assert set(load_population(to, ("a",)).constants["dkt"]) == {*FREE, *POSITIVE}


def test_the_last_fifth_of_every_learner_is_held_back():
    learner = np.array([1, 2, 1, 1, 1, 2, 1, 2, 2, 2])
    held = dkt_student.held_back(learner)
    np.testing.assert_array_equal(np.flatnonzero(held), [6, 9])
