"""``adaptlearn export``: an agent as one self-checking bundle, decided by onnxruntime alone from then on."""

from dataclasses import asdict, dataclass, field
from pathlib import Path

from adaptlearn.core.keep import keep
from adaptlearn.lab.compose import Agent, Common
from adaptlearn.lab.pieces import agent_of, rules_of
from adaptlearn.lab.tables import progress


@dataclass
class Config(Common):
    """Keys of this verb."""

    agent: Agent = field(default_factory=Agent)
    checkpoint: str | None = None  # what `adaptlearn train` wrote; null: the agent as it is made
    to: str = "bundle"  # a new folder, or a bundle to be replaced; agents/<name> becomes card, recipe and bundle


def run(config: Config) -> None:
    """Write the bundle and say what is in it."""
    from adaptlearn.export import bundle
    from adaptlearn.lab.checkpoint import load

    rules = rules_of(config)
    policy = load(config.checkpoint, rules.world) if config.checkpoint else agent_of(config.agent, rules)
    shelved = Path(config.to).parent.name == "agents"
    with progress("one ONNX graph", config.format == "json"):
        place = f"{config.to}/bundle" if shelved else config.to
        folder = bundle.write(policy, rules.world, place, mandatory=config.mandatory, decides=config.decides,
                              about=about(config, policy.name))  # fmt: skip
    if shelved:
        keep(Path(config.to) / "card.md", (folder / "card.md").read_bytes())
        keep(Path(config.to) / "recipe.yaml", recipe(config))
    size = sum(f.stat().st_size for f in folder.iterdir())
    print(
        f"{folder}: {policy.name} for {rules.world.name}, {size / 1024:.0f} KiB, checked against its golden decisions"
    )
    print(f"next: adaptlearn recommend bundle={config.to}{'/bundle' if shelved else ''}")


def recipe(config: Config) -> str:
    """The resolved configuration, as YAML: what was asked for, without where it went."""
    from omegaconf import OmegaConf

    left_out = ("to", "store", "track", "debug", "format", "threads")
    return OmegaConf.to_yaml(OmegaConf.create({k: v for k, v in asdict(config).items() if k not in left_out}))


def about(config: Common, name: str) -> dict[str, str]:
    """Lines for the card."""
    return {
        "agent": name,
        "made for": f"{Path(config.env).name}, catalogue {config.catalogue}",
        "learners": "simulated",
    }
