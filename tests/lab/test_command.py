"""The command: help at once, errors in one line with exit status 2, tables as JSON, configs that compose."""

import json
import subprocess
import sys

import pytest

from adaptlearn.core import shelf
from adaptlearn.lab import checkpoint, compose, main
from adaptlearn.lab.tables import cell


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from adaptlearn.lab.main import main; main(['--help']); "
        "print(sorted({'torch', 'mlflow', 'pyro', 'hydra'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    for verb in main.VERBS:
        assert f"  {verb}" in done.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("simulat",), "e.g. adaptlearn simulate"),
        (("simulate", "laww=bkt"), "law"),
        (("simulate", "agent=mastary"), "agent=mastery"),
        (("simulate", "learners=many"), "learners"),
        (("simulate", "learners=many", "--cfg", "job"), "learners=many: needed int, e.g. learners=4096"),
        (("simulate", "--cfg", "jbo"), "needed one of job, hydra, all, e.g. --cfg job"),
        (("simulate", "+lerners=8"), "e.g. learners=..."),
        (("evaluate", "env=tiny-v1", "laws=[bktt]"), "e.g. 'bkt'"),
        (("evaluate", "env=tiny-v1", "meshings=[contestd]"), "e.g. 'contested'"),
        (("worlds", "env=nowhere"), "needed an existing path"),
        (("calibrate",), "log="),
        (("trace",), "log="),
        (("trace", "log=nowhere.csv"), "nowhere.csv"),
        (("recommend", "bundle=nowhere"), "needed a bundle's folder"),
    ],
)
def test_what_the_caller_can_mend_is_one_message_and_status_two(words, says, command):
    status, _, said = command(*words)
    assert status == 2
    assert says in said
    assert len(said.splitlines()) == 1


