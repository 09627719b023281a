"""The store: what is appended, read back and found again, on SQLite or PostgreSQL alike.

    store = Store("sqlite:///learners.db")
    with store.transaction() as t:                     # on the disk when the block is left without an error
        store.hold(t, tenant, ["u-1041"])              # nobody else writes of these learners until then
        store.write(t, events=[...], decisions=[...], records=[...])

SQLite runs with a write-ahead log and ``synchronous=FULL``: a commit returns after the log reached the disk. PostgreSQL
does the same by default. Whatever is given up here loses acknowledged events when power fails.
"""

import json
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError, OperationalError

from . import schema
from .bundled import Refused
from .schema import decisions, events, meta, records

Conflict = IntegrityError  #: another worker was faster: read again, decide again
Away = OperationalError  #: the database does not answer
LISTED = {
    "sqlite": "SELECT value FROM json_each(:listed)",
    "postgresql": "SELECT value FROM json_array_elements_text(CAST(:listed AS json))",
}  #: texts as rows, however many: one statement to prepare
LAST = """SELECT asked.value, (SELECT seq || '/' || key FROM events WHERE tenant = :tenant AND learner = asked.value
          ORDER BY seq DESC LIMIT 1) FROM ({}) AS asked"""
PAIRS = {
    "sqlite": "SELECT json_extract(value, '$[0]') AS learner, json_extract(value, '$[1]') AS after "
    "FROM json_each(:listed)",
    "postgresql": "SELECT value->>0 AS learner, CAST(value->>1 AS integer) AS after "
    "FROM json_array_elements(CAST(:listed AS json))",
}
SINCE = """SELECT events.* FROM ({}) AS asked JOIN events
           ON events.learner = asked.learner AND events.tenant = :tenant AND events.seq > asked.after
           ORDER BY events.learner, events.seq"""
HELD = sa.text("""SELECT pg_advisory_xact_lock(hashtextextended(:tenant || '/' || asked.value, 0))
                  FROM (SELECT value FROM json_array_elements_text(CAST(:listed AS json)) ORDER BY value) AS asked""")
ERASED = "erased"  #: entry of ``meta``: how many learners were erased, and no word of whom
# Statements are made once: to make one costs more than to run it.
_tenant: Any = sa.bindparam("tenant")
_learner: Any = sa.bindparam("learner")
EVENTS = (
    select(events)
    .where(events.c.tenant == _tenant, events.c.learner == _learner, events.c.seq > sa.bindparam("after"))
    .order_by(events.c.seq)
)
BY_KEY = select(events).where(events.c.tenant == _tenant, events.c.key.in_(sa.bindparam("keys", expanding=True)))
_among: Any = records.c.learner.in_(sa.bindparam("learners", expanding=True))
RECORDS = select(records).where(records.c.tenant == _tenant, _among, records.c.layout == sa.bindparam("layout"))
DECISION = select(decisions).where(decisions.c.id == sa.bindparam("name"), decisions.c.tenant == _tenant)
DECISIONS = (
    select(decisions)
    .where(decisions.c.tenant == _tenant, decisions.c.learner == _learner)
    .order_by(decisions.c.seq.desc(), decisions.c.at.desc())
    .limit(sa.bindparam("most"))
)
LEARNERS = (
    select(events.c.tenant, events.c.learner).where(events.c.seq == 0).order_by(events.c.tenant, events.c.learner)
)
ADD = sa.insert(events)
DURABLE = (
    "journal_mode=WAL",
    "synchronous=FULL",  # a commit returns when the log is on the disk
    "busy_timeout=10000",  # milliseconds that one writer waits for another
    "secure_delete=ON",  # what is deleted is overwritten
    "cache_size=-65536",  # 64 MiB of pages held: the default of 2 is read over and over
    "wal_autocheckpoint=0",  # nobody who waits for an answer pays for it: tidy
)  #: of SQLite


