"""Choices: every file and every name composes and builds; what is misspelt is told the nearest right word."""

import os
import subprocess
import sys
from dataclasses import fields
from importlib import import_module

import pytest

from adaptlearn.agents import shelf as agents
from adaptlearn.lab import asking, choices, evaluating, pieces
from adaptlearn.lab.compose import Agent, Common, compose, configs
from adaptlearn.lab.main import VERBS, keyed
from adaptlearn.lab.simulating import Config
from adaptlearn.lab.training import Config as Training

SMALL = ["env=tiny-v1"]


def schema(verb: str) -> type:
    return import_module(f"adaptlearn.{VERBS[verb].module}").Config


OFFERED = [(group, name) for group in choices.GROUPS for name in choices.options(group, [configs()])
           if group not in ("launcher", "sweep")]  # fmt: skip


@pytest.mark.parametrize(("group", "name"), OFFERED, ids="=".join)
def test_every_option_composes_and_builds(group, name):
    verb = {"experiment": "evaluate"}.get(group, "simulate")
    words = [*(SMALL if group not in ("env", "debug") else []), f"{group}={name}"]
    config = compose(verb, schema(verb), words)
    rules = evaluating.worlds_of(config)[0][1] if verb == "evaluate" else pieces.rules_of(config)
    assert rules.world.skills
    if group == "agent":
        assert pieces.agent_of(config.agent, rules).name


@pytest.mark.parametrize("file", sorted(configs().glob("*/*.yaml")), ids=lambda f: f"{f.parent.name}={f.stem}")
def test_every_file_says_what_it_is_or_is_one_name_only(file):
    text = file.read_text("utf-8")
    assert file.parent.name in choices.GROUPS
    assert text.startswith("name: ") or text.startswith("# @package _global_\n# "), (
        "a line on what it is for is missing"
    )


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_of_a_world_takes_every_choice_of_one(verb):
    kind = schema(verb)
    if not issubclass(kind, Common):
        return
    words = ["env=tiny-v1", "law=bkt", "meshing=null", "catalogue=careless", "decides=self", "reward=thrifty"]
    config = compose(verb, kind, [*words, "population=null", "tracking=none", "debug=quick"])
    assert (config.env, config.law, config.meshing, config.decides) == ("tiny-v1", "bkt", "null", "self")
    assert config.reward_params == {"per_minute": 0.0002}
    assert config.debug and not config.track and config.population is None


def test_a_choice_of_ones_own_needs_no_file(tmp_path):
    from adaptlearn.core import shelf

    folder = shelf.where("tiny-v1")
    assert compose("simulate", Config, [f"env={folder}"]).env == str(folder)
    (tmp_path / "law").mkdir()
    (tmp_path / "law" / "clumsy.yaml").write_text("# @package _global_\nlaw: bkt\nlaw_params: {dose: 0.5}\n", "utf-8")
    config = compose("simulate", Config, ["--config-dir", str(tmp_path), "law=clumsy"])
    assert (config.law, config.law_params) == ("bkt", {"dose": 0.5})


def test_settings_are_open_and_null_is_a_name_among_names():
    config = compose("train", Training, ["agent=ppo", "agent.settings.rate=0.01", "law_params.slip=0.2"])
    assert config.agent == Agent("ppo", {"rate": 0.01})
    assert config.law_params == {"slip": 0.2}
    assert compose("evaluate", schema("evaluate"), ["meshings=[weak,null]"]).meshings == ["weak", "null"]


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("laww=bkt", r"laww is not a key; needed one of env, law, .* e\.g\. law="),
        ("agent.nme=ppo", r"agent\.nme is not a key; needed one of name, settings, e\.g\. agent\.name="),
        ("law=worplace", r"law=worplace is not known; .* e\.g\. law=workplace"),
        ("tracking=lokal", r"e\.g\. tracking=local"),
        ("learners=many", r"learners=many: needed int, e\.g\. learners=4096"),
        ("mandatory=perhaps", r"mandatory=perhaps: needed bool \| None, e\.g\. mandatory=null"),
        ("experiment=nul-world", "null-world"),
        ("law=their_law.law", r"needed e\.g\. allow=\[their_law\]"),
        ("population=nobody.toml", r"needed a population\.toml"),
        ("--config-dir=nowhere", "no folder"),
        ("seed", r"seed: needed int, e\.g\. seed=1"),
    ],
)
def test_what_is_misspelt_is_told_the_nearest_right_word(word, says):
    with pytest.raises(ValueError, match=says) as told:
        pieces.rules_of(compose("simulate", Config, [*SMALL, word]))
    assert word.startswith("experiment") or "\n" not in str(told.value)


def test_help_explains_every_key_and_lists_every_option():
    text = asking.verb_help("train", VERBS["train"], Training, [])
    for f in fields(Training):
        assert f.name in text
    assert "of all luck" in text and "on whom the agent is judged" in text  # the comments beside the fields
    assert text.index("  env ") < text.index("  agent ") < text.index("  law ") < text.index("  launcher ")
    assert all(name in text for name in agents.names())


def test_bare_words_stand_for_a_verbs_first_keys():
    assert keyed(["3f2a", "debug=true"], ("run_id",)) == ["run_id=3f2a", "debug=true"]
    assert keyed(["compare", "1a", "2b"], ("do", "ids")) == ["do=compare", "ids=[1a,2b]"]
    assert keyed(["-m", "seed=1,2"], ()) == ["-m", "seed=1,2"]


@pytest.mark.parametrize(
    ("line", "offers"),
    [("adaptlearn sim", "simulate"), ("adaptlearn train law=", "law=bkt"), ("adaptlearn train learn", "learners=")],
)
def test_a_shell_is_told_verbs_keys_and_options(line, offers):
    asked = [sys.executable, "-m", "adaptlearn.lab.main", "-sc", "query=bash"]
    done = subprocess.run(asked, capture_output=True, text=True, check=True, env={**os.environ, "COMP_LINE": line})
    assert offers in done.stdout.split()


def offered(line: str, monkeypatch, capsys) -> tuple[list[str], str | None, str]:
    """What a shell is told for a line, the verb that Hydra goes on with, and the line it is shown."""
    monkeypatch.setenv("COMP_LINE", line)
    monkeypatch.setenv("COMP_POINT", str(len(line)))
    verb = asking.complete(["-sc", "query=bash"], VERBS)
    return capsys.readouterr().out.split(), verb, os.environ["COMP_LINE"]


def test_every_verb_can_be_typed_word_by_word(monkeypatch, capsys):
    """Each word of a verb is offered after the words before it, and then its keys are asked for."""
    for verb in VERBS:
        words = verb.split()
        for at, word in enumerate(words):
            told, _, _ = offered(" ".join(["adaptlearn", *words[:at], word[:2]]), monkeypatch, capsys)
            assert word in told and len(set(told)) == len(told)
        _, found, line = offered(f"adaptlearn {verb} see", monkeypatch, capsys)
        assert found == verb and line == "adaptlearn see"
    assert offered("adaptlearn nonsense se", monkeypatch, capsys)[:2] == ([], None)
