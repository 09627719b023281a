"""``adaptlearn export``: an agent as one self-checking bundle, decided by onnxruntime alone from then on."""

from dataclasses import dataclass, field
from pathlib import Path

from adaptlearn.lab.compose import Agent, Common
from adaptlearn.lab.pieces import agent_of, rules_of
from adaptlearn.lab.tables import progress


@dataclass
class Config(Common):
    """Keys of this verb."""

    agent: Agent = field(default_factory=Agent)
    checkpoint: str | None = None  # what `adaptlearn train` wrote; null: the agent as it is made
    to: str = "bundle"  # a new folder, or a bundle to be replaced


def run(config: Config) -> None:
    """Write the bundle and say what is in it."""
    from adaptlearn.export import bundle
    from adaptlearn.lab.checkpoint import load

    rules = rules_of(config)
    policy = load(config.checkpoint, rules.world) if config.checkpoint else agent_of(config.agent, rules)
    with progress("one ONNX graph", config.format == "json"):
        folder = bundle.write(policy, rules.world, config.to, mandatory=config.mandatory, decides=config.decides,
                              about=about(config, policy.name))  # fmt: skip
    size = sum(f.stat().st_size for f in folder.iterdir())
    print(
        f"{folder}: {policy.name} for {rules.world.name}, {size / 1024:.0f} KiB, checked against its golden decisions"
    )
    print(f"next: adaptlearn recommend bundle={config.to}")


def about(config: Common, name: str) -> dict[str, str]:
    """Lines for the card."""
    return {
        "agent": name,
        "made for": f"{Path(config.env).name}, catalogue {config.catalogue}",
        "learners": "simulated",
    }
