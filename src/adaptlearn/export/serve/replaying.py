"""``serve replay DECISION``: a decision again, from what was written down."""

from contextlib import closing
from dataclasses import dataclass

from .bundled import Refused
from .verbs import SHORT, Answer, required

WORDS = ("decision",)  #: bare word of the command line


@dataclass
class Config:
    """Keys of this verb."""

    decision: str = ""  # its id, as recommend gave it
    database: str | None = None  # sqlite:///FILE or postgresql+psycopg://...; null: ADAPTLEARN_DATABASE, or a file
    format: str = "table"  # table | json
    debug: bool = False  # true: show where an error came from


def run(config: Config) -> Answer:
    """Each place with its reason, and what differs; exit status 1 where something does.

    Raises:
        Refused: no such store or decision.
    """
    required()
    from .lives import decided, life
    from .looking import fleet_of, opened
    from .replay import replayed
    from .standing import moment

    with closing(opened(config.database)) as store:
        fleet = fleet_of(store)
        with store.reading() as t:
            decision = decided(t, config.decision)
            if decision is None:
                raise Refused("decision", repr(config.decision), "the id of a decision, as recommend gave it",
                              "serve replay 9f86d081884c7d659a2feaa0c55ad015")  # fmt: skip
            one = life(t, decision["tenant"], decision["learner"])
    found = replayed(decision, one, {digest: served.runtime for digest, served in fleet.known.items()}, fleet.words)
    choices = found.advice.choices if found.advice else ()
    rows: list[dict[str, object]] = [{"activity": c.activity, "chance": c.propensity, "for": c.skill, "why": c.why}
                                     for c in choices]  # fmt: skip
    line, differ = decision["body"], found.differences
    notes = [f"{line['policy']} ({decision['bundle'][:SHORT]}, {decision['alias']}), {moment(decision['at'])}, day "
             f"{line['day']:g}, after {decision['seq']} events"]  # fmt: skip
    notes += [f"{one.what}: logged {one.logged}, now {one.now}" for one in differ]
    notes += ["not as it was written down" if differ else "the same choice with the same chance"]
    return Answer(rows, notes, int(bool(differ)), {"same": found.same, "differences": [d._asdict() for d in differ]})
