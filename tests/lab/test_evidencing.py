"""``adaptlearn evidence``: a table of trials, its status, and its place in a page that keeps all else."""

import json

import pytest

from adaptlearn.evaluation.evidence_page import BEGIN, END
from adaptlearn.lab import evidencing
from adaptlearn.lab.main import main

FEW = ["evidence", "env=tiny-v1", "learners=200"]


def run(*words, only="half_life"):
    with pytest.raises(SystemExit) as done:
        main([*FEW, f"only=[{only}]", *words])
    return done.value.code


def test_its_status_says_whether_a_fitted_effect_is_outside(capsys):
    code = run("format=json", only="half_life,feedback_correct")
    rows = json.loads(capsys.readouterr().out)
    assert {row["contrast"] for row in rows} == {"half_life", "feedback_correct"}
    assert code == int(any(row["standing"] == "fitted" and not row["inside"] for row in rows))
    told = evidencing.line(rows[0])
    assert told["published"] == f"{rows[0]['low']:g} to {rows[0]['high']:g}" and told["effect"] == rows[0]["effect"]


def test_a_page_keeps_all_but_its_part_on_evidence_and_is_written_again_alike(tmp_path, capsys):
    page = tmp_path / "card.md"
    page.write_text(f"# A world\n\nBefore.\n\n{BEGIN}\nold\n{END}\n\nAfter.\n")
    run(f"into={page}")
    first = page.read_text()
    assert first.startswith("# A world\n\nBefore.\n") and first.endswith("\nAfter.\n") and "old" not in first
    assert "| half_life |" in first and "`adaptlearn evidence env=tiny-v1 learners=200 only=[half_life]`" in first
    run(f"into={page}")
    assert page.read_text() == first
    fresh = tmp_path / "fresh.md"
    run(f"into={fresh}")
    assert fresh.read_text().startswith("# tiny-v1\n") and BEGIN in fresh.read_text()


def test_an_unknown_effect_is_refused_with_the_known_ones(capsys):
    assert run(only="half_lives") != 0
    assert "half_life" in capsys.readouterr().err
