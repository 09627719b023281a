"""What a wheel carries, and that an editable install carries no copy of it."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHELVES = ("envs", "agents", "configs")


def build(folder: Path, how: str) -> list[str]:
    """The names inside a wheel built from this checkout, ``standard`` or ``editable``."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", f"wheel:{how}", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return zipfile.ZipFile(next(folder.glob("*.whl"))).namelist()


@pytest.mark.parametrize("shelf", [name for name in SHELVES if (ROOT / name).is_dir()])
def test_the_wheel_carries_every_thing_on_the_shelf(shelf, tmp_path):
    listed = {p.relative_to(ROOT).as_posix() for p in (ROOT / shelf).glob("*-v*/*.toml")}
    names = build(tmp_path, "standard")
    shipped = {name.removeprefix("adaptlearn/_shipped/") for name in names if name.startswith("adaptlearn/_shipped/")}
    assert any(name.startswith(f"{shelf}/") for name in shipped)
    assert listed <= shipped
    assert "adaptlearn/envs/registry.py" in names and not any("_shipped/src" in name for name in names)


def test_an_editable_install_is_a_path_and_no_copy(tmp_path):
    names = build(tmp_path, "editable")
    assert [name for name in names if ".dist-info" not in name] == ["_adaptlearn.pth"]
