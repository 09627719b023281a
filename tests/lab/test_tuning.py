"""Tuning: what a trial tries depends on the trials before its window, and on nothing else; a crash changes nothing."""

from pathlib import Path

import pytest

from adaptlearn.lab import compose, study, tuning
from adaptlearn.lab.main import VERBS

WORDS = ["agent=linear", "env=tiny-v1", "sweep=linear", "trials=7", "agent.settings.rounds=4", "learners=64",
         "agent.settings.candidates=12", "agent.settings.learners=8", "track=false"]  # fmt: skip


def config(home: Path, *more: str) -> tuning.Config:
    return compose.compose("tune", tuning.Config, [*WORDS, f"store=sqlite:///{home}/mlflow.db", *more])


def book(home: Path) -> list[tuple]:
    """Every trial of the one study under ``home``."""
    import optuna

    (file,) = home.glob("outputs/tune/*/study.db")
    trials = optuna.load_study(study_name=file.parent.name, storage=f"sqlite:///{file}").trials
    return [(t.number, t.state.name, t.params, t.value, t.intermediate_values) for t in trials]


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.long)])
def test_a_killed_search_ends_like_one_that_was_not(tmp_path, capsys, killed, workers):
    """SIGKILL as the fourth trial is about to be written down, with the next under way if there are two workers."""
    calm, cut, more = tmp_path / "calm", tmp_path / "cut", f"workers={workers}"
    calm.mkdir(), cut.mkdir()
    killed("study", "settled", 3, "tune", *WORDS, f"store=sqlite:///{cut}/mlflow.db", more)
    assert [state for _, state, *_ in book(cut)].count("RUNNING") == workers
    assert tuning.run(config(cut, more)) == 0
    assert tuning.run(config(calm, more)) == 0
    said = capsys.readouterr().out
    assert "fresh learners" in said and "adaptlearn train agent=linear" in said
    assert book(cut) == book(calm)
    assert {state for _, state, *_ in book(calm)} <= {"COMPLETE", "PRUNED"}


def test_what_is_asked_does_not_depend_on_what_ends_inside_the_window(tmp_path):
    space = study.spread_out({"x": {"low": 0.0, "high": 1.0}})
    asked = []
    for order in ((5, 6, 7), (7, 6, 5)):
        with study.opened(tmp_path / str(order[0]), "s", "id") as one:
            for n in range(8):
                known = {k: t for k, t in study.by_number(one).items() if k <= n - 3}
                x = study.asked(one, n, known, space, seed=1)["x"]
                if n < 5:
                    study.settled(one, n, {"state": "COMPLETE", "value": -((x - 0.3) ** 2), "curve": {}, "error": ""})
            for n in order:
                study.settled(one, n, {"state": "COMPLETE", "value": 0.0, "curve": {}, "error": ""})
            asked.append([t.params for t in one.trials])
    assert asked[0] == asked[1]


def test_a_trial_below_the_median_is_stopped_and_one_above_is_not():
    others = [{step: level + step for step in range(1, 6)} for level in range(6)]
    low, high = study.judge(others), study.judge(others)
    assert not low(0.0, 1), "not before the others have warmed up"
    assert low(0.5, 3) and not high(9.0, 3)
    assert not study.judge(others[:2])(-100.0, 4), "not before there are enough to compare with"


def test_more_trials_carry_an_ended_search_on_and_another_space_is_another_search(tmp_path):
    one = config(tmp_path)
    assert tuning.identity(one) == tuning.identity(config(tmp_path, "trials=9"))
    assert tuning.identity(one) != tuning.identity(config(tmp_path, "space.agent.settings.spread.high=1.0"))
    with study.opened(tmp_path / "s", "s", "one"):
        pass
    with pytest.raises(ValueError, match="searched another space"), study.opened(tmp_path / "s", "s", "two"):
        pass


@pytest.mark.parametrize(
    ("space", "says"),
    [
        ({}, "space is empty"),
        ({"agent": {"settngs": {"rate": [1, 2]}}}, r"agent|settngs is not a key"),
        ({"seed": {"low": 3, "high": 1}}, "space.seed"),
        ({"seed": 3}, "needed bounds or a list"),
    ],
)
def test_a_space_that_cannot_be_searched_is_refused(tmp_path, space, says):
    one = config(tmp_path)
    one.space = space
    with pytest.raises(ValueError, match=says):
        tuning.run(one)


@pytest.mark.parametrize("name", ["linear", "ppo"])
def test_every_space_that_ships_is_one_its_agent_takes(name):
    from adaptlearn.agents import linear, ppo

    composed = compose.compose("tune", tuning.Config, [f"agent={name}", f"sweep={name}"])
    settings = {"linear": linear.Settings, "ppo": ppo.Settings}[name]
    for key, spread in study.spread_out(composed.space).items():
        low = getattr(spread, "low", None) or spread.choices[0]
        assert settings(**{key.removeprefix("agent.settings."): low})
    assert VERBS["tune"].examples[0].startswith("adaptlearn tune")
