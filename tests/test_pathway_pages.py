"""Every idea of the pathway has a page, and what stands there runs as it stands."""

import re
from pathlib import Path

import pytest

from adaptlearn.lab import main

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("pathway-*.md"))
WHY = (ROOT / "docs" / "pathway-why.md").read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_the_examples_of_a_page_run_in_order(page, capsys):
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert blocks, f"{page.name} has no example"
    space: dict[str, object] = {"__name__": "__main__"}
    for number, block in enumerate(blocks):
        exec(compile(block, f"{page.name}[{number}]", "exec"), space)
    assert "nan" not in capsys.readouterr().out


@pytest.mark.parametrize("line", re.findall(r"^    adaptlearn (.+)$", WHY, re.MULTILINE))
def test_the_commands_of_the_page_run(line, capsys):
    assert main.main(line.split()) in (0, None), capsys.readouterr().err


@pytest.mark.parametrize("idea", ["motive", "stated", "evidenced", "destination", "transfer", "pilot", "scale"])
def test_every_idea_of_this_page_has_a_heading(idea):
    assert any(idea in heading.casefold() for heading in re.findall(r"^## (.+)$", WHY, re.MULTILINE)), idea
