"""``adaptlearn laws``: every law tells where it comes from, what it keeps, and the page says the same."""

import json
import re
from pathlib import Path

import pytest

from adaptlearn.lab import laws
from adaptlearn.lab.compose import compose
from adaptlearn.laws.shelf import OWN, law

PAGE = Path(__file__).parents[2] / "docs" / "laws.md"


@pytest.mark.parametrize("name", OWN)
def test_a_law_states_equations_source_and_states(name):
    text = laws.section(name, law(name))
    assert re.search(r"^    \S.*[=<]", text, re.MULTILINE), "no equation: needed an indented line in the docstring"
    assert re.search(r"\b(19|20)\d\d\b", law(name).__doc__), "no source: needed author and year in the docstring"
    states = laws.fields_of(law(name), "Mind")
    assert [state for state, _, _ in states] == list(law(name).Mind._fields)
    assert all(said for _, _, said in states) or name == "dash"  # whose four scales are one sentence


@pytest.mark.parametrize("name", ["efc", "kss", "tms", "dkt"])
def test_a_student_of_the_field_says_where_it_differs(name):
    assert "unlike there" in law(name).__doc__


@pytest.mark.parametrize("name", OWN)
def test_defaults_shown_are_the_defaults(name):
    shown = {what: float(value) for kind in ("Params", "Judged") for what, value, _ in laws.fields_of(law(name), kind)}
    assert shown.items() <= law(name).Params()._asdict().items()
    assert len(shown) == len(law(name).Params._fields) or hasattr(law(name), "WEIGHTS")


def test_the_page_is_as_the_laws_say():
    text = PAGE.read_text("utf-8")
    assert laws.inserted(text, {name: law(name) for name in OWN}) == text, "needed: adaptlearn laws into=docs/laws.md"
    for name in OWN:
        assert f"| `{name}` |" in text


def test_the_verb_lists_tells_and_writes(capsys, tmp_path):
    def run(*words):
        laws.run(compose("laws", laws.Config, list(words)))
        return capsys.readouterr().out

    rows = {row["law"]: row for row in json.loads(run("format=json"))}
    assert list(rows) == list(OWN) and rows["kss"]["states"] == "state" and rows["workplace"]["evidence"]
    assert "from none" in run("law=tms")
    page = tmp_path / "page.md"
    texts = [(run("law=efc", f"into={page}"), page.read_text("utf-8"))[1] for _ in range(2)]
    assert texts[0] == texts[1] and texts[0].count("### `efc`") == 1 and "### `kss`" not in texts[0]
