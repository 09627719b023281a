"""An installed wheel works in a folder that knows nothing of the checkout."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENTER = """
import sys
sys.path = [place for place in sys.path if place != {!r}]
from adaptlearn.lab.main import main
main()
""".format(str(ROOT / "src"))


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The wheel of this checkout, unpacked into a folder of its own."""
    home = tmp_path_factory.mktemp("wheel")
    build = ["hatchling", "build", "-t", "wheel", "-d", str(home)]
    install = ["pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check", "--target", str(home / "site")]
    for command in (build, install):
        words = command if command is build else [*command, str(next(home.glob("*.whl")))]
        done = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return home / "site"


def run(installed: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(installed)}
    return subprocess.run([sys.executable, "-c", ENTER, *words], cwd=folder, env=env, capture_output=True, text=True)


def test_a_verb_runs_and_writes_beside_itself_only(installed, tmp_path):
    done = run(installed, tmp_path, "simulate", "env=tiny-v1", "learners=32", "agent=random", "log=log.parquet")
    assert done.returncode == 0, done.stderr
    assert "goal" in done.stdout
    assert [p.name for p in tmp_path.iterdir()] == ["log.parquet"]


def test_choices_and_worlds_travel_with_it(installed, tmp_path):
    done = run(installed, tmp_path, "train", "--help")
    assert all(word in done.stdout for word in ("onboarding-v1", "thrifty", "launcher"))
    done = run(installed, tmp_path, "train", "--cfg", "job", "agent=linear", "tracking=server")
    assert "store: http://127.0.0.1:5000" in done.stdout, done.stderr
