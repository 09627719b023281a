"""API keys: who asks, for which tenant, and what they may do. Only a hash of a key is kept.

A key is ``al_<id>_<secret>`` with 256 random bits of secret, so that one SHA-256 is as good as any slower hash: there
is nothing to guess. Sent as ``Authorization: Bearer <key>``, or as Basic with the id as name and the secret as
password, which is what learning record stores can do.
"""

import base64
import hmac
import secrets
import time
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy import select

from .bundled import Refused, seal
from .schema import keys
from .store import Store, now

SCOPES = {
    "recommend": "ask what to offer a learner next",
    "observe": "tell what became of it, as event or xAPI statement",
    "read": "look at a learner: what is believed and why; replay and export",
    "correct": "correct a belief, opt a learner out or in",
    "erase": "erase a learner",
    "metrics": "read /metrics",
    "admin": "change which policy decides",
}  #: what a key may be for
TRUSTED_SECONDS = 5.0  #: how long a revoked key may go on being taken


@dataclass(frozen=True)
class Caller:
    """Whoever holds a key."""

    key: str  # id
    tenant: str
    scopes: frozenset[str]


class Keys:
    """The keys of one store."""

    def __init__(self, store: Store):
        self.store, self._trusted = store, dict[str, tuple[float, Caller]]()

    def make(self, tenant: str, scopes: tuple[str, ...], note: str = "") -> str:
        """A new key. It is shown once and cannot be had again.

        Raises:
            Refused: a scope nobody knows, no scope, no tenant.
        """
        for scope in scopes:
            if scope not in SCOPES:
                raise Refused("scopes", scope, f"some of {', '.join(SCOPES)}", seal.nearest(scope, SCOPES))
        if not scopes or not tenant or any(c.isspace() for c in tenant):
            raise Refused("scopes" if not scopes else "tenant", repr(scopes if not scopes else tenant),
                          "at least one scope, and a tenant without spaces", "tenant=acme")  # fmt: skip
        name, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        row = {"id": name, "hash": _hash(secret), "tenant": tenant, "scopes": " ".join(scopes), "note": note,
               "made": now(), "revoked": None}  # fmt: skip
        with self.store.transaction() as t:
            t.execute(sa.insert(keys), [row])
        return f"al_{name}_{secret}"

    def revoke(self, name: str) -> None:
        """Take a key back; within ``TRUSTED_SECONDS`` no worker takes it.

        Raises:
            Refused: no such key.
        """
        with self.store.transaction() as t:
            done = t.execute(sa.update(keys).where(keys.c.id == name).values(revoked=now()))
        if done.rowcount != 1:
            raise Refused("key", name, "the id of a key, as listed")

    def listed(self) -> list[dict[str, Any]]:
        """Every key, without its hash."""
        wanted = [column for column in keys.c if column.name != "hash"]
        with self.store.reading() as t:
            return [dict(row._mapping) for row in t.execute(select(*wanted).order_by(keys.c.made))]

    def caller(self, authorization: str) -> Caller | None:
        """Who sent this header, or nobody."""
        name, secret = _parts(authorization)
        if not secret:
            return None
        hashed = _hash(secret)
        until, known = self._trusted.get(hashed, (0.0, None))
        if known is not None and known.key == name and time.monotonic() < until:
            return known
        with self.store.reading() as t:
            row = t.execute(select(keys).where(keys.c.id == name, keys.c.revoked.is_(None))).one_or_none()
        if row is None or not hmac.compare_digest(row.hash, hashed):
            self._trusted.pop(hashed, None)
            return None
        caller = Caller(row.id, row.tenant, frozenset(row.scopes.split()))
        self._trusted[hashed] = time.monotonic() + TRUSTED_SECONDS, caller
        return caller


def _hash(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _parts(authorization: str) -> tuple[str, str]:
    """Id and secret in a header; empty where it is none of ours."""
    scheme, _, told = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(told.strip(), validate=True).decode().partition(":")
        except ValueError:
            return "", ""
        return name.removeprefix("al_"), secret
    mark, _, rest = told.strip().partition("_")
    name, _, secret = rest.partition("_")
    return (name, secret) if scheme.lower() == "bearer" and mark == "al" else ("", "")
