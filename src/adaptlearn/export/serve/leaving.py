"""What a learner may have: everything that is kept about them as one file, and that nothing of it is kept any more.

Erased is erased from the file, byte for byte. SQLite overwrites what it deletes (``secure_delete``), but pages that
were rearranged before may still hold old rows, and so may the write-ahead log: the file is written anew (VACUUM) and
the log is cut to nothing. PostgreSQL keeps dead rows until VACUUM FULL writes the tables anew, and in its log and
backups until these expire: the page on privacy says so. What stays is a number: how many were erased.
"""

import json
import time
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from . import schema
from .bundled import Refused, Runtime
from .lives import folded, life
from .privacy import inventory
from .standing import moment
from .store import ERASED, Store
from .words import Words

FILE_VERSION = 1  #: of the exported file
OWNED = (schema.events, schema.decisions, schema.records, schema.links)  #: every table with a learner in it
DUE = "scrub due"  #: entry of ``meta``: something was deleted, and the file not yet written anew
PATIENCE = 30.0  #: seconds to wait until nobody reads the write-ahead log


def exported(t: Connection, tenant: str, learner: str, runtime: Runtime, words: Words) -> dict[str, Any]:
    """Everything kept about a learner, and what each of it means.

    Raises:
        Refused: nobody of that name.
    """
    one = life(t, tenant, learner)
    if not one.events:
        raise Refused("learner", learner, "a learner with a profile")
    standing = folded(one.events, len(one.events), runtime, words)
    assert standing is not None
    advice = runtime.recommend(standing.record)
    hidden = ("tenant", "learner")
    return {
        "file_version": FILE_VERSION,
        "learner": learner,
        "written": moment(time.time()),
        "profile": standing.profile,
        "started": moment(standing.started),
        "opted_out": standing.opted_out,
        "believed": {"by": advice.policy, "day": advice.day, "known": dict(advice.mastery),
                     "liking": dict(advice.preference)},
        "events": [_plain(event, hidden) for event in one.events],
        "decisions": [_plain(decision, hidden) for decision in one.decisions],
        "meaning": [row._asdict() for row in inventory(runtime.contract["record"])],
    }  # fmt: skip


def _plain(row: Mapping[str, Any], hidden: tuple[str, ...]) -> dict[str, Any]:
    return {name: moment(value) if name == "at" else value for name, value in row.items() if name not in hidden}


def deleted(t: Connection, tenant: str, learner: str) -> int:
    """Delete a learner's rows, and count one learner more.   -> rows; 0: nobody of that name"""
    own = [(table, table.c.tenant == tenant, table.c.learner == learner) for table in OWNED]
    gone = sum(t.execute(sa.delete(table).where(*whose)).rowcount for table, *whose in own)
    if gone:
        _count(t)
        t.execute(sa.delete(schema.meta).where(schema.meta.c.name == DUE))
        t.execute(sa.insert(schema.meta), [{"name": DUE, "value": "1"}])
    return gone


def erase(store: Store, tenant: str, learner: str, *, scrub: bool = True) -> int:
    """Nothing of a learner stays in the store.   -> rows that were deleted

    Args:
        scrub: write the file anew at once, so that no byte stays; False where many are erased and the last one does.

    Raises:
        Refused: nobody of that name, or a reader kept the old file open for too long.
    """
    with store.transaction() as t:
        store.hold(t, tenant, [learner])
        gone = deleted(t, tenant, learner)
    if not gone:
        raise Refused("learner", learner, "a learner with a profile")
    if scrub:
        scrubbed(store)
    return gone


def _count(t: Connection) -> None:
    n = schema.meta.c.value
    more = sa.cast(sa.cast(n, sa.Integer) + 1, sa.Text)
    if not t.execute(sa.update(schema.meta).where(schema.meta.c.name == ERASED).values(value=more)).rowcount:
        t.execute(sa.insert(schema.meta), [{"name": ERASED, "value": "1"}])


def scrubbed(store: Store) -> None:
    """Write the store's files anew, so that nothing deleted can be read in them.

    Raises:
        Refused: a reader kept the old file open for too long; what was to be deleted is deleted, ask again.
    """
    with closing(store.engine.raw_connection()) as raw:
        connection: Any = raw.driver_connection
        if store.dialect == "postgresql":
            connection.autocommit = True
            for table in OWNED:
                connection.execute(f"VACUUM FULL {table.name}")
        else:
            connection.execute("VACUUM")
            _cut(connection)
    with store.transaction() as t:
        t.execute(sa.delete(schema.meta).where(schema.meta.c.name == DUE))


def _cut(connection: Any) -> None:
    """SQLite: nothing is left in the write-ahead log."""
    until = time.monotonic() + PATIENCE
    while connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        if time.monotonic() > until:
            raise Refused("database", "a reader of the old file", "a moment without one; ask again")
        time.sleep(0.05)


def finish(store: Store) -> bool:
    """Write the files anew if somebody was erased and the process was killed before that was done.   -> was it so"""
    with store.reading() as t:
        due = t.execute(select(schema.meta).where(schema.meta.c.name == DUE)).first() is not None
    if due:
        scrubbed(store)
    return due


def idle(t: Connection, before: float) -> list[tuple[str, str]]:
    """Learners of whom nothing was heard since a moment: data goes after its time.   -> (tenant, learner)"""
    who = (schema.events.c.tenant, schema.events.c.learner)
    latest = select(*who).group_by(*who).having(sa.func.max(schema.events.c.at) < before)
    return [(row.tenant, row.learner) for row in t.execute(latest)]


def as_text(file: Mapping[str, Any]) -> str:
    """The exported file as it is handed out."""
    return json.dumps(file, indent=1, ensure_ascii=False) + "\n"


__all__ = ["OWNED", "as_text", "deleted", "erase", "exported", "finish", "idle", "scrubbed"]
