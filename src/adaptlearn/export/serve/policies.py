"""Which bundle decides for whom: aliases that change while the service runs, with their history.

``champion`` decides; ``canary`` decides for a share of the learners, always the same ones; ``shadow`` is asked as well
and never heard; ``pause`` is the kill switch: the author's syllabus decides for everybody. An alias is moved by
appending a row; what was before is still there, so that to go back is one command. Bundles lie in the store itself:
every worker finds every one of them, and a rollback needs no file that someone may have tidied away.
"""

import io
import json
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from .bundled import Refused, Runtime, seal
from .schema import aliases, bundles
from .standing import layout_of
from .store import Store, now
from .words import Words

ALIASES = ("champion", "shadow", "canary", "pause")


@dataclass(frozen=True)
class Served:
    """A bundle that is ready to decide."""

    digest: str
    runtime: Runtime
    layout: str


@dataclass(frozen=True)
class Fleet:
    """Who decides now. A change is another fleet, put in this one's place between two batches."""

    champion: Served
    shadow: Served | None = None
    canary: Served | None = None
    share: float = 0.0  # of learners whom the canary decides for
    paused: str = ""  # why the syllabus decides for everybody, "" if it does not
    version: int = 0  # number of the last row of aliases in it
    known: Mapping[str, Served] = field(default_factory=dict)  # by digest: everything opened so far
    words: Words = field(default_factory=Words)

    def decider(self, tenant: str, learner: str) -> tuple[str, Served]:
        """Alias and bundle that decide for a learner."""
        if self.canary is not None and drawn(self.canary.digest, tenant, learner) < self.share:
            return "canary", self.canary
        return "champion", self.champion


def drawn(digest: str, tenant: str, learner: str) -> float:
    """Where a learner stands between 0 and 1 in the draw for one canary; the same at every call."""
    text = json.dumps([digest, tenant, learner]).encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest()) / 2.0**64


