"""What is done with a service from the command line, inside adaptlearn and with the small wheel alike.

Each action takes the configuration and gives rows to show and notes below them.
"""

import os
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .bundled import Refused, seal

if TYPE_CHECKING:
    from .policies import Policies, Served
    from .settings import Settings
    from .store import Store

WORDS = ("action", "bundle")  #: bare words of the command line, in this order
DATABASE = "ADAPTLEARN_DATABASE"  #: a URL with a password does not belong on a command line
NEEDS = "pip install 'adaptlearn[serve]'"
SHORT = 12  #: characters of a digest that people read


@dataclass
class Config:
    """Keys of this verb."""

    action: str = "start"  # start, promote, shadow, canary, rollback, pause, ...; a wrong word lists them all
    bundle: str | None = None  # folder written by `adaptlearn export`, or the digest of one in the store
    database: str | None = None  # sqlite:///FILE or postgresql+psycopg://...; null: ADAPTLEARN_DATABASE, or a file
    host: str = "127.0.0.1"  # start: its address; 0.0.0.0 behind a proxy that speaks TLS
    port: int = 8080  # start: where it listens
    workers: int = 1  # start: processes; more than one is for PostgreSQL
    seed: int = 0  # start: of the luck with which policies that draw decide
    share: float = 0.1  # canary: of learners, always the same ones
    contact: str = ""  # start: whom learners ask to be erased, as their page says; empty: whoever gave them the link
    note: str = ""  # promote, pause and others: why, for the history
    tenant: str = "default"  # key: whose it is
    scopes: str = "recommend,observe"  # key: recommend,observe,read,correct,erase,metrics,admin
    id: str | None = None  # revoke: of a key, as `keys` lists it
    format: str = "table"  # table | json
    debug: bool = False  # true: show where an error came from


