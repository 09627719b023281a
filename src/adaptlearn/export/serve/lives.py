"""A learner's life as the store tells it: events and decisions in their order, and where the learner stood at each.

Everything that looks back reads this: replay, the log for off-policy evaluation, what is watched, a learner's file.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from . import schema
from .bundled import Runtime
from .standing import Standing, fold
from .words import Words


@dataclass(frozen=True)
class Life:
    """One learner, as written down."""

    tenant: str
    learner: str
    events: Sequence[Mapping[str, Any]]  # in their order, bodies read
    decisions: Sequence[Mapping[str, Any]]  # in their order, bodies read

    @property
    def answers(self) -> dict[str, Mapping[str, Any]]:
        """What became of decisions, by the decision's id."""
        return {event["decision"]: event for event in self.events if event["decision"] and event["kind"] == "observed"}


class Moment(NamedTuple):
    """One decision and the learner before it."""

    decision: Mapping[str, Any]
    before: Standing
    runtime: Runtime  # of the bundle that decided
    answer: Mapping[str, Any] | None  # the event that says what became of it


def told(row: Any) -> dict[str, Any]:
    """A row with its JSON read."""
    found = dict(row._mapping)
    return found | {name: json.loads(found[name]) for name in ("body", "shadow") if found.get(name)}


def life(t: Connection, tenant: str, learner: str) -> Life:
    """A learner's life; empty where nobody of that name is known."""
    rows = []
    for table, order in ((schema.events, ("seq",)), (schema.decisions, ("seq", "at"))):
        own = (table.c.tenant == tenant, table.c.learner == learner)
        rows.append([told(row) for row in t.execute(select(table).where(*own).order_by(*(table.c[o] for o in order)))])
    return Life(tenant, learner, *rows)


def decided(t: Connection, name: str, tenant: str | None = None) -> dict[str, Any] | None:
    """A decision by its id, whoever's it is, or of one tenant."""
    wanted = select(schema.decisions).where(schema.decisions.c.id == name)
    row = t.execute(wanted if tenant is None else wanted.where(schema.decisions.c.tenant == tenant)).one_or_none()
    return None if row is None else told(row)


def names(
    t: Connection, *, since: float = 0.0, until: float = 1e18, tenant: str | None = None
) -> list[tuple[str, str]]:
    """Tenant and name of everybody for whom something was decided in a span, in order."""
    at = schema.decisions.c.at
    wanted = select(schema.decisions.c.tenant, schema.decisions.c.learner).distinct().where(at >= since, at < until)
    wanted = wanted if tenant is None else wanted.where(schema.decisions.c.tenant == tenant)
    return sorted((row.tenant, row.learner) for row in t.execute(wanted))


def moments(one: Life, known: Mapping[str, Runtime], words: Words) -> list[Moment]:
    """A life's decisions with the learner before each, as the bundle that decided saw them.

    Args:
        known: runtimes by the digest of their bundle.

    Raises:
        Refused: an event that a bundle cannot read.
        KeyError: a bundle that the store no longer has.
    """
    found = []
    for digest in dict.fromkeys(decision["bundle"] for decision in one.decisions):
        runtime, standing = known[digest], None
        mine = [decision for decision in one.decisions if decision["bundle"] == digest]
        for decision in mine:
            standing = folded(one.events, decision["seq"], runtime, words, standing)
            if standing is not None:
                found.append(Moment(decision, standing, runtime, one.answers.get(decision["id"])))
    return sorted(found, key=lambda moment: (moment.decision["seq"], moment.decision["at"]))


def folded(
    events: Sequence[Mapping[str, Any]], seq: int, runtime: Runtime, words: Words, standing: Standing | None = None
) -> Standing | None:
    """The learner before event ``seq``, from an earlier standing on.

    Raises:
        Refused: an event that this bundle cannot read.
    """
    done = -1 if standing is None else standing.seq
    for event in events:
        if done < event["seq"] < seq:
            standing = fold(standing, event, runtime, words)
    return standing


__all__ = ["Life", "Moment", "decided", "folded", "life", "moments", "names", "told"]
