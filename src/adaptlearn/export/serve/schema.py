"""The tables. ``events`` is the truth about learners; ``records`` can be thrown away at any time.

Times are seconds since 1970. ``seq`` counts a learner's events from 0; its place in the primary key is what makes two
workers agree on an order.
"""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, MetaData, Table, Text, UniqueConstraint

SCHEMA_VERSION = "1"

tables = MetaData()

meta = Table("meta", tables, Column("name", Text, primary_key=True), Column("value", Text, nullable=False))

events = Table(
    "events", tables,
    Column("learner", Text, primary_key=True),  # before the tenant: SQLite would else look keys up by tenant alone
    Column("tenant", Text, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False),  # idempotency key, e.g. the id of an xAPI statement
    Column("kind", Text, nullable=False),  # profile | observed | opted | ... (standing.FOLDS)
    Column("at", Float, nullable=False),  # when it arrived
    Column("decision", Text),  # which decision it answers, if one is known
    Column("body", Text, nullable=False),  # JSON
    Column("sent", Text, nullable=False),  # digest of what was sent: the same again, or another under the same key?
    UniqueConstraint("tenant", "key", name="one_event_per_key"),
)  # fmt: skip

decisions = Table(
    "decisions", tables,
    Column("id", Text, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("learner", Text, nullable=False),
    Column("seq", Integer, nullable=False),  # events of the learner before it
    Column("at", Float, nullable=False),
    Column("bundle", Text, nullable=False),  # digest
    Column("alias", Text, nullable=False),  # champion | canary
    Column("body", Text, nullable=False),  # JSON: day, step, k, seed, offered, propensity, fallback
    Column("shadow", Text),  # JSON: bundle and offered of the shadow, if one was there
    Index("decisions_of_a_learner", "tenant", "learner", "seq"),
    Index("decisions_by_time", "at"),
)  # fmt: skip

records = Table(
    "records", tables,
    Column("learner", Text, primary_key=True),
    Column("tenant", Text, primary_key=True),
    Column("layout", Text, primary_key=True),
    Column("seq", Integer, nullable=False),  # of the last event in it
    Column("body", Text, nullable=False),  # JSON, as standing.Standing writes it
)  # fmt: skip

bundles = Table(
    "bundles", tables,
    Column("digest", Text, primary_key=True),  # SHA-256 of its SHA256SUMS
    Column("policy", Text, nullable=False),
    Column("layout", Text, nullable=False),
    Column("added", Float, nullable=False),
    Column("files", LargeBinary, nullable=False),  # a zip: workers need no shared disk
)  # fmt: skip

aliases = Table(
    "aliases", tables,  # the history; the last row of an alias is what it is now
    Column("n", Integer().with_variant(BigInteger, "postgresql"), primary_key=True, autoincrement=True),
    Column("alias", Text, nullable=False),  # champion | shadow | canary | pause
    Column("bundle", Text),  # digest; NULL: nobody wears it
    Column("share", Float),  # of the canary
    Column("note", Text, nullable=False),
    Column("at", Float, nullable=False),
)  # fmt: skip

keys = Table(
    "keys", tables,
    Column("id", Text, primary_key=True),
    Column("hash", Text, nullable=False),  # SHA-256 of 256 random bits
    Column("tenant", Text, nullable=False),
    Column("scopes", Text, nullable=False),  # separated by spaces
    Column("note", Text, nullable=False),
    Column("made", Float, nullable=False),
    Column("revoked", Float),
)  # fmt: skip

links = Table(
    "links", tables,
    Column("hash", Text, primary_key=True),  # SHA-256 of 256 random bits
    Column("tenant", Text, nullable=False),
    Column("learner", Text, nullable=False),
    Column("until", Float, nullable=False),
)  # fmt: skip
