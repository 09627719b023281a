"""The doctor's laws: a verdict follows from the facts of a log, more never lowers it, doing is not learning."""

import csv
from dataclasses import fields, replace

import numpy as np
import pytest

from adaptlearn.core.learner import Traits
from adaptlearn.interchange import conduct, doctor, facts
from adaptlearn.interchange.reading import Reading

PEOPLE, ROUNDS = 40, 6


def log_of(tmp_path, without=(), change=None, people=PEOPLE, name="log.csv"):
    """A log in which everything is written down; then some columns are left out."""
    luck = np.random.default_rng(7)
    rows = []
    for who in range(people):
        for step in range(ROUNDS):
            finished = luck.random() < 0.7
            rows.append({
                "learner": f"p{who}", "activity": f"a{step}", "kind": ("video", "quiz")[step % 2],
                "skill": f"s{step % 2}", "item": f"q{step}", "correct": int(luck.random() < 0.6),
                "completed": int(finished),
                "minutes": round(float(np.exp(luck.normal(2.5, 0.5))), 1), "day": 36 * step + who % 5,
                "left": 250 if who % 2 else "", "offered": f"a{step} a{step + 1}", "propensity": 0.5,
                "rating": 1 + step % 5,
                "stated": ("visual", "auditory")[who % 2], "role": ("sales", "support")[who % 2],
                "motive": ("project", "compliance")[who % 2], "group": ("north", "south")[who % 2],
            })  # fmt: skip
    for row in rows:
        row.update((change or (lambda row: {}))(row))
    names = [n for n in rows[0] if n not in without]
    with (tmp_path / name).open("w", newline="") as stream:
        writer = csv.DictWriter(stream, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return Reading(tmp_path / name, {n: n for n in names})


def judged(reading):
    found, _ = facts.count([reading])
    return {v.topic: v for v in doctor.examine(found)}


def levels(reading):
    return {topic: v.verdict for topic, v in judged(reading).items()}


NEVER = {"Self-confidence and need for choice", "Whether training changed the work"}


def test_a_log_with_everything_identifies_all_that_a_log_can(tmp_path):
    found = judged(log_of(tmp_path))
    assert {topic for topic, v in found.items() if v.verdict != doctor.IDENTIFIED} == NEVER
    assert all(v.assumed and v.log_before_pilot for topic, v in found.items() if topic in NEVER)
    assert all(not v.assumed and not v.log_before_pilot for topic, v in found.items() if topic not in NEVER)


MOVES = [  # leave a column out, and these topics move, no other: to "in part" or to "assumed"
    ("item", {"How hard each question is": "assumed"}),
    ("rating", {"How kindly people rate": "assumed"}),
    ("stated", {"What people say they prefer": "assumed"}),
    ("role", {"What people train for, and why": "assumed"}),
    ("motive", {"What people train for, and why": "in part"}),
    ("group", {"Whether every group is served alike": "assumed"}),
    ("completed", {"Whether people finish what they begin": "assumed"}),
    ("minutes", {"How long an activity takes": "assumed", "How much time people give a week": "assumed"}),
    ("left", {"Who leaves, and when": "assumed"}),
    ("offered", {"Which formats people choose": "assumed",
                 "Whether another way of offering would do better": "assumed"}),
    ("propensity", {"Which formats people choose": "in part", "Which formats help whom to learn": "assumed",
                    "Whether another way of offering would do better": "assumed"}),
    ("kind", {"Which formats people choose": "assumed", "Which formats help whom to learn": "assumed"}),
    ("day", {"How fast people forget": "assumed", "How much time people give a week": "assumed",
             "Who leaves, and when": "assumed", "Whether it is still known months later": "assumed"}),
]  # fmt: skip


@pytest.mark.parametrize(("column", "moves"), MOVES, ids=[column for column, _ in MOVES])
def test_a_column_moves_its_verdicts_and_no_other(tmp_path, column, moves):
    whole, lacking = levels(log_of(tmp_path)), levels(log_of(tmp_path, without=(column,), name="less.csv"))
    assert {topic: level for topic, level in lacking.items() if level != whole[topic]} == moves


def test_without_answers_learning_stays_assumed_and_conduct_does_not(tmp_path):
    reading = log_of(tmp_path, without=("correct", "skill", "item"))
    found, answers = facts.count([reading])
    now = {v.topic: v.verdict for v in doctor.examine(found)}
    assert answers is None and not doctor.traceable(found)
    for topic in doctor.TOPICS:
        if doctor.RIGHT_WRONG in topic.core:
            assert now[topic.name] == doctor.ASSUMED, topic.name
    for topic in ("Whether people finish what they begin", "How long an activity takes", "Who leaves, and when"):
        assert now[topic] == doctor.IDENTIFIED
    assert any("not who learned what" in caution for caution in doctor.cautions(found))


ONE_CLASS = [
    ("correct", lambda row: {"correct": 1}, "How fast people learn", "all 240 answers are right"),
    ("completed", lambda row: {"completed": 1}, "Whether people finish what they begin", "are completed"),
    ("minutes", lambda row: {"minutes": 30}, "How long an activity takes", "the catalogue's, not time spent"),
]


@pytest.mark.parametrize(("column", "change", "topic", "says"), ONE_CLASS, ids=[case[0] for case in ONE_CLASS])
def test_a_column_that_says_one_thing_only_says_nothing(tmp_path, column, change, topic, says):
    found = judged(log_of(tmp_path, change=change))[topic]
    assert found.verdict == doctor.ASSUMED and says in found.because


def test_more_of_anything_never_lowers_a_verdict():
    order = [doctor.ASSUMED, doctor.IN_PART, doctor.IDENTIFIED]
    luck = np.random.default_rng(3)
    counts = [f.name for f in fields(facts.Facts) if f.type in (int, float)]
    for _ in range(300):
        some = facts.Facts(
            columns=frozenset({"skill"}), varied=bool(luck.integers(2)),
            words=dict.fromkeys(("stated", "role", "motive"), int(luck.integers(4))),
            **{name: int(luck.choice([0, 1, 25, 60, 200])) for name in counts},
        )  # fmt: skip
        raised = luck.choice(counts, 5)
        more = replace(some, varied=True, **{name: getattr(some, name) + 100 for name in raised})
        for before, after in zip(doctor.examine(some), doctor.examine(more), strict=True):
            assert order.index(before.verdict) <= order.index(after.verdict), (before.topic, raised)


def test_every_trait_of_a_learner_is_spoken_of():
    said = {name for topic in doctor.TOPICS for name in topic.simulator}
    for trait in Traits._fields:
        stem = trait.split("_")[0] + "_*"
        assert trait in said or stem in said or trait in ("switch_day", "switch_role"), trait


def test_what_is_to_be_logged_names_what_it_helps_with(tmp_path):
    found, _ = facts.count([log_of(tmp_path, without=("propensity", "day"))])
    advice = {a.log: a.opens for a in doctor.advice(found)}
    chance = next(opens for log, opens in advice.items() if "chance decide" in log)
    assert "Which formats help whom to learn" in chance
    assert len(advice[next(iter(advice))]) == max(len(opens) for opens in advice.values())


# --- counting --------------------------------------------------------------------------------------------------------


def test_counting_does_not_depend_on_how_the_file_is_cut(tmp_path, monkeypatch):
    from adaptlearn.interchange import peek

    whole, _ = facts.count([log_of(tmp_path)])
    monkeypatch.setattr(peek, "BLOCK", 2_000)
    cut, _ = facts.count([log_of(tmp_path)])
    assert cut == whole


def test_time_that_runs_backwards_is_counted_alike_by_both_readers(tmp_path, monkeypatch):
    from adaptlearn.interchange import peek
    from adaptlearn.interchange.tables import read

    luck = np.random.default_rng(5)
    rows = "".join(f"p{luck.integers(7)},a,{luck.integers(50)}\n" for _ in range(400))
    (tmp_path / "log.csv").write_text("learner,activity,day\n" + rows)
    names = {n: n for n in ("learner", "activity", "day")}
    expected = read(tmp_path / "log.csv", names).backwards
    monkeypatch.setattr(peek, "BLOCK", 200)
    assert facts.count([Reading(tmp_path / "log.csv", names)])[0].backwards == expected > 100


def test_several_logs_speak_of_the_same_people(tmp_path):
    both, _ = facts.count([log_of(tmp_path, name="a.csv"), log_of(tmp_path, people=60, name="b.csv")])
    assert both.learners == 60 and both.rows == (40 + 60) * ROUNDS


def test_an_answer_under_several_skills_is_counted_once_for_accuracy(tmp_path):
    rows = "".join(f"p{n},q{i},s{k},{(n + i) % 2}\n" for n in range(30) for i in range(3) for k in range(2))
    (tmp_path / "log.csv").write_text("learner,item,skill,correct\n" + rows)
    found, answers = facts.count(
        [Reading(tmp_path / "log.csv", {n: n for n in ("learner", "item", "skill", "correct")})]
    )
    assert found.doubled == 90 and len(answers.learner) == 90 and (answers.skill == 0).all()


def test_the_figures_are_those_of_the_log(tmp_path):
    reading = log_of(tmp_path)
    counted = facts.tally([reading])
    found, _ = facts.facts_of([reading], counted)
    shown = {f.what.split(",")[0]: f for f in conduct.figures(found, counted)}
    table = np.genfromtxt(tmp_path / "log.csv", delimiter=",", names=True, dtype=None, encoding="utf8")
    assert shown["completed"].value == pytest.approx(table["completed"].mean())
    assert shown["completed"].low < table["completed"].mean() < shown["completed"].high
    median = shown["minutes spent on an activity"].value
    assert median == pytest.approx(np.median(table["minutes"]), rel=0.03)  # of a histogram
    assert shown["left"].value == 0.5


def test_the_law_of_leaving_is_recovered_with_its_interval():
    luck, caught = np.random.default_rng(11), 0
    for _ in range(40):
        until = 60 * luck.weibull(0.6, 400)
        end = luck.uniform(20, 120, 400)
        shape, scale, half = conduct.weibull(np.minimum(until, end), until < end)
        caught += shape * np.exp(-half) < 0.6 < shape * np.exp(half)
        assert 35 < scale < 110
    assert caught >= 34  # of 40, at 95 %


@pytest.mark.reallog
def test_completion_logs_calibrate_conduct_and_leave_learning_alone(real_logs):
    oulad = [Reading(real_logs / "oulad" / name) for name in ("studentInfo.csv", "studentRegistration.csv")]
    found, answers = facts.count(oulad)
    now = {v.topic: v.verdict for v in doctor.examine(found)}
    assert found.learners == 28_785 and answers is None
    assert now["Whether people finish what they begin"] == now["Who leaves, and when"] == doctor.IDENTIFIED
    assert now["How fast people learn"] == now["Whether knowledge can be traced from answers"] == doctor.ASSUMED
    found, _ = facts.count([Reading(real_logs / "algebra05_part" / "interactions.tsv")])
    now = {v.topic: v.verdict for v in doctor.examine(found)}
    assert (
        now["How fast people forget"] == doctor.IDENTIFIED and now["Which formats help whom to learn"] == doctor.ASSUMED
    )
