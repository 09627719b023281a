"""``serve learner page|link|export|erase``: what one learner may see and have, and that they may go."""

import os
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .bundled import Refused, seal
from .verbs import Answer, required

if TYPE_CHECKING:
    from .store import Store

WORDS = ("action", "learner")  #: bare words of the command line, in this order


@dataclass
class Config:
    """Keys of this verb."""

    action: str = "page"  # page | link | export | erase
    learner: str | None = None  # as the platform calls them
    tenant: str | None = None  # null: the only one there is
    database: str | None = None  # sqlite:///FILE or postgresql+psycopg://...; null: ADAPTLEARN_DATABASE, or a file
    to: str | None = None  # page, export: a file; null: print it
    days: float = 30.0  # link: until it ends
    idle_days: float | None = None  # erase: instead of one learner, all of whom nothing was heard for so long
    format: str = "table"  # table | json
    debug: bool = False  # true: show where an error came from


def run(config: Config) -> Answer:
    """Do it, and say what was done.

    Raises:
        Refused: no such action, store or learner.
    """
    required()
    from .looking import opened, tenant_of

    if config.action not in DOES:
        near = seal.nearest(config.action, list(DOES))
        raise Refused("learner action", config.action, f"one of {', '.join(DOES)}", f"serve learner {near} u-1041")
    with closing(opened(config.database)) as store:
        if config.idle_days is not None:
            return _idle(config, store)
        if config.learner is None:
            raise Refused("learner", "none", "a name, as the platform says it", f"serve learner {config.action} u-1041")
        return DOES[config.action](config, store, tenant_of(store, config.tenant), config.learner)


def _page(config: Config, store: "Store", tenant: str, learner: str) -> Answer:
    from .explaining import looked_up
    from .looking import fleet_of
    from .page import Standing, learner_page

    seen = looked_up(store, fleet_of(store), tenant, learner)
    beside = Standing(seen.standing.opted_out, seen.said, forms=False)
    return _out(config, learner_page(seen.served.runtime, seen.advice, beside))


def _export(config: Config, store: "Store", tenant: str, learner: str) -> Answer:
    from .explaining import file_of
    from .looking import fleet_of

    return _out(config, file_of(store, fleet_of(store), tenant, learner))


def _link(config: Config, store: "Store", tenant: str, learner: str) -> Answer:
    from . import links
    from .standing import moment

    secret, until = links.make(store, tenant, learner, config.days)
    return Answer([{"path": f"/me/{secret}/", "until": moment(until)}],
                  ["below the address of the service, for this learner alone; it cannot be shown again"])  # fmt: skip


def _erase(config: Config, store: "Store", tenant: str, learner: str) -> Answer:
    from .leaving import erase

    return Answer(notes=[f"{erase(store, tenant, learner)} rows erased; nothing of this learner is left in the store"])


def _idle(config: Config, store: "Store") -> Answer:
    """Erase everybody of whom nothing was heard for so long."""
    from .leaving import erase, idle, scrubbed

    if config.action != "erase" or not config.idle_days or config.idle_days <= 0.0:
        raise Refused("idle_days", f"{config.idle_days} with {config.action}", "days above 0, with erase",
                      "serve learner erase idle_days=365")  # fmt: skip
    with store.reading() as t:
        gone = idle(t, time.time() - 86_400.0 * config.idle_days)
    for tenant, learner in gone:
        erase(store, tenant, learner, scrub=False)
    if gone:
        scrubbed(store)
    return Answer(notes=[f"{len(gone):,} learners erased, of whom nothing was heard for {config.idle_days:g} days"])


def _out(config: Config, text: str) -> Answer:
    if config.to is None:
        print(text, end="")
        return Answer()
    draft = Path(f"{config.to}.part")  # beside its place, and moved there whole
    try:
        draft.write_text(text, "utf-8")
        os.replace(draft, config.to)
    finally:
        draft.unlink(missing_ok=True)
    return Answer(notes=[f"written: {config.to}"])


DOES = {"page": _page, "link": _link, "export": _export, "erase": _erase}
