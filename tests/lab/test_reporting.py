"""``adaptlearn report``: four files from one command that they name and that gives them again; placebos retrained."""

import json

import pytest

from adaptlearn.lab.main import main

SMALL = [
    "report",
    "env=tiny-v1",
    "others=[]",
    "laws=[workplace]",
    "catalogues=[as_written]",
    "learners=48",
    "ensemble=0",
]
ENDS = ("html", "md", "json", "xlsx")


def written(folder, *words):
    with pytest.raises(SystemExit) as done:
        main([*SMALL, f"to={folder}", *words])
    assert done.value.code == 0
    return json.loads((folder / "report.json").read_text("utf-8"))


def test_four_files_and_the_command_that_made_them(tmp_path):
    told = written(tmp_path / "one", "meshings=[null]", "fixed=blocked")
    assert {file.name for file in (tmp_path / "one").iterdir()} == {
        f"report.{end}" for end in ("html", "md", "json", "xlsx")
    }
    sources = {part["source"]: part["left_out"] for part in told["parts"]}
    assert sources["order"] == "" and told["candidate"] == "mastery"
    assert [(row["policy"], row["law"], row["catalogue"]) for row in told["gains"]] == [
        ("mastery", "workplace", "usual_error"), ("mastery", "workplace", "as_written")]  # fmt: skip
    command = told["identity"]["command"].split()
    assert command[:2] == ["adaptlearn", "report"] and "fixed=blocked" in command and "learners=48" in command
    with pytest.raises(SystemExit):
        main([*command[1:], f"to={tmp_path / 'two'}"])
    pages = [(tmp_path / name / "report.html").read_bytes() for name in ("one", "two")]
    assert pages[0] == pages[1]


def test_other_constants_are_worlds_too_and_half_effects_come_first(tmp_path):
    told = written(tmp_path, "meshings=[null]", "catalogues=[usual_error]", "ensemble=1")
    assert [row.get("constants") for row in told["gains"]] == [None, "half effects"]
    assert {row["worst_column"] for row in told["robust"]} <= {"as shipped", "half effects"}


def test_an_agent_that_learns_is_retrained_on_the_placebo_and_says_fitted_in(tmp_path):
    settings = [
        f"agent.settings.{key}={value}"
        for key, value in (("rounds", 1), ("candidates", 3), ("elite", 2), ("learners", 16))
    ]
    told = written(tmp_path, "agent=linear", "meshings=[null]", *settings)
    meaning = {part["source"]: part["meaning"] for part in told["parts"]}
    assert all("retrained on" in meaning[source] for source in ("preference", "modality", "meshing"))
    assert [row["origin"] for row in told["gains"]] == ["fitted in", "emergent"]
    assert "agent.settings.rounds=1" in told["identity"]["command"]