def test_a_process_says_no_more_than_its_message():
    """Nothing that is loaded on the way talks; the tracking store loads most."""
    words = [sys.executable, "-m", "adaptlearn.lab.main", "registry", "list", "store=http://127.0.0.1:9"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "does not answer" in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_place_that_cannot_be_written_is_named_with_what_would_do(tmp_path, command):
    (tmp_path / "file").write_text("in the way")
    store = f"store=sqlite:///{tmp_path}/file/mlflow.db"
    for words in ([f"log={tmp_path}/file/a.parquet"], [store, "track=true"], ["-m", store, "seed=1,2"]):
        status, _, said = command("simulate", "env=tiny-v1", "learners=8", *words)
        assert status == 2
        assert len(said.splitlines()) == 1 and f"{tmp_path}/file" in said and "needed a" in said


def test_any_table_comes_as_json(command):
    rows = json.loads(command("worlds", "format=json")[1])
    assert {row["world"] for row in rows} == set(shelf.names("envs"))


@pytest.mark.parametrize("verb", main.VERBS)
def test_every_verb_composes_to_its_dataclass(verb):
    from importlib import import_module

    module = import_module(f"adaptlearn.{main.VERBS[verb].module}")
    assert isinstance(compose.compose(verb, module.Config, []), module.Config)


@pytest.mark.parametrize("verb", main.VERBS)
def test_help_explains_every_key_of_a_verb(verb):
    from dataclasses import fields
    from importlib import import_module

    from adaptlearn.lab import asking

    schema = import_module(f"adaptlearn.{main.VERBS[verb].module}").Config
    notes = {key for kind in schema.__mro__[:-1] for key in asking.comments(kind)}
    assert {f.name for f in fields(schema)} - notes - set(asking.groups_of(schema)) == set()


def test_a_checkpoint_gives_back_the_weights_and_refuses_strangers(tmp_path):
    import torch

    from adaptlearn.agents.shelf import build
    from adaptlearn.core.world import load

    world = load("tiny-v1")
    policy = build("ppo", world, seed=3)
    file = checkpoint.save(tmp_path / "a.npz", policy, "ppo", {}, {"world": world.name})
    back = checkpoint.load(file, world)
    for (name, one), other in zip(policy.state_dict().items(), back.state_dict().values(), strict=True):
        assert torch.equal(one, other), name
    with pytest.raises(ValueError, match="trained on tiny-v1"):
        checkpoint.load(file, load("onboarding-v1"))
    (tmp_path / "b.npz").write_bytes(b"no")
    with pytest.raises(ValueError, match=r"b\.npz"):
        checkpoint.load(tmp_path / "b.npz", world)


def test_a_difference_is_shown_with_its_half_width():
    assert cell((0.0123, 0.004)) == "+0.0123 ± 0.0040"
    assert cell(float("nan")) == cell(None) == "–"


def test_a_state_of_a_training_comes_back_and_names_what_differs(tmp_path):
    import numpy as np

    begun = {"seed": 3, "env": "tiny-v1"}
    file = checkpoint.keep_state(tmp_path / "a.state.npz", {"net/w": np.arange(3), "seen": np.array(7)}, begun)
    back = checkpoint.read_state(file, begun)
    assert back["net/w"].tolist() == [0, 1, 2] and back["seen"] == 7
    with pytest.raises(ValueError, match="begun with seed = 3, not 4"):
        checkpoint.read_state(file, begun | {"seed": 4})
    with pytest.raises(ValueError, match="state of a training that was cut off"):
        checkpoint.read_state(tmp_path / "nowhere.npz", begun)


def test_the_shelf_is_listed_whole_and_only_what_can_be_resumed_is(command):
    from adaptlearn.agents.shelf import names

    rows = json.loads(command("agents", "format=json")[1])
    assert [row["agent"] for row in rows] == names()
    status, _, said = command("train", "agent=linear", "env=tiny-v1", "resume=true", "track=false")
    assert status == 2 and "needed one that does, e.g. agent=ppo" in said


def test_a_training_that_is_killed_goes_on_to_the_same_weights(tmp_path, killed, command):
    def words(to):
        small = {"decisions": 2048, "rows": 32, "steps": 8, "check": 1}
        settings = [f"agent.settings.{key}={value}" for key, value in small.items()]
        return ["train", "agent=ppo", "env=tiny-v1", "track=false", "learners=64", "held_out=64", f"to={to}", *settings]

    cut, whole = tmp_path / "cut.npz", tmp_path / "whole.npz"
    killed("checkpoint", "keep_state", 3, *words(cut))
    assert (tmp_path / "cut.state.npz").exists() and checkpoint.read(cut), "what was best so far is whole"
    status, _, said = command(*words(cut), "resume=true")
    assert status == 0, said
    assert command(*words(whole))[0] == 0
    assert cut.read_bytes() == whole.read_bytes()
    assert not list(tmp_path.glob("*state*"))


def test_a_kept_agent_is_fitted_where_it_was_trained_and_nowhere_else(tmp_path, command):
    from adaptlearn.agents.shelf import build
    from adaptlearn.core.world import load

    file, world = tmp_path / "linear.npz", load("tiny-v1")
    about = {"world": "tiny-v1", "law": "bkt", "meshing": "null", "catalogue": "usual_error", "seed": 1}
    checkpoint.save(file, build("linear", world), "linear", {}, about)
    said = command("evaluate", "env=tiny-v1", f"agents=[{file},mastery]", "learners=32", "format=json")[1]
    fitted = [(row["policy"], row["law"], row["meshing"]) for row in json.loads(said) if row["origin"] == "fitted in"]
    assert fitted == [("linear", "bkt", "null")]
    assert checkpoint.trained_in(file, load("practice-v1")) == {}


@pytest.mark.parametrize(
    ("world", "says"), [("tiny-v1", "was trained on tiny-v1"), ("onboarding-v1", "holds other weights")]
)
def test_weights_that_do_not_fit_are_refused_by_why(tmp_path, world, says):
    """Of another world, or, where it says that it was this one, of another release."""
    from adaptlearn.agents.shelf import build
    from adaptlearn.core.world import load

    file = tmp_path / "agent.npz"
    checkpoint.save(file, build("ppo", load("tiny-v1")), "ppo", {}, {"world": world})
    with pytest.raises(ValueError, match=says):
        checkpoint.load(file, load("onboarding-v1"))
