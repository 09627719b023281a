"""Records made again from events: for one learner when they are met, for everybody before a bundle goes on duty.

A bundle with another layout of the record starts from nobody's record. ``prepare`` writes everybody's, in a process of
its own, while the service goes on with the old bundle; what happens meanwhile is caught up when a learner is met.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import groupby, islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from . import schema
from .bundled import Refused
from .policies import Served
from .standing import Standing, fold, read_standing
from .store import Store
from .words import Words

TOGETHER = 20  #: learners whose records are written in one transaction
PAUSE = 0.01  #: seconds between two of them, for those who wait for an answer


def refolded(
    store: Store,
    t: Connection,
    tenant: str,
    learner: str,
    served: Served,
    words: Words,
    *,
    since: Iterable[Mapping[str, Any]] = (),
    whole: bool = False,
) -> Standing | None:
    """One learner of :func:`all_refolded`; None where nobody knows them."""
    return all_refolded(store, t, tenant, [learner], served, words, since=since, whole=whole).get(learner)


def all_refolded(
    store: Store,
    t: Connection,
    tenant: str,
    learners: Sequence[str],
    served: Served,
    words: Words,
    *,
    since: Iterable[Mapping[str, Any]] = (),
    whole: bool = False,
) -> dict[str, Standing]:
    """Learners under a bundle's layout: each one's record as last written, and the events since. Two look-ups for all.

    Args:
        since: rows of events that are not written yet.
        whole: from the first event, whatever was written.
    """
    standings: dict[str, Standing] = {}
    for row in [] if whole else store.records(t, tenant, learners, served.layout):
        with suppress(Refused, KeyError, ValueError, TypeError):  # of another version: the events know better
            standings[row.learner] = read_standing(row.body, served.runtime)
    floors = {one: standings[one].seq if one in standings else -1 for one in learners}
    written = [row._asdict() for row in store.events_since(t, tenant, floors)]
    for event in [*written, *since]:
        name, told = event["learner"], {**event, "body": json.loads(event["body"])}
        standings[name] = fold(standings.get(name), told, served.runtime, words)
    return standings


def record_row(tenant: str, learner: str, layout: str, standing: Standing) -> dict[str, Any]:
    """A row of ``records``."""
    return {"tenant": tenant, "learner": learner, "layout": layout, "seq": standing.seq, "body": standing.to_json()}


def prepare(
    store: Store,
    served: Served,
    words: Words,
    *,
    whole: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Write everybody's record under the layout of a bundle.   -> learners

    Whoever is erased meanwhile stays erased; whoever goes on learning is caught up when they are met.
    """
    done = 0
    with store.reading() as t:
        names = list(store.learners(t))
    waiting = iter(names)
    while some := list(islice(waiting, TOGETHER)):
        for tenant, group in groupby(some, key=lambda name: name[0]):
            learners = [learner for _, learner in group]
            with store.reading() as t:
                made = all_refolded(store, t, tenant, learners, served, words, whole=whole)
            rows = {learner: record_row(tenant, learner, served.layout, one) for learner, one in made.items()}
            with store.transaction() as t:  # short: whoever waits for an answer waits for this
                store.hold(t, tenant, learners)
                last = store.last(t, tenant, learners)
                store.write(t, records=[row for learner, row in rows.items() if last[learner][0] >= row["seq"]])
        done += len(some)
        progress(done)
        time.sleep(PAUSE)
    return done


def rebuild(store: Store, served: Iterable[Served], words: Words, progress: Callable[[int], None]) -> int:
    """Throw every record away and make those of these bundles again from the first event.   -> learners"""
    with store.transaction() as t:
        t.execute(sa.delete(schema.records))
    layouts = {one.layout: one for one in served}
    return max([prepare(store, one, words, whole=True, progress=progress) for one in layouts.values()], default=0)
