"""``adaptlearn evaluate``: agents on the same learners with the same luck, over laws and meshing worlds."""

from dataclasses import dataclass, field

import numpy as np

from adaptlearn.core.keep import keep
from adaptlearn.evaluation.compare import Standing, evaluate
from adaptlearn.lab.cluster import lives_on
from adaptlearn.lab.compose import WRITTEN, Common
from adaptlearn.lab.pieces import agent_of, labels_of, rules_of
from adaptlearn.lab.tables import progress, show
from adaptlearn.lab.tracking import tracked


@dataclass
class Config(Common):
    """Keys of this verb."""

    agents: list[str] = field(default_factory=lambda: ["random", "stated", "evidenced", "blocked", "mastery"])
    baseline: str = "syllabus"
    laws: list[str] = field(default_factory=lambda: ["workplace", "bkt"])
    meshings: list[str] = field(default_factory=lambda: ["null", "contested"])
    learners: int = 4096
    csv: str | None = field(default=None, metadata=WRITTEN)  # also write the rows there


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
    policies = {name: agent_of(name, rooms[0][1], config.allow) for name in names}
    with (
        tracked("evaluate", config, agent=",".join(names)) as tracker,
        progress("evaluating", config.format == "json") as tell,
    ):
        rows, _ = evaluate(policies, rooms, np.arange(config.learners), config.seed, baseline=config.baseline,
                           threads=config.threads, live=lives_on(config.compute, config.cluster),
                           progress=tell)  # fmt: skip
        tracker.metrics({f"goal/{r.policy}/{r.law}/{r.meshing}": r.goal for r in rows})
        tracker.metrics({f"gain/{r.policy}/{r.law}/{r.meshing}": r.gain.mean for r in rows if r.gain is not None})
        tracker.text("table.csv", csv_of(rows))
    if config.csv is not None:
        keep(config.csv, csv_of(rows))
    notes = [*NOTES, tracker.link()] if config.track else NOTES
    show([as_row(row) for row in rows], format=config.format, notes=notes,
         title=f"{rooms[0][1].world.title}, {config.learners:,} learners, catalogue {config.catalogue}")  # fmt: skip


def as_row(row: Standing) -> dict[str, object]:
    """A row for people."""
    return {
        "policy": row.policy, "law": row.law, "meshing": row.meshing, "goal": row.goal, "gain": row.gain,
        "origin": row.origin,
        "stayed": row.stayed, "minutes": row.minutes, "staff_min": row.staff_minutes, "stars": row.stars,
    }  # fmt: skip


def csv_of(rows: list[Standing]) -> str:
    """The same rows as CSV."""
    import csv
    import io

    text = io.StringIO()
    plain = [as_row(r) | {"gain": r.gain.mean if r.gain else "", "half": r.gain.half if r.gain else ""} for r in rows]
    writer = csv.DictWriter(text, list(plain[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()} for row in plain)
    return text.getvalue()
