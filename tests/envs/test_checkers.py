"""Gymnasium's and Stable-Baselines3's own checkers agree that these are environments; MaskablePPO learns in them."""

import importlib.util
import warnings
from pathlib import Path
from types import ModuleType

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env as gymnasium_check

from adaptlearn.envs.registry import register

register()
DECIDES = ("assign", "offer", "self")


@pytest.mark.parametrize("decides", DECIDES)
@pytest.mark.parametrize("name", ["adaptlearn/Tiny-v1", "adaptlearn/Onboarding-v1"])
def test_gymnasium_is_content_without_a_single_warning(name: str, decides: str) -> None:
    env = gymnasium.make(name, decides=decides)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gymnasium_check(env.unwrapped)


@pytest.mark.parametrize("decides", DECIDES)
def test_stable_baselines_is_content(decides: str) -> None:
    checker = pytest.importorskip("stable_baselines3.common.env_checker")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        checker.check_env(gymnasium.make("adaptlearn/Tiny-v1", decides=decides).unwrapped)


@pytest.fixture
def one_thread() -> None:
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)  # two of them collapse where another process holds a core


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("decides", ["assign", "offer"])
def test_maskable_ppo_trains_on_single_environments(decides: str) -> None:
    contrib = pytest.importorskip("sb3_contrib")
    env = gymnasium.make("adaptlearn/Tiny-v1", decides=decides, seed=0)
    model = contrib.MaskablePPO("MlpPolicy", env, n_steps=128, batch_size=64, n_epochs=1, seed=0, device="cpu")
    model.learn(512)
    view, info = env.reset(seed=1)
    action, _ = model.predict(view, action_masks=env.unwrapped.action_masks(), deterministic=True)  # type: ignore[attr-defined]
    assert info["action_mask"][np.atleast_1d(action)].all()


@pytest.mark.usefixtures("one_thread")
def test_maskable_ppo_trains_on_the_vector_environment() -> None:
    contrib = pytest.importorskip("sb3_contrib")
    envs = adapter().SB3VecEnv("adaptlearn/Tiny-v1", 8, reward="assessed")
    model = contrib.MaskablePPO("MlpPolicy", envs, n_steps=64, batch_size=128, n_epochs=1, seed=0, device="cpu")
    model.learn(2048)
    assert len(model.ep_info_buffer) > 20
    assert all(np.isfinite(life["r"]) and 0 < life["l"] < 200 for life in model.ep_info_buffer)


def adapter() -> ModuleType:
    file = Path(__file__).parents[2] / "benchmarks" / "_sb3.py"
    spec = importlib.util.spec_from_file_location("_sb3", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