class Policies:
    """Bundles and aliases of one store."""

    def __init__(self, store: Store, seed: int = 0):
        self.store, self.seed = store, seed

    # --- bundles ------------------------------------------------------------------------------------------------

    def add(self, folder: str | Path) -> Served:
        """Take a bundle into the store, once it has passed every check.

        Raises:
            Refused: not a bundle, changed, or no longer deciding as it did.
        """
        files = seal.read_folder(folder)
        served = _served(_digest(files), Runtime.load(folder, seed=self.seed))
        row = {"digest": served.digest, "policy": served.runtime.policy, "layout": served.layout, "added": now(),
               "files": _packed(files)}  # fmt: skip
        with self.store.transaction() as t:
            if t.execute(select(bundles.c.digest).where(bundles.c.digest == served.digest)).first() is None:
                t.execute(sa.insert(bundles), [row])
        return served

    def open(self, digest: str, *, check: bool = False) -> Served:
        """A bundle of the store, ready to decide.

        Raises:
            Refused: no such bundle.
        """
        with self.store.reading() as t:
            row = t.execute(select(bundles.c.files).where(bundles.c.digest == digest)).one_or_none()
        if row is None:
            raise Refused("bundle", digest, "a digest from `history`, or a bundle's folder")
        with tempfile.TemporaryDirectory(prefix="adaptlearn-bundle-") as place:
            with zipfile.ZipFile(io.BytesIO(row.files)) as packed:
                for name in packed.namelist():
                    (Path(place) / Path(name).name).write_bytes(packed.read(name))
            return _served(digest, Runtime.load(place, seed=self.seed, check=check))

    def listed(self) -> list[dict[str, Any]]:
        """Every bundle of the store, the first first."""
        wanted = (bundles.c.digest, bundles.c.policy, bundles.c.layout, bundles.c.added)
        with self.store.reading() as t:
            return [dict(row._mapping) for row in t.execute(select(*wanted).order_by(bundles.c.added))]

    # --- aliases ------------------------------------------------------------------------------------------------

    def set(self, alias: str, digest: str | None, *, share: float | None = None, note: str = "") -> None:
        """Give an alias to a bundle of the store, or to nobody.

        Raises:
            Refused: another alias, a share out of bounds.
        """
        if alias not in ALIASES:
            raise Refused("alias", alias, f"one of {', '.join(ALIASES)}", seal.nearest(alias, ALIASES))
        if share is not None and not 0.0 <= share <= 1.0:
            raise Refused("share", share, "a share of learners from 0 to 1", "0.1")
        row = {"alias": alias, "bundle": digest, "share": share, "note": note, "at": now()}
        with self.store.transaction() as t:
            t.execute(sa.insert(aliases), [row])

    def history(self, alias: str | None = None) -> list[dict[str, Any]]:
        """Rows of the aliases, the first first."""
        wanted = select(aliases).order_by(aliases.c.n)
        with self.store.reading() as t:
            rows = t.execute(wanted if alias is None else wanted.where(aliases.c.alias == alias))
            return [dict(row._mapping) for row in rows]

    def rollback(self) -> str:
        """The champion before this one again; the canary and the shadow are taken off duty.   -> its digest

        Raises:
            Refused: there was none before.
        """
        worn = [row["bundle"] for row in self.history("champion")]
        before = next((digest for digest in reversed(worn) if digest != worn[-1]), None)
        if before is None:
            raise Refused(
                "champion", "no other one before", "a champion before this one; or pause: the syllabus decides"
            )
        for alias in ("canary", "shadow"):
            if (rows := self.history(alias)) and rows[-1]["bundle"]:
                self.set(alias, None, note="rollback")
        self.set("champion", before, note="rollback")
        return str(before)

    # --- the fleet ----------------------------------------------------------------------------------------------

    def version(self, t: Connection) -> int:
        """Number of the last change of an alias."""
        return int(t.execute(select(sa.func.coalesce(sa.func.max(aliases.c.n), 0))).scalar_one())

    def fleet(self, before: Fleet | None = None) -> Fleet:
        """Who decides now. Bundles that an earlier fleet has open are not opened again.

        Raises:
            Refused: no champion yet.
        """
        rows = {row["alias"]: row for row in self.history()}
        if "champion" not in rows:
            raise Refused("champion", "none", "a bundle, e.g. adaptlearn serve bundle=agents/mastery-onboarding/bundle")
        known = dict(before.known) if before else {}
        if before is not None and {row["digest"] for row in self.listed()} == set(known):
            words = before.words  # to gather them again would take milliseconds from whoever waits
        else:
            words = self.words(known)
        worn = {alias: known.get(row["bundle"] or "") for alias, row in rows.items()}
        champion, pause = worn["champion"], rows.get("pause")
        assert champion is not None
        paused = str(pause["note"]) if pause and pause["share"] else ""
        return Fleet(
            champion, worn.get("shadow"), worn.get("canary"), float((rows.get("canary") or {}).get("share") or 0.0),
            paused, max(row["n"] for row in rows.values()), known, words,
        )  # fmt: skip

    def words(self, known: dict[str, Served] | None = None) -> Words:
        """What the bundles of the store have words for. ``known``: those that are open; the others are put there."""
        opened, words = {} if known is None else known, Words()
        for row in self.listed():
            if row["digest"] not in opened:
                opened[row["digest"]] = self.open(row["digest"])
            words = words.with_bundle(opened[row["digest"]].runtime)
        return words

    def pause(self, why: str) -> None:
        """The kill switch: from now on the author's syllabus decides."""
        self.set("pause", None, share=1.0, note=why or "paused by whoever is on duty")

    def resume(self) -> None:
        """The policies decide again."""
        self.set("pause", None, share=0.0, note="")


def _served(digest: str, runtime: Runtime) -> Served:
    return Served(digest, runtime, layout_of(runtime))


def _digest(files: Mapping[str, bytes]) -> str:
    sums = "".join(f"{seal.checksum(files[name])}  {name}\n" for name in sorted(files))
    return seal.checksum(sums.encode())


def _packed(files: Mapping[str, bytes]) -> bytes:
    """A zip with the sums, in which two bundles of the same bytes are the same bytes."""
    held = io.BytesIO()
    sums = "".join(f"{seal.checksum(files[name])}  {name}\n" for name in sorted(files)).encode()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, blob in sorted({**files, seal.SUMS: sums}.items()):
            packed.writestr(zipfile.ZipInfo(name), blob)
    return held.getvalue()


__all__ = ["ALIASES", "Fleet", "Policies", "Served", "drawn"]
