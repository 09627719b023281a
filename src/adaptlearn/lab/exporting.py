"""``adaptlearn export``: an agent as one self-checking bundle, decided by onnxruntime alone from then on."""

from dataclasses import dataclass, field
from pathlib import Path

from adaptlearn.core.keep import keep
from adaptlearn.lab.compose import WRITTEN, Agent, Common
from adaptlearn.lab.pieces import agent_of, rules_of
from adaptlearn.lab.recipe import as_yaml
from adaptlearn.lab.tables import progress


@dataclass
class Config(Common):
    """Keys of this verb."""

    agent: Agent = field(default_factory=Agent)
    checkpoint: str | None = None  # what `adaptlearn train` wrote; null: the agent as it is made
    to: str = field(
        default="bundle", metadata=WRITTEN
    )  # a new folder, or a bundle to be replaced; agents/<name> becomes card, recipe and bundle


def run(config: Config) -> None:
    """Write the bundle and say what is in it."""
    from adaptlearn.export import bundle
    from adaptlearn.lab.checkpoint import load

    rules = rules_of(config)
    policy = load(config.checkpoint, rules.world) if config.checkpoint else agent_of(config.agent, rules, config.allow)
    shelved = Path(config.to).parent.name == "agents"
    with progress("one ONNX graph", config.format == "json"):
        place = f"{config.to}/bundle" if shelved else config.to
        folder = bundle.write(policy, rules.world, place, mandatory=config.mandatory, decides=config.decides,
                              about=about(config, policy.name))  # fmt: skip
    if shelved:
        keep(Path(config.to) / "card.md", (folder / "card.md").read_bytes())
        keep(Path(config.to) / "recipe.yaml", as_yaml(config))
    size = sum(f.stat().st_size for f in folder.iterdir())
    print(
        f"{folder}: {policy.name} for {rules.world.name}, {size / 1024:.0f} KiB, checked against its golden decisions"
    )
    print(f"next: adaptlearn recommend bundle={config.to}{'/bundle' if shelved else ''}")


def about(config: Common, name: str) -> dict[str, str]:
    """Lines for the card."""
    return {
        "agent": name,
        "made for": f"{Path(config.env).name}, catalogue {config.catalogue}",
        "learners": "simulated",
    }