class Store:
    """One database. Safe to share between threads; a connection is not.

    Raises:
        Refused: a database of another version.
    """

    def __init__(self, url: str):
        self.url, self.dialect = url, "sqlite" if url.startswith("sqlite") else "postgresql"
        self.engine = sa.create_engine(url, pool_pre_ping=self.dialect != "sqlite")
        if self.dialect == "sqlite":
            sa.event.listen(self.engine, "connect", _durable)
            sa.event.listen(self.engine, "begin", _begin)
        self._looking = self.engine.execution_options(looking=True)
        insert: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[self.dialect]
        self._last = sa.text(LAST.format(LISTED[self.dialect]))
        self._since = sa.text(SINCE.format(PAIRS[self.dialect]))
        self._decided = insert(decisions).on_conflict_do_nothing()  # asked for twice it is the same decision
        self._known = insert(meta).on_conflict_do_nothing()
        put = insert(records)
        self._put = put.on_conflict_do_update(
            index_elements=[records.c.tenant, records.c.learner, records.c.layout],
            set_={"seq": put.excluded.seq, "body": put.excluded.body},
            where=records.c.seq <= put.excluded.seq,
        )
        self.secret = self._made()

    def _made(self) -> bytes:
        """Tables, if they are not there yet.   -> the secret of this store, from which ids are made"""
        first = {"schema": schema.SCHEMA_VERSION, "secret": secrets.token_hex(32)}
        try:
            schema.tables.create_all(self.engine)
        except (OperationalError, sa.exc.ProgrammingError, IntegrityError):
            schema.tables.create_all(self.engine)  # two workers at once; the second finds what the first made
        with self.transaction() as t:
            rows = [{"name": name, "value": value} for name, value in first.items()]
            t.execute(self._known, rows)
            found = {row.name: row.value for row in t.execute(select(meta))}
        if found["schema"] != schema.SCHEMA_VERSION:
            raise Refused("database schema", found["schema"], f"{schema.SCHEMA_VERSION}, of this service")
        return bytes.fromhex(found["secret"])

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All of it or nothing; on the disk when the block is left. SQLite has one such block at a time."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One view of the store, for reading; waits for nobody."""
        with self._looking.begin() as connection:
            yield connection

    def hold(self, t: Connection, tenant: str, learners: Sequence[str]) -> None:
        """Keep other workers from these learners until the transaction ends. SQLite holds the whole file anyway."""
        if self.dialect == "postgresql":
            t.execute(HELD, {"tenant": tenant, "listed": json.dumps(sorted(learners))}).all()

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()

    # --- reading ------------------------------------------------------------------------------------------------

    def last(self, t: Connection, tenant: str, learners: Sequence[str]) -> dict[str, tuple[int, str]]:
        """Seq and key of each learner's last event; -1 and "" where there is none."""
        rows = t.execute(self._last, {"tenant": tenant, "listed": json.dumps(learners)})
        found = {learner: (last or "-1/").partition("/") for learner, last in rows}
        return {learner: (int(seq), key) for learner, (seq, _, key) in found.items()}

    def events(self, t: Connection, tenant: str, learner: str, after: int = -1) -> Sequence[Row[Any]]:
        """A learner's events in their order."""
        return t.execute(EVENTS, {"tenant": tenant, "learner": learner, "after": after}).all()

    def by_key(self, t: Connection, tenant: str, keys: Sequence[str]) -> dict[str, Row[Any]]:
        """Events that were already taken under these keys."""
        if not keys:
            return {}
        return {row.key: row for row in t.execute(BY_KEY, {"tenant": tenant, "keys": list(keys)})}

    def events_since(self, t: Connection, tenant: str, floors: Mapping[str, int]) -> Sequence[Row[Any]]:
        """Events of many learners, each one's in their order, after the seq that is given for each."""
        return t.execute(self._since, {"tenant": tenant, "listed": json.dumps(list(floors.items()))}).all()

    def records(self, t: Connection, tenant: str, learners: Sequence[str], layout: str) -> Sequence[Row[Any]]:
        """The records of many learners as last written."""
        return t.execute(RECORDS, {"tenant": tenant, "learners": list(learners), "layout": layout}).all()

    def decision(self, t: Connection, tenant: str, name: str) -> Row[Any] | None:
        """A decision of this tenant."""
        return t.execute(DECISION, {"tenant": tenant, "name": name}).one_or_none()

    def decisions(self, t: Connection, tenant: str, learner: str, most: int = 1) -> Sequence[Row[Any]]:
        """A learner's latest decisions, the last first."""
        return t.execute(DECISIONS, {"tenant": tenant, "learner": learner, "most": most}).all()

    def learners(self, t: Connection) -> Iterator[tuple[str, str]]:
        """Every (tenant, learner), in order."""
        for row in t.execute(LEARNERS):
            yield row.tenant, row.learner

    def erased(self) -> int:
        """How many learners were erased, ever."""
        with self.reading() as t:
            found = t.execute(select(meta.c.value).where(meta.c.name == ERASED)).scalar_one_or_none()
        return int(found or 0)

    # --- writing ------------------------------------------------------------------------------------------------

    def write(
        self,
        t: Connection,
        *,
        events: Sequence[dict[str, Any]] = (),
        decisions: Sequence[dict[str, Any]] = (),
        records: Sequence[dict[str, Any]] = (),
    ) -> None:
        """Append events and decisions; put records in the place of older ones.

        Raises:
            Conflict: an event's seq or key is taken.
        """
        for statement, rows in ((ADD, events), (self._decided, decisions), (self._put, records)):
            if rows:
                t.execute(statement, list(rows))

    def tidy(self) -> None:
        """SQLite: bring the write-ahead log into the file, beside whoever writes and in nobody's way."""
        if self.dialect == "sqlite":
            with closing(self.engine.raw_connection()) as connection:  # outside of any transaction
                connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def reachable(self) -> bool:
        """Does the database answer?"""
        try:
            with self.reading() as t:
                return bool(t.execute(sa.text("SELECT 1")).scalar_one())
        except sa.exc.SQLAlchemyError:
            return False


def _durable(connection: Any, _: object) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; _begin does
    for setting in DURABLE:
        connection.execute(f"PRAGMA {setting}").fetchall()


def _begin(connection: Connection) -> None:
    looking = connection.get_execution_options().get("looking")
    connection.exec_driver_sql("BEGIN" if looking else "BEGIN IMMEDIATE")


def now() -> float:
    """Seconds since 1970."""
    return time.time()
