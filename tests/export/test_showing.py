"""A person can hold a bundle against its promises, see what it is, and see where two differ."""

import json
import shutil
from dataclasses import replace

import pytest

from adaptlearn.core.catalogue import Rules
from adaptlearn.export import bundle
from adaptlearn.export.runtime import Refused, showing
from adaptlearn.export.runtime.__main__ import main as alone
from adaptlearn.lab import main


@pytest.fixture(scope="module")
def folder(tiny, small, tmp_path_factory):
    return bundle.write(small, tiny, tmp_path_factory.mktemp("agents") / "bundle")


def command(*words):
    with pytest.raises(SystemExit) as stop:
        main.main(["bundle", *words])
    return stop.value.code


def test_check_says_what_held_and_which_file_did_not(folder, tmp_path, capsys):
    assert command("check", str(folder)) == 0
    assert "24 of 24 decided again" in capsys.readouterr().out
    spoiled = shutil.copytree(folder, tmp_path / "spoiled")
    (spoiled / "rules.toml").write_text("[rules]\n")
    assert command("check", str(spoiled)) == 2
    assert "rules.toml" in capsys.readouterr().err


def test_show_names_policy_world_and_seal(folder, capsys):
    assert command("show", str(folder), "format=json") == 0
    told = {row["what"]: row["value"] for row in json.loads(capsys.readouterr().out)}
    assert told["policy"].startswith("small 1") and "tiny-v1" in told["world"] and len(told["seal"]) == 16


def test_diff_finds_what_was_changed_and_nothing_else(folder, tiny, small, make_small, tmp_path, capsys):
    assert command("diff", str(folder), str(shutil.copytree(folder, tmp_path / "same"))) == 0
    assert "the same bytes" in capsys.readouterr().out
    ruled = bundle.write(small, replace(tiny, rules=Rules(live_per_week=1)), tmp_path / "ruled")
    rows = showing.differences(folder, ruled)
    assert [(row["file"], row["field"]) for row in rows if row["file"] == "rules.toml"] == [
        ("rules.toml", "live_per_week")
    ]
    assert rows[-1]["second"] == "24 of them alike" and not any(row["file"] == "policy.onnx" for row in rows)
    other = bundle.write(make_small(len(tiny.skills), seed=1), tiny, tmp_path / "other")
    assert command("diff", str(folder), str(other)) == 1
    text = capsys.readouterr().out
    assert "policy.onnx" in text and "24 of them alike" not in text


def test_a_slip_of_the_pen_is_said_with_the_nearest_word(folder, capsys):
    assert command("chekc", str(folder)) == 2 and "bundle check PATH" in capsys.readouterr().err
    assert command("diff", str(folder)) == 2 and "two bundles" in capsys.readouterr().err


def test_the_wheel_has_the_same_verbs_of_its_own(folder, tmp_path, capsys):
    assert alone(["check", str(folder)]) == 0 and "24 of 24" in capsys.readouterr().out
    assert alone(["--json", "show", str(folder)]) == 0 and json.loads(capsys.readouterr().out)
    assert alone(["diff", str(folder), str(folder)]) == 0
    assert alone(["check", str(tmp_path)]) == 2 and "SHA256SUMS" in capsys.readouterr().err
    with pytest.raises(Refused):
        showing.shown(tmp_path)
