"""Every agent on the shelf still proves itself, and says of itself what its bundle says."""

import json
import re
from pathlib import Path

import pytest

from adaptlearn.core import world as worlds
from adaptlearn.export import bundle
from adaptlearn.export.runtime import Runtime

SHELF = Path(__file__).resolve().parents[1] / "agents"
AGENTS = sorted(path for path in SHELF.iterdir() if path.is_dir())
MACHINE = re.compile(
    rb"(?:^|[^\w.:/])/(?:home|root|work|tmp|opt|mnt|Users|usr|var)/[a-z]|[A-Z]:\\\\|\x80[\x04\x05]\x95"
)


@pytest.mark.parametrize("folder", AGENTS, ids=lambda path: path.name)
def test_an_agent_passes_every_check_of_its_bundle(folder):
    runtime = bundle.check(folder / "bundle")
    record = runtime.start({"learner": "u", "role": next(iter(runtime.contract.roles)), "weekly_minutes": 90})
    advice = runtime.recommend(record, day=0.0, k=3)
    assert advice.choices[0].why and not advice.fallback


@pytest.mark.parametrize("folder", AGENTS, ids=lambda path: path.name)
def test_card_and_report_are_those_of_the_bundle(folder):
    text = (folder / "card.md").read_text("utf-8")
    assert text == (folder / "bundle" / "card.md").read_text("utf-8")
    report = json.loads((folder / "bundle" / "report.json").read_text("utf-8"))
    for words in ("**Use**", "**Not for**", "trained on", "half of 95 %", "**Worst subgroup**", "**Failure cases**",
                  "**Collected**", "**Inferred**", report["worst_subgroup"]):  # fmt: skip
        assert words in text, words
    assert "agent:" in (folder / "recipe.yaml").read_text("utf-8")


@pytest.mark.parametrize("folder", AGENTS, ids=lambda path: path.name)
def test_no_file_holds_a_path_of_a_machine_or_a_pickle(folder):
    for path in folder.rglob("*"):
        if path.is_file():
            assert not MACHINE.search(path.read_bytes()), path.relative_to(SHELF)


@pytest.mark.parametrize("folder", AGENTS, ids=lambda path: path.name)
def test_its_catalogue_is_the_world_as_it_stands(folder):
    """When the world's tables change, its agents are made again: cards and catalogues must not drift apart."""
    made_for = Runtime.load(folder / "bundle", check=False).contract["world"]
    world = worlds.load(made_for["name"])
    listed = json.loads((folder / "bundle" / "catalogue.json").read_text("utf-8"))
    assert made_for["version"] == world.version and listed == bundle.catalogue_of(world)
