"""``adaptlearn serve replay DECISION``: a decision again, from what was written down."""

from dataclasses import dataclass

from adaptlearn.lab.duty import DATABASE, fleet_of, opened
from adaptlearn.lab.tables import show

WORDS = ("decision",)  #: bare word of the command line


@dataclass
class Config:
    """Keys of this verb."""

    decision: str = ""  # its id, as recommend gave it
    database: str = DATABASE  # sqlite:/// and a file, or postgresql+psycopg://user:password@host/name
    format: str = "table"  # table | json
    debug: bool = False  # true: show where an error came from


def run(config: Config) -> int:
    """Print each place with its reason, and what differs; exit status 1 where something does.

    Raises:
        ValueError: no such decision.
    """
    from adaptlearn.export.serve.lives import decided, life
    from adaptlearn.export.serve.replay import replayed
    from adaptlearn.export.serve.standing import moment

    store = opened(config.database)
    fleet = fleet_of(store)
    with store.reading() as t:
        decision = decided(t, config.decision)
        if decision is None:
            raise ValueError(f"decision {config.decision!r}: not in this store; needed the id that recommend gave, "
                             "e.g. adaptlearn serve replay 9f86d081884c7d659a2feaa0c55ad015")  # fmt: skip
        one = life(t, decision["tenant"], decision["learner"])
    found = replayed(decision, one, {digest: served.runtime for digest, served in fleet.known.items()}, fleet.words)
    line, differ = decision["body"], [f"{d.what}: logged {d.logged}, now {d.now}" for d in found.differences]
    choices = found.advice.choices if found.advice else ()
    rows = [{"activity": c.activity, "chance": c.propensity, "for": c.skill, "why": c.why} for c in choices]
    notes = [f"{line['policy']}, bundle {decision['bundle'][:12]} ({decision['alias']}), decided "
             f"{moment(decision['at'])}, day {line['day']:g}, after {decision['seq']} events",
             *differ, "the same choice with the same chance" if found.same else "not as it was written down"]  # fmt: skip
    show(rows, format=config.format, notes=notes,
         more={"same": found.same, "differences": [d._asdict() for d in found.differences], "decision": decision})  # fmt: skip
    return int(not found.same)
