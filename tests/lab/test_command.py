"""The command: help at once, errors in one line with exit status 2, tables as JSON, configs that compose."""

import json
import subprocess
import sys

import pytest

from adaptlearn.core import shelf
from adaptlearn.lab import checkpoint, compose, main
from adaptlearn.lab.tables import cell


def adaptlearn(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "adaptlearn.lab.main", *words], capture_output=True, text=True, check=False
    )


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
        (("worlds", "env=nowhere"), "needed an existing path"),
        (("calibrate",), "log="),
        (("trace",), "log="),
        (("trace", "log=nowhere.csv"), "nowhere.csv"),
        (("recommend", "bundle=nowhere"), "needed a bundle's folder"),
    ],
)
def test_what_the_caller_can_mend_is_one_message_and_status_two(words, says):
    done = adaptlearn(*words)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_any_table_comes_as_json():
    rows = json.loads(adaptlearn("worlds", "format=json").stdout)
    assert {row["world"] for row in rows} == set(shelf.names("envs"))


@pytest.mark.parametrize("verb", main.VERBS)
def test_every_verb_composes_to_its_dataclass(verb):
    from importlib import import_module

    module = import_module(f"adaptlearn.{main.VERBS[verb].module}")
    assert isinstance(compose.compose(verb, module.Config, []), module.Config)


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
