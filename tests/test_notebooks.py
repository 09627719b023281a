"""Every notebook runs from its first cell to its last, and is kept without outputs."""

import json
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_runs_and_is_stripped(path):
    cells = [cell for cell in json.loads(path.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]
    assert len(cells) <= 40
    space: dict[str, object] = {"__name__": "__main__"}
    for number, cell in enumerate(cells):
        assert not cell["outputs"] and cell["execution_count"] is None, f"cell {number} carries outputs"
        exec(compile("".join(cell["source"]), f"{path.name}[{number}]", "exec"), space)
