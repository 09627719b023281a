"""``adaptlearn serve learner page|link|export|erase``: what one learner may see and have, and that they may go."""

import time
from dataclasses import dataclass
from difflib import get_close_matches

from adaptlearn.lab.duty import DATABASE, fleet_of, opened, tenant_of
from adaptlearn.lab.tables import progress

WORDS = ("action", "learner")  #: bare words of the command line, in this order
ACTIONS = ("page", "link", "export", "erase")


@dataclass
class Config:
    """Keys of this verb."""

    action: str = "page"  # page | link | export | erase
    learner: str | None = None  # as the platform calls them
    tenant: str | None = None  # null: the only one there is
    database: str = DATABASE  # sqlite:/// and a file, or postgresql+psycopg://user:password@host/name
    to: str | None = None  # page, export: a file; null: print it
    days: float = 30.0  # link: until it ends
    idle_days: float | None = None  # erase: instead of one learner, all of whom nothing was heard for so long
    format: str = "table"  # table | json
    debug: bool = False  # true: show where an error came from


def run(config: Config) -> None:
    """Do it, and say what was done.

    Raises:
        ValueError: no such action or learner.
    """
    if config.action not in ACTIONS:
        near = get_close_matches(config.action, ACTIONS, 1) or ["page"]
        raise ValueError(f"learner {config.action}; needed one of {', '.join(ACTIONS)}, e.g. serve learner {near[0]} u-1041")
    store = opened(config.database)
    if config.idle_days is not None:
        return _idle(config, store)
    if config.learner is None:
        raise ValueError(f"no learner; needed a name, e.g. adaptlearn serve learner {config.action} u-1041")
    tenant = tenant_of(store, config.tenant)
    DOES[config.action](config, store, tenant, config.learner)


def _page(config: Config, store: object, tenant: str, learner: str) -> None:
    from adaptlearn.export.serve.explaining import seen_in
    from adaptlearn.export.serve.page import learner_page

    _out(config, learner_page(*seen_in(store, fleet_of(store), tenant, learner)))


def _export(config: Config, store: object, tenant: str, learner: str) -> None:
    from adaptlearn.export.serve.explaining import file_of

    _out(config, file_of(store, fleet_of(store), tenant, learner))


def _link(config: Config, store: object, tenant: str, learner: str) -> None:
    from adaptlearn.export.serve import links
    from adaptlearn.export.serve.standing import moment

    secret, until = links.make(store, tenant, learner, config.days)
    print(f"/me/{secret}/ below the address of the service, until {moment(until)}; for this learner alone")


def _erase(config: Config, store: object, tenant: str, learner: str) -> None:
    from adaptlearn.export.serve.leaving import erase

    with progress("writing the store anew", config.format == "json"):
        gone = erase(store, tenant, learner)
    print(f"erased: {gone} rows; nothing of this learner is left in the store")


def _idle(config: Config, store: object) -> None:
    """Erase everybody of whom nothing was heard for so long."""
    from adaptlearn.export.serve.leaving import erase, idle, scrubbed

    if config.action != "erase" or not config.idle_days or config.idle_days <= 0:
        raise ValueError(f"idle_days={config.idle_days} with {config.action}; needed days above 0 with erase, "
                         "e.g. serve learner erase idle_days=365")  # fmt: skip
    with store.reading() as t:
        gone = idle(t, time.time() - 86_400.0 * config.idle_days)
    with progress(f"erasing {len(gone):,} learners", config.format == "json"):
        for tenant, learner in gone:
            erase(store, tenant, learner, scrub=False)
        if gone:
            scrubbed(store)
    print(f"erased: {len(gone):,} learners of whom nothing was heard for {config.idle_days:g} days")


def _out(config: Config, text: str) -> None:
    from adaptlearn.core.keep import keep

    if config.to is None:
        print(text, end="")
    else:
        print(f"written: {keep(config.to, text)}")


DOES = {"page": _page, "link": _link, "export": _export, "erase": _erase}
