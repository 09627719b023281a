"""``adaptlearn evaluate``: agents on the same learners with the same luck, over laws and meshing worlds."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from adaptlearn.evaluation.compare import Standing, evaluate
from adaptlearn.lab.compose import Common
from adaptlearn.lab.pieces import agent_of, labels_of, rules_of
from adaptlearn.lab.tables import progress, show


@dataclass
class Config(Common):
    """Keys of this verb."""

    agents: list[str] = field(default_factory=lambda: ["random", "stated", "evidenced", "blocked", "mastery"])
    baseline: str = "syllabus"  # an agent is a name, or the .npz file of one that was trained; a ceiling, by name
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
    from adaptlearn.agents.shelf import CEILINGS

    rooms = [
        (labels_of(config, law=law, meshing=meshing), rules_of(config, law=law, meshing=meshing))
        for law in config.laws for meshing in config.meshings
    ]  # fmt: skip
    names = [config.baseline, *(a for a in config.agents if a != config.baseline)]
    first = rooms[0][1]
    baseline = Path(config.baseline).stem
    policies = {Path(n).stem: CEILINGS[n]() if n in CEILINGS else agent_of(n, first) for n in names}
    with progress("evaluating", config.format == "json") as tell:
        rows, _ = evaluate(policies, rooms, np.arange(config.learners), config.seed, baseline=baseline,
                           threads=config.threads, progress=tell)  # fmt: skip
    if config.csv is not None:
        write_csv(rows, config.csv)
    show([as_row(row) for row in rows], format=config.format, notes=NOTES,
         title=f"{rooms[0][1].world.title}, {config.learners:,} learners, catalogue {config.catalogue}")  # fmt: skip


def as_row(row: Standing) -> dict[str, object]:
    """A row for people."""
    return {
        "policy": row.policy, "law": row.law, "meshing": row.meshing, "goal": row.goal, "gain": row.gain,
        "origin": row.origin,
        "stayed": row.stayed, "minutes": row.minutes, "staff_min": row.staff_minutes, "stars": row.stars,
    }  # fmt: skip


def write_csv(rows: list[Standing], path: str) -> None:
    """The same rows as a file, whole or not at all."""
    import csv
    import io

    from adaptlearn.core.keep import keep

    text = io.StringIO()
    plain = [as_row(r) | {"gain": r.gain.mean if r.gain else "", "half": r.gain.half if r.gain else ""} for r in rows]
    writer = csv.DictWriter(text, list(plain[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()} for row in plain)
    keep(path, text.getvalue())
