"""The table of claims: every benchmark has a place in it, whatever becomes of the benchmark."""

import ast
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

HOME = Path(__file__).parents[1] / "benchmarks"
SCRIPTS = sorted(path for path in HOME.glob("*.py") if not path.stem.startswith("_"))
SAYS = """
    import sys, time
    sys.path.insert(0, {home!r})
    from _claims import exactly, least, most, say, sized, unknown
"""


def written(folder: Path, **scripts: str) -> Path:
    """A folder of made-up benchmarks.   name -> what it does"""
    for name, does in scripts.items():
        head = "\n".join(line.strip() for line in SAYS.format(home=str(HOME)).splitlines())
        (folder / f"{name}.py").write_text(f'"""Claim: {name} holds."""\n{head}\n{does}\n', "utf-8")
    return folder


def started(folder: Path, *words: str) -> "subprocess.Popen[str]":
    words = (sys.executable, str(HOME), *words, "--folder", str(folder), "--to", str(folder / "out" / "table.md"))
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def table(folder: Path) -> dict[str, list[str]]:
    """Rows by claim: benchmark, figure, target, verdict."""
    text = (folder / "out" / "table.md").read_text("utf-8")
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    return {row[1]: [row[0], *row[2:]] for row in cells[2:]}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_benchmark_says_what_it_shows_and_speaks_the_common_way(script: Path) -> None:
    """Whatever is only printed has no row in the table."""
    tree = ast.parse(script.read_text("utf-8"))
    told = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "_claims"]
    assert (ast.get_docstring(tree) or "").splitlines()[0].strip()
    assert {"say"} <= {name.name for node in told for name in node.names}


def test_every_claim_has_a_row_and_a_failure_has_its_reason(tmp_path: Path) -> None:
    folder = written(
        tmp_path,
        fast='say("a", most("quick enough", 2.0, 2.2), least("often enough", 1.0, 1.8), ns=3.0)',
        whole='print("chatter"); say("b", exactly("lost", 0, 0), unknown("on a card", ">= 9", "a graphics card"))',
        broken='say("c", most("before it broke", 1, 2)); sys.exit("no such log; needed one")',
        endless="time.sleep(60)",
    )
    done = started(folder, "--limit", "0.05")
    out, _ = done.communicate(timeout=120)
    rows = table(folder)
    assert done.returncode == 1 and (folder / "out" / "table.md").read_text("utf-8") in out
    assert rows["quick enough"] == ["fast", "2", "<= 2.2", "met"]
    assert rows["often enough"] == ["fast", "1", ">= 1.8", "NOT met"]
    assert rows["lost"] == ["whole", "0", "= 0", "met"]
    assert rows["on a card"] == ["whole", "-", ">= 9", "needs a graphics card"]
    assert rows["before it broke"][-1] == "met" and rows["broken holds."][-1] == "FAILED: no such log; needed one"
    assert rows["endless holds."][-1] == "FAILED: ended after 0.05 minutes"
    lines = [json.loads(line) for line in (folder / "out" / "table.jsonl").read_text("utf-8").splitlines()]
    assert "Machine" in lines[0]["machine"] and [line["benchmark"] for line in lines[1:]] == [
        "broken", "broken", "endless", "fast", "whole"]  # fmt: skip


def test_an_interrupted_run_keeps_what_was_measured_and_leaves_nothing_running(tmp_path: Path) -> None:
    folder = written(
        tmp_path,
        a='say("a", most("measured", 1, 2))',
        b=f'import os; open({str(tmp_path / "pid")!r}, "w").write(str(os.getpid())); '
        'say("b", most("half way", 1, 2)); time.sleep(60)',
    )
    run = started(folder)
    lines = folder / "out" / "table.jsonl"
    while not (lines.exists() and "half way" in lines.read_text("utf-8")):
        assert run.poll() is None
        time.sleep(0.02)
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=120)
    assert run.returncode == 130
    assert table(folder).keys() == {"measured", "half way"}
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_quick_sizes_decide_nothing(tmp_path: Path) -> None:
    folder = written(tmp_path, a='say("a", most("sized", sized(9.0, 3.0), 1.0))')
    done = started(folder, "quick")
    done.communicate(timeout=120)
    assert done.returncode == 0 and table(folder)["sized"] == ["a", "3", "<= 1", "runs"]


def test_an_unknown_benchmark_is_refused_by_name(tmp_path: Path) -> None:
    done = started(written(tmp_path, a="pass"), "b")
    _, trouble = done.communicate(timeout=120)
    assert done.returncode == 1 and "no benchmark b; needed some of a" in trouble
