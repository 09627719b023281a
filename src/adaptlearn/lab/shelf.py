"""``adaptlearn agents``: the shelf, with what each agent reads and what it must beat to be worth having."""

from dataclasses import dataclass

from adaptlearn.lab.tables import show

NOTES = (
    "reads: of the record; none of them sees a mind. learns: `adaptlearn train agent=NAME` makes it good.",
    "must beat: on the same learners, with an interval clear of zero; `adaptlearn evaluate agents=[...]` tells.",
    "Ceilings (greedy, planner; record-planner, which knows the law; told-planner, which knows the catalogue's errors "
    "too) know more than a platform does: marks for tables, never policies, never exported.",
)


@dataclass
class Config:
    """Keys of this verb."""

    format: str = "table"  # table | json
    debug: bool = False  # true: show where an error came from


def run(config: Config) -> None:
    """List the agents, those of other packages last."""
    from adaptlearn.agents.shelf import OWN, names

    rows = [{"agent": name, "learns": OWN[name].trained, "reads": OWN[name].reads, "must beat": OWN[name].beats or "–",
             "about": OWN[name].about} for name in OWN]  # fmt: skip
    rows += [{"agent": name, "learns": None, "reads": None, "must beat": "–", "about": "from another package"}
             for name in names() if name not in OWN]  # fmt: skip
    show(rows, format=config.format, notes=NOTES)
