"""``adaptlearn evaluate``: agents on the same learners with the same luck, over laws and meshing worlds."""

from dataclasses import dataclass, field

import numpy as np

from adaptlearn.evaluation.compare import Standing, evaluate
from adaptlearn.lab.compose import Common
from adaptlearn.lab.pieces import agent_of, labels_of, rules_of
from adaptlearn.lab.tables import progress, show


@dataclass
class Config(Common):
    """Keys of this verb."""

    agents: list[str] = field(default_factory=lambda: ["random", "stated", "evidenced", "blocked", "mastery"])
    baseline: str = "syllabus"
    laws: list[str] = field(default_factory=lambda: ["workplace", "bkt"])
    meshings: list[str] = field(default_factory=lambda: ["null", "contested"])
    learners: int = 4096
    csv: str | None = None  # also write the rows there


NOTES = (
    "Simulated learners; the same ones, with the same luck, under every agent.",
    "goal: forecast P(correct) on the target skills at the retention check, 0 to 1.",
    "gain: over the baseline in the same room, mean ± half of the 95 % interval.",
    "fitted in: trained under this law and meshing; emergent: not. Meshing is contested: null is the default.",
)


def run(config: Config) -> None:
    """Evaluate and print one row per agent and room."""
    rooms = [
        (labels_of(config, law=law, meshing=meshing), rules_of(config, law=law, meshing=meshing))
        for law in config.laws for meshing in config.meshings
    ]  # fmt: skip
    names = [config.baseline, *(a for a in config.agents if a != config.baseline)]
    policies = {name: agent_of(name, rooms[0][1]) for name in names}
    with progress("evaluating", config.format == "json") as tell:
        rows, _ = evaluate(policies, rooms, np.arange(config.learners), config.seed, baseline=config.baseline,
                           threads=config.threads, progress=tell)  # fmt: skip
    if config.csv is not None:
        keep_csv([as_row(row) for row in rows], config.csv)
    show([as_row(row) for row in rows], format=config.format, notes=NOTES,
         title=f"{rooms[0][1].world.title}, {config.learners:,} learners, catalogue {config.catalogue}")  # fmt: skip


def as_row(row: Standing) -> dict[str, object]:
    """A row for people."""
    return {
        "policy": row.policy, "law": row.law, "meshing": row.meshing, "goal": row.goal, "gain": row.gain,
        "origin": row.origin,
        "stayed": row.stayed, "minutes": row.minutes, "staff_min": row.staff_minutes, "stars": row.stars,
    }  # fmt: skip


def keep_csv(rows: list[dict[str, object]], path: str) -> None:
    """Rows for people as a file, whole or not at all; a difference becomes two columns, itself and its half-width."""
    import csv
    import io

    from adaptlearn.core.keep import keep

    text = io.StringIO()
    plain = []
    for row in rows:
        gain = row["gain"]
        plain.append(row | {"gain": gain.mean if gain else "", "half": gain.half if gain else ""})  # type: ignore[attr-defined]
    writer = csv.DictWriter(text, list(plain[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()} for row in plain)
    keep(path, text.getvalue())
