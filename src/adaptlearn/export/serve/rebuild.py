"""Records made again from events: for one learner when they are met, for everybody before a bundle goes on duty.

A bundle with another layout of the record starts from nobody's record. ``prepare`` writes everybody's, in a process of
its own, while the service goes on with the old bundle; what happens meanwhile is caught up when a learner is met.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from . import schema
from .bundled import Refused
from .policies import Served
from .standing import Standing, fold, read_standing
from .store import Store
from .words import Words

TOGETHER = 100  #: learners whose records are written in one transaction


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
    """A learner under a bundle's layout: the record as last written, and the events since.

    Args:
        since: rows of events that are not written yet.
        whole: from the first event, whatever was written.
    """
    row = None if whole else store.record(t, tenant, learner, served.layout)
    standing = None
    if row is not None:
        try:
            standing = read_standing(row.body, served.runtime)
        except (Refused, KeyError, ValueError, TypeError):
            standing = None  # of another version: the events know better
    written = [row._asdict() for row in store.events(t, tenant, learner, -1 if standing is None else standing.seq)]
    for event in [*written, *since]:
        standing = fold(standing, {**event, "body": json.loads(event["body"])}, served.runtime, words)
    return standing


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
        with store.reading() as t:
            made = [(*name, refolded(store, t, *name, served, words, whole=whole)) for name in some]
        with store.transaction() as t:
            rows = [record_row(tenant, learner, served.layout, standing)
                    for tenant, learner, standing in _still_there(store, t, made)]  # fmt: skip
            store.write(t, records=rows)
        done += len(some)
        progress(done)
    return done


def _still_there(
    store: Store, t: Connection, made: list[tuple[str, str, Standing | None]]
) -> Iterable[tuple[str, str, Standing]]:
    """Those whose history still begins and goes on as it was read."""
    for tenant in dict.fromkeys(tenant for tenant, _, _ in made):
        own = {learner: standing for owner, learner, standing in made if owner == tenant and standing is not None}
        store.hold(t, tenant, list(own))
        last = store.last(t, tenant, list(own))
        yield from ((tenant, learner, one) for learner, one in own.items() if last[learner][0] >= one.seq)


def rebuild(store: Store, served: Iterable[Served], words: Words, progress: Callable[[int], None]) -> int:
    """Throw every record away and make those of these bundles again from the first event.   -> learners"""
    with store.transaction() as t:
        t.execute(sa.delete(schema.records))
    layouts = {one.layout: one for one in served}
    return max([prepare(store, one, words, whole=True, progress=progress) for one in layouts.values()], default=0)
