"""Names become rules and environments; a name that is not known is answered with those that are."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from adaptlearn.core.refusal import Refusal
from adaptlearn.core.shelf import names, where
from adaptlearn.envs import rewards
from adaptlearn.envs.registry import env_id, register, reward_named, rules

register()
TINY = "adaptlearn/Tiny-v1"


def test_every_world_on_the_shelf_has_an_id() -> None:
    assert env_id("tiny-v1") == TINY and env_id("two-words-v12") == "adaptlearn/TwoWords-v12"
    for folder in names("envs"):
        spec = gymnasium.spec(env_id(folder))
        assert spec.kwargs == {"world": folder} and spec.to_json()


def test_a_folder_of_ones_own_is_a_world() -> None:
    mine, shipped = gymnasium.make("adaptlearn/World-v1", world=str(where("tiny-v1"))), gymnasium.make(TINY)
    np.testing.assert_array_equal(mine.reset(seed=1)[0], shipped.reset(seed=1)[0])
    assert mine.observation_space == shipped.observation_space
    many = gymnasium.make_vec("adaptlearn/World-v1", num_envs=2, world=Path(where("tiny-v1")))
    assert many.reset(seed=1)[0].shape == (2, *mine.observation_space.shape)


def test_registering_twice_says_nothing_and_imports_nothing_heavy() -> None:
    code = (
        "import sys, warnings; warnings.simplefilter('error')\n"
        "from adaptlearn.envs.registry import register; register(); register()\n"
        "heavy = {'numba', 'torch', 'pyro', 'hydra', 'mlflow', 'adaptlearn.classroom'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_machine_without_gymnasium_is_left_alone() -> None:
    code = "import sys; sys.modules['gymnasium'] = None\nfrom adaptlearn.envs.registry import register; register()"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


UNKNOWN = [
    {"lwa": "bkt"}, {"law": "bk"}, {"meshing": "nul"}, {"catalogue": "usual"}, {"reward": "lerning"},
    {"decides": "asign"}, {"world": "tiny"}, {"reward_params": {"gaol": 1.0}}, {"law_params": {"x": 1.0}},
]  # fmt: skip


@pytest.mark.parametrize("terms", UNKNOWN, ids=lambda terms: next(iter(terms)))
@pytest.mark.parametrize("maker", [gymnasium.make, gymnasium.make_vec])
def test_an_unknown_word_is_answered_with_found_needed_and_an_example(maker: Any, terms: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"(?s)needed.*e\.g\.") as refused:
        maker(TINY, **terms)
    value = next(iter(terms.values()))
    found = next(iter(value)) if isinstance(value, dict) else next(iter(terms)) if "lwa" in terms else value
    assert repr(found) in str(refused.value)


def test_arguments_of_the_other_face_and_missing_worlds_are_refused() -> None:
    with pytest.raises(Refusal, match="'copy'"):
        gymnasium.make(TINY, copy=False)
    with pytest.raises(Refusal, match="'render_mode'"):
        gymnasium.make_vec(TINY, render_mode="ansi")
    with pytest.raises(Refusal, match="found nothing; needed a world"):
        gymnasium.make("adaptlearn/World-v1")


def test_rewards_are_one_text_with_other_weights() -> None:
    assert reward_named("learning") is reward_named("assessed") is rewards
    assert rules("tiny-v1", reward="assessed").reward_params == rewards.Params(goal=0.0, assessed=1.0)
    priced = rules("tiny-v1", reward="assessed", reward_params={"per_minute": 0.5}).reward_params
    assert priced == rewards.Params(goal=0.0, assessed=1.0, per_minute=0.5)
    assert rules("tiny-v1", reward_params=rewards.Params(per_cost=1.0)).reward_params.per_cost == 1.0


def test_the_assessed_reward_is_what_the_record_came_to_believe() -> None:
    env = gymnasium.make(TINY, reward="assessed", reward_params={"per_minute": 0.01})
    room = env.unwrapped.room  # type: ignore[attr-defined]
    env.reset(seed=3)
    before, total, ended = float(room.now("assessed")[0]), 0.0, False
    while not ended:
        _, reward, left, over, _ = env.step(env.action_space.sample(room.mask[0].view(np.int8)))
        total, ended = total + reward, left or over
    expected = room.now("assessed")[0] - before - 0.01 * room.now("minutes")[0]
    assert total == pytest.approx(expected, abs=1e-4)


def test_terms_reach_the_classroom() -> None:
    env = gymnasium.make(TINY, law="bkt", meshing="contested", catalogue="careless", catalogue_seed=4, mandatory=False)
    room = env.unwrapped.room  # type: ignore[attr-defined]
    assert room.rules.law.__name__.endswith("bkt") and room.terms.beta > 0.5 and room.terms.mandatory == 0.0
    assert not np.array_equal(room.pack.acts, room.pack.shown)
