"""A fit that is made the default: the text of a law is its only home, and nothing else in it moves."""

import runpy
import shutil
import tomllib
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from adaptlearn.evaluation import adopting, evidence
from adaptlearn.evaluation.fitting import Fit, Free
from adaptlearn.laws import behaviour, workplace

VALUES = {"eta": 0.271, "k_peer": 0.5, "leave_scale": 61.5}
FREE = (Free("eta", 0.25, 0.5, "log", "said so"), Free("leave_scale", 65.0, 0.3, "log", "said so", "behaviour"))


@pytest.fixture
def rules(tmp_path):
    """Copies of a law and of behaviour, which a fit may write into."""
    for module in (workplace, behaviour):
        shutil.copy(module.__file__, tmp_path)
    copies = [ModuleType(name) for name in ("workplace", "behaviour")]
    for copy in copies:
        copy.__file__ = str(tmp_path / f"{copy.__name__}.py")
    yield SimpleNamespace(law=copies[0], behaviour=copies[1])
    evidence.fit_record.cache_clear()


def text(part):
    return Path(part.__file__).read_text("utf-8")


def fit(half=False, **values):
    return Fit(VALUES | values, FREE, {"k_peer": "peer"}, ("peer",), ("quiz",), {"quiz": 0.51}, 1.25, 0.5, 40, 4000, 97,
               "tiny-v1 1.0", half)  # fmt: skip


def test_defaults_become_what_was_fitted_and_no_other_line_moves(rules):
    before = {part: text(part) for part in (rules.law, rules.behaviour)}
    written = adopting.adopt(fit(), rules, "adaptlearn evidence fit=true")
    assert [file.name for file in written] == ["workplace.fit.toml", "workplace.py", "behaviour.py"]
    now = [runpy.run_path(part.__file__)["Params"]() for part in before]
    assert (now[0].eta, now[0].k_peer, now[1].leave_scale) == (0.271, 0.5, 61.5)
    assert now[0]._replace(eta=0, k_peer=0) == workplace.Params()._replace(eta=0, k_peer=0)
    for part, moved in ((rules.law, {"eta", "k_peer"}), (rules.behaviour, {"leave_scale"})):
        lines = zip(before[part].splitlines(), text(part).splitlines(), strict=True)
        assert {old.split(":")[0].strip() for old, new in lines if old != new} == moved


def test_the_record_says_what_was_done_and_is_read_back(rules):
    adopting.adopt(fit(), rules, "adaptlearn evidence hold_out=[peer] fit=true")
    record = evidence.fit_record(rules.law)
    assert record["fit"]["command"] == "adaptlearn evidence hold_out=[peer] fit=true"
    assert record["fit"]["held_out"] == ["peer"] and record["converted"] == {"k_peer": "peer"}
    assert record["constants"]["law"] | record["constants"]["behaviour"] == VALUES
    assert record["constants"]["behaviour"] == {"leave_scale": 61.5} and record["effects"] == {"quiz": 0.51}


def test_a_fit_to_half_effects_is_written_down_and_changes_no_default(rules):
    before = text(rules.law)
    (written,) = adopting.adopt(fit(half=True), rules, "adaptlearn evidence half=true fit=true")
    assert written.name == "workplace.half.toml" and tomllib.loads(written.read_text("utf-8"))["fit"]["half"] is True
    assert text(rules.law) == before
    assert evidence.fit_record(rules.law, half=True)["constants"]["law"]["eta"] == 0.271


def test_a_constant_without_a_home_is_refused_and_named(rules):
    with pytest.raises(ValueError, match=r"workplace.py: 0 lines give wonder a default; needed one, e.g. wonder"):
        adopting.adopt(fit(wonder=1.0), rules, "adaptlearn evidence fit=true")
