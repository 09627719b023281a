"""``adaptlearn evidence``: simulated trials held against published effects; ``fit=true`` refits the constants."""

from dataclasses import dataclass, field
from typing import Any

from adaptlearn.lab.compose import Common
from adaptlearn.lab.pieces import agent_of, rules_of
from adaptlearn.lab.tables import progress, show


@dataclass
class Config(Common):
    """Keys of this verb."""

    catalogue: str = "as_written"
    learners: int = 4000  # per arm
    only: list[str] = field(default_factory=list)  # ids of contrasts; none: all
    hold_out: list[str] = field(default_factory=list)  # with fit=true: contrasts that pull nothing
    fit: bool = False  # refit the law's constants and keep them


def run(config: Config) -> int:
    """Print the table.   -> 1 if a counted contrast falls outside its range"""
    from adaptlearn.evaluation.evidence import counted, evidence, verdict

    rules = rules_of(config)
    policies = {name: agent_of(name, rules) for name in ("syllabus", "mastery")}
    if config.fit:
        return refit(config, rules, policies)
    with progress("trials", config.format == "json"):
        rows = evidence(rules, policies, n=config.learners, threads=config.threads, only=tuple(config.only))
    if config.format == "json":
        show([dict(row) for row in rows], format="json")
    else:
        show(
            [line(dict(row)) for row in rows], title="Simulated trials beside published effects", notes=[verdict(rows)]
        )
    return int(not all(row["inside"] for row in counted(rows)))


def line(row: dict[str, object]) -> dict[str, object]:
    """A row for people; the protocol goes last, where it may wrap."""
    low_high = row["ci"]
    return {
        "contrast": row["contrast"], "published": f"{row['low']:g} to {row['high']:g}", "effect": row["effect"],
        "95 %": "–" if low_high is None else f"{low_high[0]:.3f} to {low_high[1]:.3f}", "inside": row["inside"],  # type: ignore[index]
        "set": {None: "unknown", True: "held out",
                False: "fitted"}[row["held_out"]] if row["mark"] != "recalled" else "shown only",
        "mark": row["mark"], "source": row["source"], "protocol": row["protocol"],
    }  # fmt: skip


def refit(config: Config, rules: Any, policies: Any) -> int:
    """Refit without the contrasts held out and keep constants and record beside the law."""
    from adaptlearn.evaluation import fitting

    with progress("fitting") as tell:
        done = fitting.fit(rules, policies, tuple(config.hold_out), n=config.learners,
                           progress=lambda i, of,
                           loss: tell(f"{i} of at most {of} evaluations, misfit {loss:.3f}"))  # fmt: skip
    command = f"adaptlearn evidence fit=true hold_out=[{','.join(config.hold_out)}]"
    for file in fitting.adopt(done, rules, command):
        print(f"written: {file.name}")
    print(f"{done.evaluations} evaluations, misfit {done.misfit:.3f}; now: adaptlearn evidence")
    return 0