@dataclass(frozen=True)
class Answer:
    """Rows to show, and what to say below them."""

    rows: list[dict[str, object]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    code: int = 0  # exit status
    more: dict[str, Any] | None = None  # what JSON has to carry beside the rows


def run(config: Config) -> Answer:
    """Do one of them.

    Raises:
        Refused: another word, or what the action refuses.
    """
    if config.action not in ACTIONS:
        near = seal.nearest(config.action, list(ACTIONS))
        raise Refused("serve action", config.action, f"one of {', '.join(ACTIONS)}", f"serve {near}")
    required()
    return ACTIONS[config.action](config)


def required() -> None:
    """See to it that what the service needs is there.

    Raises:
        Refused: it is not.
    """
    try:
        import fastapi  # noqa: F401
        import prometheus_client  # noqa: F401
        import sqlalchemy  # noqa: F401
        import uvicorn  # noqa: F401
    except ModuleNotFoundError as missing:
        raise Refused("serve", f"no {missing.name}", "the extra [serve]", NEEDS) from missing


def settings_of(config: Config) -> "Settings":
    """What the service is told."""
    from .settings import Settings

    database = config.database or os.environ.get(DATABASE) or Settings.database
    return Settings(database=database, seed=config.seed, contact=config.contact)


def store_of(config: Config) -> "Store":
    """The store that is meant.

    Raises:
        Refused: it cannot be opened.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from .store import Store

    url = settings_of(config).database
    try:
        return Store(url)
    except SQLAlchemyError as trouble:
        found = str(getattr(trouble, "orig", trouble)).splitlines()[0][:120]
        raise Refused(
            "database", found, "a database that can be opened and written", "sqlite:///learners.db"
        ) from trouble


# --- actions --------------------------------------------------------------------------------------------------------


def _start(config: Config) -> Answer:
    from .policies import Policies
    from .running import run as serve

    with closing(store_of(config)) as store:
        policies = Policies(store, config.seed)
        note = _first(policies, config.bundle)
        fleet = policies.fleet()
    if config.workers > 1 and store.dialect == "sqlite":
        note += "\none SQLite file takes one writer at a time: more workers are for PostgreSQL"
    print(f"{fleet.champion.runtime.policy} ({fleet.champion.digest[:SHORT]}) answers on "
          f"http://{config.host}:{config.port}, described at /docs; Ctrl-C ends it{note}", file=sys.stderr)  # fmt: skip
    serve(settings_of(config), config.host, config.port, config.workers)
    return Answer()


def _first(policies: "Policies", bundle: str | None) -> str:
    """See to it that there is a champion. A bundle that the store has met before does not take its place again:
    after a rollback, a restart with the old words must not undo it.   -> what to say of it
    """
    if bundle is None:
        return ""
    known = {row["digest"] for row in policies.listed()}
    served = _meant(policies, bundle)
    worn = policies.history("champion")
    if not worn or served.digest not in known:
        _prepared(policies, served)
        policies.set("champion", served.digest, note="at start")
    elif worn[-1]["bundle"] != served.digest:
        return f"\n{bundle} was on duty before and is not now; `serve promote {bundle}` to put it there again"
    return ""


def _meant(policies: "Policies", bundle: str | None) -> "Served":
    """A bundle by folder or by digest.

    Raises:
        Refused: neither.
    """
    if bundle is None:
        raise Refused(
            "bundle", "none", "a bundle's folder, or a digest of `serve history`", "agents/mastery-onboarding/bundle"
        )
    if Path(bundle).is_dir():
        return policies.add(bundle)
    found = [row["digest"] for row in policies.listed() if row["digest"].startswith(bundle)]
    if len(found) != 1 or len(bundle) < 6:
        raise Refused(
            "bundle", bundle, "a bundle's folder, or a digest of `serve history`", "agents/mastery-onboarding/bundle"
        )
    return policies.open(found[0])


def _prepared(policies: "Policies", served: "Served") -> int:
    """Everybody's record under this bundle's layout, before it goes on duty."""
    from .rebuild import prepare

    with policies.store.reading() as t:
        people = sum(1 for _ in policies.store.learners(t))
    return prepare(policies.store, served, policies.words(), progress=_told("records", people))


def _told(what: str, people: int) -> Callable[[int], None]:
    """Progress on standard error, where somebody looks at it."""

    def tell(done: int) -> None:
        if sys.stderr.isatty() and people:
            end = "\n" if done >= people else ""
            print(f"\r{what}: {done:,} of {people:,} learners", end=end, file=sys.stderr, flush=True)

    return tell


def _worn(alias: str) -> Callable[[Config], Answer]:
    """promote, shadow, canary: a bundle under an alias, once it is checked and everybody's record is ready."""

    def wear(config: Config) -> Answer:
        from .policies import Policies

        with closing(store_of(config)) as store:
            policies = Policies(store, config.seed)
            if alias != "champion" and config.bundle == "none":
                policies.set(alias, None, note=config.note)
                return Answer(notes=[f"nobody is the {alias} any more"])
            os.nice(10)  # what is on duty comes first
            served = _meant(policies, config.bundle)
            people = _prepared(policies, served)
            policies.set(alias, served.digest, share=config.share if alias == "canary" else None, note=config.note)
        for_whom = f" for {100 * config.share:g} % of learners" if alias == "canary" else ""
        return Answer(notes=[f"{served.runtime.policy} ({served.digest[:SHORT]}) is the {alias}{for_whom}; "
                             f"{people:,} records stand under its layout {served.layout}"])  # fmt: skip

    return wear


def _rollback(config: Config) -> Answer:
    from .policies import Policies

    with closing(store_of(config)) as store:
        digest = Policies(store).rollback()
    return Answer(notes=[f"{digest[:SHORT]} is the champion again, nobody canary or shadow; workers see it at once"])


def _pause(config: Config) -> Answer:
    from .policies import Policies

    with closing(store_of(config)) as store:
        Policies(store).pause(config.note)
    return Answer(notes=["the author's syllabus decides for everybody; `serve resume` ends it"])


def _resume(config: Config) -> Answer:
    from .policies import Policies

    with closing(store_of(config)) as store:
        Policies(store).resume()
    return Answer(notes=["the policies decide again"])


def _history(config: Config) -> Answer:
    from .policies import Policies
    from .standing import moment

    with closing(store_of(config)) as store:
        policies = Policies(store)
        names = {row["digest"]: row["policy"] for row in policies.listed()}
        rows: list[dict[str, object]] = [
            {"when": moment(row["at"]), "alias": row["alias"], "bundle": (row["bundle"] or "")[:SHORT],
             "policy": names.get(row["bundle"], ""), "share": "" if row["share"] is None else row["share"],
             "note": row["note"]}
            for row in policies.history()
        ]  # fmt: skip
    return Answer(rows, [] if rows else ["nothing is on duty yet: serve bundle=FOLDER"])


def _agreement(config: Config) -> Answer:
    from .agreement import agreement

    with closing(store_of(config)) as store:
        rows = agreement(store)
    return Answer(rows, [] if rows else ["no decision had a shadow yet: serve shadow FOLDER"])


def _rebuild(config: Config) -> Answer:
    from .policies import Policies
    from .rebuild import rebuild

    with closing(store_of(config)) as store:
        fleet = Policies(store, config.seed).fleet()
        with store.reading() as t:
            people = sum(1 for _ in store.learners(t))
        worn = [one for one in (fleet.champion, fleet.canary, fleet.shadow) if one is not None]
        done = rebuild(store, worn, fleet.words, _told("records", people))
    return Answer(notes=[f"{done:,} records made again from events"])


def _key(config: Config) -> Answer:
    from .keys import Keys

    with closing(store_of(config)) as store:
        made = Keys(store).make(config.tenant, tuple(filter(None, config.scopes.split(","))), config.note)
    note = f"for {config.tenant}, to {config.scopes}; shown once, kept as a hash: put it where secrets are kept"
    return Answer([{"key": made}], [note])


def _keys(config: Config) -> Answer:
    from .keys import Keys
    from .standing import moment

    with closing(store_of(config)) as store:
        rows: list[dict[str, object]] = [
            row | {"made": moment(row["made"]), "revoked": moment(row["revoked"]) if row["revoked"] else ""}
            for row in Keys(store).listed()
        ]
    return Answer(rows, [] if rows else ["no key yet: serve key tenant=acme"])


def _revoke(config: Config) -> Answer:
    from .keys import TRUSTED_SECONDS, Keys

    with closing(store_of(config)) as store:
        Keys(store).revoke(config.id or "")
    return Answer(notes=[f"{config.id} opens nothing any more, in {TRUSTED_SECONDS:.0f} s at the latest"])


ACTIONS: dict[str, Callable[[Config], Answer]] = {
    "start": _start, "promote": _worn("champion"), "shadow": _worn("shadow"), "canary": _worn("canary"),
    "rollback": _rollback, "pause": _pause, "resume": _resume, "history": _history, "agreement": _agreement,
    "rebuild": _rebuild, "key": _key, "keys": _keys, "revoke": _revoke,
}  # fmt: skip


def shown(value: Any) -> str:
    """A cell as text."""
    return f"{value:g}" if isinstance(value, float) else str(value)
