"""The frozen benchmark: tasks that do not move, marks that speak of them, outsiders of three kinds."""

import csv
import json
import sys
from dataclasses import fields
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import torch

from adaptlearn.agents.planner import Settings
from adaptlearn.lab import bench_tasks, benching, entrants
from adaptlearn.lab.bench_tasks import Mark
from adaptlearn.lab.main import main

FROZEN = "9048d9f203432ceb54e8c2f8ed46e4733f6e33b8a1c9368da1461be0aa4c63a6"
SMALL = ["tasks=[few-choices]", "runs=2", "learners=40"]


def told(*words):
    with pytest.raises(SystemExit) as done:
        main(["bench", *words])
    return done.value.code


def test_the_tasks_are_those_that_were_frozen():
    tasks, runs, learners, digest = bench_tasks.read()
    assert digest == FROZEN == sha256(Path(bench_tasks.__file__).with_name(bench_tasks.TASKS).read_bytes()).hexdigest()
    assert len(tasks) == 6 and runs >= 5 and learners >= 512
    assert all(task.train["law"] != task.test["law"] for task in tasks)


def test_marks_speak_of_these_tasks_and_lie_apart():
    marked, (tasks, *_, digest) = bench_tasks.marks(), bench_tasks.read()
    assert marked["digest"] == digest and set(marked["tasks"]) == {task.id for task in tasks}
    assert len(marked["commit"]) == 40 and set(marked["planner"]) == {f.name for f in fields(Settings)}
    for mark in marked["tasks"].values():
        assert mark.gain > 4 * mark.error and set(mark.mastery) == set(bench_tasks.TUNED)


def test_tuned_mastery_is_nought(tmp_path, capsys):
    """An entrant that is the mark itself scores 0 on every run, whatever the learners."""
    mark = bench_tasks.marks()["tasks"]["few-choices"]
    settings = [f"agent.settings.{name}={value}" for name, value in mark.mastery.items()]
    assert told("agent=mastery", *settings, *SMALL, "format=json", f"csv={tmp_path / 's.csv'}") == 0
    said = json.loads(capsys.readouterr().out)
    assert [row["score"] for row in said["rows"]] == [0.0, 0.0] and said["aggregate"]["IQM"]["value"] == 0.0
    assert any("A trial" in note or "This was a trial" in note for note in said["notes"])
    with (tmp_path / "s.csv").open() as file:
        assert [float(row["score"]) for row in csv.DictReader(file)] == [0.0, 0.0]


def test_a_score_is_the_gain_in_units_of_the_mark():
    task = next(task for task in bench_tasks.read()[0] if task.id == "few-choices")
    config = benching.Config()
    config.agent.name = "syllabus"
    one, two = (benching.played(config, task, Mark({}, 0.0, gain, 0.0, 1), 2, 30, lambda text: None)
                for gain in (0.1, 0.2))  # fmt: skip
    assert [row["score"] for row in one] == pytest.approx([2 * row["score"] for row in two])
    assert one[0]["score"] == pytest.approx((one[0]["worth"] - one[0]["mastery"]) / 0.1)
    assert len({row["mastery"] for row in one}) == 2  # every run has learners of its own


OUTSIDE = """
import numpy as np
from adaptlearn.agents.shelf import build

MADE = []

def policy(rules, seed):
    MADE.append((type(rules.law).__name__, seed))
    return build("syllabus", rules.world)

def scores(rules, seed):
    rank = rules.world.scalars[:, -2]
    def order(view, catalogue, history):
        return np.where(np.arange(len(rank)) > 0, 1.0 - rank - 10 * history[:, :, 2], -99.0)
    return order

def nothing(rules, seed):
    return 3
"""


@pytest.fixture
def outside(tmp_path, monkeypatch):
    (tmp_path / "someone_else.py").write_text(OUTSIDE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("someone_else", None)


def test_a_callable_takes_part(outside, capsys):
    assert told("entrant=someone_else:policy", *SMALL, "format=json") == 0
    own = json.loads(capsys.readouterr().out)
    assert told("agent=syllabus", *SMALL, "format=json") == 0
    assert json.loads(capsys.readouterr().out)["rows"] == own["rows"]
    assert [seed for _, seed in sys.modules["someone_else"].MADE] == [1, 2]
    assert told("entrant=someone_else:scores", *SMALL) == 0
    assert "IQM" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("entrant", "says"),
    [("someone_else", "module:callable"), ("no_such:make", "No module"), ("someone_else:absent", "no callable"),
     ("someone_else:nothing", "made a int")],
)  # fmt: skip
def test_who_cannot_take_part_is_told_why(outside, entrant, says, capsys):
    assert told(f"entrant={entrant}", *SMALL) == 2
    assert says in capsys.readouterr().err


def test_a_model_of_stable_baselines_scores_by_its_own_logits():
    sb3 = pytest.importorskip("stable_baselines3")
    from adaptlearn.envs.registry import single

    env = single(world="tiny-v1")
    dqn, ppo = sb3.DQN("MlpPolicy", env, seed=0, device="cpu"), sb3.PPO("MlpPolicy", env, seed=0, device="cpu")
    view, history = torch.rand(5, env.observation_space.shape[0]), torch.zeros(5, env.action_space.n, 3)
    nobody = torch.zeros(5, 0)
    for model in (dqn, ppo):
        policy = entrants.policy_of(model, "theirs")
        scores, _ = policy(view, torch.zeros(env.action_space.n, 4), history, nobody, nobody)
        chosen, _ = model.predict(view.numpy(), deterministic=True)
        np.testing.assert_array_equal(scores.numpy().argmax(1), chosen)


def test_the_table_for_a_paper_says_the_same():
    task = bench_tasks.read()[0][0]
    row = benching.summary(task, Mark({}, 0.5, 0.1, 0.01, 100), np.array([0.2, 0.4]))
    text = benching.as_latex("my_agent", [row], {"IQM": row["score"]})
    assert r"my\_agent" in text and "$0.30$" in text and text.count(r"\\") == 4 - 1
    assert text.startswith(r"\begin{tabular}") and text.rstrip().endswith(r"\end{tabular}")


def test_a_task_without_a_mark_is_refused(monkeypatch, capsys):
    bare = bench_tasks.marks() | {"tasks": {}}
    monkeypatch.setattr(bench_tasks, "marks", lambda: bare)
    assert told(*SMALL) == 2 and "bench marks=true tasks=[few-choices]" in capsys.readouterr().err


def test_a_world_that_moved_is_said():
    tasks, runs, learners, digest = bench_tasks.read()
    made = {task.id: Mark({}, 0.5, 0.1, 0.01, 100) for task in tasks}
    marked = {"digest": digest, "tasks": made, "adaptlearn": "1", "commit": "c"}
    rows = [{"task": task.id, "mastery": 0.5} for task in tasks]
    args = benching.Config(), tasks, tasks, runs, learners, marked
    assert len(benching._notes(*args, digest, rows)) == 2
    off = [row | {"mastery": 0.5 + 0.05 * (row["task"] == "practice")} for row in rows]
    assert "not where it was marked on practice" in benching._notes(*args, digest, off)[-1]
    assert any("other tasks" in note for note in benching._notes(*args, "another", rows))
