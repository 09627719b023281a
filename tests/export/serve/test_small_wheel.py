"""The small wheel with its extra is the service: without the laboratory, from the same files."""

import json
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import fastapi
import numpy
import pytest

from adaptlearn.export import serve

ROOT = Path(__file__).resolve().parents[3]
SERVE = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
from adaptlearn_serve.__main__ import main
from adaptlearn_serve.app import create_app
from adaptlearn_serve.keys import Keys
from adaptlearn_serve.settings import Settings
from fastapi.testclient import TestClient
database = "database=" + sys.argv[3]
assert main(["promote", sys.argv[2], database]) == 0
app = create_app(Settings(sys.argv[3]))
key = Keys(app.state.store).make("acme", ("recommend", "read", "erase", "correct"))
with TestClient(app, headers={"Authorization": "Bearer " + key}) as client:
    who = {"learner": "u-1", "profile": {"role": "counter", "weekly_minutes": 90}}
    said = client.post("/recommend", json=who).json()
    page = client.get(client.post("/learners/link", json={"learner": "u-1"}).json()["path"])
    assert page.status_code == 200 and "u-1" in page.text
codes = [main(["replay", said["decision"], database]), main(["learner", "erase", "u-1", database])]
print(json.dumps([said["learner"], codes, [name for name in sys.modules if name.split(".")[0] == "adaptlearn"]]))
"""


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The wheel as pip puts it into a folder."""
    where = tmp_path_factory.mktemp("small")
    with zipfile.ZipFile(wheel) as held:
        held.extractall(where / "installed")
    return where / "installed"


def test_the_wheel_holds_the_folder_and_no_copy(installed):
    for file in Path(serve.__file__).parent.glob("*.*"):
        assert (installed / "adaptlearn_serve" / file.name).read_bytes() == file.read_bytes(), file.name


def test_one_extra_stands_in_both_wheels(installed):
    about = next(installed.glob("*.dist-info"))
    needs = [line for line in (about / "METADATA").read_text().splitlines() if line.startswith("Requires-Dist")]
    small = {line.partition(": ")[2].partition(";")[0].replace(" ", "") for line in needs if "extra ==" in line}
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["serve"]
    assert small == {line.partition(";")[0].strip() for line in extra}


def test_the_wheel_alone_serves(installed, bundles, tmp_path):
    """A Python that sees the wheel and what it needs; -I and -S keep the checkout out."""
    beside = {str(Path(package.__file__).parents[1]) for package in (numpy, fastapi)} | {
        path for path in sys.path if path.endswith("site-packages")
    }
    words = [json.dumps([str(installed), *beside]), str(bundles["one"]), f"sqlite:///{tmp_path}/serve.db"]
    alone = [sys.executable, "-I", "-S", "-c", SERVE, *words]
    done = subprocess.run(alone, capture_output=True, text=True, cwd=tmp_path,
                          check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    learner, codes, inside = json.loads(done.stdout.splitlines()[-1])
    assert (learner, codes, inside) == ("u-1", [0, 0], [])
