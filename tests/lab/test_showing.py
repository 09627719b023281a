"""``adaptlearn show``: what can be shown is shown in the terminal and kept as a picture; what cannot says why."""

import json

import pytest

QUICK = ["env=tiny-v1", "format=json"]


@pytest.mark.parametrize("what", [["learner"], ["world"], ["world", "learner=3"], ["policy", "learners=12"]])
def test_a_picture_is_kept_and_its_numbers_are_told(what, command, tmp_path):
    for end, begins in (("svg", b"<svg"), ("png", b"\x89PNG")):
        code, out, _ = command("show", *what, *QUICK, f"to={tmp_path / 'picture'}.{end}")
        assert code == 0 and json.loads(out)
        assert (tmp_path / f"picture.{end}").read_bytes().startswith(begins)


def test_a_table_of_gains_is_drawn_by_any_of_its_columns(command, tmp_path):
    file = tmp_path / "gains.csv"
    file.write_text(
        "policy,law,gain,half\nsyllabus,bkt,,\nmastery,bkt,0.03,0.01\nmastery,workplace,0.08,0.01\n", "utf-8"
    )
    code, out, _ = command("show", "gains", str(file), "by=law", f"to={tmp_path}/gains.svg")
    assert code == 0 and "Gains over syllabus" in out and "+0.0800 ± 0.0100" in out
    code, _, err = command("show", "gains", str(file))
    assert code == 2 and "needed meshing" in err


def test_the_curves_of_a_run_are_those_it_told(command, tmp_path, store):
    command("train", "agent=linear", "env=tiny-v1", "learners=32", "+agent.settings.rounds=3", "track=true",
            f"store={store}", f"to={tmp_path}/agent.npz")  # fmt: skip
    code, out, err = command("show", "run", f"store={store}", f"to={tmp_path}/run.svg")
    assert code == 0, err
    assert "rounds" in out and (tmp_path / "run.svg").read_text("utf-8").startswith("<svg")


def test_branches_are_told_fork_by_fork(command, tmp_path):
    """Everybody who comes to a fork goes one way; what is told of an untaught one is the author's order."""
    few = [f"+agent.settings.{word}" for word in ("forks=2", "every=2", "paces=2", "levels=2", "rounds=1",
                                                  "neighbours=20", "learners=32")]  # fmt: skip
    file = f"{tmp_path}/branching.npz"
    assert command("train", "agent=branching", "env=tiny-v1", *few, "learners=32", "track=false", f"to={file}")[0] == 0
    code, out, err = command("show", "branches", *QUICK, f"agent={file}", "learners=400")
    assert code == 0, err
    rows = json.loads(out)
    assert {row["after"] for row in rows} == {0, 2}
    for after in (0, 2):
        assert sum(row["of_100"] for row in rows if row["after"] == after) == pytest.approx(100, abs=2)
    assert all(row["next"] for row in rows)
    code, _, err = command("show", "branches", *QUICK, f"agent={file}", "learners=9000")
    assert code == 2 and "needed 8192 or fewer" in err
    code, _, err = command("show", "branches", *QUICK, f"agent={file}", f"to={tmp_path}/b.svg")
    assert code == 2 and "branches are words, not a picture" in err


@pytest.mark.parametrize(("words", "told"), [
    (["banana"], "needed one of learner, world, policy, branches, run, gains"),
    (["learner", "to=picture.pdf"], ".svg or .png"),
    (["branches", "env=tiny-v1"], "agent mastery has no branches; needed a branching programme"),
    (["world", "env=tiny-v1", "role=nobody"], "needed one of"),
    (["gains", "nothing.csv"], "no table"),
])  # fmt: skip
def test_what_cannot_be_shown_says_what_can(words, told, command):
    code, _, err = command("show", *words)
    assert code == 2 and told in err
