"""``adaptlearn export``: an agent as one self-checking bundle, decided by onnxruntime alone from then on."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from adaptlearn.core.keep import keep
from adaptlearn.core.posterior import Posterior
from adaptlearn.lab.compose import WRITTEN, Agent, Common
from adaptlearn.lab.pieces import agent_of, labels_of, rules_of
from adaptlearn.lab.recipe import recipe
from adaptlearn.lab.tables import progress


@dataclass
class Config(Common):
    """Keys of this verb."""

    agent: Agent = field(default_factory=Agent)
    checkpoint: str | None = None  # what `adaptlearn train` wrote; null: the agent as it is made
    posterior: str | None = None  # of `adaptlearn calibrate`: where beliefs over formats start; null: nothing is known
    to: str = field(default="bundle", metadata=WRITTEN)  # a folder; below agents/ with card and recipe
    learners: int = 0  # on whom it is judged beside the syllabus, for report and card; 0: not at all
    laws: list[str] = field(default_factory=lambda: ["workplace", "bkt"])  # under which it is judged
    meshings: list[str] = field(default_factory=lambda: ["null", "contested"])  # the same


def run(config: Config) -> None:
    """Write the bundle and say what is in it."""
    from adaptlearn.export import bundle
    from adaptlearn.lab.checkpoint import load, read

    rules = rules_of(config)
    people = Posterior.load(config.posterior) if config.posterior else None
    liking = people.liking(rules.population) if people else None
    lines = {"beliefs over formats start": from_whom(people)} if people else {}
    told = read(config.checkpoint)[0] if config.checkpoint else None
    policy = load(config.checkpoint, rules.world) if config.checkpoint else agent_of(config.agent, rules, config.allow)
    shelved = Path(config.to).parent.name == "agents"
    with progress("one ONNX graph", config.format == "json") as tell:
        report = report_of(config, policy, told, tell) if config.learners else None
        place = f"{config.to}/bundle" if shelved else config.to
        folder = bundle.write(policy, rules.world, place, mandatory=config.mandatory, decides=config.decides,
                              about=about(config, policy.name, told) | lines, report=report, liking=liking)  # fmt: skip
    if shelved:
        keep(Path(config.to) / "card.md", (folder / "card.md").read_bytes())
        keep(Path(config.to) / "recipe.yaml", recipe_of(config, told))
    size = sum(f.stat().st_size for f in folder.iterdir())
    print(
        f"{folder}: {policy.name} for {rules.world.name}, {size / 1024:.0f} KiB, checked against its golden decisions"
    )
    print(f"next: adaptlearn recommend bundle={config.to}{'/bundle' if shelved else ''}")


def report_of(config: Config, policy: Any, told: dict[str, Any] | None, tell: Any) -> dict[str, Any]:
    """What the agent gains over the syllabus under every law and meshing asked for; the first is the world's own."""
    from adaptlearn.lab.assessing import assess

    rooms = [
        (labels_of(config, law=law, meshing=meshing), rules_of(config, law=law, meshing=meshing))
        for meshing in config.meshings for law in config.laws
    ]  # fmt: skip
    trained = {k: told["about"][k] for k in rooms[0][0] if k in told["about"]} if told else None
    ids = np.arange(config.learners)
    return assess(policy, agent_of("syllabus", rooms[0][1]), rooms, ids, config.seed + 1, trained=trained,
                  threads=config.threads, progress=tell)  # fmt: skip


def from_whom(people: Posterior) -> str:
    """Which beliefs over formats start from a posterior, for the card."""
    fitted = [name.removeprefix("like_") for name in people.traits() if name.startswith("like_")]
    if not fitted:
        return "as this world's people are; the posterior given does not speak of them"
    source = people.provenance.get("source", "a posterior")
    return f"{', '.join(fitted)} as fitted to {source}; the rest as this world's people are"


def recipe_of(config: Config, told: dict[str, Any] | None) -> str:
    """The recipe as YAML, and how the agent was trained."""
    from omegaconf import OmegaConf

    asked = recipe(config)
    if told:
        asked |= {"checkpoint": Path(str(config.checkpoint)).name, "agent": {k: told[k] for k in ("name", "settings")},
                  "trained": told["about"]}  # fmt: skip
    return OmegaConf.to_yaml(OmegaConf.create(asked))


def about(config: Common, name: str, told: dict[str, Any] | None = None) -> dict[str, str]:
    """Lines for the card."""
    trained = ", ".join(f"{k} {v}" for k, v in told["about"].items()) if told else "not trained: a rule"
    return {
        "agent": name,
        "made for": f"{Path(config.env).name}, catalogue {config.catalogue}",
        "trained on": trained,
        "learners": "simulated",
    }
