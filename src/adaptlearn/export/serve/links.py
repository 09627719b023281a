"""A learner's own link: whoever holds it sees one learner's page and may put it right, until it ends or is taken back.

A link is 256 random bits, so it says nothing about whom it is for; the store keeps a hash of it, and lets go of it with
the learner.
"""

import secrets
from hashlib import sha256
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import select

from . import schema
from .bundled import Refused, contract
from .standing import DAY
from .store import Store, now

DAYS = 30.0  #: a link works, unless asked otherwise
MOST_DAYS = 400.0


class Held(NamedTuple):
    """Whom a link is for."""

    tenant: str
    learner: str
    until: float  # seconds since 1970


def make(store: Store, tenant: str, learner: str, days: float = DAYS) -> tuple[str, float]:
    """A new link for a learner whom the store knows.   -> its secret part, when it ends

    Raises:
        Refused: nobody of that name, or days out of bounds.
    """
    until = now() + DAY * contract.number("days", days, 0.01, MOST_DAYS, "30")
    secret = secrets.token_urlsafe(32)
    row = {"hash": _hash(secret), "tenant": tenant, "learner": learner, "until": until}
    with store.transaction() as t:
        if store.last(t, tenant, [learner])[learner][0] < 0:
            raise Refused("learner", learner, "a learner with a profile")
        t.execute(sa.delete(schema.links).where(schema.links.c.until < now()))
        t.execute(sa.insert(schema.links), [row])
    return secret, until


def holder(store: Store, secret: str) -> Held | None:
    """Whom a link is for; None: it ended, or it never was one."""
    found = select(schema.links).where(schema.links.c.hash == _hash(secret), schema.links.c.until > now())
    with store.reading() as t:
        row = t.execute(found).one_or_none()
    return None if row is None else Held(row.tenant, row.learner, row.until)


def _hash(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


__all__ = ["DAYS", "MOST_DAYS", "Held", "holder", "make"]
